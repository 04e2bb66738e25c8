"""The account: cash and positions as a fold over fills and settlements. One writer; readers get frozen copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from terminal.core.events import Settlement
from terminal.core.instruments import Instrument, InstrumentTable
from terminal.core.money import notional_e4
from terminal.core.orders import Fill
from terminal.portfolio.position import Position, divide_rounded


@dataclass(frozen=True, slots=True)
class AccountView:
    """A frozen picture of an account. ``positions`` are sorted by symbol, with those that were closed today."""

    account: str
    currency: str
    cash_by_currency: tuple[tuple[str, int], ...]
    positions: tuple[Position, ...]
    fees_e4: int
    day_start_cash_e4: int

    @property
    def cash_e4(self) -> int:
        """Cash in the account's own currency."""
        return dict(self.cash_by_currency).get(self.currency, 0)

    @property
    def open_positions(self) -> tuple[Position, ...]:
        """Positions that are not flat."""
        return tuple(position for position in self.positions if position.quantity)

    def position(self, instrument: int) -> Position:
        """The position in ``instrument``, a flat one when there is none."""
        found = (each for each in self.positions if each.instrument == instrument)
        return next(found, Position(instrument))

    @property
    def realised_e4(self) -> int:
        """Realised over all positions, before fees."""
        return sum(position.realised_e4 for position in self.positions)


class Account:
    """Applies fills and settlements; every amount is an exact integer."""

    def __init__(self, table: InstrumentTable, account: str, cash_e4: int, currency: str = "USD") -> None:
        self.account = account
        self.currency = currency
        self.fees_e4 = 0
        self._table = table
        self._cash = {currency: cash_e4}
        self._day_start_cash_e4 = cash_e4
        self._positions: dict[int, Position] = {}

    @property
    def cash_e4(self) -> int:
        """Cash in the account's own currency."""
        return self._cash[self.currency]

    @property
    def positions(self) -> Mapping[int, Position]:
        """By instrument id; flat ones are kept, since they hold what was realised."""
        return self._positions

    def held(self, instrument: int) -> int:
        """Signed quantity."""
        position = self._positions.get(instrument)
        return position.quantity if position else 0

    def apply_fill(self, fill: Fill) -> None:
        """Books one fill: cash, position and fee."""
        row = self._table.get(fill.instrument)
        quantity = fill.side * fill.quantity
        value_e4 = notional_e4(fill.price_px, quantity, row.multiplier, row.price_scale)
        self._book(row, quantity, value_e4, fill.fee_e4)

    def apply_settlement(self, settlement: Settlement) -> None:
        """Ends an option position for cash, for shares, or for nothing.

        Delivered shares cost the strike plus what the option cost (IRS Publication 550, "Puts and Calls"), so an
        exercise realises nothing by itself.
        """
        row = self._table.get(settlement.instrument)
        position = self._positions.get(row.id, Position(row.id))
        if settlement.delivered < 0:
            self._book(row, -settlement.quantity, -settlement.cash_e4, settlement.fee_e4)
            return
        carried_e4 = 0
        if position.quantity:
            carried_e4 = divide_rounded(position.cost_e4 * settlement.quantity, position.quantity)
        closed = position.traded(-settlement.quantity, -carried_e4, settlement.fee_e4, flow_e4=0)
        self._positions[row.id] = closed
        shares = self._table.get(settlement.delivered)
        held = self._positions.get(shares.id, Position(shares.id))
        value_e4 = carried_e4 - settlement.cash_e4
        self._positions[shares.id] = held.traded(settlement.delivered_quantity, value_e4, flow_e4=settlement.cash_e4)
        self._pay(row.currency, settlement.cash_e4 - settlement.fee_e4, settlement.fee_e4)

    def roll_day(self, marks_px: Mapping[int, int]) -> None:
        """Begins a trading day; ``marks_px``: settlement prices of the day that ended, by instrument id."""
        for instrument, position in list(self._positions.items()):
            row = self._table.get(instrument)
            mark_px = marks_px.get(instrument)
            value_e4: int | None = 0
            if position.quantity:
                value_e4 = None
                if mark_px is not None:
                    value_e4 = notional_e4(mark_px, position.quantity, row.multiplier, row.price_scale)
            self._positions[instrument] = position.rolled(mark_px, value_e4)
        self._day_start_cash_e4 = self.cash_e4

    def view(self) -> AccountView:
        """A frozen copy."""
        by_symbol = sorted(self._positions.values(), key=lambda each: self._table.get(each.instrument).symbol)
        return AccountView(
            self.account,
            self.currency,
            tuple(sorted(self._cash.items())),
            tuple(by_symbol),
            self.fees_e4,
            self._day_start_cash_e4,
        )

    def _book(self, row: Instrument, quantity: int, value_e4: int, fee_e4: int) -> None:
        position = self._positions.get(row.id, Position(row.id))
        self._positions[row.id] = position.traded(quantity, value_e4, fee_e4)
        self._pay(row.currency, -value_e4 - fee_e4, fee_e4)

    def _pay(self, currency: str, amount_e4: int, fee_e4: int) -> None:
        self._cash[currency] = self._cash.get(currency, 0) + amount_e4
        self.fees_e4 += fee_e4
