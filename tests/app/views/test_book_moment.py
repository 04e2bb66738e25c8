"""What is read of a book that changes all the while is of one moment, or is said not to be."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from terminal.app.views.book_moment import at_one_moment


class Book:
    """Changes at the reads whose numbers are given; every change is an update with a number of its own."""

    def __init__(self, changes: set[int], *, is_numbered: bool = True) -> None:
        self.version, self.reads, self._changes, self._is_numbered = 0, 0, changes, is_numbered

    def look(self) -> int:
        self.reads += 1
        self.version += self.reads in self._changes
        return self.version

    def moment(self, _instrument: int) -> tuple[int, int]:
        return self.version, self.version if self._is_numbered else -1


@given(st.sets(st.integers(1, 12)))
def test_a_number_is_given_only_for_reads_of_one_moment(changes: set[int]) -> None:
    book: Any = Book(changes)
    found, sequence = at_one_moment(book, 1, lambda: (book.look(), book.look()))
    if sequence is None:
        assert book.reads == 10, "it gives up after four tries"
    else:
        assert found == (sequence, sequence)


def test_a_book_without_numbers_has_none() -> None:
    book: Any = Book(set(), is_numbered=False)
    assert at_one_moment(book, 1, book.look) == (0, None)
