"""Moneyness: an options trading terminal for one trader at one workstation."""

__version__ = "0.1.0"
