"""The watchlist: prices, net change from the prior close, age."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.app import ages, formats
from terminal.app.market_port import Market, Rows
from terminal.app.views.freshness import FeedPulse
from terminal.app.views.quality import quality_words
from terminal.app.views.table_rows import TableRows, present
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Instrument, InstrumentKind, InstrumentTable, UnknownInstrumentError
from terminal.core.messages import Phase
from terminal.core.money import ABSENT_PX
from terminal.market.rows import Quality

UNKNOWN = math.nan
"""The spread of a symbol that trades without quotes; not a number, so that sorting puts it last."""
CLOSED_AGE = -1
"""The age of a value of a closed market."""
_HINTS_EVERY_NS = NS_PER_S


class WatchlistView:
    """Rows of instruments, read as arrays. UI thread only."""

    def __init__(self, table: InstrumentTable, market: Market) -> None:
        self._table = table
        self._market = market
        self._rows: list[Instrument] = []
        self._hints: list[str] = []
        self._hinted_ns = -1

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The instruments in the order that the person gave them."""
        return tuple(self._rows)

    def symbols(self) -> list[str]:
        """The symbols, for the settings."""
        return [row.symbol for row in self._rows]

    def set_symbols(self, symbols: Iterable[str]) -> list[str]:
        """Shows ``symbols``; gives those that this market does not have."""
        unknown = []
        self._rows = []
        for symbol in symbols:
            try:
                self.add(self._table.find(symbol).id)
            except UnknownInstrumentError:
                unknown.append(symbol)
        return unknown

    def add(self, instrument: int) -> bool:
        """Adds an instrument at the end; False when it is there already."""
        if any(row.id == instrument for row in self._rows):
            return False
        self._rows.append(self._table.get(instrument))
        return True

    def remove(self, instrument: int) -> None:
        """Takes an instrument away; nothing happens when it is not there."""
        self._rows = [row for row in self._rows if row.id != instrument]

    def move(self, instrument: int, by: int) -> None:
        """Moves an instrument up (negative) or down."""
        places = [place for place, row in enumerate(self._rows) if row.id == instrument]
        if places:
            row = self._rows.pop(places[0])
            self._rows.insert(min(max(0, places[0] + by), len(self._rows)), row)

    def rows(self, now_ns: int, pulse: FeedPulse) -> TableRows:
        """The rows as they are now. Prices are integers at the instrument's scale, ``change_pct`` is a ratio."""
        if not self._rows:
            return TableRows([])
        quotes = self._market.read(np.array([row.id for row in self._rows], np.int32))
        closed = (quotes["phase"] == Phase.CLOSED) & (quotes["ts_ns"] != 0)
        stale = (quotes["ts_ns"] != 0) & ~closed & pulse.is_silent
        count = len(self._rows)
        if len(self._hints) != count or now_ns // _HINTS_EVERY_NS != self._hinted_ns:
            self._hinted_ns = now_ns // _HINTS_EVERY_NS
            self._hints = [self._hint(i, quotes[i], now_ns) for i in range(count)]
        return TableRows(
            [row.id for row in self._rows],
            self._values(quotes, now_ns),
            stale.tolist(),
            self._tones(quotes, closed),
            tips=dict.fromkeys(("symbol", "last", "bid", "ask", "spread", "age"), self._hints),
        )

    def text(self, column: str, value: Any, instrument: Hashable) -> str:
        """What a cell shows for a value of :meth:`rows`."""
        row = self._table.get(int(str(instrument)))
        if column == "symbol":
            return row.label
        if value is None:
            return formats.MISSING
        if column == "change":
            return arrow(value) + formats.change(value, row)
        if column == "change_pct":
            return formats.percent(value)
        if column == "spread":
            return "unknown" if math.isnan(value) else formats.change(value, row).lstrip("+")
        if column == "age":
            return "closed" if value == CLOSED_AGE else ages.age(value * (NS_PER_S // 10))
        if column in {"bid_size", "ask_size", "volume"}:
            return formats.size(value)
        return formats.price(value, row)

    def _values(self, quotes: Rows, now_ns: int) -> dict[str, list[Any]]:
        has_bid, has_ask = quotes["bid_px"] != ABSENT_PX, quotes["ask_px"] != ABSENT_PX
        has_last, has_close = quotes["last_px"] != ABSENT_PX, quotes["prior_close_px"] != ABSENT_PX
        tradable = np.array([row.is_tradable for row in self._rows])
        counted = has_last & np.array([row.kind is not InstrumentKind.INDEX for row in self._rows])
        values = {
            f"{name}": present(quotes[f"{name}_px"], quotes[f"{name}_px"] != ABSENT_PX)
            for name in ("last", "bid", "ask", "high", "low")
        }
        values["symbol"] = [row.symbol for row in self._rows]
        values["bid_size"] = present(quotes["bid_size"], has_bid)
        values["ask_size"] = present(quotes["ask_size"], has_ask)
        values["change"] = present(quotes["last_px"] - quotes["prior_close_px"], has_last & has_close)
        values["change_pct"] = [
            None if change is None or not close else change / close
            for change, close in zip(values["change"], quotes["prior_close_px"].tolist(), strict=True)
        ]
        spread = present(np.where(has_bid & has_ask, quotes["ask_px"] - quotes["bid_px"], 0), has_bid & has_ask)
        unknown = (~has_bid & ~has_ask & has_last & tradable).tolist()
        values["spread"] = [UNKNOWN if u else value for value, u in zip(spread, unknown, strict=True)]
        values["volume"] = present(quotes["volume"], counted)
        values["age"] = present(_ages(quotes, now_ns), quotes["ts_ns"] != 0)
        return values

    def _tones(self, quotes: Rows, closed: npt.NDArray[np.bool_]) -> dict[str, list[str]]:
        bad = (quotes["quality"] == Quality.CROSSED) | (quotes["quality"] == Quality.ZERO)
        price = ["warn" if b else "text1" if c else "" for b, c in zip(bad.tolist(), closed.tolist(), strict=True)]
        trades_only = (quotes["quality"] == Quality.NONE) & (quotes["last_px"] != ABSENT_PX)
        spread = ["text1" if only else tone for only, tone in zip(trades_only.tolist(), price, strict=True)]
        last = ["text1" if c else "" for c in closed.tolist()]
        return {"bid": price, "ask": price, "spread": spread, "last": last}

    def _hint(self, place: int, quote: Any, now_ns: int) -> str:
        instrument, quality = self._rows[place], Quality(int(quote["quality"]))
        parts = [instrument.name or instrument.label]
        if quality is not Quality.NONE:
            parts.append(quality_words(quality))
        elif instrument.is_tradable and quote["last_px"] != ABSENT_PX:
            parts.append("Trades only: without quotes the spread is unknown, and the last trade stands for the price.")
        if quote["phase"] == Phase.CLOSED and quote["ts_ns"]:
            parts.append("The market is closed: these are the day's last values.")
        if quote["ts_ns"]:
            ts_ns = int(quote["ts_ns"])
            parts.append(f"Last message {ages.time_of_day(ts_ns)}, {ages.age(now_ns - ts_ns)} ago")
        return "\n".join(part for part in parts if part)


def arrow(change: int) -> str:
    """The sign of a change a second time, for those who do not see its colour."""
    return "▲ " if change > 0 else "▼ " if change < 0 else ""


def _ages(quotes: Rows, now_ns: int) -> npt.NDArray[np.int64]:
    """Ages in tenths of a second at the steps of the screen: halves of a second below ten, then whole seconds."""
    tenths = np.maximum(0, now_ns - quotes["ts_ns"]) // (NS_PER_S // 10)
    shown = np.where(tenths < 100, tenths - tenths % 5, tenths - tenths % 10)
    return np.where(quotes["phase"] == Phase.CLOSED, CLOSED_AGE, shown).astype(np.int64)
