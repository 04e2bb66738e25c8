"""Recorded option chains as they stood at one instant, in plain columns, through the product's own importer.

A bar counts from its end on, as its close; a side that a later row leaves empty is carried forward with its time; a
side never seen that day is NaN. Prices are in dollars, ages in seconds. Nothing is refused here: crossed, locked, old
and zero quotes are handed on, since it is their users who must cope.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_DAY, NS_PER_S, at_ns
from terminal.core.instruments import Instrument, InstrumentTable, OptionTerms, SettlementTime
from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, CLOSE, Batch, Flag, Kind
from terminal.core.money import PRICE_SCALE
from terminal.core.osi import Right
from terminal.infra import calendars
from terminal.market.importers.lean.catalog import Catalog
from terminal.market.importers.lean.contracts import Contracts
from terminal.market.importers.lean.days import DayLoader
from terminal.market.importers.lean.reader import Reader
from terminal.market.importers.report import ImportReport
from terminal.market.importers.sources import SourceTable

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

GOOG_DAY = date(2015, 12, 24)
"""A half day that ends at 13:00; American; its nearest expiry ends at that close. 2,192 contracts, minute bars."""
AAPL_DAY, AAPL_SPLIT_DAY = date(2014, 6, 6), date(2014, 6, 9)
"""The day before and the day of a 7:1 split; American; hourly bars."""
SPX_DAY = date(2021, 1, 4)
"""European, cash settled; roots SPX (AM) and SPXW (PM), few strikes, one SPXW expiry the same day."""


@dataclass(frozen=True, slots=True)
class RealChain:
    """One row a contract, by expiry instant, root, strike, puts first. NaN is a side that was not seen.

    ``time``: years of 365 days to the expiry instant. ``underlying_bid`` and ``underlying_ask`` are NaN for an index.
    """

    symbol: str
    now_ns: int
    underlying_bid: float
    underlying_ask: float
    underlying_last: float
    root: npt.NDArray[np.str_]
    expiry: npt.NDArray[np.datetime64]
    expires_ns: npt.NDArray[np.int64]
    is_am: Flags
    time: Floats
    strike: Floats
    is_call: Flags
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    bid_age_s: Floats
    ask_age_s: Floats

    @property
    def underlying_mid(self) -> float:
        """The middle of the underlying's market; the last value of an index."""
        middle = 0.5 * (self.underlying_bid + self.underlying_ask)
        return middle if np.isfinite(middle) else self.underlying_last

    @property
    def is_two_sided(self) -> Flags:
        """A bid above zero and an ask above the bid: what a fit can be held to."""
        return np.isfinite(self.bid) & np.isfinite(self.ask) & (self.bid > 0.0) & (self.ask > self.bid)

    def take(self, chosen: Flags) -> RealChain:
        """The rows where ``chosen``."""
        columns = {name: getattr(self, name)[chosen] for name in self.__slots__[5:]}
        scalars = {name: getattr(self, name) for name in self.__slots__[:5]}
        return RealChain(**scalars, **columns)


def goog(shared_data: Path, hour: int = 12, minute: int = 0) -> RealChain:
    """GOOG on 2015-12-24 at a New York time; 12:00 unless told."""
    return chain_at(shared_data, "GOOG", at_ns(GOOG_DAY, hour, minute), GOOG_DAY)


def aapl(shared_data: Path, day: date = AAPL_DAY, hour: int = 12) -> RealChain:
    """AAPL on 2014-06-06, or on the day of its split, at a full hour of New York."""
    return chain_at(shared_data, "AAPL", at_ns(day, hour), day)


def spx(shared_data: Path, hour: int = 12, minute: int = 0) -> RealChain:
    """SPX and SPXW on 2021-01-04 at a New York time."""
    return chain_at(shared_data, "SPX", at_ns(SPX_DAY, hour, minute), SPX_DAY)


def chain_at(shared_data: Path, symbol: str, now_ns: int, day: date) -> RealChain:
    """The chain of ``symbol`` from what could be seen on ``day`` until ``now_ns``; expired contracts are left out."""
    loaded = _day(shared_data, symbol, day)
    seen = loaded.batch[loaded.batch["ts_ns"] <= now_ns]
    live = sorted(
        ((row.id, row.option) for row in loaded.table if row.option is not None and row.option.expires_ns > now_ns),
        key=lambda each: _order(each[1]),
    )
    ids = np.array([instrument for instrument, _ in live], np.int64)
    terms = [each for _, each in live]
    expires_ns = np.array([each.expires_ns for each in terms], np.int64)
    room, underlying = len(loaded.table), loaded.underlying
    bid, bid_size, bid_age = _side(seen, BID, BID_SIZE, Flag.BID_UNCHANGED, now_ns, room)
    ask, ask_size, ask_age = _side(seen, ASK, ASK_SIZE, Flag.ASK_UNCHANGED, now_ns, room)
    own = seen[(seen["instrument"] == underlying.id) & (seen["kind"] == Kind.BAR)]
    return RealChain(
        symbol=symbol,
        now_ns=now_ns,
        underlying_bid=float(bid[underlying.id]),
        underlying_ask=float(ask[underlying.id]),
        underlying_last=float(own[CLOSE][-1]) / PRICE_SCALE if len(own) else np.nan,
        root=np.array([each.symbol.root for each in terms]),
        expiry=np.array([each.symbol.expiry for each in terms], "datetime64[D]"),
        expires_ns=expires_ns,
        is_am=np.array([each.settlement is SettlementTime.AM for each in terms], np.bool_),
        time=(expires_ns - now_ns) / (365.0 * NS_PER_DAY),
        strike=np.array([each.strike_px / PRICE_SCALE for each in terms]),
        is_call=np.array([each.symbol.right is Right.CALL for each in terms], np.bool_),
        bid=bid[ids],
        ask=ask[ids],
        bid_size=bid_size[ids],
        ask_size=ask_size[ids],
        bid_age_s=bid_age[ids],
        ask_age_s=ask_age[ids],
    )


def _order(terms: OptionTerms) -> tuple[int, str, int, bool]:
    symbol = terms.symbol
    return terms.expires_ns, symbol.root, symbol.strike_mills, symbol.right is Right.CALL


def _side(seen: Batch, px: str, size: str, unchanged: Flag, now_ns: int, room: int) -> tuple[Floats, Floats, Floats]:
    """By instrument: the last price of a side, its size and its age; NaN where it was never seen."""
    told = seen[(seen["kind"] == Kind.QUOTE) & ((seen["flags"] & int(unchanged)) == 0)]
    out = np.full((3, room), np.nan)
    # Ascending by time, and of several writes to one place the last one stays.
    out[:, told["instrument"]] = (told[px] / PRICE_SCALE, told[size], (now_ns - told["ts_ns"]) / NS_PER_S)
    return out[0], out[1], out[2]


@dataclass(frozen=True, slots=True)
class _Day:
    batch: Batch
    table: InstrumentTable
    underlying: Instrument


@functools.lru_cache(maxsize=4)
def _day(shared_data: Path, symbol: str, day: date) -> _Day:
    table = InstrumentTable()
    reader = Reader(Contracts(table, calendars.default()), SourceTable(), ImportReport())
    loader = DayLoader(Catalog(shared_data / "lean"), reader, symbol)
    return _Day(loader.load(day), table, loader.underlying)
