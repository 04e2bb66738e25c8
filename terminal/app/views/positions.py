"""Positions with their marks, and the totals. A mark that no quote supports is a dash and never 0."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from terminal.app import formats
from terminal.app.ports import OrderDraft, PositionRow
from terminal.app.views.table_rows import TableRows
from terminal.core.instruments import InstrumentTable
from terminal.core.orders import Effect, OrderType, Origin, Side

_MONEY = {"unrealised", "realised", "day"}


@dataclass(frozen=True, slots=True)
class PositionTotals:
    """Sums over all positions; ``unmarked`` positions have no mark and are not in the sums that need one."""

    count: int
    unrealised_e4: int
    realised_e4: int
    day_e4: int
    unmarked: int

    @property
    def line(self) -> str:
        """``3 positions   unrealised +12.00   realised −50.00   day −38.00 before fees   1 without a mark``.

        Also what was realised once nothing is held; empty when there was nothing at all.
        """
        if not (self.count or self.realised_e4 or self.day_e4):
            return ""
        parts = [f"{self.count} position{'' if self.count == 1 else 's'}" if self.count else "flat"]
        if self.count:
            parts.append(f"unrealised {formats.money_overview(self.unrealised_e4, sign=True)}")
        parts += [
            f"realised {formats.money_overview(self.realised_e4, sign=True)}",
            f"day {formats.money_overview(self.day_e4, sign=True)} before fees",
        ]
        if self.unmarked:
            parts.append(f"{self.unmarked} without a mark, not in the sums")
        return "   ".join(parts)


class PositionsView:
    """Rows and texts of positions. UI thread only."""

    def __init__(self, table: InstrumentTable) -> None:
        self._table = table

    def rows(self, positions: Sequence[PositionRow], *, is_silent: bool, with_flat: bool) -> TableRows:
        """Rows by instrument; flat ones (quantity 0, realised P&L only) when ``with_flat``."""
        shown = [row for row in positions if row.quantity or with_flat]
        values: dict[str, list[Any]] = {
            "symbol": [self._table.get(row.instrument).label for row in shown],
            "quantity": [row.quantity for row in shown],
            "average": [row.average_px if row.quantity else None for row in shown],
            "mark": [row.mark_px for row in shown],
            "liquidation": [row.liquidation_px for row in shown],
            "unrealised": [row.unrealised_e4 for row in shown],
            "realised": [row.realised_e4 for row in shown],
            "day": [row.day_pnl_e4 for row in shown],
        }
        tones = {
            "quantity": ["up" if row.quantity > 0 else "down" if row.quantity < 0 else "text2" for row in shown],
            "mark": ["warn" if row.one_sided else "" for row in shown],
            "liquidation": ["warn" if row.quantity and row.liquidation_px is None else "" for row in shown],
        }
        tips = [self._tip(row) for row in shown]
        stale = [is_silent and row.mark_px is not None for row in shown]
        return TableRows(
            [row.instrument for row in shown], values, stale, tones,
            tips=dict.fromkeys(("symbol", "mark", "liquidation", "unrealised"), tips),
        )  # fmt: skip

    def text(self, column: str, value: Any, instrument: Hashable) -> str:
        """What a cell shows for a value of :meth:`rows`."""
        if value is None:
            return formats.MISSING
        if column == "symbol":
            return str(value)
        row = self._table.get(int(str(instrument)))
        if column == "quantity":
            return formats.signed_size(value)
        if column == "average":
            return formats.average_price(value, row)
        if column == "mark":
            return formats.mark_price(value, row)
        if column in _MONEY:
            return formats.money(value, sign=True)
        return formats.price(value, row)

    def closing_draft(self, position: PositionRow) -> OrderDraft | None:
        """A draft that closes a position at the price it could get now; market when there is none. None when flat."""
        if not position.quantity:
            return None
        side = Side.SELL if position.quantity > 0 else Side.BUY
        px = position.liquidation_px
        if px is not None and px > 0:
            px = self._table.get(position.instrument).tick_class.table.nearest(px)
            return OrderDraft(
                position.instrument, side, abs(position.quantity), OrderType.LIMIT, px, effect=Effect.CLOSE,
                origin=Origin.TICKET,
            )  # fmt: skip
        return OrderDraft(position.instrument, side, abs(position.quantity), OrderType.MARKET, effect=Effect.CLOSE)

    @staticmethod
    def _tip(row: PositionRow) -> str:
        if row.mark_px is None:
            return "There is no quote to mark it with."
        if row.one_sided:
            return "One-sided: the mark is the only side that is quoted, not a mid."
        if row.quantity and row.liquidation_px is None:
            return "Nobody bids for it now." if row.quantity > 0 else "Nobody offers it now."
        return "Marked at the mid."


def totals(positions: Sequence[PositionRow]) -> PositionTotals:
    """Sums over open positions, and of what was realised on all."""
    held = [row for row in positions if row.quantity]
    return PositionTotals(
        count=len(held),
        unrealised_e4=sum(row.unrealised_e4 or 0 for row in held),
        realised_e4=sum(row.realised_e4 for row in positions),
        day_e4=sum(row.day_pnl_e4 or 0 for row in positions),
        unmarked=sum(row.unrealised_e4 is None for row in held),
    )
