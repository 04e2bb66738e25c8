"""SSVI slices, ``w = theta / 2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2))``: values, conversion, conditions.

Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces" (2014), Section 4; with a ``rho`` of each slice's own
these are the slices of eSSVI (Hendriks and Martini 2019). ``theta`` is the total variance at the money, ``psi = theta
phi`` is twice its skew over ``rho``. Arguments broadcast; a negative ``theta`` or ``phi``, ``|rho| > 1``, NaN or
infinities give NaN in that place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from terminal.quant.svi import Raw, natural_to_raw
from terminal.quant.svi_shape import Smile, smile_of


def _result(values: Any) -> Any:
    return values.item() if np.ndim(values) == 0 else values


def derivatives(k: Any, theta: Any, rho: Any, phi: Any) -> Smile:
    """Total variance with its first and second derivatives in log-moneyness ``k``; raises ValueError for shapes that
    do not broadcast."""
    k, theta, rho, phi = (np.asarray(each, np.float64) for each in np.broadcast_arrays(k, theta, rho, phi))
    with np.errstate(all="ignore"):
        bad = ~np.isfinite(k + theta + rho + phi) | (theta < 0.0) | (phi < 0.0) | (np.abs(rho) > 1.0)
        across = np.sqrt(np.where(bad, np.nan, 1.0 - rho * rho))
        unit = smile_of(phi * k, 0.0, 1.0, rho, -rho, across)
        w = 0.5 * theta * (1.0 - rho * rho + unit.w)
        found = (k, w, 0.5 * theta * phi * unit.dw, 0.5 * theta * phi * phi * unit.d2w)
    return Smile(*(_result(np.where(bad, np.nan, each)) for each in found))


def total_variance(k: Any, theta: Any, rho: Any, phi: Any) -> Any:
    """Total variance (Gatheral and Jacquier 2014, eq. 4.1); a float for scalars, else an array of the common shape."""
    return derivatives(k, theta, rho, phi).w


def to_raw(theta: Any, rho: Any, phi: Any) -> Raw:
    """The same slice as raw SVI: natural SVI with ``delta = mu = 0``."""
    return natural_to_raw(0.0, 0.0, rho, theta, phi)


def butterfly_terms(theta: Any, rho: Any, phi: Any) -> tuple[Any, Any]:
    """``theta phi (1 + |rho|)`` and ``theta phi^2 (1 + |rho|)``, which Theorem 4.2 (ibid.) bounds by 4."""
    theta, rho, phi = (np.asarray(each, np.float64) for each in np.broadcast_arrays(theta, rho, phi))
    first = theta * phi * (1.0 + np.abs(rho))
    return _result(first), _result(first * phi)


def is_surely_free_of_butterflies(theta: Any, rho: Any, phi: Any) -> Any:
    """Whether Theorem 4.2 (ibid.) proves the slice free: its terms are below 4 and at most 4 (to a rounding).

    Sufficient, not necessary: :func:`terminal.quant.svi.has_butterfly_arbitrage` of :func:`to_raw` is exact.
    """
    first, second = butterfly_terms(theta, rho, phi)
    with np.errstate(invalid="ignore"):
        found = (np.asarray(first) < 4.0) & (np.asarray(second) <= 4.0 * (1.0 + 4e-16))
    return _result(found & (np.asarray(theta) >= 0.0) & (np.asarray(phi) >= 0.0) & (np.abs(rho) <= 1.0))
