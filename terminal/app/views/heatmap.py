"""The depth heatmap: what rests in each cell of time and price, beside the trades and the book of the moment.

The cells lie in a ring by column: moving on fills only the new columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terminal.app.market_port import Market
from terminal.app.views.book_moment import at_one_moment
from terminal.app.views.depth_samples import DepthSamples
from terminal.app.views.heatmap_kernel import BOOK, paint_columns, put_columns
from terminal.app.views.heatmap_scale import ColourRange
from terminal.app.views.heatmap_window import HeatmapWindow
from terminal.app.views.trade_dots import Dots, TradeDots
from terminal.core.instruments import Instrument
from terminal.market.rows import BookStatus

_BOOK_LEVELS = 400
_DOT_PX, _DOT_ROW_PX = 9, 5
_RANGE_EVERY = 15
"""Frames between two looks at the automatic colour range."""
_ZOOM_EVERY = 30
"""Frames between two looks at whether the zoom of prices still fits."""
_LEAST_REACH_TICKS = 10
_REACH_SHARE = 0.8
"""The zoom that fits has this share of the sampled levels in view, and where the market was in the picture's time."""
_MOST_REACH = 4
"""It follows the market's way no further than so many times the levels' reach."""
_MIDDLE_SOUGHT = 50
"""Samples looked back for one that has both sides."""

Column = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spot:
    """What is under the crosshair. ``status`` is None where nothing was sampled; ``bids`` and ``asks`` are those of the
    last sample of the column, ``most`` the greatest of all its samples, ``bought`` and ``sold`` were traded there."""

    ts_ns: int
    low_px: int
    high_px: int
    status: BookStatus | None
    bids: int
    asks: int
    most: int
    bought: int
    sold: int


@dataclass(frozen=True, slots=True)
class Touch:
    """Best bid and ask as they were told last. ``sequence``: of the book's update; None of a sample, or unnumbered."""

    bid_px: int | None = None
    ask_px: int | None = None
    sequence: int | None = None


