"""Paths a second of the three models, each held against its closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from terminal.bench.quant_compare import figure, on_one_core, seconds
from terminal.bench.result import Benchmark, Result
from terminal.quant import european, heston
from terminal.quant.monte_carlo import Draws, GeometricBrownian, Heston, Model, Sampling, price
from terminal.quant.payoffs import EuropeanPayoff

PATHS, DATES = 65_536, 52
STRIKE = 105.0
_FARTHEST = 5.0
"""Standard errors that an estimate may lie from the closed form."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A model, where its draws come from, and what its estimate must come to, give or take ``bias``."""

    name: str
    model: Model
    sampling: Sampling
    exact: float
    bias: float = 0.0


def cases() -> list[_Case]:
    """Geometric Brownian motion by Sobol and by pseudo-random draws, and Heston by Andersen's scheme."""
    brownian = GeometricBrownian(100.0, 0.2, 0.03, 0.01)
    exact = european.price(100.0, STRIKE, 1.0, 0.2, 0.03, 0.01, True)
    stochastic = Heston(100.0, 0.03, 0.01, 0.04, 1.5, 0.05, 0.5, -0.7)
    known = heston.price(100.0, STRIKE, 1.0, 0.03, 0.01, True, 0.04, 1.5, 0.05, 0.5, -0.7)
    return [
        _Case("brownian_sobol", brownian, Sampling.SOBOL, exact),
        _Case("brownian_pseudo", brownian, Sampling.PSEUDO, exact),
        _Case("heston_sobol", stochastic, Sampling.SOBOL, known, bias=0.02),
    ]


def measured(case: _Case, paths: int = PATHS) -> Result:
    """The figure of one case; AssertionError when its price is not the closed form's."""
    times, payoff = np.arange(1, DATES + 1) / DATES, EuropeanPayoff(STRIKE, True)
    draws = Draws(paths=paths, seed=1, sampling=case.sampling)
    found = price(case.model, times, payoff, draws)
    away = abs(found.value - case.exact)
    if away > _FARTHEST * found.standard_error + case.bias:
        raise AssertionError(f"{case.name}: {found.value} where {case.exact} is exact")
    (own,) = seconds(lambda: price(case.model, times, payoff, draws))
    note = f"{found.paths:,} paths of {DATES} dates, {away:.0e} from the closed form, error {found.standard_error:.0e}"
    return figure(f"monte_carlo_{case.name}", found.paths / own / 1e6, "M paths/s", note=note)


def _paths(_long: bool) -> list[Result]:
    return [measured(case) for case in cases()]


BENCHMARKS: list[Benchmark] = [on_one_core("monte_carlo", _paths)]
