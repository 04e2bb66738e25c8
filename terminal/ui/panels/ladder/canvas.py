"""The ladder as one painted widget: what is where, what the mouse does there, and which rows to paint again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QEnterEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from terminal.app import formats
from terminal.app.ports import OrderDraft
from terminal.app.views.ladder_columns import DEFAULT, TIPS, Choice, Columns, Zone, lay_out
from terminal.app.views.ladder_keys import Wish
from terminal.app.views.ladder_rows import LadderRows, changed_rows
from terminal.core.instruments import Instrument
from terminal.core.orders import Side
from terminal.ui.panels.ladder.painter import CENTRE, HEAD_PX, LEFT, RIGHT, LadderPainter, Scene
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_SIDES = {Zone.BIDS: Side.BUY, Zone.ASKS: Side.SELL, Zone.OWN_BUYS: Side.BUY, Zone.OWN_SELLS: Side.SELL}
OWN = frozenset({Zone.OWN_BUYS, Zone.OWN_SELLS})
SIZES = frozenset({Zone.BIDS, Zone.ASKS})


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the ladder."""

    row: int
    zone: Zone

    @property
    def side(self) -> Side | None:
        """Whose column it is."""
        return _SIDES.get(self.zone)


class LadderCanvas(QWidget):
    """Paints a :class:`LadderRows`; knows nothing of orders' meaning."""

    pressed = Signal(object, object)
    """Spot and Wish of a click on a size, or on an own order that was not dragged away."""
    dragged = Signal(int, int, object)
    """Price that an own order was taken from, row it was let go over, and its Side."""
    hovered = Signal(object)
    """The Spot under the pointer, or None."""
    held = Signal(bool)
    """Whether the pointer is on the ladder, or an order is being dragged."""
    wheeled = Signal(int, bool)
    """Rows to scroll, and whether Ctrl was held."""
    alt_changed = Signal(bool)
    """Whether Alt is held over the ladder."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: LadderRows | None = None
        self._instrument: Instrument | None = None
        self._chosen: frozenset[Choice] = DEFAULT
        self.in_ticks = False
        self._hover: Spot | None = None
        self._drag: tuple[int, Spot] | None = None
        self._preview: tuple[int, OrderDraft] | None = None
        self._ghost, self._ghost_sends, self._armed = "", False, False
        self._columns: Columns = {}
        self._columns_of: tuple[object, ...] = ()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Price ladder")
        self.setMinimumSize(200, 120)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Colours and fonts."""
        self._theme, self._painter = theme, LadderPainter(theme)
        self._row_px = self._painter.row_px
        self._columns_of = ()
        self.update()

    # What is shown.

    def row_count(self) -> int:
        """Rows that have room."""
        return max(0, (self.height() - HEAD_PX) // self._row_px)

    def show_rows(self, rows: LadderRows, instrument: Instrument | None) -> None:
        """Paints again what is different."""
        before, self._rows = self._rows, rows
        changed = None
        if instrument is self._instrument and before is not None and before.note == rows.note:
            changed = changed_rows(before, rows)
        self._instrument = instrument
        if changed is None:
            self.update()
        elif changed:
            for row in changed:
                self._update_row(row)
        else:
            return
        self.setAccessibleDescription(self._spoken(rows))

    def show_columns(self, chosen: Collection[Choice], *, in_ticks: bool) -> None:
        """Which columns there are, as far as there is room."""
        self._chosen, self.in_ticks = frozenset(chosen), in_ticks
        self._columns_of = ()
        self.update()

    def show_preview(self, row: int, draft: OrderDraft | None) -> None:
        """Outlines where a previewed order would stand; None takes it away."""
        wanted = None if draft is None else (row, draft)
        if wanted != self._preview:
            self._preview = wanted
            self.update()

    def show_ghost(self, text: str, sends: bool) -> None:
        """The words beside the cell under the pointer: what a click would do, and whether it sends at once."""
        if (text, sends) != (self._ghost, self._ghost_sends):
            self._ghost, self._ghost_sends = text, sends
            self._update_hover()

    def show_armed(self, armed: bool) -> None:
        """A frame around the ladder, and another pointer, while clicks send."""
        if armed != self._armed:
            self._armed = armed
            self.setCursor(Qt.CursorShape.PointingHandCursor if armed else Qt.CursorShape.ArrowCursor)
            self.update()

    def spot_at(self, point: QPointF) -> Spot | None:
        """The row and column of a point; None over the head or below the rows."""
        if self._rows is None or point.y() < HEAD_PX:
            return None
        row = int(point.y() - HEAD_PX) // self._row_px
        if row >= len(self._rows.prices):
            return None
        for zone, (left, width) in self.columns().items():
            if left <= point.x() < left + width:
                return Spot(row, zone)
        return None

    def cell_rect(self, row: int, zone: Zone) -> QRect:
        """Where a cell is painted; empty for a column without room."""
        left, width = self.columns().get(zone, (0, 0))
        return QRect(left, HEAD_PX + row * self._row_px, width, self._row_px)

    def columns(self) -> Columns:
        """Columns from left to right."""
        sample = "0,000.00"
        if self._rows is not None and self._instrument is not None and len(self._rows.prices):
            sample = self._painter.price_text(int(self._rows.prices[0]), self._instrument)
        key = (self.width(), len(sample), self._chosen)
        if key != self._columns_of:
            # The marks of the day and of the last price stand beside the price.
            price = max(72, self._painter.metrics.horizontalAdvance("0" * len(sample)) + 34)
            self._columns, self._columns_of = lay_out(self.width(), price, self._chosen), key
        return self._columns

    # Painting.

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows that have to be painted again; the whole ladder is some three hundred short texts."""
        painter = QPainter(self)
        rows, instrument = self._rows, self._instrument
        if event.rect().top() < HEAD_PX:
            market = "" if rows is None or instrument is None else self._painter.price_text(rows.last_px, instrument)
            self._painter.paint_head(painter, self.columns(), self.width(), rows, market)
        if rows is None or instrument is None or not len(rows.prices):
            self._paint_note(painter)
            return
        region, height = event.region(), self._row_px
        shown = [
            row for row in range(len(rows.prices))
            if region.intersects(QRect(0, HEAD_PX + row * height, self.width(), height))
        ]  # fmt: skip
        has_lines = Choice.SUMS in self._chosen and Zone.BID_SUMS not in self.columns()
        scene = Scene(rows, instrument, self.columns(), shown, self.width(), self.in_ticks, has_lines)
        self._painter.paint(painter, scene)
        below = HEAD_PX + len(rows.prices) * height
        painter.fillRect(0, below, self.width(), self.height() - below, self._theme.colour("bg1"))
        self._paint_preview(painter, rows)
        self._paint_hover(painter, rows)
        self._paint_drag(painter, rows)
        if self._armed:
            painter.setPen(QPen(self._theme.colour("armed"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _paint_note(self, painter: QPainter) -> None:
        painter.fillRect(self.rect().adjusted(0, HEAD_PX, 0, 0), self._theme.colour("bg1"))
        painter.setFont(self._painter.font)
        painter.setPen(self._theme.colour("text1"))
        note = self._rows.note if self._rows is not None else ""
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        painter.drawText(self.rect().adjusted(16, HEAD_PX, -16, 0), flags, note)

    def _paint_preview(self, painter: QPainter, rows: LadderRows) -> None:
        if self._preview is None or not 0 <= self._preview[0] < len(rows.prices):
            return
        row, draft = self._preview
        rect = self.cell_rect(row, Zone.BIDS if draft.side is Side.BUY else Zone.ASKS)
        painter.setFont(self._painter.bold)
        painter.fillRect(rect, self._theme.colour("accent"))
        painter.setPen(self._theme.colour("on_accent"))
        flags = LEFT if draft.side is Side.BUY else RIGHT
        painter.drawText(rect.adjusted(5, 0, -5, 0), flags, f"{draft.side.name} {formats.size(draft.quantity)}")
        painter.setPen(QPen(self._theme.colour("accent"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(0, rect.bottom(), self.width(), rect.bottom())

    def _paint_hover(self, painter: QPainter, rows: LadderRows) -> None:
        spot = self._hover
        if spot is None or spot.row >= len(rows.prices):
            return
        y = HEAD_PX + spot.row * self._row_px
        painter.fillRect(0, y, self.width(), self._row_px, self._painter.tint("text1", 26))
        if spot.zone not in SIZES or not self._ghost or self._drag is not None:
            return
        # A bubble across the price, from the price outwards: the size under the pointer stays readable.
        painter.setFont(self._painter.head_font)
        left, width = self.columns()[Zone.PRICE]
        needed = self._painter.head_metrics.horizontalAdvance(self._ghost) + 10
        room = self.width() - left - width if spot.zone is Zone.BIDS else left
        x = left + width + 2 if spot.zone is Zone.BIDS else left - min(needed, room) - 2
        bubble = QRect(x, y + 1, min(needed, room) - 2, self._row_px - 2)
        token = "armed" if self._ghost_sends else "text2"
        painter.fillRect(bubble, self._theme.colour("bg0"))
        painter.setPen(self._theme.colour(token))
        painter.drawRect(bubble.adjusted(0, 0, -1, -1))
        painter.setPen(self._theme.colour("armed" if self._ghost_sends else "text0"))
        text = self._painter.head_metrics.elidedText(self._ghost, Qt.TextElideMode.ElideRight, bubble.width() - 8)
        painter.drawText(bubble, CENTRE, text)

    def _paint_drag(self, painter: QPainter, rows: LadderRows) -> None:
        """The order in the hand."""
        if self._drag is None or self._hover is None or self._hover.row >= len(rows.prices):
            return
        rect = self.cell_rect(self._hover.row, self._drag[1].zone).adjusted(1, 1, -2, -2)
        painter.setPen(QPen(self._theme.colour("accent"), 2, Qt.PenStyle.DashLine))
        painter.drawRect(rect)
        painter.setFont(self._painter.head_font)
        painter.drawText(rect, CENTRE, "move")

    def _update_row(self, row: int) -> None:
        self.update(0, HEAD_PX + row * self._row_px, self.width(), self._row_px)

    def _update_hover(self) -> None:
        if self._hover is not None:
            self._update_row(self._hover.row)

    def _spoken(self, rows: LadderRows) -> str:
        if self._instrument is None or not len(rows.prices):
            return rows.note
        text = self._painter.price_text
        bid = text(int(rows.prices[rows.best_bid]), self._instrument) if rows.best_bid >= 0 else "none"
        ask = text(int(rows.prices[rows.best_ask]), self._instrument) if rows.best_ask >= 0 else "none"
        return f"{self._instrument.label}: {rows.warning} bid {bid}, ask {ask}. {rows.note}".replace(":  ", ": ")

    # The mouse.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follows the pointer."""
        self._set_hover(self.spot_at(event.position()))
        self.alt_changed.emit(bool(event.modifiers() & Qt.KeyboardModifier.AltModifier))

    def enterEvent(self, event: QEnterEvent) -> None:
        """The rows hold still from now on."""
        self.held.emit(True)
        self._set_hover(self.spot_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """The rows may move again."""
        self._set_hover(None)
        if self._drag is None:
            self.held.emit(False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a size acts at once; an own order is taken into the hand until the button is let go."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        spot, rows = self.spot_at(event.position()), self._rows
        if spot is None or rows is None:
            return
        is_left = event.button() == Qt.MouseButton.LeftButton
        if spot.zone in OWN and is_left and any(order.side is spot.side for order in rows.own[spot.row]):
            self._drag = int(rows.prices[spot.row]), spot
            self._set_hover(spot)
        elif spot.zone in SIZES and (is_left or event.button() == Qt.MouseButton.RightButton):
            alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            self.pressed.emit(spot, Wish.STOP if not is_left else Wish.BRACKET if alt else Wish.LIMIT)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Lets go of an order: where it was taken it is cancelled, at another price it is moved."""
        if self._drag is None or event.button() != Qt.MouseButton.LeftButton:
            return
        (px, start), spot = self._drag, self.spot_at(event.position())
        self.drop_drag()
        if not self.rect().contains(event.position().toPoint()):
            self.held.emit(False)
        if spot is not None and spot.row == start.row:
            self.pressed.emit(start, Wish.LIMIT)
        elif spot is not None:
            self.dragged.emit(px, spot.row, start.side)

    @property
    def is_dragging(self) -> bool:
        """Whether an own order is in the hand."""
        return self._drag is not None

    def drop_drag(self) -> bool:
        """Puts a dragged order back; False when there is none."""
        was, self._drag = self._drag, None
        self.update()
        return was is not None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second press of a double click does nothing, so that a nervous finger sends one order."""
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolls the prices. With Alt Qt turns the wheel sideways; it scrolls all the same."""
        notches = (event.angleDelta().y() or event.angleDelta().x()) / 120
        if notches:
            rows = max(1, round(abs(notches) * 3)) * (1 if notches > 0 else -1)
            self.wheeled.emit(rows, bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Alt changes what a click means; a dragged order goes back with Esc."""
        if event.key() == Qt.Key.Key_Alt:
            self.alt_changed.emit(True)
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Alt was let go."""
        if event.key() == Qt.Key.Key_Alt:
            self.alt_changed.emit(False)
        super().keyReleaseEvent(event)

    def event(self, event: QEvent) -> bool:
        """Column heads explain themselves."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self._tip(event.pos())
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def _tip(self, point: QPoint) -> str:
        if point.y() >= HEAD_PX:
            return ""
        zones = (zone for zone, (left, width) in self.columns().items() if left <= point.x() < left + width)
        return next((TIPS[zone] for zone in zones), "")

    def _set_hover(self, spot: Spot | None) -> None:
        if spot != self._hover:
            self._update_hover()
            self._hover = spot
            self._update_hover()
            self.hovered.emit(spot)
