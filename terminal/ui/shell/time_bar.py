"""The day as a bar: what has happened can be dragged over, what is still to come is empty."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from terminal.app import ages
from terminal.core.clock import NS_PER_S
from terminal.ui.theme.theme import Theme

HEIGHT_PX = 20
_TRACK_PX = 6
_SLACK_PX = 4
_STEPS_NS = (300, 900, 1800, 3600, 4 * 3600, 24 * 3600)
_MARK_GAP_PX = 44


class TimeBar(QWidget):
    """``picked`` carries a moment while it is dragged over; ``released`` the one where the mouse was let go. ``taken``
    comes before the first of them, ``dropped`` where Escape took the drag back.

    Times are market time. ``live_ns`` is how far the market is, ``shown_ns`` what the panels show.
    """

    taken = Signal()
    dropped = Signal()
    picked = Signal(object)
    released = Signal(object)
    turned = Signal(int)
    """The wheel was turned by so many notches, later is positive."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._first_ns = self._last_ns = self._live_ns = self._shown_ns = 0
        self._is_past = False
        self._drag_ns: int | None = None
        self._hover_x: int | None = None
        self.setMouseTracking(True)
        self.setFixedHeight(HEIGHT_PX)
        self.setMinimumWidth(150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Time of the day")

    @property
    def is_dragged(self) -> bool:
        """Whether the mouse holds the bar."""
        return self._drag_ns is not None

    @property
    def says(self) -> str:
        """The time under the mouse, or empty."""
        if self._drag_ns is not None:
            return ages.time_of_day(self._drag_ns)
        return "" if self._hover_x is None else ages.time_of_day(self.time_at(self._hover_x))

    def sizeHint(self) -> QSize:
        """Room for a day's half hours."""
        return QSize(360, HEIGHT_PX)

    def show_times(self, first_ns: int, last_ns: int, live_ns: int, shown_ns: int, is_past: bool) -> None:
        """What the bar spans and where in it the market and the panels are."""
        new = (first_ns, max(last_ns, live_ns), live_ns, shown_ns, is_past)
        if new != (self._first_ns, self._last_ns, self._live_ns, self._shown_ns, self._is_past):
            places = self.x_of(self._live_ns), self.x_of(self._shown_ns), self._is_past
            self._first_ns, self._last_ns, self._live_ns, self._shown_ns, self._is_past = new
            if places != (self.x_of(live_ns), self.x_of(shown_ns), is_past):
                self.update()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.update()

    def x_of(self, ts_ns: int) -> int:
        """Place of a time, within the bar."""
        span = max(1, self._last_ns - self._first_ns)
        return int(min(max(0, ts_ns - self._first_ns), span) * (self.width() - 1) // span)

    def time_at(self, x: int) -> int:
        """Time at a place."""
        span = max(1, self._last_ns - self._first_ns)
        return self._first_ns + span * min(max(0, x), self.width() - 1) // max(1, self.width() - 1)

    def is_ahead(self, ts_ns: int) -> bool:
        """Whether a time lies to the right of now by more than a shaking hand."""
        return self.x_of(ts_ns) > self.x_of(self._live_ns) + _SLACK_PX

    # Qt.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Takes hold: that moment is shown at once."""
        if event.button() == Qt.MouseButton.LeftButton and self._last_ns > self._first_ns:
            self.taken.emit()
            # Escape belongs to the hand that drags, wherever the keyboard is.
            QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]
            self._drag(int(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drags, or says the time under the mouse."""
        self._hover_x = int(event.position().x())
        if self.is_dragged:
            self._drag(self._hover_x)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Lets go."""
        if event.button() == Qt.MouseButton.LeftButton and self._drag_ns is not None:
            ts_ns = self._drag_ns
            self._let_go()
            self.released.emit(ts_ns)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """While it is dragged, Escape takes the drag back and does nothing else."""
        if event.type() in {QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress} and isinstance(event, QKeyEvent):
            if event.key() != Qt.Key.Key_Escape:
                return False
            event.accept()
            if self.is_dragged and event.type() == QEvent.Type.KeyPress:
                self._let_go()
                self.dropped.emit()
            return True
        return False

    def hideEvent(self, event: QEvent) -> None:
        """Nobody drags what cannot be seen."""
        self._let_go()

    def _let_go(self) -> None:
        if self._drag_ns is not None:
            self._drag_ns = None
            QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]
            self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A notch up is earlier, as in a list."""
        notches = event.angleDelta().y() // 120
        if notches:
            self.turned.emit(-notches)
        event.accept()

    def enterEvent(self, event: QEnterEvent) -> None:
        """The time under the mouse is said."""
        self._hover_x = int(event.position().x())
        self.update()

    def leaveEvent(self, event: object) -> None:
        """Nothing is said any more."""
        self._hover_x = None
        self.update()

    def _drag(self, x: int) -> None:
        self._drag_ns = self.time_at(x)
        self.picked.emit(self._drag_ns)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The track, what has happened, marks of the clock, and where the market and the panels are."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._theme
        top = (HEIGHT_PX - _TRACK_PX) / 2
        live_x, shown_x = self.x_of(self._live_ns), self.x_of(self._shown_ns)
        if self._drag_ns is not None:
            shown_x = self.x_of(self._drag_ns)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("line"))
        painter.drawRoundedRect(QRectF(0, top, self.width(), _TRACK_PX), 2, 2)
        painter.setBrush(theme.colour("text2"))
        painter.drawRoundedRect(QRectF(0, top, live_x, _TRACK_PX), 2, 2)
        self._paint_marks(painter)
        if self._is_past or self.is_dragged:
            painter.setBrush(theme.colour("warn"))
            painter.drawRect(QRectF(min(shown_x, live_x), top, abs(live_x - shown_x), _TRACK_PX))
            painter.drawRoundedRect(QRectF(shown_x - 2, 1, 5, HEIGHT_PX - 2), 2, 2)
        painter.setBrush(theme.colour("text0"))
        painter.drawRoundedRect(QRectF(live_x - 1, 3, 3, HEIGHT_PX - 6), 1, 1)
        painter.end()

    def _paint_marks(self, painter: QPainter) -> None:
        span = self._last_ns - self._first_ns
        if span <= 0:
            return
        wanted = span * _MARK_GAP_PX / max(1, self.width()) / NS_PER_S
        step_ns = next((each for each in _STEPS_NS if each >= wanted), _STEPS_NS[-1]) * NS_PER_S
        painter.setBrush(self._theme.colour("bg0"))
        ts_ns = self._first_ns - self._first_ns % step_ns + step_ns
        while ts_ns < self._last_ns:
            painter.drawRect(QRectF(self.x_of(ts_ns), (HEIGHT_PX - _TRACK_PX) / 2, 1, _TRACK_PX))
            ts_ns += step_ns
