"""Kernels that turn normal draws into paths: Brownian bridge, Black and Scholes, Merton's jumps, Heston by QE."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.quant.black_kernel import normal_cdf
from terminal.quant.columns import Floats

Ints = npt.NDArray[np.int64]
_F = nb.float64
_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]
_I2 = nb.int64[:, ::1]
_PSI_SWITCH = 1.5
"""Andersen (2008), section 3.2.3: any value between 1 and 2 does."""
_MOST_JUMPS = 1000
MOST_MEAN_JUMPS = 700.0
"""Of one date: above, the weight of no jump at all would be zero and all others with it."""
_LEAST_SIGMA = 1e-10
"""A vol of variance below counts as none: rho / sigma times the variance would lose what it is to keep."""
_STILL = 1e-28
"""Of the squared relative deviation of a variance that does not move."""


@nb.njit(nb.void(_F2, _I2, _F2, _F1, _F2), nogil=True, cache=True, error_model="numpy")
def bridge(normals: Floats, order: Ints, weights: Floats, lengths: Floats, out: Floats) -> None:
    """Standardised increments of Brownian paths that are built from the far end to the gaps in between.

    Row j of ``order`` names the point that draw j sets and its neighbours left and right, -1 for none (Glasserman
    2003, section 3.1); of ``weights``, their weights and the deviation. ``lengths``: the times between points.
    """
    steps = lengths.size
    path = np.empty(steps)
    for row in range(normals.shape[0]):
        for j in range(steps):
            point, left, right = order[j, 0], order[j, 1], order[j, 2]
            value = weights[j, 2] * normals[row, j]
            if left >= 0:
                value += weights[j, 0] * path[left]
            if right >= 0:
                value += weights[j, 1] * path[right]
            path[point] = value
        before = 0.0
        for step in range(steps):
            out[row, step] = (path[step] - before) / math.sqrt(lengths[step])
            before = path[step]


@nb.njit(nb.void(_F2, _F1, _F, _F, _F, _F2), nogil=True, cache=True, error_model="numpy")
def geometric_brownian(normals: Floats, lengths: Floats, spot: float, vol: float, drift: float, out: Floats) -> None:
    """Spots, exact at the dates, into ``out`` of shape (paths, dates + 1) with the spot of today first."""
    for row in range(normals.shape[0]):
        log = math.log(spot)
        out[row, 0] = spot
        for step in range(lengths.size):
            s = vol * math.sqrt(lengths[step])
            log += drift * lengths[step] - 0.5 * s * s + s * normals[row, step]
            out[row, step + 1] = math.exp(log)


@nb.njit(nb.int64(_F, _F), nogil=True, cache=True, error_model="numpy")
def _poisson(mean: float, uniform: float) -> int:
    """The count whose cumulative probability first reaches ``uniform``."""
    weight = math.exp(-mean)
    total = weight
    count = 0
    while uniform > total and count < _MOST_JUMPS:
        count += 1
        weight *= mean / count
        total += weight
    return count


@nb.njit(nb.void(_F2, _F2, _F2, _F1, _F1, _F2), nogil=True, cache=True, error_model="numpy")
def merton(normals: Floats, counts: Floats, sizes: Floats, lengths: Floats, model: Floats, out: Floats) -> None:
    """Merton's (1976) jump diffusion, exact at the dates; ``counts`` and ``sizes`` are normals too.

    ``model``: spot, vol, drift r - q, jumps a year, mean and deviation of the log jump.
    """
    spot, vol, drift, intensity, mean, deviation = model[0], model[1], model[2], model[3], model[4], model[5]
    compensator = intensity * math.expm1(mean + 0.5 * deviation * deviation)
    for row in range(normals.shape[0]):
        log = math.log(spot)
        out[row, 0] = spot
        for step in range(lengths.size):
            length = lengths[step]
            log += (drift - compensator - 0.5 * vol * vol) * length + vol * math.sqrt(length) * normals[row, step]
            jumps = _poisson(intensity * length, normal_cdf(counts[row, step]))
            if jumps > 0:
                log += jumps * mean + math.sqrt(float(jumps)) * deviation * sizes[row, step]
            out[row, step + 1] = math.exp(log)


@nb.njit(nb.types.UniTuple(_F, 2)(_F, _F, _F, _F), nogil=True, cache=True, error_model="numpy")
def _next_variance(mean: float, spread: float, normal: float, weight: float) -> tuple[float, float]:
    """The quadratic-exponential draw with the given mean and variance, and ln E[exp(weight V)], NaN where infinite.

    Andersen (2008), section 3.2; the means of the exponential from his section on the martingale correction.
    """
    if mean <= 0.0:
        return 0.0, 0.0
    psi = spread / (mean * mean)
    if psi < _STILL:
        return mean, weight * mean
    if psi <= _PSI_SWITCH:
        twice = 2.0 / psi
        b_squared = twice - 1.0 + math.sqrt(twice * (twice - 1.0))
        a = mean / (1.0 + b_squared)
        value = a * (math.sqrt(b_squared) + normal) ** 2
        left = 1.0 - 2.0 * weight * a
        if left <= 0.0:
            return value, np.nan
        return value, weight * b_squared * a / left - 0.5 * math.log(left)
    p = (psi - 1.0) / (psi + 1.0)
    beta = (1.0 - p) / mean
    # 1 - Phi(z) by the lower tail: no digit is lost where the variance is high.
    above = normal_cdf(-normal)
    value = math.log((1.0 - p) / above) / beta if above < 1.0 - p else 0.0
    if weight >= beta:
        return value, np.nan
    return value, math.log(p + beta * (1.0 - p) / (beta - weight))


@nb.njit(nb.void(_F2, _F2, _F1, _F1, _F2, _F2), nogil=True, cache=True, error_model="numpy")
def heston(
    normals: Floats, variance_normals: Floats, lengths: Floats, model: Floats, out: Floats, variance: Floats
) -> None:
    """Heston's paths by Andersen's (2008) quadratic-exponential scheme with martingale correction.

    ``model``: spot, drift r - q, v0, kappa, theta, sigma, rho. One step a date; central weights of one half.
    """
    spot, drift, start = model[0], model[1], model[2]
    kappa, theta, rho = model[3], model[4], model[6]
    moves = model[5] > _LEAST_SIGMA
    sigma = model[5] if moves else 0.0
    for row in range(normals.shape[0]):
        log, here = math.log(spot), start
        out[row, 0], variance[row, 0] = spot, start
        for step in range(lengths.size):
            length = lengths[step]
            decay = math.exp(-kappa * length)
            gone = -math.expm1(-kappa * length)
            span = gone / kappa if kappa * length > 1e-12 else length
            mean = theta * gone + here * decay
            spread = sigma * sigma * (here * decay * span + 0.5 * theta * gone * span)
            # Andersen (2008), eq. 33; with sigma 0 the variance is known and nothing of it is correlated.
            tie = rho / sigma if moves else 0.0
            k1 = 0.5 * length * (kappa * tie - 0.5) - tie
            k2 = 0.5 * length * (kappa * tie - 0.5) + tie
            k3 = 0.5 * length * (1.0 - rho * rho) if moves else 0.5 * length
            weight = k2 + 0.5 * k3
            following, log_mean = _next_variance(mean, spread, variance_normals[row, step], weight)
            k0 = -log_mean - (k1 + 0.5 * k3) * here
            if math.isnan(log_mean):
                k0 = -tie * kappa * theta * length
            log += drift * length + k0 + k1 * here + k2 * following
            log += math.sqrt(k3 * (here + following)) * normals[row, step]
            here = following
            out[row, step + 1], variance[row, step + 1] = math.exp(log), following


@nb.njit(nb.void(_F2, _F1, _F, nb.boolean, _F, _F1), nogil=True, cache=True, error_model="numpy")
def survival(spots: Floats, lengths: Floats, barrier: float, is_up: bool, vol: float, out: Floats) -> None:
    """Chance that each path stayed on its side of ``barrier``: at the dates, and with ``vol`` > 0 between them too.

    Between dates that of a Brownian bridge in the log spot (Glasserman 2003, section 6.4).
    """
    for row in range(spots.shape[0]):
        alive = 1.0
        for step in range(lengths.size + 1):
            here = spots[row, step]
            if (here >= barrier) if is_up else (here <= barrier):
                alive = 0.0
                break
            if vol > 0.0 and step > 0:
                before = spots[row, step - 1]
                distance = math.log(before / barrier) * math.log(here / barrier)
                alive *= -math.expm1(-2.0 * distance / (vol * vol * lengths[step - 1]))
        out[row] = alive
