"""The version of the market database, the way up to it, and the views that people query.

Tables in the schema ``raw`` hold integers as they travelled. The views of the main schema have the report's names
(``option_quote``, ``equity_trade``, ...) and show symbols, decimal prices and New York times.
"""

# ruff: noqa: S608 - names of tables and columns come from constants, values are always parameters

from __future__ import annotations

from pathlib import Path

import duckdb

from terminal import __version__
from terminal.core.instruments import InstrumentKind
from terminal.core.messages import NO_SEQUENCE, Flag, OfficialKind, Phase
from terminal.core.money import ABSENT_PX
from terminal.store.connection import one_row
from terminal.store.failures import newer
from terminal.store.migrations import MIGRATIONS

SCHEMA_VERSION = len(MIGRATIONS)
"""What this program writes."""

VIEW_OWNERS: dict[str, tuple[InstrumentKind, ...]] = {
    "equity": (InstrumentKind.EQUITY, InstrumentKind.ETF),
    "index": (InstrumentKind.INDEX,),
    "option": (InstrumentKind.OPTION,),
    "future": (InstrumentKind.FUTURE,),
    "fx_pair": (InstrumentKind.FX_PAIR,),
    "crypto_spot": (InstrumentKind.CRYPTO_SPOT,),
    "crypto_perpetual": (InstrumentKind.CRYPTO_PERPETUAL,),
}
"""First word of a view's name, and the kinds of instrument that it shows."""

_FINE_PRICES = {"crypto_spot", "crypto_perpetual", "fx_pair"}
_IN_COINS = {InstrumentKind.CRYPTO_SPOT, InstrumentKind.CRYPTO_PERPETUAL}
"""Kinds whose sizes are stored in parts of a coin; the views of one kind show them in coins."""


def version_of(connection: duckdb.DuckDBPyConnection) -> int:
    """The schema version of an open database; 0 when it has no tables of ours."""
    known = one_row(
        connection, "SELECT count(*) FROM duckdb_tables() WHERE NOT internal AND table_name = 'schema_version'"
    )
    if known is None or not known[0]:
        return 0
    newest = one_row(connection, "SELECT max(version) FROM schema_version")
    return int(newest[0]) if newest and newest[0] is not None else 0


def migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Brings an open database to SCHEMA_VERSION: all missing steps and the views in one transaction, or nothing.

    Raises DatabaseNewer for a database of a later version.
    """
    found = version_of(connection)
    if found > SCHEMA_VERSION:
        raise newer(path)
    if found == SCHEMA_VERSION:
        return
    connection.execute("BEGIN")
    try:
        for number, statements in enumerate(MIGRATIONS[found:], start=found + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute("INSERT INTO schema_version VALUES (?, now()::TIMESTAMP, ?)", [number, __version__])
        for name, body in view_definitions().items():
            connection.execute(f"CREATE OR REPLACE VIEW {name} AS {body}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def view_definitions() -> dict[str, str]:
    """The SELECT of every view, by name."""
    views: dict[str, str] = {}
    for owner, kinds in VIEW_OWNERS.items():
        digits = 8 if owner in _FINE_PRICES else 4
        views[f"{owner}_quote"] = _quotes(kinds, digits)
        views[f"{owner}_trade"] = _trades(kinds, digits)
        views[f"{owner}_depth"] = _depth(kinds, digits)
    views["open_interest"] = f"SELECT {_TIMES}, i.symbol, m.contracts, {_TAIL} FROM raw.open_interest m {_JOIN}"
    views["official"] = (
        f"SELECT {_TIMES}, i.symbol, {_price('m.px', 4)} AS price, "
        f"{_named(OfficialKind, 'm.price_kind')} AS price_kind, {_TAIL} FROM raw.official m {_JOIN}"
    )
    views["phase_change"] = (
        f"SELECT {_TIMES}, i.symbol, {_named(Phase, 'm.phase')} AS phase, m.product, {_TAIL} "
        f"FROM raw.phase_change m LEFT {_JOIN}"
    )
    views["book_update"] = (
        f"SELECT {_TIMES}, i.symbol, m.first_sequence, m.last_sequence, "
        f"nullif(m.previous_sequence, {NO_SEQUENCE}) AS previous_sequence, "
        f"(m.flags & {int(Flag.SNAPSHOT)}) <> 0 AS snapshot, {_TAIL} FROM raw.book_update m {_JOIN}"
    )
    views["depth_change"] = (
        f"SELECT {_TIMES}, i.symbol, {_SIDE}, {_price('m.px', 8)} AS price, m.size, m.orders, {_TAIL} "
        f"FROM raw.depth_change m {_JOIN}"
    )
    for name in ("order_add", "order_modify", "order_cancel", "order_fill"):
        views[name] = (
            f"SELECT {_TIMES}, i.symbol, {_SIDE}, {_price('m.px', 8)} AS price, m.size, m.order_id, {_TAIL} "
            f"FROM raw.{name} m {_JOIN}"
        )
    views["book_clear"] = f"SELECT {_TIMES}, i.symbol, {_TAIL} FROM raw.book_clear m {_JOIN}"
    for name in ("bar_1s", "bar_1m", "bar_1d"):
        views[name] = _roll_up(name)
    views["vol_history"] = "SELECT * EXCLUDE (at_ns, known_ns), at_ns, known_ns FROM raw.vol_day"
    views["event"] = "SELECT symbol, day, kind, title, * EXCLUDE (symbol, day, kind, title) FROM raw.event"
    return views


_TIMES = (
    "make_timestamp_ns(m.ts_ns)::TIMESTAMP AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York' AS new_york, "
    "make_timestamp_ns(m.ts_ns) AS utc"
)
_TAIL = "m.ts_ns, m.source, m.seq, m.instrument"
_SIDE = "CASE WHEN m.side > 0 THEN 'bid' ELSE 'ask' END AS side"
_JOIN = "JOIN instrument i ON i.id = m.instrument"
_JOIN_UNDERLYING = f"{_JOIN} LEFT JOIN instrument u ON u.id = i.underlying"
_OPTION_COLUMNS = (
    ", u.symbol AS underlying, i.root, i.expiry, "
    "(i.strike_mills * 0.001::DECIMAL(4, 3))::DECIMAL(12, 3) AS strike, i.call_put"
)


def _price(column: str, digits: int) -> str:
    """``column`` as a decimal: multiplied by the instrument's unit, which is exact, and never divided."""
    return f"(nullif({column}, {ABSENT_PX}) * i.price_unit)::DECIMAL(30, {digits})"


