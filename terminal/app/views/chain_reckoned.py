"""What the analytics say of the rows of a chain, as raw cells at the precision of the screen.

Per share of the underlying, as prices are: theta by calendar day, vega and rho by point (0.01), gamma by 1.00 of the
underlying. An edge is the middle of the quote less the model's value, in ticks of the contract and in points of vol:
of the quote that the pass saw, since that of now beside a value of before would be an edge of nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.app.views.cells import ABSENT
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import InstrumentTable
from terminal.core.money import PRICE_SCALE
from terminal.market.analytics.chain_values import ChainValues
from terminal.quant import touch

Cells = npt.NDArray[np.int64]
DAYS_PER_YEAR = 365.0
FRESH_NS, OLD_NS, HELD_NS = 2 * NS_PER_S, 10 * NS_PER_S, NS_PER_S
"""Values no older than FRESH_NS of market time are live, older than OLD_NS they are not; in between they are old once
nothing newer has come for HELD_NS by the wall's clock. So a thread that stands still shows after two seconds, a replay
at 10x is live, and at 60x or 300x all are said to be of another moment than the quotes, without flicker."""
SCALES = {
    "iv": 1e3, "bid_iv": 1e3, "ask_iv": 1e3, "model_iv": 1e3, "value": 1e4, "extrinsic": 1e4, "edge": 10.0,
    "edge_vol": 1e4, "delta": 1e3, "gamma": 1e6, "theta": 1e3 / DAYS_PER_YEAR, "vega": 10.0, "rho": 10.0,
    "itm": 1e3, "touch": 1e3,
}  # fmt: skip
"""Raw units per natural unit of each column: vols in tenths of a point, prices in 1/10,000, Greeks in thousandths of
what is shown, gamma in millionths."""
_FROM_ROWS = {
    "iv": "mid_vol", "bid_iv": "bid_vol", "ask_iv": "ask_vol", "model_iv": "vol", "value": "value", "delta": "delta",
    "gamma": "gamma", "theta": "theta", "vega": "vega", "rho": "rho", "itm": "in_the_money",
}  # fmt: skip


class ReckonedChain:
    """The rows of one series; ``ids`` [strikes, 2], calls then puts, -1 where nothing is listed. One thread."""

    def __init__(self, table: InstrumentTable) -> None:
        self._table = table
        self._ids = np.empty((0, 2), np.int32)
        self._places = np.empty((0, 2), np.int64)
        self._contracts: object = None
        self._values: ChainValues | None = None
        self._aged: ChainValues | None = None
        self._since_ns = 0
        self.is_old = False
        """Whether the values are of another moment than what else is on the screen; see :meth:`age`."""

    def show(self, ids: npt.NDArray[np.int32]) -> None:
        """The contracts on the screen from now on."""
        self._ids = ids
        self._contracts = None
        self._values = None

    def take(self, values: ChainValues | None) -> None:
        """The last pass over the chain; None: nothing is known."""
        if values is not None and values.contracts is not self._contracts:
            order = np.argsort(values.contracts.ids, kind="stable")
            sorted_ids = values.contracts.ids[order]
            at = np.clip(np.searchsorted(sorted_ids, self._ids), 0, max(0, len(sorted_ids) - 1))
            found = (self._ids >= 0) & (sorted_ids[at] == self._ids) if len(sorted_ids) else np.zeros(at.shape, bool)
            self._places = np.where(found, order[at] if len(order) else 0, -1)
            self._contracts = values.contracts
        self._values = values

    def age(self, now_ns: int, wall_ns: int) -> None:
        """Says what time it is in the market and on the wall."""
        values = self._values
        if values is not self._aged:
            self._aged, self._since_ns = values, wall_ns
        age_ns = 0 if values is None else now_ns - values.now_ns
        if abs(age_ns) <= FRESH_NS:
            self.is_old = False
        elif age_ns < 0 or age_ns > OLD_NS or wall_ns - self._since_ns > HELD_NS:
            self.is_old = True

    @property
    def values(self) -> ChainValues | None:
        """What was taken last."""
        return self._values

    def cells(self, first: int, count: int) -> dict[str, Cells]:
        """Raw cells by column of ``count`` rows from ``first`` on, [rows, 2]; ABSENT where nothing is known."""
        shape = (count, 2)
        values = self._values
        places = self._places[first : first + shape[0]]
        if values is None or not values.contracts.count or places.shape != shape:
            return {name: np.full(shape, ABSENT, np.int64) for name in SCALES}
        known = places >= 0
        rows = values.values[np.maximum(places, 0)]
        natural = {name: np.where(known, rows[field], np.nan) for name, field in _FROM_ROWS.items()}
        strike = values.contracts.strike[np.maximum(places, 0)]
        is_call = values.contracts.is_call[np.maximum(places, 0)]
        mid = np.where(known, rows["mid"], np.nan)
        natural["extrinsic"] = mid - np.maximum(np.where(is_call, 1.0, -1.0) * (values.spot.price - strike), 0.0)
        natural["edge"] = (mid - natural["value"]) / self._ticks(first, mid)
        natural["edge_vol"] = natural["iv"] - natural["model_iv"]
        natural["touch"] = self._touch(values, places, strike, natural["model_iv"])
        return {name: _raw(natural[name] * scale) for name, scale in SCALES.items()}

    def _ticks(self, first: int, mid: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The tick at each middle, currency."""
        ids = self._ids[first : first + len(mid)]
        ticks = np.full(mid.shape, np.nan)
        for place in zip(*np.nonzero((ids >= 0) & np.isfinite(mid)), strict=True):
            steps = self._table.get(int(ids[place])).tick_class.table
            ticks[place] = steps.increment(int(mid[place] * PRICE_SCALE)) / PRICE_SCALE
        return ticks

    @staticmethod
    def _touch(
        values: ChainValues, places: npt.NDArray[np.int64], strike: npt.NDArray[np.float64],
        vol: npt.NDArray[np.float64],
    ) -> npt.NDArray[np.float64]:  # fmt: skip
        expiry = values.contracts.expiry_row[np.maximum(places, 0)]
        rate, carry, time = values.carry.rate[expiry], values.carry.carry_yield[expiry], values.time[expiry]
        found: npt.NDArray[np.float64] = touch.probability(values.spot.price, strike, time, vol, rate, carry)
        return np.where((places >= 0) & (time > 0.0), found, np.nan)


def _raw(values: npt.NDArray[np.float64]) -> Cells:
    finite = np.isfinite(values)
    return np.where(finite, np.rint(np.where(finite, values, 0.0)), ABSENT).astype(np.int64)
