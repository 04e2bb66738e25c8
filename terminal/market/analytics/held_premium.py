"""What the right to exercise early adds, kept from one pass to the next; the European part is made anew every time.

An American value is the European one, which costs nothing, and a premium, which costs an exercise boundary. Between two
passes the premium hardly moves: it is kept where its own slopes say that it has moved by less than is told, and made
again by the American kernels where it has moved by more. It is compared with what was solved, never with what was kept,
so that nothing adds up.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.market.analytics.chain_values import GREEKS
from terminal.quant import american, european, implied_vol
from terminal.quant.columns import Flags, Floats
from terminal.quant.implied_vol import Status

VALUE_TOLERANCE, DELTA_TOLERANCE = 1e-4, 1e-4
"""Currency, a hundredth of the smallest tick, and shares: by as much a kept premium may have moved. What its first
derivatives tell of that is added, so that what is missed is of the second order."""
_FARTHEST_MOVE = 0.05
"""In deviations of the underlying until expiry, and as a part of vol and time: beyond, slopes say too little."""
_CARRY_POWER, _FARTHEST_CARRY = 5.0, 0.1
"""A premium grows with about this power of the rate that it comes from (the yield of a call, the rate of a put), while
that moves by no more than this part."""
Places = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]
NAMES = ("price", *GREEKS)
_ROW = {name: row for row, name in enumerate(NAMES)}
_SPOT, _RATE, _CARRY, _TIME = range(4)


class HeldPremium:
    """The premiums of ``count`` American contracts, by row of the chain: of their values, and of the prices of
    ``sides`` of their quotes. ``state`` is always spot, rate, yield and time by column."""

    def __init__(self, count: int, sides: int) -> None:
        self._state = np.full((4, count), np.nan)
        self._vol = np.full(count, np.nan)
        self._premium = np.full((len(NAMES), count), np.nan)
        """American less European, of the value and of every Greek."""
        self._side_state = np.full((sides, 4, count), np.nan)
        self._side_vol = np.full((sides, count), np.nan)
        self._side_premium = np.full((sides, count), np.nan)

    def greeks(self, rows: Places, state: Floats, strike: Floats, vol: Floats, is_call: Flags) -> Floats:
        """Value and Greeks of contracts ``rows``, (9, rows) in the order of NAMES; the other columns are theirs."""
        plain = plain_sheet(state, strike, vol, is_call)
        premium, move = self._premium[:, rows], state - self._state[:, rows]
        by_vol = vol - self._vol[rows]
        slope = {name: premium[row] for name, row in _ROW.items()}
        along = slope["delta"] * move[_SPOT], slope["vega"] * by_vol, -slope["theta"] * move[_TIME]
        bend = slope["gamma"] * move[_SPOT], slope["vanna"] * by_vol
        size = sum(np.abs(each) for each in along) + self._by_carry(premium[0], state, move, is_call)
        with np.errstate(invalid="ignore"):
            held = (
                (size <= VALUE_TOLERANCE)
                & (np.abs(bend[0]) + np.abs(bend[1]) <= DELTA_TOLERANCE)
                & _is_near(state, move, self._vol[rows], by_vol)
            )
        found: Floats = plain + premium
        found[0] += sum(along)
        found[_ROW["delta"]] += sum(bend)
        found[_ROW["vega"]] += slope["vanna"] * move[_SPOT] + slope["volga"] * by_vol
        again = np.flatnonzero(~held)
        if len(again):
            contract = _contract(state[:, again], strike[again], vol[again], is_call[again])
            found[:, again] = _sheet(american.chain_greeks(*contract))
            into = rows[again]
            self._premium[:, into] = found[:, again] - plain[:, again]
            self._state[:, into], self._vol[into] = state[:, again], vol[again]
        return found

    def vols(self, side: int, rows: Places, price: Floats, state: Floats, strike: Floats, is_call: Flags,
             tolerance: float) -> tuple[Floats, Codes]:  # fmt: skip
        """Implied vols and statuses of one side's prices of contracts ``rows``, each within ``tolerance``."""
        vol, code = np.full(len(rows), np.nan), np.full(len(rows), Status.INVALID_INPUT, np.int8)
        move = state - self._side_state[side][:, rows]
        anchor, premium = self._side_vol[side, rows], self._premium[:, rows]
        kept = self._side_premium[side, rows]
        plain = np.flatnonzero(np.isfinite(price) & np.isfinite(kept) & np.isfinite(premium[0]))
        done = np.zeros(len(rows), np.bool_)
        if len(plain):
            columns = (state[:, plain], strike[plain])
            guess, status = implied_vol.european(
                price[plain] - kept[plain], columns[0][0], columns[1], columns[0][3], columns[0][1], columns[0][2],
                is_call[plain],
            )  # fmt: skip
            by_vol, at, slopes = guess - anchor[plain], move[:, plain], premium[:, plain]
            size = (
                np.abs(slopes[_ROW["delta"]] * at[_SPOT]) + np.abs(slopes[_ROW["vega"]] * by_vol)
                + np.abs(slopes[_ROW["theta"]] * at[_TIME])
                + self._by_carry(np.maximum(slopes[0], kept[plain]), columns[0], at, is_call[plain])
            )  # fmt: skip
            vega = european.greeks(*_contract(columns[0], columns[1], guess, is_call[plain])).vega
            with np.errstate(invalid="ignore"):
                good = (
                    (status == Status.SOLVED) & (size <= tolerance * vega)
                    & _is_near(columns[0], at, anchor[plain], by_vol)
                )  # fmt: skip
            done[plain[good]] = True
            vol[plain[good]], code[plain[good]] = guess[good], Status.SOLVED
        again = np.flatnonzero(~done & np.isfinite(price))
        if len(again):
            self._solve(side, rows, again, price, state, strike, is_call, vol, code)
        return vol, code

    def _solve(self, side: int, rows: Places, again: Places, price: Floats, state: Floats, strike: Floats,
               is_call: Flags, vol: Floats, code: Codes) -> None:  # fmt: skip
        """The prices ``again`` by the American kernel, whose premiums are what is kept from now on."""
        spot, rate, carry, time = state[:, again]
        vol[again], code[again] = american.implied_vol(
            price[again], spot, strike[again], time, rate, carry, is_call[again], accuracy=american.Accuracy.FAST
        )
        worth = european.price(spot, strike[again], time, vol[again], rate, carry, is_call[again])
        into = rows[again]
        self._side_premium[side, into] = np.maximum(price[again] - worth, 0.0)
        self._side_vol[side, into], self._side_state[side][:, into] = vol[again], state[:, again]

    @staticmethod
    def _by_carry(premium: Floats, state: Floats, move: Floats, is_call: Flags) -> Floats:
        """How far the premium moved with rate and yield; infinite where that is too far to tell, nothing where there
        was no reason to exercise and is none."""
        own = np.where(is_call, state[_CARRY], state[_RATE])
        before = own - np.where(is_call, move[_CARRY], move[_RATE])
        with np.errstate(invalid="ignore", divide="ignore"):
            away = (np.abs(move[_RATE]) + np.abs(move[_CARRY])) / np.minimum(own, before)
            grown = np.where(away <= _FARTHEST_CARRY, _CARRY_POWER * np.abs(premium) * away, np.inf)
        moved = np.where((own > 0.0) & (before > 0.0), grown, np.inf)
        found: Floats = np.where((own <= 0.0) & (before <= 0.0), 0.0, moved)
        return found


def _is_near(state: Floats, move: Floats, vol: Floats, by_vol: Floats) -> Flags:
    with np.errstate(invalid="ignore", divide="ignore"):
        deviation = state[_SPOT] * vol * np.sqrt(state[_TIME])
        far = np.abs(move[_SPOT]) / deviation + np.abs(by_vol) / vol + np.abs(move[_TIME]) / state[_TIME]
        near: Flags = far <= _FARTHEST_MOVE
    return near


def _contract(state: Floats, strike: Floats, vol: Floats, is_call: Flags) -> tuple[Floats | Flags, ...]:
    return state[_SPOT], strike, state[_TIME], vol, state[_RATE], state[_CARRY], is_call


def plain_sheet(state: Floats, strike: Floats, vol: Floats, is_call: Flags) -> Floats:
    """European values and Greeks, (9, rows) in the order of NAMES."""
    return _sheet(european.greeks(*_contract(state, strike, vol, is_call)))


def _sheet(found: european.Greeks) -> Floats:
    return np.array([getattr(found, name) for name in NAMES])
