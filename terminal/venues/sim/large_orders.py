"""The large option orders of the simulated market: sweeps over venues, sweeps over strikes, and blocks.

They come on top of the small trades, by chances of their own, and meet the quotes that stand; nothing answers them.
Their prints carry venue numbers, so that a sweep can be told from trades that happen to be close.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, PRICE, SIZE, Batch, Flag, Kind, empty_batch
from terminal.venues.sim import option_kernel as kernel
from terminal.venues.sim.seeds import stream
from terminal.venues.sim.universe import NAMES, Name

EVERY_S = 15.0
"""Of the whole market, on average."""
VENUES = 6
_SWEEP_SHARE, _STRIKES_SHARE = 0.45, 0.20
_BUYERS = 0.55
_CENTRE, _SPREAD = math.log(150.0), 0.8
_BLOCK_LEAST, _BLOCK_TIMES = 150, 2.0
_INSIDE_SHARE = 0.6
"""Of blocks, agreed on between bid and ask."""
_FROM_END_NS, _APART_NS = 950_000, 120_000
"""After the step's other messages, and before the next step's first."""
_OPENING_SHARE = 0.6

Columns = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a class's contracts look like when its large orders come. ``quotes``: bid, ask and their sizes."""

    ints: Columns
    floats: npt.NDArray[np.float64]
    expiries: npt.NDArray[np.float64]
    quotes: Columns
    low_tick: int
    high_tick: int


