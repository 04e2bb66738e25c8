"""A thread that gives way is the only one that does."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from terminal.infra.thread_priority import BACKGROUND_NICENESS, give_way


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities by thread")
def test_only_the_calling_thread_gives_way() -> None:
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    found: list[int] = []

    def work() -> None:
        give_way()
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [min(19, before + BACKGROUND_NICENESS)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
