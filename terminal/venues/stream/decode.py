"""A feed's frames as messages: everything is checked before it touches the market, and each refusal is counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_DAY, NS_PER_S
from terminal.core.messages import Batch, Flag, Kind
from terminal.core.money import ABSENT_PX
from terminal.venues.stream.protocol import BadFrame, Columns, Rows

AHEAD_LIVE_NS = 60 * NS_PER_S
"""A live feed's clock may be this far ahead of ours."""
AHEAD_SIMULATED_NS = 7 * NS_PER_DAY
"""A simulated market may skip a holiday week, not more: one bad time would hold the desk's clock for good."""
_VALUES = ("v0", "v1", "v2", "v3", "v4")
_COLUMNS = {"ts_ns": "<i8", "instrument": "<i4", "kind": "u1", "flags": "u1", "venue": "<u2"} | dict.fromkeys(
    _VALUES, "<i8"
)
_REQUIRED = ("ts_ns", "instrument", "kind")
_ROW_COLUMNS = ("kind", "instrument", "ts_ns", *_VALUES, "flags")
_SAID = tuple(kind for kind in Kind if kind is not Kind.CLOCK)
_SIZES = {
    Kind.QUOTE: ("v2", "v3"),
    Kind.TRADE: ("v1",),
    Kind.BAR: ("v4",),
    Kind.OPEN_INTEREST: ("v0",),
    Kind.DEPTH: ("v2", "v3"),
    Kind.ORDER_ADD: ("v2",),
    Kind.ORDER_MODIFY: ("v2",),
    Kind.ORDER_CANCEL: ("v2",),
    Kind.ORDER_FILL: ("v2",),
}
"""Where a negative number is a negative size."""
_BOOK_KINDS = (
    Kind.DEPTH, Kind.DEPTH_CHANGE, Kind.BOOK_UPDATE, Kind.ORDER_ADD, Kind.ORDER_MODIFY, Kind.ORDER_CANCEL,
    Kind.ORDER_FILL, Kind.BOOK_CLEAR,
)  # fmt: skip
_IS_KIND: npt.NDArray[np.bool_] = np.isin(np.arange(256), [int(each) for each in _SAID])
_IS_BOOK: npt.NDArray[np.bool_] = np.isin(np.arange(256), [int(each) for each in _BOOK_KINDS])
_LARGEST = 2**62

Column = npt.NDArray[Any]


class Decoder:
    """Fills batches. ``refused``: messages by reason. ``watermark_ns``: the latest time that was let through.

    The tape's times never go back: a message that says an earlier time than one before it is visible when it came, so
    it gets the later time, and ``clock_back`` counts it; ``furthest_back_ns`` says by how much at most.
    """

    def __init__(self, watermark_ns: int, *, is_live: bool) -> None:
        self.refused: Counter[str] = Counter()
        self.watermark_ns = watermark_ns
        self.clock_back = 0
        self.furthest_back_ns = 0
        self.books: npt.NDArray[np.bool_] = np.zeros(1, np.bool_)
        """By our id: whether the feed sends a book for it."""
        self._is_live = is_live
        self._spoiled: set[int] = set()

    def decode(self, what: Columns | Rows, ids: npt.NDArray[np.int32], out: Batch, now_ns: int) -> int:
        """Writes the good messages of a frame to the start of ``out`` and gives their number.

        ``ids``: ours by the feed's, see :class:`Listing`. ``now_ns``: the wall's time, UTC, which a live feed must not
        be far ahead of. Raises BadFrame when the frame cannot be read at all; nothing of it is taken.
        """
        columns, count = (_columns(what), what.count) if isinstance(what, Columns) else _of_rows(what)
        kind, ts_ns = columns["kind"], columns["ts_ns"]
        mapped = _look_up(ids, columns["instrument"])
        good = self._check(columns, mapped, kind, ts_ns, now_ns, what.snapshot)
        if good is not None:
            self._spoiled.update(mapped[~good & _IS_BOOK[kind] & (mapped >= 0)].tolist())
            columns = {name: column[good] for name, column in columns.items()}
            kind, ts_ns, mapped = columns["kind"], columns["ts_ns"], mapped[good]
            count = len(kind)
            if count == 0:
                return 0
        target = out[:count]
        for name in _COLUMNS:
            if name in columns:
                target[name] = columns[name]
            else:
                target[name] = 0
        target["source"], target["order"] = 0, 0
        target["instrument"] = mapped
        target["ts_ns"] = self._in_order(ts_ns)
        is_book = _IS_BOOK[kind]
        if what.snapshot:
            _mark_snapshot(target, np.flatnonzero(is_book & (kind != Kind.BOOK_UPDATE)))
        if is_book.any():
            self._note_books(mapped[is_book])
        return count

    def take_spoiled(self) -> list[int]:
        """Our ids whose books have lost a message since the last call: they are wrong until a snapshot."""
        found = sorted(self._spoiled)
        self._spoiled.clear()
        return found

    def advance(self, ts_ns: int, now_ns: int) -> int | None:
        """The time that a heartbeat lets the market reach; None when it says nothing new or nothing possible."""
        if ts_ns > self._latest_ns(now_ns):
            self.refused["time ahead"] += 1
            return None
        if ts_ns <= self.watermark_ns:
            self._note_back(self.watermark_ns - ts_ns, 0)
            return None
        self.watermark_ns = ts_ns
        return ts_ns

    def _latest_ns(self, now_ns: int) -> int:
        return now_ns + AHEAD_LIVE_NS if self._is_live else self.watermark_ns + AHEAD_SIMULATED_NS

    def _check(
        self, columns: dict[str, Column], mapped: Column, kind: Column, ts_ns: Column, now_ns: int, is_snapshot: bool
    ) -> npt.NDArray[np.bool_] | None:
        """Which messages are good; None for all. One is refused for the first reason that holds."""
        good: npt.NDArray[np.bool_] | None = None
        for reason, bad in (
            ("unknown kind", ~_IS_KIND[kind]),
            ("unknown instrument", (mapped < 0) & ((kind != Kind.PHASE_CHANGE) | (columns["instrument"] != -1))),
            ("time out of range", ts_ns <= 0),
            ("time ahead", ts_ns > self._latest_ns(now_ns)),
            ("value out of range", _too_large(columns)),
            ("negative size", _negative_size(columns, kind)),
            ("trade in a snapshot", np.isin(kind, (Kind.TRADE, Kind.BAR)) if is_snapshot else None),
        ):
            if bad is None or not bad.any():
                continue
            if good is None:
                good = np.ones(len(kind), np.bool_)
            self.refused[reason] += int((bad & good).sum())
            good &= ~bad
        return good

    def _in_order(self, ts_ns: Column) -> Column:
        times: Column = np.maximum.accumulate(np.maximum(ts_ns, self.watermark_ns))
        behind = times - ts_ns
        furthest = int(behind.max())
        if furthest:
            self._note_back(furthest, int(np.count_nonzero(behind)))
        self.watermark_ns = int(times[-1])
        return times

    def _note_back(self, by_ns: int, messages: int) -> None:
        self.clock_back += messages
        self.furthest_back_ns = max(self.furthest_back_ns, by_ns)

    def _note_books(self, ids: Column) -> None:
        highest = int(ids.max())
        if highest >= len(self.books):
            self.books = np.concatenate((self.books, np.zeros(highest + 1, np.bool_)))
        self.books[ids] = True


