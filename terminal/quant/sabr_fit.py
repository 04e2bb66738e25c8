"""Calibration of the SABR smile to the vols of one expiry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from terminal.quant.columns import Floats, float_columns
from terminal.quant.sabr_kernel import negative_column, vol_column

_LEAST_QUOTES = 3
_MOST_NU, _MOST_RHO = 20.0, 0.9999
_LEAST_SHARE = 1e-4
_AT_BOUND = 1e-6
_PERFECT = 1e-9


class SabrStatus(IntEnum):
    """How a calibration ended."""

    CONVERGED = 0
    TOO_FEW_QUOTES = 1
    INVALID = 2
    NOT_CONVERGED = 3


@dataclass(frozen=True, slots=True)
class SabrFit:
    """A fitted smile and how good it is; the parameters are NaN unless ``status`` is CONVERGED or NOT_CONVERGED.

    ``errors`` are model less market vols, NaN for the quotes in ``rejected`` (places of what was not finite, not
    positive, or of no weight); ``rmse`` and ``largest_error`` are of the others. ``at_bounds`` names the parameters on
    a bound. ``first_negative_strike`` is where the fitted density turns negative, NaN if nowhere above a ten-thousandth
    of the forward.
    """

    alpha: float
    beta: float
    nu: float
    rho: float
    status: SabrStatus
    rmse: float
    largest_error: float
    errors: Floats
    rejected: tuple[int, ...]
    at_bounds: tuple[str, ...]
    first_negative_strike: float


def alpha_from_atm(forward: float, time: float, atm_vol: float, beta: float, nu: float, rho: float) -> float:
    """The alpha whose at-the-money vol is ``atm_vol``: the smallest positive root of the cubic that Hagan's eq. 2.18 is
    in alpha (West 2005, eq. 11); NaN if there is none."""
    lack = 1.0 - beta
    scale = forward**lack
    # in units of the vol alpha / F^(1 - beta)
    cubic = [
        lack * lack * time / 24.0,
        0.25 * rho * beta * nu * time,
        1.0 + (2.0 - 3.0 * rho * rho) * nu * nu * time / 24.0,
        -atm_vol,
    ]
    if not np.isfinite([*cubic, scale]).all():
        return math.nan
    roots = np.roots(np.trim_zeros(cubic, "f"))
    real = [float(root.real) for root in roots if abs(root.imag) < 1e-9 * abs(root) and root.real > 0.0]
    return min(real) * scale if real else math.nan


def calibrate(
    forward: float,
    strikes: Any,
    time: float,
    vols: Any,
    beta: float,
    *,
    weights: Any = 1.0,
    atm_vol: float | None = None,
) -> SabrFit:
    """Fits alpha, nu and rho, for a given ``beta``, to the Black vols of one expiry by weighted least squares.

    ``strikes``, ``vols`` and ``weights`` broadcast to one dimension. With ``atm_vol`` only nu and rho are free and
    alpha is held on the at-the-money vol. Starts from the expansion's slope and curvature at the money, then from
    others if that does not do. Bad quotes are left out and listed; never raises for them.
    """
    columns, _, _ = float_columns((strikes, vols, weights), True)
    strike, vol, weight = columns
    is_good = np.isfinite(strike + vol + weight) & (strike > 0.0) & (vol > 0.0) & (weight > 0.0)
    rejected = tuple(int(place) for place in np.flatnonzero(~is_good))
    is_sane = forward > 0.0 and time > 0.0 and 0.0 <= beta <= 1.0 and math.isfinite(forward + time)
    if not is_sane or (atm_vol is not None and not 0.0 < atm_vol < math.inf):
        return _failed(SabrStatus.INVALID, beta, strike.size, rejected)
    if np.unique(strike[is_good]).size < _LEAST_QUOTES - (atm_vol is not None):
        return _failed(SabrStatus.TOO_FEW_QUOTES, beta, strike.size, rejected)
    chosen, market, root = strike[is_good], vol[is_good], np.sqrt(weight[is_good] / weight[is_good].max())

    def model(point: Floats) -> tuple[float, Floats]:
        level, nu, rho = (atm_vol, *point) if atm_vol is not None else point
        if atm_vol is not None:
            alpha = alpha_from_atm(forward, time, atm_vol, beta, float(nu), float(rho))
        else:
            alpha = float(level) * forward ** (1.0 - beta)
        return alpha, _vols(forward, chosen, time, alpha, beta, float(nu), float(rho))

    def residuals(point: Floats) -> Floats:
        found = model(point)[1]
        return root * np.where(np.isfinite(found), found - market, 1.0)

    fixed = 1 if atm_vol is not None else 0
    lowest, highest = np.array([1e-8, 0.0, -_MOST_RHO])[fixed:], np.array([1e3, _MOST_NU, _MOST_RHO])[fixed:]

    def solve(start: tuple[float, float, float]) -> Any:
        inside = np.clip(np.array(start)[fixed:], lowest + 1e-9, highest - 1e-9)
        return least_squares(
            residuals, inside, bounds=(lowest, highest), jac="3-point", xtol=1e-14, ftol=1e-14, gtol=1e-14, max_nfev=200
        )

    first, *others = _starts(forward, chosen, market, beta, time)
    best = solve(first)
    for start in others:
        if math.sqrt(2.0 * best.cost / market.size) < _PERFECT:
            break
        best = min(best, solve(start), key=lambda found: float(found.cost))
    alpha, fitted = model(best.x)
    nu, rho = (float(value) for value in best.x[-2:])
    errors = np.full(strike.size, np.nan)
    errors[is_good] = fitted - market
    names = [
        name
        for name, value, ends in (("nu", nu, (0.0, _MOST_NU)), ("rho", rho, (-_MOST_RHO, _MOST_RHO)))
        if min(abs(value - end) for end in ends) < _AT_BOUND
    ]
    is_done = best.status > 0 and bool(np.isfinite(fitted).all())
    return SabrFit(
        alpha, beta, nu, rho, SabrStatus.CONVERGED if is_done else SabrStatus.NOT_CONVERGED,
        float(np.sqrt(np.mean((fitted - market) ** 2))), float(np.max(np.abs(fitted - market))), errors, rejected,
        tuple(names), _first_negative(forward, time, alpha, beta, nu, rho),
    )  # fmt: skip


def _starts(forward: float, strike: Floats, vol: Floats, beta: float, time: float) -> list[tuple[float, float, float]]:
    """(at-the-money vol, nu, rho) to start from; the first from a parabola through the vols (Le Floc'h and Kennedy
    2014, "Explicit SABR calibration through simple expansions")."""
    k = np.log(strike / forward)
    nearest = np.argsort(np.abs(k))[: max(_LEAST_QUOTES, k.size // 2)]
    lack = 1.0 - beta
    starts: list[tuple[float, float, float]] = []
    if np.unique(k[nearest]).size >= _LEAST_QUOTES:
        bend, slope, level = np.polyfit(k[nearest], vol[nearest], 2)
        if level > 0.0:
            skew = 2.0 * slope / level + lack
            square = max(0.5 * (12.0 * bend / level - lack * lack) + 1.5 * skew * skew, 1.1 * skew * skew, 1e-4)
            ratio = math.sqrt(square)
            starts.append((float(level), float(ratio * level), float(np.clip(skew / ratio, -0.95, 0.95))))
    level = float(vol[np.argmin(np.abs(k))])
    wide = min(2.0, 0.8 / math.sqrt(time))
    return [*starts, (level, wide, -0.3), (level, wide, 0.3), (level, 0.2 * wide, -0.7), (level, 3.0 * wide, 0.0)]


def _vols(forward: float, strike: Floats, time: float, alpha: float, beta: float, nu: float, rho: float) -> Floats:
    same = np.ones(strike.size)
    out = np.empty(strike.size)
    vol_column(forward * same, strike, time * same, alpha * same, beta * same, nu * same, rho * same, out)
    return out


def _first_negative(forward: float, time: float, alpha: float, beta: float, nu: float, rho: float) -> float:
    out = np.empty(1)
    values = (forward, forward * _LEAST_SHARE, time, alpha, beta, nu, rho)
    negative_column(*(np.array([value]) for value in values), out)
    return float(out[0])


def _failed(status: SabrStatus, beta: float, quotes: int, rejected: tuple[int, ...]) -> SabrFit:
    nan = math.nan
    return SabrFit(nan, beta, nan, nan, status, nan, nan, np.full(quotes, nan), rejected, (), nan)
