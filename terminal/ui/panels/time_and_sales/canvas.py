"""The tape as one painted widget: newest on top, side and place in the spread by colour and by sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from terminal.app.views import tape_words
from terminal.app.views.print_groups import ABOVE_ASK, AT_ASK, AT_BID, BELOW_BID
from terminal.app.views.tape_words import TapeCells
from terminal.app.views.time_and_sales import TapePage
from terminal.core.instruments import Instrument
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
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
    flags: int


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
        self._venues = venues
        self._instrument_of = instrument_of
        self._page: TapePage | None = None
        self._cells: list[TapeCells] = []
        self._shows_symbol = False
        self._large_size = 0
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
        self._font, self._bold, self._head_font = theme.value_font(), theme.value_font(bold=True), theme.column_font()
        self._metrics = QFontMetrics(self._bold)
        self._columns_of = ()
        self.update()

    def row_count(self) -> int:
        """Rows that have room."""
        return max(0, (self.height() - _HEAD_PX - self._banner_px()) // self._row_px)

    def show_page(self, page: TapePage, *, shows_symbol: bool, large_size: int, banner: str, note: str) -> None:
        """Paints again if anything is different. ``banner``: over the rows; ``note``: after the last one."""
        same = (
            self._page is not None
            and (shows_symbol, large_size, banner, note)
            == (self._shows_symbol, self._large_size, self._banner, self._note)
            and page.above == self._page.above
            and np.array_equal(page.rows, self._page.rows)
            and np.array_equal(page.sweeps, self._page.sweeps)
        )
        if same:
            return
        self._page, self._shows_symbol, self._large_size = page, shows_symbol, large_size
        self._banner, self._note = banner, note
        self._cells = self._words(page)
        if len(page.rows):
            newest = page.rows[0]
            self.setAccessibleDescription(tape_words.spoken(newest, self._instrument_of(int(newest["instrument"]))))
        self.update()

    def row_at(self, point: QPoint) -> int:
        """The row under a point, -1 for none."""
        row = (point.y() - _HEAD_PX - self._banner_px()) // self._row_px
        return row if 0 <= row < len(self._cells) and point.y() >= _HEAD_PX + self._banner_px() else -1

    def _words(self, page: TapePage) -> list[TapeCells]:
        found, before, venues = [], -1, self._venues()
        for row, sweep in zip(page.rows, page.sweeps, strict=True):
            number = int(sweep["number"]) if sweep["size"] else -1
            instrument = self._instrument_of(int(row["instrument"]))
            found.append(tape_words.cells_of(row, sweep, instrument, heads_sweep=number != before, venues=venues))
            before = number
        return found

    def _banner_px(self) -> int:
        return self._row_px if self._banner else 0

    # Painting.

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Every row; some three hundred short texts."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("bg1"))
        columns = self._lay_out()
        self._paint_head(painter, columns)
        top = _HEAD_PX
        if self._banner:
            self._paint_banner(painter, top)
            top += self._row_px
        page = self._page
        if page is None:
            return
        for place, (row, sweep, cells) in enumerate(zip(page.rows, page.sweeps, self._cells, strict=True)):
            self._paint_row(painter, columns, top + place * self._row_px, row, sweep, cells)
        if self._note:
            room = QRect(8, top + len(self._cells) * self._row_px, self.width() - 16, self.height())
            painter.setFont(self._font)
            painter.setPen(self._theme.colour("text2"))
            where = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter
            painter.drawText(room.adjusted(0, 4, 0, 0), int(where) | int(Qt.TextFlag.TextWordWrap), self._note)

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
            flags = _RIGHT if name in {"price", "size"} else _CENTRE if name in {"arrow", "place"} else _LEFT
            self._columns.append(_Column(name, left, width, flags))
            left += width
        return self._columns

    def _longest(self, name: str) -> int:
        return max((len(getattr(each, name)) for each in self._cells), default=0)

    def _paint_head(self, painter: QPainter, columns: list[_Column]) -> None:
        painter.setFont(self._head_font)
        painter.setPen(self._theme.colour("text2"))
        for each in columns:
            painter.drawText(QRect(each.left + 2, 0, each.width - 6, _HEAD_PX), each.flags, _HEADS[each.name])
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(0, _HEAD_PX - 1, self.width(), _HEAD_PX - 1)

    def _paint_banner(self, painter: QPainter, top: int) -> None:
        painter.fillRect(0, top, self.width(), self._row_px, self._theme.colour("accent"))
        painter.setFont(self._bold)
        painter.setPen(self._theme.colour("on_accent"))
        text = self._metrics.elidedText(self._banner, Qt.TextElideMode.ElideRight, self.width() - 12)
        painter.drawText(QRect(6, top, self.width() - 12, self._row_px), _LEFT, text)

    def _paint_row(
        self, painter: QPainter, columns: list[_Column], top: int, row: np.void, sweep: np.void, cells: TapeCells
    ) -> None:
        theme, side, place = self._theme, int(row["side"]), int(row["place"])
        side_token = "up" if side > 0 else "down" if side < 0 else "text1"
        is_large = 0 < self._large_size <= int(row["size"])
        self._paint_ground(painter, top, place, side_token if is_large else "")
        if sweep["size"]:
            painter.fillRect(2, top, 3, self._row_px, theme.colour("up" if sweep["side"] > 0 else "down"))
        place_token = "up" if place in {AT_ASK, ABOVE_ASK} else "down" if place in {AT_BID, BELOW_BID} else "text1"
        inks = {
            "time": "text2", "symbol": "text0", "arrow": side_token, "price": place_token, "size": side_token,
            "place": place_token, "venue": "text2", "condition": "warn", "mark": side_token,
        }  # fmt: skip
        painter.setFont(self._bold if is_large else self._font)
        for each in columns:
            text = getattr(cells, each.name)
            if not text:
                continue
            if each.name == "time" and each.width < 70:
                text = text[:8]
            if each.name in {"mark", "symbol"}:
                text = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, each.width - 6)
            painter.setPen(theme.colour(inks[each.name]))
            painter.drawText(QRect(each.left + 2, top, each.width - 6, self._row_px), each.flags, text)

    def _paint_ground(self, painter: QPainter, top: int, place: int, large_token: str) -> None:
        """Beyond the quote is tinted, a large print is tinted more and has a frame."""
        token = large_token or {ABOVE_ASK: "up", BELOW_BID: "down"}.get(place, "")
        if not token:
            return
        ground = QColor(self._theme.colour(token))
        ground.setAlpha(64 if large_token else 28)
        painter.fillRect(0, top, self.width(), self._row_px, ground)
        if large_token:
            painter.fillRect(self.width() - 3, top, 3, self._row_px, self._theme.colour(token))

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
