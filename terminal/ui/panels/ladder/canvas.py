"""The ladder as one painted widget: sizes as bars behind numbers, prices in the middle, own orders outside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QEvent, QLine, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from terminal.app import formats
from terminal.app.ports import OrderDraft
from terminal.app.views.ladder import LadderRows
from terminal.core.instruments import Instrument
from terminal.core.orders import Side
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_HEAD_PX = 20
_VOLUME_FROM_PX = 300


class Zone(Enum):
    """The columns of the ladder."""

    OWN_BUYS = "own buys"
    BIDS = "bids"
    PRICE = "price"
    ASKS = "asks"
    OWN_SELLS = "own sells"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the ladder."""

    row: int
    zone: Zone


@lru_cache(maxsize=4096)
def _size_text(size: int) -> str:
    return formats.size(size)


class LadderCanvas(QWidget):
    """Paints a :class:`LadderRows`; knows nothing of orders' meaning. Signals carry prices (integers)."""

    pressed = Signal(int, object)
    """Row and zone of a left click."""
    hovered = Signal(object)
    """The Spot under the pointer, or None when it left."""
    wheeled = Signal(int, bool)
    """Rows to scroll, and whether Ctrl was held."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: LadderRows | None = None
        self._instrument: Instrument | None = None
        self._hover: Spot | None = None
        self._preview: tuple[int, OrderDraft] | None = None
        self._ghost, self._ghost_sends, self._armed = "", False, False
        self._price_texts: dict[int, str] = {}
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Price ladder")
        self.setMinimumSize(200, 120)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Colours and fonts."""
        self._theme = theme
        self._row_px = theme.tokens.row_height
        self._font, self._bold, self._head_font = theme.value_font(), theme.value_font(bold=True), theme.column_font()
        self._metrics = QFontMetrics(self._bold)
        self._dots = QPen(theme.colour("text2"), 1, Qt.PenStyle.DotLine)
        self.update()

    def row_count(self) -> int:
        """Rows that have room."""
        return max(0, (self.height() - _HEAD_PX) // self._row_px)

    def show_rows(self, rows: LadderRows, instrument: Instrument | None) -> None:
        """Paints again if anything is different."""
        if instrument is not self._instrument:
            self._instrument = instrument
            self._price_texts.clear()
        elif self._rows is not None and _same(self._rows, rows):
            return
        self._rows = rows
        self.setAccessibleDescription(self._spoken(rows))
        self.update()

    def show_preview(self, row: int, draft: OrderDraft | None) -> None:
        """Outlines where a previewed order would stand; None takes it away."""
        wanted = None if draft is None else (row, draft)
        if wanted != self._preview:
            self._preview = wanted
            self.update()

    def show_ghost(self, text: str, sends: bool) -> None:
        """The words in the cell under the pointer: what a click would do, and whether it sends at once."""
        if (text, sends) != (self._ghost, self._ghost_sends):
            self._ghost, self._ghost_sends = text, sends
            self.update()

    def show_armed(self, armed: bool) -> None:
        """A frame around the ladder while clicks send."""
        if armed != self._armed:
            self._armed = armed
            self.update()

    def spot_at(self, point: QPointF) -> Spot | None:
        """The row and column of a point; None over the head or below the rows."""
        if self._rows is None or point.y() < _HEAD_PX:
            return None
        row = int(point.y() - _HEAD_PX) // self._row_px
        if row >= len(self._rows.prices):
            return None
        for zone, rect in self._columns().items():
            if rect[0] <= point.x() < rect[0] + rect[1]:
                return Spot(row, zone)
        return None

    def cell_rect(self, row: int, zone: Zone) -> QRect:
        """Where a cell is painted."""
        left, width = self._columns()[zone]
        return QRect(left, _HEAD_PX + row * self._row_px, width, self._row_px)

    def _columns(self) -> dict[Zone, tuple[int, int]]:
        width = self.width()
        volume = 54 if width >= _VOLUME_FROM_PX else 0
        own = 38 if width >= 240 else 30
        sample = "0,000.00"
        if self._rows is not None and self._instrument is not None and len(self._rows.prices):
            sample = formats.price(int(self._rows.prices[0]), self._instrument)
        price = max(56, self._metrics.horizontalAdvance(sample) + 16)
        side = max(24, (width - volume - 2 * own - price) // 2)
        zones = ((Zone.VOLUME, volume), (Zone.OWN_BUYS, own), (Zone.BIDS, side), (Zone.PRICE, price))
        found, left = {}, 0
        for zone, size in (*zones, (Zone.ASKS, side), (Zone.OWN_SELLS, own)):
            found[zone] = (left, size)
            left += size
        return found

    # Painting.

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """The whole ladder; about a hundred short texts."""
        painter = QPainter(self)
        theme, columns = self._theme, self._columns()
        painter.fillRect(self.rect(), theme.colour("bg1"))
        self._paint_head(painter, columns)
        rows = self._rows
        if rows is None or self._instrument is None or not len(rows.prices):
            self._paint_note(painter)
            return
        self._paint_grounds(painter, rows, columns)
        self._paint_bars(painter, rows, columns)
        self._paint_numbers(painter, rows, columns)
        self._paint_own(painter, rows)
        self._paint_hover(painter)
        if self._armed:
            painter.setPen(QPen(theme.colour("armed"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _paint_head(self, painter: QPainter, columns: dict[Zone, tuple[int, int]]) -> None:
        painter.setFont(self._head_font)
        painter.setPen(self._theme.colour("text2"))
        heads = {
            Zone.VOLUME: ("Vol", _RIGHT), Zone.OWN_BUYS: ("Mine", _CENTRE), Zone.BIDS: ("Bid", _RIGHT),
            Zone.PRICE: ("Price", _CENTRE), Zone.ASKS: ("Ask", _LEFT), Zone.OWN_SELLS: ("Mine", _CENTRE),
        }  # fmt: skip
        for zone, (text, flags) in heads.items():
            left, width = columns[zone]
            if width:
                painter.drawText(QRect(left + 4, 0, width - 8, _HEAD_PX), flags, text)
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(0, _HEAD_PX - 1, self.width(), _HEAD_PX - 1)

    def _paint_note(self, painter: QPainter) -> None:
        painter.setFont(self._font)
        painter.setPen(self._theme.colour("text1"))
        note = self._rows.note if self._rows is not None else ""
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        painter.drawText(self.rect().adjusted(16, _HEAD_PX, -16, 0), flags, note)

    def _paint_grounds(self, painter: QPainter, rows: LadderRows, columns: dict[Zone, tuple[int, int]]) -> None:
        theme, count = self._theme, len(rows.prices)
        left, width = columns[Zone.PRICE]
        painter.fillRect(QRect(left, _HEAD_PX, width, count * self._row_px), theme.colour("bg2"))
        if rows.last >= 0:
            token = "up" if rows.aggressor > 0 else "down" if rows.aggressor < 0 else "text2"
            ground = QColor(theme.colour(token))
            ground.setAlpha(70)
            painter.fillRect(self.cell_rect(rows.last, Zone.PRICE), ground)
        if rows.best_ask >= 0:
            y = _HEAD_PX + (rows.best_ask + 1) * self._row_px
            painter.setPen(theme.colour("line"))
            painter.drawLine(QLine(0, y, self.width(), y))
        if rows.best_bid >= 0 and rows.best_bid != rows.best_ask + 1:
            y = _HEAD_PX + rows.best_bid * self._row_px
            painter.setPen(theme.colour("line"))
            painter.drawLine(QLine(0, y, self.width(), y))

    def _paint_bars(self, painter: QPainter, rows: LadderRows, columns: dict[Zone, tuple[int, int]]) -> None:
        most = max(1, int(rows.bids.max()), int(rows.asks.max()))
        bid, ask = self._theme.colour("bid"), self._theme.colour("ask")
        for sizes, zone, colour in ((rows.bids, Zone.BIDS, bid), (rows.asks, Zone.ASKS, ask)):
            left, width = columns[zone]
            for row in np.flatnonzero(sizes).tolist():
                length = max(2, int(sizes[row]) * (width - 2) // most)
                x = left + width - length if zone is Zone.BIDS else left
                painter.fillRect(x, _HEAD_PX + row * self._row_px + 2, length, self._row_px - 4, colour)
        self._paint_sums(painter, rows, columns)
        left, width = columns[Zone.VOLUME]
        if width and rows.traded.any():
            top = int(rows.traded.max())
            ground = QColor(self._theme.colour("text2"))
            ground.setAlpha(60)
            for row in np.flatnonzero(rows.traded).tolist():
                length = max(1, int(rows.traded[row]) * (width - 4) // top)
                painter.fillRect(left, _HEAD_PX + row * self._row_px + 3, length, self._row_px - 6, ground)

    def _paint_sums(self, painter: QPainter, rows: LadderRows, columns: dict[Zone, tuple[int, int]]) -> None:
        """The cumulative size as a hairline over the bars."""
        most = max(int(rows.bid_sums.max()), int(rows.ask_sums.max()))
        if not rows.has_depth or most <= 0:
            return
        bid_ink, ask_ink = self._theme.tokens.series[0], self._theme.tokens.down
        for sums, zone, token in ((rows.bid_sums, Zone.BIDS, bid_ink), (rows.ask_sums, Zone.ASKS, ask_ink)):
            (left, width), ink = columns[zone], QColor(token)
            ink.setAlpha(120)
            painter.setPen(ink)
            before = left + width - 1 if zone is Zone.BIDS else left
            found = np.flatnonzero(sums).tolist()
            # From the market outwards: asks grow upwards, bids downwards.
            for row in found if zone is Zone.BIDS else reversed(found):
                length = int(sums[row]) * (width - 3) // most
                x = left + width - 1 - length if zone is Zone.BIDS else left + length
                y = _HEAD_PX + row * self._row_px
                edge = y if zone is Zone.BIDS else y + self._row_px - 1
                painter.drawLine(before, edge, x, edge)
                painter.drawLine(x, y, x, y + self._row_px - 1)
                before = x

    def _paint_numbers(self, painter: QPainter, rows: LadderRows, columns: dict[Zone, tuple[int, int]]) -> None:
        theme, row_px = self._theme, self._row_px
        muted = rows.is_stale or rows.is_closed
        ink = theme.colour("text2" if rows.is_stale else "text1" if rows.is_closed else "text0")
        painter.setFont(self._font)
        painter.setPen(ink)
        for sizes, zone, flags in ((rows.bids, Zone.BIDS, _RIGHT), (rows.asks, Zone.ASKS, _LEFT)):
            left, width = columns[zone]
            for row in np.flatnonzero(sizes).tolist():
                rect = QRect(left + 4, _HEAD_PX + row * row_px, width - 8, row_px)
                painter.drawText(rect, flags, _size_text(int(sizes[row])))
        left, width = columns[Zone.VOLUME]
        if width:
            painter.setPen(theme.colour("text2"))
            for row in np.flatnonzero(rows.traded).tolist():
                rect = QRect(left + 4, _HEAD_PX + row * row_px, width - 8, row_px)
                painter.drawText(rect, _RIGHT, _short(int(rows.traded[row])))
        left, width = columns[Zone.PRICE]
        for row, px in enumerate(rows.prices.tolist()):
            rect = QRect(left, _HEAD_PX + row * row_px, width, row_px)
            best = row in {rows.best_bid, rows.best_ask, rows.last}
            painter.setFont(self._bold if best else self._font)
            painter.setPen(theme.colour("text0" if best and not muted else "text2" if rows.is_stale else "text1"))
            painter.drawText(rect, _CENTRE, self._price_text(px))
            if rows.is_stale and best:
                painter.setPen(self._dots)
                painter.drawLine(rect.left() + 10, rect.bottom() - 2, rect.right() - 10, rect.bottom() - 2)

    def _paint_own(self, painter: QPainter, rows: LadderRows) -> None:
        painter.setFont(self._bold)
        for row, own in enumerate(rows.own):
            for side, zone in ((Side.BUY, Zone.OWN_BUYS), (Side.SELL, Zone.OWN_SELLS)):
                mine = [order for order in own if order.side is side]
                if not mine:
                    continue
                rect = self.cell_rect(row, zone).adjusted(2, 2, -2, -2)
                token = "up" if side is Side.BUY else "down"
                colour = self._theme.colour(token)
                if all(order.is_sure for order in mine):
                    painter.fillRect(rect, colour)
                    painter.setPen(self._theme.ink_on(token))
                else:
                    painter.setPen(colour)
                    painter.drawRect(rect.adjusted(0, 0, -1, -1))
                painter.drawText(rect, _CENTRE, _short(sum(order.left for order in mine)))
        if self._preview is not None:
            row, draft = self._preview
            if 0 <= row < len(rows.prices):
                self._paint_preview(painter, row, draft)

    def _paint_preview(self, painter: QPainter, row: int, draft: OrderDraft) -> None:
        zone = Zone.BIDS if draft.side is Side.BUY else Zone.ASKS
        rect = self.cell_rect(row, zone)
        painter.fillRect(rect, self._theme.colour("accent"))
        painter.setPen(self._theme.colour("on_accent"))
        flags = _LEFT if draft.side is Side.BUY else _RIGHT
        painter.drawText(rect.adjusted(5, 0, -5, 0), flags, f"{draft.side.name} {_size_text(draft.quantity)}")
        painter.setPen(QPen(self._theme.colour("accent"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(0, rect.bottom(), self.width(), rect.bottom())

    def _paint_hover(self, painter: QPainter) -> None:
        spot, rows = self._hover, self._rows
        if spot is None or rows is None or spot.row >= len(rows.prices):
            return
        shade = QColor(self._theme.colour("text1"))
        shade.setAlpha(26)
        painter.fillRect(0, _HEAD_PX + spot.row * self._row_px, self.width(), self._row_px, shade)
        if spot.zone in {Zone.BIDS, Zone.ASKS} and self._ghost:
            self._paint_ghost(painter, spot, int((rows.bids if spot.zone is Zone.BIDS else rows.asks)[spot.row]))

    def _paint_ghost(self, painter: QPainter, spot: Spot, size: int) -> None:
        """Beside the size under the pointer; across the price, in the other side's cell, where there is no room."""
        rect, is_bid = self.cell_rect(spot.row, spot.zone), spot.zone is Zone.BIDS
        painter.setFont(self._head_font)
        taken = self._metrics.horizontalAdvance(_size_text(size)) + 14 if size else 8
        if painter.fontMetrics().horizontalAdvance(self._ghost) + taken > rect.width():
            rect = self.cell_rect(spot.row, Zone.ASKS if is_bid else Zone.BIDS)
        painter.setPen(self._theme.colour("armed" if self._ghost_sends else "text1"))
        painter.drawText(rect.adjusted(4, 0, -4, 0), _LEFT if is_bid else _RIGHT, self._ghost)

    def _price_text(self, px: int) -> str:
        text = self._price_texts.get(px)
        if text is None and self._instrument is not None:
            text = self._price_texts[px] = formats.price(px, self._instrument)
        return text or formats.MISSING

    def _spoken(self, rows: LadderRows) -> str:
        if self._instrument is None or not len(rows.prices):
            return rows.note
        bid = self._price_text(int(rows.prices[rows.best_bid])) if rows.best_bid >= 0 else "none"
        ask = self._price_text(int(rows.prices[rows.best_ask])) if rows.best_ask >= 0 else "none"
        return f"{self._instrument.label}: bid {bid}, ask {ask}. {rows.note}"

    # The mouse.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follows the pointer."""
        self._set_hover(self.spot_at(event.position()))

    def enterEvent(self, event: QEnterEvent) -> None:
        """The rows hold still from now on."""
        self._set_hover(self.spot_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """The rows may move again."""
        self._set_hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A left click on a cell."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        spot = self.spot_at(event.position())
        if spot is not None and event.button() == Qt.MouseButton.LeftButton:
            self.pressed.emit(spot.row, spot.zone)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second press of a double click does nothing, so that a nervous finger sends one order."""
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolls the prices."""
        notches = event.angleDelta().y() / 120
        if notches:
            rows = max(1, round(abs(notches) * 3)) * (1 if notches > 0 else -1)
            self.wheeled.emit(rows, bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))

    def _set_hover(self, spot: Spot | None) -> None:
        if spot != self._hover:
            self._hover = spot
            self.hovered.emit(spot)
            self.update()


def _same(one: LadderRows, other: LadderRows) -> bool:
    flags = ("best_bid", "best_ask", "last", "aggressor", "is_stale", "is_closed", "note", "own")
    columns = ("prices", "bids", "asks", "bid_sums", "ask_sums", "traded")
    return all(getattr(one, name) == getattr(other, name) for name in flags) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in columns
    )


def _short(size: int) -> str:
    """A size in at most five characters: ``999``, ``12.3k``, ``4.5M``."""
    if size < 10_000:
        return _size_text(size)
    return f"{size / 1000:.1f}k" if size < 100_000 else f"{size // 1000}k" if size < 1_000_000 else f"{size / 1e6:.1f}M"
