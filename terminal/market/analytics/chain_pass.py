"""One pass over a chain: quotes to carry, vols, surface, values and Greeks. Keeps what the next pass can go on from.

A vol is solved again when its quote changed, or when spot, carry or time have moved what it was solved from by more
than ``VOL_TOLERANCE``, by its own delta, rho, theta and vega: no screen shows so little, and half of the solutions of a
quiet moment are saved. A value is made in every pass, at the vol that the surface has now; of an American one the
premium for early exercise may be kept, see :mod:`terminal.market.analytics.held_premium`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from terminal.core.clock import NS_PER_S
from terminal.core.money import ABSENT_PX, PRICE_SCALE
from terminal.market.analytics.carry import CarryBook
from terminal.market.analytics.chain_values import (
    VALUE_ROW,
    Carry,
    ChainValues,
    Override,
    Series,
    Spot,
    SpotSource,
    ValueStatus,
)
from terminal.market.analytics.contracts import ChainContracts
from terminal.market.analytics.held_premium import NAMES as SHEET
from terminal.market.analytics.held_premium import Codes, HeldPremium, Places, plain_sheet
from terminal.market.rows import Quality, Rows
from terminal.market.spot import middle_or_last
from terminal.quant import density, expiry_time, implied_vol, surface
from terminal.quant.columns import Flags, Floats
from terminal.quant.implied_vol import Status
from terminal.quant.surface import QuoteStatus, SurfaceFit, SurfaceQuotes

VOL_TOLERANCE = 2e-5
"""A fiftieth of what the last digit of a vol in hundredths of a point shows."""
JUMP_NS = 300 * NS_PER_S
"""Market time that goes on by more from one pass to the next, or back, is a jump."""
SIDES = 3
_BID, _MID, _ASK = range(SIDES)
_NUMBERS = tuple(name for name in VALUE_ROW.names or () if VALUE_ROW[name].kind == "f")
_GOOD = (Quality.OK, Quality.LOCKED, Quality.BID_ONLY, Quality.ASK_ONLY)


class ChainPass:
    """One underlying's chain; one thread. ``rate``: what is known of the interest rate, a decimal; None: nothing."""

    def __init__(self, contracts: ChainContracts, *, rate: float | None = None) -> None:
        self.contracts = contracts
        self._rate = rate
        self._overrides: Mapping[Series, Override] = {}
        self._now_ns = 0
        self._start_over()

    def _start_over(self) -> None:
        """Nothing is known of before."""
        contracts = self.contracts
        self._carry = CarryBook(contracts, self._rate)
        shape = (SIDES, contracts.count)
        self._prices = np.full(shape, np.nan)
        self._vols = np.full(shape, np.nan)
        self._codes = np.full(shape, Status.INVALID_INPUT, np.int8)
        self._from = np.full((4, contracts.count), np.nan)
        """Spot, rate, carry and time that the vols were solved from."""
        self._premium = HeldPremium(contracts.count, SIDES)
        self._surface: SurfaceFit | None = None
        self._last: npt.NDArray[np.void] | None = None
        self.solved = 0
        """Contracts whose vols the last pass solved."""

    def override(self, overrides: dict[Series, Override]) -> None:
        """What the trader says of expiries, from the next pass on."""
        self._overrides = dict(overrides)

    def run(self, quotes: Rows, spot: Spot, now_ns: int) -> ChainValues:
        """The chain from ``quotes``, QUOTE_ROW by contract, at ``now_ns``. Never raises for what the quotes hold."""
        contracts = self.contracts
        if not 0 <= now_ns - self._now_ns <= JUMP_NS:
            # Another moment is shown: what was solved before or after it tells nothing of it.
            self._start_over()
        self._now_ns, self._carry.overrides = now_ns, self._overrides
        expires = np.array([each.expires_ns for each in contracts.expiries], np.int64)
        time = np.maximum(expiry_time.years_to(expires, now_ns), 0.0) if len(expires) else np.empty(0)
        bid, ask = _sides(quotes)
        mid = 0.5 * (bid + ask)
        if spot.source is SpotSource.NONE:
            spot = self._carry.spot_by_parity(np.where(np.isnan(mid), np.nan, bid), ask, time, _latest_ns(quotes))
        if spot.source is SpotSource.NONE:
            return self._nothing(spot, now_ns, time, quotes, "The underlying has neither a market nor a trade.")
        prices = np.array([bid, mid, ask])
        changed = self._changed(prices)
        told = np.bincount(contracts.expiry_row, changed.any(axis=0), len(time)) > 0.0
        self._carry.refit(np.where(np.isnan(mid), np.nan, bid), ask, time, spot.price, now_ns, told)
        carry = self._carry.carry(time, spot.price)
        forward = spot.price * np.exp((carry.rate - carry.carry_yield) * time)
        place = contracts.expiry_row
        state = np.array(
            [np.full(contracts.count, spot.price), carry.rate[place], carry.carry_yield[place], time[place]]
        )
        self._solve(prices, changed, state)
        self._surface, reason = self._fit(forward[place], state[3])
        values = self._value(quotes, prices, state, forward[place])
        self._last = values
        return ChainValues(contracts, now_ns, spot, time, forward, carry, self._surface, values, reason)

    def _nothing(self, spot: Spot, now_ns: int, time: Floats, quotes: Rows, reason: str) -> ChainValues:
        count = len(self.contracts.expiries)
        unknown = np.full(count, np.nan)
        carry = Carry(unknown, unknown, unknown, np.zeros(count, np.int8), np.zeros(count, np.int64))
        return ChainValues(self.contracts, now_ns, spot, time, unknown, carry, None, _blank(quotes), reason)

    def _changed(self, prices: Floats) -> Flags:
        """[sides, rows]: prices that are others than those which were solved."""
        same = (prices == self._prices) | (np.isnan(prices) & np.isnan(self._prices))
        changed: Flags = ~same
        return changed

    def _solve(self, prices: Floats, changed: Flags, state: Floats) -> None:
        """Vols of the sides that are due."""
        live = self.contracts.is_standard & (state[3] > 0.0)
        moved, exercised = live & self._has_moved(state), self._is_exercised(state)
        due = live & (changed | moved)
        self.solved = int(np.count_nonzero(due.any(axis=0)))
        self._prices[due] = prices[due]
        self._from[:, moved] = state[:, moved]
        for side in range(SIDES):
            for style in (True, False):
                rows = np.flatnonzero(due[side] & (exercised == style))
                if not len(rows):
                    continue
                self._vols[side, rows], self._codes[side, rows] = self._solved(style, side, rows, prices, state)

    def _solved(
        self, is_exercised: bool, side: int, rows: Places, prices: Floats, state: Floats
    ) -> tuple[Floats, Codes]:
        price, strike, is_call = prices[side, rows], self.contracts.strike[rows], self.contracts.is_call[rows]
        if is_exercised:
            return self._premium.vols(side, rows, price, state[:, rows], strike, is_call, VOL_TOLERANCE)
        spot, rate, carry, time = state[:, rows]
        vol, code = implied_vol.european(price, spot, strike, time, rate, carry, is_call)
        return vol, code

    def _is_exercised(self, state: Floats) -> Flags:
        """Rows to be priced with early exercise. Where rate and carry are both below zero there are two boundaries or
        none: a few cents in 100 at most, that take a grid of finite differences a vol. Quotes imply such rates by
        noise, and the next parity takes them back."""
        exercised: Flags = self.contracts.is_american & ~((state[1] < 0.0) & (state[2] < 0.0))
        return exercised

    def _has_moved(self, state: Floats) -> Flags:
        """Rows whose vol is another one since spot, carry or time moved."""
        if self._last is None:
            return np.ones(state.shape[1], np.bool_)
        with np.errstate(invalid="ignore", divide="ignore"):
            moved = np.abs(state - self._from)
            last = self._last
            # A yield moves the forward as the spot does, for the whole of the time.
            value = (
                np.abs(last["delta"]) * moved[0]
                + np.abs(last["rho"]) * moved[1]
                + np.abs(last["delta"]) * state[0] * state[3] * moved[2]
                + np.abs(last["theta"]) * moved[3]
            )
            by_vol = value / last["vega"]
        moved_far: Flags = ~(by_vol <= VOL_TOLERANCE)
        return moved_far

    def _fit(self, forward: Floats, time: Floats) -> tuple[SurfaceFit | None, str]:
        """The surface through what was solved, from the last one on."""
        low, high = self._vols[_BID], self._vols[_ASK].copy()
        # An ask that no vol gives is no bound above; one at or below intrinsic is honoured by none.
        code = self._codes[_ASK]
        high[(code == Status.BELOW_INTRINSIC) | (code == Status.ZERO_TIME_VALUE)] = 0.0
        usable = self.contracts.is_standard & (time > 0.0)
        quotes = surface.from_vols(
            time[usable], forward[usable], self.contracts.strike[usable], low[usable], high[usable]
        )
        found = surface.fit(quotes, self._surface)
        if found.times.size:
            return found, ""
        return None, _why_no_surface(found, quotes)

    def _value(self, quotes: Rows, prices: Floats, state: Floats, forward: Floats) -> npt.NDArray[np.void]:
        """Value and Greeks of every contract."""
        contracts, time = self.contracts, state[3]
        values = _blank(quotes)
        fitted = self._surface
        live = contracts.is_standard & (time > 0.0)
        values["mid"][live] = prices[_MID][live]
        for name, side in (("bid_vol", _BID), ("mid_vol", _MID), ("ask_vol", _ASK)):
            values[name][live] = self._vols[side][live]
        vol = np.full(contracts.count, np.nan)
        if fitted is not None and live.any():
            vol[live] = fitted.implied_vol(contracts.strike[live], time[live], forward[live])
        own = live & np.isnan(vol)
        vol[own] = self._vols[_MID][own]
        known = live & np.isfinite(vol)
        values["vol"][live] = vol[live]
        exercised = self._is_exercised(state)
        for style in (True, False):
            rows = np.flatnonzero(known & (exercised == style))
            if not len(rows):
                continue
            contract = (contracts.strike[rows], vol[rows], contracts.is_call[rows])
            if style:
                sheet = self._premium.greeks(rows, state[:, rows], *contract)
            else:
                sheet = plain_sheet(state[:, rows], *contract)
            for name, column in zip(SHEET, sheet, strict=True):
                values["value" if name == "price" else name][rows] = column
        values["in_the_money"][known] = self._chances(known, forward, time, vol)
        values["status"] = np.select(
            [~contracts.is_standard, time <= 0.0, own & known, ~known],
            [ValueStatus.ADJUSTED, ValueStatus.EXPIRED, ValueStatus.OWN_QUOTE, ValueStatus.NO_VOL],
            ValueStatus.SURFACE,
        )
        return values

    def _chances(self, rows: Flags, forward: Floats, time: Floats, vol: Floats) -> Floats:
        """Risk-neutral probabilities to end in the money, by the surface's density, else by the contract's own vol."""
        strike = self.contracts.strike[rows]
        root = vol[rows] * np.sqrt(time[rows])
        below = ndtr(np.log(strike / forward[rows]) / root + 0.5 * root)
        if self._surface is not None:
            by_density = density.of_surface(self._surface, strike, time[rows], forward[rows]).below
            below = np.where(np.isfinite(by_density), by_density, below)
        below = np.clip(below, 0.0, 1.0)
        chances: Floats = np.where(self.contracts.is_call[rows], 1.0 - below, below)
        return chances


