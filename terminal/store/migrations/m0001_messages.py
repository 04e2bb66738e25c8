"""Version 1: sessions, sources, instruments, and one table a sort of message, as integers."""

from __future__ import annotations

HEAD = """
    source INTEGER NOT NULL, seq BIGINT NOT NULL, ts_ns BIGINT NOT NULL, recv_ns BIGINT, instrument INTEGER NOT NULL,
    flags UTINYINT NOT NULL, venue USMALLINT NOT NULL, rank UINTEGER NOT NULL
"""
"""Columns that every message table has, in later versions too."""

STATEMENTS = (
    "CREATE TABLE schema_version (version INTEGER NOT NULL, applied TIMESTAMP NOT NULL, program VARCHAR NOT NULL)",
    """
    CREATE TABLE session (
        name VARCHAR PRIMARY KEY, mode VARCHAR NOT NULL, feed VARCHAR NOT NULL, seed BIGINT, program VARCHAR NOT NULL,
        started TIMESTAMP NOT NULL, ended TIMESTAMP
    )
    """,
    """
    CREATE TABLE source (
        id INTEGER PRIMARY KEY, kind VARCHAR NOT NULL, name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL,
        interval_s INTEGER NOT NULL, session VARCHAR NOT NULL, begun TIMESTAMP NOT NULL, completed TIMESTAMP,
        complete BOOLEAN NOT NULL, pruned BOOLEAN NOT NULL, row_count BIGINT NOT NULL, refused BIGINT NOT NULL,
        missing BIGINT NOT NULL, first_ns BIGINT, last_ns BIGINT,
        quotes BIGINT NOT NULL, trades BIGINT NOT NULL, bars BIGINT NOT NULL, open_interests BIGINT NOT NULL,
        depths BIGINT NOT NULL, officials BIGINT NOT NULL, phase_changes BIGINT NOT NULL
    )
    """,
    "CREATE TABLE session_source (session VARCHAR NOT NULL, source INTEGER NOT NULL)",
    """
    CREATE TABLE instrument (
        id INTEGER PRIMARY KEY, identity VARCHAR NOT NULL, symbol VARCHAR NOT NULL, name VARCHAR NOT NULL,
        kind VARCHAR NOT NULL, product VARCHAR NOT NULL, tick_class VARCHAR NOT NULL, currency VARCHAR NOT NULL,
        multiplier BIGINT NOT NULL, price_scale BIGINT NOT NULL, price_unit DECIMAL(9, 8) NOT NULL,
        calendar VARCHAR NOT NULL, underlying INTEGER, root VARCHAR, expiry DATE, call_put VARCHAR,
        strike_mills BIGINT, style VARCHAR, delivery VARCHAR, settlement VARCHAR, expires_ns BIGINT, shares BIGINT
    )
    """,
    "CREATE SCHEMA raw",
    f"CREATE TABLE raw.quote ({HEAD}, bid_px BIGINT, ask_px BIGINT, bid_size BIGINT, ask_size BIGINT, v4 BIGINT)",
    f"CREATE TABLE raw.trade ({HEAD}, px BIGINT NOT NULL, size BIGINT NOT NULL, v2 BIGINT, v3 BIGINT, v4 BIGINT)",
    f"""CREATE TABLE raw.bar ({HEAD}, open_px BIGINT NOT NULL, high_px BIGINT NOT NULL, low_px BIGINT NOT NULL,
        close_px BIGINT NOT NULL, volume BIGINT NOT NULL)""",
    f"""CREATE TABLE raw.open_interest ({HEAD}, contracts BIGINT NOT NULL, v1 BIGINT, v2 BIGINT, v3 BIGINT,
        v4 BIGINT)""",
    f"""CREATE TABLE raw.depth ({HEAD}, side BIGINT NOT NULL, px BIGINT NOT NULL, size BIGINT NOT NULL,
        orders BIGINT NOT NULL, v4 BIGINT)""",
    f"""CREATE TABLE raw.official ({HEAD}, px BIGINT NOT NULL, price_kind BIGINT NOT NULL, v2 BIGINT, v3 BIGINT,
        v4 BIGINT)""",
    f"""CREATE TABLE raw.phase_change ({HEAD}, phase BIGINT NOT NULL, product BIGINT NOT NULL, v2 BIGINT, v3 BIGINT,
        v4 BIGINT)""",
)
