"""Gives memory back that the start has left behind."""

from __future__ import annotations

import ctypes
import linecache
import sys


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
