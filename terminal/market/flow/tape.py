"""From prints to orders: a fold over the market's trades that is the same however they are cut into batches."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_DAY, NS_PER_S, from_ns, midnight_ns
from terminal.core.instruments import CAPACITY, Instrument, InstrumentKind, InstrumentTable, OptionTerms
from terminal.core.messages import Flag
from terminal.core.osi import Right
from terminal.market.flow.judgement import FlowRules, conviction, gamma_effect, trade_class
from terminal.market.flow.rows import CELL_ROW, ORDER_ROW, Mark
from terminal.market.flow.sums import Sums
from terminal.market.places import place_of
from terminal.market.rows import Rows

RECENT, KEPT = 15_000, 30_000
"""The newest orders are in memory whatever their size, and older ones where they are large, KEPT in all; what is not,
is in the recording."""
CELLS_KEPT = 400_000
_SETTLED_NS = 2 * NS_PER_S
"""After this much later trading an order changes no more."""
_PAIRED_OF = 64
"""The newest large orders that a pair is looked for in."""
_AGGRESSION = {2: 1.0, 1: 0.5, -1: 0.5, -2: 1.0}
_BLANK = np.zeros(1, ORDER_ROW)
for _name in ("vol", "delta", "gamma_effect", "events", "spot"):
    _BLANK[_name] = np.nan
# Plain numbers: an enum's arithmetic would take half of the time that a print takes.
_BLOCK, _OPENING, _LARGE, _PAIR = int(Mark.BLOCK), int(Mark.OPENING), int(Mark.LARGE), int(Mark.PAIR)
_VENUES, _STRIKES = int(Mark.SWEEP_VENUES), int(Mark.SWEEP_STRIKES)
_FUNDS = (InstrumentKind.INDEX, InstrumentKind.ETF)


class Known(NamedTuple):
    """What the analytics know of a contract: decimals, per share; ``events`` of its expiry; ``ts_ns`` when."""

    vol: float
    delta: float
    gamma: float
    events: float
    ts_ns: int


@dataclass(slots=True)
class _Open:
    """An order that may still grow."""

    id: int
    first_ns: int
    last_ns: int
    side: int
    ranks: set[int]
    contracts: set[int]
    venues: set[int]
    gamma: float = 0.0


@dataclass(slots=True)
class _Contract:
    row: Instrument
    terms: OptionTerms
    key: tuple[int, int, str, Right]
    rank: int
    is_fund: bool
    is_call: bool
    scale: float


@dataclass(slots=True)
class FlowTape:
    """One thread. ``known``: what the analytics know of a contract at a market time; ``interest``: open interest by id.

    Everything but what these two give follows from the prints alone. A day ends at midnight in New York: its orders and
    sums go, ids count on. ``skipped``: prints that are no trade (no price or no size).
    """

    table: InstrumentTable
    known: Callable[[Instrument, OptionTerms, int], Known | None] = lambda row, terms, ts_ns: None
    interest: Callable[[int], int] = lambda instrument: 0
    rules: FlowRules = field(default_factory=FlowRules)
    first_id: int = 0
    """Of the day's first order."""
    next_id: int = 0
    newest_ns: int = 0
    day_ends_ns: int = 0
    _day: date = date.min
    prints: int = 0
    skipped: int = 0
    settled: int = 0
    """Orders with a lower id change no more."""
    sums: dict[tuple[int, int], Sums] = field(default_factory=dict)
    """By underlying and ``expires_ns``."""
    volume: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(CAPACITY, np.int64))
    bought: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(CAPACITY, np.int64))
    """Contracts bought less contracts sold in the day, by the estimated side; by id."""
    _orders: Rows = field(default_factory=lambda: np.zeros(KEPT, ORDER_ROW))
    _used: int = 0
    _cells: Rows = field(default_factory=lambda: np.zeros(4096, CELL_ROW))
    _cells_used: int = 0
    _minute: int = 0
    _cell_of: dict[int, int] = field(default_factory=dict)
    _open: dict[tuple[int, int, str, Right, int], _Open] = field(default_factory=dict)
    _recent: deque[int] = field(default_factory=lambda: deque(maxlen=_PAIRED_OF))
    """Large orders of the last moment, for pairs."""
    _spot: dict[int, float] = field(default_factory=dict)
    _contracts: dict[int, _Contract] = field(default_factory=dict)
    _listed: int = 0

    # Reading.

    @property
    def orders(self) -> Rows:
        """ORDER_ROW by id; a view. Of those before the newest RECENT some are missing."""
        return self._orders[: self._used]

    def place_of(self, order_id: int) -> int:
        """Where an order stands in :attr:`orders`; of one of the newest RECENT."""
        return self._used - (self.next_id - order_id)

    @property
    def cells(self) -> Rows:
        """CELL_ROW by minute; a view."""
        return self._cells[: self._cells_used]

    # The fold.

    def add(self, prints: Rows) -> None:
        """Takes prints (PRINT_ROW, ascending by number), of options and of what they are on."""
        if not len(prints):
            return
        if len(self.table) != self._listed:
            self._listed = len(self.table)
            self._contracts.clear()
        underlying = self.table.underlying_of[prints["instrument"]]
        places = place_of(prints)
        # Of the others only the last before each option's print matters.
        for at in range(len(prints)):
            one = prints[at]
            if one["px"] <= 0:
                self.skipped += 1
            elif underlying[at] < 0:
                self._take_spot(one)
            elif one["size"] <= 0:
                self.skipped += 1
            else:
                self._take(one, int(places[at]))

    def _take_spot(self, one: np.void) -> None:
        if one["flags"] & Flag.OFF_BOOK:
            return
        instrument = int(one["instrument"])
        self._spot[instrument] = int(one["px"]) / self.table.get(instrument).price_scale

    def _take(self, one: np.void, place: int) -> None:
        ts_ns = int(one["ts_ns"])
        self._roll(ts_ns)
        self.newest_ns = max(self.newest_ns, ts_ns)
        self.prints += 1
        contract = self._contract(int(one["instrument"]))
        size, off = int(one["size"]), bool(one["flags"] & Flag.OFF_BOOK)
        side = 0 if off else int(one["aggressor"])
        premium = int(one["px"]) / contract.row.price_scale * size / contract.row.size_scale * contract.row.multiplier
        self._count(contract, ts_ns, size, side, premium)
        chain = self._joined(contract, ts_ns, side)
        if chain is None:
            chain = self._begin(contract, one, side)
        order = self._orders[self.place_of(chain.id)]
        self._grow(order, chain, contract, one, place, side, premium, off)
        self._judge(order, chain, contract)
        self._settle()

    def _roll(self, ts_ns: int) -> None:
        if ts_ns < self.day_ends_ns:
            return
        # A day may have 23 or 25 hours.
        self._day = from_ns(ts_ns).date()
        self.day_ends_ns = midnight_ns(from_ns(midnight_ns(self._day) + NS_PER_DAY * 3 // 2).date())
        self.first_id = self.settled = self.next_id
        self.volume[:], self.bought[:] = 0, 0
        self._used = self._cells_used = self._minute = 0
        for each in (self.sums, self._cell_of, self._open, self._recent):
            each.clear()

    def _contract(self, instrument: int) -> _Contract:
        found = self._contracts.get(instrument)
        if found is None:
            row = self.table.get(instrument)
            terms = row.option
            if terms is None:
                raise ValueError(f"{row.symbol} is no option")
            symbol = terms.symbol
            listed = self.table.chain(terms.underlying, symbol.expiry)
            strikes = sorted({each.option.strike_px for each in listed
                              if each.option is not None and each.option.symbol.root == symbol.root})  # fmt: skip
            found = self._contracts[instrument] = _Contract(
                row, terms, (terms.underlying, terms.expires_ns, symbol.root, symbol.right),
                strikes.index(terms.strike_px), self.table.get(terms.underlying).kind in _FUNDS,
                symbol.right is Right.CALL, row.price_scale,
            )  # fmt: skip
        return found

    def _count(self, contract: _Contract, ts_ns: int, size: int, side: int, premium: float) -> None:
        """The day's sums, and those of the minute."""
        instrument = contract.row.id
        self.volume[instrument] += size
        self.bought[instrument] += side * size
        place = contract.key[:2]
        new = Sums(size, 0, premium, 0.0) if contract.is_call else Sums(0, size, 0.0, premium)
        self.sums[place] = self.sums.get(place, Sums()) + new
        minute = ts_ns // (60 * NS_PER_S)
        if minute > self._minute:
            self._minute = minute
            self._cell_of.clear()
        at = self._cell_of.get(instrument)
        if at is None:
            at = self._cell_of[instrument] = self._new_cell()
            self._cells[at] = (self._minute, instrument, 0, 0, 0, 0, 0.0)
        cell = self._cells[at]
        cell["trades"] += 1
        cell["volume"] += size
        cell["premium"] += premium
        if side:
            cell["bought" if side > 0 else "sold"] += size

    def _new_cell(self) -> int:
        if self._cells_used == CELLS_KEPT:
            # The oldest quarter goes; those of this minute are the newest.
            drop = CELLS_KEPT // 4
            self._cells[: CELLS_KEPT - drop] = self._cells[drop:].copy()
            self._cells_used -= drop
            for instrument in self._cell_of:
                self._cell_of[instrument] -= drop
        elif self._cells_used == len(self._cells):
            more = min(len(self._cells), CELLS_KEPT - len(self._cells))
            self._cells = np.concatenate((self._cells, np.zeros(more, CELL_ROW)))
        self._cells_used += 1
        return self._cells_used - 1

    def _joined(self, contract: _Contract, ts_ns: int, side: int) -> _Open | None:
        """The order that this print belongs to; None when it begins one."""
        chain = self._open.get((*contract.key, side)) if side else None
        if chain is None or not 0 <= ts_ns - chain.last_ns <= self.rules.sweep_within_ns:
            return None
        if ts_ns - chain.first_ns > self.rules.order_span_ns or chain.id < self.settled:
            return None
        near = self.rules.strike_steps
        if min(chain.ranks) - near <= contract.rank <= max(chain.ranks) + near:
            return chain
        return None

    def _begin(self, contract: _Contract, one: np.void, side: int) -> _Open:
        ts_ns = int(one["ts_ns"])
        self._make_room()
        chain = _Open(self.next_id, ts_ns, ts_ns, side, set(), set(), set())
        self.next_id += 1
        self._used += 1
        at = self._used - 1
        self._orders[at] = _BLANK[0]
        order = self._orders[at]
        order["id"], order["number"], order["ts_ns"] = chain.id, one["number"], ts_ns
        order["instrument"], order["underlying"] = contract.row.id, contract.terms.underlying
        order["expires_ns"], order["right"] = contract.terms.expires_ns, 1 if contract.is_call else -1
        order["low_px"] = order["high_px"] = one["px"]
        order["low_strike_px"] = order["high_strike_px"] = contract.terms.strike_px
        order["days"] = max((contract.terms.symbol.expiry - self._day).days, 0)
        order["side"], order["told"] = side, 1
        if side:
            self._open[(*contract.key, side)] = chain
        return chain

    def _make_room(self) -> None:
        if self._used < KEPT:
            return
        old = self._orders[: KEPT - RECENT]
        large = old[old["marks"] & _LARGE != 0]
        # A quarter of the room for old ones is made at least.
        large = large[max(0, len(large) - (KEPT - RECENT) * 3 // 4) :]
        kept = np.concatenate((large, self._orders[KEPT - RECENT :]))
        self._orders[: len(kept)] = kept
        self._used = len(kept)

    def _grow(
        self, order: np.void, chain: _Open, contract: _Contract, one: np.void, place: int, side: int, premium: float,
        off: bool,
    ) -> None:  # fmt: skip
        """Puts one print into its order."""
        size, px = int(one["size"]), int(one["px"])
        chain.last_ns = int(one["ts_ns"])
        chain.ranks.add(contract.rank)
        chain.contracts.add(contract.row.id)
        chain.venues.add(int(one["venue"]))
        order["last_ts_ns"] = chain.last_ns
        order["prints"] += 1
        order["size"] += size
        order["notional"] += float(px) * size
        order["premium"] += premium
        order["aggression"] += premium * _AGGRESSION.get(place, 0.0)
        order["low_px"], order["high_px"] = min(order["low_px"], px), max(order["high_px"], px)
        strike_px = contract.terms.strike_px
        order["low_strike_px"] = min(order["low_strike_px"], strike_px)
        order["high_strike_px"] = max(order["high_strike_px"], strike_px)
        order["venues"], order["contracts"] = min(len(chain.venues), 255), min(len(chain.contracts), 255)
        order["told"] &= int(bool(side) and not one["estimated"])
        spot = self._spot.get(contract.terms.underlying, math.nan)
        known = self.known(contract.row, contract.terms, chain.last_ns)
        gamma = math.nan if known is None else known.gamma
        # A later print of the same size says more: the day's volume has gone on.
        if size >= order["largest"]:
            order["largest"], order["instrument"], order["px"], order["spot"] = size, contract.row.id, px, spot
            order["place"] = place
            order["volume"] = self.volume[contract.row.id]
            order["open_interest"] = self.interest(contract.row.id)
            if known is not None:
                order["vol"], order["delta"], order["greeks_ns"] = known.vol, known.delta, known.ts_ns
                order["events"] = known.events
        chain.gamma += gamma_effect(side, gamma, size / contract.row.size_scale, contract.row.multiplier, spot)
        order["gamma_effect"] = chain.gamma
        if off:
            order["marks"] |= Mark.OFF_BOOK
        if size >= self.rules.block_contracts * contract.row.size_scale or premium >= self.rules.block_premium:
            order["marks"] |= _BLOCK

    def _judge(self, order: np.void, chain: _Open, contract: _Contract) -> None:
        """Marks, and of a large order class and score."""
        rules, marks = self.rules, int(order["marks"]) & ~_OPENING
        if order["prints"] >= rules.sweep_prints:
            over = order["venues"] > 1 or (order["low_px"] != order["high_px"] and order["contracts"] == 1)
            marks |= _VENUES if over else 0
        if order["contracts"] >= rules.sweep_prints:
            marks |= _STRIKES
        if 0 < order["open_interest"] < order["volume"]:
            marks |= _OPENING
        if marks & (_BLOCK | _VENUES | _STRIKES) or order["premium"] >= rules.large_premium:
            marks |= _LARGE
        order["marks"] = marks
        if not marks & _LARGE:
            return
        self._pair(order, contract)
        order["trade_class"] = trade_class(order, is_fund=contract.is_fund)
        order["score"] = conviction(order, rules)

    def _pair(self, order: np.void, contract: _Contract) -> None:
        """Marks a large call and a large put of one expiry and side that were traded together."""
        while self._recent and (
            self.next_id - self._recent[0] > RECENT
            or self.newest_ns - self._orders[self.place_of(self._recent[0])]["last_ts_ns"] > _SETTLED_NS
        ):
            self._recent.popleft()
        for each in self._recent:
            other = self._orders[self.place_of(each)]
            sizes = sorted((int(order["size"]), int(other["size"])))
            if (
                all(order[name] == other[name] for name in ("underlying", "expires_ns", "side"))
                and order["right"] == -other["right"]
                and order["side"]
                and abs(int(order["last_ts_ns"]) - int(other["last_ts_ns"])) <= self.rules.pair_within_ns
                and sizes[0] >= self.rules.pair_share * sizes[1]
                and not other["marks"] & _PAIR
            ):
                for one in (order, other):
                    one["marks"] |= _PAIR
                other["trade_class"] = trade_class(other, is_fund=contract.is_fund)
        if int(order["id"]) not in self._recent:
            self._recent.append(int(order["id"]))

    def _settle(self) -> None:
        self.settled = max(self.settled, self.next_id - RECENT)
        while self.settled < self.next_id:
            if self._orders[self.place_of(self.settled)]["ts_ns"] >= self.newest_ns - _SETTLED_NS:
                return
            self.settled += 1
