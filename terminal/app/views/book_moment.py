"""Reads that belong together, of one moment of a book."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from terminal.app.market_port import BookReader

_TRIES = 4
_T = TypeVar("_T")


def at_one_moment(book: BookReader, instrument: int, read: Callable[[], _T]) -> tuple[_T, int | None]:
    """What ``read`` gives, and the sequence of the book's update it is of; read again while the book changes meanwhile.

    None where it changed every time, and where there is no book or its venue does not number its updates.
    """
    before = book.moment(instrument)
    for _ in range(_TRIES):
        found = read()
        after = book.moment(instrument)
        if after == before:
            return found, after[1] if after[1] >= 0 else None
        before = after
    return read(), None
