"""The fonts that ship give tabular digits and the signs that the panels use."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFont, QFontDatabase, QFontInfo, QFontMetricsF, QRawFont
from pytestqt.qtbot import QtBot

from terminal.infra import resources

SIGNS = "0123456789−–▲▼●→←↑↓·×±≤≥…€£¥ΔΓΘσ√"


@pytest.mark.parametrize("family", ["Inter", "JetBrains Mono"])
def test_digits_are_tabular_in_every_weight(qtbot: QtBot, family: str) -> None:
    for path in resources.font_files():
        assert QFontDatabase.addApplicationFont(str(path)) >= 0, path.name
    assert set(QFontDatabase.styles(family)) == {"Regular", "Medium", "SemiBold", "Bold"}
    for weight in (QFont.Weight.Normal, QFont.Weight.Medium, QFont.Weight.DemiBold, QFont.Weight.Bold):
        font = QFont(family)
        font.setPixelSize(100)
        font.setWeight(weight)
        font.setFeature(QFont.Tag("tnum"), 1)
        assert (QFontInfo(font).family(), QFontInfo(font).weight()) == (family, weight)
        assert len({QFontMetricsF(font).horizontalAdvance(digit) for digit in "0123456789"}) == 1
        raw = QRawFont.fromFont(font)
        assert [sign for sign in SIGNS if not raw.supportsCharacter(ord(sign))] == []
        assert family != "Inter" or raw.supportsCharacter(0x2009), "the thin space between thousands"
