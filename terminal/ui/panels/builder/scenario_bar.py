"""Three sliders: the date, what all vols gain, and how far the skew tilts."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from terminal.app.views.builder_reckoning import Scenario
from terminal.app.views.builder_words import scenario_words

_DATE_STEPS = 100
_VOL_STEPS, _VOL_POINT = 60, 0.005
_TILT_STEPS, _TILT_POINT = 40, 0.0025


class ScenarioBar(QWidget):
    """``changed`` carries the Scenario."""

    changed = Signal(object)

    def __init__(self, scenario: Scenario) -> None:
        super().__init__()
        self.date = _slider(0, _DATE_STEPS, "Date", "From today to the nearest expiry")
        self.vol = _slider(-_VOL_STEPS, _VOL_STEPS, "IV shift", "Points that all implied vols gain")
        self.tilt = _slider(
            -_TILT_STEPS,
            _TILT_STEPS,
            "Skew tilt",
            "Points that a strike 10 % below the forward gains, and one above loses",
        )
        self.date_words, self.vol_words, self.tilt_words = QLabel(), QLabel(), QLabel()
        self.reset = QToolButton()
        self.reset.setText("Reset")
        self.reset.setProperty("role", "flat")
        self.reset.setToolTip("Half way to the expiry, vols as they are")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 4, 0)
        row.setSpacing(6)
        for name, slider, words, wide in (
            ("Date", self.date, self.date_words, 150),
            ("IV", self.vol, self.vol_words, 52),
            ("Skew", self.tilt, self.tilt_words, 84),
        ):
            label = QLabel(name)
            label.setProperty("role", "faint")
            label.setBuddy(slider)
            words.setMinimumWidth(wide)
            row.addWidget(label)
            row.addWidget(slider, 3 if slider is self.date else 2)
            row.addWidget(words)
        row.addWidget(self.reset)
        self.show_scenario(scenario)
        for slider in (self.date, self.vol, self.tilt):
            slider.valueChanged.connect(self._moved)
        self.reset.clicked.connect(self._reset)

    def show_scenario(self, scenario: Scenario) -> None:
        """Puts the sliders there, without a signal."""
        pairs = (
            (self.date, scenario.part * _DATE_STEPS),
            (self.vol, scenario.vol / _VOL_POINT),
            (self.tilt, scenario.tilt / _TILT_POINT),
        )
        for slider, value in pairs:
            slider.blockSignals(True)
            slider.setValue(round(value))
            slider.blockSignals(False)
        self._say(scenario)

    def say_date(self, text: str) -> None:
        """The date in words."""
        if text != self.date_words.text():
            self.date_words.setText(text)

    @property
    def scenario(self) -> Scenario:
        """What the sliders say."""
        return Scenario(
            self.date.value() / _DATE_STEPS,
            round(self.vol.value() * _VOL_POINT, 6),
            round(self.tilt.value() * _TILT_POINT, 6),
        )

    @Slot()
    def _moved(self) -> None:
        self._say(self.scenario)
        self.changed.emit(self.scenario)

    @Slot()
    def _reset(self) -> None:
        self.show_scenario(Scenario())
        self.changed.emit(self.scenario)

    def _say(self, scenario: Scenario) -> None:
        vol, tilt = scenario_words(scenario)
        self.vol_words.setText(vol)
        self.tilt_words.setText(tilt)


def _slider(low: int, high: int, name: str, tip: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(low, high)
    slider.setPageStep(max((high - low) // 20, 1))
    slider.setAccessibleName(name)
    slider.setToolTip(tip)
    slider.setMinimumWidth(50)
    return slider
