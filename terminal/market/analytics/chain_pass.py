"""One pass over a chain: quotes to carry, vols, surface, values and Greeks. Keeps what the next pass can go on from.

A vol is solved again when its quote changed, or when spot, carry or time have moved what it was solved from by more
than ``VOL_TOLERANCE``, by its own delta, rho, theta and vega: no screen shows so little, and half of the solutions of a
quiet moment are saved.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from terminal.core.money import ABSENT_PX, PRICE_SCALE
from terminal.market.analytics.carry import CarryBook
from terminal.market.analytics.chain_values import (
    GREEKS,
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
from terminal.market.rows import Quality, Rows
from terminal.market.spot import middle_or_last
from terminal.quant import american, density, european, expiry_time, implied_vol, surface
from terminal.quant.columns import Flags, Floats
from terminal.quant.implied_vol import Status
from terminal.quant.surface import QuoteStatus, SurfaceFit, SurfaceQuotes

VOL_TOLERANCE = 2e-5
"""A fiftieth of what the last digit of a vol in hundredths of a point shows."""
_SAME_VOL, _SAME_TIME, _SAME_CARRY = 1e-6, 1e-4, 1e-6
"""Values are kept while the spot stands and vol, time (relative) and carry move by less."""
SIDES = 3
_BID, _MID, _ASK = range(SIDES)
_NUMBERS = tuple(name for name in VALUE_ROW.names or () if VALUE_ROW[name].kind == "f")
_GOOD = (Quality.OK, Quality.LOCKED, Quality.BID_ONLY, Quality.ASK_ONLY)


class ChainPass:
    """One underlying's chain; one thread. ``rate``: what is known of the interest rate, a decimal; None: nothing."""

    def __init__(self, contracts: ChainContracts, *, rate: float | None = None) -> None:
        self.contracts = contracts
        self._carry = CarryBook(contracts, rate)
        shape = (SIDES, contracts.count)
        self._prices = np.full(shape, np.nan)
        self._vols = np.full(shape, np.nan)
        self._codes = np.full(shape, Status.INVALID_INPUT, np.int8)
        self._from = np.full((4, contracts.count), np.nan)
        """Spot, rate, carry and time that the vols were solved from."""
        self._valued = np.full((5, contracts.count), np.nan)
        """Spot, rate, carry, time and vol of the last values."""
        self._surface: SurfaceFit | None = None
        self._last: npt.NDArray[np.void] | None = None
        self.solved = 0
        """Contracts whose vols the last pass solved."""

    def override(self, overrides: dict[Series, Override]) -> None:
        """What the trader says of expiries, from the next pass on."""
        self._carry.overrides = dict(overrides)

    def run(self, quotes: Rows, spot: Spot, now_ns: int) -> ChainValues:
        """The chain from ``quotes``, QUOTE_ROW by contract, at ``now_ns``. Never raises for what the quotes hold."""
        contracts = self.contracts
        expires = np.array([each.expires_ns for each in contracts.expiries], np.int64)
        time = np.maximum(expiry_time.years_to(expires, now_ns), 0.0) if len(expires) else np.empty(0)
        bid, ask = _sides(quotes)
        mid = 0.5 * (bid + ask)
        if spot.source is SpotSource.NONE:
            return self._nothing(spot, now_ns, time, quotes, "The underlying has neither a market nor a trade.")
        prices = np.array([bid, mid, ask])
        changed = self._changed(prices)
        told = np.bincount(contracts.expiry_row, changed, len(time)) > 0.0
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
        carry = Carry(unknown, unknown, unknown, np.zeros(count, np.int8))
        return ChainValues(self.contracts, now_ns, spot, time, unknown, carry, None, _blank(quotes), reason)

    def _changed(self, prices: Floats) -> Flags:
        """Rows whose quote is another one than that which was solved."""
        same = (prices == self._prices) | (np.isnan(prices) & np.isnan(self._prices))
        changed: Flags = ~same.all(axis=0)
        return changed

    def _solve(self, prices: Floats, changed: Flags, state: Floats) -> None:
        """Vols of all sides where they are due."""
        due = self.contracts.is_standard & (state[3] > 0.0) & (changed | self._has_moved(state))
        self.solved = int(np.count_nonzero(due))
        self._prices[:, due], self._from[:, due] = prices[:, due], state[:, due]
        for style in (True, False):
            rows = np.flatnonzero(due & (self._is_exercised(state) == style))
            if not len(rows):
                continue
            spot, rate, carry, time = (column[rows] for column in state)
            contract = (spot, self.contracts.strike[rows], time, rate, carry, self.contracts.is_call[rows])
            if style:
                vol, code = american.implied_vol(prices[:, rows], *contract, accuracy=american.Accuracy.FAST)
            else:
                vol, code = implied_vol.european(prices[:, rows], *contract)
            self._vols[:, rows], self._codes[:, rows] = vol, code

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
        contracts, (spot, rate, carry, time) = self.contracts, state
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
        moved = self._is_worth_another(state, vol)
        if self._last is not None:
            moved |= np.isnan(self._last["value"])  # a quote that was gone for a pass took its value with it
            for name in ("value", *GREEKS):
                values[name] = np.where(known & ~moved, self._last[name], np.nan)
        for style in (True, False):
            rows = np.flatnonzero(known & moved & (self._is_exercised(state) == style))
            if not len(rows):
                continue
            contract = (
                spot[rows], contracts.strike[rows], time[rows], vol[rows], rate[rows], carry[rows],
                contracts.is_call[rows],
            )  # fmt: skip
            found = american.chain_greeks(*contract) if style else european.greeks(*contract)
            values["value"][rows] = found.price
            for name in GREEKS:
                values[name][rows] = getattr(found, name)
            self._valued[:, rows] = np.vstack([state[:, rows], vol[rows]])
        values["in_the_money"][known] = self._chances(known, forward, time, vol)
        values["status"] = np.select(
            [~contracts.is_standard, time <= 0.0, own & known, ~known],
            [ValueStatus.ADJUSTED, ValueStatus.EXPIRED, ValueStatus.OWN_QUOTE, ValueStatus.NO_VOL],
            ValueStatus.SURFACE,
        )
        return values

    def _is_worth_another(self, state: Floats, vol: Floats) -> Flags:
        """Rows whose value is another one than that of the last pass."""
        spot, rate, carry, time, before = self._valued
        with np.errstate(invalid="ignore"):
            same = (
                (state[0] == spot)
                & (np.abs(state[1] - rate) + np.abs(state[2] - carry) <= _SAME_CARRY)
                & (np.abs(state[3] - time) <= _SAME_TIME * time)
                & (np.abs(vol - before) <= _SAME_VOL)
            )
        moved: Flags = ~same
        return moved

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
