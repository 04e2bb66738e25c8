"""What lies over or under the bars, in the coordinates of time and price. A layer paints itself and may take the mouse.

A chart's canvas owns its layers and asks them in the order of ``Z``: paint from the lowest, mouse and keys from the
highest. Layers with ``Z`` below 0 lie under the bars and are painted into the canvas's picture, so they change only
after ``canvas.renew()``; the others are painted with every paint event and must be quick about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter

from terminal.app import formats
from terminal.app.views.chart import ChartView
from terminal.core.instruments import Instrument
from terminal.ui.panels.chart.geometry import Geometry
from terminal.ui.theme.theme import Theme

SNAP_PX = 9.0
"""How near the pointer must be to a bar's open, high, low or close to catch it."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point of the chart that outlives panning, zooming and another time frame: an instant and a price.

    ``ts_ns`` may lie after the newest bar. ``px`` in the instrument's integers, as a float: a line need not lie on a
    tick.
    """

    ts_ns: int
    px: float


@dataclass(frozen=True, slots=True)
class AxisTag:
    """A price that wants to stand on the price axis. ``is_filled``: a block of its colour, else words in a frame.

    ``rank``: of two that would overlap the higher one is shown; the last price has 100.
    """

    px: float
    text: str
    token: str
    is_filled: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True)
class ChartSpace:
    """The chart as it is painted now: data on one side, pixels on the other. Good for one event, not to be kept."""

    view: ChartView
    geometry: Geometry
    theme: Theme
    font: QFont
    instrument: Instrument
    pointer: QPointF | None = None
    """Where the mouse is over the widget, else None."""

    def x_of(self, ts_ns: int) -> float:
        """Pixel column of an instant; the start of a bar stands at the bar's middle."""
        return float(self.geometry.x(self.view.place_at(ts_ns)))

    def y_of(self, px: float) -> float:
        """Pixel row of a price, linear or logarithmic as the axis is."""
        return float(self.geometry.y(px))

    def point_of(self, anchor: Anchor) -> QPointF:
        """Both of an anchor."""
        return QPointF(self.x_of(anchor.ts_ns), self.y_of(anchor.px))

    def ts_of(self, x: float) -> int:
        """The instant at a pixel column."""
        return self.view.ts_at(self.geometry.place(x))

    def px_of(self, y: float) -> float:
        """The price at a pixel row."""
        return self.geometry.price(y)

    def anchor_at(self, point: QPointF) -> Anchor:
        """The point of the chart under a pixel, its price on the nearest tick."""
        px = self.px_of(point.y())
        return Anchor(self.ts_of(point.x()), float(self.instrument.tick_class.table.nearest(round(px))))

    def snapped(self, point: QPointF, within_px: float = SNAP_PX) -> Anchor:
        """The nearest open, high, low or close of the bar under a pixel, if it is near enough; else
        :meth:`anchor_at`, at the bar's start."""
        bars = self.view.shown.rows
        if not len(bars):
            return self.anchor_at(point)
        place = round(self.geometry.place(point.x()))
        plain = self.anchor_at(point)
        if not 0 <= place < len(bars):
            return plain
        bar = bars[place]
        near = min((float(bar[name]) for name in ("open", "high", "low", "close")),
                   key=lambda px: abs(self.y_of(px) - point.y()))  # fmt: skip
        px = near if abs(self.y_of(near) - point.y()) <= within_px else plain.px
        return Anchor(int(bar["ts_ns"]), px)

    def price_text(self, px: float) -> str:
        """A price in the instrument's decimals."""
        return formats.price(round(px), self.instrument)

    def is_over_prices(self, point: QPointF) -> bool:
        """Whether a pixel lies in the pane of prices (and volume)."""
        return self.geometry.price_plot().contains(point.toPoint())


