"""The strip and the frame that say at all times whether money is real and whether order keys are live."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from terminal.app.arming import ArmState
from terminal.app.ports import DeskMode
from terminal.ui.theme.theme import Theme

STRIP_PX = 18
FRAME_PX = 2
_SENTENCES = {
    DeskMode.SIMULATED: "simulated market, prices are not real",
    DeskMode.REPLAY: "recorded market, not the prices of now",
    DeskMode.PAPER: "live prices, orders are matched on paper",
    DeskMode.LIVE: "live market",
}

_SHORT = {DeskMode.SIMULATED: "simulated", DeskMode.REPLAY: "recorded", DeskMode.LIVE: "live"}


class ModeStrip(QWidget):
    """The band at the top in the mode's colour, with the word; the armed state at its right end."""

    def __init__(self, mode: DeskMode, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._mode, self._theme = mode, theme
        self._state = ArmState.DISARMED
        self._note = ""
        self._past = ""
        self.setFixedHeight(STRIP_PX)
        self._describe()

    @property
    def text(self) -> str:
        """What the strip says, for tests and screen readers."""
        note = f", {self._note}" if self._note else ""
        return f"{self._word}: {self._sentence}{note}; {self._state.word}"

    @property
    def token(self) -> str:
        """The token of the band's colour."""
        return "warn" if self._past else f"mode_{self._mode.value}"

    @property
    def _word(self) -> str:
        return "PAST" if self._past else self._mode.word

    @property
    def _sentence(self) -> str:
        return f"{self._past} of the {_SHORT[self._mode]} market" if self._past else _SENTENCES[self._mode]

    def set_past(self, text: str) -> None:
        """Says which moment is looked back at; empty is the live market."""
        if text != self._past:
            self._past = text
            self._describe()
            self.update()

    def set_state(self, state: ArmState) -> None:
        """Shows the armed state."""
        self._state = state
        self._describe()
        self.update()

    def set_note(self, note: str) -> None:
        """What is played: the day, the underlying."""
        if note != self._note:
            self._note = note
            self._describe()
            self.update()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.update()

    def _describe(self) -> None:
        self.setAccessibleName(self.text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The band, the word in the middle, ARMED in red at the right."""
        painter = QPainter(self)
        token = self.token
        painter.fillRect(self.rect(), self._theme.colour(token))
        painter.setPen(self._theme.ink_on(token))
        bold = self._theme.value_font(bold=True)
        plain = self._theme.label_font()
        painter.setFont(bold)
        word_width = painter.fontMetrics().horizontalAdvance(self._word)
        note = self._sentence + (f"  ·  {self._note}" if self._note else "")
        painter.setFont(plain)
        gap = 10
        total = word_width + gap + painter.fontMetrics().horizontalAdvance(note)
        left = max(8, (self.width() - total) // 2)
        painter.drawText(left + word_width + gap, 0, self.width(), STRIP_PX, int(Qt.AlignmentFlag.AlignVCenter), note)
        painter.setFont(bold)
        painter.drawText(left, 0, word_width + 2, STRIP_PX, int(Qt.AlignmentFlag.AlignVCenter), self._word)
        if self._state.is_armed:
            width = painter.fontMetrics().horizontalAdvance(self._state.word) + 24
            for place in (QRect(self.width() - width, 0, width, STRIP_PX), QRect(0, 0, width, STRIP_PX)):
                painter.fillRect(place, self._theme.colour("armed"))
                painter.setPen(self._theme.ink_on("armed"))
                painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), self._state.word)
        painter.end()


class ModeFrame(QWidget):
    """Surrounds the whole window with 2 px of the mode's colour; red while armed."""

    def __init__(self, mode: DeskMode, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("window")
        self._mode, self._theme = mode, theme
        self._state = ArmState.DISARMED
        self.strip = ModeStrip(mode, theme, self)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(FRAME_PX, 0, FRAME_PX, FRAME_PX)
        self.column.setSpacing(0)
        self.column.addWidget(self.strip)

    def set_state(self, state: ArmState) -> None:
        """Shows the armed state."""
        self._state = state
        self.strip.set_state(state)
        self.update()

    def set_past(self, text: str) -> None:
        """Says on the strip, and with the frame's colour, which moment is looked back at; empty is the live market."""
        self.strip.set_past(text)
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.strip.set_theme(theme)
        self.update()

    @property
    def frame_token(self) -> str:
        """The token of the frame's colour."""
        return "armed" if self._state.is_armed else self.strip.token

    def paintEvent(self, event: QPaintEvent) -> None:
        """The ground and the frame."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("bg0"))
        pen = QPen(self._theme.colour(self.frame_token), FRAME_PX)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()
