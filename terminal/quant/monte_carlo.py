"""Monte Carlo: paths of geometric Brownian motion, Merton's jumps and Heston's model, and prices with standard errors.

Draws come in blocks that depend on the seed and the block's number alone (Philox streams, or independently scrambled
Sobol sequences), so the paths are the same, to the bit, on any number of threads. Sobol draws are spent by a Brownian
bridge, the first on the end of the path, the next on its middle and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import qmc

from terminal.quant import monte_carlo_kernel as kernel
from terminal.quant.columns import Floats

Result = TypeVar("Result")
_BLOCK = 4096
"""Paths that one task makes at a time."""
_SCRAMBLES = 32
"""Independent Sobol sequences, whose means tell the standard error."""
_SOBOL_BITS = 30


class Sampling(Enum):
    """Where the draws come from."""

    PSEUDO = "pseudo-random"
    ANTITHETIC = "antithetic"
    SOBOL = "sobol"


@dataclass(frozen=True, slots=True)
class Draws:
    """How many paths and which: equal draws give equal paths.

    Antithetic paths come in pairs, the second with all draws negated. Sobol: 32 scrambled sequences of a power of two;
    ``paths`` is rounded up to that. ``threads`` changes the speed only.
    """

    paths: int = 65536
    seed: int = 0
    sampling: Sampling = Sampling.SOBOL
    threads: int = 1

    def __post_init__(self) -> None:
        """Raises ValueError when nothing could be drawn."""
        least = 3 if self.sampling is Sampling.ANTITHETIC else 2
        if self.paths < least or self.threads < 1 or self.seed < 0:
            raise ValueError("draws need two paths or pairs, one thread and a seed of zero at least")


@dataclass(frozen=True, slots=True)
class Paths:
    """``spot`` of shape (paths, dates + 1), today first; ``variance`` alike for Heston's model; ``times`` with 0."""

    times: Floats
    spot: Floats
    variance: Floats | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean of discounted payoffs, its standard error, and the paths that it took."""

    value: float
    standard_error: float
    paths: int


class Model(Protocol):
    """What can be simulated: ``factors`` normals a date."""

    @property
    def factors(self) -> int:
        """Independent normals that one date takes."""
        ...

    @property
    def rate(self) -> float:
        """Continuous, for discounting."""
        ...

    def walk(self, normals: list[Floats], lengths: Floats) -> tuple[Floats, Floats | None]:
        """Spots, and variances where they move, from one array of shape (paths, dates) for each factor."""
        ...


@dataclass(frozen=True, slots=True)
class GeometricBrownian:
    """Black and Scholes's model; exact at the dates."""

    spot: float
    vol: float
    rate: float
    dividend_yield: float = 0.0

    def __post_init__(self) -> None:
        """Raises ValueError for numbers that no such model has."""
        _check(self.spot > 0.0 and self.vol >= 0.0, self.spot, self.vol, self.rate, self.dividend_yield)

    @property
    def factors(self) -> int:
        """One: the diffusion."""
        return 1

    def walk(self, normals: list[Floats], lengths: Floats) -> tuple[Floats, Floats | None]:
        """See :class:`Model`."""
        spots = _empty_paths(normals)
        drift = self.rate - self.dividend_yield
        kernel.geometric_brownian(normals[0], lengths, self.spot, self.vol, drift, spots)
        return spots, None