class Layer:
    """Subclass this and give it to ``ChartCanvas.add_layer``. Every method may be left as it is.

    Call :attr:`changed` after the layer has changed by itself, so that it is painted again.
    """

    Z: ClassVar[int] = 0
    """-20 session shading, -10 volume profile; 0 compared symbols, 10 own fills, 20 own orders, 30 drawings, 40 replay
    cursor."""

    def __init__(self) -> None:
        self.changed: Callable[[], None] = _nothing
        """Set by the canvas: asks for a paint."""

    def paint(self, painter: QPainter, space: ChartSpace) -> None:
        """Paints, clipped to the pane of prices; leaves pen, brush and hints to the next as it likes."""

    def axis_tags(self, space: ChartSpace) -> Sequence[AxisTag]:
        """Prices for the price axis."""
        return ()

    def price_range(self, first: int, last: int) -> tuple[float, float] | None:
        """Lowest and highest price that should be in view while the bars ``first`` to ``last`` are; None for no wish.

        Only what belongs to those bars: the automatic scale grows to hold it.
        """
        return None

    def hover(self, point: QPointF, space: ChartSpace) -> Qt.CursorShape | None:
        """The mouse is at ``point``: the cursor to show when something of this layer lies there (the first layer that
        answers wins), else None. Called with every move, also to light up what is under the pointer."""
        return None

    def unhover(self) -> None:
        """The mouse has left, or another layer lies under it."""

    def press(self, event: QMouseEvent, space: ChartSpace) -> bool:
        """A button went down: True takes the mouse until it is released, and the chart does not pan."""
        return False

    def move(self, event: QMouseEvent, space: ChartSpace) -> None:
        """The mouse moves while this layer has it."""

    def release(self, event: QMouseEvent, space: ChartSpace) -> None:
        """The button that this layer took went up."""

    def double_click(self, event: QMouseEvent, space: ChartSpace) -> bool:
        """True when it was meant for this layer; else the chart goes back to the newest bar."""
        return False

    def key(self, event: QKeyEvent, space: ChartSpace) -> bool:
        """A key that no command has: True when this layer took it (Escape, Delete...)."""
        return False


def _nothing() -> None:
    return None


class LayerStack:
    """The layers of a canvas in their order."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._layers: list[Layer] = []
        self._holder: Layer | None = None
        self._hovered: Layer | None = None

    def add(self, layer: Layer) -> None:
        """Adds a layer; of two with the same ``Z`` the later one lies above."""
        layer.changed = self._changed
        self._layers.append(layer)
        self._layers.sort(key=lambda each: each.Z)

    def remove(self, layer: Layer) -> None:
        """Takes a layer away."""
        self._layers.remove(layer)
        self._holder = None if self._holder is layer else self._holder
        self._hovered = None if self._hovered is layer else self._hovered
        layer.changed = _nothing

    @property
    def below(self) -> list[Layer]:
        """Those under the bars, lowest first."""
        return [each for each in self._layers if each.Z < 0]

    @property
    def above(self) -> list[Layer]:
        """Those over the bars, lowest first."""
        return [each for each in self._layers if each.Z >= 0]

    @property
    def is_held(self) -> bool:
        """Whether a layer has the mouse."""
        return self._holder is not None

    def press(self, event: QMouseEvent, space: ChartSpace) -> bool:
        """Offers a press from the top; True when a layer has taken the mouse."""
        self._holder = next((each for each in reversed(self._layers) if each.press(event, space)), None)
        return self._holder is not None

    def move(self, event: QMouseEvent, space: ChartSpace) -> None:
        """To the layer that has the mouse."""
        if self._holder is not None:
            self._holder.move(event, space)

    def release(self, event: QMouseEvent, space: ChartSpace) -> None:
        """Ends what :meth:`press` began."""
        holder, self._holder = self._holder, None
        if holder is not None:
            holder.release(event, space)

    def double_click(self, event: QMouseEvent, space: ChartSpace) -> bool:
        """Offers it from the top."""
        return any(each.double_click(event, space) for each in reversed(self._layers))

    def key(self, event: QKeyEvent, space: ChartSpace) -> bool:
        """Offers it from the top."""
        return any(each.key(event, space) for each in reversed(self._layers))

    def hover(self, point: QPointF, space: ChartSpace) -> Qt.CursorShape | None:
        """The cursor of the topmost layer that has something at ``point``."""
        for layer in reversed(self._layers):
            cursor = layer.hover(point, space)
            if cursor is not None:
                if self._hovered is not None and self._hovered is not layer:
                    self._hovered.unhover()
                self._hovered = layer
                return cursor
        self.unhover()
        return None

    def unhover(self) -> None:
        """The mouse is over no layer."""
        hovered, self._hovered = self._hovered, None
        if hovered is not None:
            hovered.unhover()
