"""Source lines are given back, and read again by who needs them."""

from __future__ import annotations

import linecache

from terminal.infra import source_lines


def test_lines_are_forgotten_and_can_be_read_again() -> None:
    path = source_lines.__file__
    before = linecache.getlines(path)
    assert before
    assert path in linecache.cache
    source_lines.forget_source_lines()
    assert linecache.cache == {}
    assert linecache.getlines(path) == before
