"""Threads for a chart's long work: histories of indicators, and waiting for the processes of own files."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")
_FILES = 4
"""Own files that a chart waits for at once; more take turns."""


class ChartWorkers:
    """No thread runs before there is work. UI thread only."""

    def __init__(self) -> None:
        self._histories: ThreadPoolExecutor | None = None
        self._files: ThreadPoolExecutor | None = None

    def compute(self, work: Callable[[], _T]) -> Future[_T]:
        """Runs a long computation."""
        if self._histories is None:
            self._histories = ThreadPoolExecutor(1, "chart-indicators")
        return self._histories.submit(work)

    def wait(self, work: Callable[[], _T]) -> Future[_T]:
        """Runs what mostly waits for another process."""
        if self._files is None:
            self._files = ThreadPoolExecutor(_FILES, "own-indicators")
        return self._files.submit(work)

    def close(self) -> None:
        """Ends the threads; end the processes that they wait for before. New work starts them again."""
        for pool in (self._histories, self._files):
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)
        self._histories = self._files = None
