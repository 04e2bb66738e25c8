"""One underlying's order book with the participants that fill it, as the flow kernel wants them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from terminal.core.messages import Batch
from terminal.exchange.book import LimitOrderBook
from terminal.exchange.book_kernel import FILL
from terminal.venues.sim import flow_kernel as flow
from terminal.venues.sim.seeds import stream
from terminal.venues.sim.universe import Flow, Name

Floats = npt.NDArray[np.float64]
SESSION_S = 23_400.0
PARENTS_PER_DAY = 40.0
_PRICE_SLOTS = 1 << 16


class NameBook:
    """The book of one stock or fund over one session after another. The efficient price drives it from outside."""

    def __init__(self, seed: int, name: Name, instrument: int, step_ns: int) -> None:
        if name.flow is None:
            raise ValueError(f"{name.symbol} has no order flow")
        self.name = name
        self.instrument = instrument
        self._rng = stream(seed, "flow", name.symbol)
        self._step_ns = step_ns
        self._parameters = _parameters(name.flow, step_ns)
        self._book = LimitOrderBook(0, _PRICE_SLOTS)
        self._fills = np.zeros(512, FILL)
        self._scratch = np.zeros((flow.WINDOW, 3), np.int64)
        self._state = np.zeros(flow.STATE_SIZE, np.int64)
        self._memory = np.zeros(2)
        self._maker_ids = np.zeros((flow.MAKERS, 2, flow.LADDER), np.int64)
        self._maker_ticks = np.zeros((flow.MAKERS, 2, flow.LADDER), np.int64)
        self._noise_ids = np.zeros(flow.NOISE_ORDERS, np.int64)
        self._shown = np.zeros((2, flow.WINDOW + 1, 3), np.int64)

    def open_session(self, open_ns: int, price: float) -> None:
        """An empty book around ``price``; makers go home flat overnight."""
        self._book.clear(max(int(price * 100) - _PRICE_SLOTS // 2, 1))
        self._state[:] = 0
        self._state[flow.INSTRUMENT] = self.instrument
        self._state[flow.NEXT_EVENT_NS] = open_ns + 20_000_000
        self._state[flow.LAST_NS] = open_ns
        for array in (self._memory, self._maker_ids, self._maker_ticks, self._noise_ids, self._shown):
            array[:] = 0

    def steps(
        self, prices: Floats, nerves: Floats, first_step: int, open_ns: int, end_ns: int, out: Batch, at: int
    ) -> int:
        """Messages of some steps into ``out`` from row ``at``; the next free row."""
        return int(
            flow.flow_steps(
                self._rng, self._parameters, self._state, self._memory,
                self._book.header, self._book.levels, self._book.orders, self._fills,
                self._maker_ids, self._maker_ticks, self._noise_ids, self._shown, self._scratch,
                prices, nerves, first_step, open_ns, self._step_ns, end_ns, out, at,
            )
        )  # fmt: skip

    @property
    def volume(self) -> int:
        """Shares traded in the book since the session opened."""
        return int(self._state[flow.VOLUME])

    @property
    def book(self) -> LimitOrderBook:
        """The book itself, for a look."""
        return self._book


def _parameters(parameters: Flow, step_ns: int) -> Floats:
    row = np.zeros(flow.PARAMETERS)
    row[flow.TRADE_RATE] = parameters.daily_shares / parameters.trade_shares / SESSION_S * 0.5
    row[flow.TRADE_SIZE] = parameters.trade_shares
    row[flow.HALF_SPREAD] = parameters.half_spread_ticks
    row[flow.LADDER_STEP] = parameters.ladder_step_ticks
    row[flow.MAKER_SIZE] = parameters.maker_shares
    row[flow.LOT] = 100.0 if parameters.maker_shares >= 250.0 else 10.0
    row[flow.PARENT_RATE] = PARENTS_PER_DAY * step_ns / 1e9 / SESSION_S
    row[flow.PARENT_SIZE] = parameters.daily_shares / PARENTS_PER_DAY * 0.12
    row[flow.CALM_STEP] = 0.02 / math.sqrt(parameters.half_spread_ticks)
    return row
