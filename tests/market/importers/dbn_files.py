"""DBN files made by Databento's own library, and records of the schemas that are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import databento_dbn

dbn: Any = databento_dbn
"""The library's own annotations call the members of its enumerations plain strings and numbers."""
START_NS = 1_723_212_000_000_000_000
"""2024-08-09 10:00 New York."""
NANO = 10**9
UNDEF = dbn.UNDEF_PRICE
LAST = int(dbn.F_LAST)


@dataclass(frozen=True)
class Interval:
    start_date: date
    end_date: date
    symbol: str


@dataclass(frozen=True)
class Mapping:
    raw_symbol: str
    intervals: Sequence[Interval]


def px(price: float) -> int:
    return round(price * NANO)


def head(schema: str | None, symbols: dict[str, int], dataset: str = "GLBX.MDP3") -> bytes:
    intervals = {each: [Interval(date(2024, 8, 9), date(2024, 8, 10), str(n))] for each, n in symbols.items()}
    return bytes(
        dbn.Metadata(
            dataset=dataset,
            start=START_NS,
            stype_in=dbn.SType.RAW_SYMBOL,
            stype_out=dbn.SType.INSTRUMENT_ID,
            schema=None if schema is None else dbn.Schema.from_str(schema),
            symbols=list(symbols),
            mappings=[Mapping(symbol, each) for symbol, each in intervals.items()],
            end=START_NS + 10**12,
        )
    )


def write(
    path: Path,
    schema: str | None,
    records: Iterable[Any],
    symbols: dict[str, int] | None = None,
    dataset: str = "GLBX.MDP3",
) -> Path:
    path.write_bytes(head(schema, symbols or {"ESU4": 7}, dataset) + b"".join(bytes(each) for each in records))
    return path


def order(n: int, action: str, side: str, price: float | None, size: int, number: int, flags: int = LAST) -> Any:
    """``n``: milliseconds after the start."""
    return dbn.MBOMsg(
        1, 7, START_NS + n * 10**6 - 500, number, UNDEF if price is None else px(price), size, dbn.Action(action),
        dbn.Side(side), START_NS + n * 10**6, flags=flags,
    )  # fmt: skip


def pair(bid: float | None, ask: float | None, bid_size: int = 1, ask_size: int = 1) -> Any:
    return dbn.BidAskPair(
        UNDEF if bid is None else px(bid), UNDEF if ask is None else px(ask), bid_size, ask_size, 1, 1
    )


def top(n: int, action: str, side: str, price: float, size: int, best: Any) -> Any:
    return dbn.MBP1Msg(
        1, 7, START_NS + n * 10**6, px(price), size, dbn.Action(action), dbn.Side(side), 0, START_NS + n * 10**6,
        flags=LAST, levels=best,
    )  # fmt: skip


def ten(n: int, levels: Sequence[Any], action: str = "A") -> Any:
    return dbn.MBP10Msg(
        1, 7, START_NS + n * 10**6, px(1), 1, dbn.Action(action), dbn.Side("B"), 0, START_NS + n * 10**6,
        flags=LAST, levels=[*levels, *[dbn.BidAskPair()] * (10 - len(levels))],
    )  # fmt: skip


def trade(n: int, side: str, price: float | None, size: int, instrument: int = 7) -> Any:
    return dbn.TradeMsg(
        1, instrument, START_NS + n * 10**6 - 7, UNDEF if price is None else px(price), size, dbn.Action("T"),
        dbn.Side(side), 0, START_NS + n * 10**6, flags=LAST,
    )  # fmt: skip


def definition(symbol: str = "ESU4", instrument: int = 7, tick: float = 0.25, amount: float = 12.5) -> Any:
    return dbn.InstrumentDefMsg(
        1, instrument, START_NS, START_NS, px(tick), px(1), symbol, "ES", "FUT", dbn.InstrumentClass.FUTURE,
        dbn.SecurityUpdateAction.ADD, currency="USD", min_price_increment_amount=px(amount),
    )  # fmt: skip


def statistic(n: int, sort: Any, price: float | None = None, quantity: int = 0, ref_ns: int = 0) -> Any:
    return dbn.StatMsg(
        1, 7, START_NS + n * 10**6, START_NS + n * 10**6, ref_ns, UNDEF if price is None else px(price), quantity, sort,
        update_action=dbn.StatUpdateAction.NEW,
    )  # fmt: skip
