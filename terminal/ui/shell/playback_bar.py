"""Pause, step, speed and seek for a market that does not run by itself."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from terminal.app import ages
from terminal.app.ports import Playback
from terminal.core.clock import Clock
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.theme.icons import IconSet
from terminal.ui.theme.theme import Theme

SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, math.inf)
_STEPS = 1000


def speed_text(speed: float) -> str:
    """``1x``, ``0.25x``, ``max``."""
    return "max" if math.isinf(speed) else f"{speed:g}\u00d7"


class PlaybackBar(QWidget):
    """Runs commands only; ``seek_wanted`` carries a market time."""

    command_wanted = Signal(str)
    seek_wanted = Signal(object)
    speed_wanted = Signal(float)

    needs = Needs.ALWAYS
    min_interval_ms = 200

    def __init__(
        self, playback: Playback, clock: Clock, icons: IconSet, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._playback, self._clock, self._icons, self._theme = playback, clock, icons, theme
        self._paused: bool | None = None
        self.play = self._button("playback.toggle", "Pause or go on")
        self.step = self._button("playback.step", "Play one instant")
        self.speed = QComboBox()
        self.speed.setToolTip("Market seconds a second")
        self.speed.setAccessibleName("Speed")
        self.speed.setFixedWidth(72)
        for each in SPEEDS:
            self.speed.addItem(speed_text(each), each)
        self.speed.activated.connect(self._speed_chosen)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setFixedWidth(150)
        self.slider.setAccessibleName("Time of the day")
        self.slider.sliderReleased.connect(self._seek)
        self.slider.sliderMoved.connect(self._say_target)
        self.target = QLabel("")
        self.target.setProperty("role", "faint")
        self.target.setFixedWidth(54)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(3)
        widgets: tuple[QWidget, ...] = (self.play, self.step, self.speed, self.slider, self.target)
        for widget in widgets:
            row.addWidget(widget)
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

    def _time_at(self, value: int) -> int:
        first_ns, last_ns = self._playback.first_ns, self._playback.last_ns
        return first_ns + (last_ns - first_ns) * value // _STEPS

    def _say_target(self, value: int) -> None:
        self.target.setText(ages.time_of_day(self._time_at(value)))

    def _seek(self) -> None:
        self.target.setText("")
        self.seek_wanted.emit(self._time_at(self.slider.value()))

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
        self.slider.setToolTip("" if playback.can_seek else "This session has orders, so it can only go forward.")
        first_ns, last_ns = playback.first_ns, playback.last_ns
        if not self.slider.isSliderDown() and last_ns > first_ns:
            done = (self._clock.now_ns() - first_ns) * _STEPS // (last_ns - first_ns)
            self.slider.setValue(int(min(_STEPS, max(0, done))))
