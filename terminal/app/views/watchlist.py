"""The watchlist: which rows are shown in which order, and the cells of those in view."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.app import ages, formats
from terminal.app.market_port import Market, Rows
from terminal.app.views.freshness import FeedPulse
from terminal.app.views.quality import quality_word, quote_state
from terminal.app.views.table_rows import TableRows
from terminal.app.views.trends import Trends
from terminal.app.views.watchlist_values import CLOSED_AGE, UNKNOWN, WatchValues, age_levels
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Instrument, InstrumentTable, UnknownInstrumentError
from terminal.core.messages import Phase
from terminal.core.money import ABSENT_PX
from terminal.market.quality import quality_with_age
from terminal.market.rows import Quality

__all__ = ["CLOSED_AGE", "UNKNOWN", "WatchlistView", "arrow"]

_HINTS_EVERY_NS = NS_PER_S
_SOUND = frozenset({int(Quality.OK), int(Quality.NONE)})
_WRONG = (Quality.CROSSED, Quality.ZERO, Quality.LOCKED)
_TIPPED = ("symbol", "last", "bid", "ask", "spread", "age")


class WatchlistView:
    """Rows of instruments, read as arrays; only those that are asked for become cells. UI thread only."""

    def __init__(self, table: InstrumentTable, market: Market) -> None:
        self._table = table
        self._market = market
        self._values = WatchValues(table, market)
        self._trends = Trends(market)
        self._rows: dict[int, Instrument] = {}
        self._shown: list[int] = []
        self._longest: str | None = None
        self._filter = ""
        self._sort: tuple[str, bool] | None = None
        self._hints: dict[int, str] = {}
        self._hinted = (-1, False)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The instruments in the order that the person gave them."""
        return tuple(self._rows.values())

    @property
    def shown(self) -> list[int]:
        """Ids of the rows that pass the filter, in the order of the screen."""
        return self._shown

    @property
    def is_own_order(self) -> bool:
        """Whether the screen shows every row in the person's order, so that rows can be moved."""
        return self._sort is None and not self._filter

    @property
    def sorted_by(self) -> tuple[str, bool] | None:
        """Column and whether descending; None for the person's order."""
        return self._sort

    @property
    def longest_label(self) -> str:
        """What the symbol's column must hold."""
        if self._longest is None:
            self._longest = max((row.label for row in self._rows.values()), key=len, default="")
        return self._longest

    def symbols(self) -> list[str]:
        """The symbols, for the settings."""
        return [row.symbol for row in self._rows.values()]

    def set_symbols(self, symbols: Iterable[str]) -> list[str]:
        """Shows ``symbols``; gives those that this market does not have."""
        unknown, found = [], []
        for symbol in symbols:
            try:
                found.append(self._table.find(symbol).id)
            except UnknownInstrumentError:
                unknown.append(symbol)
        self._rows, self._longest = {}, None
        self.add_all(found)
        return unknown

    def add(self, instrument: int) -> bool:
        """Adds an instrument at the end; False when it is there already."""
        return self.add_all([instrument]) == 1

    def add_all(self, instruments: Iterable[int]) -> int:
        """Adds instruments at the end, and gives the number of those that were not there."""
        before = len(self._rows)
        for each in instruments:
            if each not in self._rows:
                self._rows[each] = self._table.get(each)
                self._longest = None
        self.arrange()
        return len(self._rows) - before

    def remove(self, instrument: int) -> None:
        """Takes an instrument away; nothing happens when it is not there."""
        if self._rows.pop(instrument, None) is not None:
            self._longest = None
            self.arrange()

    def move(self, instrument: int, by: int) -> None:
        """Moves an instrument up (negative) or down in the person's order."""
        order = list(self._rows)
        if instrument in self._rows:
            self.move_to(instrument, order.index(instrument) + by)

    def move_to(self, instrument: int, place: int) -> None:
        """Moves an instrument to a place in the person's order."""
        order = list(self._rows)
        if instrument not in self._rows:
            return
        order.remove(instrument)
        order.insert(min(max(0, place), len(order)), instrument)
        self._rows = {each: self._rows[each] for each in order}
        self.arrange()

    def filter(self, text: str) -> None:
        """Shows the rows whose symbol or name has every word of ``text``; empty shows all."""
        self._filter = " ".join(text.split()).casefold()
        self.arrange()

    def sort(self, column: str | None, *, descending: bool = False) -> None:
        """Orders the rows by a column, now and at each :meth:`arrange`; None goes back to the person's order."""
        self._sort = None if column is None else (column, descending)
        self.arrange()

    def arrange(self) -> None:
        """Filters and orders the rows by the values of now. Missing values come last, equals keep their order."""
        rows = list(self._rows.values())
        if self._filter:
            words = self._filter.split()
            rows = [row for row in rows if all(word in _haystack(row) for word in words)]
        self._shown = [row.id for row in rows]
        if self._sort is None or not rows:
            return
        column, descending = self._sort
        if column == "symbol":
            self._shown = [row.id for row in sorted(rows, key=lambda row: row.symbol, reverse=descending)]
            return
        numbers = self._values.numbers(column, rows)
        if numbers is None:
            return
        order = np.argsort(-numbers if descending else numbers, kind="stable")
        self._shown = np.array(self._shown)[order].tolist()

    def rows(
        self,
        now_ns: int,
        pulse: FeedPulse,
        first: int = 0,
        end: int | None = None,
        columns: frozenset[str] | None = None,
    ) -> TableRows:
        """The rows from the place ``first`` to ``end`` of the screen as they are now; ``columns`` of them, or all.

        Prices are integers at the instrument's scale, ``change_pct`` is a ratio.
        """
        self._note(now_ns)
        keys = self._shown[first:end]
        if not keys:
            return TableRows([])
        rows = [self._rows[key] for key in keys]
        ids = np.array(keys, np.int32)
        quotes = self._market.read(ids)
        closed = (quotes["phase"] == Phase.CLOSED) & (quotes["ts_ns"] != 0)
        quality, age_ns = quality_with_age(quotes, now_ns, is_silent=pulse.is_silent)
        # A symbol that only trades has no quote that could be stale, and its last price is as old as the feed.
        stale = (quality == Quality.STALE) | ((quotes["ts_ns"] != 0) & ~closed & pulse.is_silent)
        values = self._values.cells(rows, quotes, now_ns, columns)
        if columns is None or "trend" in columns:
            values["trend"] = self._trends.of(rows, now_ns)
        if "age" in values:
            values["age"] = _with_quality(values["age"], quality, age_ns)
        if (now_ns // _HINTS_EVERY_NS, pulse.is_silent) != self._hinted:
            self._hinted = now_ns // _HINTS_EVERY_NS, pulse.is_silent
            self._hints.clear()
        hints = [self._hint(row, quote, now_ns, pulse) for row, quote in zip(rows, quotes, strict=True)]
        return TableRows(
            [*keys],
            values,
            stale.tolist(),
            _tones(quotes, quality, closed),
            tips=dict.fromkeys(_TIPPED, hints),
            ages=age_levels(quotes, now_ns),
        )

    def text(self, column: str, value: Any, instrument: Hashable) -> str:
        """What a cell shows for a value of :meth:`rows`."""
        row = self._rows.get(instrument)  # type: ignore[call-overload]
        if row is None:
            row = self._table.get(int(str(instrument)))
        if column == "symbol":
            return str(row.label)
        if value is None:
            return formats.MISSING
        found = _TEXTS.get(column)
        return formats.price(value, row) if found is None else found(value, row)

    def _note(self, now_ns: int) -> None:
        if self._rows and self._trends.is_due(now_ns):
            ids = np.fromiter(self._rows, np.int32, len(self._rows))
            self._trends.note(now_ns, ids, self._market.read(ids))

    def _hint(self, instrument: Instrument, quote: Any, now_ns: int, pulse: FeedPulse) -> str:
        known = self._hints.get(instrument.id)
        if known is not None:
            return known
        state = quote_state(quote, now_ns, is_silent=pulse.is_silent)
        parts = [instrument.name or instrument.label]
        if state.quality is not Quality.NONE or state.is_closed:
            parts.append(state.sentence)
        elif instrument.is_tradable and quote["last_px"] != ABSENT_PX:
            parts.append("Trades only: without quotes the spread is unknown, and the last trade stands for the price.")
        if quote["ts_ns"]:
            ts_ns = int(quote["ts_ns"])
            parts.append(f"Last message {ages.time_of_day(ts_ns)}, {ages.age(now_ns - ts_ns)} ago")
        sides = (("bid", "bid_ts_ns"), ("ask", "ask_ts_ns"), ("last", "last_ts_ns"))
        old = [f"{name} {ages.age(now_ns - int(quote[field]))}" for name, field in sides if quote[field]]
        if old:
            parts.append(f"Age: {', '.join(old)}")
        self._hints[instrument.id] = "\n".join(part for part in parts if part)
        return self._hints[instrument.id]


def arrow(change: int) -> str:
    """The sign of a change a second time, for those who do not see its colour."""
    return "▲ " if change > 0 else "▼ " if change < 0 else ""


def _spread(value: float, row: Instrument) -> str:
    return "unknown" if math.isnan(value) else formats.change(int(value), row).lstrip("+")


def _with_quality(
    values: list[int | None], quality: npt.NDArray[np.uint8], age_ns: npt.NDArray[np.int64]
) -> list[tuple[int, int] | None]:
    """Ages with the quality that they are of: the quote's own age where something is wrong with it."""
    tenths = age_ns // (NS_PER_S // 10)
    shown = np.where(tenths < 100, tenths - tenths % 5, tenths - tenths % 10)
    return [
        None if value is None else (value if kind in _SOUND or value == CLOSED_AGE else int(own), kind)
        for value, kind, own in zip(values, quality.tolist(), shown.tolist(), strict=True)
    ]


def _age(value: tuple[int, int], _row: Instrument) -> str:
    tenths, quality = value
    if tenths == CLOSED_AGE:
        return "closed"
    word = "" if quality in _SOUND else quality_word(Quality(quality))
    return f"{word} {ages.age(tenths * (NS_PER_S // 10))}".strip()


_TEXTS: dict[str, Callable[[Any, Instrument], str]] = {
    "name": lambda value, _row: value or formats.MISSING,
    "trend": lambda _value, _row: "",
    "change": lambda value, row: arrow(value) + formats.change(value, row),
    "change_pct": lambda value, _row: formats.percent(value),
    "vwap_pct": lambda value, _row: formats.percent(value),
    "spread": _spread,
    "spread_bp": lambda value, _row: formats.ratio(value, 1),
    "range": lambda value, _row: f"{value * 100:.0f}%",
    "age": _age,
    "bid_size": formats.quantity,
    "ask_size": formats.quantity,
    "volume": formats.quantity,
    "open_interest": lambda value, _row: formats.size(value),
}
"""How a column's values are written, where they are no prices."""


def _haystack(row: Instrument) -> str:
    return f"{row.label} {row.symbol} {row.name}".casefold()


def _tones(quotes: Rows, quality: npt.NDArray[np.uint8], closed: npt.NDArray[np.bool_]) -> dict[str, list[str]]:
    bad = np.isin(quality, _WRONG)
    price = ["warn" if b else "text1" if c else "" for b, c in zip(bad.tolist(), closed.tolist(), strict=True)]
    trades_only = (quotes["quality"] == Quality.NONE) & (quotes["last_px"] != ABSENT_PX)
    spread = ["text1" if only else tone for only, tone in zip(trades_only.tolist(), price, strict=True)]
    last = ["text1" if c else "" for c in closed.tolist()]
    return {"bid": price, "ask": price, "spread": spread, "last": last}
