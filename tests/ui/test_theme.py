"""Tokens, contrast, fonts, live switching, the price editor."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from terminal.core.instruments import Instrument, InstrumentKind, SessionProduct
from terminal.core.ticks import TickClass
from terminal.infra import resources
from terminal.ui.theme import fonts
from terminal.ui.theme.icons import IconSet, link_square
from terminal.ui.theme.style_sheet import style_sheet
from terminal.ui.theme.theme import ThemeSwitch, theme
from terminal.ui.theme.tokens import contrast, ink_on, tokens
from terminal.ui.widgets.tick_spin import TickSpinBox

CHOICES = list(itertools.product(("dark", "light"), (False, True)))


@pytest.mark.parametrize(("name", "colour_blind"), CHOICES)
def test_text_reads_on_every_ground(name: str, colour_blind: bool) -> None:
    chosen = tokens(name, colour_blind=colour_blind)
    for ink, ground in itertools.product(
        ("text0", "text1", "text2", "up", "down", "accent", "warn", "critical"), ("bg0", "bg1", "bg2", "itm")
    ):
        assert contrast(getattr(chosen, ink), getattr(chosen, ground)) >= 4.5, (ink, ground)
    for ground in ("mode_sim", "mode_replay", "mode_paper", "mode_live", "armed"):
        assert contrast(ink_on(getattr(chosen, ground)), getattr(chosen, ground)) >= 4.5, ground
    assert contrast(chosen.on_accent, chosen.accent) >= 4.5


def test_contrast_is_that_of_the_web_s_rules() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


def test_the_colour_blind_palette_has_no_red_against_green() -> None:
    for name in ("dark", "light"):
        chosen, plain = tokens(name, colour_blind=True), tokens(name)
        assert chosen.up != plain.up
        assert chosen.down != plain.down
        assert chosen.bid.endswith(chosen.up[1:])
    with pytest.raises(ValueError, match="dark or light"):
        tokens("sepia")
    assert tokens("dark", comfortable=True).row_height == 24


def test_the_style_sheet_is_complete(qapp: QApplication) -> None:
    sheet = style_sheet(tokens("dark"))
    assert "$" not in sheet
    assert "url()" not in sheet
    assert len(sheet.splitlines()) <= 160


def test_a_theme_switches_live(qapp: QApplication, qtbot: QtBot) -> None:
    switch = ThemeSwitch("dark")
    with qtbot.waitSignal(switch.changed):
        switch.choose("light", colour_blind=True)
    assert switch.choice == ("light", True, False)
    assert qapp.palette().color(QPalette.ColorRole.Window) == theme("light").colour("bg0")
    assert switch.theme.colour("up").name() == "#1a68c4"
    switch.choose("dark", colour_blind=False)


def test_digits_of_the_bundled_faces_are_of_one_width(qapp: QApplication) -> None:
    families = fonts.load_fonts(resources.root() / "fonts")
    assert {fonts.UI_FAMILY, fonts.MONO_FAMILY} <= set(families)
    for font in (fonts.ui_font(12), fonts.ui_font(11), fonts.ui_font(12, bold=True), fonts.column_font(10)):
        metrics = QFontMetrics(font)
        assert len({metrics.horizontalAdvance(digit * 10) for digit in "0123456789"}) == 1
    mono = QFontMetrics(fonts.mono_font(11))
    assert mono.horizontalAdvance("iiii") == mono.horizontalAdvance("WWWW")


def test_icons_take_the_theme_s_colour(qapp: QApplication) -> None:
    icons = IconSet(resources.root() / "icons")
    for name in ("dark", "light"):
        picture = icons.icon("pause", theme(name)).pixmap(14, 14).toImage()
        pixels = [picture.pixelColor(x, y) for x in range(14) for y in range(14)]
        strongest = max(pixels, key=lambda pixel: pixel.alpha())
        wanted = theme(name).colour("text1")
        assert strongest.alpha() > 100
        assert abs(strongest.red() - wanted.red()) + abs(strongest.blue() - wanted.blue()) < 24
    assert icons.icon("no-such-icon", theme("dark")).isNull()
    assert IconSet(None).icon("pause", theme("dark")).isNull()
    assert not link_square("#E5534B", 1, "#FFFFFF").isNull()


OPTION = Instrument(1, "X", InstrumentKind.OPTION, SessionProduct.EQUITY_OPTION, TickClass.PENNY_PROGRAM)


def test_the_price_editor_steps_by_ticks_and_never_changes_a_price_in_silence(qtbot: QtBot) -> None:
    box = TickSpinBox()
    qtbot.addWidget(box)
    box.set_instrument(OPTION)
    heard: list[int | None] = []
    box.value_changed.connect(heard.append)
    box.set_px(29_900)
    box.stepBy(1)
    box.stepBy(1)
    assert box.px == 30_500
    box.stepBy(-3)
    assert box.text() == "2.98"
    box.show()
    with qtbot.waitActive(box):
        box.activateWindow()
    box.selectAll()
    qtbot.keyClicks(box, "3.02")
    assert box.text() == "3.02"
    assert box.px is None
    assert "not on the tick; the step here is 0.05" in box.problem
    assert box.property("invalid") is True
    qtbot.keyClick(box, Qt.Key.Key_Backspace)
    qtbot.keyClicks(box, "5")
    assert box.px == 30_500
    assert box.problem == ""
    box.selectAll()
    qtbot.keyClicks(box, "abc")
    assert "is not a price" in box.problem
    box.stepBy(1)
    assert box.px is None
    assert heard[-1] is None
