"""The analytics thread: passes over the chains that somebody looks at, by priority, never in the engine's way."""

from __future__ import annotations

import importlib
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from terminal.core.clock import NS_PER_S
from terminal.core.instruments import InstrumentTable
from terminal.market.analytics.chain_values import ChainValues, Override, Series
from terminal.market.analytics.contracts import ChainContracts, chain_contracts
from terminal.market.rows import Ids, Rows

if TYPE_CHECKING:
    from terminal.market.analytics.chain_pass import ChainPass

log = logging.getLogger(__name__)
_LOOK_S = 0.02
_AFTER_FAILURE_S = 5.0
_ASK_READY_S = 2.0
_PATIENCE_S = 5.0
"""A chain that waited so long beyond its interval is as urgent as one that is shown: else dear ones kept it out."""
_QUIET_NS = NS_PER_S
"""A market in which nothing changes is looked at again after so much of its time: options decay."""
_JUMP_NS, _TRIES = 60 * NS_PER_S, 3
"""Market time that goes on by more, or back, while rows are read: another moment is shown, and they are read again."""
_LEAST_REST = 0.5
"""Of what a pass took: the thread takes two thirds of a core at the most, whatever is asked of it."""


class Interest(IntEnum):
    """How urgent a chain is. The lower first."""

    SHOWN = 0
    HELD = 1
    """The trader has positions in it."""
    WATCHED = 2


INTERVAL_S: Mapping[Interest, float] = {Interest.SHOWN: 0.1, Interest.HELD: 0.5, Interest.WATCHED: 2.0}


class QuoteReader(Protocol):
    """What is read of the market: copies of rows, under its sequence lock."""

    @property
    def changed(self) -> int:
        """Grows with every change."""
        ...

    def read(self, ids: Ids) -> Rows:
        """QUOTE_ROW of ``ids``, all of one moment."""
        ...


@dataclass(slots=True)
class _Chain:
    work: ChainPass
    listed: int
    done_s: float = -np.inf
    seen: int = -1
    heard: int = 0
    at_ns: int = 0
    """Market time of the last pass."""


