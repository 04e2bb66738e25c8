"""What the trader draws: trend lines, rays, levels, rectangles, Fibonacci retracements, measures and texts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPen

from terminal.app.drawings.outline import Hit, Outline, hit, moved, outline
from terminal.app.drawings.shapes import COLOURS, Anchor, Drawing, Tool
from terminal.core.instruments import Instrument
from terminal.ui.panels.chart.drawing_history import DrawingHistory
from terminal.ui.panels.chart.drawing_view import SpaceView, words_of
from terminal.ui.panels.chart.layers import AxisTag, ChartSpace, Layer

_CLICK_PX = 4.0
"""A press that moved less than this is a click: the second point is set by another one."""
_HANDLE_PX = 3.5
_FILL_ALPHA = 28
_DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class _Drag:
    """A drawing under the mouse: what was grabbed, where, what it was before, and what it is now."""

    before: Drawing
    grabbed: Hit
    start: QPointF
    now: Drawing


def _token(drawing: Drawing, space: ChartSpace) -> str:
    return space.theme.tokens.series[COLOURS.index(drawing.colour)]


class DrawingLayer(Layer):
    """Serves one chart. ``tool`` None: the mouse selects and moves what is there; Shift and a drag measures.

    ``ask_text``: lets a person write at a pixel and calls back with the text; ``open_menu``: the menu of a drawing;
    ``tool_changed``: the tool was put down or taken up.
    """

    Z: ClassVar[int] = 30

    def __init__(self, history: DrawingHistory) -> None:
        super().__init__()
        self.history = history
        self.tool: Tool | None = None
        self.selected: str | None = None
        self.is_hidden = False
        self.ask_text: Callable[[QPointF, str, Callable[[str], None]], None] = lambda point, text, done: None
        self.open_menu: Callable[[Drawing], None] = lambda drawing: None
        self.tool_changed: Callable[[], None] = lambda: None
        self._symbol: str | None = None
        self._draft: Drawing | None = None
        self._measure: Drawing | None = None
        self._pressed: QPointF | None = None
        self._drag: _Drag | None = None
        self._hovered: str | None = None
        self._end = history.book.subscribe(self._book_changed)

    def close(self) -> None:
        """The chart goes: no more news of other charts' drawings."""
        self._end()

    def show_instrument(self, instrument: Instrument) -> None:
        """Another symbol's drawings."""
        self._symbol = instrument.symbol
        self.selected = self._hovered = None
        self._draft = self._measure = self._drag = None

    def take(self, tool: Tool | None) -> None:
        """Takes a tool up, or puts it down with None."""
        self.tool, self._draft = tool, None
        self.selected = None if tool is not None else self.selected
        self.tool_changed()
        self.changed()

    def selected_drawing(self) -> Drawing | None:
        """The one that keys and menus act on."""
        return next((each for each in self._drawings() if each.id == self.selected), None)

    def edit(self, before: Drawing, after: Drawing | None) -> None:
        """Changes one drawing, or removes it."""
        if self._symbol is not None:
            self.history.change(self._symbol, before, after)

    def remove_all(self) -> None:
        """Takes all of this symbol's drawings away."""
        if self._symbol is not None:
            self.history.remove_all(self._symbol)

    def toggle_hidden(self) -> None:
        """Hides the drawings, or shows them again."""
        self.is_hidden = not self.is_hidden
        self.changed()

    # Painting.

    def paint(self, painter: QPainter, space: ChartSpace) -> None:
        """Every drawing, the selected one with its handles."""
        view, words = SpaceView(space), words_of(space)
        for each in self._shown():
            drawn = outline(each, view, words)
            self._paint_one(painter, space, each, drawn)

    def _paint_one(self, painter: QPainter, space: ChartSpace, drawing: Drawing, drawn: Outline) -> None:
        colour = space.theme.colour(_token(drawing, space))
        if drawn.box is not None:
            fill = QColor(colour)
            fill.setAlpha(_FILL_ALPHA)
            box = drawn.box
            painter.fillRect(QRectF(box.left, box.top, box.right - box.left, box.bottom - box.top), fill)
        is_lit = drawing.id in {self.selected, self._hovered, _DRAFT}
        painter.setPen(QPen(colour, drawing.width + (1 if drawing.id == self._hovered else 0)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if drawing.tool is not Tool.TEXT or is_lit:
            for line in drawn.lines:
                painter.drawLine(QPointF(line.x1, line.y1), QPointF(line.x2, line.y2))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._paint_labels(painter, space, drawing, drawn)
        if is_lit:
            painter.setPen(QPen(colour, 1))
            painter.setBrush(space.theme.colour("bg1"))
            for x, y in drawn.handles:
                painter.drawRect(QRectF(x - _HANDLE_PX, y - _HANDLE_PX, 2 * _HANDLE_PX, 2 * _HANDLE_PX))
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_labels(self, painter: QPainter, space: ChartSpace, drawing: Drawing, drawn: Outline) -> None:
        painter.setFont(space.font)
        metrics = QFontMetrics(space.font)
        plate = QColor(space.theme.colour("bg1"))
        plate.setAlpha(235)
        for label in drawn.labels:
            width = metrics.horizontalAdvance(label.text) + 6
            x = max(0.0, min(label.x, space.geometry.plot_width - width))
            top = label.y - metrics.height() - 1 if label.is_above else label.y + 1
            box = QRectF(x, top, width, metrics.height())
            painter.fillRect(box, plate)
            painter.setPen(space.theme.colour(_token(drawing, space)))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), label.text)

    def axis_tags(self, space: ChartSpace) -> Sequence[AxisTag]:
        """Levels always, of others the points of the one in hand."""
        scale = space.instrument.price_scale
        return [
            AxisTag(anchor.price * scale, space.price_text(anchor.price * scale), _token(each, space), rank=30)
            for each in self._shown()
            if each.tool is Tool.HORIZONTAL or each.id in {self.selected, _DRAFT}
            for anchor in each.anchors
        ]

    # Mouse and keys.

    def hover(self, point: QPointF, space: ChartSpace) -> Qt.CursorShape | None:
        """Stretches the drawing in the making; else lights up what lies under the pointer."""
        if self._draft is not None:
            self._stretch(point, space)
            return Qt.CursorShape.CrossCursor
        if self.tool is not None:
            return Qt.CursorShape.CrossCursor
        met = self._at(point, space)
        found = met[0].id if met is not None else None
        if found != self._hovered:
            self._hovered = found
            self.changed()
        if met is None:
            return None
        if met[0].is_locked:
            return Qt.CursorShape.ForbiddenCursor
        return Qt.CursorShape.PointingHandCursor if met[1].anchor is not None else Qt.CursorShape.SizeAllCursor

    def unhover(self) -> None:
        """Nothing is lit."""
        if self._hovered is not None:
            self._hovered = None
            self.changed()

    def press(self, event: QMouseEvent, space: ChartSpace) -> bool:
        """Sets a point, begins a measure, or takes hold of a drawing."""
        point = event.position()
        if event.button() == Qt.MouseButton.RightButton:
            return self._press_right(point, space)
        if event.button() != Qt.MouseButton.LeftButton or not space.is_over_prices(point):
            return False
        self._measure = None
        if self._draft is not None:
            self._stretch(point, space)
            self._finish(space)
            return True
        if self.tool is not None:
            self._begin(self.tool, point, space)
            return True
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            start = self._anchor(point, space)
            self._measure = Drawing(_DRAFT, Tool.MEASURE, (start, start))
            return True
        met = self._at(point, space)
        self.selected = met[0].id if met is not None else None
        self.changed()
        if met is None or met[0].is_locked:
            return met is not None
        self._drag = _Drag(met[0], met[1], point, met[0])
        return True

    def move(self, event: QMouseEvent, space: ChartSpace) -> None:
        """Drags what was taken hold of."""
        point = event.position()
        if self._measure is not None:
            self._measure = self._measure.with_anchor(1, self._anchor(point, space))
        elif self._draft is not None:
            self._stretch(point, space)
        elif self._drag is not None:
            self._drag = replace(self._drag, now=self._dragged(self._drag, point, space))
        self.changed()

    def release(self, event: QMouseEvent, space: ChartSpace) -> None:
        """Lets go: a drag becomes one step that can be undone."""
        point = event.position()
        if self._draft is not None and self._pressed is not None:
            far = (point - self._pressed).manhattanLength() > _CLICK_PX
            self._pressed = None
            if far:
                self._stretch(point, space)
                self._finish(space)
        elif self._drag is not None:
            drag, self._drag = self._drag, None
            if (point - drag.start).manhattanLength() > _CLICK_PX:
                self.edit(drag.before, self._dragged(drag, point, space))
        self.changed()

    def double_click(self, event: QMouseEvent, space: ChartSpace) -> bool:
        """Writes the text of the drawing under the pointer."""
        met = self._at(event.position(), space)
        if met is None or self.tool is not None:
            return self.tool is not None
        self.write(met[0], event.position())
        return True

    def key(self, event: QKeyEvent, space: ChartSpace) -> bool:
        """Escape drops what is in hand, Delete removes the selected drawing."""
        if event.key() == Qt.Key.Key_Escape:
            return self._drop()
        chosen = self.selected_drawing()
        if event.key() == Qt.Key.Key_Delete and chosen is not None:
            self.selected = None
            self.edit(chosen, None)
            return True
        return False

    def write(self, drawing: Drawing, point: QPointF) -> None:
        """Asks for the text of a drawing."""

        def written(text: str) -> None:
            empty = drawing.tool is Tool.TEXT and not text
            self.edit(drawing, None if empty else replace(drawing, text=text))

        self.ask_text(point, drawing.text, written)

    # Inside.

    def _drawings(self) -> tuple[Drawing, ...]:
        return () if self._symbol is None else self.history.book.of(self._symbol)

    def _shown(self) -> list[Drawing]:
        shown = [] if self.is_hidden else list(self._drawings())
        if self._drag is not None:
            drag = self._drag
            shown = [drag.now if each.id == drag.before.id else each for each in shown]
        more = [each for each in (self._draft, self._measure) if each is not None]
        return [*shown, *more]

    def _at(self, point: QPointF, space: ChartSpace) -> tuple[Drawing, Hit] | None:
        """The topmost drawing under a pixel; the inside of the selected box counts as well."""
        if self.is_hidden or not space.is_over_prices(point):
            return None
        view, words = SpaceView(space), words_of(space)
        for each in reversed(self._drawings()):
            drawn = outline(each, view, words)
            met = hit(drawn, point.x(), point.y(), is_filled=each.id == self.selected)
            if met is not None:
                return each, met
        return None

    def _anchor(self, point: QPointF, space: ChartSpace) -> Anchor:
        snapped = space.snapped(point)
        return Anchor(snapped.ts_ns, snapped.px / space.instrument.price_scale)

    def _begin(self, tool: Tool, point: QPointF, space: ChartSpace) -> None:
        start = self._anchor(point, space)
        drawing = Drawing(_DRAFT, tool, (start,) * tool.anchor_count)
        self._draft, self._pressed = drawing, point
        if tool is Tool.TEXT:
            self._draft = None
            self.take(None)
            made = replace(drawing, id=uuid.uuid4().hex)
            self.ask_text(point, "", lambda text: self._add(replace(made, text=text)) if text else None)
        elif tool.anchor_count == 1:
            self._finish(space)

    def _stretch(self, point: QPointF, space: ChartSpace) -> None:
        if self._draft is not None and self._draft.tool.anchor_count == 2:
            self._draft = self._draft.with_anchor(1, self._anchor(point, space))
            self.changed()

    def _finish(self, space: ChartSpace) -> None:
        draft, self._draft, self._pressed = self._draft, None, None
        if draft is not None:
            made = replace(draft, id=uuid.uuid4().hex)
            self._add(made)
            self.selected = made.id
        self.take(None)

    def _add(self, drawing: Drawing) -> None:
        if self._symbol is not None:
            self.history.change(self._symbol, None, drawing)

    def _dragged(self, drag: _Drag, point: QPointF, space: ChartSpace) -> Drawing:
        if drag.grabbed.anchor is not None:
            return drag.before.with_anchor(drag.grabbed.anchor, self._anchor(point, space))
        way = point - drag.start
        return moved(drag.before, SpaceView(space), way.x(), way.y())

    def _press_right(self, point: QPointF, space: ChartSpace) -> bool:
        if self._drop():
            return True
        met = self._at(point, space)
        if met is None:
            return False
        self.selected = met[0].id
        self.open_menu(met[0])
        self.changed()
        return True

    def _drop(self) -> bool:
        held = self._draft is not None or self._measure is not None or self.tool is not None
        if not held and self.selected is None:
            return False
        self._measure = self._pressed = self._drag = None
        self.selected = None if not held else self.selected
        self.take(None)
        return True

    def _book_changed(self, symbol: str) -> None:
        if symbol == self._symbol:
            self.changed()
