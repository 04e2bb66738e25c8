"""Figures with sparklines, painted as one widget."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from terminal.app.views.meter import TILES, Tile
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

TILE_PX, COMPACT_PX, GAP_PX = 58, 42, 1
_LEAST_WIDTH_PX = 140
_PAD_PX, _LINE_PX, _SPARK_PX = 8, 16, 62


class MeterTiles(QWidget):
    """As many columns as there is room for; every tile has the same size, so nothing moves."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tiles: tuple[Tile, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(TILE_PX)
        self._columns = 1
        self._tile_px = TILE_PX

    def set_tiles(self, tiles: tuple[Tile, ...]) -> None:
        """Shows other figures."""
        if tiles != self._tiles:
            self._tiles = tiles
            self.setAccessibleDescription(", ".join(f"{each.label} {each.value}" for each in tiles))
            self.update()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.update()

    def set_compact(self, compact: bool) -> None:
        """Leaves the third line of each tile to its tooltip."""
        self._tile_px = COMPACT_PX if compact else TILE_PX
        self.setFixedHeight(self._rows() * (self._tile_px + GAP_PX))
        self.update()

    def sizeHint(self) -> QSize:
        """The height that the tiles need at this width."""
        return QSize(4 * _LEAST_WIDTH_PX, self._rows() * (self._tile_px + GAP_PX))

    def _rows(self) -> int:
        return -(-len(TILES) // self._columns)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, another number of columns."""
        columns = max(1, min(6, self.width() // _LEAST_WIDTH_PX))
        if columns != self._columns:
            self._columns = columns
            self.setFixedHeight(self._rows() * (self._tile_px + GAP_PX))

    def _place(self, number: int) -> QRect:
        row, column = divmod(number, self._columns)
        left, right = column * self.width() // self._columns, (column + 1) * self.width() // self._columns
        return QRect(left, row * (self._tile_px + GAP_PX), right - left - GAP_PX, self._tile_px)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """All tiles."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("line"))
        for number in range(self._rows() * self._columns):
            place = self._place(number)
            painter.fillRect(place, self._theme.colour("bg1"))
            if number < len(self._tiles):
                self._paint_tile(painter, place, self._tiles[number])
        painter.end()

    def _paint_tile(self, painter: QPainter, place: QRect, tile: Tile) -> None:
        left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        inside = place.adjusted(_PAD_PX, 5, -_PAD_PX, -4)
        painter.setFont(self._theme.label_font())
        painter.setPen(self._theme.colour("text1"))
        painter.drawText(QRect(inside.left(), inside.top(), inside.width(), _LINE_PX), left, tile.label)
        painter.setFont(self._theme.value_font(bold=True))
        painter.setPen(self._theme.colour(tile.tone))
        painter.drawText(QRect(inside.left(), inside.top() + _LINE_PX, inside.width(), _LINE_PX), left, tile.value)
        if tile.series:
            self._paint_series(painter, QRect(inside.right() - _SPARK_PX, inside.top(), _SPARK_PX, 2 * _LINE_PX), tile)
        if self._tile_px < TILE_PX:
            return
        painter.setFont(self._theme.label_font())
        painter.setPen(self._theme.colour("text2"))
        note = painter.fontMetrics().elidedText(tile.note, Qt.TextElideMode.ElideRight, inside.width())
        painter.drawText(QRect(inside.left(), inside.top() + 2 * _LINE_PX, inside.width(), _LINE_PX), left, note)

    def _paint_series(self, painter: QPainter, place: QRect, tile: Tile) -> None:
        known = [value for value in tile.series if value is not None]
        if len(known) < 2:
            return
        low, high = min(0.0, *known), max(known)
        scale = (place.height() - 2) / (high - low) if high > low else 0.0
        step = place.width() / max(1, len(tile.series) - 1)
        line = QPolygonF()
        painter.setPen(QPen(self._theme.colour("accent" if tile.tone == "text0" else tile.tone), 1))
        for number, value in enumerate(tile.series):
            if value is None:
                painter.drawPolyline(line)
                line = QPolygonF()
            else:
                line.append(QPointF(place.left() + number * step, place.bottom() - 1 - (value - low) * scale))
        painter.drawPolyline(line)

    def event(self, event: QEvent) -> bool:
        """What a figure means, and its note in full."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            for number, tile in enumerate(self._tiles):
                if self._place(number).contains(event.pos()):
                    QToolTip.showText(event.globalPos(), f"{tile.tip}\n{tile.note}".strip(), self)
                    return True
        return super().event(event)
