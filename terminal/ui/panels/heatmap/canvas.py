"""The heatmap as one painted widget. Only new columns of its picture are coloured in a frame."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from terminal.app import formats
from terminal.app.views.heatmap import HeatmapView
from terminal.app.views.heatmap_text import instant
from terminal.ui.panels.heatmap import head, side
from terminal.ui.panels.heatmap.geometry import Geometry
from terminal.ui.panels.heatmap.layers import PlotLayers
from terminal.ui.panels.heatmap.palette import DotSprites, heat_colours
from terminal.ui.panels.heatmap.times import Session, paint_session, paint_times
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_DRAG_FROM_PX = 3


@dataclass(slots=True)
class _Drag:
    last: QPointF
    moved: bool = False
    rest_x: float = 0.0
    rest_y: float = 0.0
    by_price: bool = False


class HeatmapCanvas(QWidget):
    """Paints a :class:`HeatmapView`. Drag pans, wheel zooms time, Ctrl+wheel zooms price, double click goes live."""

    changed = Signal()
    """A person moved, zoomed or froze the picture."""
    menu_wanted = Signal(QPoint, bool)
    """Global place of a right click, or of a click on the colour bar (True)."""
    range_wheeled = Signal(int)
    """Notches of the wheel over the colour bar."""

    def __init__(self, view: HeatmapView, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._layers = PlotLayers()
        self._drag: _Drag | None = None
        self.pointer: QPointF | None = None
        self.session = Session()
        self.note = ""
        """A sentence over the picture, such as that the feed is silent."""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Depth heatmap")
        self.setMinimumSize(200, 120)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Colours and fonts."""
        self._theme = theme
        self._palette = heat_colours(theme)
        self._sprites = DotSprites(theme)
        self._font, self._bold = theme.label_font(), theme.value_font(bold=True)
        self._metrics = QFontMetrics(self._font)
        self.update()

    def geometry_now(self) -> Geometry:
        """Where things stand at the widget's size of now."""
        view, sample = self._view, formats.MISSING
        if view.instrument is not None:
            high = (view.window.low_row + view.window.rows) * view.window.row_px
            sample = formats.price(high, view.instrument)
        return Geometry(self.width(), self.height(), max(48, self._metrics.horizontalAdvance(sample) + 14))

    def fit_plot(self) -> None:
        """Tells the view how many pixels the plot has."""
        plot = self.geometry_now().plot
        self._view.window.resize(plot.width(), plot.height())

    # Painting.

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """The heat, then what lies over and beside it."""
        painter, view, theme = QPainter(self), self._view, self._theme
        instrument = view.instrument
        if instrument is None:
            painter.fillRect(self.rect(), theme.colour("bg1"))
            return
        geometry = self.geometry_now()
        plot = geometry.plot
        # The heat and the columns beside it cover the rest.
        painter.fillRect(0, 0, self.width(), plot.top(), theme.colour("bg1"))
        painter.fillRect(0, plot.bottom() + 1, self.width(), self.height() - plot.bottom() - 1, theme.colour("bg1"))
        view.paint(self._palette)
        painter.setClipRect(plot)
        self._layers.paint_heat(painter, plot, view)
        self._layers.paint_gaps(painter, plot, view, theme)
        painter.setClipping(False)
        painter.setClipRect(QRect(0, plot.top(), self.width(), plot.height()))
        side.paint_book(painter, geometry, view, theme, instrument)
        side.paint_volume(painter, geometry, view, theme, instrument)
        side.paint_prices(painter, geometry, view, theme, self._font, instrument)
        side.paint_heads(painter, geometry, view, theme)
        painter.setClipping(False)
        paint_times(painter, geometry, view.window, theme, self._font)
        painter.setClipRect(plot)
        self._layers.paint_best(painter, plot, view, theme)
        self._layers.paint_dots(painter, plot, view, self._sprites)
        paint_session(painter, geometry, view.window, theme, self._font, self.session)
        painter.setClipping(False)
        self._paint_crosshair(painter, geometry)
        head.paint_head(painter, geometry, view, theme, self._palette, self._spot(geometry))
        head.paint_state(painter, geometry, view, theme, self.note)

    def _spot(self, geometry: Geometry) -> QPointF | None:
        """The pointer in the plot's own pixels; None elsewhere."""
        plot = geometry.plot
        if self.pointer is None or not plot.contains(self.pointer.toPoint()):
            return None
        return QPointF(self.pointer.x() - plot.left(), self.pointer.y() - plot.top())

    def _paint_crosshair(self, painter: QPainter, geometry: Geometry) -> None:
        instrument, plot, at = self._view.instrument, geometry.plot, self._spot(geometry)
        if at is None or self.pointer is None or instrument is None:
            return
        ink = QColor(self._theme.colour("text0"))
        ink.setAlpha(150)
        x, y = int(self.pointer.x()), int(self.pointer.y())
        painter.fillRect(x, plot.top(), 1, plot.height(), ink)
        painter.fillRect(plot.left(), y, geometry.prices.left() - plot.left(), 1, ink)
        window = self._view.window
        painter.setFont(self._font)
        side.paint_tag(painter, geometry.prices, y, formats.price(window.price_at(at.y()), instrument), self._theme,
                       "text1")  # fmt: skip
        text = instant(window.time_at(at.x()), window.column_ns)
        width = self._metrics.horizontalAdvance(text) + 10
        tag = QRect(min(max(0, x - width // 2), plot.right() - width), geometry.times.top() + 1, width, 16)
        painter.fillRect(tag, self._theme.colour("text1"))
        painter.setPen(self._theme.ink_on("text1"))
        painter.drawText(tag, _CENTRE, text)

    # The mouse.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The left button drags; over the colour bar it opens the menu of the colours."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() != Qt.MouseButton.LeftButton:
            return
        geometry = self.geometry_now()
        if geometry.colour_bar.adjusted(-30, -8, 40, 8).contains(event.position().toPoint()):
            self.menu_wanted.emit(event.globalPosition().toPoint(), True)
            return
        self._drag = _Drag(event.position(), by_price=geometry.prices.contains(event.position().toPoint()))
        self._view.window.is_dragged = True

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pans while the button is down, else moves the crosshair."""
        self.pointer = event.position()
        drag = self._drag
        if drag is None:
            self.update()
            return
        if not drag.moved and (event.position() - drag.last).manhattanLength() < _DRAG_FROM_PX:
            return
        drag.moved = True
        window = self._view.window
        delta = event.position() - drag.last
        drag.last = event.position()
        drag.rest_x += 0.0 if drag.by_price else delta.x()
        drag.rest_y += delta.y()
        columns, rows = int(drag.rest_x / window.time_zoom.column_px), int(drag.rest_y / window.price_zoom.row_px)
        drag.rest_x -= columns * window.time_zoom.column_px
        drag.rest_y -= rows * window.price_zoom.row_px
        if columns or rows:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._view.pan(columns, rows)
            self.changed.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The drag is over; the prices may follow the market again if they did."""
        if event.button() == Qt.MouseButton.LeftButton and self._drag is not None:
            self._drag = None
            self._view.window.is_dragged = False
            self.setCursor(Qt.CursorShape.CrossCursor)
            self.changed.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to now."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._view.window.go_live()
            self.changed.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The panel's commands."""
        self.menu_wanted.emit(event.globalPos(), False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms time, with Ctrl the prices, with Shift it scrolls; over the colour bar it moves the last colour."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        if not turned:
            return
        out = -1 if turned > 0 else 1
        geometry, place = self.geometry_now(), event.position()
        x, y = place.x() - geometry.plot.left(), place.y() - geometry.plot.top()
        held = event.modifiers()
        if geometry.colour_bar.adjusted(-30, -8, 40, 8).contains(place.toPoint()):
            self.range_wheeled.emit(-out)
            return
        if held & Qt.KeyboardModifier.ControlModifier or geometry.prices.contains(place.toPoint()):
            self._view.window.zoom_price(out, y)
        elif held & Qt.KeyboardModifier.ShiftModifier:
            self._view.pan(-out * max(1, self._view.window.columns // 12), 0)
        else:
            self._view.window.zoom_time(out, x)
        self.changed.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """The crosshair goes."""
        self.pointer = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another number of columns and rows."""
        super().resizeEvent(event)
        self.fit_plot()
        self.changed.emit()
