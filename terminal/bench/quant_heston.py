"""Heston prices of a chain against QuantLib's analytic engine and its Gauss-Laguerre quadrature of 64 points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from terminal.bench import quant_inputs, quant_reference
from terminal.bench.peers import ask
from terminal.bench.quant_compare import QUANTLIB, beside_child, figure, on_one_core, seconds
from terminal.bench.quant_inputs import Columns
from terminal.bench.result import Benchmark, Result
from terminal.quant import heston

MODEL = {"v0": 0.04, "kappa": 1.5, "theta": 0.05, "sigma": 0.5, "rho": -0.7}
GOAL, LARGEST_ERROR = 500_000.0, 1e-10
_ARGUMENTS = ("spot", "strike", "time", "rate", "dividend_yield", "is_call")


@dataclass(frozen=True, slots=True)
class _Engine:
    """One of QuantLib's, and how near to the true price it is known to be on this chain."""

    task: str
    name: str
    tolerance: float


_ENGINES = (_Engine("heston_analytic", "analytic", 1e-8), _Engine("heston_laguerre_64", "Laguerre-64", 1e-3))


def chain() -> Columns:
    """20 strikes for each of 10 expiries, with the model's parameters as columns."""
    columns = quant_inputs.chain(20, 10)
    return {**columns, **{name: np.full(columns["strike"].size, value) for name, value in MODEL.items()}}


def arguments(columns: Columns) -> list[Any]:
    """The columns in the order of our function's arguments."""
    return [*(columns[name] for name in _ARGUMENTS), *MODEL.values()]


def _chain(_long: bool) -> list[Result]:
    columns = chain()
    inputs = arguments(columns)
    prices, count = heston.price(*inputs), columns["strike"].size
    error = float(np.max(np.abs(prices - quant_reference.heston_price(*inputs))))
    (own,) = seconds(lambda: heston.price(*inputs))
    note = f"{count} options, 10 expiries, worst error {error:.0e} at a spot of 100 (goal {LARGEST_ERROR:.0e})"
    row = figure("heston_chain_200", count / own, "prices/s", goal=GOAL, note=note)
    rows = [replace(row, meets_goal=bool(row.meets_goal) and error < LARGEST_ERROR)]
    for engine in _ENGINES:
        answer = ask(QUANTLIB, engine.task, columns)
        apart = float(np.max(np.abs(answer.arrays["price"] - prices))) if answer else 0.0
        bare = figure(f"heston_chain_200_{engine.task.removeprefix('heston_')}", row.value, row.unit)
        said = f"apart {apart:.0e}, tolerance {engine.tolerance:.0e}"
        peer = replace(QUANTLIB, name=f"QuantLib {engine.name}")
        rows.append(beside_child(bare, peer, answer, 1.0, agree=apart < engine.tolerance, note=said))
    return rows


BENCHMARKS: list[Benchmark] = [on_one_core("heston", _chain)]
