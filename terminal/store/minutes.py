"""The minutes of every instrument of the session, in memory: a day's bars need no database."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S
from terminal.core.instruments import CAPACITY
from terminal.core.messages import PRICE, SIZE, Batch, Flag, Kind, empty_batch
from terminal.store.bar_rows import BAR, Bars, merge

BUDGET_BYTES = 64 << 20
_MINUTE_NS = 60 * NS_PER_S
_MOST_VOLUME = 2.0**61
_NONE: Batch = empty_batch(0)


class SessionMinutes:
    """One thread takes in; any thread reads. Memory grows with what comes and ends at ``budget_bytes``.

    What cannot be known from here is said so and never guessed: of an instrument whose trades came out of the order of
    minutes, that has bars beside its trades, or whose minutes found no room.
    """

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        most = max(1, budget_bytes // (BAR.itemsize + 4))
        # What nobody has written to takes no memory.
        self._closed = np.zeros(most, BAR)
        self._before = np.zeros(most, np.int32)
        self._newest_of = np.zeros(CAPACITY, np.int32)
        self._growing = np.zeros(CAPACITY, BAR)
        self._has_any = np.zeros(CAPACITY, np.bool_)
        self._lost = np.zeros(CAPACITY, np.bool_)
        self._used = 0
        self._is_mixed = False
        self._lock = threading.Lock()

    def take_in(self, batch: Batch, own_source: int) -> None:
        """Adds the trades of ``batch``. ``own_source``: the session's, whose messages alone are known here."""
        if len(batch) == 0 or self._is_mixed:
            return
        with self._lock:
            self._is_mixed = _is_foreign(batch, own_source)
            inside = (batch["instrument"] >= 0) & (batch["instrument"] < CAPACITY)
            self._lost[batch["instrument"][inside & (batch["kind"] == Kind.BAR)]] = True
            trades = batch[inside & _is_trade_on_book(batch)]
            if len(trades):
                huge = np.abs(trades[SIZE].astype(np.float64)) > _MOST_VOLUME / len(trades)
                self._lost[trades["instrument"][huge]] = True
                self._add(*_minutes_of(trades))

    def give_up(self) -> None:
        """From now on only the database knows."""
        self._is_mixed = True

    def read(self, instrument: int, fresh: Batch = _NONE, own_source: int = 0) -> Bars | None:
        """All minutes of the session, ascending, the last one still growing; None when only the database knows.

        ``fresh``: messages of the instrument that came since and are not taken in.
        """
        if not 0 <= instrument < CAPACITY:
            return np.empty(0, BAR)
        with self._lock:
            if self._is_mixed or self._lost[instrument]:
                return None
            known = self._known(instrument)
        trades = fresh[_is_trade_on_book(fresh)]
        if len(trades) == 0:
            return None if np.any(fresh["kind"] == Kind.BAR) else known
        _, more = _minutes_of(trades)
        is_late = len(known) > 0 and more["ts_ns"][0] < known["ts_ns"][-1]
        is_huge = np.abs(trades[SIZE].astype(np.float64)).sum() > _MOST_VOLUME
        if is_late or is_huge or _is_foreign(fresh, own_source) or np.any(fresh["kind"] == Kind.BAR):
            return None
        return merge(np.concatenate([known, more]), 60)

    def _known(self, instrument: int) -> Bars:
        if not self._has_any[instrument]:
            return np.empty(0, BAR)
        places: list[int] = []
        before, at = self._before, int(self._newest_of[instrument])
        while at:
            places.append(at - 1)
            at = int(before[at - 1])
        return np.append(self._closed[places[::-1]], self._growing[instrument])

    def _add(self, instruments: npt.NDArray[np.int64], minutes: Bars) -> None:
        """Bars by instrument, each instrument's ascending."""
        begins = np.flatnonzero(np.diff(instruments, prepend=-1))
        turn = np.arange(len(instruments)) - np.repeat(begins, np.diff(begins, append=len(instruments)))
        for number in range(int(turn.max()) + 1):
            chosen = turn == number
            self._add_one_each(instruments[chosen], minutes[chosen])

    def _add_one_each(self, instruments: npt.NDArray[np.int64], minutes: Bars) -> None:
        known, growing = self._has_any[instruments], self._growing[instruments]
        same = known & (growing["ts_ns"] == minutes["ts_ns"])
        self._lost[instruments[known & (growing["ts_ns"] > minutes["ts_ns"])]] = True
        self._grow(instruments[same], growing[same], minutes[same])
        ended = known & (growing["ts_ns"] < minutes["ts_ns"])
        self._close(instruments[ended], growing[ended])
        begun = ended | ~known
        self._growing[instruments[begun]] = minutes[begun]
        self._has_any[instruments[begun]] = True

    def _grow(self, instruments: npt.NDArray[np.int64], growing: Bars, more: Bars) -> None:
        growing["high"] = np.maximum(growing["high"], more["high"])
        growing["low"] = np.minimum(growing["low"], more["low"])
        growing["close"] = more["close"]
        growing["volume"] += more["volume"]
        self._growing[instruments] = growing
        self._lost[instruments[np.abs(growing["volume"].astype(np.float64)) > _MOST_VOLUME]] = True

    def _close(self, instruments: npt.NDArray[np.int64], ended: Bars) -> None:
        room = len(self._closed) - self._used
        self._lost[instruments[room:]] = True
        instruments, ended = instruments[:room], ended[:room]
        until = self._used + len(ended)
        self._closed[self._used : until] = ended
        self._before[self._used : until] = self._newest_of[instruments]
        self._newest_of[instruments] = np.arange(self._used + 1, until + 1)
        self._used = until


def _is_foreign(batch: Batch, own_source: int) -> bool:
    return bool(np.any((batch["source"] != 0) & (batch["source"] != own_source)))


def _is_trade_on_book(batch: Batch) -> npt.NDArray[np.bool_]:
    chosen: npt.NDArray[np.bool_] = (batch["kind"] == Kind.TRADE) & ((batch["flags"] & int(Flag.OFF_BOOK)) == 0)
    return chosen


def _minutes_of(trades: Batch) -> tuple[npt.NDArray[np.int64], Bars]:
    """(instruments, minutes) of trades: by instrument, then ascending; within a minute in the order they came."""
    starts = trades["ts_ns"] - trades["ts_ns"] % _MINUTE_NS
    order = np.lexsort((starts, trades["instrument"]))
    instruments, starts = trades["instrument"][order].astype(np.int64), starts[order]
    price, size = trades[PRICE][order], trades[SIZE][order]
    first = np.flatnonzero(np.r_[True, (np.diff(instruments) != 0) | (np.diff(starts) != 0)])
    minutes = np.empty(len(first), BAR)
    minutes["ts_ns"], minutes["open"] = starts[first], price[first]
    minutes["high"], minutes["low"] = np.maximum.reduceat(price, first), np.minimum.reduceat(price, first)
    minutes["close"] = price[np.r_[first[1:], len(price)] - 1]
    minutes["volume"] = np.add.reduceat(size, first)
    return instruments[first], minutes
