"""The chart as one painted widget. Everything but the last bar lies in a picture, so that a tick repaints one bar."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QRegion,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from terminal.app import ages, formats
from terminal.app.views.chart import ChartKind, ChartView
from terminal.app.views.chart_indicators import IndicatorSet
from terminal.app.views.chart_scales import pane_range, price_range
from terminal.core.instruments import InstrumentKind
from terminal.market.pyramid import Columns
from terminal.ui.panels.chart.axes import Axes
from terminal.ui.panels.chart.candles import CandlePainter
from terminal.ui.panels.chart.geometry import Geometry, Scale, lay_out
from terminal.ui.panels.chart.layers import ChartSpace, Layer, LayerStack
from terminal.ui.panels.chart.legend import Legend
from terminal.ui.panels.chart.lines import LinePainter, paint_guides
from terminal.ui.panels.chart.live import LivePainter
from terminal.ui.panels.chart.mouse import Mouse
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_AXIS_HEIGHT = 18
_LEAST_AXIS = 52


class ChartCanvas(QWidget):
    """Paints a :class:`ChartView` with its indicators and layers. Drag pans, wheel zooms, a drag on the price axis
    stretches, a drag on a pane's border moves it, double click resets."""

    moved = Signal()
    """A person panned or zoomed."""
    pointed = Signal(object)
    """The crosshair is at another bar: its time in ns, None when the mouse has left."""
    indicator_clicked = Signal(object)
    """A person clicked an indicator's row in the legend."""
    indicator_removed = Signal(object)
    """A person clicked the sign for removing it."""

    def __init__(self, view: ChartView, indicators: IndicatorSet, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view, self.indicators = view, indicators
        self.layers = LayerStack(self.update)
        self._candles, self._lines = CandlePainter(), LinePainter()
        self._axes, self._legend = Axes(theme, theme.label_font()), Legend(theme, theme.label_font())
        self._live = LivePainter(self._axes, self.layers, indicators)
        self._pixmap: QPixmap | None = None
        self._pixmap_key: tuple[object, ...] = ()
        self._generation = 0
        self._painted_row = 0
        self._ticked: tuple[tuple[object, ...], Geometry | None] = ((), None)
        self._pointer: QPointF | None = None
        self._shared_ns: int | None = None
        self._mouse = Mouse(self)
        self.now_ns: Callable[[], int] | None = None
        """Market time, for the countdown to the bar's end."""
        self.is_stale = False
        self.is_closed = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Candle chart")
        self.setMinimumSize(220, 120)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Colours and fonts."""
        self.theme = theme
        self._font = theme.label_font()
        self._metrics = QFontMetrics(self._font)
        for part in (self._axes, self._legend):
            part.theme, part.font = theme, self._font
        self.renew()

    def add_layer(self, layer: Layer) -> None:
        """Adds something to draw, and to ask for the mouse; see :mod:`terminal.ui.panels.chart.layers`."""
        self.layers.add(layer)
        self.renew()

    def remove_layer(self, layer: Layer) -> None:
        """Takes a layer away."""
        self.layers.remove(layer)
        self.renew()

    def renew(self) -> None:
        """Paints every bar, and every layer under them, again."""
        self._generation += 1
        self.update()

    def tick(self) -> None:
        """The newest bar has changed: repaints what moves with it. A chart whose scale moved repaints itself."""
        if not self.view.has_bars:
            self.update()
            return
        geometry = self.geometry_now()
        self._ticked = (self._fit_of(), geometry)
        if self._key(geometry) != self._pixmap_key:
            self.update()
            return
        row = self._last_row(geometry)
        left = int(geometry.x(len(self.view.bars) - 2 - 2 * self._columns().group)) - 2
        region = QRegion(QRect(left, 0, max(0, geometry.plot_width - left), self.height()))
        region += QRect(geometry.plot_width, 0, geometry.axis_width, geometry.plot_bottom)
        region += QRect(0, 0, geometry.plot_width, self._legend.height(self.indicators))
        for scale in geometry.panes:
            region += QRect(0, scale.top, geometry.plot_width, 18)
        for each in {row, self._painted_row}:
            region += QRect(0, each - 1, geometry.plot_width, 3)
        self.update(region)

    # Where things stand.

    def _fit_of(self) -> tuple[object, ...]:
        """What decides the geometry, but for wishes of layers, which ask for a paint when they change."""
        view = self.view
        return (
            self.width(), self.height(), view.right, view.in_view, view.fixed_prices, view.is_log, view.kind,
            view.instrument, view.series.changes, self.indicators.revision, self._generation,
        )  # fmt: skip

    def geometry_now(self) -> Geometry:
        """Where things stand at the widget's size of now."""
        view, panes = self.view, self.indicators.panes
        wishes = [wish for each in self.layers.above if (wish := each.price_range(*view.visible())) is not None]
        low, high = price_range(view, self.indicators.overlays, wishes)
        sample = formats.MISSING
        if view.instrument is not None:
            sample = formats.price(int(high), view.instrument)
        axis = max(_LEAST_AXIS, self._metrics.horizontalAdvance(sample) + 14)
        has_volume = view.instrument is None or view.instrument.kind is not InstrumentKind.INDEX
        frame = lay_out(
            self.height() - _AXIS_HEIGHT, has_volume=has_volume, shares=[each.choice.share for each in panes],
            legend=self._legend.height(self.indicators) + 2,
        )  # fmt: skip
        first, last = view.visible()
        scales = tuple(
            Scale(top, height, *pane_range(item, first, last))
            for item, (top, height) in zip(panes, frame.panes, strict=True)
        )
        prices = Scale(*frame.price, low, high, view.is_log and low > 0)
        return Geometry(
            self.width(), self.height(), axis, _AXIS_HEIGHT, view.right, view.in_view, prices, *frame.volume, scales
        )

    def space(self, geometry: Geometry | None = None) -> ChartSpace | None:
        """Data and pixels of now, for layers; None without bars."""
        if self.view.instrument is None or not self.view.has_bars:
            return None
        return ChartSpace(
            self.view, geometry or self.geometry_now(), self.theme, self._font, self.view.instrument, self._pointer
        )

    @property
    def pointer(self) -> QPointF | None:
        """Where the mouse is, None when it is elsewhere."""
        return self._pointer

    def set_pointer(self, point: QPointF | None) -> None:
        """The mouse moved or left."""
        self._pointer = point
        space = self.space()
        inside = point is not None and space is not None and space.geometry.plot().contains(point.toPoint())
        place = self.place_under(space.geometry) if inside and space is not None else None
        self.pointed.emit(None if place is None else self.view.ts_at(place))
        self.update()

    def show_shared_crosshair(self, ts_ns: int | None) -> None:
        """Another chart of the link group points at this instant."""
        if ts_ns != self._shared_ns:
            self._shared_ns = ts_ns
            self.update()

    def place_under(self, geometry: Geometry) -> int:
        """The bar under the mouse."""
        x = self._pointer.x() if self._pointer is not None else 0.0
        return min(max(0, round(geometry.place(x))), len(self.view.bars) - 1)

    def hover_legend(self, point: QPointF | None) -> bool:
        """Lights up the legend's row under the mouse; whether there is one."""
        spot = None if point is None else self._legend.spot_at(point.toPoint())
        self._legend.hovered = None if spot is None else spot.item
        return spot is not None

    def click_legend(self, point: QPointF) -> bool:
        """Acts on the legend's row under the mouse; whether there is one."""
        spot = self._legend.spot_at(point.toPoint())
        if spot is None:
            return False
        signal = self.indicator_removed if spot.remove.contains(point.toPoint()) else self.indicator_clicked
        signal.emit(spot.item)
        return True

    # Painting.

    def _columns(self) -> Columns:
        return self.view.columns(self._most_columns())

    def _most_columns(self) -> int:
        return max(1, self.width() - _LEAST_AXIS)

    def _most_volume(self) -> int:
        return self.view.most_volume(self._most_columns())

    def _key(self, geometry: Geometry) -> tuple[object, ...]:
        view = self.view
        return (
            geometry, self.devicePixelRatioF(), len(view.bars), view.series.generation, view.kind, self._most_volume(),
            self.indicators.revision, self._generation,
        )  # fmt: skip

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, then what moves: the last bar, layers, tags, crosshair, legend."""
        painter = QPainter(self)
        # Within a frame nothing else moves the scales: what the tick has computed is good for its paint.
        (fit, geometry), self._ticked = self._ticked, ((), None)
        if geometry is None or fit != self._fit_of():
            geometry = self.geometry_now()
        space = self.space(geometry)
        if space is None:
            painter.fillRect(self.rect(), self.theme.colour("bg1"))
            return
        self._painted_row = self._last_row(geometry)
        self._refresh_pixmap(geometry, space)
        if self._pixmap is not None:
            painter.drawPixmap(0, 0, self._pixmap)
        self._paint_newest(painter, geometry)
        painter.setClipRect(geometry.price_plot())
        for layer in self.layers.above:
            painter.save()
            layer.paint(painter, space)
            painter.restore()
        painter.setClipping(False)
        place = self.crosshair_place(geometry)
        self._live.paint(painter, space, self._last_token(), place, self._countdown())
        self._legend.note = "stale" if self.is_stale else "closed" if self.is_closed else ""
        shown = len(self.view.bars) - 1 if place is None else place
        self._legend.paint(painter, geometry, self.view, space.instrument, self.indicators, shown)

    def _refresh_pixmap(self, geometry: Geometry, space: ChartSpace) -> None:
        key = self._key(geometry)
        if key == self._pixmap_key and self._pixmap is not None:
            return
        self._pixmap_key = key
        ratio = self.devicePixelRatioF()
        size = (round(self.width() * ratio), round(self.height() * ratio))
        pixmap = self._pixmap
        if pixmap is None or (pixmap.width(), pixmap.height()) != size or pixmap.devicePixelRatio() != ratio:
            pixmap = QPixmap(*size)
            pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(self.theme.colour("bg1"))
        painter = QPainter(pixmap)
        for layer in self.layers.below:
            painter.save()
            painter.setClipRect(geometry.plot())
            layer.paint(painter, space)
            painter.restore()
        self._axes.paint_grid(painter, self.view, geometry)
        guides = [item.spec.guides for item in self.indicators.panes]
        self._axes.paint_labels(painter, self.view, geometry, space.instrument, guides)
        painter.setClipRect(geometry.price_plot())
        columns = self._columns()
        count = len(self.view.bars)
        holds_last = columns.first + len(columns) * columns.group >= count
        finished = columns.part(0, len(columns) - 1) if holds_last else columns
        self._paint_bars(painter, geometry, finished)
        first, last = self.view.visible()
        closed = min(last, (count - 1) // columns.group * columns.group)
        self._paint_indicators(painter, geometry, max(0, first - 1), closed)
        painter.end()
        self._pixmap = pixmap

    def _paint_bars(self, painter: QPainter, geometry: Geometry, columns: Columns) -> None:
        self._candles.paint(
            painter, geometry, columns, self.view.kind, self.theme, self._most_volume(), len(self.view.bars)
        )

    def _paint_newest(self, painter: QPainter, geometry: Geometry) -> None:
        """The bar that grows, and the newest piece of every indicator."""
        view, columns = self.view, self._columns()
        count = len(view.bars)
        if columns.first + len(columns) * columns.group < count:
            return
        painter.setClipRect(geometry.price_plot())
        self._paint_bars(painter, geometry, columns.part(len(columns) - 1, len(columns)))
        if view.kind.is_line:
            newest = columns.part(max(0, len(columns) - 2), len(columns))
            self._candles.line(painter, geometry, newest, self.theme, count, is_area=view.kind is ChartKind.AREA)
        last_group = (count - 1) // columns.group * columns.group
        self._paint_indicators(painter, geometry, max(0, last_group - columns.group), count, is_newest=True)
        painter.setClipping(False)

    def _paint_indicators(
        self, painter: QPainter, geometry: Geometry, first: int, last: int, *, is_newest: bool = False
    ) -> None:
        view = self.view
        unit = float(view.instrument.price_scale) if view.instrument is not None else 1.0
        for item in self.indicators.overlays:
            painter.setClipRect(geometry.price_plot())
            self._lines.paint(
                painter, geometry, geometry.price_scale, item, first, last, unit, self.theme, is_newest=is_newest
            )
        for item, scale in zip(self.indicators.panes, geometry.panes, strict=True):
            if scale.height:
                painter.setClipRect(QRect(0, scale.top, geometry.plot_width, scale.height))
                if not is_newest:
                    paint_guides(painter, geometry.plot_width, scale, item.spec.guides, self.theme)
                self._lines.paint(painter, geometry, scale, item, first, last, 1.0, self.theme, is_newest=is_newest)

    # What moves.

    def _last_token(self) -> str:
        last = self.view.bars[-1]
        return "text2" if self.is_stale or self.is_closed else "up" if last["close"] >= last["open"] else "down"

    def _last_row(self, geometry: Geometry) -> int:
        return round(float(geometry.y(float(self.view.bars["close"][-1]))))

    def _countdown(self) -> str:
        """Time to the newest bar's end; empty when nobody counts it."""
        ends_ns = self.view.ends_ns()
        if ends_ns is None or self.now_ns is None or self.is_closed or self.is_stale:
            return ""
        left_ns = ends_ns - self.now_ns()
        return ages.countdown(left_ns) if 0 < left_ns <= self.view.bar_ns() else ""

    def crosshair_place(self, geometry: Geometry) -> int | None:
        """The bar under the pointer, else the one that another chart of the link group points at."""
        if self._pointer is not None and geometry.plot().contains(self._pointer.toPoint()):
            return self.place_under(geometry)
        if self._shared_ns is not None:
            place = round(self.view.place_at(self._shared_ns))
            if 0 <= place < len(self.view.bars) and 0 <= geometry.x(place) <= geometry.plot_width:
                return place
        return None

    # Events, all of them in the mouse's hands.

    @guarded
    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begins a pan, a stretch on an axis, a layer's own drag."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._mouse.press(event)
        super().mousePressEvent(event)

    @guarded
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Moves the crosshair, or what is dragged."""
        self._mouse.move(event)

    @guarded
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ends a drag."""
        self._mouse.release(event)

    @guarded
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Follows the newest bar at prices that fit."""
        self._mouse.double_click(event)

    @guarded
    def leaveEvent(self, event: QEvent) -> None:
        """Takes the crosshair away."""
        self._mouse.leave()

    @guarded
    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms around the pointer; over the price axis it stretches the prices."""
        self._mouse.wheel(event)

    @guarded
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Layers first (Escape, Delete), then the panel."""
        space = self.space()
        if space is not None and self.layers.key(event, space):
            event.accept()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Another screen has another pixel ratio."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.renew()
