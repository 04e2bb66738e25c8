"""Runs inside a peer's environment, as a script: one task of one peer, timed. It may import nothing of ours.

The peer's script has ``TASKS``: name to a function that takes the input columns and gives the work, a function without
arguments that gives the answers by name. What is prepared before the work is not timed.
"""

from __future__ import annotations

import importlib.util
import json
import statistics
import sys
import time
from importlib import metadata
from typing import Any

import numpy as np

SHORTEST_ROUND_S = 0.01


def median_seconds(work: Any, rounds: int) -> float:
    """Median over ``rounds`` of the time of one call; short work is repeated within a round.

    Work that has a ``before`` is made ready by it before every call, without the clock, and is not repeated.
    """
    if hasattr(work, "before"):
        return statistics.median(once(work) for _ in range(rounds))
    start = time.perf_counter()
    work()
    calls = max(1, round(SHORTEST_ROUND_S / max(time.perf_counter() - start, 1e-9)))
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            work()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times)


def once(work: Any) -> float:
    """Seconds of one call of work that has to be made ready before."""
    work.before()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(order: dict[str, Any]) -> None:
    """Does what the order says; the last line of standard output is the report."""
    spec = importlib.util.spec_from_file_location("peer", order["script"])
    if spec is None or spec.loader is None:
        raise SystemExit(f"{order['script']} is no script")
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    prepare = peer.TASKS[order["task"]]
    with np.load(order["inputs"]) as file:
        inputs = {name: file[name] for name in file.files}
    rows = len(next(iter(inputs.values())))
    answers = prepare(inputs)()
    np.savez(order["answers"], **answers)
    timed = min(order["timed"] or rows, rows)
    seconds = 0.0
    if order["rounds"]:
        work = prepare({name: np.ascontiguousarray(column[:timed]) for name, column in inputs.items()})
        work()
        seconds = median_seconds(work, order["rounds"])
    report = {"version": metadata.version(order["package"]), "seconds": seconds, "timed": timed}
    sys.stdout.write("\n" + json.dumps(report) + "\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
