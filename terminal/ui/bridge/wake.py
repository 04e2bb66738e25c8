"""What must not be lost on its way to the screen: orders, fills, alerts. One queued signal wakes the UI thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

_T = TypeVar("_T")


class _Bell(QObject):
    rung = Signal()


class WakeQueue(Generic[_T]):
    """``put`` from any thread; ``take`` gets every item, in order, on the UI thread. However many items come between
    two turns of the event loop, one signal is sent."""

    def __init__(self, take: Callable[[_T], None]) -> None:
        self._items: deque[_T] = deque()
        self._take = take
        self._lock = threading.Lock()
        self._is_rung = False
        self._bell = _Bell()
        self._bell.rung.connect(self.drain, Qt.ConnectionType.QueuedConnection)

    def put(self, item: _T) -> None:
        """Adds an item; returns at once."""
        self._items.append(item)
        with self._lock:
            if self._is_rung:
                return
            self._is_rung = True
        self._bell.rung.emit()

    def drain(self) -> None:
        """Hands over everything that has come."""
        with self._lock:
            self._is_rung = False
        while self._items:
            self._take(self._items.popleft())

    def __len__(self) -> int:
        return len(self._items)

    def close(self) -> None:
        """Ends the wake-ups; what is left can still be drained."""
        self._bell.rung.disconnect()
