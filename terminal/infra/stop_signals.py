"""SIGINT and SIGTERM as a wish to stop, from the first moment of the process on."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator

_AGAIN_AFTER_S = 1.0
"""Two signals closer than this are one wish: a terminal sends SIGINT to the whole process group."""


def install() -> threading.Event:
    """Gives the event that the signals set; one more signal later raises KeyboardInterrupt. Main thread only."""
    wanted = threading.Event()
    first_s = 0.0

    def take(_number: int, _frame: object) -> None:
        nonlocal first_s
        if wanted.is_set() and time.monotonic() - first_s > _AGAIN_AFTER_S:
            raise KeyboardInterrupt
        if not wanted.is_set():
            first_s = time.monotonic()
        wanted.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, take)
    return wanted


@contextlib.contextmanager
def interrupting() -> Iterator[None]:
    """Within it SIGTERM is what SIGINT is, a KeyboardInterrupt, so that child processes are ended. Main thread only."""

    def take(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, take)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
