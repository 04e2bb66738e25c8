"""The price ladder: prices around a centre, sizes on both sides, own orders, last trade, volume at price."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from terminal.app.market_port import Market, Rows
from terminal.app.ports import OrderRow
from terminal.app.views.freshness import FeedPulse
from terminal.app.views.quality import quality_words
from terminal.core.instruments import Instrument
from terminal.core.messages import Phase
from terminal.core.money import ABSENT_PX
from terminal.core.orders import OrderState, Side
from terminal.market.rows import Quality

DEPTH_LEVELS = 200
STEPS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)
"""Ticks a row."""
AUTO = 0
"""As many ticks a row as it takes to have both sides of the market in view."""
_MOST_SPREAD, _EASY_SPREAD = 0.6, 0.3
"""Under AUTO: shares of the rows. A spread above the first makes rows coarser, one below the second finer again."""
_EDGE = 0.3
"""When the market comes nearer to the edge than this share of the rows, the ladder centres again."""

Column = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """What is left of a working order of ours at a price."""

    order_id: str
    side: Side
    px: int
    left: int
    is_sure: bool
    """False while a cancel or a send has no answer."""


@dataclass(slots=True)
class LadderRows:
    """One picture, highest price first. Sizes are 0 where there is none.

    ``best_bid`` and ``best_ask`` are row numbers or -1 when off the screen or absent; ``last`` likewise.
    ``note`` says what is missing, in a sentence.
    """

    prices: Column
    bids: Column
    asks: Column
    bid_sums: Column
    ask_sums: Column
    traded: Column
    own: list[list[OwnOrder]] = field(default_factory=list)
    best_bid: int = -1
    best_ask: int = -1
    last: int = -1
    last_size: int = 0
    aggressor: int = 0
    has_depth: bool = False
    is_stale: bool = False
    is_closed: bool = False
    note: str = ""


class LadderView:
    """The ladder of one instrument. Rows never move under the pointer: centring pauses while ``is_held``. UI thread."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.instrument: Instrument | None = None
        self.chosen_step = AUTO
        self.step = 1
        """Ticks a row now."""
        self.is_held = False
        self._top_px: int | None = None
        self._row_count = 0
        self._traded: dict[int, int] = {}
        self._traded_to_ns = 0
        self._open_volume = 0

    def show(self, instrument: Instrument) -> None:
        """Another instrument: the ladder centres on it."""
        self.instrument = instrument
        self._top_px = None
        self._traded = {}
        self._traded_to_ns = 0
        self._open_volume = 0

    def set_step(self, step: int) -> None:
        """Ticks a row, or AUTO; keeps the market in the middle. ValueError below 0."""
        if step < 0:
            raise ValueError(f"a row has at least one tick, was {step}")
        self.chosen_step = step
        self.step = max(1, step)
        self._top_px = None

    def row_px(self, instrument: Instrument, px: int) -> int:
        """Height of a row at ``px``."""
        return instrument.tick_class.table.increment(px) * self.step

    def centre(self) -> None:
        """Puts the market in the middle at the next picture."""
        self._top_px = None

    def scroll(self, rows: int) -> None:
        """Moves the prices by rows; positive shows higher ones."""
        if self.instrument is None or self._top_px is None:
            return
        for _ in range(abs(rows)):
            self._top_px = self._next(self._top_px, 1 if rows > 0 else -1)

    def picture(self, count: int, orders: Iterable[OrderRow], pulse: FeedPulse) -> LadderRows:
        """``count`` rows as they are now."""
        instrument = self.instrument
        if instrument is None or count <= 0:
            return _empty(0, "Choose a symbol.")
        quote = self._market.read(np.array([instrument.id], np.int32))[0]
        bids, asks = self._market.book.read(instrument.id, DEPTH_LEVELS)
        has_depth = bool(len(bids) or len(asks))
        middle = self._middle(quote, bids, asks)
        if middle is None:
            self._top_px = None
            return _empty(0, "Waiting for the first price of the day.")
        self._choose_step(instrument, quote, middle, count)
        self._keep_in_view(middle, count)
        rows = _empty(count, self._note(quote, has_depth))
        rows.prices = self._prices(count)
        rows.has_depth = has_depth
        if has_depth:
            self._put_depth(rows, bids, asks)
        else:
            self._put_top(rows, quote)
        self._mark(rows, quote, bids, asks)
        rows.is_closed = quote["phase"] == Phase.CLOSED and bool(quote["ts_ns"])
        rows.is_stale = pulse.is_silent and not rows.is_closed and bool(quote["ts_ns"])
        self._put_traded(rows, instrument)
        self._put_own(rows, orders)
        return rows

    def row_of(self, rows: LadderRows, px: int, side: Side) -> int:
        """The row that shows a price, -1 when it is off the screen.

        Between two rows a bid stands at the lower and an ask at the higher, so that no side looks better than it is.
        """
        return int(_row_of(rows.prices, np.array([px], np.int64), up=side is Side.SELL)[0])

    def _middle(self, quote: np.void, bids: Rows, asks: Rows) -> int | None:
        if len(bids) and len(asks):
            return (int(bids["px"][0]) + int(asks["px"][0])) // 2
        if quote["quality"] in {Quality.OK, Quality.LOCKED, Quality.CROSSED}:
            return (int(quote["bid_px"]) + int(quote["ask_px"])) // 2
        for name in ("last_px", "bid_px", "ask_px", "prior_close_px"):
            if quote[name] != ABSENT_PX:
                return int(quote[name])
        return None

    def _choose_step(self, instrument: Instrument, quote: np.void, middle: int, count: int) -> None:
        """Under AUTO and not under the pointer: coarser at once when the spread no longer fits, finer with a margin."""
        if self.chosen_step != AUTO or (self.is_held and self._top_px is not None):
            return
        ticks = 0
        if quote["quality"] in {Quality.OK, Quality.CROSSED}:
            ticks = abs(int(quote["ask_px"]) - int(quote["bid_px"])) // instrument.tick_class.table.increment(middle)
        wanted = _step_for(ticks, count * _MOST_SPREAD)
        if wanted < self.step and self._top_px is not None:
            wanted = min(self.step, _step_for(ticks, count * _EASY_SPREAD))
        if wanted != self.step:
            self.step, self._top_px = wanted, None

    def _keep_in_view(self, middle: int, count: int) -> None:
        changed = count != self._row_count
        self._row_count = count
        if self._top_px is None or (changed and not self.is_held):
            self._centre_on(middle, count)
            return
        if self.is_held:
            return
        prices = self._prices(count)
        edge = max(1, int(count * _EDGE))
        if not prices[-edge] <= middle <= prices[edge - 1]:
            self._centre_on(middle, count)

    def _centre_on(self, middle: int, count: int) -> None:
        self._top_px = self._floor(middle)
        for _ in range(count // 2):
            self._top_px = self._next(self._top_px, 1)

    def _floor(self, px: int) -> int:
        instrument = self.instrument
        if instrument is None:
            return px
        return px - px % self.row_px(instrument, px)

    def _next(self, px: int, direction: int) -> int:
        instrument = self.instrument
        if instrument is None:
            return px
        if direction > 0:
            return self._floor(px + self.row_px(instrument, px))
        return self._floor(px - 1)

    def _prices(self, count: int) -> Column:
        prices = np.empty(count, np.int64)
        px = self._top_px or 0
        for row in range(count):
            prices[row] = px
            px = self._next(px, -1)
        return prices

    def _put_depth(self, rows: LadderRows, bids: Rows, asks: Rows) -> None:
        for levels, sizes, sums in ((bids, rows.bids, rows.bid_sums), (asks, rows.asks, rows.ask_sums)):
            if not len(levels):
                continue
            where = _row_of(rows.prices, levels["px"], up=sizes is rows.asks)
            on = where >= 0
            np.add.at(sizes, where[on], levels["size"][on])
            # Levels are sorted from the best outwards, so the sum at a row is that of its furthest level.
            np.maximum.at(sums, where[on], np.cumsum(levels["size"])[on])

    def _put_top(self, rows: LadderRows, quote: np.void) -> None:
        for name, sizes, sums in (("bid", rows.bids, rows.bid_sums), ("ask", rows.asks, rows.ask_sums)):
            px, size = int(quote[f"{name}_px"]), int(quote[f"{name}_size"])
            row = self.row_of(rows, px, Side.BUY if name == "bid" else Side.SELL)
            if px != ABSENT_PX and row >= 0 and size > 0:
                sizes[row] = sums[row] = size

    def _mark(self, rows: LadderRows, quote: np.void, bids: Rows, asks: Rows) -> None:
        best_bid = int(bids["px"][0]) if len(bids) else int(quote["bid_px"])
        best_ask = int(asks["px"][0]) if len(asks) else int(quote["ask_px"])
        rows.best_bid = self.row_of(rows, best_bid, Side.BUY)
        rows.best_ask = self.row_of(rows, best_ask, Side.SELL)
        rows.last = self.row_of(rows, int(quote["last_px"]), Side.BUY)
        rows.last_size, rows.aggressor = int(quote["last_size"]), int(quote["aggressor"])

    def _put_traded(self, rows: LadderRows, instrument: Instrument) -> None:
        self._gather_traded(instrument)
        if not self._traded:
            return
        prices = np.fromiter(self._traded.keys(), np.int64, len(self._traded))
        volumes = np.fromiter(self._traded.values(), np.int64, len(self._traded))
        where = _row_of(rows.prices, prices)
        np.add.at(rows.traded, where[where >= 0], volumes[where >= 0])

    def _gather_traded(self, instrument: Instrument) -> None:
        """Adds the second bars since the last call; the bar that still grows is counted again with each call."""
        most = 1 << 15 if not self._traded_to_ns else 120
        bars = self._market.bars.read(instrument.id, 1, most)
        if not len(bars):
            return
        if self._traded_to_ns:
            if bars["ts_ns"][-1] < self._traded_to_ns:
                self._traded, self._traded_to_ns, self._open_volume = {}, 0, 0
                return
            bars = bars[bars["ts_ns"] >= self._traded_to_ns]
        closes, volumes = bars["close"].tolist(), bars["volume"].tolist()
        if bars["ts_ns"][0] == self._traded_to_ns:
            volumes[0] -= self._open_volume
        for px, volume in zip(closes, volumes, strict=True):
            self._traded[px] = self._traded.get(px, 0) + volume
        self._traded_to_ns = int(bars["ts_ns"][-1])
        self._open_volume = int(bars["volume"][-1])

    def _put_own(self, rows: LadderRows, orders: Iterable[OrderRow]) -> None:
        rows.own = [[] for _ in range(len(rows.prices))]
        if self.instrument is None:
            return
        for order in orders:
            if order.instrument != self.instrument.id or order.state.is_terminal or order.limit_px is None:
                continue
            row = self.row_of(rows, order.limit_px, order.side)
            if row >= 0:
                sure = order.state in {OrderState.WORKING, OrderState.PARTIALLY_FILLED}
                left = order.quantity - order.filled
                rows.own[row].append(OwnOrder(order.order_id, order.side, order.limit_px, left, sure))

    @staticmethod
    def _note(quote: np.void, has_depth: bool) -> str:
        if quote["phase"] == Phase.CLOSED and quote["ts_ns"]:
            return "Closed: the day's last values."
        quality = Quality(int(quote["quality"]))
        if not has_depth and quality is Quality.NONE:
            return "No quotes: the last trade only, spread unknown."
        wrong = quality_words(quality)
        if wrong and not has_depth:
            return wrong
        return "" if has_depth else "Top of the book only: there is no depth for this symbol."


def _step_for(ticks: int, rows: float) -> int:
    """The finest step at which a spread fits into so many rows."""
    return next((step for step in STEPS if ticks <= step * rows), STEPS[-1])


def _row_of(prices: Column, wanted: npt.NDArray[np.int64], *, up: bool = False) -> npt.NDArray[np.int64]:
    """Rows (``prices`` fall) of the highest price at or below each wanted one; with ``up``, of the lowest at or above.

    -1 off either end.
    """
    if not len(prices):
        return np.full(len(wanted), -1, np.int64)
    ascending = prices[::-1]
    if up:
        found = np.searchsorted(ascending, wanted, side="left")
        beyond = wanted <= _next_out(ascending, 0, 1)
        return np.where((found == len(prices)) | beyond, -1, len(prices) - 1 - found)
    found = np.searchsorted(ascending, wanted, side="right") - 1
    beyond = wanted >= _next_out(ascending, -1, -2)
    return np.where((found < 0) | beyond, -1, len(prices) - 1 - found)


def _next_out(ascending: Column, end: int, inner: int) -> int:
    """The price of the row that would come next beyond an end."""
    if len(ascending) == 1:
        return int(ascending[0]) + (1 if end else -1)
    return int(2 * ascending[end] - ascending[inner])


def _empty(count: int, note: str) -> LadderRows:
    bids, asks, bid_sums, ask_sums, traded = (np.zeros(count, np.int64) for _ in range(5))
    own: list[list[OwnOrder]] = [[] for _ in range(count)]
    return LadderRows(np.zeros(count, np.int64), bids, asks, bid_sums, ask_sums, traded, own, note=note)