def spot_of(quote: np.void, scale: int = PRICE_SCALE) -> Spot:
    """The spot from the underlying's QUOTE_ROW. ``scale``: units of its prices in one of its currency."""
    px, ts_ns, is_middle = middle_or_last(quote)
    if px is None:
        return Spot(float("nan"), 0, SpotSource.NONE)
    return Spot(px / scale, ts_ns, SpotSource.MID if is_middle else SpotSource.LAST)


def _sides(quotes: Rows) -> tuple[Floats, Floats]:
    """Bids and asks in currency of the quotes that can price something; NaN where there is none."""
    good = np.isin(quotes["quality"], _GOOD)
    sides = []
    for name in ("bid_px", "ask_px"):
        known = good & (quotes[name] != ABSENT_PX) & (quotes[name] > 0)
        sides.append(np.where(known, quotes[name] / PRICE_SCALE, np.nan))
    return sides[0], sides[1]


def _latest_ns(quotes: Rows) -> int:
    return int(np.maximum(quotes["bid_ts_ns"], quotes["ask_ts_ns"]).max(initial=0))


def _blank(quotes: Rows) -> npt.NDArray[np.void]:
    values = np.zeros(len(quotes), VALUE_ROW)
    for name in _NUMBERS:
        values[name] = np.nan
    values["status"] = ValueStatus.NO_VOL
    values["source_ts_ns"] = np.minimum(quotes["bid_ts_ns"], quotes["ask_ts_ns"])
    return values


def _why_no_surface(found: SurfaceFit, quotes: SurfaceQuotes) -> str:
    """In a trader's words."""
    usable = found.report.status == QuoteStatus.TOO_FEW_QUOTES
    if not usable.any():
        return "No contract has a quote that can be used."
    most = int(np.unique(quotes.time[usable], return_counts=True)[1].max())
    return f"No expiry has three strikes with a bid and an ask; the fullest has {most} usable quotes."
