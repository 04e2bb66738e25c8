"""Sparklines: the day so far of an instrument in a few dozen points, from its bars or from prices seen here."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.app.market_port import Market, Rows
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Instrument
from terminal.core.money import ABSENT_PX

POINTS = 48
HEIGHT = 100
"""Points lie between 0 (the least) and this (the most), so that two that look the same are the same."""
_FRAMES_S = (60, 300, 600)
"""The finest whose bars of the day so far find room."""
_FEW = 12
_SEEN_EVERY_NS = 5 * NS_PER_S
_RENEW_NS = 2 * NS_PER_S
_AT_ONCE = 8

Trend = tuple[int, ...]
"""1 or -1 (rose or fell in all), then the heights of the points, the oldest first. Empty: nothing to show."""


class Trends:
    """Sparklines by instrument, a few renewed at each look. UI thread only."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._made: dict[int, tuple[int, Trend]] = {}
        self._place: dict[int, int] = {}
        self._seen: npt.NDArray[np.int64] = np.full((0, POINTS), ABSENT_PX)
        self._count = 0
        self._seen_ns = 0

    def is_due(self, now_ns: int) -> bool:
        """Whether prices should be noted now."""
        return abs(now_ns - self._seen_ns) >= _SEEN_EVERY_NS

    def note(self, now_ns: int, ids: npt.NDArray[np.int32], quotes: Rows) -> None:
        """Notes the mids (last trades where there is no mid) of ``ids``, for those that have no bars."""
        if now_ns < self._seen_ns:
            self._seen[:], self._count = ABSENT_PX, 0
            self._made.clear()
        self._seen_ns = now_ns
        new = [each for each in ids.tolist() if each not in self._place]
        if new:
            self._place.update({each: len(self._place) + place for place, each in enumerate(new)})
            more = np.full((len(new), POINTS), ABSENT_PX, np.int64)
            self._seen = np.concatenate([self._seen, more])
        places = np.fromiter((self._place[each] for each in ids.tolist()), np.int64, len(ids))
        both = (quotes["bid_px"] != ABSENT_PX) & (quotes["ask_px"] != ABSENT_PX)
        mid = np.where(both, (quotes["bid_px"] // 2 + quotes["ask_px"] // 2), quotes["last_px"])
        self._seen[:, self._count % POINTS] = ABSENT_PX
        self._seen[places, self._count % POINTS] = mid
        self._count += 1

    def of(self, rows: list[Instrument], now_ns: int) -> list[Trend]:
        """The lines of ``rows``, at most a few of them newer than at the last call."""
        left = _AT_ONCE
        found = []
        for row in rows:
            made_ns, trend = self._made.get(row.id, (-_RENEW_NS, ()))
            if left and abs(now_ns - made_ns) >= _RENEW_NS:
                left -= 1
                trend = self._make(row)
                self._made[row.id] = (now_ns, trend)
            found.append(trend)
        return found

    def _make(self, row: Instrument) -> Trend:
        seen = self._seen_of(row.id)
        bars = self._market.bars.read(row.id, _FRAMES_S[0], POINTS + 1)
        for seconds in _FRAMES_S[1:]:
            if len(bars) > POINTS:
                bars = self._market.bars.read(row.id, seconds, POINTS + 1)
        # In the first minutes what was seen here says more than a few bars.
        return shape(bars["close"][-POINTS:] if len(bars) >= min(_FEW, len(seen)) else seen)

    def _seen_of(self, instrument: int) -> npt.NDArray[np.int64]:
        place = self._place.get(instrument)
        if place is None:
            return np.zeros(0, np.int64)
        first = self._count % POINTS if self._count > POINTS else 0
        line = np.roll(self._seen[place], -first)[: min(self._count, POINTS)]
        seen: npt.NDArray[np.int64] = line[line != ABSENT_PX]
        return seen


def shape(px: npt.NDArray[np.int64]) -> Trend:
    """Prices as a Trend; fewer than two make none."""
    if len(px) < 2:
        return ()
    low, high = int(px.min()), int(px.max())
    span = max(1, high - low)
    heights = ((px - low) * HEIGHT // span) if high > low else np.full(len(px), HEIGHT // 2)
    return (1 if px[-1] >= px[0] else -1, *heights.tolist())
