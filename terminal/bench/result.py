"""What a benchmark is and what it says."""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import llvmlite
import numba
import numpy as np
import psutil

from terminal import __version__

ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Result:
    """One figure, as the JSON has it. ``ratio`` above 1 is ahead of the peer; a missing peer leaves its fields None.

    ``goal`` is in the unit of ``value``, or a ratio to the peer where ``goal_is_ratio``.
    """

    name: str
    group: str
    value: float
    unit: str
    better: str
    goal: float | None = None
    meets_goal: bool | None = None
    peer: str | None = None
    peer_version: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    answers_agree: bool | None = None
    note: str = ""
    goal_is_ratio: bool = False

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A named measurement; ``run(long)`` gives its figures."""

    name: str
    group: str
    run: Callable[[bool], list[Result]]


def result(
    name: str, group: str, value: float, unit: str, *, better: str = "higher", goal: float | None = None, note: str = ""
) -> Result:
    """A figure without a peer; whether it meets its goal follows from ``better``."""
    if better not in {"higher", "lower"}:
        raise ValueError(f"better is higher or lower, was {better}")
    meets = None if goal is None else (value >= goal if better == "higher" else value <= goal)
    return Result(name, group, round(value, 4), unit, better, goal, meets, note=note)


def median_seconds(
    work: Callable[[], object], rounds: int = ROUNDS, prepare: Callable[[], object] | None = None
) -> float:
    """Median wall time of ``rounds`` calls after one that is not counted."""
    times = []
    for number in range(rounds + 1):
        if prepare is not None:
            prepare()
        start = time.perf_counter()
        work()
        if number:
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "moneyness": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "llvmlite": llvmlite.__version__,
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": psutil.cpu_count(logical=True),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "load": [round(each, 2) for each in psutil.getloadavg()],
    }


def _processor() -> str:
    if sys.platform == "linux":
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - not a file of ours
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
