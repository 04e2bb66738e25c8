"""The stretch of time and price that a heatmap shows, and where instants and prices lie on its pixels.

Time runs in columns, price in rows; both are numbered from zero of their axis, so that a column or row keeps its number
when the picture moves.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.app.views.heatmap_scale import PRICE_ZOOMS, TIME_ZOOMS, PriceZoom, TimeZoom

DEFAULT_SPAN_NS = 180 * 1_000_000_000
_CALM = 0.22
"""The price window stays while the market is within this share of its height around the middle."""
_ROOMY = 1.9
"""A zoom of prices stays while it shows at most so many times what it should."""
_EASE = 4
"""Each frame goes this part of the way to the middle."""


class HeatmapWindow:
    """Zooms, place in time (live or frozen) and place in price. Pixels are those of the plot, y downwards."""

    def __init__(self, step_ns: int) -> None:
        self.step_ns = step_ns
        """Market time between two samples."""
        self.now_ns = 0
        self.tick = 1
        self.low_row = 0
        self.width = self.height = 0
        self.time_zoom: TimeZoom = TIME_ZOOMS[8]
        self.price_zoom: PriceZoom = PRICE_ZOOMS[11]
        self.follows_price = True
        self.is_dragged = False
        """While a mouse drags, nothing else moves the prices."""
        self._frozen_end: int | None = None
        self._is_centring = False
        self.time_is_chosen = self.price_is_chosen = False
        """Whether a person has zoomed time, or prices."""

    def resize(self, width: int, height: int) -> None:
        """The plot's pixels; the prices in the middle stay there."""
        if (width, height) == (self.width, self.height):
            return
        middle = self.low_row + self.rows // 2
        self.width, self.height = width, height
        self.low_row = middle - self.rows // 2
        if not self.time_is_chosen:
            self.fit_time()

    def reset(self) -> None:
        """Live, and following the market."""
        self._frozen_end = None
        self.follows_price = True
        self.price_is_chosen = False

    @property
    def columns(self) -> int:
        """Columns in view."""
        return max(1, -(-self.width // self.time_zoom.column_px))

    @property
    def rows(self) -> int:
        """Rows in view, the highest perhaps in part."""
        return max(1, -(-self.height // self.price_zoom.row_px))

    @property
    def column_ns(self) -> int:
        """Market time of a column."""
        return self.step_ns * self.time_zoom.steps

    @property
    def row_px(self) -> int:
        """Price of a row."""
        return self.tick * self.price_zoom.ticks

    @property
    def live_end(self) -> int:
        """The column after that of now."""
        return self.now_ns // self.column_ns + 1

    @property
    def end_column(self) -> int:
        """The first column right of the picture."""
        return self.live_end if self._frozen_end is None else self._frozen_end

    @property
    def is_frozen(self) -> bool:
        """Whether the picture stands while the market goes on."""
        return self._frozen_end is not None

    @property
    def behind_ns(self) -> int:
        """Market time between the picture's right edge and now."""
        return max(0, (self.live_end - self.end_column) * self.column_ns)

    # What a person does.

    def freeze(self) -> None:
        """Stops the picture, or lets it go on."""
        if self._frozen_end is None:
            self._frozen_end = self.live_end
        else:
            self.go_live()

    def go_live(self) -> None:
        """Back to now, with the market in the middle and prices that fit it."""
        self._frozen_end = None
        self.price_is_chosen = False
        self.centre()

    def centre(self) -> None:
        """Puts the market in the middle and follows it again."""
        self.follows_price = self._is_centring = True

    def pan(self, columns: int, rows: int, first_ns: int) -> None:
        """Moves the picture: positive shows what was earlier, and what is dearer; nothing before ``first_ns``."""
        if columns:
            least = min(first_ns // self.column_ns + 1, self.live_end)
            wanted = min(max(self.end_column - columns, least), self.live_end)
            self._frozen_end = None if wanted == self.live_end and columns < 0 else wanted
        if rows:
            self.low_row += rows
            self.follows_price = False

    def choose_time(self, zoom: TimeZoom) -> None:
        """A zoom that a person wants; it stays when the size changes."""
        self.time_zoom, self.time_is_chosen = zoom, True

    def zoom_time(self, steps: int, x: float) -> None:
        """Zooms out (positive) or in; the instant at ``x`` keeps its place when the picture is frozen."""
        place = min(max(0, TIME_ZOOMS.index(self.time_zoom) + steps), len(TIME_ZOOMS) - 1)
        was_ns = self.time_at(x)
        self.choose_time(TIME_ZOOMS[place])
        if self._frozen_end is not None:
            right = was_ns // self.column_ns + 1 + int((self.width - 1 - x) // self.time_zoom.column_px)
            self._frozen_end = min(right, self.live_end)

    def zoom_price(self, steps: int, y: float) -> None:
        """Zooms out (positive) or in; the price at ``y`` keeps its place."""
        place = min(max(0, PRICE_ZOOMS.index(self.price_zoom) + steps), len(PRICE_ZOOMS) - 1)
        px = self.price_at(y)
        self.price_zoom, self.price_is_chosen = PRICE_ZOOMS[place], True
        self.low_row = px // self.row_px - self._rows_below(y)

    # Where things are.

    def x_at(self, ts_ns: int) -> float:
        """Where an instant is."""
        return self.width - (self.end_column - ts_ns / self.column_ns) * self.time_zoom.column_px

    def pixel_at(self, ts_ns: int) -> int:
        """The pixel column of an instant, rounded on the time axis: it moves by whole columns and never by a pixel of
        its own."""
        scale = self.time_zoom.column_px
        on_axis = (2 * ts_ns * scale + self.column_ns) // (2 * self.column_ns)
        return on_axis - self.end_column * scale + self.width

    def y_at(self, px: float) -> float:
        """Where the middle of a price's tick is."""
        return float(self.ys_at(np.float64(px)))

    def ys_at(self, px: npt.NDArray[np.float64] | np.float64) -> npt.NDArray[np.float64] | np.float64:
        """The same of many prices."""
        return self.height - ((px + self.tick / 2) / self.row_px - self.low_row) * self.price_zoom.row_px

    def column_at(self, x: float) -> int:
        """The number of the column at ``x``."""
        return self.end_column + int((x - self.width) // self.time_zoom.column_px)

    def time_at(self, x: float) -> int:
        """Start of the column at ``x``."""
        return self.column_at(x) * self.column_ns

    def row_at(self, y: float) -> int:
        """The number of the row at ``y``."""
        return self.low_row + self._rows_below(y)

    def price_at(self, y: float) -> int:
        """The lowest price of the row at ``y``."""
        return self.row_at(y) * self.row_px

    def _rows_below(self, y: float) -> int:
        return -int(-(self.height - y) // self.price_zoom.row_px) - 1

    # What the market does.

    def fit_time(self) -> None:
        """The zoom that shows about three minutes."""
        span = [abs(self.width // zoom.column_px * zoom.steps * self.step_ns - DEFAULT_SPAN_NS) for zoom in TIME_ZOOMS]
        self.time_zoom = TIME_ZOOMS[int(np.argmin(span))]

    def put_middle(self, middle_px: int) -> None:
        """At once, also in a frozen picture."""
        self.low_row = middle_px // self.row_px - self.rows // 2

    def fit_price(self, middle_px: int, reach_px: int) -> None:
        """The nearest zoom that shows ``reach_px`` on both sides of the middle; one that nearly does so stays."""
        ticks = 2 * max(reach_px, 1) / self.tick
        now = self.height / self.price_zoom.row_px * self.price_zoom.ticks
        if ticks <= now <= ticks * _ROOMY:
            return
        fitting = [zoom for zoom in PRICE_ZOOMS if self.height / zoom.row_px * zoom.ticks >= ticks]
        self.price_zoom = fitting[0] if fitting else PRICE_ZOOMS[-1]
        self.put_middle(middle_px)

    def may_fit_price(self) -> bool:
        """Whether the zoom of prices is the market's to choose: nobody zoomed, dragged or froze the picture."""
        return not (self.price_is_chosen or self.is_dragged or self.is_frozen) and self.follows_price

    def follow(self, middle_px: int) -> None:
        """Keeps the market around the middle, in a few small steps; never under a drag or in a frozen picture."""
        if self.is_dragged or not self.follows_price or self._frozen_end is not None:
            return
        off = middle_px // self.row_px - self.rows // 2 - self.low_row
        if abs(off) > self.rows * _CALM:
            self._is_centring = True
        if self._is_centring:
            step = abs(off) if abs(off) > 2 * self.rows else max(1, abs(off) // _EASE)
            self.low_row += min(step, abs(off)) * (1 if off > 0 else -1)
            self._is_centring = abs(off) > step
