"""What becomes of options that expire: worthless, cash, or shares at the strike, on the official price.

Without the official price nothing is guessed: the position stays and a sentence says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from terminal.core.clock import from_ns
from terminal.core.events import Settlement, SettlementKind
from terminal.core.instruments import Delivery, Instrument, InstrumentTable, OptionTerms, SettlementTime
from terminal.core.money import ABSENT_PX, format_money, notional_e4
from terminal.core.osi import Right
from terminal.exchange.fees import FeeSchedule
from terminal.portfolio.account import AccountView
from terminal.portfolio.position import Position
from terminal.portfolio.valuation import QuoteReader

EXERCISE_THRESHOLD_PX = 100
"""In the money by 0.01 or more is exercised (OCC Rule 805, exercise by exception)."""


@dataclass(frozen=True, slots=True)
class ExpiryOutcome:
    """What is to be booked, all in one transaction, and what a person should know.

    ``waiting``: sentences about positions that stay, since what they settle on has not been published.
    """

    settlements: tuple[Settlement, ...]
    problems: tuple[str, ...]
    waiting: tuple[str, ...] = ()


class Expiry:
    """Settles the expired options of an account. ``use_last_trade``: the setting that allows the underlying's last
    trade where the official price is missing."""

    def __init__(
        self,
        table: InstrumentTable,
        quotes: QuoteReader,
        fees: FeeSchedule,
        *,
        use_last_trade: bool = False,
    ) -> None:
        self._table = table
        self._quotes = quotes
        self._fees = fees
        self._use_last_trade = use_last_trade

    def due(self, ts_ns: int, account: AccountView) -> tuple[Position, ...]:
        """Open positions in options that have expired by ``ts_ns``, by symbol."""
        return tuple(
            position
            for position in account.open_positions
            if (terms := self._table.get(position.instrument).option) is not None and terms.expires_ns <= ts_ns
        )

    def instants(self, instruments: Iterable[int]) -> list[int]:
        """The market times at which any of ``instruments`` expires, ascending."""
        terms = (self._table.get(each).option for each in instruments)
        return sorted({each.expires_ns for each in terms if each is not None})

    def settle(self, ts_ns: int, account: AccountView) -> ExpiryOutcome:
        """The settlements that are due at ``ts_ns`` and can be priced; call it again when an official price comes."""
        settlements: list[Settlement] = []
        problems: list[str] = []
        waiting: list[str] = []
        for position in self.due(ts_ns, account):
            row = self._table.get(position.instrument)
            if row.option is None:
                continue
            official_px, problem = self._official_px(row.option, row, ts_ns)
            if problem:
                (waiting if official_px is None else problems).append(problem)
            if official_px is not None:
                settlements.append(self._settlement(account.account, position, row, row.option, official_px, ts_ns))
        cash_e4 = account.cash_e4 + sum(each.cash_e4 - each.fee_e4 for each in settlements)
        if settlements and cash_e4 < 0 <= account.cash_e4:
            problems.append(f"The exercise of expired options leaves the cash at {format_money(cash_e4)}.")
        return ExpiryOutcome(tuple(settlements), tuple(problems), tuple(waiting))

    def _official_px(self, terms: OptionTerms, row: Instrument, ts_ns: int) -> tuple[int | None, str]:
        """What ``row`` settles on, and a sentence; the official price of a later day is another price."""
        under = self._table.get(terms.underlying)
        quote = self._quotes.read_one(under.id)
        is_am = terms.settlement is SettlementTime.AM
        official_px = int(quote["settlement_px" if is_am else "official_px"])
        is_of_the_day = from_ns(ts_ns).date() == from_ns(terms.expires_ns).date()
        if official_px != ABSENT_PX and is_of_the_day:
            return official_px, ""
        what = "settlement value" if is_am else "official close"
        last_px, last_ts_ns = int(quote["last_px"]), int(quote["last_ts_ns"])
        if self._use_last_trade and last_px != ABSENT_PX and 0 < last_ts_ns <= terms.expires_ns:
            return last_px, f"{row.label} was settled on the last trade of {under.label}: its {what} is missing."
        return None, f"{row.label} has expired, but the {what} of {under.label} is missing; the position stays."

    def _settlement(
        self, account: str, position: Position, row: Instrument, terms: OptionTerms, official_px: int, ts_ns: int
    ) -> Settlement:
        quantity = position.quantity
        intrinsic_px = terms.symbol.right * (official_px - terms.strike_px)
        kind, cash_e4, fee_e4 = SettlementKind.WORTHLESS, 0, 0
        delivered, delivered_quantity, delivered_px = -1, 0, 0
        if intrinsic_px >= EXERCISE_THRESHOLD_PX:
            fee_e4 = self._fees.exercise_e4 * abs(quantity)
            if terms.delivery is Delivery.CASH:
                kind = SettlementKind.CASH
                cash_e4 = notional_e4(intrinsic_px, quantity, row.multiplier, row.price_scale)
            else:
                kind = SettlementKind.EXERCISED if quantity > 0 else SettlementKind.ASSIGNED
                sign = 1 if terms.symbol.right is Right.CALL else -1
                delivered, delivered_px = terms.underlying, terms.strike_px
                delivered_quantity = sign * quantity * terms.shares
                cash_e4 = -sign * notional_e4(terms.strike_px, quantity, row.multiplier, row.price_scale)
        return Settlement(
            settlement_id=f"expiry:{row.symbol}",
            account=account,
            instrument=row.id,
            quantity=quantity,
            kind=kind,
            official_px=official_px,
            cash_e4=cash_e4,
            fee_e4=fee_e4,
            ts_ns=ts_ns,
            delivered=delivered,
            delivered_quantity=delivered_quantity,
            delivered_px=delivered_px,
        )
