"""Raw SVI, ``w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2))``: values, Durrleman's g, conversions, repair.

``k`` is log-moneyness ``ln(K / F)``, ``w`` total implied variance ``vol^2 T``. Sources: Gatheral and Jacquier,
"Arbitrage-free SVI volatility surfaces" (2014); Durrleman (2003) for ``g``; Lee (2004) for the wings. Arguments
broadcast; parameters that are no SVI (``b`` or ``sigma`` negative, ``|rho| > 1``) and NaN or infinite input give NaN in
that place. The butterfly test is in :mod:`terminal.quant.svi_arbitrage`, calibration in
:mod:`terminal.quant.svi_calibration`; both can be called from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from terminal.quant.columns import Floats
from terminal.quant.svi_arbitrage import ButterflyTest, butterfly, has_butterfly_arbitrage, minimum_g
from terminal.quant.svi_calibration import SliceFit, SliceStatus, calibrate
from terminal.quant.svi_shape import Smile, g_of, smile_of

__all__ = [
    "ButterflyTest",
    "JumpWings",
    "Natural",
    "Raw",
    "SliceFit",
    "SliceStatus",
    "Smile",
    "butterfly",
    "calibrate",
    "derivatives",
    "durrleman_g",
    "has_butterfly_arbitrage",
    "jump_wings_to_raw",
    "minimum_g",
    "natural_to_raw",
    "raw_to_jump_wings",
    "raw_to_natural",
    "repaired_jump_wings",
    "total_variance",
]


@dataclass(frozen=True, slots=True)
class Raw:
    """The raw parameters (Gatheral and Jacquier 2014, eq. 3.1)."""

    a: Any
    b: Any
    rho: Any
    m: Any
    sigma: Any


@dataclass(frozen=True, slots=True)
class Natural:
    """``w = delta + omega / 2 (1 + zeta rho (k - mu) + sqrt((zeta (k - mu) + rho)^2 + 1 - rho^2))``
    (ibid., eq. 3.2)."""

    delta: Any
    mu: Any
    rho: Any
    omega: Any
    zeta: Any


@dataclass(frozen=True, slots=True)
class JumpWings:
    """At-the-money variance ``v``, skew ``psi``, left and right wing slopes ``p`` and ``c``, least variance ``v_tilde``
    (ibid., eq. 3.5); all annualised with the slice's time."""

    v: Any
    psi: Any
    p: Any
    c: Any
    v_tilde: Any


def _result(values: Floats) -> Any:
    return float(values) if values.ndim == 0 else values


def total_variance(k: Any, a: Any, b: Any, rho: Any, m: Any, sigma: Any) -> Any:
    """Total variance at log-moneyness ``k``; a float for scalars, else an array of the common shape.

    Raises ValueError when the shapes do not broadcast.
    """
    return _result(smile_of(k, a, b, rho, m, sigma).w)


def derivatives(k: Any, a: Any, b: Any, rho: Any, m: Any, sigma: Any) -> Smile:
    """Total variance with its first and second derivatives in ``k``."""
    found = smile_of(k, a, b, rho, m, sigma)
    return Smile(*(_result(each) for each in (found.k, found.w, found.dw, found.d2w)))


def durrleman_g(k: Any, a: Any, b: Any, rho: Any, m: Any, sigma: Any) -> Any:
    """Durrleman's ``g`` (Gatheral and Jacquier 2014, eq. 2.1): the implied density has its sign."""
    return _result(g_of(smile_of(k, a, b, rho, m, sigma)))


def _columns(*values: Any) -> list[Floats]:
    return [np.asarray(each, np.float64) for each in np.broadcast_arrays(*values)]


def raw_to_natural(a: Any, b: Any, rho: Any, m: Any, sigma: Any) -> Natural:
    """Ibid., Lemma 3.1, inverted; NaN where ``sigma`` is 0 or ``|rho|`` is 1."""
    a, b, rho, m, sigma = _columns(a, b, rho, m, sigma)
    with np.errstate(all="ignore"):
        root = np.sqrt(np.where((np.abs(rho) < 1.0) & (sigma > 0.0), 1.0 - rho * rho, np.nan))
        omega = 2.0 * b * sigma / root
        found = (a - 0.5 * omega * root * root, m + rho * sigma / root, rho, omega, root / sigma)
    return Natural(*(_result(np.asarray(each)) for each in found))


