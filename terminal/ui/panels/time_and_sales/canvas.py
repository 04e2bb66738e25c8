"""The tape as one painted widget: newest on top, side and place in the spread by colour and by sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from terminal.app.views import tape_words
from terminal.app.views.tape_words import TapeCells
from terminal.app.views.time_and_sales import TapePage
from terminal.core.instruments import Instrument
from terminal.ui.panels.time_and_sales.lines import TapeLine, TapeLines, moved_down
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.painted_text import At, PaintedTexts

_HEAD_PX, _GUTTER_PX, _MARK_PX = 20, 8, 52
_HEADS = {
    "time": "Time", "symbol": "Symbol", "arrow": "", "price": "Price", "size": "Size", "place": "At", "venue": "Venue",
    "condition": "Cond", "mark": "Sweep",
}  # fmt: skip
_LAST_OUT = ("condition", "venue", "place", "mark")
"""Columns that go first where there is no room, first to go first."""


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    left: int
    width: int
    at: At


class TapeCanvas(QWidget):
    """Paints a :class:`TapePage`; asks ``instrument_of`` whose trade a row is and ``venues`` for their names."""

    wheeled = Signal(int)
    """Rows to scroll back, negative towards the newest."""

    def __init__(
        self,
        theme: Theme,
        instrument_of: Callable[[int], Instrument],
        venues: Callable[[], Mapping[int, str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._instrument_of = instrument_of
        self._lines = TapeLines(instrument_of, venues)
        self._page: TapePage | None = None
        self._rows: list[TapeLine] = []
        self._cells: list[TapeCells] = []
        self._around: tuple[bool, str, str] | None = None
        self._shows_symbol = False
        self._banner, self._note = "", ""
        self._columns: list[_Column] = []
        self._columns_of: tuple[object, ...] = ()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Time and sales")
        self.setMinimumSize(150, 80)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Colours and fonts."""
        self._theme = theme
        self._row_px = theme.tokens.row_height
        self._plain = PaintedTexts(theme.value_font(), self._row_px)
        self._bold = PaintedTexts(theme.value_font(bold=True), self._row_px)
        self._heads = PaintedTexts(theme.column_font(), _HEAD_PX)
        self._metrics = QFontMetrics(self._bold.font)
        self._grounds: dict[tuple[str, int], QColor] = {}
        self._columns_of = ()
        self.update()

    def row_count(self) -> int:
        """Rows that have room."""
        return max(0, (self.height() - _HEAD_PX - self._banner_px()) // self._row_px)

    def show_page(self, page: TapePage, *, shows_symbol: bool, large_size: int, banner: str, note: str) -> None:
        """Paints again what is different. ``banner``: over the rows; ``note``: after the last one."""
        before, self._page = self._rows, page
        self._rows = self._lines.of(page, large_size)
        self._cells = [line.cells for line in self._rows]
        around = (shows_symbol, banner, note)
        if before == self._rows and around == self._around:
            return
        columns, same_around = self._columns_of, around == self._around
        self._around = around
        self._shows_symbol, self._banner, self._note = around
        if len(page.rows):
            newest = page.rows[0]
            self.setAccessibleDescription(tape_words.spoken(newest, self._instrument_of(int(newest["instrument"]))))
        self._lay_out()
        if same_around and not note and columns == self._columns_of:
            self._update_rows(before)
        else:
            self.update()

    def _update_rows(self, before: list[TapeLine]) -> None:
        """What stays is moved as a picture; new rows are painted."""
        top, height = _HEAD_PX + self._banner_px(), self._row_px
        down = moved_down(before, self._rows)
        if down:
            self.scroll(0, down * height, QRect(0, top, self.width(), len(self._rows) * height))
        kept: list[TapeLine | None] = [*[None] * down, *before]
        for place in range(max(len(self._rows), len(before))):
            now = self._rows[place] if place < len(self._rows) else None
            if place < down or now is not (kept[place] if place < len(kept) else None):
                self.update(0, top + place * height, self.width(), height)

    def row_at(self, point: QPoint) -> int:
        """The row under a point, -1 for none."""
        row = (point.y() - _HEAD_PX - self._banner_px()) // self._row_px
        return row if 0 <= row < len(self._cells) and point.y() >= _HEAD_PX + self._banner_px() else -1

    def _banner_px(self) -> int:
        return self._row_px if self._banner else 0

    # Painting.

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows that have to be painted."""
        painter = QPainter(self)
        part, columns = event.rect(), self._lay_out()
        painter.fillRect(part, self._theme.colour("bg1"))
        if part.top() < _HEAD_PX:
            self._paint_head(painter, columns)
        top = _HEAD_PX + self._banner_px()
        if self._banner and part.top() < top:
            self._paint_banner(painter, _HEAD_PX)
        region, height = event.region(), self._row_px
        for place, line in enumerate(self._rows):
            if region.intersects(QRect(0, top + place * height, self.width(), height)):
                self._paint_row(painter, columns, top + place * height, line)
        if self._note:
            room = QRect(8, top + len(self._rows) * height, self.width() - 16, self.height())
            painter.setFont(self._plain.font)
            painter.setPen(self._theme.colour("text2"))
            where = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter
            painter.drawText(room.adjusted(0, 4, 0, 0), int(where) | int(Qt.TextFlag.TextWordWrap), self._note)
        painter.end()

    def _lay_out(self) -> list[_Column]:
        """Columns for the width and for the longest texts that are shown; wider at once, never narrower in a page."""
        key = (
            self.width(),
            self._shows_symbol,
            *(self._longest(name) for name in ("price", "size", "symbol", "venue")),
        )
        if key == self._columns_of:
            return self._columns
        self._columns_of = key
        measure = self._metrics.horizontalAdvance
        widths = {
            "time": measure("00:00:00.000") + 8,
            "symbol": min(140, measure("M" * 4) + 8 * max(0, self._longest("symbol") - 4) + 8),
            "arrow": 16,
            "price": measure("0") * max(6, self._longest("price")) + 10,
            "size": measure("0") * max(5, self._longest("size")) + 10,
            "place": 34, "venue": measure("M") * max(4, self._longest("venue")) + 8, "condition": 40, "mark": _MARK_PX,
        }  # fmt: skip
        if not self._shows_symbol:
            del widths["symbol"]
        if not self._longest("venue"):
            del widths["venue"]
        for name in _LAST_OUT:
            if name in widths and sum(widths.values()) + _GUTTER_PX > self.width():
                del widths[name]
        if sum(widths.values()) + _GUTTER_PX > self.width():
            widths["time"] = measure("00:00:00") + 8
        self._columns, left = [], _GUTTER_PX
        for name in (each for each in _HEADS if each in widths):
            width = widths[name]
            if name == "mark":
                width = self.width() - left
            at = At.RIGHT if name in {"price", "size"} else At.CENTRE if name in {"arrow", "place"} else At.LEFT
            self._columns.append(_Column(name, left, width, at))
            left += width
        return self._columns

    def _longest(self, name: str) -> int:
        return max((len(getattr(each, name)) for each in self._cells), default=0)

    def _paint_head(self, painter: QPainter, columns: list[_Column]) -> None:
        painter.setFont(self._heads.font)
        painter.setPen(self._theme.colour("text2"))
        for each in columns:
            self._heads.draw(painter, each.left + 2, 0, each.width - 6, each.at, _HEADS[each.name])
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(0, _HEAD_PX - 1, self.width(), _HEAD_PX - 1)

    def _paint_banner(self, painter: QPainter, top: int) -> None:
        painter.fillRect(0, top, self.width(), self._row_px, self._theme.colour("accent"))
        painter.setFont(self._bold.font)
        painter.setPen(self._theme.colour("on_accent"))
        room = self.width() - 12
        self._bold.draw(painter, 6, top, room, At.LEFT, self._bold.elided(self._banner, room))

    def _paint_row(self, painter: QPainter, columns: list[_Column], top: int, line: TapeLine) -> None:
        """Beyond the quote is tinted, a large print is tinted more and has a mark at its end."""
        theme, texts = self._theme, self._bold if line.is_large else self._plain
        if line.ground:
            painter.fillRect(0, top, self.width(), self._row_px, self._ground(line.ground, line.ground_alpha))
            if line.is_large:
                painter.fillRect(self.width() - 3, top, 3, self._row_px, theme.colour(line.ground))
        if line.sweep:
            painter.fillRect(2, top, 3, self._row_px, theme.colour(line.sweep))
        painter.setFont(texts.font)
        pen = ""
        for each in columns:
            text, room = getattr(line.cells, each.name), each.width - 6
            if not text:
                continue
            if each.name == "time" and each.width < 70:
                text = text[:8]
            if each.at is At.LEFT and texts.width(text) > room:
                shorter = tape_words.shorter(text) if each.name == "mark" else ()
                text = next((one for one in shorter if texts.width(one) <= room), texts.elided(text, room))
            if line.inks[each.name] != pen:
                pen = line.inks[each.name]
                painter.setPen(theme.colour(pen))
            texts.draw(painter, each.left + 2, top, room, each.at, text)

    def _ground(self, token: str, alpha: int) -> QColor:
        found = self._grounds.get((token, alpha))
        if found is None:
            found = self._grounds[token, alpha] = QColor(self._theme.colour(token))
            found.setAlpha(alpha)
        return found

    # The mouse.

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Back into history, or towards the newest."""
        notches = event.angleDelta().y() / 120
        if notches:
            self.wheeled.emit(-max(1, round(abs(notches) * 3)) * (1 if notches > 0 else -1))

    def event(self, event: QEvent) -> bool:
        """The tooltip says a row in words."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = self.row_at(event.pos())
            if self._page is not None and row >= 0:
                found = self._page.rows[row]
                text = tape_words.spoken(found, self._instrument_of(int(found["instrument"])))
                sweep = self._page.sweeps[row]
                if sweep["size"]:
                    text += f"\n{tape_words.sweep_words(sweep, self._instrument_of(int(found['instrument'])))}"
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)
