"""What the mouse does on a chart: pan, zoom, stretch an axis, move a pane's border, or serve a layer."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from terminal.ui.panels.chart.geometry import Geometry

if TYPE_CHECKING:
    from terminal.ui.panels.chart.canvas import ChartCanvas


class _Drag(Enum):
    NONE = auto()
    PAN = auto()
    PRICES = auto()
    TIME = auto()
    BORDER = auto()


class Mouse:
    """Serves one canvas."""

    def __init__(self, canvas: ChartCanvas) -> None:
        self._canvas = canvas
        self._drag = _Drag.NONE
        self._last = QPointF()
        self._border = -1

    def press(self, event: QMouseEvent) -> None:
        """Decides what a drag will do."""
        canvas = self._canvas
        space = canvas.space()
        point = event.position()
        if event.button() == Qt.MouseButton.LeftButton and canvas.click_legend(point):
            return
        if space is not None and canvas.layers.press(event, space):
            canvas.update()
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        geometry = canvas.geometry_now()
        self._last, self._border = point, geometry.border_at(point.y())
        if self._border >= 0:
            self._drag = _Drag.BORDER
        elif point.y() >= geometry.plot_bottom:
            self._drag = _Drag.TIME
        elif point.x() > geometry.plot_width:
            self._drag = _Drag.PRICES
        else:
            self._drag = _Drag.PAN

    def move(self, event: QMouseEvent) -> None:
        """Drags, or shows what lies under the pointer."""
        canvas = self._canvas
        before, point = self._last, event.position()
        if canvas.layers.is_held:
            space = canvas.space()
            if space is not None:
                canvas.layers.move(event, space)
        elif self._drag is not _Drag.NONE and event.buttons() & Qt.MouseButton.LeftButton:
            self._last = point
            self._pull(canvas.geometry_now(), point.x() - before.x(), point.y() - before.y())
        else:
            self._drag = _Drag.NONE
            self._show_cursor(point)
        canvas.set_pointer(point)

    def _pull(self, geometry: Geometry, right: float, down: float) -> None:
        view = self._canvas.view
        if self._drag is _Drag.BORDER:
            items = self._canvas.indicators.panes
            if self._border < len(items):
                item = items[self._border]
                self._canvas.indicators.share(item, item.choice.share - down / max(1, geometry.plot_bottom))
        elif self._drag is _Drag.PRICES:
            view.zoom_prices(1 + down / max(50, geometry.price_scale.height))
        elif self._drag is _Drag.TIME:
            view.zoom(1 + right / max(50, geometry.plot_width) * 2, view.right)
        else:
            view.pan(-right / geometry.bar_width)
            view.pan_prices(down / geometry.price_scale.height)
        self._canvas.moved.emit()

    def _show_cursor(self, point: QPointF) -> None:
        canvas, shape = self._canvas, Qt.CursorShape
        space = canvas.space()
        if canvas.hover_legend(point):
            canvas.layers.unhover()
            canvas.setCursor(shape.PointingHandCursor)
            return
        if space is None:
            return
        geometry = space.geometry
        if geometry.border_at(point.y()) >= 0:
            found = shape.SplitVCursor
        elif point.y() >= geometry.plot_bottom:
            found = shape.SizeHorCursor
        elif point.x() > geometry.plot_width:
            found = shape.SizeVerCursor
        else:
            found = canvas.layers.hover(point, space) or shape.CrossCursor
        if canvas.cursor().shape() != found:
            canvas.setCursor(found)

    def release(self, event: QMouseEvent) -> None:
        """Ends a drag."""
        self._drag = _Drag.NONE
        space = self._canvas.space()
        if self._canvas.layers.is_held and space is not None:
            self._canvas.layers.release(event, space)
            self._canvas.update()

    def double_click(self, event: QMouseEvent) -> None:
        """A layer's, else back to the newest bar; on the price axis only the prices fit again."""
        canvas = self._canvas
        space = canvas.space()
        if space is not None and canvas.layers.double_click(event, space):
            canvas.update()
            return
        if space is not None and event.position().x() > space.geometry.plot_width:
            canvas.view.fixed_prices = None
        else:
            canvas.view.reset()
        canvas.moved.emit()
        canvas.update()

    def leave(self) -> None:
        """The pointer is gone."""
        self._canvas.layers.unhover()
        self._canvas.hover_legend(None)
        self._canvas.set_pointer(None)

    def wheel(self, event: QWheelEvent) -> None:
        """Up zooms in around the pointer, sideways pans."""
        canvas, view = self._canvas, self._canvas.view
        notches, aside = event.angleDelta().y() / 120, event.angleDelta().x() / 120
        geometry = canvas.geometry_now()
        if aside and abs(aside) > abs(notches):
            view.pan(aside * view.in_view / 20)
        elif not notches:
            return
        elif event.position().x() > geometry.plot_width:
            view.zoom_prices(0.9**notches)
        else:
            view.zoom(0.85**notches, geometry.place(event.position().x()))
        canvas.moved.emit()
        canvas.update()
