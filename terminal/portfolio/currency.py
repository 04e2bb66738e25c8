"""Exchange rates by date, for an account's base currency."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from terminal.portfolio.position import divide_rounded

RATE_SCALE = 100_000_000
"""Rates are integers in 1e-8: base currency for one unit of the foreign one."""


class MissingRateError(LookupError):
    """No rate is known for a currency on or before a date."""


@dataclass(frozen=True, slots=True)
class Rate:
    """``rate_e8`` units of the base currency, in 1e-8, for one unit of ``currency`` from ``day`` on."""

    currency: str
    day: date
    rate_e8: int


class RateTable:
    """The rates of one base currency; a rate holds until the next one."""

    def __init__(self, base: str, rates: Iterable[Rate] = ()) -> None:
        self.base = base
        self._days: dict[str, list[date]] = {}
        self._rates: dict[str, list[int]] = {}
        for rate in sorted(rates, key=lambda each: (each.currency, each.day)):
            if rate.rate_e8 <= 0:
                raise ValueError(f"the rate of {rate.currency} on {rate.day} must be above zero")
            self._days.setdefault(rate.currency, []).append(rate.day)
            self._rates.setdefault(rate.currency, []).append(rate.rate_e8)

    def rate_e8(self, currency: str, day: date) -> int:
        """The rate in force on ``day``; MissingRateError when none is known yet: nothing is guessed."""
        if currency == self.base:
            return RATE_SCALE
        at = bisect_right(self._days.get(currency, []), day)
        if at == 0:
            raise MissingRateError(f"no {currency}/{self.base} rate is known on {day}; add one with its date")
        return self._rates[currency][at - 1]

    def to_base_e4(self, amount_e4: int, currency: str, day: date) -> int:
        """``amount_e4`` of ``currency`` in the base currency, rounded half to even."""
        return divide_rounded(amount_e4 * self.rate_e8(currency, day), RATE_SCALE)