class LargeOrders:
    """Of one underlying. ``opened``: contracts that its orders have opened this session, by instrument."""

    def __init__(self, seed: int, name: Name, step_ns: int) -> None:
        self._when = stream(seed, "large option orders", name.symbol)
        self._what = stream(seed, "large option order terms", name.symbol)
        share = name.options.daily_contracts / sum(each.options.daily_contracts for each in NAMES)
        self._chance = share * step_ns / (EVERY_S * 1e9)
        self._step_ns = step_ns
        self.opened: dict[int, int] = {}

    def coming(self, nerves: npt.NDArray[np.float64]) -> list[int]:
        """In which of the next steps an order comes; ``nerves``: how lively each is, 1 on average."""
        return [int(step) for step in np.flatnonzero(self._when.random(len(nerves)) < self._chance * nerves)]

    def prints(self, coming: Sequence[int], standing: Standing, said: Batch, first_step: int, open_ns: int) -> Batch:
        """The orders' prints. ``said``: the class's messages of these steps; ``standing``: before the first of them."""
        made = [empty_batch(0)]
        for step in coming:
            end_ns = open_ns + (first_step + step + 1) * self._step_ns
            made.append(self._order(standing, said[said["ts_ns"] < end_ns], end_ns))
        return np.concatenate(made)

    def _order(self, standing: Standing, said: Batch, end_ns: int) -> Batch:
        # Always the same number of draws: what the market looks like must not shift those of the orders to come.
        draws = self._what.random(4 + VENUES)
        wish, opens = math.exp(_CENTRE + _SPREAD * self._what.standard_normal()), self._what.random() < _OPENING_SHARE
        weights = standing.floats[kernel.WEIGHT]
        i = int(np.searchsorted(weights, draws[0] * weights[-1], "right")) if len(weights) else 0
        if i >= len(weights) or end_ns >= standing.expiries[kernel.END_NS, standing.ints[kernel.EXPIRY, i]]:
            return empty_batch(0)
        side = 1 if draws[1] < _BUYERS else -1
        if draws[2] < _SWEEP_SHARE:
            fills = self._sweep(standing, said, i, side, wish, draws)
        elif draws[2] < _SWEEP_SHARE + _STRIKES_SHARE:
            fills = self._over_strikes(standing, said, i, side, wish, draws)
        else:
            fills = self._block(standing, said, i, side, wish, draws)
        batch = empty_batch(len(fills))
        for at, (contract, px, size, aggressor) in enumerate(fills):
            row = batch[at]
            row["ts_ns"] = end_ns - _FROM_END_NS + at * _APART_NS
            row["kind"], row["instrument"] = Kind.TRADE, standing.ints[kernel.INSTRUMENT, contract]
            row[PRICE], row[SIZE] = px, size
            row["venue"] = 1 + int(draws[4 + at % VENUES] * VENUES)
            row["flags"] = {1: Flag.BUYER_AGGRESSOR, -1: Flag.SELLER_AGGRESSOR, 0: 0}[aggressor]
            if opens:
                self.opened[int(row["instrument"])] = self.opened.get(int(row["instrument"]), 0) + size
        return batch

    def _sweep(self, standing: Standing, said: Batch, i: int, side: int, wish: float, draws: npt.NDArray[np.float64]
               ) -> list[tuple[int, int, int, int]]:  # fmt: skip
        """One contract over venues; what the best price does not fill goes on a tick beyond it."""
        bid, ask = _quote(standing, said, i)
        parts = 3 + int(draws[3] * (VENUES - 2))
        if ask <= 0 or bid <= 0:
            return []
        px = ask if side > 0 else bid
        tick = standing.low_tick if px < kernel.THREE_PX else standing.high_tick
        beyond = px + side * tick if px + side * tick > 0 else px
        size = max(int(wish / parts), 1)
        return [(i, px if part < parts - 1 or parts < 5 else beyond, size, side) for part in range(parts)]

    def _over_strikes(self, standing: Standing, said: Batch, i: int, side: int, wish: float,
                      draws: npt.NDArray[np.float64]) -> list[tuple[int, int, int, int]]:  # fmt: skip
        """The contract and those of the next strikes, outwards."""
        ints, strikes = standing.ints, standing.floats[kernel.STRIKE]
        same = np.flatnonzero(
            (ints[kernel.EXPIRY] == ints[kernel.EXPIRY, i]) & (ints[kernel.IS_CALL] == ints[kernel.IS_CALL, i])
        )
        same = same[np.argsort(strikes[same], kind="stable")]
        if not ints[kernel.IS_CALL, i]:
            same = same[::-1]
        place = int(np.flatnonzero(same == i)[0])
        chosen = same[place : place + 3 + int(draws[3] * 2)]
        quotes = [(int(each), *_quote(standing, said, int(each))) for each in chosen]
        size = max(int(wish / max(len(quotes), 1)), 1)
        return [(each, ask if side > 0 else bid, size, side) for each, bid, ask in quotes if bid > 0 and ask > 0]

    def _block(self, standing: Standing, said: Batch, i: int, side: int, wish: float, draws: npt.NDArray[np.float64]
               ) -> list[tuple[int, int, int, int]]:  # fmt: skip
        """One print; where it was agreed on between bid and ask nobody says who began."""
        bid, ask = _quote(standing, said, i)
        if ask <= 0 or bid <= 0:
            return []
        size = _BLOCK_LEAST + int(_BLOCK_TIMES * wish)
        middle = kernel.floor_px((bid + ask) / 20_000.0, standing.low_tick, standing.high_tick)
        if draws[3] < _INSIDE_SHARE and bid < middle < ask:
            return [(i, int(middle), size, 0)]
        return [(i, ask if side > 0 else bid, size, side)]


def _quote(standing: Standing, said: Batch, i: int) -> tuple[int, int]:
    """Bid and ask of a contract after what was said; -1 before the first."""
    rows = np.flatnonzero((said["instrument"] == standing.ints[kernel.INSTRUMENT, i]) & (said["kind"] == Kind.QUOTE))
    if len(rows):
        last = said[rows[-1]]
        return (int(last[BID]) if last[BID_SIZE] else 0), (int(last[ASK]) if last[ASK_SIZE] else 0)
    bid, ask, bid_size, ask_size = (int(each) for each in standing.quotes[:, i])
    return (bid if bid_size > 0 else 0), (ask if ask_size > 0 else 0)
