"""The records and arrays of all books: what the book kernels write, in one named tuple.

A side is kept with mirrored prices (``key``: the price of a bid, minus the price of an ask), so that the best level is
always the highest key and one code serves both sides. Its levels stand in two places:

- the **grid**: pages of 64 neighbouring ticks each, found through a directory of 1,024 pages around the touch, with one
  bit for every occupied tick and every used page; the best is found by counting leading zeros;
- the **list**: every level off the grid's range or its price step, sorted by key in a block of the list pool. Small
  books live here alone.

A side is laid out again (a step is chosen from its prices, the grid is centred on the touch) when its list grows or
when levels near the touch land in the list. Both places together hold every level; where a level stands is never seen
from outside.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

PAGE_TICKS = 64
PAGES = 1024
"""Pages of a side's directory."""
WORDS = PAGES // 64
GRID_TICKS = PAGE_TICKS * PAGES
NO_TICK = -1
NO_KEY = -(2**62)
"""Key of the best level of an empty side; every real price is nearer to zero than LARGEST_PX."""
LARGEST_PX = 2**60
LARGEST_SIZE = 2**60
FIRST_LAYOUT = 16
"""Levels in the list at which a side is laid out for the first time."""
STRAYS = 64
"""Levels new in the list near the touch after which a side is laid out again, at least."""

BOOK_ROW = np.dtype(
    [
        ("sequence", "i8"),
        ("ts_ns", "i8"),
        ("bid_key", "i8"),
        ("ask_key", "i8"),
        ("bid_size", "i8"),
        ("ask_size", "i8"),
        ("imbalance", "f8"),
        ("imbalance_sum", "f8"),
        ("updates", "i8"),
        ("gaps", "i8"),
        ("healed", "i8"),
        ("duplicates", "i8"),
        ("refused", "i8"),
        ("crossed", "i8"),
        ("strangers", "i8"),
        ("overdone", "i8"),
        ("doubled", "i8"),
        ("lost", "i8"),
        ("crossed_ns", "i8"),
        ("instrument", "i4"),
        ("heard", "u1"),
        ("stage", "u1"),
        ("sequenced", "u1"),
        ("ignoring", "u1"),
        ("begun", "u1"),
        ("is_partial", "u1"),
        ("sort", "u1"),
        ("is_crossed", "u1"),
        ("is_counted", "u1"),
    ],
    align=True,
)
"""One book. ``sequence``: LAST_SEQUENCE of its newest update. ``imbalance``: bid less ask size at the best over their
sum, 0 with a side missing; ``imbalance_sum`` adds it up after every one of the ``updates`` (levels, orders, clears).

``gaps``: losses found; ``healed``: times that a snapshot ended one; ``duplicates``: updates ignored as old;
``refused``: messages with impossible fields; ``crossed``: times that it stayed crossed for more than one instant;
``strangers``: cancels, fills and changes of unknown orders; ``overdone``: those of more than was left; ``doubled``: new
orders with the number of one that rests; ``lost``: levels and orders for which there was no room. ``heard``: anything
came; ``stage``: see below; ``ignoring``: what follows belongs to an old update, or to one that overlaps what is known;
``begun``: it once began empty or with a snapshot, so that what it does not know was never there; ``is_partial``: the
newest message was part of a snapshot and not its last, so the book is whole only once market time is past ``ts_ns``;
``sort``: told by level or by order, while it is not empty; ``is_crossed`` now, since ``crossed_ns``, and
``is_counted`` already."""

STAGE_GOOD, STAGE_BUILDING, STAGE_GAP = 0, 1, 2
SORT_OPEN, SORT_LEVELS, SORT_ORDERS = 0, 1, 2

SIDE_ROW = np.dtype(
    [
        ("base_key", "i8"),
        ("step", "i8"),
        ("per_step", "f8"),
        ("span", "i8"),
        ("best_tick", "i8"),
        ("best_key", "i8"),
        ("best_size", "i8"),
        ("list_best", "i8"),
        ("list_start", "i8"),
        ("list_count", "i8"),
        ("list_room", "i8"),
        ("next_layout", "i8"),
        ("strays", "i8"),
        ("most_strays", "i8"),
    ],
    align=True,
)
"""One side. The grid begins at ``base_key`` and spans ``span`` price units in steps of ``step`` (``per_step`` is its
inverse); a span of 0 is no grid. ``best_tick``: of the grid, NO_TICK for none; ``list_best``: highest key of the list.
It is laid out again when its list holds ``next_layout`` levels, or ``strays`` (levels new in the list that stand near
the touch) reach ``most_strays``."""

