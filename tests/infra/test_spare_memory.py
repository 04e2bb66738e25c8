"""Memory is given back, and what was in it can be had again."""

from __future__ import annotations

import linecache
import platform

from terminal.infra import spare_memory


def test_lines_are_forgotten_and_can_be_read_again() -> None:
    path = spare_memory.__file__
    before = linecache.getlines(path)
    assert before
    assert path in linecache.cache
    spare_memory.forget_source_lines()
    assert linecache.cache == {}
    assert linecache.getlines(path) == before


def test_the_heap_is_trimmed_where_the_system_can() -> None:
    assert spare_memory.return_free_heap() == (platform.libc_ver()[0] == "glibc")
