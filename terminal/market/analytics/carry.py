"""Rate and carry of every expiry of a chain: by parity, by the trader's word, or by the expiries beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from terminal.market.analytics.chain_values import (
    Carry,
    CarrySource,
    Override,
    Series,
    Spot,
    SpotSource,
    is_torn,
)
from terminal.market.analytics.contracts import ChainContracts
from terminal.quant import parity
from terminal.quant.columns import Flags, Floats
from terminal.quant.parity import ParityFit, ParityStatus

AMERICAN_WINDOW, EUROPEAN_WINDOW = 0.1, 0.25
"""Strikes this near the forward, in log-moneyness: early exercise is worth little there."""
KNOWN_RATE_ERROR = 0.001
"""What a known rate may be off: a desk's own financing differs by a little."""
REFITS, PLAIN_REFITS = 1, 6
"""Expiries asked again in one pass, American and European: early exercise makes parity dear."""
_LEAST_WAIT_NS, _SPACING_NS = 1_000_000_000, 180_000_000
"""Market time between two questions to one expiry, and between those to any two American ones: every second pass at
the most."""
SAME_SHARE = 0.2
"""A fit that differs from the one before by less than this part of its own standard error says the same: the one
before stays, and what was solved with it."""
_SOLVED = (ParityStatus.SOLVED, ParityStatus.DISCOUNT_ASSUMED)


