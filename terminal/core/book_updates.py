"""Where messages may be cut into parts: not within one update of a book, whose half nobody should see."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.core.messages import Batch, Kind

MOST_OF_ONE = 8_192
"""Messages that are looked through for an update's end; a longer one is cut."""
_CHANGES = np.zeros(256, np.bool_)
_CHANGES[[Kind.DEPTH, Kind.DEPTH_CHANGE, Kind.BOOK_CLEAR]] = True
_CHANGES[[Kind.ORDER_ADD, Kind.ORDER_MODIFY, Kind.ORDER_CANCEL, Kind.ORDER_FILL]] = True
_OF_BOOKS = _CHANGES.copy()
_OF_BOOKS[Kind.BOOK_UPDATE] = True


def end_of_update(batch: Batch, at: int) -> int:
    """The first place from ``at`` on where ``batch`` may be cut: changes of one book at one instant, with the
    BOOK_UPDATE that they follow, stay together. Looks MOST_OF_ONE messages ahead at the most."""
    if not 0 < at < len(batch) or not _CHANGES[batch[at]["kind"]]:
        return at
    goes_on = _goes_on(batch[at - 1 : at + MOST_OF_ONE])
    return at + (len(goes_on) if goes_on.all() else int(np.argmin(goes_on)))


def begin_of_last_update(batch: Batch) -> int:
    """The last place where ``batch`` may be cut when the messages after it are not known: before the update that it
    ends in; its length where it ends in none, or in one that is too long."""
    if not len(batch) or not _OF_BOOKS[batch[-1]["kind"]]:
        return len(batch)
    begins = np.flatnonzero(~_goes_on(batch[-MOST_OF_ONE:]))
    looked_from = max(0, len(batch) - MOST_OF_ONE)
    if len(begins):
        return looked_from + 1 + int(begins[-1])
    return len(batch)


def _goes_on(batch: Batch) -> npt.NDArray[np.bool_]:
    """For each message but the first: whether it belongs to one update with the message before it."""
    kind, instrument, ts_ns = batch["kind"], batch["instrument"], batch["ts_ns"]
    together: npt.NDArray[np.bool_] = (
        _CHANGES[kind[1:]] & _OF_BOOKS[kind[:-1]]
        & (instrument[1:] == instrument[:-1]) & (ts_ns[1:] == ts_ns[:-1])
    )  # fmt: skip
    return together
