"""European price and Greeks against NumPy, pyvolr, py_vollib_vectorized, QuantLib and vollib."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from terminal.bench import quant_inputs, quant_reference
from terminal.bench.peers import Peer, ask
from terminal.bench.quant_compare import (
    QUANTLIB,
    VECTORIZED,
    VOLLIB,
    VOLR,
    beside,
    beside_child,
    figure,
    on_one_core,
    ratio_goal,
    seconds,
)
from terminal.bench.quant_inputs import Columns
from terminal.bench.result import Benchmark, Result
from terminal.quant import european

GREEKS = ("price", "delta", "gamma", "vega", "theta", "rho")
_MEGA = 1e-6
_TOLERANCE = 1e-11
"""Of the largest value of each column."""


@dataclass(frozen=True, slots=True)
class _Rival:
    """A peer's task, how many rows of it are timed, which columns are compared and how near they must be."""

    peer: Peer
    task: str
    timed: int
    columns: tuple[str, ...] = GREEKS
    tolerance: float = _TOLERANCE
    note: str = ""


_RIVALS = (
    _Rival(VOLR, "volr_greeks", 10_000),
    _Rival(
        VECTORIZED,
        "vectorized_greeks",
        10_000,
        ("price", "delta", "gamma", "vega"),
        1e-2,
        "its Greeks are differences, its theta one day's decay and its rho at a fixed carry: these two not compared",
    ),
    _Rival(QUANTLIB, "european_greeks", 2_000),
    _Rival(VOLLIB, "vollib_greeks", 500),
)


def answers(found: Any) -> Columns:
    """The six columns of a Greeks object."""
    return {name: np.asarray(getattr(found, name)) for name in GREEKS}


def largest_difference(ours: Columns, theirs: Columns, names: Sequence[str] = GREEKS) -> float:
    """The largest difference in units of each column's largest value; inf where one is NaN and the other not."""
    worst = 0.0
    for name in names:
        if not np.array_equal(np.isnan(ours[name]), np.isnan(theirs[name])):
            return float("inf")
        worst = max(worst, float(np.nanmax(np.abs(ours[name] - theirs[name])) / np.nanmax(np.abs(ours[name]))))
    return worst


def _accuracy(columns: Columns, prices: Any) -> str:
    if not quant_reference.has_extended_precision():
        return "no extended precision here to measure the price's error with"
    worst = float(quant_reference.price_errors(columns, prices).max())
    return f"price within {worst:.1e} of its scale"


def _row(name: str, columns: Columns, goal: float | None, arguments: Sequence[Any] = ()) -> tuple[Result, Columns]:
    """Our row beside NumPy's, and our answers. ``arguments``: the columns as both are given them, if not whole."""
    arguments = arguments or quant_inputs.market(columns)
    ours, theirs = answers(european.main_greeks(*arguments)), quant_reference.numpy_greeks(*arguments)
    apart = largest_difference(ours, theirs)
    own, plain = seconds(lambda: european.main_greeks(*arguments), lambda: quant_reference.numpy_greeks(*arguments))
    count = columns["spot"].size
    note = f"{_accuracy(columns, ours['price'])}, NumPy's {_accuracy(columns, theirs['price'])}"
    row = figure(name, count / own * _MEGA, "M options/s", note=note)
    row = row if goal is None else ratio_goal(row, goal)
    version = f"{np.__version__}, {scipy.__version__}"
    agree = apart < _TOLERANCE
    return beside(row, "NumPy + ndtr", version, count / plain * _MEGA, agree=agree, note=_apart(apart)), ours


def _apart(apart: float, tolerance: float = _TOLERANCE) -> str:
    return f"apart {apart:.0e} of the column's largest, tolerance {tolerance:.0e}"


def _greeks(_long: bool) -> list[Result]:
    columns = quant_inputs.options(10_000)
    row, ours = _row("european_greeks_10k", columns, 3.0)
    rows = [row]
    for rival in _RIVALS:
        answer = ask(rival.peer, rival.task, columns, timed=rival.timed)
        apart = largest_difference(ours, answer.arrays, rival.columns) if answer else 0.0
        note = "; ".join(each for each in (_apart(apart, rival.tolerance), rival.note) if each)
        bare = figure(f"european_greeks_10k_{rival.peer.environment}", row.value, row.unit)
        rows.append(beside_child(bare, rival.peer, answer, _MEGA, agree=apart < rival.tolerance, note=note))
    chain = quant_inputs.chain(200)
    rows.append(_row("european_greeks_chain_200", chain, 6.0, quant_inputs.one_expiry(chain))[0])
    rows.append(_row("european_greeks_200_rows", chain, None)[0])
    return rows


def _all_greeks(_long: bool) -> list[Result]:
    arguments = quant_inputs.market(quant_inputs.options(10_000))
    every, main = seconds(lambda: european.greeks(*arguments), lambda: european.main_greeks(*arguments))
    note = f"price and 8 Greeks {10_000 / every * _MEGA:.0f} M options/s, over the cost of price and 5"
    return [figure("european_all_greeks_cost", every / main, "x", better="lower", goal=1.5, note=note)]


BENCHMARKS: list[Benchmark] = [
    on_one_core("european_greeks", _greeks),
    on_one_core("european_all_greeks", _all_greeks),
]