@dataclass(frozen=True, slots=True)
class Merton:
    """Merton's (1976) jumps: ``intensity`` a year, log jumps normal with ``jump_mean`` and ``jump_deviation``.

    ValueError where more than 700 are expected between two dates.
    """

    spot: float
    vol: float
    rate: float
    dividend_yield: float
    intensity: float
    jump_mean: float
    jump_deviation: float

    def __post_init__(self) -> None:
        """Raises ValueError for numbers that no such model has."""
        possible = self.spot > 0.0 and min(self.vol, self.intensity, self.jump_deviation) >= 0.0
        _check(possible, *self._numbers())

    def _numbers(self) -> tuple[float, ...]:
        drift = self.rate - self.dividend_yield
        return self.spot, self.vol, drift, self.intensity, self.jump_mean, self.jump_deviation

    @property
    def factors(self) -> int:
        """Three: the diffusion, the number of jumps, their sum."""
        return 3

    def walk(self, normals: list[Floats], lengths: Floats) -> tuple[Floats, Floats | None]:
        """See :class:`Model`."""
        if self.intensity * lengths.max() > kernel.MOST_MEAN_JUMPS:
            raise ValueError(f"more than {kernel.MOST_MEAN_JUMPS:.0f} jumps between two dates: simulate more dates")
        spots = _empty_paths(normals)
        kernel.merton(*normals, lengths, np.array(self._numbers()), spots)
        return spots, None


@dataclass(frozen=True, slots=True)
class Heston:
    """Heston's (1993) model by Andersen's (2008) QE scheme: biased by the length of its steps, which the dates set."""

    spot: float
    rate: float
    dividend_yield: float
    v0: float
    kappa: float
    theta: float
    sigma: float
    rho: float

    def __post_init__(self) -> None:
        """Raises ValueError for numbers that no such model has."""
        possible = self.spot > 0.0 and min(self.v0, self.kappa, self.theta, self.sigma) >= 0.0
        _check(possible and abs(self.rho) <= 1.0, *self._numbers())

    def _numbers(self) -> tuple[float, ...]:
        drift = self.rate - self.dividend_yield
        return self.spot, drift, self.v0, self.kappa, self.theta, self.sigma, self.rho

    @property
    def factors(self) -> int:
        """Two: the spot, given the variance, and the variance."""
        return 2

    def walk(self, normals: list[Floats], lengths: Floats) -> tuple[Floats, Floats | None]:
        """See :class:`Model`."""
        spots, variance = _empty_paths(normals), _empty_paths(normals)
        kernel.heston(*normals, lengths, np.array(self._numbers()), spots, variance)
        return spots, variance


Payoff = Callable[[Paths], Floats]
"""One amount a path, paid at the last date."""


def paths(model: Model, times: Sequence[float] | Floats, draws: Draws) -> Paths:
    """The paths themselves, at ``times`` in years, which rise from above 0; ValueError when they do not."""
    dates = _dates(times)
    blocks = list(_simulated(model, dates, draws, lambda block: block))
    spot = np.concatenate([block.spot for block in blocks])
    variances = [block.variance for block in blocks if block.variance is not None]
    return Paths(dates, spot, np.concatenate(variances) if variances else None)


def price(model: Model, times: Sequence[float] | Floats, payoff: Payoff, draws: Draws) -> Estimate:
    """The mean of ``payoff`` over the paths, discounted from the last of ``times``; memory holds a block at a time.

    The standard error is that of independent paths, of antithetic pairs, or of the means of scrambled sequences.
    """
    dates = _dates(times)
    amounts = np.concatenate(list(_simulated(model, dates, draws, payoff)))
    return estimate(amounts * np.exp(-model.rate * dates[-1]), draws)


