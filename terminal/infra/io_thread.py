"""The io thread: a plain asyncio loop of its own, so that nothing on the screen can delay a socket."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")
log = logging.getLogger(__name__)


class IoThread(threading.Thread):
    """Runs coroutines that other threads hand in; ends them all when it stops."""

    def __init__(self) -> None:
        super().__init__(name="io", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._running = threading.Event()

    def run(self) -> None:
        """The thread's loop."""
        if self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(_log_failure)
        self._loop.call_soon(self._running.set)
        try:
            self._loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.close()

    def submit(self, coroutine: Coroutine[Any, Any, _T]) -> concurrent.futures.Future[_T]:
        """Runs a coroutine on the io thread; the future carries its result to any thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def stop(self, timeout_s: float = 3.0) -> None:
        """Cancels what still runs and ends the thread."""
        if self.ident is None:
            self._loop.close()
        if not self.is_alive():
            return
        self._running.wait(timeout_s)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.join(timeout_s)


def _log_failure(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    log.error("a task on the io thread failed: %s", context.get("message"), exc_info=context.get("exception"))
