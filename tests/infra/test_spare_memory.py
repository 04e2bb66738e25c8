"""Memory is given back, and what was in it can be had again."""

from __future__ import annotations

import linecache
import mmap
import platform
import re
import sys

import numpy as np
import psutil

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


def test_a_reserved_array_has_its_pages_and_its_contents() -> None:
    # A mapping of its own: what the heap gives may have its pages from an earlier use.
    array = np.frombuffer(mmap.mmap(-1, (64 << 20) + 123), np.uint8)
    array[5_000] = 7
    before = resident_bytes()
    if not spare_memory.reserve(array):
        assert not sys.platform.startswith("linux") or _kernel_version() < (5, 14)
        return
    assert resident_bytes() - before > 60 << 20
    assert (int(array[5_000]), int(array.sum())) == (7, 7)
    assert not spare_memory.reserve(array[::2]), "only what lies in one piece"


def resident_bytes() -> int:
    return int(psutil.Process().memory_info().rss)


def _kernel_version() -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", platform.release())[:2])
