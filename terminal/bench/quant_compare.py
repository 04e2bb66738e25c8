"""How a figure of ours is set beside a peer's: one core, answers first, median of seven, rounds in turn."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from terminal.bench.peers import Answer, Peer
from terminal.bench.result import ROUNDS, Benchmark, Result, result

VOLR = Peer("pyvolr", "volr", "peer_black.py", "pyvolr")
VECTORIZED = Peer("py_vollib_vectorized", "vectorized", "peer_black.py", "py_vollib_vectorized")
VOLLIB = Peer("vollib", "vollib", "peer_black.py", "vollib")
FAST_VOLLIB = Peer("fast-vollib", "fastvollib", "peer_black.py", "fast-vollib")
QUANTLIB = Peer("QuantLib", "quantlib", "peer_quantlib.py", "QuantLib")

_ROUND_S = 0.02
Work = Callable[[], object]


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Holds this thread, and the children it starts, on one core where the system allows it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def on_one_core(name: str, run: Callable[[bool], list[Result]]) -> Benchmark:
    """A benchmark of the group ``quant`` that runs on one core."""

    def pinned(long: bool) -> list[Result]:
        with one_core():
            return run(long)

    return Benchmark(name, "quant", pinned)


def seconds(*works: Work, rounds: int = ROUNDS) -> list[float]:
    """The median time of a call of each work; their rounds take turns, short ones are repeated within a round."""
    calls = []
    for work in works:
        work()
        start = time.perf_counter()
        work()
        calls.append(max(1, round(_ROUND_S / max(time.perf_counter() - start, 1e-9))))
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, count, taken in zip(works, calls, times, strict=True):
            start = time.perf_counter()
            for _ in range(count):
                work()
            taken.append((time.perf_counter() - start) / count)
    return [statistics.median(each) for each in times]


def beside(row: Result, peer: str, version: str, value: float, *, agree: bool | None, note: str = "") -> Result:
    """``row`` with a peer's figure in the same unit; ``agree`` None where the peer is none for accuracy."""
    ratio = row.value / value if row.better == "higher" else value / row.value
    both = "; ".join(each for each in (row.note, note) if each)
    return replace(
        row,
        peer=peer,
        peer_version=version,
        peer_value=round(value, 6),
        ratio=round(ratio, 4),
        answers_agree=agree,
        meets_goal=ratio >= row.goal if row.goal_is_ratio and row.goal is not None else row.meets_goal,
        note=both,
    )


def beside_child(
    row: Result, peer: Peer, answer: Answer | None, scale: float, *, agree: bool | None = None, note: str = "",
    missing: str = "",
) -> Result:  # fmt: skip
    """``row`` with the rate that a peer's child reported, in rows a second times ``scale``; as it is without one.

    ``missing``: why there is none, unless the peer is not installed.
    """
    if answer is None:
        missing = missing or f"{peer.name} is not installed"
        return replace(row, note="; ".join(each for each in (row.note, missing) if each))
    return beside(row, peer.name, answer.version, answer.rate * scale, agree=agree, note=note)


def figure(
    name: str, value: float, unit: str, *, better: str = "higher", goal: float | None = None, note: str = ""
) -> Result:
    """A figure of the group ``quant``."""
    return result(name, "quant", value, unit, better=better, goal=goal, note=note)


def ratio_goal(row: Result, goal: float) -> Result:
    """``row`` with a goal that is a ratio to its peer; open until the peer is known."""
    return replace(row, goal=goal, goal_is_ratio=True, meets_goal=None)
