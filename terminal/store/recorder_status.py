"""How the recording is doing, as the desk shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class RecorderState(Enum):
    """How the recording is doing."""

    OK = "ok"
    DEGRADED = "degraded"
    """Behind by half a ring or more, or the database takes nothing for now: messages wait, none is lost."""
    FAILING = "failing"
    """The disk takes nothing at all: messages are being missed, and counted."""


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """One reading. ``lag``: messages not in the database, of them ``spilled`` in the file. ``problem``: a sentence."""

    state: RecorderState
    lag: int
    spilled: int
    rows: int
    refused: int
    missing: int
    problem: str
