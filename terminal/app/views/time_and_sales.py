"""Time and sales: the newest trades joined to rows, sweeps marked, filtered by size, paused without losing any."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from terminal.app.market_port import PrintReader, Rows, StatisticsReader
from terminal.app.views.print_groups import GROUP_ROW, Joining, PrintGroups, no_prints
from terminal.core.clock import NS_PER_MS, NS_PER_S
from terminal.market.rows import PRINT_ROW

KEPT = 50_000
"""Trades that the panel holds; older ones are in the recording."""
_LARGE = 10
"""Times the mean size of the trades held, without a size of the person's own."""
_ENOUGH_FOR_A_MEAN = 20
KEPT_PAUSED = 4 * KEPT
MOST_A_READ = KEPT_PAUSED
SWEEP_WITHIN_NS = 5 * NS_PER_MS
"""Trades of one side belong to one sweep while they follow each other this closely."""


class Merge(Enum):
    """Which trades share a row."""

    NONE = "none"
    PRICE = "price"
    """One side, one price, close in time."""
    SWEEP = "sweep"
    """One side, close in time, through whatever prices and venues."""


@dataclass(frozen=True, slots=True)
class TapeRules:
    """``within_ms``: for Merge.PRICE. Sizes are in the instrument's units; ``large_size`` 0 marks nothing."""

    merge: Merge = Merge.NONE
    within_ms: int = 50
    least_size: int = 0
    large_size: int = 0


@dataclass(frozen=True, slots=True)
class TapePage:
    """Rows newest first, GROUP_ROW, with the sweep (GROUP_ROW) of each, or one of size 0.

    ``above``: rows newer than these, ``total``: rows that pass the filter.
    """

    rows: Rows
    sweeps: Rows
    above: int
    total: int


@dataclass(frozen=True, slots=True)
class TapeTotals:
    """Sizes traded in a stretch of time, by who crossed the spread; ``estimated``: told by the quote, not the venue."""

    bought: int = 0
    sold: int = 0
    unsided: int = 0
    estimated: int = 0
    prints: int = 0

    @property
    def delta(self) -> int:
        """Bought less sold."""
        return self.bought - self.sold


class TapeMarket(Protocol):
    """What this view reads of a :class:`~terminal.app.market_port.Market`."""

    @property
    def prints(self) -> PrintReader:
        """The newest trades."""
        ...

    @property
    def statistics(self) -> StatisticsReader:
        """How many trades there were in all."""
        ...


@dataclass(frozen=True, slots=True)
class _Frozen:
    """What a paused tape shows."""

    rows: Rows
    chains: Rows
    first_chain: int
    number: int


