"""Work for another thread of which the newest question counts: what was asked before and not begun is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class NewestWork(Generic[Question, Answer]):
    """One thread of this ``name``, one question at a time. UI thread only; no thread runs before there is work."""

    def __init__(self, name: str, work: Callable[[Question], Answer]) -> None:
        self._name, self._work = name, work
        self._pool: ThreadPoolExecutor | None = None
        self._running: Future[Answer] | None = None
        self._next: Question | None = None
        self._is_unwanted = False

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._running is not None

    def ask(self, question: Question) -> None:
        """Wants an answer; an older question that was not begun is forgotten."""
        self._next = question
        self._start()

    def take(self) -> Answer | None:
        """The newest answer since the last call. Raises what the work raised."""
        if self._running is None or not self._running.done():
            return None
        done, self._running = self._running, None
        is_wanted, self._is_unwanted = not self._is_unwanted, False
        self._start()
        return done.result() if is_wanted else None

    def forget(self) -> None:
        """Wants no answer to anything that was asked."""
        self._next = None
        self._is_unwanted = self._running is not None

    def close(self) -> None:
        """Ends the thread after what it is at, without waiting for it; a later question starts another."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._running = self._next = None
        self._is_unwanted = False

    def _start(self) -> None:
        if self._running is not None or self._next is None:
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, self._name)
        question, self._next = self._next, None
        self._running = self._pool.submit(self._work, question)
