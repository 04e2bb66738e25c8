"""Calibration of Heston's model to a chain of European options, and the report of its quality."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from terminal.quant import european, implied_vol
from terminal.quant.columns import Flags, Floats, float_columns
from terminal.quant.heston_kernel import GREEKS, solve_columns

PARAMETERS = ("v0", "kappa", "theta", "sigma", "rho")
DEFAULT_BOUNDS = {
    "v0": (1e-6, 4.0), "kappa": (1e-3, 20.0), "theta": (1e-6, 4.0), "sigma": (1e-3, 10.0), "rho": (-0.999, 0.999),
}  # fmt: skip
_SCALES = np.array([0.04, 1.0, 0.04, 0.5, 0.5])
_LEAST_QUOTES = 5
_LEAST_VEGA = 0.02  # of the vega at the money
_SCOUT_EVALUATIONS, _MOST_EVALUATIONS = 15, 300
_TOLERANCE = 1e-12
_PERFECT_RMSE = 1e-8
_AT_BOUND = 1e-4  # of the distance between the bounds' ends, in logarithms but for rho


class FitStatus(IntEnum):
    """How a calibration ended."""

    CONVERGED = 0
    TOO_FEW_QUOTES = 1
    NOT_CONVERGED = 2


@dataclass(frozen=True, slots=True)
class ExpiryFit:
    """How well one expiry is met: ``quotes`` used, and of model less market vol the root mean square, the mean and the
    one of largest size."""

    time: float
    quotes: int
    rmse: float
    bias: float
    largest: float


@dataclass(frozen=True, slots=True)
class RejectedQuote:
    """A quote left out: its ``place`` in the flattened common shape, and why."""

    place: int
    reason: str


@dataclass(frozen=True, slots=True)
class HestonFit:
    """Fitted parameters and how good they are; NaN if ``status`` is TOO_FEW_QUOTES.

    ``errors`` are model less market Black vols in the quotes' common shape, NaN for those in ``rejected``; ``rmse`` is
    theirs with equal weights. ``at_bounds`` names the parameters that lie on a bound: the data do not hold them.
    ``feller_ratio`` is ``2 kappa theta / sigma^2``; below 1 the variance touches zero. ``evaluations`` counts
    revaluations of the whole chain.
    """

    v0: float
    kappa: float
    theta: float
    sigma: float
    rho: float
    status: FitStatus
    rmse: float
    errors: Floats
    expiries: tuple[ExpiryFit, ...]
    rejected: tuple[RejectedQuote, ...]
    at_bounds: tuple[str, ...]
    feller_ratio: float
    evaluations: int

    @property
    def parameters(self) -> tuple[float, float, float, float, float]:
        """As the pricing functions take them: v0, kappa, theta, sigma, rho."""
        return self.v0, self.kappa, self.theta, self.sigma, self.rho


def calibrate(
    spot: Any, strike: Any, time: Any, rate: Any, dividend_yield: Any, is_call: Any,
    *,
    price: Any = None, vol: Any = None, weight: Any = 1.0,
    start: tuple[float, float, float, float, float] | None = None,
    bounds: dict[str, tuple[float, float]] | None = None,
) -> HestonFit:  # fmt: skip
    """Fits v0, kappa, theta, sigma and rho to quotes given as ``price`` or as Black ``vol`` (exactly one of them).

    Least squares of ``weight`` times the price error over Black's vega, which is the vol error to first order (the vega
    is taken as not less than 2% of that at the money, so that quotes without time value do not lead), by a trust region
    within ``bounds`` (a dict by parameter; DEFAULT_BOUNDS for the rest), with the exact Jacobian. Scouts from
    ``start``, if given, and from several other points, and finishes from the best. All quotes are used as
    out-of-the-money options of the same vol.

    Quotes that are not finite, have no weight, or no vol are left out and listed, never raised. Raises ValueError for
    shapes that do not fit, and unless exactly one of ``price`` and ``vol`` is given.
    """
    if (price is None) == (vol is None):
        raise ValueError("give the quotes either as price or as vol")
    quoted = price if vol is None else vol
    columns, calls, shape = float_columns((spot, strike, time, rate, dividend_yield, quoted, weight), is_call)
    market, rejected = _market_vols(columns, calls, is_price=vol is None)
    is_good = np.isfinite(market)
    if is_good.sum() < _LEAST_QUOTES:
        return _failed(shape, rejected)
    problem = _Problem([column[is_good] for column in columns], market[is_good])
    ends = {**DEFAULT_BOUNDS, **(bounds or {})}
    lowest, highest = (np.array([ends[name][side] for name in PARAMETERS]) for side in (0, 1))

    def search(point: Any, evaluations: int) -> Any:
        inside = np.clip(np.asarray(point, np.float64), lowest + 1e-9 * (highest - lowest), highest)
        return least_squares(
            problem.residuals, np.minimum(inside, highest - 1e-9 * (highest - lowest)), problem.jacobian,
            (lowest, highest), x_scale=_SCALES, xtol=_TOLERANCE, ftol=_TOLERANCE, gtol=_TOLERANCE,
            max_nfev=evaluations,
        )  # fmt: skip

    given = [] if start is None else [start]
    scouts = []
    for point in [*given, *problem.starts()]:
        scouts.append(search(point, _SCOUT_EVALUATIONS))
        if math.sqrt(2.0 * scouts[-1].cost / market.size) < _PERFECT_RMSE:
            break
    best = min(scouts, key=lambda found: float(found.cost))
    if best.status == 0:
        best = search(best.x, _MOST_EVALUATIONS)
    return _report(best, problem, market, is_good, shape, rejected, (lowest, highest))


class _Problem:
    """The residuals of a chain and their Jacobian, computed together and kept for the point last asked for."""

    def __init__(self, columns: list[Floats], vol: Floats) -> None:
        self.spot, self.strike, self.time, self.rate, self.dividend_yield, _, weight = columns
        self.vol = vol
        self.forward = self.spot * np.exp((self.rate - self.dividend_yield) * self.time)
        self.is_call = self.strike >= self.forward
        black = (self.spot, self.strike, self.time, vol, self.rate, self.dividend_yield, self.is_call)
        self.price = european.price(*black)
        at_money = self.spot * np.exp(-self.dividend_yield * self.time) * np.sqrt(self.time / (2.0 * math.pi))
        self.vega = np.maximum(european.greeks(*black).vega, _LEAST_VEGA * at_money)
        self.weight = weight / weight.max()
        self.evaluations = 0
        self._at: Floats | None = None
        self._found = np.empty((0, 0))

    def solve(self, point: Floats) -> Floats:
        """Price and Greeks of all quotes at ``point``, in the rows of ``solve_columns``."""
        if self._at is None or not np.array_equal(point, self._at):
            models = np.empty((6, self.vol.size))
            models[0] = self.time
            models[1:] = point[:, None]
            found = np.empty((GREEKS, self.vol.size))
            status = np.empty(self.vol.size, np.int64)
            solve_columns(self.spot, self.strike, self.rate, self.dividend_yield, self.is_call, models, found, status)
            self._at, self._found = point.copy(), found
            self.evaluations += 1
        return self._found

    def residuals(self, point: Floats) -> Floats:
        """Weighted vol errors to first order; a price that did not converge counts as 1."""
        error = (self.solve(point)[0] - self.price) / self.vega
        return self.weight * np.where(np.isfinite(error), error, 1.0)

    def jacobian(self, point: Floats) -> Floats:
        """Their derivatives by the parameters."""
        slopes = self.solve(point)[5:] * (self.weight / self.vega)
        return np.where(np.isfinite(slopes), slopes, 0.0).T

    def starts(self) -> list[tuple[float, float, float, float, float]]:
        """Points to scout from: the variance at the money of the first and the last expiry, and usual smiles."""
        nearness = np.abs(np.log(self.strike / self.forward)) / np.sqrt(self.time)

        def variance(time: float) -> float:
            here = np.flatnonzero(self.time == time)
            return float(self.vol[here[np.argmin(nearness[here])]] ** 2)

        short, long = variance(self.time.min()), variance(self.time.max())
        deviation = np.log(self.strike / self.forward) / np.sqrt(self.time)
        is_down = np.cov(deviation, self.vol)[0, 1] <= 0.0 if self.vol.size > 1 else True
        lean = -0.6 if is_down else 0.6
        return [
            (short, kappa, long, sigma, rho)
            for kappa, sigma, rho in (
                (1.5, 0.5, lean), (5.0, 1.5, lean), (0.5, 0.3, lean), (3.0, 0.8, 0.0), (1.0, 1.0, -0.5 * lean),
            )
        ]  # fmt: skip


def _market_vols(columns: list[Floats], calls: Flags, *, is_price: bool) -> tuple[Floats, tuple[RejectedQuote, ...]]:
    """Vols of the quotes, NaN for those that cannot be used, and why."""
    spot, strike, time, rate, dividend_yield, quoted, weight = columns
    vols = quoted.copy()
    reasons = np.full(quoted.size, "", object)
    if is_price:
        vols, codes = implied_vol.european(quoted, spot, strike, time, rate, dividend_yield, calls)
        for code in np.unique(codes[codes != 0]):
            reasons[codes == code] = "no implied vol: " + implied_vol.Status(int(code)).name.lower().replace("_", " ")
    total = spot + strike + time + rate + dividend_yield + quoted + weight
    reasons[~((spot > 0.0) & (strike > 0.0) & (time > 0.0))] = "spot, strike and time must be positive"
    reasons[~(vols > 0.0) & (reasons == "")] = "no positive vol"
    reasons[~(weight > 0.0)] = "no weight"
    reasons[~np.isfinite(total)] = "not finite"
    vols[reasons != ""] = np.nan
    places = np.flatnonzero(reasons != "")
    return vols, tuple(RejectedQuote(int(place), str(reasons[place])) for place in places)


def _report(
    best: Any, problem: _Problem, market: Floats, is_good: Flags, shape: tuple[int, ...],
    rejected: tuple[RejectedQuote, ...], ends: tuple[Floats, Floats],
) -> HestonFit:  # fmt: skip
    evaluations = problem.evaluations
    found = problem.solve(best.x)[0]
    vols, codes = implied_vol.european(
        found, problem.spot, problem.strike, problem.time, problem.rate, problem.dividend_yield, problem.is_call
    )
    error = np.where(codes == 0, vols - problem.vol, (found - problem.price) / problem.vega)
    errors = np.full(market.size, np.nan)
    errors[is_good] = error
    expiries = []
    for time in np.unique(problem.time):
        here = error[problem.time == time]
        rmse, largest = float(np.sqrt(np.mean(here**2))), float(here[np.argmax(np.abs(here))])
        expiries.append(ExpiryFit(float(time), here.size, rmse, float(here.mean()), largest))
    v0, kappa, theta, sigma, rho = (float(value) for value in best.x)
    names = [
        name
        for name, value, low, high in zip(PARAMETERS, best.x, *ends, strict=True)
        if _is_at(name, float(value), float(low), float(high))
    ]
    is_done = best.status > 0 and bool(np.isfinite(found).all())
    return HestonFit(
        v0, kappa, theta, sigma, rho, FitStatus.CONVERGED if is_done else FitStatus.NOT_CONVERGED,
        float(np.sqrt(np.mean(error**2))), errors.reshape(shape), tuple(expiries), rejected, tuple(names),
        2.0 * kappa * theta / sigma**2 if sigma > 0.0 else math.inf, evaluations,
    )  # fmt: skip


def _is_at(name: str, value: float, low: float, high: float) -> bool:
    if name == "rho" or low <= 0.0:
        return min(value - low, high - value) <= _AT_BOUND * (high - low)
    return min(math.log(value / low), math.log(high / value)) <= _AT_BOUND * math.log(high / low)


def _failed(shape: tuple[int, ...], rejected: tuple[RejectedQuote, ...]) -> HestonFit:
    nan = math.nan
    return HestonFit(
        nan, nan, nan, nan, nan, FitStatus.TOO_FEW_QUOTES, nan, np.full(shape, nan), (), rejected, (), nan, 0
    )
