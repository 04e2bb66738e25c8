"""Indicators: a catalog, computing them bar by bar, and the trader's own as formulas and files."""