def natural_to_raw(delta: Any, mu: Any, rho: Any, omega: Any, zeta: Any) -> Raw:
    """Ibid., Lemma 3.1; NaN where ``zeta`` is not positive or ``|rho|`` above 1."""
    delta, mu, rho, omega, zeta = _columns(delta, mu, rho, omega, zeta)
    with np.errstate(all="ignore"):
        square = np.where((np.abs(rho) <= 1.0) & (zeta > 0.0), 1.0 - rho * rho, np.nan)
        found = (delta + 0.5 * omega * square, 0.5 * omega * zeta, rho, mu - rho / zeta, np.sqrt(square) / zeta)
    return Raw(*(_result(np.asarray(each)) for each in found))


def raw_to_jump_wings(a: Any, b: Any, rho: Any, m: Any, sigma: Any, time: Any) -> JumpWings:
    """Ibid., eq. 3.5, for a slice that expires in ``time`` years; NaN where its variance is not positive."""
    a, b, rho, m, sigma, time = _columns(a, b, rho, m, sigma, time)
    with np.errstate(all="ignore"):
        at = smile_of(0.0, a, b, rho, m, sigma)
        w = np.where((at.w > 0.0) & (time > 0.0), at.w, np.nan)
        root = np.sqrt(w)
        least = a + b * sigma * np.sqrt(1.0 - rho * rho)
        found = (w / time, at.dw / (2.0 * root), b * (1.0 - rho) / root, b * (1.0 + rho) / root, least / time)
    return JumpWings(*(_result(np.asarray(each)) for each in found))


def jump_wings_to_raw(v: Any, psi: Any, p: Any, c: Any, v_tilde: Any, time: Any) -> Raw:
    """Ibid., Lemma 3.2; NaN where no raw slice has these values, and where many have: ``psi`` 0, so that the least
    variance is at the money and ``v_tilde`` says nothing new.
    """
    v, psi, p, c, v_tilde, time = _columns(v, psi, p, c, v_tilde, time)
    with np.errstate(all="ignore"):
        w = np.where((v > 0.0) & (time > 0.0), v * time, np.nan)
        root = np.sqrt(w)
        b = 0.5 * root * (c + p)
        rho = 1.0 - p * root / b
        beta = rho - 2.0 * psi * root / b
        beta = np.where(np.abs(beta) <= 1.0, beta, np.nan)
        across = np.sqrt(1.0 - rho * rho)
        # With h = sqrt(m^2 + sigma^2) and m = h beta: v t - v_tilde t = b h (1 - rho beta - across along), whose
        # bracket is 1 - cos(arccos rho - arccos beta).
        along = np.sqrt(1.0 - beta * beta)
        rise = 2.0 * np.sin(0.5 * (np.arccos(rho) - np.arccos(beta))) ** 2
        h = np.where(rise > 0.0, (v - v_tilde) * time / (b * rise), np.nan)
        m, sigma = h * beta, h * along
        a = v_tilde * time - b * sigma * across
    return Raw(*(_result(np.asarray(each)) for each in (a, b, rho, m, sigma)))


def repaired_jump_wings(v: Any, psi: Any, p: Any, c: Any, v_tilde: Any) -> JumpWings:
    """The same ``v``, ``psi`` and ``p`` with the call wing and the least variance of an SSVI slice (ibid., Section
    5.1).

    Free of butterfly arbitrage wherever ``max(p, c') sqrt(v t) <= 2`` and ``(p + c') max(p, c') <= 2`` (their Theorem
    4.2 in these terms); NaN where ``p + 2 psi`` is negative, which no such slice has.
    """
    v, psi, p, _, _ = _columns(v, psi, p, c, v_tilde)
    with np.errstate(all="ignore"):
        wing = p + 2.0 * psi
        wing = np.where(wing >= 0.0, wing, np.nan)
        least = v * 4.0 * p * wing / (p + wing) ** 2
    return JumpWings(*(_result(np.asarray(each)) for each in (v, psi, p, wing, least)))
