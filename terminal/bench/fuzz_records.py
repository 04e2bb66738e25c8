"""Seeds of the campaigns that are not text: DBN records made by Databento's library, frames of the msgpack feed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import databento_dbn
import numpy as np
import numpy.typing as npt

from terminal.bench.fuzz_mutations import Mutations
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import Flag, Kind
from terminal.core.ticks import TickClass
from terminal.venues.stream.protocol import LENGTH, Columns, Heartbeat, Rows, frame

dbn: Any = databento_dbn
"""The library's own annotations call the members of its enumerations plain strings and numbers."""
START_NS = 1_723_212_000_000_000_000
_NANO = 10**9
_INSTRUMENTS = 8
_MESSAGES = 40


@dataclass(frozen=True)
class _Interval:
    start_date: date
    end_date: date
    symbol: str


@dataclass(frozen=True)
class _Mapping:
    raw_symbol: str
    intervals: list[_Interval]


def dbn_head() -> bytes:
    """Metadata that maps two futures."""
    day, after = date(2024, 8, 9), date(2024, 8, 10)
    mappings = [_Mapping(f"ES{n}", [_Interval(day, after, str(n))]) for n in (7, 8)]
    return bytes(
        dbn.Metadata(
            dataset="GLBX.MDP3", start=START_NS, stype_in=dbn.SType.RAW_SYMBOL, stype_out=dbn.SType.INSTRUMENT_ID,
            schema=None, symbols=["ES7", "ES8"], mappings=mappings, end=START_NS + 10**12,
        )
    )  # fmt: skip


def dbn_records() -> list[bytes]:
    """Records of every schema that is read."""
    records: list[Any] = []
    at = START_NS
    for n in range(40):
        at += 1000
        side, number = ("B", "A")[n % 2], 7 + n % 2
        price = (5600 + (1 if side == "A" else -1) * (n % 9)) * _NANO
        pair = dbn.BidAskPair((5600 - n % 3) * _NANO, (5601 + n % 3) * _NANO, 1 + n, 2 + n, 1, 1)
        records += [
            dbn.MBOMsg(1, number, at, 1 + n // 2, price, 1 + n % 5, dbn.Action(action), dbn.Side(side), at, flags=128)
            for action in "AMCTFRN"
        ]
        common = (1, number, at, price, 1 + n % 5, dbn.Action("AT"[n % 2]), dbn.Side(side), 0, at)
        records += [
            dbn.TradeMsg(1, number, at, price, 1 + n % 5, dbn.Action("T"), dbn.Side(side), 0, at, flags=128),
            dbn.MBP1Msg(*common, flags=128, levels=pair),
            dbn.MBP10Msg(*common, flags=128, levels=[pair] + [dbn.BidAskPair()] * 9),
            dbn.OHLCVMsg(int(dbn.RType.OHLCV_1M), 1, number, at, price, price, price, price, n),
            dbn.StatMsg(
                1, number, at, at, at, price, n, dbn.StatType.OPEN_INTEREST, update_action=dbn.StatUpdateAction.NEW
            ),
            dbn.StatMsg(
                1, number, at, at, at, price, n, dbn.StatType.SETTLEMENT_PRICE, update_action=dbn.StatUpdateAction.NEW
            ),
            dbn.StatusMsg(1, number, at, at, dbn.StatusAction.TRADING),
        ]
    return [bytes(each) for each in records]


def stream_table() -> tuple[InstrumentTable, npt.NDArray[np.int32]]:
    """Shares, and their ids by the feed's own numbers."""
    table = InstrumentTable()
    for n in range(_INSTRUMENTS):
        table.add(f"F{n}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    return table, np.arange(_INSTRUMENTS, dtype=np.int32)


def stream_frames(mutations: Mutations) -> Iterator[tuple[bytes, int]]:
    """Bodies of frames and how many messages each has; half of the columns hold anything."""
    kinds = [int(each) for each in Kind]
    for number in range(20):
        anything = mutations.chance(0.5)
        bits = np.random.default_rng(mutations.pick(0, 2**31))
        instruments = bits.integers(0, _INSTRUMENTS + (3 if anything else 0), _MESSAGES).astype("<i4")
        columns: dict[str, Any] = {
            "ts_ns": (START_NS + number * 1000 + np.arange(_MESSAGES)).astype("<i8"),
            "instrument": instruments,
            "kind": bits.choice(kinds, _MESSAGES).astype("u1"),
        }
        for name in ("v0", "v1", "v2", "v3"):
            low, high = (-(2**63), 2**63 - 1) if anything and mutations.chance(0.3) else (1, 10_000)
            columns[name] = bits.integers(low, high, _MESSAGES).astype("<i8")
        columns["flags"] = bits.integers(0, 256 if anything else int(Flag.SNAPSHOT), _MESSAGES).astype("u1")
        packed: dict[str, memoryview | int] = {name: memoryview(column.tobytes()) for name, column in columns.items()}
        yield _body(Columns(number + 1, _MESSAGES, packed)), _MESSAGES
        rows: list[list[int | str]] = [[1, int(each), START_NS, 100, 101, 5, 6] for each in instruments[:8]]
        yield _body(Rows(number + 1, rows)), len(rows)
        yield _body(Heartbeat(number + 1, START_NS + number)), 1


def _body(what: Columns | Rows | Heartbeat) -> bytes:
    return frame(what)[LENGTH.size :]
