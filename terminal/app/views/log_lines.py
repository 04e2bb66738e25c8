"""Log records as the panel shows them: filtered by level, text and correlation, newest first."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from terminal.app import ages
from terminal.app.views.table_rows import TableRows
from terminal.infra.logs import LogEntry

LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)
_WORDS = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warn", logging.ERROR: "error"}
_PREFIXES = ("moneyness.", "terminal.")
MOST = 1_000
"""Rows in the table; a filter finds what is older."""


def level_word(level: int) -> str:
    """``debug``, ``info``, ``warn``, ``error``."""
    return _WORDS[max((each for each in LEVELS if each <= level), default=logging.DEBUG)]


def level_tone(level: int) -> str:
    """The colour token of a level."""
    if level >= logging.ERROR:
        return "critical"
    if level >= logging.WARNING:
        return "warn"
    return "text2" if level < logging.INFO else "text1"


def filtered(entries: Sequence[LogEntry], least_level: int, text: str, correlation: str = "") -> list[LogEntry]:
    """The newest :data:`MOST` at or above a level that hold every word of ``text``, newest first.

    ``correlation`` keeps one chain from a key press to its fill.
    """
    words = text.lower().split()
    found: list[LogEntry] = []
    for entry in reversed(entries):
        if entry.level < least_level or (correlation and entry.correlation != correlation):
            continue
        hay = f"{entry.message} {entry.logger} {entry.correlation}".lower() if words else ""
        if all(word in hay for word in words):
            found.append(entry)
            if len(found) == MOST:
                break
    return found


def log_rows(entries: Sequence[LogEntry]) -> TableRows:
    """Rows by sequence number. The time is the machine's own, in New York like every other time on the desk."""
    first_lines = [entry.message.partition("\n")[0] for entry in entries]
    values: dict[str, list[Any]] = {
        "time": [ages.time_of_day(entry.ts_ns, millis=True) for entry in entries],
        "level": [level_word(entry.level) for entry in entries],
        "source": [source_of(entry.logger) for entry in entries],
        "text": [
            f"{line}  (more)" if line != entry.message else line
            for line, entry in zip(first_lines, entries, strict=True)
        ],
        "correlation": [entry.correlation for entry in entries],
    }
    tones = {"level": [level_tone(entry.level) for entry in entries]}
    tones["text"] = ["text0" if entry.level >= logging.WARNING else "text1" for entry in entries]
    tips = {"text": [entry.message[:2_000] for entry in entries]}
    return TableRows([entry.sequence for entry in entries], values, tones=tones, tips=tips)


def source_of(logger: str) -> str:
    """The room a line comes from."""
    for prefix in _PREFIXES:
        logger = logger.removeprefix(prefix)
    return logger
