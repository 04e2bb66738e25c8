"""The steps from an empty file to today's schema. A step that was released is never edited; a new one is added."""

from __future__ import annotations

from terminal.store.migrations import (
    m0001_messages,
    m0002_roll_ups,
    m0003_books,
    m0004_size_scale,
    m0005_volatility,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    m0001_messages.STATEMENTS,
    m0002_roll_ups.STATEMENTS,
    m0003_books.STATEMENTS,
    m0004_size_scale.STATEMENTS,
    m0005_volatility.STATEMENTS,
)
"""Statements of each step; step ``i`` brings a database of version ``i`` to version ``i + 1``."""
