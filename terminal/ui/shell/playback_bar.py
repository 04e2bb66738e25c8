"""Pause, step and speed of what is shown, and the day's bar: back to any moment of it, and forward where time waits."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QWidget

from terminal.app import ages
from terminal.app.ports import Past, Playback
from terminal.core.clock import NS_PER_S, Clock
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.shell.time_bar import TimeBar
from terminal.ui.theme.icons import IconSet
from terminal.ui.theme.theme import Theme

SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, math.inf)
_WHEEL_NS = 10 * NS_PER_S


def speed_text(speed: float) -> str:
    """``1x``, ``0.25x``, ``max``."""
    return "max" if math.isinf(speed) else f"{speed:g}\u00d7"


class PlaybackBar(QWidget):
    """Runs commands only. ``look_wanted`` carries a moment of the past, ``seek_wanted`` one that the feed shall go to.

    Without ``past`` (nothing is kept to look back at) every drag moves the feed. Without ``playback`` (a market that
    runs by itself) there is nothing to pause until the past is shown.
    """

    command_wanted = Signal(str)
    seek_wanted = Signal(object)
    look_wanted = Signal(object)
    speed_wanted = Signal(float)

    needs = Needs.ALWAYS
    min_interval_ms = 50

    def __init__(
        self,
        playback: Playback,
        past: Past | None,
        clock: Clock,
        icons: IconSet,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._playback, self._past, self._clock, self._icons, self._theme = playback, past, clock, icons, theme
        self._paused: bool | None = None
        self._before_ns: int | None = None
        self.play = self._button("playback.toggle", "Pause or go on")
        self.step = self._button("playback.step", "Play one instant")
        self.speed = QComboBox()
        self.speed.setToolTip("Market seconds a second")
        self.speed.setAccessibleName("Speed")
        self.speed.setFixedWidth(72)
        for each in SPEEDS:
            self.speed.addItem(speed_text(each), each)
        self.speed.activated.connect(self._speed_chosen)
        self.bar = TimeBar(theme)
        self.bar.taken.connect(self._taken)
        self.bar.dropped.connect(self._dropped)
        self.bar.picked.connect(self._picked)
        self.bar.released.connect(self._released)
        self.bar.turned.connect(self._turned)
        self.target = QLabel("")
        self.target.setProperty("role", "faint")
        self.target.setFixedWidth(54)
        self.live = self._button("past.live", "Back to now")
        self.live.setText("NOW")
        self.live.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.live.setVisible(past is not None)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(3)
        widgets: tuple[QWidget, ...] = (self.play, self.step, self.speed, self.bar, self.target, self.live)
        for widget in widgets:
            row.addWidget(widget)
        row.setStretch(3, 1)
        self._dress()

    def _button(self, command: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setIconSize(QSize(14, 14))
        button.setProperty("role", "flat")
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setProperty("command_id", command)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(self._clicked)
        return button

    def set_theme(self, theme: Theme) -> None:
        """Icons in the theme's colour."""
        self._theme = theme
        self.bar.set_theme(theme)
        self._dress()

    def _dress(self) -> None:
        self.play.setIcon(self._icons.icon("play" if self._paused else "pause", self._theme))
        self.play.setToolTip("Go on" if self._paused else "Pause")
        self.step.setIcon(self._icons.icon("step-forward", self._theme))

    def _clicked(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.command_wanted.emit(str(sender.property("command_id")))

    def _speed_chosen(self, place: int) -> None:
        self.speed_wanted.emit(float(self.speed.itemData(place)))

    def _taken(self) -> None:
        past = self._past
        self._before_ns = past.wanted_ns if past is not None and past.is_past else None

    def _dropped(self) -> None:
        """As it was before the drag."""
        if self._before_ns is not None:
            self.look_wanted.emit(self._before_ns)
        elif self._past is not None:
            self.command_wanted.emit("past.live")

    def _picked(self, ts_ns: int) -> None:
        self.target.setText(ages.time_of_day(ts_ns))
        if self._past is not None and not self.bar.is_ahead(ts_ns):
            self.look_wanted.emit(ts_ns)

    def _released(self, ts_ns: int) -> None:
        if self._past is None or self.bar.is_ahead(ts_ns):
            self.seek_wanted.emit(ts_ns)

    def _turned(self, notches: int) -> None:
        if self._past is not None and (self._past.is_past or notches < 0):
            self.look_wanted.emit(self._past.wanted_ns + notches * _WHEEL_NS)

    def is_on_screen(self) -> bool:
        """Whether it can be seen."""
        return self.isVisible()

    def run_frame(self, frame: Frame) -> None:
        """Follows the desk."""
        playback = self._playback
        if playback.paused != self._paused:
            self._paused = playback.paused
            self._dress()
        place = self.speed.findText(speed_text(playback.speed))
        if place < 0:
            self.speed.addItem(speed_text(playback.speed), playback.speed)
            place = self.speed.count() - 1
        if place != self.speed.currentIndex() and not self.speed.view().isVisible():
            self.speed.setCurrentIndex(place)
        past = self._past
        is_past = past is not None and past.is_past
        live_ns = past.live_ns if past is not None else self._clock.now_ns()
        first_ns = past.first_ns if past is not None and past.first_ns else playback.first_ns
        shown_ns = past.wanted_ns if past is not None else live_ns
        self.bar.show_times(first_ns, playback.last_ns, live_ns, shown_ns, is_past)
        self.target.setText(self.bar.says)
        if self.live.isEnabled() != is_past:
            self.live.setEnabled(is_past)
            self.live.setProperty("role", "warn" if is_past else "flat")
            self.live.style().unpolish(self.live)
            self.live.style().polish(self.live)
            self.bar.setToolTip(self._tip())

    def _tip(self) -> str:
        ahead = "drag to the right of now to let the market run forward to there"
        if self._past is None:
            return "" if self._playback.can_seek else "This session has orders, so it can only go forward."
        return f"Drag to look back while the market goes on; {ahead}. Esc takes a drag back. Wheel: 10 seconds."