class TimeAndSalesView:
    """The tape of one instrument, of several, or of all. UI thread only.

    ``refresh`` reads what is new, paused or not, so that a pause loses nothing; while paused pages and totals are those
    of the moment of the pause.
    """

    def __init__(self, market: TapeMarket) -> None:
        self._market = market
        self._ids: tuple[int, ...] | None = ()
        self.rules = TapeRules()
        self._frozen: _Frozen | None = None
        self._last = 0
        self._start_again()

    def show(self, instruments: Collection[int] | None) -> None:
        """The instruments whose trades are shown; None for all of the market. Ends a pause."""
        self._ids = None if instruments is None else tuple(sorted(set(instruments)))
        self._frozen = None
        self._start_again()

    def set_rules(self, rules: TapeRules) -> None:
        """Joins and filters the trades at hand anew; a paused tape stays at its moment."""
        joins_anew = (rules.merge, rules.within_ms) != (self.rules.merge, self.rules.within_ms)
        self.rules = rules
        if joins_anew:
            self._join_again()

    def set_least_size(self, size: int) -> None:
        """Hides smaller rows."""
        self.set_rules(replace(self.rules, least_size=size))

    # Reading.

    def refresh(self) -> bool:
        """Takes in what was traded since the last call; True when there was anything."""
        reader = self._market.prints
        if reader.last_number < self._last:
            # A replay went back to before what was read.
            self._frozen = None
            self._start_again()
        if reader.last_number == self._last:
            return False
        new = self._read(reader)
        if not len(new):
            return False
        self._raw.append(new)
        self._trim()
        self._rows.add(new, self._chains.add(new))
        return True

    def _read(self, reader: PrintReader) -> Rows:
        one = self._ids[0] if self._ids is not None and len(self._ids) == 1 else None
        # Whatever is newer than this may or may not be in what is read now.
        seen = reader.last_number
        new = reader.read(one, self._last, MOST_A_READ)
        self._last = max(seen, int(new["number"][-1]) if len(new) else 0)
        return new if one is not None or self._ids is None else new[np.isin(new["instrument"], self._ids)]

    def older(self) -> int:
        """Trades of today that are shown here no more, or never were: they are in the recording."""
        if self._ids is None:
            return max(0, self._last - len(self._raw))
        if not self._ids:
            return 0
        rows = self._market.statistics.read(np.array(self._ids, np.int32))
        # What was traded since the last refresh is new, not old.
        waiting = len(self._market.prints.read(self._ids[0], self._last)) if len(self._ids) == 1 else 0
        return max(0, int(rows["trades"].sum() + rows["off_book_trades"].sum()) - len(self._raw) - waiting)

    def why_empty(self) -> str:
        """Why there is no row, and what to do, in a sentence."""
        if len(self._raw):
            return "No trade passes the filter: choose a smaller least size."
        if self._ids is not None and not self._ids:
            return "Nothing is listed here: add symbols to the watchlist of this link group."
        if self._ids is not None:
            rows = self._market.statistics.read(np.array(self._ids, np.int32))
            if rows["volume"].sum() > 0 and not rows["trades"].sum() and not rows["off_book_trades"].sum():
                return (
                    "These data have bars and no single trades, so there is nothing to list: the chart shows the bars."
                )
        return "No trades yet: the first one will stand here."

    # Pausing.

    @property
    def is_paused(self) -> bool:
        """Whether the tape stands still."""
        return self._frozen is not None

    @property
    def waiting(self) -> int:
        """Trades that came during the pause."""
        return 0 if self._frozen is None else self._raw.count_after(self._frozen.number)

    def pause(self) -> None:
        """Stands still; trades go on being read."""
        if self._frozen is None:
            self.refresh()
            self._freeze(self._raw.last_number)

    def resume(self) -> None:
        """Goes on with the newest."""
        self._frozen = None
        self._trim()

    # What is shown.

    def page(self, above: int, count: int) -> TapePage:
        """``count`` rows that pass the filter, newest first, after the ``above`` newest."""
        rows, chains, first_chain = self._shown()
        passing = np.flatnonzero(rows["size"] >= self.rules.least_size) if self.rules.least_size > 0 else None
        total = len(rows) if passing is None else len(passing)
        above = max(0, min(above, total - 1))
        places = np.arange(total - 1 - above, max(-1, total - 1 - above - count), -1)
        found = rows[places if passing is None else passing[places]]
        return TapePage(found, _sweeps_of(found, chains, first_chain), above, total)

    def totals(self, seconds: int) -> TapeTotals:
        """Of the last ``seconds`` of trading that are shown, whatever their size; 0 for all that is held."""
        number = None if self._frozen is None else self._frozen.number
        return self._raw.totals(seconds, number)

    def large_size(self) -> int:
        """From which size on a row stands out; 0 while too little was traded to tell."""
        if self.rules.large_size:
            return self.rules.large_size
        held = self._raw.totals(0, None)
        if held.prints < _ENOUGH_FOR_A_MEAN:
            return 0
        return max(2, _LARGE * (held.bought + held.sold + held.unsided) // held.prints)

    def _shown(self) -> tuple[Rows, Rows, int]:
        if self._frozen is not None:
            return self._frozen.rows, self._frozen.chains, self._frozen.first_chain
        return self._rows.rows, self._chains.rows, self._chains.first_id

    # Inside.

    def _start_again(self) -> None:
        self._last = 0
        self._raw = _RawPrints()
        self._new_groups()

    def _new_groups(self) -> None:
        merge = self.rules.merge
        within = {Merge.NONE: -1, Merge.PRICE: self.rules.within_ms * NS_PER_MS, Merge.SWEEP: SWEEP_WITHIN_NS}[merge]
        self._chains = PrintGroups(Joining(SWEEP_WITHIN_NS, is_sweep=True))
        self._rows = PrintGroups(Joining(within, is_sweep=merge is Merge.SWEEP))

    def _join_again(self) -> None:
        held = self._raw.prints
        number = None if self._frozen is None else self._frozen.number
        self._new_groups()
        if number is not None:
            until = int(np.searchsorted(held["number"], number, side="right"))
            self._rows.add(held[:until], self._chains.add(held[:until]))
            self._freeze(number)
            held = held[until:]
        self._rows.add(held, self._chains.add(held))

    def _freeze(self, number: int) -> None:
        self._frozen = _Frozen(self._rows.rows.copy(), self._chains.rows.copy(), self._chains.first_id, number)

    def _trim(self) -> None:
        first = self._raw.trim(KEPT_PAUSED if self.is_paused else KEPT)
        if first:
            self._rows.forget_before(first)
            self._chains.forget_before(first)


class _RawPrints:
    """The trades as they were, with running sums, so that any stretch is added up at once."""

    def __init__(self) -> None:
        self._room = no_prints()
        self._sums = np.zeros((1, 5), np.int64)
        self._clock = np.empty(0, np.int64)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    @property
    def prints(self) -> Rows:
        """All that are held, ascending."""
        return self._room[: self._used]

    @property
    def last_number(self) -> int:
        """Of the newest; 0 without one."""
        return int(self._room["number"][self._used - 1]) if self._used else 0

    def count_after(self, number: int) -> int:
        """Trades with a higher number."""
        return self._used - int(np.searchsorted(self.prints["number"], number, side="right"))

    def append(self, new: Rows) -> None:
        """Adds newer trades."""
        used, total = self._used, self._used + len(new)
        if total > len(self._room):
            room = max(2 * len(self._room), total, 4096)
            self._room = np.concatenate((self._room[:used], np.empty(room - used, PRINT_ROW)))
            self._sums = np.concatenate((self._sums[: used + 1], np.empty((room - used, 5), np.int64)))
            self._clock = np.concatenate((self._clock[:used], np.empty(room - used, np.int64)))
        self._room[used:total] = new
        size, side = new["size"], new["aggressor"]
        each = (size * (side > 0), size * (side < 0), size * (side == 0), size * (new["estimated"] > 0))
        for column, values in enumerate((*each, np.ones(len(new), np.int64))):
            self._sums[used + 1 : total + 1, column] = self._sums[used, column] + np.cumsum(values)
        # A feed's clock may step back; the stretch of the last minute must not end there.
        before = int(self._clock[used - 1]) if used else 0
        self._clock[used:total] = np.maximum(np.maximum.accumulate(new["ts_ns"]), before)
        self._used = total

    def trim(self, most: int) -> int:
        """Lets the oldest go once there are a quarter too many; the number of the first that is left, or 0."""
        if self._used <= most + most // 4:
            return 0
        drop = self._used - most
        self._room[:most] = self._room[drop : self._used].copy()
        self._clock[:most] = self._clock[drop : self._used].copy()
        self._sums[: most + 1] = self._sums[drop : self._used + 1].copy()
        self._used = most
        return int(self._room["number"][0])

    def totals(self, seconds: int, number: int | None) -> TapeTotals:
        """Of the last ``seconds`` (0: of all) up to a trade's number."""
        if not self._used:
            return TapeTotals()
        end = self._used if number is None else self._used - self.count_after(number)
        start = 0
        if seconds and end:
            since = self._clock[end - 1] - seconds * NS_PER_S
            start = int(np.searchsorted(self._clock[:end], since, side="right"))
        return TapeTotals(*(int(each) for each in self._sums[end] - self._sums[start]))


def is_sweep(chains: Rows) -> npt.NDArray[np.bool_]:
    """Whether chains went through several prices or venues."""
    through: npt.NDArray[np.bool_] = (chains["low_px"] != chains["high_px"]) | (chains["venues"] > 1)
    return through


def _sweeps_of(rows: Rows, chains: Rows, first_id: int) -> Rows:
    """The sweep that each row's last trade is in, else its first, else a row of zeros."""
    found = np.zeros(len(rows), GROUP_ROW)
    for name in ("chain", "last_chain"):
        at = rows[name] - first_id
        there = np.flatnonzero((rows[name] >= 0) & (at >= 0) & (at < len(chains)))
        chosen = chains[at[there]]
        swept = is_sweep(chosen)
        found[there[swept]] = chosen[swept]
    return found
