"""Waiting for what a thread prepares without standing still."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import TypeVar

from terminal.core.messages import Batch, empty_batch

T = TypeVar("T")
_PATIENCE_S = 0.01


def empty_until(ready: Future[T]) -> Iterator[Batch]:
    """Empty batches, one each 10 ms, until ``ready`` has its result; what it raised is left for ``result()``."""
    while not ready.done():
        try:
            ready.exception(_PATIENCE_S)
        except NotYet:
            yield empty_batch(0)
