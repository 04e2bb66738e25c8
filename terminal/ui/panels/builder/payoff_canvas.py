"""The payoff picture as a widget: strikes are dragged, the pointer reads profits."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QWidget

from terminal.app.views.builder_reckoning import Reckoned
from terminal.ui.panels.builder import payoff_painter
from terminal.ui.panels.builder.geometry import Geometry, geometry
from terminal.ui.panels.builder.payoff_painter import Tag
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

Texts = tuple[tuple[int, str, float, bool], ...]
"""Tags of the legs: place, text, strike, bought."""


class PayoffCanvas(QWidget):
    """``dragged`` carries a leg's place and a price; ``chosen`` the place of a tag that was pressed."""

    dragged = Signal(int, float)
    chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._result: Reckoned | None = None
        self._texts: Texts = ()
        self._words = ""
        self._sentence = ""
        self._place, self._held = -1, -1
        self._pointer: int | None = None
        self._picture: QPixmap | None = None
        self._geometry: Geometry | None = None
        self._tags: list[Tag] = []
        self.setMouseTracking(True)
        self.setMinimumHeight(120)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Payoff")

    def show_result(self, result: Reckoned | None, texts: Texts, place: int, words: str, sentence: str) -> None:
        """``sentence`` stands there where there is no picture; ``words`` name the chosen date."""
        new = (texts, place, words, sentence)
        if result is self._result and new == (self._texts, self._place, self._words, self._sentence):
            return
        self._result, self._texts, self._place, self._words, self._sentence = result, *new
        self._picture = None
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme, self._picture = theme, None
        self.update()

    @property
    def tags(self) -> list[Tag]:
        """The strikes as they stand."""
        return self._tags

    @property
    def picture_geometry(self) -> Geometry | None:
        """Where prices and profits stand; None without a picture."""
        return self._geometry

    def _compose(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(self._theme.colour("bg1"))
        painter = QPainter(picture)
        result = self._result
        self._geometry, self._tags = None, []
        if result is None or result.curves is None:
            painter.setFont(self._theme.value_font())
            painter.setPen(self._theme.colour("text1"))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(20, 0, -20, 0), flags, self._sentence)
        else:
            metrics = QFontMetrics(self._theme.label_font())
            at = geometry(self.width(), self.height(), 1, result.curves)
            rows = {tag.rect.top() for tag in payoff_painter.lay_tags(at, self._texts, metrics)}
            self._geometry = at = geometry(self.width(), self.height(), len(rows), result.curves)
            self._tags = payoff_painter.lay_tags(at, self._texts, metrics)
            payoff_painter.paint_picture(painter, self._theme, at, result, self._words)
            payoff_painter.paint_tags(painter, self._theme, self._tags, self._place)
        painter.end()
        return picture

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, which is kept, and the pointer over it."""
        if self._picture is None:
            self._picture = self._compose()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        at, result = self._geometry, self._result
        if at is not None and result is not None and result.curves is not None and self._pointer is not None:
            payoff_painter.paint_pointer(painter, self._theme, at, result.curves, self._pointer)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size, another picture."""
        self._picture = None
        super().resizeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Takes a strike up."""
        tag = self._tag_at(event.position().toPoint())
        if tag is not None and event.button() == Qt.MouseButton.LeftButton:
            self._held = tag.place
            self.chosen.emit(tag.place)
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drags the strike, or reads the picture."""
        point, at = event.position().toPoint(), self._geometry
        if self._held >= 0 and at is not None:
            self.dragged.emit(self._held, at.price(point.x()))
        over = at is not None and self._held < 0 and at.plot.contains(point)
        pointer = point.x() if over else None
        shape = Qt.CursorShape.SizeHorCursor if self._tag_at(point) or self._held >= 0 else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)
        if pointer != self._pointer:
            self._pointer = pointer
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Lets go."""
        self._held = -1
        super().mouseReleaseEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """No pointer."""
        self._pointer = None
        self.update()
        super().leaveEvent(event)

    def _tag_at(self, point: QPoint) -> Tag | None:
        return next((tag for tag in self._tags if tag.rect.adjusted(-2, -1, 2, 1).contains(point)), None)
