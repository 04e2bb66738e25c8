"""The part of a book that a ladder shows, read at one moment: sizes by row, sums from the best outwards, the best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from terminal.app.market_port import BookReader
from terminal.app.views.ladder_axis import row_of
from terminal.app.views.ladder_rows import Column
from terminal.core.instruments import Instrument
from terminal.core.money import ABSENT_PX

_LEVELS = 200
"""Levels a side where rows are not equally high, as where an option's tick changes."""
_MOST_TICKS = 1 << 17
_ALL_PX = 1 << 55
_TRIES = 4
"""The window and what lies beyond it are copied one after the other: again while the best changes in between."""


@dataclass(frozen=True, slots=True)
class BookWindow:
    """Columns by row of the ladder, highest price first; the best of each side, ABSENT_PX without one.

    ``ticks``: sizes of bids and asks at each price from ``low_px`` on, ``tick_px`` apart.
    """

    bids: Column
    asks: Column
    bid_sums: Column
    ask_sums: Column
    best_bid_px: int
    best_ask_px: int
    low_px: int
    tick_px: int
    ticks: tuple[Column, Column]

    def size_at(self, side: int, px: int) -> int | None:
        """What stands at a price; None off the window."""
        place, off = divmod(px - self.low_px, self.tick_px)
        sizes = self.ticks[0 if side > 0 else 1]
        return None if off or not 0 <= place < len(sizes) else int(sizes[place])


def read_book(book: BookReader, instrument: Instrument, prices: Column, *, even: bool) -> BookWindow:
    """The book at the rows of ``prices`` (falling; ``even``: equally high)."""
    tick_px = instrument.tick_class.table.increment(int(prices[-1]))
    height_px = int(prices[0] - prices[1]) if len(prices) > 1 else tick_px
    per_row = max(1, height_px // tick_px)
    if not even or per_row * (len(prices) + 1) > _MOST_TICKS:
        return _from_levels(book, instrument.id, prices, tick_px)
    # One tick finer than the rows, and a row more below, so that one copy serves both sides: bids fall to the row at
    # or below their price, asks rise to the row at or above it.
    low_px, ticks = int(prices[-1]) - height_px + tick_px, per_row * (len(prices) + 1) - 1
    before, by_tick, (above, below) = _copy(book, instrument.id, low_px, tick_px, ticks)
    tries = 1
    while before != _tops(book, instrument.id) and tries < _TRIES:
        before, by_tick, (above, below) = _copy(book, instrument.id, low_px, tick_px, ticks)
        tries += 1
    bid_ticks, ask_ticks = by_tick
    bids = bid_ticks[per_row - 1 :].reshape(len(prices), per_row).sum(axis=1)[::-1]
    asks = ask_ticks[: per_row * len(prices)].reshape(len(prices), per_row).sum(axis=1)[::-1]
    bid_sums, ask_sums = _from_best(bids, above), _from_best(asks[::-1], below)[::-1]
    best_bid, best_ask = _best(before, by_tick, low_px, tick_px)
    return BookWindow(bids, asks, bid_sums, ask_sums, best_bid, best_ask, low_px, tick_px, by_tick)


def _copy(
    book: BookReader, instrument: int, low_px: int, tick_px: int, ticks: int
) -> tuple[tuple[int, int], tuple[Column, Column], tuple[int, int]]:
    """The best, the window, and what lies beyond it."""
    before = _tops(book, instrument)
    by_tick = book.window(instrument, low_px, tick_px, ticks)
    return before, by_tick, _outside(book, instrument, low_px, low_px + ticks * tick_px)


def _from_best(sizes: Column, before: int) -> Column:
    """Sums from the best outwards where there is a size; ``before``: what stands better than the first row."""
    sums = np.cumsum(sizes) + before
    return np.where(sizes > 0, sums, 0)


def _outside(book: BookReader, instrument: int, low_px: int, high_px: int) -> tuple[int, int]:
    """Bids above the window and asks below it: a ladder that was scrolled away still adds up from the best."""
    bids, _ = book.window(instrument, high_px, _ALL_PX, 1)
    _, asks = book.window(instrument, low_px - _ALL_PX, _ALL_PX, 1)
    return int(bids[0]), int(asks[0])


def _tops(book: BookReader, instrument: int) -> tuple[int, int]:
    bids, asks = book.read(instrument, 1)
    return int(bids["px"][0]) if len(bids) else ABSENT_PX, int(asks["px"][0]) if len(asks) else ABSENT_PX


def _best(tops: tuple[int, int], by_tick: tuple[Column, Column], low_px: int, tick_px: int) -> tuple[int, int]:
    """Of the window itself, so that they are of its moment; off the window, of the book."""
    bid, ask = tops
    bids, asks = (np.flatnonzero(sizes) for sizes in by_tick)
    if len(bids) and bid < low_px + len(by_tick[0]) * tick_px:
        bid = low_px + int(bids[-1]) * tick_px
    if len(asks) and (ask == ABSENT_PX or ask >= low_px):
        ask = low_px + int(asks[0]) * tick_px
    return bid, ask


def _from_levels(book: BookReader, instrument: int, prices: Column, tick_px: int) -> BookWindow:
    bids, asks = book.read(instrument, _LEVELS)
    columns = []
    for levels, up in ((bids, False), (asks, True)):
        sizes, sums = np.zeros(len(prices), np.int64), np.zeros(len(prices), np.int64)
        where = row_of(prices, levels["px"], up=up)
        on = where >= 0
        np.add.at(sizes, where[on], levels["size"][on])
        # Levels are sorted from the best outwards, so the sum at a row is that of its furthest level.
        np.maximum.at(sums, where[on], np.cumsum(levels["size"])[on])
        columns.append((sizes, sums))
    best_bid, best_ask = (int(levels["px"][0]) if len(levels) else ABSENT_PX for levels in (bids, asks))
    low_px = int(prices[-1])
    ticks = max(1, min(_MOST_TICKS, (int(prices[0]) - low_px) // tick_px + 1))
    by_tick = np.zeros(ticks, np.int64), np.zeros(ticks, np.int64)
    for levels, sizes in zip((bids, asks), by_tick, strict=True):
        place = (levels["px"] - low_px) // tick_px
        on = (place >= 0) & (place < ticks)
        np.add.at(sizes, place[on], levels["size"][on])
    (bid_sizes, bid_sums), (ask_sizes, ask_sums) = columns
    return BookWindow(bid_sizes, ask_sizes, bid_sums, ask_sums, best_bid, best_ask, low_px, tick_px, by_tick)
