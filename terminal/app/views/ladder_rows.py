"""One picture of a ladder, as arrays by row, highest price first."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from terminal.core.money import ABSENT_PX
from terminal.core.orders import Side
from terminal.market.rows import BookStatus

Column = npt.NDArray[np.int64]
FADE_STEPS = 4
"""Steps in which a recent print fades."""


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """What is left of a working order of ours at a price.

    ``ahead``: size before it in the queue, None when nobody knows; ``is_exact``: from the book by order, else from the
    size that stood there when it joined, less what traded since.
    """

    order_id: str
    side: Side
    px: int
    left: int
    is_sure: bool
    """False while a cancel or a send has no answer."""
    ahead: int | None = None
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """What is held, and what one row's price would make of it. ``ticks`` and ``e4`` are by row."""

    quantity: int
    average_px: int
    row: int
    """-1 off the screen."""
    ticks: Column
    e4: Column


def _none() -> Column:
    return np.zeros(0, np.int64)


@dataclass(slots=True)
class LadderRows:
    """Sizes are 0 where there is none; row numbers -1 where a price is absent or off the screen.

    All of the book's columns are of one moment. ``recent``: size of the newest trades at a price, signed by who crossed
    the spread (``recent_side``; 0 unknown), ``fade`` 1 (new) to FADE_STEPS (about to go). ``note``: what is missing, in
    a sentence. ``warning``: a word that stands over a book which must not be taken for the market.
    """

    prices: Column
    bids: Column
    asks: Column
    bid_sums: Column
    ask_sums: Column
    bought: Column = field(default_factory=_none)
    sold: Column = field(default_factory=_none)
    traded: Column = field(default_factory=_none)
    trades: Column = field(default_factory=_none)
    recent: Column = field(default_factory=_none)
    recent_side: Column = field(default_factory=_none)
    fade: Column = field(default_factory=_none)
    own: list[list[OwnOrder]] = field(default_factory=list)
    position: OpenPosition | None = None
    best_bid: int = -1
    best_ask: int = -1
    best_bid_px: int = ABSENT_PX
    best_ask_px: int = ABSENT_PX
    last: int = -1
    last_px: int = ABSENT_PX
    last_size: int = 0
    aggressor: int = 0
    last_tick: int = 0
    """1 when the last price is above the one before it, -1 below, 0 the first."""
    marks: tuple[tuple[str, int], ...] = ()
    """Letter and row of the session's open, high, low and VWAP."""
    status: BookStatus = BookStatus.NONE
    sequence: int | None = None
    """Of the book's update that this is a picture of, where the venue numbers them."""
    has_depth: bool = False
    is_stale: bool = False
    is_closed: bool = False
    waits: bool = False
    """Centring waits because the pointer is on the ladder."""
    away: int = 0
    """1 when the market is above the rows, -1 below."""
    note: str = ""
    warning: str = ""

    @property
    def is_doubtful(self) -> bool:
        """Whether the book must be shown as one that is not the market."""
        return bool(self.warning)

    def scales(self) -> tuple[int, int, int]:
        """The size of a full bar, of a full sum and of a full bar of volume.

        Round numbers, so that bars do not breathe with every message.
        """
        sizes = (self.bids, self.asks), (self.bid_sums, self.ask_sums), (self.traded,)
        bar, total, traded = (max(int(each.max(initial=1)) for each in columns) for columns in sizes)
        return _full(bar), _full(total), _full(traded)

    def facts(self) -> dict[str, object]:
        """What this picture says of the market, for a recording of frames."""
        return {
            "bid_px": None if self.best_bid_px == ABSENT_PX else self.best_bid_px,
            "ask_px": None if self.best_ask_px == ABSENT_PX else self.best_ask_px,
            "status": self.status.name,
            "doubt": self.warning,
            "sequence": self.sequence,
        }


def empty_rows(count: int, note: str = "") -> LadderRows:
    """Nothing at no price."""
    own: list[list[OwnOrder]] = [[] for _ in range(count)]
    zeros = {name: np.zeros(count, np.int64) for name in _COLUMNS}
    return LadderRows(**zeros, own=own, note=note)  # type: ignore[arg-type]


_COLUMNS = (
    "prices", "bids", "asks", "bid_sums", "ask_sums", "bought", "sold", "traded", "trades", "recent", "recent_side",
    "fade",
)  # fmt: skip
_WHOLE = (
    "marks", "has_depth", "is_stale", "is_closed", "waits", "away", "warning",
)  # fmt: skip
_ROW_MARKS = ("best_bid", "best_ask", "last", "aggressor", "last_tick")


def changed_rows(one: LadderRows, other: LadderRows) -> list[int] | None:
    """Numbers of the rows that look different; None when more than rows does."""
    if len(one.prices) != len(other.prices) or one.scales() != other.scales():
        return None
    if not np.array_equal(one.prices, other.prices) or _held(one) != _held(other):
        return None
    if any(getattr(one, name) != getattr(other, name) for name in _WHOLE):
        return None
    differs = np.zeros(len(one.prices) + 2, bool)
    for name in _COLUMNS:
        differs[1:-1] |= getattr(one, name) != getattr(other, name)
    for row, mine in enumerate(one.own, start=1):
        differs[row] |= mine != other.own[row - 1]
    if any(getattr(one, name) != getattr(other, name) for name in _ROW_MARKS):
        for each in (one, other):
            differs[[each.best_bid + 1, each.best_ask + 1, each.last + 1]] = True
    differs[0] = False
    # A row's edges show how far its neighbours' sums reach.
    near = differs[1:-1] | differs[:-2] | differs[2:]
    found: list[int] = np.flatnonzero(near).tolist()
    return found


def _held(rows: LadderRows) -> tuple[int, int] | None:
    return None if rows.position is None else (rows.position.quantity, rows.position.average_px)


def _full(most: int) -> int:
    """The next of 1, 2, 3, 4, 6, 8, 12, 16 ..."""
    power = 1 << (max(most, 1) - 1).bit_length()
    return power * 3 // 4 if power > 2 and most <= power * 3 // 4 else power
