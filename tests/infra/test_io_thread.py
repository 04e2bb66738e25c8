"""The io thread runs what it is given and ends what is left."""

from __future__ import annotations

import asyncio
import threading

from terminal.infra.io_thread import IoThread


def test_results_come_back_and_what_still_runs_is_cancelled() -> None:
    io = IoThread()
    io.start()
    ended = threading.Event()

    async def name() -> str:
        return threading.current_thread().name

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    assert io.submit(name()).result(10) == "io"
    io.submit(forever())
    io.submit(name()).result(10)
    io.stop()
    assert ended.is_set()
    assert not io.is_alive()


def test_stopping_a_thread_that_never_ran_is_nothing() -> None:
    io = IoThread()
    io.stop()
    io.start()
    io.stop()
    assert not io.is_alive()
