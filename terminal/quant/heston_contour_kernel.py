"""Kernels that place the contour of Heston's price integral: critical moments, saddle point, width.

A contour starts at ``xi = -i p``, ``p`` outside [0, 1], where the integral is an out-of-the-money option's price and no
difference of larger numbers (Lewis 2001, "A simple option formula for general jump-diffusion"; Lord and Kahl 2007,
"Optimal Fourier inversion in semi-analytical option pricing").
"""

from __future__ import annotations

import math

import numba as nb

from terminal.quant.heston_cf_kernel import exponents

_F = nb.float64
MODEL = nb.types.UniTuple(_F, 6)
Model = tuple[float, float, float, float, float, float]
"""Time, v0, kappa, theta, sigma, rho."""
_LEAST_DISTANCE, _MOST_DISTANCE = 1e-9, 1e60
_GOLDEN = 0.6180339887498949


@nb.njit(nb.boolean(_F, _F, _F, _F, _F), nogil=True, cache=True, error_model="numpy")
def explodes(p: float, time: float, kappa: float, sigma: float, rho: float) -> bool:
    """Whether E[S_T^p] is infinite (Andersen and Piterbarg 2007, "Moment explosions", proposition 3.1)."""
    excess = p * (p - 1.0)
    if excess <= 0.0 or sigma == 0.0:
        return False
    beta = kappa - rho * sigma * p
    square = beta * beta - sigma * sigma * excess
    if square < 0.0:
        root = math.sqrt(-square)
        return root * time >= 2.0 * math.atan2(root, -beta)
    if beta >= 0.0:
        return False
    root = math.sqrt(square)
    if root * time < 1e-6:
        return -beta * time >= 2.0
    return root * time >= math.log((root - beta) * (root - beta) / (sigma * sigma * excess))


@nb.njit(_F(_F, MODEL), nogil=True, cache=True, error_model="numpy")
def log_moment(p: float, model: Model) -> float:
    """ln E[(S_T / F)^p]; infinite where the moment is."""
    time, v0, kappa, theta, sigma, rho = model
    if explodes(p, time, kappa, sigma, rho):
        return math.inf
    by_drift, by_v0 = exponents(complex(0.0, -p), time, kappa, sigma, rho)
    return kappa * theta * by_drift.real + v0 * by_v0.real


@nb.njit(_F(_F, _F, _F, MODEL), nogil=True, cache=True, error_model="numpy")
def _log_height(distance: float, side: float, k: float, model: Model) -> float:
    """ln of the integrand where the contour starts, ``distance`` from the pole at 0 (puts) or 1 (calls)."""
    p = 0.5 + side * (0.5 + distance)
    moment = log_moment(p, model)
    return moment - p * k - math.log(distance) - math.log1p(distance)


@nb.njit(_F(_F, _F, _F, MODEL), nogil=True, cache=True, error_model="numpy")
def saddle(k: float, side: float, variance: float, model: Model) -> float:
    """Distance from the pole at which the integrand of log-moneyness ``k`` is least along the imaginary axis, to some
    percent; ``variance`` is the expected integral of the variance, which makes the first guess."""
    moneyness = max(side * k, 0.0)
    x = moneyness + math.sqrt(moneyness * moneyness + 8.0 * variance)
    low = math.log(min(max(0.5 * x / variance, 1e-8), 1e59))
    step = 0.7
    at = _log_height(math.exp(low), side, k, model)
    middle, high = low, low
    here = at
    # Downhill in growing steps, out of the region where the moment is infinite first.
    up = _log_height(math.exp(low + step), side, k, model)
    if not up < at:
        step = -step
    limit_low, limit_high = math.log(_LEAST_DISTANCE), math.log(_MOST_DISTANCE)
    before = middle - step
    while True:
        following = middle + step
        if following <= limit_low or following >= limit_high:
            high = following
            break
        there = _log_height(math.exp(following), side, k, model)
        if there < here or (math.isinf(there) and math.isinf(here)):
            before, middle, here = middle, following, there
            step *= 1.5
        else:
            high = following
            break
    low = before
    if low > high:
        low, high = high, low
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    f_left = _log_height(math.exp(left), side, k, model)
    f_right = _log_height(math.exp(right), side, k, model)
    while high - low > 0.15:
        if f_left <= f_right:
            high, right, f_right = right, left, f_left
            left = high - _GOLDEN * (high - low)
            f_left = _log_height(math.exp(left), side, k, model)
        else:
            low, left, f_left = left, right, f_right
            right = low + _GOLDEN * (high - low)
            f_right = _log_height(math.exp(right), side, k, model)
    return math.exp(left if f_left <= f_right else right)


@nb.njit(_F(_F, _F, MODEL), nogil=True, cache=True, error_model="numpy")
def free_width(p: float, most: float, model: Model) -> float:
    """How far from ``p`` the moments stay finite on both sides, to some percent and not more than ``most``."""
    time, _, kappa, _, sigma, rho = model
    width = most
    for side in (1.0, -1.0):
        if not explodes(p + side * width, time, kappa, sigma, rho):
            continue
        low, high = 0.0, width
        while high - low > 0.05 * high and high > _LEAST_DISTANCE * _LEAST_DISTANCE:
            middle = 0.5 * (low + high) if low > 0.0 else 0.1 * high
            if explodes(p + side * middle, time, kappa, sigma, rho):
                high = middle
            else:
                low = middle
        width = low
    return width


@nb.njit(_F(MODEL), nogil=True, cache=True, error_model="numpy")
def expected_variance(model: Model) -> float:
    """The expected integral of the variance to expiry."""
    time, v0, kappa, theta, _, _ = model
    x = kappa * time
    average = -math.expm1(-x) / x if x > 0.0 else 1.0
    return time * (theta * (1.0 - average) + v0 * average)
