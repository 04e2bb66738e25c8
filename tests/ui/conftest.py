"""Every test of the face leaves no window, timer or thread behind."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
from PySide6.QtWidgets import QApplication

GRACE_S = 3.0


def _destroy_windows() -> None:
    for window in QApplication.topLevelWidgets():
        if shiboken6.isValid(window):
            window.close()
            window.deleteLater()
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QCoreApplication.processEvents()


def _left_over(threads_before: set[threading.Thread]) -> list[str]:
    found = []
    for thing in gc.get_objects():
        if isinstance(thing, QTimer) and shiboken6.isValid(thing) and thing.isActive():
            found.append(f"an active QTimer of {thing.interval()} ms, parent {thing.parent()!r}")
        elif isinstance(thing, QThread) and shiboken6.isValid(thing) and thing.isRunning():
            found.append(f"a running QThread {thing.objectName()!r}")
    current = threading.current_thread()
    started = set(threading.enumerate()) - threads_before - {current}
    return found + [f"a running thread {thread.name!r}" for thread in started]


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp: QApplication) -> Iterator[None]:
    """Destroys all windows after a test and fails it when a timer or thread is still alive.

    The cyclic collector is off while a test runs: a collection in the middle of a paint or in a worker destroys
    QObjects in the wrong place, and the desk itself collects only between frames.
    """
    threads_before = set(threading.enumerate())
    gc.disable()
    try:
        yield
    finally:
        _destroy_windows()
        gc.enable()
        gc.collect()
    deadline = time.monotonic() + GRACE_S
    while (left := _left_over(threads_before)) and time.monotonic() < deadline:
        QCoreApplication.processEvents()
        time.sleep(0.01)
    if left:
        pytest.fail("the test left behind: " + "; ".join(left), pytrace=False)
