"""One position: quantity, exact cost and what has been realised."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Position:
    """A holding of one instrument in one account, at average cost.

    ``cost_e4`` is what the open quantity cost, negative for a short (what was received); it and ``realised_e4`` are
    before fees. ``day_*`` belong to the trading day: ``day_start_value_e4`` is the value at the prior settlement (None
    when no price was known), ``day_flow_e4`` the money that trades and settlements brought since (negative: spent).
    """

    instrument: int
    quantity: int = 0
    cost_e4: int = 0
    realised_e4: int = 0
    fees_e4: int = 0
    day_start_px: int | None = None
    day_start_quantity: int = 0
    day_start_value_e4: int | None = 0
    day_flow_e4: int = 0
    day_fees_e4: int = 0

    def average_px(self, multiplier: int, price_scale: int, money_scale: int = 10_000) -> int:
        """Average price of the open quantity at ``price_scale``, rounded half to even; 0 when flat."""
        if self.quantity == 0:
            return 0
        return divide_rounded(self.cost_e4 * price_scale, self.quantity * multiplier * money_scale)

    def traded(self, quantity: int, value_e4: int, fee_e4: int = 0, flow_e4: int | None = None) -> Position:
        """After ``quantity`` (signed) came in for ``value_e4`` (signed: positive was paid).

        What goes against the holding closes it at average cost; what is left over opens the other side. Cost that does
        not divide evenly is rounded once and the rest stays, so that cost and realised always add up to the money.
        ``flow_e4``: the money that moved, where it is not ``-value_e4``.
        """
        opening = self.quantity == 0 or (self.quantity > 0) == (quantity > 0)
        if opening or quantity == 0:
            cost_e4, realised_e4 = self.cost_e4 + value_e4, self.realised_e4
        else:
            closed = min(abs(quantity), abs(self.quantity))
            closing_value_e4 = divide_rounded(value_e4 * closed, abs(quantity))
            closed_cost_e4 = divide_rounded(self.cost_e4 * closed, abs(self.quantity))
            cost_e4 = self.cost_e4 - closed_cost_e4 + value_e4 - closing_value_e4
            realised_e4 = self.realised_e4 - closing_value_e4 - closed_cost_e4
        return replace(
            self,
            quantity=self.quantity + quantity,
            cost_e4=cost_e4,
            realised_e4=realised_e4,
            fees_e4=self.fees_e4 + fee_e4,
            day_flow_e4=self.day_flow_e4 + (-value_e4 if flow_e4 is None else flow_e4),
            day_fees_e4=self.day_fees_e4 + fee_e4,
        )

    def rolled(self, mark_px: int | None, value_e4: int | None) -> Position:
        """The same holding at the start of a new trading day, valued at the settlement of the day that ended."""
        return replace(
            self,
            day_start_px=mark_px,
            day_start_quantity=self.quantity,
            day_start_value_e4=value_e4,
            day_flow_e4=0,
            day_fees_e4=0,
        )


def divide_rounded(numerator: int, denominator: int) -> int:
    """The quotient rounded half to even; exact for any size. ZeroDivisionError for a zero denominator."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient % 2):
        quotient += 1
    return quotient