class HeatmapView:
    """The heatmap of one instrument. UI thread only."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.samples = DepthSamples(market.depth_history)
        self.window = HeatmapWindow(self.samples.step_ns)
        self.trades = TradeDots(market.prints)
        self.instrument: Instrument | None = None
        self.is_sampled = False
        self.colours = ColourRange()
        self.cells: npt.NDArray[np.int64] = np.zeros((1, 1), np.int64)
        """[ring of columns, rows from the lowest price up]"""
        self.state: npt.NDArray[np.uint8] = np.zeros(1, np.uint8)
        self.image: npt.NDArray[np.uint32] = np.zeros((1, 1), np.uint32)
        """[rows from the highest price down, ring of columns]"""
        self._scratch: Column = np.zeros(1, np.int64)
        self._needs_zoom = True
        self._frames = 0
        self._filled: tuple[object, ...] = ()
        self._range = (0, 0)
        self._settled_to = 0
        self._fresh_from = 0
        self._painted: tuple[object, ...] = ()
        self.touch = Touch()

    def show(self, instrument: Instrument) -> None:
        """Another instrument: live, centred, with a zoom that fits its book."""
        self.instrument = instrument
        self.is_sampled = self.samples.show(instrument.id)
        self.trades.show(instrument.id)
        self.window.reset()
        self._needs_zoom = True
        self.colours = self.colours.automatic()
        self._frames = 0
        self._filled = ()

    @property
    def has_depth(self) -> bool:
        """Whether any book was sampled, good or not."""
        count = self.samples.count
        return bool(count) and bool((self.samples.status[:count] != BookStatus.NONE).any())

    def pan(self, columns: int, rows: int) -> None:
        """Moves the picture: positive shows what was earlier, and what is dearer."""
        first_ns = int(self.samples.ts_ns[0]) if self.samples.count else self.window.now_ns
        left_ns = (self.window.end_column - self.window.columns - columns) * self.window.column_ns
        if columns > 0 and left_ns < first_ns and self.samples.read_all():
            self.samples.pull()
            first_ns = int(self.samples.ts_ns[0])
        self.window.pan(columns, rows, first_ns)

    def centre(self) -> None:
        """Puts the market in the middle: of now, or of a frozen picture's right edge."""
        self.window.centre()
        if self.window.is_frozen:
            at = self.samples.at(self.window.end_column * self.window.column_ns - 1)
            middle = self._middle(at)
            if middle is not None:
                self.window.put_middle(middle)

    def fit_colours(self) -> None:
        """Looks at the sizes in view now, not at its next turn."""
        self.colours = self.colours.follow(self.cells)

    # The picture.

    def refresh(self, now_ns: int) -> None:
        """Reads what is new and moves the picture on."""
        if self.instrument is None:
            return
        self.samples.pull()
        self.trades.pull()
        samples, window = self.samples, self.window
        window.now_ns = max(now_ns, int(samples.ts_ns[-1])) if samples.count else now_ns
        middle = self._middle(samples.count - 1)
        if middle is not None and window.height > 0:
            if self._needs_zoom or (self._frames % _ZOOM_EVERY == 0 and window.may_fit_price()):
                self._fit(middle)
            window.follow(middle)
        self._fill()
        if self._frames % _RANGE_EVERY == 0:
            self.fit_colours()
        self._frames += 1

    def paint(self, palette: npt.NDArray[np.uint32]) -> int:
        """Colours the columns that are not coloured yet into ``image``; ``palette[0]`` is the ground. Gives the first
        of them: from it on the picture may be different, before it is as it was."""
        first, end = self._range
        look = (self.colours, palette.tobytes(), self._filled)
        if look == self._painted:
            first = max(first, self._fresh_from)
        self._painted, self._fresh_from = look, end
        colours = self.colours
        paint_columns(
            first, end - first, self.cells, self.state, colours.low, colours.high, colours.is_log, palette, self.image
        )
        return first

    @property
    def look(self) -> tuple[object, ...]:
        """What the picture of cells and trades is made of: it is different only when this is."""
        window = self.window
        return (self._filled, self._range, self.samples.count, self.trades.revision, self.colours, window.time_zoom,
                window.width, window.height)  # fmt: skip

    def best_now(self) -> tuple[int | None, int | None]:
        """Best bid and ask of now, or at the right edge of a frozen picture; None where there is none to believe."""
        if self.instrument is not None and not self.window.is_frozen and self.status().is_good:
            book, number = self._market.book, self.instrument.id
            sides, sequence = at_one_moment(book, number, lambda: book.read(number, 1))
            bid, ask = (int(side["px"][0]) if len(side) else None for side in sides)
            self.touch = Touch(bid, ask, sequence)
            return bid, ask
        bid_px, ask_px, has_bid, has_ask = self.best()
        self.touch = Touch(int(bid_px[-1]) if has_bid[-1] else None, int(ask_px[-1]) if has_ask[-1] else None)
        return self.touch.bid_px, self.touch.ask_px

    def states(self) -> npt.NDArray[np.uint8]:
        """What each column in view is, from the left."""
        end = self.window.end_column
        return self.state[np.arange(end - self.window.columns, end) % len(self.state)]

    def best(self, skipped: int = 0) -> tuple[Column, Column, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Best bid and ask at the end of each column in view, and where there is one; none where the book is lost.
        ``skipped``: columns at the left that are left out."""
        samples, window = self.samples, self.window
        if not samples.count:
            nothing, no = np.zeros(window.columns - skipped, np.int64), np.zeros(window.columns - skipped, np.bool_)
            return nothing, nothing, no, no
        edges = np.arange(window.end_column - window.columns + skipped + 1, window.end_column + 1) * window.column_ns
        place = np.maximum(0, np.searchsorted(samples.ts_ns, edges) - 1)
        shown = (self.states()[skipped:] == BOOK) & (samples.status[place] == BookStatus.OK)
        has = (samples.used[place] > 0) & shown[:, None]
        return samples.px[place, 0, 0], samples.px[place, 1, 0], has[:, 0], has[:, 1]

    def dots(self, before: int = 0) -> Dots:
        """Trades in view, and of so many stretches of time ``before``; see ``dot_ns`` and ``dot_px`` for their
        steps."""
        window = self.window
        first_ns = (window.end_column - window.columns) * window.column_ns
        first_ns -= before * self.dot_ns
        return self.trades.dots(first_ns, window.end_column * window.column_ns, self.dot_ns, self.dot_px)

    @property
    def dot_ns(self) -> int:
        """Time that one dot gathers: at least some pixels, so that dots can be told apart."""
        return self.window.column_ns * max(1, -(-_DOT_PX // self.window.time_zoom.column_px))

    @property
    def dot_px(self) -> int:
        """Price that one dot gathers."""
        return self.window.row_px * max(1, -(-_DOT_ROW_PX // self.window.price_zoom.row_px))

    def book(self) -> tuple[Column, Column]:
        """Bids and asks by row from the lowest up: of now, or at the right edge of a frozen picture."""
        window = self.window
        if self.instrument is not None and not window.is_frozen:
            bids, asks = self._market.book.read(self.instrument.id, _BOOK_LEVELS)
            return self._by_row(bids["px"], bids["size"]), self._by_row(asks["px"], asks["size"])
        at = self.samples.at(window.end_column * window.column_ns - 1)
        return self._sample_by_row(at, 0), self._sample_by_row(at, 1)

    def status(self) -> BookStatus:
        """Of the newest sample."""
        return BookStatus(int(self.samples.status[self.samples.count - 1])) if self.samples.count else BookStatus.NONE

    def spot(self, x: float, y: float) -> Spot:
        """What rests, and was traded, at a place of the picture."""
        window = self.window
        column, row = window.column_at(x), window.row_at(y)
        start_ns = column * window.column_ns
        at = self.samples.at(start_ns + window.column_ns - 1)
        known = at >= 0 and start_ns <= window.now_ns
        place = row - window.low_row
        inside = known and 0 <= place < window.rows
        trades = self.trades.trades
        first, end = np.searchsorted(trades["ts_ns"], [start_ns, start_ns + window.column_ns])
        here = trades[first:end][trades["px"][first:end] // window.row_px == row]
        return Spot(
            start_ns, row * window.row_px, (row + 1) * window.row_px - window.tick,
            BookStatus(int(self.samples.status[at])) if known else None,
            int(self._sample_by_row(at, 0)[place]) if inside else 0,
            int(self._sample_by_row(at, 1)[place]) if inside else 0,
            int(self.cells[column % len(self.cells), place]) if inside else 0,
            int(here["size"][here["side"] > 0].sum()), int(here["size"][here["side"] < 0].sum()),
        )  # fmt: skip

    # Inside.

    def _by_row(self, px: Column, size: Column) -> Column:
        window = self.window
        rows = px // window.row_px - window.low_row
        inside = (rows >= 0) & (rows < window.rows)
        found = np.zeros(window.rows, np.int64)
        np.add.at(found, rows[inside], size[inside])
        return found

    def _sample_by_row(self, at: int, side: int) -> Column:
        if at < 0:
            return np.zeros(self.window.rows, np.int64)
        used = int(self.samples.used[at, side])
        return self._by_row(self.samples.px[at, side, :used], self.samples.size[at, side, :used])

    def _middle(self, last: int) -> int | None:
        """The market's middle in the newest sample up to one that has both sides."""
        for place in range(last, max(-1, last - _MIDDLE_SOUGHT), -1):
            if self.samples.used[place].all():
                return int(self.samples.px[place, :, 0].sum()) // 2
        return None

    def _fit(self, middle: int) -> None:
        if self.instrument is None:
            return
        window, samples = self.window, self.samples
        window.tick = self.instrument.tick_class.table.increment(middle)
        reach = _LEAST_REACH_TICKS * window.tick
        for side in (0, 1):
            used = int(samples.used[samples.count - 1, side])
            if used:
                outer = int(samples.px[samples.count - 1, side, int((used - 1) * _REACH_SHARE)])
                reach = max(reach, abs(outer - middle))
        seen = slice(max(0, samples.at((window.end_column - window.columns) * window.column_ns)), samples.count)
        both = samples.used[seen].all(axis=1)
        if both.any():
            way = np.abs(samples.px[seen, :, 0][both].mean(axis=1) - middle).max()
            reach = max(reach, min(int(way * 1.1), _MOST_REACH * reach))
        window.fit_price(middle, reach)
        self._needs_zoom = False

    def _fill(self) -> None:
        """Fills the columns in view that are not filled yet, or that have new samples."""
        window = self.window
        width, rows = window.columns + 1, window.rows
        if self.cells.shape != (width, rows):
            self.cells, self.state = np.zeros((width, rows), np.int64), np.zeros(width, np.uint8)
            self.image, self._scratch = np.zeros((rows, width), np.uint32), np.zeros(rows, np.int64)
        end = window.end_column
        first = end - window.columns
        key = (window.row_px, window.low_row, width, rows, window.column_ns, self.samples.version)
        had_first, had_end = self._range
        if key != self._filled or first >= had_end or end <= had_first:
            had_first = had_end = first
        else:
            # From the newest sample drawn on, what stands in the columns may still change.
            had_end = min(had_end, self._settled_to)
        self._filled = key
        if first < had_first:
            self._put(first, min(had_first, end))
            self._painted = ()
        fresh = max(had_end, first)
        if fresh < end:
            self._put(fresh, end)
            self._fresh_from = min(self._fresh_from, fresh)
        self._range = (first, end)
        self._settled_to = int(self.samples.ts_ns[-1]) // window.column_ns if self.samples.count else 0

    def _put(self, first: int, end: int) -> None:
        samples, window = self.samples, self.window
        edges = np.arange(first, end + 1) * window.column_ns
        places = np.searchsorted(samples.ts_ns, edges).astype(np.int64)
        start, after = places[:-1], places[1:]
        # A column without a sample of its own shows the book that still stands.
        stands = start == after
        start = np.where(stands, start - 1, start)
        after = np.where(stands, start + 1, after)
        start[edges[:-1] > window.now_ns] = -1
        put_columns(
            first, start, after, samples.status, samples.used, samples.px, samples.size, window.row_px,
            window.low_row, self.cells, self.state, self._scratch,
        )  # fmt: skip
