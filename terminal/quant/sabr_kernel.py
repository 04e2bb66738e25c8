"""Kernels of the SABR smile (Hagan, Kumar, Lesniewski and Woodward 2002, eq. 2.17) and of the density it implies."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.black_kernel import log_moneyness
from terminal.quant.columns import Floats

_F = nb.float64
_F1 = nb.float64[::1]
_LEGENDRE_BELOW, _LEGENDRE_TERMS = 0.05, 14
_SCAN_STEPS = 400


@nb.njit(nb.types.UniTuple(_F, 3)(_F, _F), nogil=True, cache=True, error_model="numpy")
def stretch(z: float, rho: float) -> tuple[float, float, float]:
    """``x(z) / z`` and its first two derivatives, ``x`` the integral of ``(1 - 2 rho z + z^2)^(-1/2)``."""
    if abs(z) < _LEGENDRE_BELOW:  # the integral of Legendre's generating function
        before, polynomial = 0.0, 1.0
        value, slope, bend, power = 0.0, 0.0, 0.0, 1.0  # power is z^(n - 2)
        for n in range(_LEGENDRE_TERMS):
            weight = polynomial / (n + 1)
            value += weight * z**n
            if n >= 1:
                slope += n * weight * z ** (n - 1)
            if n >= 2:
                bend += n * (n - 1) * weight * power
                power *= z
            before, polynomial = polynomial, ((2 * n + 1) * rho * polynomial - n * before) / (n + 1)
        return value, slope, bend
    # x is odd in (z, rho) together: from here z > 0, and no difference of near numbers is left.
    size, tilt = abs(z), math.copysign(1.0, z) * rho
    root = math.sqrt((size - tilt) * (size - tilt) + (1.0 - tilt) * (1.0 + tilt))
    x = math.log1p(2.0 * size / (root + 1.0 - size) if size < 1.0 else (root + size - 1.0) / (1.0 - tilt))
    value = x / size
    slope = (1.0 / root - value) / size
    bend = (-(size - tilt) / (root * root * root) - 2.0 * slope) / size
    return value, math.copysign(slope, slope * z), bend


@nb.njit(nb.boolean(_F, _F, _F, _F, _F, _F, _F), nogil=True, cache=True, error_model="numpy")
def is_valid(forward: float, strike: float, time: float, alpha: float, beta: float, nu: float, rho: float) -> bool:
    """Whether all is finite, forward and strike positive, and the parameters within their ranges."""
    total = forward + strike + time + alpha + beta + nu + rho
    is_signed = forward > 0.0 and strike > 0.0 and time >= 0.0 and alpha >= 0.0 and nu >= 0.0
    return is_signed and math.isfinite(total) and 0.0 <= beta <= 1.0 and abs(rho) <= 1.0


@nb.njit(nb.types.UniTuple(_F, 3)(_F, _F, _F, _F, _F, _F, _F), nogil=True, cache=True, error_model="numpy")
def vol_jet(
    forward: float, k: float, time: float, alpha: float, beta: float, nu: float, rho: float
) -> tuple[float, float, float]:
    """Black vol and its first two derivatives by ``k = ln(K / F)``; NaN where the expansion has no positive value."""
    lack = 1.0 - beta
    level = forward**lack * math.exp(0.5 * lack * k)  # (F K)^((1 - beta) / 2)
    square = lack * lack * k * k
    widening = 1.0 + square / 24.0 + square * square / 1920.0
    d_widening = lack * lack * k / 12.0 + lack * lack * square * k / 480.0
    dd_widening = lack * lack / 12.0 + lack * lack * square / 160.0
    z = -nu / alpha * level * k
    d_z = -nu / alpha * level * (1.0 + 0.5 * lack * k)
    dd_z = -nu / alpha * level * lack * (1.0 + 0.25 * lack * k)
    ratio, d_ratio, dd_ratio = stretch(z, rho)
    vol = alpha / level
    curve, twist = lack * lack * vol * vol / 24.0, 0.25 * rho * beta * nu * vol
    growth = 1.0 + (curve + twist + (2.0 - 3.0 * rho * rho) * nu * nu / 24.0) * time
    d_growth = -lack * (curve + 0.5 * twist) * time
    dd_growth = lack * lack * (curve + 0.25 * twist) * time
    if not growth > 0.0:
        return np.nan, np.nan, np.nan
    value = vol / widening / ratio * growth
    # of the logarithm: its slope, and the slope of that
    slope_z = d_ratio / ratio
    slope = -0.5 * lack - d_widening / widening - slope_z * d_z + d_growth / growth
    bend = (
        -dd_widening / widening + (d_widening / widening) ** 2
        - slope_z * dd_z - (dd_ratio / ratio - slope_z * slope_z) * d_z * d_z
        + dd_growth / growth - (d_growth / growth) ** 2
    )  # fmt: skip
    return value, value * slope, value * (slope * slope + bend)


@nb.njit(nb.types.UniTuple(_F, 2)(_F, _F, _F, _F, _F, _F, _F), nogil=True, cache=True, error_model="numpy")
def _butterfly(
    forward: float, k: float, time: float, alpha: float, beta: float, nu: float, rho: float
) -> tuple[float, float]:
    """The density of ``ln(S_T / F)`` over Black's density, and Black's (Gatheral 2006, eq. 4.4 and before)."""
    vol, slope, bend = vol_jet(forward, k, time, alpha, beta, nu, rho)
    w = vol * vol * time
    d_w, dd_w = 2.0 * vol * slope * time, 2.0 * (slope * slope + vol * bend) * time
    inner = 1.0 - 0.5 * k * d_w / w
    shape = inner * inner - 0.25 * d_w * d_w * (1.0 / w + 0.25) + 0.5 * dd_w
    root = math.sqrt(w)
    d2 = -k / root - 0.5 * root
    return shape, math.exp(-0.5 * d2 * d2) / (root * math.sqrt(2.0 * math.pi))


@nb.njit(nb.void(_F1, _F1, _F1, _F1, _F1, _F1, _F1, _F1), nogil=True, cache=True, error_model="numpy")
def vol_column(
    forward: Floats, strike: Floats, time: Floats, alpha: Floats, beta: Floats, nu: Floats, rho: Floats, out: Floats
) -> None:
    """Black vols of flat columns."""
    for i in range(out.size):
        out[i] = np.nan
        if not is_valid(forward[i], strike[i], time[i], alpha[i], beta[i], nu[i], rho[i]):
            continue
        if alpha[i] == 0.0:
            out[i] = 0.0
            continue
        k = -log_moneyness(forward[i], strike[i], 0.0)
        out[i] = vol_jet(forward[i], k, time[i], alpha[i], beta[i], nu[i], rho[i])[0]


@nb.njit(nb.void(_F1, _F1, _F1, _F1, _F1, _F1, _F1, _F1), nogil=True, cache=True, error_model="numpy")
def density_column(
    forward: Floats, strike: Floats, time: Floats, alpha: Floats, beta: Floats, nu: Floats, rho: Floats, out: Floats
) -> None:
    """Risk-neutral densities of the spot at expiry at ``strike``, of flat columns."""
    for i in range(out.size):
        out[i] = np.nan
        is_alive = time[i] > 0.0 and alpha[i] > 0.0
        if is_alive and is_valid(forward[i], strike[i], time[i], alpha[i], beta[i], nu[i], rho[i]):
            k = -log_moneyness(forward[i], strike[i], 0.0)
            shape, normal = _butterfly(forward[i], k, time[i], alpha[i], beta[i], nu[i], rho[i])
            out[i] = shape * normal / strike[i]


@nb.njit(nb.void(_F1, _F1, _F1, _F1, _F1, _F1, _F1, _F1), nogil=True, cache=True, error_model="numpy")
def negative_column(
    forward: Floats, least: Floats, time: Floats, alpha: Floats, beta: Floats, nu: Floats, rho: Floats, out: Floats
) -> None:
    """The highest strike between ``least`` and the forward below which the density turns negative; NaN if none."""
    for i in range(out.size):
        out[i] = np.nan
        is_alive = time[i] > 0.0 and alpha[i] > 0.0 and least[i] < forward[i]
        if not is_alive or not is_valid(forward[i], least[i], time[i], alpha[i], beta[i], nu[i], rho[i]):
            continue
        lowest = -log_moneyness(forward[i], least[i], 0.0)
        low, high = 0.0, 0.0
        for step in range(_SCAN_STEPS + 1):
            # Denser near the forward.
            low = lowest * (step / _SCAN_STEPS) ** 2
            if not _butterfly(forward[i], low, time[i], alpha[i], beta[i], nu[i], rho[i])[0] >= 0.0:
                break
            high = low
        if high <= lowest:
            continue
        for _ in range(60):
            middle = 0.5 * (low + high)
            if _butterfly(forward[i], middle, time[i], alpha[i], beta[i], nu[i], rho[i])[0] >= 0.0:
                high = middle
            else:
                low = middle
        out[i] = forward[i] * math.exp(high)
