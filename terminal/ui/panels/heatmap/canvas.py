"""The heatmap as one painted widget, put together from pictures of its parts that outlive a paint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from terminal.app import formats
from terminal.app.views.heatmap import HeatmapView
from terminal.app.views.heatmap_text import instant
from terminal.core.instruments import Instrument
from terminal.ui.panels.heatmap import head, side
from terminal.ui.panels.heatmap.book_column import BookColumn
from terminal.ui.panels.heatmap.geometry import Geometry
from terminal.ui.panels.heatmap.palette import heat_colours
from terminal.ui.panels.heatmap.picture import PlotLook, PlotPicture, Sheet
from terminal.ui.panels.heatmap.times import Session, paint_times
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
        self._plot, self._book_column = PlotPicture(), BookColumn()
        self._sheets = {name: Sheet() for name in ("volume", "prices", "heads", "foot", "head")}
        self._looks: dict[str, tuple[QRect, tuple[object, ...]]] = {}
        self._has_looked = False
        self._place: tuple[object, ...] = ()
        self._marks: tuple[side.Mark, ...] = ()
        self._book = view.book()
        self._best: tuple[int | None, int | None] = (None, None)
        self._states: tuple[tuple[str, str], ...] = ()
        self._geometry = Geometry(1, 1, 1)
        self._geometry_of: tuple[object, ...] = ()
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
        self._font = theme.label_font()
        self._metrics = QFontMetrics(self._font)
        self._geometry_of = ()
        self.repaint_whole()

    def geometry_now(self) -> Geometry:
        """Where things stand at the widget's size of now."""
        view, window = self._view, self._view.window
        asked = (self.width(), self.height(), window.low_row, window.row_px, window.height, view.instrument)
        if asked != self._geometry_of:
            sample = formats.MISSING
            if view.instrument is not None:
                sample = formats.price((window.low_row + window.rows) * window.row_px, view.instrument)
            axis = max(48, self._metrics.horizontalAdvance(sample) + 14)
            self._geometry, self._geometry_of = Geometry(self.width(), self.height(), axis), asked
        return self._geometry

    def fit_plot(self) -> None:
        """Tells the view how many pixels the plot has."""
        plot = self.geometry_now().plot
        self._view.window.resize(plot.width(), plot.height())

    def tick(self) -> None:
        """The market has moved: asks for a paint of the parts that are different from what is on the screen."""
        region = self._look()
        self._has_looked = True
        if not region.isEmpty():
            self.update(region)

    def repaint_whole(self) -> None:
        """Paints every part anew, at the next paint."""
        self._plot.forget()
        self._book_column.forget()
        for sheet in self._sheets.values():
            sheet.forget()
        self._looks.clear()
        self.update()

    # Painting.

    def _look(self) -> QRegion:
        """Sees what is there to paint, and gives where it is different from the last look."""
        view, geometry = self._view, self.geometry_now()
        instrument, window = view.instrument, view.window
        if instrument is None:
            looks: dict[str, tuple[QRect, tuple[object, ...]]] = {"all": (self.rect(), ())}
        else:
            place = (window.low_row, window.row_px, window.price_zoom, window.height, window.tick, instrument)
            if place != self._place:
                self._place, self._marks = place, side.price_marks(window)
            if view.status().is_good or window.is_frozen:
                self._book = view.book()
            else:
                self._book = (np.zeros(window.rows, np.int64), np.zeros(window.rows, np.int64))
            self._best = view.best_now()
            self._states = head.state_texts(view, self.note)
            book = tuple(each.tobytes() for each in self._book)
            looks = {
                "plot": (geometry.plot, (view.look, self._states, self.session)),
                "head": (geometry.head, (view.colours, self.pointer and view.look)),
                "book": (geometry.book, (place, book, view.colours.high, window.is_frozen)),
                "volume": (geometry.volume, (place, view.look[:4])),
                "prices": (geometry.prices, (place, self._best)),
                "foot": (geometry.foot, (window.end_column, window.time_zoom, window.column_ns)),
            }
        region = QRegion()
        for name, each in looks.items():
            if self._looks.get(name) != each:
                region += each[0]
        self._looks = looks
        return region

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """The pictures of the parts, each painted again only when it is different, and what lies over them."""
        painter, view, theme = QPainter(self), self._view, self._theme
        if not self._has_looked:
            # Nobody has said what is different: a part that is hidden from this paint gets one of its own.
            region = self._look()
            if not event.rect().contains(region.boundingRect()):
                self.update(region)
        self._has_looked = False
        instrument = view.instrument
        if instrument is None:
            painter.fillRect(self.rect(), theme.colour("bg1"))
            return
        geometry, ratio = self.geometry_now(), self.devicePixelRatioF()
        plot, marks, region = geometry.plot, self._marks, event.region()
        look = PlotLook(theme, self._font, self._palette, self.session, tuple(mark.y for mark in marks))
        if region.intersects(plot):
            self._plot.show(painter, plot, view, look, ratio)
            # The step of a line at the left edge comes from a column that a new picture does not know any more.
            painter.fillRect(plot.left(), plot.top(), 1, plot.height(), theme.colour("line"))
        if region.intersects(geometry.book):
            self._book_column.show(painter, geometry.book, ratio, view, theme, instrument, self._book, marks)
        self._paint_sheets(painter, geometry, instrument, ratio)
        if region.intersects(geometry.prices):
            side.paint_best(painter, geometry.prices, view, theme, self._font, instrument, self._best)
        self._paint_crosshair(painter, geometry)
        head.paint_state(painter, geometry, theme, self._states)

    def _paint_sheets(self, painter: QPainter, geometry: Geometry, instrument: Instrument, ratio: float) -> None:
        view, theme, marks, sheets = self._view, self._theme, self._marks, self._sheets
        window, at = view.window, self._spot(geometry)
        sheets["volume"].show(
            painter, geometry.volume, ratio, (theme, *self._looks["volume"]),
            lambda inside: side.paint_volume(inside, geometry.volume, view, theme, marks),
        )  # fmt: skip
        sheets["prices"].show(
            painter, geometry.prices, ratio, (theme, self._place),
            lambda inside: side.paint_prices(inside, geometry.prices, theme, self._font, instrument, marks),
        )  # fmt: skip
        heads = QRect(geometry.book.left(), geometry.plot.top(), geometry.book_width + geometry.volume_width,
                      min(side.HEADS_PX, geometry.plot.height()))  # fmt: skip
        sheets["heads"].show(painter, heads, ratio, (theme, window.is_frozen), lambda inside: side.paint_heads(
            inside, geometry, theme, is_frozen=window.is_frozen))  # fmt: skip
        sheets["foot"].show(painter, geometry.foot, ratio, (theme, *self._looks["foot"]),
                            lambda inside: self._paint_foot(inside, geometry))  # fmt: skip
        spot = view.spot(at.x(), at.y()) if at is not None else None
        sheets["head"].show(
            painter, geometry.head, ratio, (theme, view.colours, instrument, window.column_ns, spot),
            lambda inside: head.paint_head(inside, geometry, view, theme, self._palette, spot),
        )  # fmt: skip

    def _paint_foot(self, painter: QPainter, geometry: Geometry) -> None:
        painter.fillRect(geometry.foot, self._theme.colour("bg1"))
        paint_times(painter, geometry, self._view.window, self._theme, self._font)

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
