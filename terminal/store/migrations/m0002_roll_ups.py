"""Version 2: bars of trades by second, minute and day, how far they reach, and how far a spill file was read."""

from __future__ import annotations

_BAR = """
    source INTEGER NOT NULL, instrument INTEGER NOT NULL, start_ns BIGINT NOT NULL, open_px BIGINT NOT NULL,
    high_px BIGINT NOT NULL, low_px BIGINT NOT NULL, close_px BIGINT NOT NULL, volume BIGINT NOT NULL,
    prints BIGINT NOT NULL
"""

STATEMENTS = (
    f"CREATE TABLE raw.bar_1s ({_BAR})",
    f"CREATE TABLE raw.bar_1m ({_BAR})",
    f"CREATE TABLE raw.bar_1d ({_BAR})",
    "ALTER TABLE source ADD COLUMN rolled_ns BIGINT DEFAULT 0",
    "ALTER TABLE source ADD COLUMN rolled_day_ns BIGINT DEFAULT 0",
    "CREATE TABLE spill (name VARCHAR PRIMARY KEY, messages BIGINT NOT NULL)",
)
