"""What traded at the ladder's prices: the newest trades, fading, and how many there were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terminal.app.market_port import PrintReader, Rows
from terminal.app.views.ladder_rows import FADE_STEPS
from terminal.app.views.print_groups import no_prints
from terminal.core.clock import NS_PER_S

RECENT_NS = 8 * NS_PER_S
"""How long a trade stays in the column of the newest."""
MOST_A_READ = 1 << 16
_MOST_RECENT = 4096

Column = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Recent:
    """By price, ascending: size of the newest trades of the side that traded last there, that side, and the fade."""

    prices: Column
    sizes: Column
    sides: Column
    fades: Column


class LadderFlow:
    """Follows one instrument's trades. UI thread only."""

    def __init__(self) -> None:
        self.start_again()

    def start_again(self) -> None:
        """Forgets everything, as for another instrument."""
        self._after = 0
        self._recent = no_prints()
        self._grouped: tuple[Column, Column, Column, Column] | None = None
        self._prices = np.empty(0, np.int64)
        self._counts = np.empty(0, np.int64)
        self.last_tick = 0

    def read(self, reader: PrintReader, instrument: int) -> Rows:
        """Takes in the trades since the last call and gives them."""
        last = reader.last_number
        if last < self._after:
            self.start_again()
        if last == self._after:
            return no_prints()
        new = reader.read(instrument, self._after, MOST_A_READ)
        self._after = max(last, int(new["number"][-1]) if len(new) else 0)
        if not len(new):
            return new
        self._count(new)
        self._find_tick(new)
        self._recent, self._grouped = np.concatenate((self._recent, new))[-_MOST_RECENT:], None
        return new

    def trades_at(self) -> tuple[Column, Column]:
        """Prices, ascending, and how many trades there were at each, of those that memory holds."""
        return self._prices, self._counts

    def recent(self, now_ns: int) -> Recent:
        """The trades of the last RECENT_NS."""
        fresh = now_ns - self._recent["ts_ns"] < RECENT_NS
        if not fresh.all():
            self._recent, self._grouped = self._recent[fresh], None
        if self._grouped is None:
            self._grouped = _group(self._recent)
        prices, sizes, sides, newest_ns = self._grouped
        fades = 1 + np.maximum(now_ns - newest_ns, 0) * FADE_STEPS // RECENT_NS
        return Recent(prices, sizes, sides, fades.astype(np.int64))

    def _count(self, new: Rows) -> None:
        prices, counts = np.unique(new["px"], return_counts=True)
        joined = np.concatenate((self._prices, prices))
        self._prices, where = np.unique(joined, return_inverse=True)
        total = np.zeros(len(self._prices), np.int64)
        np.add.at(total, where, np.concatenate((self._counts, counts)))
        self._counts = total

    def _find_tick(self, new: Rows) -> None:
        """Whether the last price that differed from the one before it was higher or lower."""
        before = self._recent["px"][-1:]
        steps = np.diff(np.concatenate((before, new["px"])))
        moved = steps[steps != 0]
        if len(moved):
            self.last_tick = 1 if moved[-1] > 0 else -1


def _group(held: Rows) -> tuple[Column, Column, Column, Column]:
    """Trades by price, ascending: sizes of the side that traded last, that side, and when."""
    if not len(held):
        none = np.empty(0, np.int64)
        return none, none, none, none
    prices, where = np.unique(held["px"], return_inverse=True)
    newest = np.zeros(len(prices), np.int64)
    np.maximum.at(newest, where, np.arange(len(held)))
    sides = held["aggressor"][newest].astype(np.int64)
    sizes = np.zeros(len(prices), np.int64)
    np.add.at(sizes, where, held["size"] * (held["aggressor"] == sides[where]))
    return prices, sizes, sides, held["ts_ns"][newest]
