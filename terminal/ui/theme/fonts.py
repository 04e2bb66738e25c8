"""The two bundled typefaces, with tabular digits everywhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtGui import QFont, QFontDatabase

UI_FAMILY = "Inter"
MONO_FAMILY = "JetBrains Mono"
_FALLBACKS = ["DejaVu Sans", "Segoe UI", "Helvetica Neue", "Arial"]
_MONO_FALLBACKS = ["DejaVu Sans Mono", "Consolas", "Menlo"]


def load_fonts(folder: Path) -> list[str]:
    """Registers every font file under ``folder`` with Qt, once the QApplication is there; gives the families found."""
    families: list[str] = []
    for path in sorted([*folder.rglob("*.ttf"), *folder.rglob("*.otf")]):
        number = QFontDatabase.addApplicationFont(str(path))
        if number >= 0:
            families += QFontDatabase.applicationFontFamilies(number)
    return sorted(set(families))


@cache
def ui_font(pixels: int, *, bold: bool = False) -> QFont:
    """Inter at a size in pixels. Treat the result as read-only."""
    font = QFont([UI_FAMILY, *_FALLBACKS])
    font.setPixelSize(pixels)
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return _tabular(font)


@cache
def column_font(pixels: int) -> QFont:
    """Capitals with 4% tracking."""
    font = QFont(ui_font(pixels))
    font.setCapitalization(QFont.Capitalization.AllUppercase)
    font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 104)
    return _tabular(font)


@cache
def mono_font(pixels: int) -> QFont:
    """JetBrains Mono at a size in pixels."""
    font = QFont([MONO_FAMILY, *_MONO_FALLBACKS])
    font.setPixelSize(pixels)
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font


def _tabular(font: QFont) -> QFont:
    font.setFeature(QFont.Tag("tnum"), 1)
    return font
