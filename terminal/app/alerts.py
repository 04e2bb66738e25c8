"""Alerts and toasts as a model: at most three in sight, errors stay until somebody has read them."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

STACK = 3
INFO_S = 5.0
_KEPT = 500


class Level(Enum):
    """How much a person must care."""

    INFO = "info"
    GOOD = "good"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to say. ``command`` names a command offered as a button, with ``command_title``."""

    number: int
    level: Level
    text: str
    market_ns: int
    raised_s: float
    command: str = ""
    command_title: str = ""


class Alerts:
    """Everything raised, what is in sight and what is unread. Any thread; listeners run on the raising thread."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._history: deque[Alert] = deque(maxlen=_KEPT)
        self._open: list[Alert] = []
        self._unread = 0
        self._listeners: list[Callable[[Alert | None], None]] = []

    def raise_(
        self, level: Level, text: str, *, market_ns: int = 0, command: str = "", command_title: str = ""
    ) -> Alert:
        """Says something. The same text while it is still in sight is not stacked twice."""
        with self._lock:
            for shown in self._open:
                if shown.text == text and shown.level is level:
                    return shown
            alert = Alert(next(self._numbers), level, text, market_ns, self._now_s(), command, command_title)
            self._history.append(alert)
            self._open.append(alert)
            self._unread += 1
        self._tell(alert)
        return alert

    def in_sight(self) -> tuple[Alert, ...]:
        """At most three, newest last: errors first come, first shown; others leave after five seconds."""
        now_s = self._now_s()
        with self._lock:
            self._open = [each for each in self._open if each.level is Level.ERROR or now_s - each.raised_s < INFO_S]
            errors = [each for each in self._open if each.level is Level.ERROR][:STACK]
            others = [each for each in self._open if each.level is not Level.ERROR]
            room = STACK - len(errors)
            chosen = errors + (others[-room:] if room else [])
            return tuple(sorted(chosen, key=lambda each: each.number))

    def dismiss(self, number: int) -> None:
        """A person has read one."""
        with self._lock:
            self._open = [each for each in self._open if each.number != number]
        self._tell(None)

    def mark_read(self) -> None:
        """The list was opened: the bell's count is zero."""
        self._unread = 0
        self._tell(None)

    @property
    def unread(self) -> int:
        """The number at the bell."""
        return self._unread

    def history(self) -> tuple[Alert, ...]:
        """The last 500, oldest first."""
        with self._lock:
            return tuple(self._history)

    def subscribe(self, listener: Callable[[Alert | None], None]) -> Callable[[], None]:
        """Calls ``listener`` with each new alert, or None when one was read; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _tell(self, alert: Alert | None) -> None:
        for listener in tuple(self._listeners):
            listener(alert)
