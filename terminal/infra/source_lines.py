"""Gives back the source lines that an import left in memory."""

from __future__ import annotations

import linecache


def forget_source_lines() -> None:
    """Empties :mod:`linecache`, file by file so that no thread waits long for the interpreter.

    PySide looks for its features in the source of every module imported after it, and the lines stay: 37 MB for the
    desk's start alone. A traceback reads again what it needs.
    """
    for name in list(linecache.cache):
        linecache.cache.pop(name, None)