class AnalyticsService(threading.Thread):
    """``now_ns``: market time of what ``market`` shows. ``rate``: None where the chains must tell. ``is_ready``:
    whether the models are compiled; asked until they are, since to compile them here would hold the interpreter.
    ``loaded``: called once they are imported."""

    def __init__(
        self, table: InstrumentTable, market: QuoteReader, now_ns: Callable[[], int], *, rate: float | None,
        is_ready: Callable[[], bool], loaded: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        super().__init__(name="analytics", daemon=True)
        self._table, self._market, self._now_ns = table, market, now_ns
        self._rate = rate
        self._is_ready, self._ready, self._loaded = is_ready, False, loaded
        self._models: Any = None
        self._lock = threading.Lock()
        self._wants: dict[Hashable, tuple[int, Interest]] = {}
        self._overrides: dict[int, dict[Series, Override]] = {}
        self._wanted_s: dict[int, float] = {}
        self._told = 0
        """Grows with every override."""
        self._failed_s: dict[int, float] = {}
        self._broken = ""
        self._chains: dict[int, _Chain] = {}
        self._values: dict[int, ChainValues] = {}
        self._reasons: dict[int, str] = {}
        self._work: deque[Callable[[], object]] = deque()
        self._wake = threading.Event()
        self._stopping = False

    def want(self, owner: Hashable, underlying: int, interest: Interest = Interest.SHOWN) -> None:
        """``owner`` looks at a chain from now on, and at no other; any thread."""
        with self._lock:
            if self._wants.get(owner) == (underlying, interest):
                return
            if all(each != underlying for each, _ in self._wants.values()):
                self._wanted_s[underlying] = time.perf_counter()
            self._wants[owner] = (underlying, interest)
        self._wake.set()

    def release(self, owner: Hashable) -> None:
        """``owner`` looks no more."""
        with self._lock:
            self._wants.pop(owner, None)

    def override(self, underlying: int, series: Series, told: Override | None) -> None:
        """What the trader says of an expiry; None takes it back."""
        with self._lock:
            kept = self._overrides.setdefault(underlying, {})
            if told is None:
                kept.pop(series, None)
            else:
                kept[series] = told
            self._told += 1
        self._wake.set()

    def told(self, underlying: int, series: Series) -> Override | None:
        """What the trader said of an expiry; None where it is left to the quotes."""
        with self._lock:
            return self._overrides.get(underlying, {}).get(series)

    def values(self, underlying: int) -> ChainValues | None:
        """The last pass over a chain; None before the first, see :meth:`why_none`."""
        return self._values.get(underlying)

    def why_none(self, underlying: int) -> str:
        """Why there are no values, or why they are not made anew; empty when all is well."""
        if not self._ready:
            return self._broken or "The option models are being made ready; values follow."
        return self._reasons.get(underlying, "")

    def submit(self, work: Callable[[], object]) -> None:
        """Runs ``work`` on the analytics thread between two passes, once the models are there; any thread."""
        self._work.append(work)
        self._wake.set()

    @property
    def is_ready(self) -> bool:
        """Whether the models are there, so that what is submitted is done."""
        return self._ready

    def stop(self, timeout_s: float = 3.0) -> None:
        """Ends after the pass in hand."""
        self._stopping = True
        self._wake.set()
        if self.is_alive():
            self.join(timeout_s)

    def run(self) -> None:
        """The thread's loop."""
        while not self._stopping and not ((self._wants or self._work) and self._load()):
            self._wake.wait(_ASK_READY_S)
            self._wake.clear()
        while not self._stopping:
            if self._work:
                self._rest(_LEAST_REST * self._run_work(self._work.popleft()))
            underlying = self._next(time.perf_counter())
            if underlying is None:
                self._wake.wait(_LOOK_S if self._wants else 1.0)
                self._wake.clear()
                continue
            self._rest(_LEAST_REST * self._run_one(underlying))

    def _load(self) -> bool:
        """Imports the models once they are compiled and somebody looks at a chain: an import of kernels that are not
        would compile them here, and a desk without a window needs none."""
        try:
            if not self._ready and self._is_ready():
                self._models = importlib.import_module("terminal.market.analytics.chain_pass")
                self._ready = True
                self._loaded()
        except Exception as problem:
            if not self._broken:
                log.exception("the option models cannot be loaded")
            self._broken = f"The option models cannot be loaded ({type(problem).__name__}); see the log."
        return self._ready

    def _rest(self, seconds: float) -> None:
        if not self._stopping:
            time.sleep(seconds)

    def _next(self, now_s: float) -> int | None:
        """The chain that is due and most urgent; of equals the one that waited longest."""
        with self._lock:
            wants = list(self._wants.values())
        urgency: dict[int, Interest] = {}
        for underlying, interest in wants:
            urgency[underlying] = min(interest, urgency.get(underlying, Interest.WATCHED))
        best, best_key = None, (len(Interest), 0.0)
        for underlying, interest in urgency.items():
            chain = self._chains.get(underlying)
            if now_s - self._failed_s.get(underlying, -np.inf) < _AFTER_FAILURE_S:
                continue
            if chain is not None and (now_s - chain.done_s < INTERVAL_S[interest] or self._is_done(chain)):
                continue
            done_s = chain.done_s if chain is not None else -np.inf
            waited_s = now_s - max(done_s, self._wanted_s.get(underlying, now_s))
            is_overdue = waited_s > INTERVAL_S[interest] + _PATIENCE_S
            key = (int(Interest.SHOWN if is_overdue else interest), done_s)
            if key < best_key:
                best, best_key = underlying, key
        return best

    def _is_done(self, chain: _Chain) -> bool:
        """Whether a pass now would give what the last one gave."""
        is_heard = chain.seen == self._market.changed and chain.heard == self._told
        return is_heard and abs(self._now_ns() - chain.at_ns) < _QUIET_NS

    def _run_one(self, underlying: int) -> float:
        """One pass; what raises is kept to its chain, said and tried again later."""
        begun_s = time.perf_counter()
        chain = self._chains.get(underlying)
        try:
            chain = self._chain(underlying)
            chain.seen = self._market.changed
            with self._lock:
                overrides, chain.heard = dict(self._overrides.get(underlying, {})), self._told
            chain.work.override(overrides)
            found = self._pass(chain.work)
            chain.at_ns = found.now_ns
            self._values[underlying], self._reasons[underlying] = found, found.reason
        except Exception as problem:
            log.exception("the analytics of instrument %d failed", underlying)
            place = traceback.extract_tb(problem.__traceback__)[-1]
            self._reasons[underlying] = f"The analytics failed ({type(problem).__name__} in {place.name}); see the log."
            self._failed_s[underlying] = begun_s
        ended_s = time.perf_counter()
        if chain is not None:
            chain.done_s = ended_s
        return ended_s - begun_s

    def _run_work(self, work: Callable[[], object]) -> float:
        begun_s = time.perf_counter()
        try:
            work()
        except Exception:
            log.exception("work on the analytics thread failed")
        return time.perf_counter() - begun_s

    def _pass(self, work: ChainPass) -> ChainValues:
        contracts = work.contracts
        ids = np.append(contracts.ids, np.int32(contracts.underlying))
        now_ns, rows = self._now_ns(), self._market.read(ids)
        for _ in range(_TRIES):
            if 0 <= self._now_ns() - now_ns < _JUMP_NS:
                break
            now_ns, rows = self._now_ns(), self._market.read(ids)
        scale = self._table.get(contracts.underlying).price_scale
        found: ChainValues = work.run(rows[:-1], self._models.spot_of(rows[-1], scale), now_ns)
        return found

    def _chain(self, underlying: int) -> _Chain:
        """The chain with the contracts that are listed now."""
        chain = self._chains.get(underlying)
        if chain is not None and chain.listed == len(self._table):
            return chain
        listed = len(self._table)
        contracts = chain_contracts(self._table, underlying)
        if chain is not None and _is_same(chain.work.contracts, contracts):
            chain.listed = listed
            return chain
        made = _Chain(self._models.ChainPass(contracts, rate=self._rate), listed)
        self._chains[underlying] = made
        return made


def _is_same(before: ChainContracts, now: ChainContracts) -> bool:
    return np.array_equal(before.ids, now.ids)
