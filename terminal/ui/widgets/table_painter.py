"""Paints a table's cells straight from its model, column by column: what all of a column share is looked up once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLine, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.columns import Align, Column, Tone
from terminal.ui.widgets.painted_text import At, PaintedTexts
from terminal.ui.widgets.table_model import TableModel

PADDING_PX = 6
_TINT_ALPHA = 90
_AT = {Align.LEFT: At.LEFT, Align.CENTRE: At.CENTRE, Align.RIGHT: At.RIGHT}


@dataclass(frozen=True, slots=True)
class Strip:
    """One column on the screen: its place in the model, its left edge in the viewport and its width, in pixels."""

    place: int
    left: int
    width: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows on the screen: their numbers, and where row 0 begins in the viewport. All have the height of the theme."""

    numbers: range
    top_px: int
    height_px: int


class TablePainter:
    """One for a table; :meth:`set_theme` when colours change."""

    def __init__(self, model: TableModel, theme: Theme) -> None:
        self._model = model
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Takes the colours and fonts."""
        self._theme = theme
        by_font: dict[str, PaintedTexts] = {}
        self._texts: list[PaintedTexts] = []
        for column in self._model.columns:
            font = self._font(column)
            known = by_font.setdefault(font.key(), PaintedTexts(font, theme.tokens.row_height))
            self._texts.append(known)
        self._dots = QPen(theme.colour("text2"), 1, Qt.PenStyle.DotLine)
        self._tints: dict[tuple[str, int], QColor] = {}

    @property
    def ground(self) -> QColor:
        """What is under the cells."""
        return self._theme.colour("bg1")

    def natural_width(self, row: int, place: int) -> int:
        """Pixels that a cell's text needs."""
        return self._texts[place].width(self._model.texts[place][row]) + 2 * PADDING_PX

    def paint(self, painter: QPainter, strips: Sequence[Strip], rows: Rows, chosen: int) -> None:
        """The cells of some columns, from left to right, and rows; ``chosen``: the row with the selection, or -1."""
        if strips and chosen in rows.numbers:
            left, right = strips[0].left, strips[-1].left + strips[-1].width
            top = rows.top_px + chosen * rows.height_px
            painter.fillRect(left, top, right - left, rows.height_px, self._theme.colour("selection"))
        first, end = self._model.filled()
        shown = Rows(
            range(max(first, rows.numbers.start), min(end, rows.numbers.stop)), rows.top_px, rows.height_px
        )  # fmt: skip
        if shown.numbers:
            for strip in strips:
                self.paint_column(painter, strip, shown, chosen)

    def paint_column(self, painter: QPainter, strip: Strip, rows: Rows, chosen: int) -> None:
        """One column of filled rows, above the selection."""
        self._paint_grounds(painter, strip, rows, chosen)
        self._paint_texts(painter, strip, rows)

    def _font(self, column: Column) -> QFont:
        return self._theme.mono_font() if column.mono else self._theme.value_font(bold=column.bold)

    def _paint_grounds(self, painter: QPainter, strip: Strip, rows: Rows, chosen: int) -> None:
        model, place, left, width = self._model, strip.place, strip.left, strip.width
        column, height = model.columns[place], rows.height_px
        for row, shade in model.marks("shade", place, rows.numbers):
            if shade and row != chosen:
                painter.fillRect(left, rows.top_px + row * height, width, height, self._theme.colour(shade))
        if column.bar:
            for row, length in model.marks("bars", place, rows.numbers):
                if length and length > 0:
                    long = max(1.0, min(1.0, length) * (width - 2))
                    begins = left + width - 1 - long if column.align is Align.RIGHT else left + 1.0
                    bar = QRectF(begins, rows.top_px + row * height + 2, long, height - 4)
                    painter.fillRect(bar, self._theme.colour(column.bar))
        if column.tint and model.tints:
            for row in rows.numbers:
                direction, strength = model.tint(row, place)
                if strength > 0:
                    top = rows.top_px + row * height
                    painter.fillRect(left, top + 1, width, height - 2, self._tint(direction, strength))

    def _tint(self, direction: int, strength: float) -> QColor:
        token, alpha = "up" if direction > 0 else "down" if direction < 0 else "accent", int(_TINT_ALPHA * strength)
        found = self._tints.get((token, alpha))
        if found is None:
            found = self._tints[token, alpha] = QColor(self._theme.colour(token))
            found.setAlpha(alpha)
        return found

    def _paint_texts(self, painter: QPainter, strip: Strip, rows: Rows) -> None:
        place, left, width = strip.place, strip.left, strip.width
        model, painted, colour = self._model, self._texts[place], self._theme.colour
        column, texts, stale = model.columns[place], model.texts[place], model.stale
        ink_of, at = self._inks(place, rows.numbers), _AT[column.align]
        painter.setFont(painted.font)
        pen = ""
        for row in rows.numbers:
            text = texts[row]
            if not text:
                continue
            is_stale = stale[row] and column.ages
            ink = "text2" if is_stale else ink_of(row)
            if ink != pen:
                pen = ink
                painter.setPen(colour(ink))
            begins, room, top = left + PADDING_PX, width - 2 * PADDING_PX, rows.top_px + row * rows.height_px
            taken = painted.width(text)
            if taken > room:
                if at is not At.RIGHT:
                    text = painted.elided(text, room)
                elif taken > width - 2:
                    # A number that does not fit must not look like another number.
                    text = "#" * max(1, room // max(1, painted.width("#")))
                else:
                    # At its left first: digits stay in line, and a mark at the right edge stays readable.
                    spare = PADDING_PX if taken <= width - 1 - PADDING_PX else 1
                    begins, room = left + 1, width - 1 - spare
            painted.draw(painter, begins, top, room, at, text)
            if is_stale:
                self._underline(painter, begins, room, top + rows.height_px // 2, at, min(taken, room))
                pen = ""

    def _inks(self, place: int, rows: range) -> Callable[[int], str]:
        """What gives the token of a cell's text."""
        column = self._model.columns[place]
        said = {row: str(tone) for row, tone in self._model.marks("tones", place, rows) if tone}
        if column.tone is Tone.SIGN:
            values, sign = self._model.values[place], self._theme.sign_token

            def by_sign(row: int) -> str:
                value = values[row]
                return said.get(row) or sign(value if isinstance(value, int | float) else None)

            return by_sign
        usual = column.tone.value
        return lambda row: said.get(row, usual)

    def _underline(self, painter: QPainter, left: int, room: int, middle: int, at: At, width: int) -> None:
        begins = left if at is At.LEFT else left + room - width if at is At.RIGHT else left + (room - width) // 2
        bottom = middle + self._theme.tokens.value_px // 2 + 1
        painter.setPen(self._dots)
        painter.drawLine(QLine(begins, bottom, begins + width, bottom))
