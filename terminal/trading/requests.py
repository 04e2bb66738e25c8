"""What other threads may ask of the orders thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from terminal.core.events import Body
from terminal.core.orders import OrderIntent


@dataclass(frozen=True, slots=True)
class Submit:
    """Judge an intent and send it; ``asked_ns`` is ``perf_counter_ns`` of the wish, for the latency meter."""

    intent: OrderIntent
    asked_ns: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel one order."""

    order_id: str
    reason: str = ""
    correlation: str = ""


@dataclass(frozen=True, slots=True)
class CancelAll:
    """Cancel every live order."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Flatten:
    """Cancel every live order and, once none is left, close every position at market; given up after 30 seconds."""

    correlation: str = ""


@dataclass(frozen=True, slots=True)
class RollDay:
    """Begin a trading day; ``marks_px`` are the settlement prices of the day that ended, by instrument id."""

    day: date
    marks_px: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The market has reached ``ts_ns``."""

    ts_ns: int


@dataclass(frozen=True, slots=True)
class Note:
    """Keep a remark in the journal."""

    body: Body


@dataclass(frozen=True, slots=True)
class CloseSession:
    """The session is over."""

    reason: str


Request = Submit | Cancel | CancelAll | Flatten | RollDay | Heartbeat | Note | CloseSession
