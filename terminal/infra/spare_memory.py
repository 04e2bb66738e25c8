"""Memory of the process: gives back what the start has left behind, and takes early what a session will fill."""

from __future__ import annotations

import ctypes
import linecache
import sys
from typing import Any

import numpy.typing as npt

_POPULATE_WRITE = 23
_PAGE = 4096
_AT_ONCE = 4 << 20


def forget_source_lines() -> None:
    """Empties :mod:`linecache`, file by file so that no thread waits long for the interpreter.

    PySide looks for its features in the source of every module imported after it, and the lines stay: 37 MB for the
    desk's start alone. A traceback reads again what it needs.
    """
    for name in list(linecache.cache):
        linecache.cache.pop(name, None)


def return_free_heap() -> bool:
    """Hands free pages of the C heap to the system; False where its library has no door for that (it is glibc's)."""
    if not sys.platform.startswith("linux"):
        return False
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return False
    trim(0)
    return True


def reserve(array: npt.NDArray[Any]) -> bool:
    """Has the system give the array its pages now, whatever is in it or is written meanwhile; any thread.

    A page that is touched for the first time stops the thread that touches it (0.1 ms on a virtual machine), and memory
    that is there from the start does not grow later. False where the system cannot (it takes Linux 5.14).
    """
    if not sys.platform.startswith("linux") or not array.flags.c_contiguous:
        return False
    advise = ctypes.CDLL(None).madvise
    start = -(-array.ctypes.data // _PAGE) * _PAGE
    end = (array.ctypes.data + array.nbytes) // _PAGE * _PAGE
    for place in range(start, end, _AT_ONCE):
        size = min(_AT_ONCE, end - place)
        if advise(ctypes.c_void_p(place), ctypes.c_size_t(size), ctypes.c_int(_POPULATE_WRITE)):
            return False
    return True