class CarryBook:
    """Keeps the parity fits of a chain and refits a few expiries at a time, the longest unfitted first."""

    def __init__(self, contracts: ChainContracts, rate: float | None) -> None:
        """``rate``: the interest rate where it is known; None lets the expiries tell what they all imply."""
        self._contracts = contracts
        self._rate = parity.UNINFORMED_RATE if rate is None else rate
        self._rate_error = parity.UNINFORMED_RATE_ERROR if rate is None else KNOWN_RATE_ERROR
        self._fits: list[ParityFit | None] = [None] * len(contracts.expiries)
        self._asked_ns = np.zeros(len(contracts.expiries), np.int64)
        firsts = [each.first for each in contracts.expiries]
        self._is_american = contracts.is_american[firsts] if firsts else np.empty(0, np.bool_)
        self._told_ns = np.zeros(len(contracts.expiries), np.int64)
        """Market time of the quotes that told what is kept, or said the same."""
        self._is_due = np.zeros(len(contracts.expiries), np.bool_)
        self._torn_at = np.full(len(contracts.expiries), np.nan)
        """The spot that contradicted the last fit of an expiry; NaN where they agree."""
        self.overrides: Mapping[Series, Override] = {}

    def refit(self, bid: Floats, ask: Floats, time: Floats, spot: float, now_ns: int, changed: Flags) -> None:
        """Asks parity for expiries that live and whose quotes ``changed``, each once a second of market time and no
        more than REFITS (PLAIN_REFITS) at a time; ``bid`` and ``ask`` by contract (NaN: none), ``time`` in years by
        expiry.

        The first time all are asked, twice: the second time with the rate that they imply together.
        """
        live = np.flatnonzero(time > 0.0)
        if not len(live) or not spot > 0.0:
            return
        self._is_due |= changed
        if not self._asked_ns.any():
            self._fit_all(live, bid, ask, time, spot, now_ns)
            chosen = live
        else:
            waited = np.abs(now_ns - self._asked_ns[live]) >= _LEAST_WAIT_NS
            due = live[self._is_due[live] & waited]
            due = due[np.argsort(self._asked_ns[due], kind="stable")]
            early = self._is_american[due]
            is_soon = abs(now_ns - int(self._asked_ns[self._is_american].max(initial=0))) < _SPACING_NS
            # What was told beside a spot of another moment is nothing to go on from once the spot has caught up.
            caught_up = live[np.isfinite(self._torn_at[live]) & (self._torn_at[live] != spot)][:REFITS]
            chosen = np.concatenate([due[early][: 0 if is_soon else REFITS], due[~early][:PLAIN_REFITS]])
            chosen = np.union1d(chosen, caught_up)
            if len(chosen):
                self._refit(chosen, bid, ask, time, spot, now_ns)
        self._asked_ns[chosen] = max(now_ns, 1)
        self._is_due[chosen] = False

    def _refit(self, chosen: npt.NDArray[np.int64], bid: Floats, ask: Floats, time: Floats, spot: float, now_ns: int
               ) -> None:  # fmt: skip
        """Some expiries, with the rate that all imply."""
        known = [each for each in self._fits if each is not None]
        pooled, error = parity.pooled_rate(known, self._rate), min(self._rate_error, parity.POOLED_RATE_ERROR)
        for expiry in chosen:
            self._keep(int(expiry), self._fit(int(expiry), bid, ask, time, spot, pooled, error), now_ns, spot)

    def _fit_all(self, live: Sequence[int] | npt.NDArray[np.int64], bid: Floats, ask: Floats, time: Floats,
                 spot: float, now_ns: int) -> None:  # fmt: skip
        rate, error = self._rate, self._rate_error
        found: list[ParityFit] = []
        for _ in range(2 if error > parity.POOLED_RATE_ERROR else 1):
            found = [self._fit(int(expiry), bid, ask, time, spot, rate, error) for expiry in live]
            rate, error = parity.pooled_rate(found, rate), parity.POOLED_RATE_ERROR
        for expiry, fit in zip(live, found, strict=True):
            self._keep(int(expiry), fit, now_ns, spot)

    def _keep(self, expiry: int, fit: ParityFit, now_ns: int, spot: float) -> None:
        """A fit that does not tell does not displace one that did, nor one that says the same."""
        torn = is_torn(fit.dividend_yield, fit.time, fit.forward, fit.forward_error)
        self._torn_at[expiry] = spot if torn else np.nan
        before = self._fits[expiry]
        if before is None or before.status not in _SOLVED or fit.status in _SOLVED:
            self._told_ns[expiry] = now_ns
            if before is None or not _says_the_same(before, fit):
                self._fits[expiry] = fit

    def _fit(self, expiry: int, bid: Floats, ask: Floats, time: Floats, spot: float, rate: float, error: float
             ) -> ParityFit:  # fmt: skip
        rows = self._contracts.expiries[expiry].rows
        good = self._contracts.is_standard[rows]
        american = bool(self._contracts.is_american[rows.start])
        return parity.implied_forward(
            self._contracts.strike[rows][good], self._contracts.is_call[rows][good], bid[rows][good], ask[rows][good],
            float(time[expiry]), spot=spot, rate=rate, rate_error=error, is_american=american,
            window=AMERICAN_WINDOW if american else EUROPEAN_WINDOW,
        )  # fmt: skip

    def spot_by_parity(self, bid: Floats, ask: Floats, time: Floats, ts_ns: int) -> Spot:
        """What the quotes of a European chain say of an underlying without a market; American ones need a spot."""
        for expiry in np.argsort(time, kind="stable"):
            if time[expiry] <= 0.0 or self._contracts.is_american[self._contracts.expiries[expiry].first]:
                continue
            fit = self._fit(int(expiry), bid, ask, time, float("nan"), self._rate, self._rate_error)
            if fit.status in _SOLVED:
                return Spot(fit.forward * fit.discount, ts_ns, SpotSource.PARITY)
        return Spot(float("nan"), 0, SpotSource.NONE)

    def carry(self, time: Floats, spot: float) -> Carry:
        """Rate and carry of every expiry now; ``time`` in years by expiry."""
        count = len(self._fits)
        rate, carry, error = (np.full(count, np.nan) for _ in range(3))
        source = np.full(count, CarrySource.NEIGHBOURS, np.int8)
        for row, fit in enumerate(self._fits):
            if fit is None:
                continue
            if fit.status in _SOLVED and np.isfinite(fit.dividend_yield):
                rate[row], carry[row], error[row] = fit.rate, fit.dividend_yield, fit.forward_error
                source[row] = CarrySource.PARITY
        self._fill(time, rate, carry, source)
        self._override(time, spot, rate, carry, source)
        source[time <= 0.0] = CarrySource.EXPIRED
        told_ns = np.where(source == CarrySource.PARITY, self._told_ns, 0)
        return Carry(rate, carry, error, source, told_ns)

    def _fill(self, time: Floats, rate: Floats, carry: Floats, source: npt.NDArray[np.int8]) -> None:
        """Expiries that do not tell: between those that do, by time."""
        known, unknown = np.flatnonzero(np.isfinite(carry) & (time > 0.0)), np.flatnonzero(~np.isfinite(carry))
        if not len(known):
            rate[unknown], carry[unknown], source[unknown] = self._rate, 0.0, CarrySource.ASSUMED
            return
        order = known[np.argsort(time[known], kind="stable")]
        for values in (rate, carry):
            values[unknown] = np.interp(time[unknown], time[order], values[order])

    def _override(self, time: Floats, spot: float, rate: Floats, carry: Floats, source: npt.NDArray[np.int8]) -> None:
        for row, expiry in enumerate(self._contracts.expiries):
            told = self.overrides.get((expiry.expires_ns, expiry.root))
            if told is None or time[row] <= 0.0:
                continue
            forward = spot * float(np.exp((rate[row] - carry[row]) * time[row]))
            if told.rate is not None:
                # The forward is what the quotes told: another rate leaves it where it is.
                rate[row] = told.rate
                carry[row] = told.rate - float(np.log(forward / spot)) / time[row]
            if told.forward is not None:
                carry[row] = rate[row] - float(np.log(told.forward / spot)) / time[row]
            elif told.dividend_yield is not None:
                carry[row] = told.dividend_yield + (told.borrow or 0.0)
            elif told.borrow is not None:
                carry[row] += told.borrow
            if told.says_carry or told.rate is not None or told.borrow is not None:
                source[row] = CarrySource.TRADER


def _says_the_same(before: ParityFit, now: ParityFit) -> bool:
    """Whether rate and yield are those of before, to a small part of what they are known to."""
    if before.status not in _SOLVED or now.status not in _SOLVED or not before.time > 0.0 or not now.time > 0.0:
        return False
    away = (before.rate - before.dividend_yield) - (now.rate - now.dividend_yield)
    least = SAME_SHARE * min(before.forward_error, now.forward_error)
    rate_error = min(before.discount_error, now.discount_error) / (now.discount * now.time)
    is_same_forward = abs(away) * now.time * now.forward <= least
    return is_same_forward and abs(before.rate - now.rate) <= SAME_SHARE * rate_error
