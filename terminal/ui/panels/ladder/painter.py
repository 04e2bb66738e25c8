"""How a ladder looks: each layer paints the rows that it is given, so that a frame repaints only what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen

from terminal.app import formats
from terminal.app.views.ladder_columns import HEADS, Columns, Zone
from terminal.app.views.ladder_rows import FADE_STEPS, LadderRows, OwnOrder
from terminal.core.instruments import Instrument
from terminal.core.orders import Side
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.painted_text import At, PaintedTexts

RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
CENTRE = int(Qt.AlignmentFlag.AlignCenter)
HEAD_PX = 20
_QUEUE_FROM_PX = 56
_ALIGNED = {
    Zone.VOLUME: At.RIGHT, Zone.TRADES: At.RIGHT, Zone.OWN_BUYS: At.CENTRE, Zone.BID_SUMS: At.RIGHT,
    Zone.BIDS: At.RIGHT, Zone.PRICE: At.CENTRE, Zone.ASKS: At.LEFT, Zone.ASK_SUMS: At.LEFT, Zone.OWN_SELLS: At.CENTRE,
    Zone.RECENT: At.RIGHT, Zone.PROFIT: At.RIGHT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """What is painted. ``shown``: numbers of the rows; ``width``: of the whole ladder."""

    rows: LadderRows
    instrument: Instrument
    columns: Columns
    shown: Sequence[int]
    width: int
    in_ticks: bool
    has_sum_lines: bool


class LadderPainter:
    """Paints scenes in one theme. Texts of prices and sizes are kept, since most of them come again."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.row_px = theme.tokens.row_height
        self.font, self.bold, self.head_font = theme.value_font(), theme.value_font(bold=True), theme.column_font()
        self._plain_texts, self._bold_texts, self._small_texts = (
            PaintedTexts(font, self.row_px) for font in (self.font, self.bold, self.head_font)
        )
        self._heads = PaintedTexts(self.head_font, HEAD_PX)
        self.metrics = QFontMetrics(self.bold)
        self.head_metrics = QFontMetrics(self.head_font)
        self._dots = QPen(theme.colour("text2"), 1, Qt.PenStyle.DotLine)
        self._tints: dict[tuple[str, int], QColor] = {}
        self._prices: dict[int, str] = {}
        self._sizes: dict[int, str] = {}
        self._instrument: Instrument | None = None

    def tint(self, token: str, alpha: int) -> QColor:
        """A token's colour at an alpha of 0 to 255; do not change it."""
        found = self._tints.get((token, alpha))
        if found is None:
            found = self._tints[token, alpha] = QColor(self.theme.colour(token))
            found.setAlpha(alpha)
        return found

    def price_text(self, px: int, instrument: Instrument) -> str:
        """A price of the instrument."""
        self._know(instrument)
        text = self._prices.get(px)
        if text is None:
            text = self._prices[px] = formats.price(px, instrument)
        return text

    def size_text(self, size: int, instrument: Instrument) -> str:
        """A size in at most six characters."""
        self._know(instrument)
        text = self._sizes.get(size)
        if text is None:
            if len(self._sizes) > 1 << 14:
                self._sizes.clear()
            text = self._sizes[size] = formats.short_size(size, instrument)
        return text

    def _know(self, instrument: Instrument) -> None:
        if instrument is not self._instrument:
            self._instrument = instrument
            self._prices.clear()
            self._sizes.clear()

    def top(self, row: int) -> int:
        """Where a row begins."""
        return HEAD_PX + row * self.row_px

    def paint(self, painter: QPainter, scene: Scene) -> None:
        """Grounds, bars, numbers, own orders."""
        self._paint_grounds(painter, scene)
        self._paint_bars(painter, scene)
        self._paint_sum_lines(painter, scene)
        self._paint_sizes(painter, scene)
        self._paint_flow(painter, scene)
        self._paint_profit(painter, scene)
        self._paint_prices(painter, scene)
        self._paint_own(painter, scene)

    def paint_head(self, painter: QPainter, columns: Columns, width: int, rows: LadderRows | None, market: str) -> None:
        """Column heads, or what must be known before any of them is read."""
        painter.fillRect(0, 0, width, HEAD_PX, self.theme.colour("bg1"))
        strip = self._strip(rows, market)
        if strip is not None:
            text, token = strip
            painter.fillRect(0, 0, width, HEAD_PX - 1, self.theme.colour(token))
            painter.setFont(self.bold)
            painter.setPen(self.theme.ink_on(token))
            shown = self.metrics.elidedText(text, Qt.TextElideMode.ElideRight, width - 8)
            painter.drawText(QRect(4, 0, width - 8, HEAD_PX - 1), CENTRE, shown)
            return
        painter.setFont(self.head_font)
        painter.setPen(self.theme.colour("text2"))
        for zone, (left, zone_width) in columns.items():
            self._heads.draw(painter, left + 4, 0, zone_width - 8, _ALIGNED[zone], HEADS[zone])
        painter.setPen(self.theme.colour("line"))
        painter.drawLine(0, HEAD_PX - 1, width, HEAD_PX - 1)

    @staticmethod
    def _strip(rows: LadderRows | None, market: str) -> tuple[str, str] | None:
        if rows is None:
            return None
        if rows.warning:
            return rows.warning, "warn"
        where = {1: "▲", -1: "▼"}.get(rows.away, "")
        if rows.waits:
            return f"{where} Held under the pointer; C centres", "bg2"
        return (f"{where} Market at {market}; C centres", "bg2") if where else None

    def _paint_grounds(self, painter: QPainter, scene: Scene) -> None:
        theme, rows = self.theme, scene.rows
        left, width = scene.columns[Zone.PRICE]
        ground, middle, line = theme.colour("bg1"), theme.colour("bg2"), theme.colour("line")
        for row in scene.shown:
            y = self.top(row)
            painter.fillRect(0, y, scene.width, self.row_px, ground)
            painter.fillRect(left, y, width, self.row_px, middle)
            if row == rows.last and not rows.is_doubtful:
                token = "up" if rows.aggressor > 0 else "down" if rows.aggressor < 0 else "text2"
                painter.fillRect(left, y, width, self.row_px, self.tint(token, 70))
            if row == rows.best_ask + 1 > 0 or row == rows.best_bid:
                painter.fillRect(0, y, scene.width, 1, line)

    def _paint_bars(self, painter: QPainter, scene: Scene) -> None:
        rows = scene.rows
        full, _, full_traded = rows.scales()
        strength = 0.4 if rows.is_doubtful else 1.0
        for sizes, zone, token in ((rows.bids, Zone.BIDS, "bid"), (rows.asks, Zone.ASKS, "ask")):
            (left, width), base = scene.columns[zone], self.theme.colour(token)
            colour = self.tint(token, round(base.alpha() * strength))
            for row in scene.shown:
                size = int(sizes[row])
                if size:
                    length = max(2, size * (width - 2) // full)
                    x = left + width - length if zone is Zone.BIDS else left
                    painter.fillRect(x, self.top(row) + 2, length, self.row_px - 4, colour)
        if Zone.VOLUME not in scene.columns:
            return
        left, width = scene.columns[Zone.VOLUME]
        for row in scene.shown:
            x = left
            unsided = int(rows.traded[row] - rows.bought[row] - rows.sold[row])
            parts = ((rows.bought[row], "up", 64), (rows.sold[row], "down", 64), (unsided, "text2", 56))
            for size, token, alpha in parts:
                length = int(size) * (width - 4) // full_traded
                if length:
                    painter.fillRect(x, self.top(row) + 3, length, self.row_px - 6, self.tint(token, alpha))
                    x += length

    def _paint_sum_lines(self, painter: QPainter, scene: Scene) -> None:
        """The cumulative size as a hairline over the bars, where its columns have no room."""
        rows = scene.rows
        _, full, _ = rows.scales()
        if not rows.has_depth or not scene.has_sum_lines:
            return
        shown = set(scene.shown)
        for sums, zone, token in (
            (rows.bid_sums, Zone.BIDS, scene_ink(self.theme)),
            (rows.ask_sums, Zone.ASKS, "down"),
        ):
            is_bid = zone is Zone.BIDS
            (left, width), ink = scene.columns[zone], self.tint(token, 90)
            near = left + width - 1 if is_bid else left
            before, reach = near, width - 3
            found = [row for row, total in enumerate(sums.tolist()) if total]
            # From the market outwards: asks grow upwards, bids downwards.
            for row in found if is_bid else reversed(found):
                length = int(sums[row]) * reach // full
                x = near - length if is_bid else near + length
                if row in shown:
                    y = self.top(row)
                    edge = y if is_bid else y + self.row_px - 1
                    painter.fillRect(min(before, x), edge, abs(x - before) + 1, 1, ink)
                    painter.fillRect(x, y, 1, self.row_px, ink)
                before = x

    def _paint_sizes(self, painter: QPainter, scene: Scene) -> None:
        rows, theme = scene.rows, self.theme
        faint = rows.is_doubtful or rows.is_stale
        painter.setFont(self.font)
        painter.setPen(theme.colour("text2" if faint else "text1" if rows.is_closed else "text0"))
        for sizes, zone in ((rows.bids, Zone.BIDS), (rows.asks, Zone.ASKS)):
            self._paint_column(painter, scene, zone, sizes.tolist())
        painter.setPen(theme.colour("text1"))
        for sizes, zone in ((rows.bid_sums, Zone.BID_SUMS), (rows.ask_sums, Zone.ASK_SUMS), (rows.traded, Zone.VOLUME)):
            self._paint_column(painter, scene, zone, sizes.tolist())
        if Zone.TRADES in scene.columns:
            left, width = scene.columns[Zone.TRADES]
            for row in scene.shown:
                if rows.trades[row]:
                    text = formats.size(int(rows.trades[row]))
                    self._plain_texts.draw(painter, left + 4, self.top(row), width - 8, At.RIGHT, text)

    def _paint_column(self, painter: QPainter, scene: Scene, zone: Zone, sizes: list[int]) -> None:
        if zone not in scene.columns:
            return
        (left, width), at, draw = scene.columns[zone], _ALIGNED[zone], self._plain_texts.draw
        for row in scene.shown:
            size = sizes[row]
            if size:
                draw(painter, left + 4, self.top(row), width - 8, at, self.size_text(size, scene.instrument))

    def _paint_flow(self, painter: QPainter, scene: Scene) -> None:
        """The newest trades: an arrow for who crossed the spread, fainter with age."""
        if Zone.RECENT not in scene.columns:
            return
        rows, (left, width) = scene.rows, scene.columns[Zone.RECENT]
        painter.setFont(self.bold)
        for row in scene.shown:
            fade = int(rows.fade[row])
            if not fade:
                continue
            side = int(rows.recent_side[row])
            token, arrow = ("up", "▲") if side > 0 else ("down", "▼") if side < 0 else ("text1", "·")
            painter.setPen(self.tint(token, 255 - (fade - 1) * 190 // FADE_STEPS))
            text = f"{arrow} {self.size_text(int(rows.recent[row]), scene.instrument)}"
            self._bold_texts.draw(painter, left + 2, self.top(row), width - 6, At.RIGHT, text)

    def _paint_profit(self, painter: QPainter, scene: Scene) -> None:
        held = scene.rows.position
        if held is None or Zone.PROFIT not in scene.columns:
            return
        left, width = scene.columns[Zone.PROFIT]
        painter.setFont(self.font)
        for row in scene.shown:
            value = int(held.ticks[row] if scene.in_ticks else held.e4[row])
            painter.setPen(self.tint("up" if value > 0 else "down" if value < 0 else "text1", 200))
            text = formats.signed_size(value) if scene.in_ticks else profit_text(value)
            self._plain_texts.draw(painter, left + 2, self.top(row), width - 6, At.RIGHT, text)

    def _paint_prices(self, painter: QPainter, scene: Scene) -> None:
        theme, rows, (left, width) = self.theme, scene.rows, scene.columns[Zone.PRICE]
        marks: dict[int, str] = {}
        for letter, row in rows.marks:
            marks[row] = marks.get(row, "") + letter
        faint = rows.is_doubtful or rows.is_stale
        best_ink = theme.colour("text2" if faint else "text1" if rows.is_closed else "text0")
        ink = theme.colour("text2" if faint else "text1")
        average = -1 if rows.position is None else rows.position.row
        for row in scene.shown:
            rect = QRect(left, self.top(row), width, self.row_px)
            best = row in {rows.best_bid, rows.best_ask, rows.last}
            painter.setFont(self.bold if best else self.font)
            painter.setPen(best_ink if best else ink)
            texts = self._bold_texts if best else self._plain_texts
            price = self.price_text(int(rows.prices[row]), scene.instrument)
            texts.draw(painter, left, rect.top(), width, At.CENTRE, price)
            if rows.is_stale and best:
                painter.setPen(self._dots)
                painter.drawLine(rect.left() + 10, rect.bottom() - 2, rect.right() - 10, rect.bottom() - 2)
            if row == average:
                token = "up" if rows.position is not None and rows.position.quantity > 0 else "down"
                painter.fillRect(left, rect.top(), 3, self.row_px, theme.colour(token))
                painter.fillRect(left, rect.bottom(), width, 1, theme.colour(token))
            if row == rows.last and rows.last_tick:
                painter.setFont(self.head_font)
                painter.setPen(theme.colour("up" if rows.last_tick > 0 else "down"))
                arrow = "▲" if rows.last_tick > 0 else "▼"
                self._small_texts.draw(painter, left + 5, rect.top(), width, At.LEFT, arrow)
            if row in marks:
                painter.setFont(self.head_font)
                painter.setPen(theme.colour("accent"))
                self._small_texts.draw(painter, left, rect.top(), width - 3, At.RIGHT, marks[row])

    def _paint_own(self, painter: QPainter, scene: Scene) -> None:
        full = scene.rows.scales()[0]
        for row in scene.shown:
            for side, zone, depth in ((Side.BUY, Zone.OWN_BUYS, Zone.BIDS), (Side.SELL, Zone.OWN_SELLS, Zone.ASKS)):
                mine = [order for order in scene.rows.own[row] if order.side is side]
                if mine:
                    left, width = scene.columns[zone]
                    rect = QRect(left, self.top(row), width, self.row_px).adjusted(2, 2, -2, -2)
                    self._paint_orders(painter, rect, mine, scene.instrument)
                    self._paint_place(painter, row, scene.columns[depth], mine, full, is_bid=side is Side.BUY)

    def _paint_orders(self, painter: QPainter, rect: QRect, mine: list[OwnOrder], instrument: Instrument) -> None:
        token = "up" if mine[0].side is Side.BUY else "down"
        if all(order.is_sure for order in mine):
            painter.fillRect(rect, self.theme.colour(token))
            painter.setPen(self.theme.ink_on(token))
        else:
            painter.setPen(self.theme.colour(token))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.setFont(self.bold)
        text = self.size_text(sum(order.left for order in mine), instrument)
        ahead = queue_text(mine, instrument) if rect.width() >= _QUEUE_FROM_PX else ""
        painter.drawText(rect.adjusted(4, 0, 0, 0) if ahead else rect, LEFT if ahead else CENTRE, text)
        if ahead:
            painter.setFont(self.head_font)
            painter.drawText(rect.adjusted(0, 0, -3, 0), RIGHT, ahead)

    def _paint_place(
        self, painter: QPainter, row: int, column: tuple[int, int], mine: list[OwnOrder], full: int, *, is_bid: bool
    ) -> None:
        """A tick on the depth bar where our first order stands in the queue."""
        known = [order.ahead for order in mine if order.ahead is not None]
        if not known:
            return
        left, width = column
        away = min(width - 3, min(known) * (width - 2) // full)
        x = left + width - 2 - away if is_bid else left + away
        painter.fillRect(x, self.top(row) + 1, 2, self.row_px - 2, self.theme.colour("accent"))


def scene_ink(theme: Theme) -> str:
    """The colour of the bids' sum: the first of the series, which is the bids' blue."""
    return theme.tokens.series[0]


def queue_text(mine: list[OwnOrder], instrument: Instrument) -> str:
    """The size before the first of our orders; ``~`` before an estimate, empty when nobody knows."""
    known = [order for order in mine if order.ahead is not None]
    if not known:
        return ""
    first = min(known, key=lambda order: order.ahead or 0)
    return f"{'' if first.is_exact else '~'}{formats.short_size(first.ahead or 0, instrument)}"


def profit_text(amount_e4: int) -> str:
    """Money in a narrow column: cents below a hundred, none above."""
    whole = abs(amount_e4) >= 100 * 10_000
    text = formats.fixed(amount_e4, 10_000, 0 if whole else 2)
    return f"+{text}" if amount_e4 > 0 else text
