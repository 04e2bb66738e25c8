"""Price increments by class of product, and the one test for "on tick"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from terminal.core.money import PRICE_SCALE, format_px


@dataclass(frozen=True, slots=True)
class TickTable:
    """Increments by price: ``steps`` are (from_px, increment_px), ascending, the first from 0."""

    name: str
    steps: tuple[tuple[int, int], ...]

    def increment(self, px: int) -> int:
        """The increment at ``px``; a negative price (a credit) has that of its absolute value."""
        magnitude = abs(px)
        found = self.steps[0][1]
        for from_px, increment_px in self.steps:
            if magnitude < from_px:
                break
            found = increment_px
        return found

    def is_on_tick(self, px: int) -> bool:
        """True when an order may carry ``px``."""
        return px % self.increment(px) == 0

    def floor(self, px: int) -> int:
        """The highest valid price at or below ``px`` (towards minus infinity)."""
        return px - px % self.increment(px)

    def ceil(self, px: int) -> int:
        """The lowest valid price at or above ``px``."""
        return -self.floor(-px)

    def nearest(self, px: int) -> int:
        """The valid price nearest to ``px``; a tie goes down, the cautious side for a buyer."""
        low, high = self.floor(px), self.ceil(px)
        return low if px - low <= high - px else high

    def up(self, px: int) -> int:
        """The next valid price above ``px``."""
        above = self.floor(px) + self.increment(px)
        return self.floor(above) if px >= 0 else -self.down(-px)

    def down(self, px: int) -> int:
        """The next valid price below ``px``."""
        if px < 0:
            return -self.up(-px)
        below = self.floor(px - 1)
        return below if px > 0 else -self.increment(0)

    def describe(self, px: int) -> str:
        """The increment at ``px`` as decimal text, for a refusal's sentence."""
        return format_px(self.increment(px))


class TickClass(Enum):
    """The tick tables of US products, prices at scale 10,000 (exchange rules, e.g. Cboe Rule 5.4).

    FINEST and the EVERY classes are multiples of an instrument's own ``1 / price_scale``, whatever it is: a tick of
    0.1 is FINEST at scale 10, one of 0.25 EVERY_25 at scale 100, one of 1/32 EVERY_3125 at scale 100,000.
    """

    PENNY = TickTable("penny", ((0, 100),))
    PENNY_PROGRAM = TickTable("penny program", ((0, 100), (3 * PRICE_SCALE, 500)))
    NICKEL_DIME = TickTable("nickel and dime", ((0, 500), (3 * PRICE_SCALE, 1000)))
    COMBO = TickTable("combo", ((0, 100),))
    EQUITY = TickTable("equity", ((0, 1), (1 * PRICE_SCALE, 100)))
    FINEST = TickTable("finest", ((0, 1),))
    EVERY_2 = TickTable("every 2", ((0, 2),))
    EVERY_5 = TickTable("every 5", ((0, 5),))
    EVERY_25 = TickTable("every 25", ((0, 25),))
    EVERY_125 = TickTable("every 125", ((0, 125),))
    EVERY_625 = TickTable("every 625", ((0, 625),))
    EVERY_3125 = TickTable("every 3125", ((0, 3125),))
    EVERY_15625 = TickTable("every 15625", ((0, 15625),))
    EVERY_78125 = TickTable("every 78125", ((0, 78125),))

    @property
    def table(self) -> TickTable:
        """The increments of this class."""
        return self.value
