"""Tasks of the peers that pass market messages to a handler, run by peer_child.py in the environment of each.

Columns: instrument, bid, ask (1/10,000) and more. Objects are made before the clock starts. The answers are how many
messages arrived and each instrument's last bid and ask.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

Columns = dict[str, Any]
Work = Callable[[], Columns]


def _answer(columns: Columns, count: int, last: dict[int, tuple[float, float]]) -> Columns:
    known = np.full((int(columns["instrument"].max()) + 1, 2), np.nan)
    for instrument, sides in last.items():
        known[instrument] = sides
    return {"count": np.array([count]), "last": known}


def vnpy_events(columns: Columns) -> Work:
    """vnpy's EventEngine: one queue, one thread, one handler that does nothing but look."""
    event = importlib.import_module("vnpy.event")
    names = ("instrument", "bid", "ask")
    rows = list(zip(*(columns[name].tolist() for name in names), strict=True))
    messages = [event.Event("tick", row) for row in rows]

    def work() -> Columns:
        engine, done, last, count = event.EventEngine(), threading.Event(), {}, [0]

        def look(message: Any) -> None:
            instrument, bid, ask = message.data
            last[instrument] = (bid, ask)
            count[0] += 1

        engine.register("tick", look)
        engine.register("end", lambda _: done.set())
        engine.start()
        for message in messages:
            engine.put(message)
        engine.put(event.Event("end"))
        done.wait()
        engine._active = False
        return _answer(columns, count[0], last)

    return work


TASKS = {"vnpy_events": vnpy_events}
