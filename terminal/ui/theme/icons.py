"""Icons: SVG files of the bundle in the text's colour, and the link-colour squares."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from terminal.ui.theme.theme import Theme

_PX = 14
_SCALES = (1, 2)


class IconSet:
    """The icons of a folder; a name without a file gives an empty icon."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def icon(self, name: str, theme: Theme, ink: str = "text1") -> QIcon:
        """``name``.svg with ``currentColor`` in the colour of the token ``ink``."""
        path = self._folder / f"{name}.svg" if self._folder is not None else None
        if path is None or not path.is_file():
            return QIcon()
        return _tinted(path, theme.colour(ink).name())


@cache
def _tinted(path: Path, colour: str) -> QIcon:
    source = path.read_text(encoding="utf-8").replace("currentColor", colour)
    renderer = QSvgRenderer(QByteArray(source.encode()))
    icon = QIcon()
    for scale in _SCALES:
        pixmap = QPixmap(_PX * scale, _PX * scale)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(pixmap.rect()))
        painter.end()
        pixmap.setDevicePixelRatio(scale)
        icon.addPixmap(pixmap)
    return icon


@cache
def link_square(colour: str, number: int, ink: str) -> QIcon:
    """The square at a panel's head: the group's colour and its number; hollow for none (number 0)."""
    icon = QIcon()
    for scale in _SCALES:
        pixmap = QPixmap(12 * scale, 12 * scale)
        pixmap.fill(Qt.GlobalColor.transparent)
        pixmap.setDevicePixelRatio(scale)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if number:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
            painter.drawRoundedRect(QRectF(0.5, 0.5, 11, 11), 2, 2)
            font = painter.font()
            font.setPixelSize(9)
            font.setBold(True)
            painter.setFont(font)
            painter.setPen(QColor(ink))
            painter.drawText(QRectF(0, 0, 12, 12), int(Qt.AlignmentFlag.AlignCenter), str(number))
        else:
            painter.setPen(QColor(colour))
            painter.drawRoundedRect(QRectF(1.5, 1.5, 9, 9), 2, 2)
        painter.end()
        icon.addPixmap(pixmap)
    return icon
