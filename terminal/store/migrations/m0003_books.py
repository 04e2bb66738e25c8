"""Version 3: books with sequence numbers, by incremental level and by order."""

from __future__ import annotations

from terminal.store.migrations.m0001_messages import HEAD

_ORDER = f"""({HEAD}, side BIGINT NOT NULL, px BIGINT NOT NULL, size BIGINT NOT NULL, order_id BIGINT NOT NULL,
    v4 BIGINT)"""

STATEMENTS = (
    f"""CREATE TABLE raw.book_update ({HEAD}, first_sequence BIGINT NOT NULL, last_sequence BIGINT NOT NULL,
        previous_sequence BIGINT NOT NULL, v3 BIGINT, v4 BIGINT)""",
    f"""CREATE TABLE raw.depth_change ({HEAD}, side BIGINT NOT NULL, px BIGINT NOT NULL, size BIGINT NOT NULL,
        orders BIGINT NOT NULL, v4 BIGINT)""",
    f"CREATE TABLE raw.order_add {_ORDER}",
    f"CREATE TABLE raw.order_modify {_ORDER}",
    f"CREATE TABLE raw.order_cancel {_ORDER}",
    f"CREATE TABLE raw.order_fill {_ORDER}",
    f"CREATE TABLE raw.book_clear ({HEAD}, v0 BIGINT, v1 BIGINT, v2 BIGINT, v3 BIGINT, v4 BIGINT)",
    "ALTER TABLE source ADD COLUMN book_updates BIGINT DEFAULT 0",
    "ALTER TABLE source ADD COLUMN depth_changes BIGINT DEFAULT 0",
    "ALTER TABLE source ADD COLUMN order_adds BIGINT DEFAULT 0",
    "ALTER TABLE source ADD COLUMN order_modifies BIGINT DEFAULT 0",
    "ALTER TABLE source ADD COLUMN order_cancels BIGINT DEFAULT 0",
    "ALTER TABLE source ADD COLUMN order_fills BIGINT DEFAULT 0",
    "ALTER TABLE source ADD COLUMN book_clears BIGINT DEFAULT 0",
)