LIST_KEY, LIST_SIZE, LIST_ORDERS = 0, 1, 2

ORDER_ROW = np.dtype(
    [
        ("id", "i8"),
        ("key", "i8"),
        ("size", "i8"),
        ("ahead", "i4"),
        ("behind", "i4"),
        ("book", "i4"),
        ("side", "i4"),
    ]
)
"""One resting order; ``ahead`` and ``behind`` are its neighbours in the queue of its price (rows of the pool), -1 for
none. ``book`` -1: the row is free, and ``behind`` is the next free one."""

QUEUE_ROW = np.dtype([("key", "i8"), ("book", "i4"), ("side", "i4"), ("first", "i4"), ("last", "i4")])
"""First and last order of one price. ``book`` -1: the place in the hash table is free."""

NO_ORDER = -1

PLAN_CHANGES, PLAN_ACT, PLAN_PLACE, PLAN_ID, PLAN_SIZE, PLAN_CHANGE = range(6)
"""What an order's message does: levels that change; the act below; place, id and new size of the order; from
PLAN_CHANGE on side, key, size and orders of every changed level."""
PLAN_FIELDS = PLAN_CHANGE + 2 * 4
ADDS, SHRINKS, MOVES, REMOVES = range(4)

HEAD_ROW = np.dtype(
    [("ts_ns", "i8"), ("bid_px", "i8"), ("ask_px", "i8"), ("bids", "i2"), ("asks", "i2"), ("status", "u1")], align=True
)
"""One sample of a watched book: when, best prices that its distances count from, levels kept, and the BookStatus."""

STEP_NS, NEXT_NS, BEGUN = range(3)
LONGEST_FILL = 2400
"""Steps of silence that are filled with samples; in a longer one nobody looks."""

FREE_PAGES, LIST_END, FREE_ORDERS, ORDERS_USED, BOOKS_USED, WANTED, FULL, UNHOUSED = range(8)
STATE_FIELDS = 8
WANT_BOOKS, WANT_PAGES, WANT_LISTS, WANT_ORDERS = 1, 2, 4, 8
"""Bits of WANTED and FULL: the pools."""
LIST_SIZES = 17
"""List blocks come in sizes of 2**4 to 2**16 levels; freed ones are chained by size."""
SMALLEST_BLOCK, LARGEST_BLOCK = 4, 16


class LevelArrays(NamedTuple):
    """The levels of all books. First index of ``sides``, ``words`` and ``directory``: the book's slot, then the side.

    ``words``: bit of every used page; ``directory``: number of the page, 0 for none. ``bits`` and ``cells`` (size,
    orders): by page. ``free_pages``: stack of unused pages. ``lists``: key, size, orders. ``list_free``: first freed
    block by size class, -1 for none. ``state``: the counters above. WANTED: pools that should grow; FULL: those that
    will not; UNHOUSED: messages of instruments that found no room for a book.
    """

    sides: npt.NDArray[np.void]
    words: npt.NDArray[np.uint64]
    directory: npt.NDArray[np.int32]
    bits: npt.NDArray[np.uint64]
    cells: npt.NDArray[np.int64]
    free_pages: npt.NDArray[np.int32]
    lists: npt.NDArray[np.int64]
    list_free: npt.NDArray[np.int64]
    state: npt.NDArray[np.int64]


class OrderArrays(NamedTuple):
    """The orders of all books. ``places``: hash table of rows of ``pool``, -1 free; it and ``queues``, a hash table of
    QUEUE_ROW, have twice as many places as the pool. ``plan``: see PLAN_CHANGES.
    """

    pool: npt.NDArray[np.void]
    places: npt.NDArray[np.int32]
    queues: npt.NDArray[np.void]
    plan: npt.NDArray[np.int64]


class HistoryArrays(NamedTuple):
    """Samples of watched books. ``clock``: STEP_NS of the samples, NEXT_NS the time of the next one, BEGUN.

    ``watched``: instruments, -1 for none; it is the first index of the rings, ``taken`` the samples ever taken.
    ``distances`` in price units from the best, and ``sizes``: by (place, sample, side, level). ``scratch``: levels of
    one side.
    """

    clock: npt.NDArray[np.int64]
    watched: npt.NDArray[np.int32]
    heads: npt.NDArray[np.void]
    distances: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int64]
    taken: npt.NDArray[np.int64]
    scratch: npt.NDArray[np.void]


class BookArrays(NamedTuple):
    """All books: slots by instrument id (-1 for none), rows by slot, and what they hold."""

    slot_of: npt.NDArray[np.int32]
    rows: npt.NDArray[np.void]
    levels: LevelArrays
    orders: OrderArrays
    history: HistoryArrays
