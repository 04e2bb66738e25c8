"""What a trade costs."""

from __future__ import annotations

from dataclasses import dataclass

from terminal.core.instruments import Instrument


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Fees in 1/10,000 of the currency: a contract and leg, a share, and an exercised or assigned contract."""

    contract_e4: int = 6_500
    share_e4: int = 0
    exercise_e4: int = 0

    def trade_e4(self, row: Instrument, quantity: int) -> int:
        """The fee for ``quantity`` (unsigned) of one leg."""
        return quantity * (self.share_e4 if row.option is None else self.contract_e4)