def estimate(amounts: Floats, draws: Draws) -> Estimate:
    """Mean and standard error of one amount a path, in the order in which ``draws`` gives the paths."""
    group = {
        Sampling.PSEUDO: 1,
        Sampling.ANTITHETIC: 2,
        Sampling.SOBOL: amounts.size // _SCRAMBLES,
    }[draws.sampling]
    means = amounts[: amounts.size // group * group].reshape(-1, group).mean(axis=1)
    error = float(means.std(ddof=1) / np.sqrt(means.size))
    return Estimate(float(means.mean()), error, amounts.size)


def _check(possible: bool, *numbers: float) -> None:
    if not (possible and np.isfinite(numbers).all()):
        raise ValueError("a model's numbers are finite, its spot is positive and no deviation or speed is negative")


def _empty_paths(normals: list[Floats]) -> Floats:
    count, dates = normals[0].shape
    return np.empty((count, dates + 1))


def _dates(times: Sequence[float] | Floats) -> Floats:
    dates = np.concatenate([[0.0], np.asarray(times, np.float64).reshape(-1)])
    if dates.size < 2 or not np.isfinite(dates).all() or (np.diff(dates) <= 0.0).any():
        raise ValueError("times are finite and rise from above 0")
    return dates


def _simulated(model: Model, dates: Floats, draws: Draws, use: Callable[[Paths], Result]) -> Iterator[Result]:
    """``use`` of every block of paths, in order."""
    lengths = np.diff(dates)
    columns = model.factors * lengths.size
    sobol = draws.sampling is Sampling.SOBOL
    plan = _bridge_plan(dates) if sobol else None
    tasks = _SCRAMBLES if sobol else -(-draws.paths // _BLOCK)

    def work(task: int) -> list[Result]:
        results = []
        for normals in (_sobol if sobol else _pseudo)(draws, task, columns):
            # Neighbouring columns are one date's factors, so that each has its share of the best Sobol dimensions.
            factors = [np.ascontiguousarray(normals[:, factor :: model.factors]) for factor in range(model.factors)]
            if plan is not None:
                for place, factor in enumerate(factors):
                    factors[place] = np.empty_like(factor)
                    kernel.bridge(factor, *plan, lengths, factors[place])
            spots, variance = model.walk(factors, lengths)
            results.append(use(Paths(dates, spots, variance)))
        return results

    if draws.threads == 1:
        for task in range(tasks):
            yield from work(task)
        return
    with ThreadPoolExecutor(draws.threads) as pool:
        for results in pool.map(work, range(tasks)):
            yield from results


def _pseudo(draws: Draws, task: int, columns: int) -> Iterator[Floats]:
    """One block of normals from its own stretch of the Philox counter (Salmon et al. 2011)."""
    count = min(_BLOCK, draws.paths - task * _BLOCK)
    stream = np.random.Generator(np.random.Philox(key=draws.seed, counter=[0, 0, task, 0]))
    if draws.sampling is Sampling.PSEUDO:
        yield stream.standard_normal((count, columns))
        return
    half = stream.standard_normal(((count + 1) // 2, columns))
    yield np.stack([half, -half], axis=1).reshape(-1, columns)


def _sobol(draws: Draws, task: int, columns: int) -> Iterator[Floats]:
    """All normals of one scrambled sequence, block by block."""
    left = 1 << max(0, -(-draws.paths // _SCRAMBLES) - 1).bit_length()
    sequence = qmc.Sobol(columns, scramble=True, bits=_SOBOL_BITS, rng=np.random.default_rng([draws.seed, task]))
    while left > 0:
        count = min(left, _BLOCK)
        # The middle of each cell: a scrambled point may be 0 itself, whose normal is infinite.
        yield ndtri(sequence.random(count) + 0.5**_SOBOL_BITS / 2.0)
        left -= count


def _bridge_plan(dates: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """In which order the points of a path are set, between which others, and with what weights; for the kernel."""
    steps = dates.size - 1
    order, weights = np.empty((steps, 3), np.int64), np.zeros((steps, 3))
    order[0] = steps - 1, -1, -1
    weights[0, 2] = np.sqrt(dates[steps])
    # Gaps between points that are set, as indices of dates: the oldest is split first, so that halves come in turn.
    gaps = [(0, steps)]
    row = 1
    for low, high in gaps:
        if high - low < 2:
            continue
        middle = (low + high) // 2
        before, after = dates[middle] - dates[low], dates[high] - dates[middle]
        order[row] = middle - 1, low - 1, high - 1
        weights[row] = after / (before + after), before / (before + after), np.sqrt(before * after / (before + after))
        gaps += [(low, middle), (middle, high)]
        row += 1
    return order, weights