def _size(column: str, kinds: tuple[InstrumentKind, ...]) -> str:
    """``column`` in contracts, shares or coins."""
    return f"({column} * i.size_unit)::DECIMAL(30, 8)" if _IN_COINS.issuperset(kinds) else column


def _named(names: type[OfficialKind | Phase], column: str) -> str:
    cases = " ".join(f"WHEN {each.value} THEN '{each.name.lower()}'" for each in names)
    return f"CASE {column} {cases} ELSE {column}::VARCHAR END"


def _of(kinds: tuple[InstrumentKind, ...]) -> str:
    return "i.kind IN (" + ", ".join(f"'{kind.name}'" for kind in kinds) + ")"


def _contract(kinds: tuple[InstrumentKind, ...]) -> str:
    return _OPTION_COLUMNS if InstrumentKind.OPTION in kinds else ""


def _join(kinds: tuple[InstrumentKind, ...]) -> str:
    return _JOIN_UNDERLYING if InstrumentKind.OPTION in kinds else _JOIN


def _quotes(kinds: tuple[InstrumentKind, ...], digits: int) -> str:
    bid_same, ask_same = (f"(m.flags & {int(flag)}) <> 0" for flag in (Flag.BID_UNCHANGED, Flag.ASK_UNCHANGED))
    return (
        f"SELECT {_TIMES}, i.symbol{_contract(kinds)}, "
        f"CASE WHEN NOT {bid_same} THEN {_price('m.bid_px', digits)} END AS bid, "
        f"CASE WHEN NOT {ask_same} THEN {_price('m.ask_px', digits)} END AS ask, "
        f"CASE WHEN NOT {bid_same} THEN {_size('m.bid_size', kinds)} END AS bid_size, "
        f"CASE WHEN NOT {ask_same} THEN {_size('m.ask_size', kinds)} END AS ask_size, "
        f"{bid_same} AS bid_unchanged, {ask_same} AS ask_unchanged, m.venue, {_TAIL} "
        f"FROM raw.quote m {_join(kinds)} WHERE {_of(kinds)}"
    )


def _trades(kinds: tuple[InstrumentKind, ...], digits: int) -> str:
    aggressor = (
        f"CASE WHEN (m.flags & {int(Flag.BUYER_AGGRESSOR)}) <> 0 THEN 'buyer' "
        f"WHEN (m.flags & {int(Flag.SELLER_AGGRESSOR)}) <> 0 THEN 'seller' END"
    )
    head = f"SELECT {_TIMES}, i.symbol{_contract(kinds)}, "
    return (
        f"{head} {_price('m.px', digits)} AS price, {_size('m.size', kinds)} AS size, "
        f"NULL::DECIMAL(30, {digits}) AS open, "
        f"NULL::DECIMAL(30, {digits}) AS high, NULL::DECIMAL(30, {digits}) AS low, {aggressor} AS aggressor, "
        f"(m.flags & {int(Flag.OFF_BOOK)}) <> 0 AS off_book, FALSE AS is_bar, m.venue, {_TAIL} "
        f"FROM raw.trade m {_join(kinds)} WHERE {_of(kinds)} UNION ALL "
        f"{head} {_price('m.close_px', digits)} AS price, {_size('m.volume', kinds)} AS size, "
        f"{_price('m.open_px', digits)} AS open, "
        f"{_price('m.high_px', digits)} AS high, {_price('m.low_px', digits)} AS low, NULL AS aggressor, "
        f"FALSE AS off_book, TRUE AS is_bar, m.venue, {_TAIL} FROM raw.bar m {_join(kinds)} WHERE {_of(kinds)}"
    )


def _depth(kinds: tuple[InstrumentKind, ...], digits: int) -> str:
    return (
        f"SELECT {_TIMES}, i.symbol{_contract(kinds)}, {_SIDE}, "
        f"{_price('m.px', digits)} AS price, {_size('m.size', kinds)} AS size, m.orders, "
        f"(m.flags & {int(Flag.SNAPSHOT)}) <> 0 AS snapshot, m.venue, {_TAIL} "
        f"FROM raw.depth m {_join(kinds)} WHERE {_of(kinds)}"
    )


def _roll_up(name: str) -> str:
    prices = ", ".join(f"{_price(f'm.{each}_px', 8)} AS {each}" for each in ("open", "high", "low", "close"))
    start = (
        "make_timestamp_ns(m.start_ns)::TIMESTAMP AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York' AS new_york, "
        "make_timestamp_ns(m.start_ns) AS utc"
    )
    return (
        f"SELECT {start}, i.symbol, {prices}, m.volume, m.prints, m.start_ns, m.source, m.instrument "
        f"FROM raw.{name} m {_JOIN}"
    )
