"""The flow thread: reads the market's prints, folds them into orders, tells unusual ones and reckons exposures."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Instrument, InstrumentTable, OptionTerms
from terminal.market.analytics.chain_values import ChainValues
from terminal.market.flow.exposure import Exposure, Holding, exposure
from terminal.market.flow.judgement import event_ratio
from terminal.market.flow.rows import CELL_ROW, ORDER_ROW, Mark
from terminal.market.flow.sums import Sums
from terminal.market.flow.tape import FlowTape, Known
from terminal.market.print_kernel import PRINTS_KEPT
from terminal.market.prints import PrintStore
from terminal.market.rows import Ids, Rows

log = logging.getLogger(__name__)
LOOK_S = 0.2
GREEKS_WITHIN_NS = 60 * NS_PER_S
"""Greeks of a pass this far from the trade, in market time, are those of the trade."""
_AT_ONCE = 32
"""Prints folded in one go, in about a millisecond: who reads waits no longer than that."""
_EXPOSURE_EVERY_S = 1.0


class FlowMarket(Protocol):
    """What is read of the live market."""

    @property
    def prints(self) -> PrintStore:
        """The newest trades."""
        ...

    def read(self, ids: Ids) -> Rows:
        """QUOTE_ROW of ``ids``."""
        ...


@dataclass(frozen=True, slots=True)
class FlowState:
    """Where the tape stands. ``lost``: prints that were gone before they could be read. ``first_id``: of the oldest
    order in memory; ``settled``: orders with a lower id change no more."""

    runs: int
    newest_ns: int
    first_id: int
    next_id: int
    settled: int
    prints: int
    lost: int
    skipped: int
    failure: str


class FlowService(threading.Thread):
    """``values``: the last pass over an underlying's chain, None without one. ``tell``: called on this thread with each
    unusual order, once a day for one contract and side. Everything else may be called from any thread."""

    def __init__(
        self,
        table: InstrumentTable,
        market: FlowMarket,
        now_ns: Callable[[], int],
        values: Callable[[int], ChainValues | None],
        tell: Callable[[Rows], None] = lambda orders: None,
    ) -> None:
        super().__init__(name="flow", daemon=True)
        self._table, self._market, self._now_ns, self._values, self._tell = table, market, now_ns, values, tell
        self._lock, self._turnstile = threading.Lock(), threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._runs = 0
        self._failure = ""
        self._greeks = _Greeks(values)
        self._wants: dict[Hashable, tuple[int, Holding]] = {}
        self._exposures: dict[tuple[int, Holding], Exposure] = {}
        self._reckoned_s = 0.0
        self._start_over()

    def _start_over(self) -> None:
        self._runs += 1
        self._exposures.clear()
        self._last = self._lost = self._told = 0
        self._events: set[tuple[int, int]] = set()
        self._day_ns = self._day_told = 0
        self._interest: dict[int, int] = {}
        self._tape = FlowTape(self._table, self._greeks.of, self._interest_of)

    # Reading.

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Around every look at the tape and every change of it. Python's locks know no queue: a thread that folds one
        batch after another would keep a waiting reader out until it is done, so all go through a turnstile."""
        with self._turnstile:
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def state(self) -> FlowState:
        """Where the tape stands."""
        with self._turn():
            tape = self._tape
            return FlowState(
                self._runs, tape.newest_ns, tape.first_id, tape.next_id, tape.settled, tape.prints, self._lost,
                tape.skipped, self._failure,
            )  # fmt: skip

    def orders(self, from_id: int) -> Rows:
        """ORDER_ROW from an id on, ascending; a copy."""
        with self._turn():
            orders = self._tape.orders
            found: Rows = orders[int(np.searchsorted(orders["id"], from_id)) :].copy()
            return found

    def sums(self) -> dict[tuple[int, int], Sums]:
        """What was traded today, by underlying and ``expires_ns``."""
        with self._turn():
            return dict(self._tape.sums)

    def cells(self, underlying: int, from_minute: int) -> Rows:
        """CELL_ROW of the contracts on an underlying from a minute on."""
        with self._turn():
            cells = self._tape.cells
            chosen = cells[int(np.searchsorted(cells["minute"], from_minute)) :]
            found: Rows = chosen[self._table.underlying_of[chosen["instrument"]] == underlying]
            return found

    def want(self, owner: Hashable, underlying: int, holding: Holding) -> None:
        """``owner`` looks at an exposure from now on, and at no other."""
        with self._turn():
            is_new = self._wants.get(owner) != (underlying, holding)
            self._wants[owner] = underlying, holding
        if is_new:
            self._reckoned_s = 0.0
            self._wake.set()

    def release(self, owner: Hashable) -> None:
        """``owner`` looks no more."""
        with self._turn():
            self._wants.pop(owner, None)

    def exposure(self, underlying: int, holding: Holding) -> Exposure | None:
        """The last that was reckoned; None before the first."""
        return self._exposures.get((underlying, holding))

    # The thread.

    def run(self) -> None:
        """The thread's loop."""
        while not self._stopping:
            try:
                self.look()
                self._reckon(time.perf_counter())
                self._failure = ""
            except Exception as problem:
                log.exception("the option flow failed")
                self._failure = f"The option flow failed ({type(problem).__name__}); see the log."
                self._wake.wait(5.0)
            self._wake.wait(LOOK_S)
            self._wake.clear()

    def stop(self, timeout_s: float = 3.0) -> None:
        """Ends after the look in hand."""
        self._stopping = True
        self._wake.set()
        if self.is_alive():
            self.join(timeout_s)

    def look(self) -> None:
        """Takes in what was traded since the last look, and tells what is unusual. On the thread, or in its place."""
        prints = self._market.prints
        if prints.last_number < self._last:
            # A replay went back to before what was read.
            with self._turn():
                self._start_over()
        while not self._stopping and prints.last_number > self._last:
            # All that is there: of fewer the newest would be given, and those before them passed over.
            new = prints.read(None, self._last, PRINTS_KEPT)
            if not len(new):
                break
            self._lost += max(0, int(new["number"][0]) - self._last - 1)
            # What fails on the way is not read again: the prints before it would count twice.
            self._last = int(new["number"][-1])
            self._fold(new[self._is_followed(new["instrument"])])
        self._tell_unusual()

    def _fold(self, kept: Rows) -> None:
        at = 0
        try:
            for at in range(0, len(kept), _AT_ONCE):
                if self._stopping:
                    return
                with self._turn():
                    self._tape.add(kept[at : at + _AT_ONCE])
        except Exception:
            self._lost += len(kept) - at
            raise

    def _is_followed(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """Options, and what has options."""
        under = self._table.underlying_of
        has_options = np.isin(ids, np.unique(under[: len(self._table)]))
        found: npt.NDArray[np.bool_] = (under[ids] >= 0) | has_options
        return found

    def _interest_of(self, instrument: int) -> int:
        """Open interest of the morning: told once a day."""
        if self._tape.day_ends_ns != self._day_ns:
            self._day_ns = self._tape.day_ends_ns
            self._interest.clear()
        found = self._interest.get(instrument)
        if not found:
            found = int(self._market.read(np.array([instrument], np.int32))["open_interest"][0])
            self._interest[instrument] = found
        return found

    def _tell_unusual(self) -> None:
        """Orders that can grow no more, each once, and of one contract and side the first of the day."""
        now_ns = self._now_ns()
        with self._turn():
            tape, rules = self._tape, self._tape.rules
            self._told = max(self._told, tape.first_id)
            over_ns = max(tape.newest_ns, now_ns) - rules.order_span_ns - rules.sweep_within_ns
            due = tape.orders[int(np.searchsorted(tape.orders["id"], self._told)) :]
            # By their first print, and a feed's clock may step back: up to the first that may still grow.
            late = np.flatnonzero(due["ts_ns"] > over_ns)
            due = due[: int(late[0]) if len(late) else len(due)].copy()
            self._told = int(due["id"][-1]) + 1 if len(due) else self._told
            day = tape.day_ends_ns
        found = due[is_unusual(due, rules.alert_score)] if len(due) else due
        fresh = []
        if day != self._day_told:
            self._day_told = day
            self._events.clear()
        for place, order in enumerate(found):
            event = int(order["instrument"]), int(order["side"])
            if event not in self._events:
                self._events.add(event)
                fresh.append(place)
        if fresh:
            self._tell(found[fresh])

    def _reckon(self, now_s: float) -> None:
        """Exposures that somebody looks at, once a second."""
        if now_s - self._reckoned_s < _EXPOSURE_EVERY_S:
            return
        self._reckoned_s = now_s
        with self._turn():
            wants = set(self._wants.values())
        for underlying, holding in wants:
            values, known = self._values(underlying), self._exposures.get((underlying, holding))
            if values is None or not values.contracts.count or (known and known.now_ns == values.now_ns):
                continue
            ids = values.contracts.ids
            with self._turn():
                bought = self._tape.bought[ids]
            interest = self._market.read(ids)["open_interest"].astype(np.int64)
            self._exposures[underlying, holding] = exposure(values, interest, bought, holding)


def is_unusual(orders: Rows, least_score: int) -> npt.NDArray[np.bool_]:
    """Which orders are told: large, of a known side, a score of ``least_score`` or more; and a block, a sweep, or in a
    contract with more volume today than open interest."""
    marks = orders["marks"]
    stands_out = marks & int(Mark.BLOCK | Mark.sweep() | Mark.OPENING) != 0
    found: npt.NDArray[np.bool_] = (orders["score"] >= least_score) & stands_out & (orders["side"] != 0)
    return found


def no_orders() -> Rows:
    """None."""
    return np.empty(0, ORDER_ROW)


def no_cells() -> Rows:
    """None."""
    return np.empty(0, CELL_ROW)


class _Greeks:
    """What the analytics know of contracts; where each stands in a pass is found once a chain."""

    def __init__(self, values: Callable[[int], ChainValues | None]) -> None:
        self._values = values
        self._places: dict[int, tuple[npt.NDArray[np.int32], dict[int, int]]] = {}
        self._events: dict[tuple[int, int], tuple[int, float]] = {}

    def of(self, row: Instrument, terms: OptionTerms, ts_ns: int) -> Known | None:
        """None where nothing is known, or nothing of that time: a chain that nobody looks at any more is old."""
        values = self._values(terms.underlying)
        if values is None or values.surface is None or abs(values.now_ns - ts_ns) > GREEKS_WITHIN_NS:
            return None
        ids, places = self._places.get(terms.underlying, (None, {}))
        if ids is not values.contracts.ids:
            ids, places = values.contracts.ids, {int(each): at for at, each in enumerate(values.contracts.ids)}
            self._places[terms.underlying] = ids, places
        at = places.get(row.id)
        if at is None:
            return None
        found = values.values[at]
        if not np.isfinite(found["vol"]):
            return None
        return Known(
            float(found["vol"]), float(found["delta"]), float(found["gamma"]), self._event(values, terms),
            values.now_ns,
        )  # fmt: skip

    def _event(self, values: ChainValues, terms: OptionTerms) -> float:
        """Once a minute of market time: what the vols say of an event does not change faster."""
        key, minute = (terms.underlying, terms.expires_ns), values.now_ns // (60 * NS_PER_S)
        known = self._events.get(key)
        if known is None or known[0] != minute:
            known = self._events[key] = minute, event_ratio(values, terms.expires_ns)
        return known[1]
