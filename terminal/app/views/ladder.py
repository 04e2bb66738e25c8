"""The price ladder: prices around a centre, sizes on both sides, what traded, own orders and the open position."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from terminal.app import ages
from terminal.app.market_port import Market, Rows
from terminal.app.ports import OrderRow, PositionRow
from terminal.app.views.book_moment import at_one_moment
from terminal.app.views.freshness import FeedPulse
from terminal.app.views.ladder_axis import PriceAxis, row_of
from terminal.app.views.ladder_book import BookWindow, read_book
from terminal.app.views.ladder_flow import LadderFlow
from terminal.app.views.ladder_queue import QueueWatch
from terminal.app.views.ladder_rows import Column, LadderRows, OpenPosition, OwnOrder, empty_rows
from terminal.app.views.quality import QuoteState, quote_state
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Instrument
from terminal.core.money import ABSENT_PX, MONEY_SCALE
from terminal.core.orders import OrderState, Side
from terminal.market.rows import BookStatus, Quality

_NEAR, _DENSE = 6, 4
"""Levels of each side that should be in view, and up to how many ticks for each of them a book counts as dense."""
PAST_NOTE = "Own orders are of now: see Orders."
_WORTH_SAYING_NS = 10 * NS_PER_S
_DOUBTS = {
    BookStatus.BUILDING: "BUILDING: levels may be missing",
    BookStatus.GAP: "GAP: updates were lost, wrong until the next snapshot",
    BookStatus.CROSSED: "CROSSED: the best bid is above the best ask",
}


class LadderView:
    """The ladder of one instrument. Rows never move under the pointer, see :class:`PriceAxis`. UI thread only."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.instrument: Instrument | None = None
        self.axis = PriceAxis()
        self._flow = LadderFlow()
        self._queues = QueueWatch()
        self._vwap_of: tuple[int, ...] = ()
        self._vwap = ABSENT_PX

    def show(self, instrument: Instrument) -> None:
        """Another instrument: the ladder centres on it."""
        self.instrument = instrument
        self.axis.show(instrument)
        self._flow.start_again()
        self._queues.start_again()

    def picture(
        self,
        count: int,
        orders: Iterable[OrderRow],
        pulse: FeedPulse,
        *,
        now_ns: int = 0,
        positions: Sequence[PositionRow] = (),
        is_past: bool = False,
    ) -> LadderRows:
        """``count`` rows as they are now; ``now_ns``: market time, by which trades fade.

        ``is_past``: the market is that of an earlier moment, to which own orders and positions do not belong.
        """
        instrument = self.instrument
        if instrument is None or count <= 0:
            return empty_rows(0, "Choose a symbol.")
        quote = self._market.read(np.array([instrument.id], np.int32))[0]
        bids, asks = self._market.book.read(instrument.id, _NEAR)
        middle = _middle(quote, bids, asks)
        new = self._flow.read(self._market.prints, instrument.id)
        if middle is None:
            self.axis.centre()
            return empty_rows(0, "Waiting for the first price of the day.")
        rows = empty_rows(count)
        rows.prices = self.axis.place(middle, _spread_px(quote), count, _reach_px(bids, asks, instrument, middle))
        book, status, sequence = self._book(instrument, rows.prices)
        rows.waits = self.axis.waits
        rows.away = int(middle >= rows.prices[0] + self.axis.height_px(middle)) - int(middle < rows.prices[-1])
        rows.has_depth = len(bids) > 0 or len(asks) > 0
        if rows.has_depth:
            _put_book(rows, book)
            rows.status, rows.sequence = status, sequence
        else:
            self._put_top(rows, quote)
        self._judge(rows, quote, pulse, max(now_ns, int(quote["ts_ns"])))
        self._mark(rows, quote, instrument)
        self._put_flow(rows, instrument, max(now_ns, int(quote["ts_ns"])))
        if is_past:
            rows.note = PAST_NOTE
            return rows
        mine = [each for each in orders if each.instrument == instrument.id and not each.state.is_terminal]
        self._queues.follow(mine, new, lambda side, px: _size_at(book, quote, side, px, has_depth=rows.has_depth))
        self._put_own(rows, mine)
        self._put_position(rows, instrument, positions)
        return rows

    def row_of(self, rows: LadderRows, px: int, side: Side) -> int:
        """The row that shows a price, -1 when it is off the screen.

        Between two rows a bid stands at the lower and an ask at the higher, so that no side looks better than it is.
        """
        return int(row_of(rows.prices, np.array([px], np.int64), up=side is Side.SELL)[0])

    def _book(self, instrument: Instrument, prices: Column) -> tuple[BookWindow, BookStatus, int | None]:
        """Book, its status and the sequence of its update, of one moment."""
        book, even = self._market.book, self.axis.is_even(prices)

        def read() -> tuple[BookWindow, BookStatus]:
            return read_book(book, instrument, prices, even=even), book.status(instrument.id)

        (window, status), sequence = at_one_moment(book, instrument.id, read)
        return window, status, sequence

    def _put_top(self, rows: LadderRows, quote: np.void) -> None:
        for name, sizes, sums in (("bid", rows.bids, rows.bid_sums), ("ask", rows.asks, rows.ask_sums)):
            px, size = int(quote[f"{name}_px"]), int(quote[f"{name}_size"])
            row = self.row_of(rows, px, Side.BUY if name == "bid" else Side.SELL)
            if px != ABSENT_PX and row >= 0 and size > 0:
                sizes[row] = sums[row] = size
        rows.best_bid_px, rows.best_ask_px = int(quote["bid_px"]), int(quote["ask_px"])

    def _judge(self, rows: LadderRows, quote: np.void, pulse: FeedPulse, now_ns: int) -> None:
        """What may be believed, and in which words not."""
        state = quote_state(quote, now_ns, is_silent=pulse.is_silent)
        rows.is_closed = state.is_closed
        rows.is_stale = not state.is_closed and bool(quote["ts_ns"]) and pulse.is_silent
        rows.note = _note(state, rows.has_depth)
        known = ABSENT_PX not in {rows.best_bid_px, rows.best_ask_px}
        if known and rows.best_bid_px > rows.best_ask_px:
            # Of the very picture, whatever the state says a moment later.
            rows.status = BookStatus.CROSSED
        rows.warning = _DOUBTS.get(rows.status, "")
        if not rows.warning and rows.is_stale:
            age = "" if state.age_ns is None else f", unchanged for {ages.age(state.age_ns)}"
            rows.warning = f"STALE: the feed is silent{age}"

    def _mark(self, rows: LadderRows, quote: np.void, instrument: Instrument) -> None:
        rows.last_px = int(quote["last_px"])
        day = (int(quote["open_px"]), int(quote["high_px"]), int(quote["low_px"]), self._vwap_px(quote, instrument))
        places = row_of(rows.prices, np.array((rows.best_bid_px, rows.last_px, *day), np.int64)).tolist()
        rows.best_bid, rows.last = places[0], places[1]
        rows.best_ask = self.row_of(rows, rows.best_ask_px, Side.SELL)
        rows.last_size, rows.aggressor = int(quote["last_size"]), int(quote["aggressor"])
        rows.last_tick = self._flow.last_tick
        found = zip("OHLV", day, places[2:], strict=True)
        rows.marks = tuple((letter, row) for letter, px, row in found if px != ABSENT_PX and row >= 0)

    def _vwap_px(self, quote: np.void, instrument: Instrument) -> int:
        """Reckoned again when something has traded: between two trades a book changes a thousand times."""
        traded = (instrument.id, int(quote["volume"]), int(quote["last_ts_ns"]), int(quote["last_px"]))
        if traded != self._vwap_of:
            vwap = float(self._market.statistics.read(np.array([instrument.id], np.int32))["vwap_px"][0])
            self._vwap_of, self._vwap = traded, ABSENT_PX if np.isnan(vwap) else round(vwap)
        return self._vwap

    def _put_flow(self, rows: LadderRows, instrument: Instrument, now_ns: int) -> None:
        low_px, step_px, *volumes = self._market.volume_at_price.read(instrument.id)
        where = row_of(rows.prices, low_px + step_px * np.arange(len(volumes[0]), dtype=np.int64))
        on = where >= 0
        bought, sold, unsided = volumes
        for sizes, target in ((bought, rows.bought), (sold, rows.sold), (bought + sold + unsided, rows.traded)):
            np.add.at(target, where[on], sizes[on])
        prices, counts = self._flow.trades_at()
        where = row_of(rows.prices, prices)
        np.add.at(rows.trades, where[where >= 0], counts[where >= 0])
        recent = self._flow.recent(now_ns)
        where = row_of(rows.prices, recent.prices)
        # Oldest first, so that of the prices in one row the newest gives side and fade.
        for place in np.argsort(-recent.fades, kind="stable").tolist():
            row, side = int(where[place]), int(recent.sides[place])
            if row >= 0:
                same = rows.fade[row] and rows.recent_side[row] == side
                rows.recent[row] = recent.sizes[place] + (rows.recent[row] if same else 0)
                rows.recent_side[row], rows.fade[row] = side, recent.fades[place]

    def _put_own(self, rows: LadderRows, mine: list[OrderRow]) -> None:
        for order in mine:
            if order.limit_px is None:
                continue
            row = self.row_of(rows, order.limit_px, order.side)
            if row < 0:
                continue
            sure = order.state in {OrderState.WORKING, OrderState.PARTIALLY_FILLED}
            ahead, is_exact = self._queues.ahead(order, self._market.orders)
            left = order.quantity - order.filled
            rows.own[row].append(OwnOrder(order.order_id, order.side, order.limit_px, left, sure, ahead, is_exact))

    def _put_position(self, rows: LadderRows, instrument: Instrument, positions: Sequence[PositionRow]) -> None:
        held = next((each for each in positions if each.instrument == instrument.id and each.quantity), None)
        if held is None:
            return
        gained_px = (rows.prices - held.average_px) * (1 if held.quantity > 0 else -1)
        tick_px = instrument.tick_class.table.increment(held.average_px)
        money = gained_px * abs(held.quantity) * instrument.multiplier * MONEY_SCALE // instrument.price_scale
        row = self.row_of(rows, held.average_px, Side.BUY)
        rows.position = OpenPosition(held.quantity, held.average_px, row, gained_px // tick_px, money)


def _put_book(rows: LadderRows, book: BookWindow) -> None:
    rows.bids, rows.asks = book.bids, book.asks
    rows.bid_sums, rows.ask_sums = book.bid_sums, book.ask_sums
    rows.best_bid_px, rows.best_ask_px = book.best_bid_px, book.best_ask_px


def _middle(quote: np.void, bids: Rows, asks: Rows) -> int | None:
    if len(bids) and len(asks):
        return (int(bids["px"][0]) + int(asks["px"][0])) // 2
    if quote["quality"] in {Quality.OK, Quality.LOCKED, Quality.CROSSED}:
        return (int(quote["bid_px"]) + int(quote["ask_px"])) // 2
    for name in ("last_px", "bid_px", "ask_px", "prior_close_px"):
        if quote[name] != ABSENT_PX:
            return int(quote[name])
    return int(bids["px"][0]) if len(bids) else int(asks["px"][0]) if len(asks) else None


def _spread_px(quote: np.void) -> int:
    """0 where it is unknown."""
    if quote["quality"] in {Quality.OK, Quality.CROSSED}:
        return abs(int(quote["ask_px"]) - int(quote["bid_px"]))
    return 0


def _reach_px(bids: Rows, asks: Rows, instrument: Instrument, middle: int) -> int:
    """Between the levels near the touch that should be in view; 0 where the book is dense, as most stocks' is."""
    if len(bids) < _NEAR or len(asks) < _NEAR:
        return 0
    reach_px = int(asks["px"][-1]) - int(bids["px"][-1])
    return reach_px if reach_px > _DENSE * _NEAR * instrument.tick_class.table.increment(middle) else 0


def _size_at(book: BookWindow, quote: np.void, side: int, px: int, *, has_depth: bool) -> int | None:
    if has_depth:
        return book.size_at(side, px)
    name = "bid" if side > 0 else "ask"
    return int(quote[f"{name}_size"]) if int(quote[f"{name}_px"]) == px else None


def _note(state: QuoteState, has_depth: bool) -> str:
    if state.is_closed:
        return "Closed: the day's last values."
    if state.quality is Quality.NONE and not has_depth:
        return "No quotes: the last trade only, spread unknown."
    if state.sentence and not state.is_stale:
        return state.sentence
    if state.age_ns is not None and state.age_ns >= _WORTH_SAYING_NS:
        return f"Best bid and ask unchanged for {ages.age(state.age_ns)}."
    return "" if has_depth else "Top of the book only: no depth for this symbol."
