"""The meter as a thin strip over the window: seen, never touched."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from terminal.app.views.meter import hud_lines
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.bridge.meter_sampler import MeterSampler
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_HEIGHT_PX, _GAP_PX, _BETWEEN_PX, _ABOVE_PX = 20, 12, 4, 30
_WIDEST = "00.0 ms"
_OPACITY = 215


class MeterHud(QWidget):
    """Semi-transparent, takes neither focus nor clicks; hidden it asks for nothing."""

    needs = Needs.ALWAYS
    min_interval_ms = 400

    def __init__(self, sampler: MeterSampler, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._sampler, self._theme = sampler, theme
        self._lines: tuple[tuple[str, str, str], ...] = ()
        self._widths: list[tuple[int, int]] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def toggle(self) -> None:
        """Shows or hides it."""
        self.setVisible(not self.isVisible())
        if self.isVisible():
            self.settle()

    def text(self) -> str:
        """What it says, for tests and screen readers."""
        return ", ".join(f"{label} {value}" for label, value, _ in self._lines)

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.update()

    def is_on_screen(self) -> bool:
        """Whether it can be seen."""
        return self.isVisible()

    def run_frame(self, frame: Frame) -> None:
        """Reads and repaints."""
        self._refresh()

    @guarded
    def _refresh(self) -> None:
        lines = hud_lines(self._sampler.sample())
        if lines != self._lines:
            self._lines = lines
            self.setAccessibleName("Meter: " + self.text())
            self.settle()
            self.update()

    def settle(self) -> None:
        """A strip in the middle above the status bar, where it hides the least; the window calls it when it grows."""
        metrics = QFontMetrics(self._theme.label_font())
        self._widths = [
            (metrics.horizontalAdvance(label) + _BETWEEN_PX, metrics.horizontalAdvance(max(value, _WIDEST, key=len)))
            for label, value, _ in self._lines
        ]
        width = sum(label + value + _GAP_PX for label, value in self._widths) + _GAP_PX
        parent = self.parentWidget()
        wanted = QRect((parent.width() - width) // 2, parent.height() - _HEIGHT_PX - _ABOVE_PX, width, _HEIGHT_PX)
        if self.geometry() != wanted:
            self.setGeometry(wanted)
        self.raise_()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Label and figure, one after the other."""
        painter = QPainter(self)
        ground = QColor(self._theme.colour("bg0"))
        ground.setAlpha(_OPACITY)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.colour("line"))
        painter.setBrush(ground)
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)
        painter.setFont(self._theme.label_font())
        middle = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        x = _GAP_PX
        for (label, value, tone), (label_px, value_px) in zip(self._lines, self._widths, strict=True):
            painter.setPen(self._theme.colour("text2"))
            painter.drawText(QRect(x, 0, label_px, _HEIGHT_PX), middle, label)
            painter.setPen(self._theme.colour(tone))
            painter.drawText(QRect(x + label_px, 0, value_px, _HEIGHT_PX), middle, value)
            x += label_px + value_px + _GAP_PX
        painter.end()
