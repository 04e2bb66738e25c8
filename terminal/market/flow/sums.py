"""What was traded of each expiry in the day, for put/call ratios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Sums(NamedTuple):
    """What was traded of one expiry in the day: contracts and premium, calls then puts."""

    call_volume: int = 0
    put_volume: int = 0
    call_premium: float = 0.0
    put_premium: float = 0.0

    def __add__(self, other: object) -> Sums:
        """Place by place."""
        if not isinstance(other, Sums):
            return NotImplemented
        return Sums(
            self.call_volume + other.call_volume, self.put_volume + other.put_volume,
            self.call_premium + other.call_premium, self.put_premium + other.put_premium,
        )  # fmt: skip


def by_underlying(sums: Mapping[tuple[int, int], Sums], underlying: int) -> Sums:
    """Of all expiries together."""
    total = Sums()
    for (whose, _), each in sums.items():
        if whose == underlying:
            total = total + each
    return total
