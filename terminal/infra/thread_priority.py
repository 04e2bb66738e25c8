"""Threads that may wait give way to those that a trader sees, where the system has priorities by thread."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

BACKGROUND_NICENESS = 10


def give_way() -> None:
    """Lowers the calling thread's priority for good, on Linux; elsewhere it stays as it is.

    Only for threads that seldom hold the interpreter's lock for long: one that waits for the processor with it would
    make everybody wait.
    """
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + BACKGROUND_NICENESS)