def _mark_snapshot(frame: Batch, places: Column) -> None:
    """Says of the levels and orders at ``places`` that they are of a snapshot, and which ends its book.

    The book that the frame ends with may go on in the next one.
    """
    frame["flags"][places] |= np.uint8(Flag.SNAPSHOT)
    ids = frame["instrument"][places]
    found, from_end = np.unique(ids[::-1], return_index=True)
    ends = places[len(places) - 1 - from_end[found != ids[-1:]]]
    frame["flags"][ends] |= np.uint8(Flag.LAST)


def _columns(what: Columns) -> dict[str, Column]:
    """The arrays of a frame; BadFrame for names, lengths and numbers that do not fit."""
    found: dict[str, Column] = {}
    for name, column in what.columns.items():
        kind = _COLUMNS.get(name)
        if kind is None:
            raise BadFrame("unknown column")
        dtype = np.dtype(kind)
        if isinstance(column, int):
            limits = np.iinfo(dtype)
            if not limits.min <= column <= limits.max:
                raise BadFrame("number does not fit its column")
            found[name] = np.broadcast_to(np.array(column, dtype), (what.count,))
        elif len(column) != what.count * dtype.itemsize:
            raise BadFrame("length of a column")
        else:
            found[name] = np.frombuffer(column, dtype)
    if any(name not in found for name in _REQUIRED):
        raise BadFrame("missing column")
    return found


def _of_rows(what: Rows) -> tuple[dict[str, Column], int]:
    """Rows as columns; a row with a wrong kind of value makes the whole frame unreadable."""
    table = np.zeros((len(what.rows), len(_ROW_COLUMNS)), np.int64)
    for place, row in enumerate(what.rows):
        head, *rest = row
        kind = Kind.__members__.get(head.upper(), 0) if isinstance(head, str) else head
        if any(isinstance(each, str) for each in rest):
            raise BadFrame("text in a row")
        try:
            table[place, : len(row)] = [kind, *rest]
        except OverflowError:
            raise BadFrame("number does not fit its column") from None
    found: dict[str, Column] = {}
    for place, name in enumerate(_ROW_COLUMNS):
        dtype = np.dtype(_COLUMNS[name])
        column = table[:, place]
        limits = np.iinfo(dtype)
        if column.min() < limits.min or column.max() > limits.max:
            raise BadFrame("number does not fit its column")
        found[name] = column.astype(dtype)
    return found, len(what.rows)


def _look_up(ids: npt.NDArray[np.int32], numbers: Column) -> Column:
    known = (numbers >= 0) & (numbers < len(ids))
    return np.where(known, ids[np.where(known, numbers, 0)], np.int32(-1))


def _too_large(columns: dict[str, Column]) -> Column | None:
    """Beyond what sums of prices and sizes can hold; an absent price is none of that."""
    bad: Column | None = None
    for name in ("ts_ns", *_VALUES):
        column = columns.get(name)
        if column is None or (int(column.max()) < _LARGEST and int(column.min()) > -_LARGEST):
            continue
        wrong = (column >= _LARGEST) | ((column <= -_LARGEST) & (column != ABSENT_PX))
        bad = wrong if bad is None else bad | wrong
    return bad


def _negative_size(columns: dict[str, Column], kind: Column) -> Column | None:
    bad: Column | None = None
    for each, names in _SIZES.items():
        for name in names:
            column = columns.get(name)
            if column is not None and int(column.min()) < 0:
                wrong = (kind == each) & (column < 0)
                bad = wrong if bad is None else bad | wrong
    return bad
