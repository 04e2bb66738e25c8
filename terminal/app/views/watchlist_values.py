"""The numbers of a watchlist: as cells of the rows in view, and as one array of all rows for sorting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.app.market_port import Market, Rows
from terminal.app.views.table_rows import present
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Instrument, InstrumentKind, InstrumentTable
from terminal.core.messages import Phase
from terminal.core.money import ABSENT_PX

UNKNOWN = math.nan
"""The spread of a symbol that trades without quotes; not a number, so that sorting puts it last."""
CLOSED_AGE = -1
"""The age of a value of a closed market."""
_BASIS_POINTS = 10_000
_FRESH_NS = (NS_PER_S, 10 * NS_PER_S, 60 * NS_PER_S)

Numbers = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


class WatchValues:
    """Values by column of any rows of a market."""

    def __init__(self, table: InstrumentTable, market: Market) -> None:
        self._table = table
        self._market = market

    def cells(
        self, rows: Sequence[Instrument], quotes: Rows, now_ns: int, wanted: frozenset[str] | None = None
    ) -> dict[str, list[Any]]:
        """Values by column, None where there is none; of the columns ``wanted``, or of all."""
        found = self._columns([row.id for row in rows], quotes, now_ns, wanted)
        values = {name: present(*each) for name, each in found.items() if wanted is None or name in wanted}
        values["symbol"] = [row.symbol for row in rows]
        values["name"] = [row.name for row in rows]
        if "spread" not in values:
            return values
        tradable = ~self._is_index([row.id for row in rows])
        unquoted = (quotes["bid_px"] == ABSENT_PX) & (quotes["ask_px"] == ABSENT_PX)
        unknown = (unquoted & (quotes["last_px"] != ABSENT_PX) & tradable).tolist()
        values["spread"] = [UNKNOWN if u else value for value, u in zip(values["spread"], unknown, strict=True)]
        return values

    def numbers(self, column: str, rows: Sequence[Instrument]) -> npt.NDArray[np.float64] | None:
        """One column of all ``rows`` as numbers that sort, NaN where there is none; None for a column without numbers.

        Prices of instruments with different scales are compared in their currency.
        """
        ids = [row.id for row in rows]
        quotes = self._market.read(np.array(ids, np.int32))
        if column in {"change_pct", "trend"}:
            column = "change_pct"
        found = self._columns(ids, quotes, int(quotes["ts_ns"].max()), frozenset({column})).get(column)
        if found is None:
            return None
        numbers = np.where(found[1], found[0], np.nan).astype(np.float64)
        if column in _PRICES:
            numbers /= np.array([row.price_scale for row in rows])
        elif column in _SIZES:
            numbers /= np.array([row.size_scale for row in rows])
        if column == "age":
            numbers[quotes["phase"] == Phase.CLOSED] = np.nan
        return numbers

    def _is_index(self, ids: Sequence[int]) -> Mask:
        found: Mask = self._table.kind_of[np.array(ids, np.int32)] == InstrumentKind.INDEX
        return found

    def _columns(
        self, ids: Sequence[int], quotes: Rows, now_ns: int, wanted: frozenset[str] | None
    ) -> dict[str, tuple[Numbers, Mask]]:
        """Values and where they are there; those that cost more only when they are wanted."""
        has = {name: quotes[f"{name}_px"] != ABSENT_PX for name in _QUOTED}
        found = {name: (quotes[f"{name}_px"], there) for name, there in has.items()}
        counted = has["last"] & ~self._is_index(ids)
        found["bid_size"] = (quotes["bid_size"], has["bid"])
        found["ask_size"] = (quotes["ask_size"], has["ask"])
        found["volume"] = (quotes["volume"], counted)
        last, close = quotes["last_px"], quotes["prior_close_px"]
        moved = has["last"] & has["prior_close"]
        change = np.where(moved, last - np.where(moved, close, last), 0)
        found["change"] = (change, moved)
        found["change_pct"] = _ratio(change, close, moved)
        both = has["bid"] & has["ask"]
        spread = np.where(both, quotes["ask_px"] - np.where(both, quotes["bid_px"], quotes["ask_px"]), 0)
        middle = np.where(both, quotes["ask_px"] - spread / 2, 0)
        found["spread"] = (spread, both)
        ratio, there = _ratio(spread, middle, both & (middle > 0))
        found["spread_bp"] = (ratio * _BASIS_POINTS, there)
        day = has["last"] & has["high"] & has["low"] & (quotes["high_px"] > quotes["low_px"])
        found["range"] = _ratio(np.where(day, last - quotes["low_px"], 0), quotes["high_px"] - quotes["low_px"], day)
        if wanted is None or wanted & _OF_STATISTICS:
            vwap = np.nan_to_num(self._market.statistics.read(np.array(ids, np.int32))["vwap_px"])
            traded = vwap != 0
            found["vwap"] = (np.rint(vwap).astype(np.int64), traded)
            found["vwap_pct"] = _ratio(np.where(has["last"], last, 0) - vwap, vwap, has["last"] & traded)
        found["open_interest"] = (quotes["open_interest"], quotes["open_interest"] > 0)
        found["age"] = (_ages(quotes, now_ns), quotes["ts_ns"] != 0)
        return found


_QUOTED = ("last", "bid", "ask", "high", "low", "open", "prior_close")
_PRICES = frozenset({*_QUOTED, "change", "spread", "vwap"})
_OF_STATISTICS = frozenset({"vwap", "vwap_pct"})
_SIZES = frozenset({"bid_size", "ask_size", "volume"})


def age_levels(quotes: Rows, now_ns: int) -> dict[str, list[int]]:
    """By column: 3 changed within a second, 2 within ten, 1 within a minute, 0 older or never."""
    found = {}
    for name in ("bid", "ask", "last"):
        ts_ns = quotes[f"{name}_ts_ns"]
        age_ns = now_ns - ts_ns
        level = sum((age_ns < limit).astype(np.int64) for limit in _FRESH_NS)
        found[name] = np.where(ts_ns > 0, level, 0).tolist()
    return found


def _ratio(above: Numbers, below: Numbers, there: Mask) -> tuple[npt.NDArray[np.float64], Mask]:
    there = there & (below != 0)
    found = np.zeros(len(above))
    np.divide(above, below, out=found, where=there)
    return found, there


def _ages(quotes: Rows, now_ns: int) -> npt.NDArray[np.int64]:
    """Ages in tenths of a second at the steps of the screen: halves of a second below ten, then whole seconds."""
    tenths = np.maximum(0, now_ns - quotes["ts_ns"]) // (NS_PER_S // 10)
    shown = np.where(tenths < 100, tenths - tenths % 5, tenths - tenths % 10)
    return np.where(quotes["phase"] == Phase.CLOSED, CLOSED_AGE, shown).astype(np.int64)
