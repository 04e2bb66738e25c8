"""What stays of now while the past is shown, and why nothing is sent from there."""

from __future__ import annotations

from terminal.app.ports import DeskMode, Past

NO_ORDERS = "The past is shown, and its prices cannot be traded: NOW (Alt+Home) goes back."


def looks_back(past: Past | None) -> bool:
    """Whether the past is shown, or is about to be."""
    return past is not None and past.is_past


def now_words(mode: DeskMode) -> str:
    """What stands over a panel that goes on showing this moment: ``NOW · REPLAY · not the past that is shown``."""
    return f"NOW · {mode.word} · not the past that is shown"
