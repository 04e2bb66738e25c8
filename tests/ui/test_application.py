"""Which platform Qt starts on, and pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from terminal.infra.failures import UsageError, WorkFailed
from terminal.ui.application import choose_platform, screenshot


@pytest.mark.parametrize(
    ("environment", "headless", "platform", "gl"),
    [
        ({}, True, "offscreen", None),
        ({"DISPLAY": ":0"}, True, "offscreen", None),
        ({"DISPLAY": ":0"}, False, "xcb", "glx"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "w"}, False, "xcb", "glx"),
        ({"QT_QPA_PLATFORM": "wayland", "WAYLAND_DISPLAY": "w"}, False, "wayland", "egl"),
        ({"QT_QPA_PLATFORM": "minimal"}, False, "minimal", None),
        ({"QT_QPA_PLATFORM": "xcb", "DISPLAY": ":1"}, True, "xcb", "glx"),
    ],
)
def test_the_platform_on_linux(environment: dict[str, str], headless: bool, platform: str, gl: str | None) -> None:
    found = choose_platform(environment, "linux", headless=headless)
    assert found["QT_QPA_PLATFORM"] == platform
    assert found.get("PYOPENGL_PLATFORM") == gl


def test_a_person_s_choice_for_gl_stays() -> None:
    found = choose_platform({"DISPLAY": ":0", "PYOPENGL_PLATFORM": "egl"}, "linux", headless=False)
    assert "PYOPENGL_PLATFORM" not in found


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_elsewhere_qt_chooses(system: str) -> None:
    assert choose_platform({}, system, headless=False) == {}
    assert choose_platform({}, system, headless=True) == {"QT_QPA_PLATFORM": "offscreen"}


@pytest.mark.parametrize("environment", [{}, {"WAYLAND_DISPLAY": "w"}, {"QT_QPA_PLATFORM": "wayland", "DISPLAY": ":0"}])
def test_without_a_display_it_is_said_before_qt_aborts(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="--headless") as refusal:
        choose_platform(environment, "linux", headless=False)
    assert refusal.value.exit_code == 2


def test_a_picture_is_written_or_a_sentence_says_why_not(qtbot: QtBot, tmp_path: Path) -> None:
    label = QLabel("x")
    qtbot.addWidget(label)
    screenshot(label, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 50
    with pytest.raises(WorkFailed, match="cannot be written"):
        screenshot(label, tmp_path / "no" / "a.png")
