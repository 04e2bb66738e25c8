"""The arbitrage-free surface the market makers quote off: SSVI of Gatheral and Jacquier (2014).

Total variance at log-moneyness ``k = ln(K / F)`` is ``theta / 2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2))``
with ``phi = eta / (theta^gamma (1 + theta)^(1 - gamma))``. It has neither butterfly nor calendar arbitrage when
``eta (1 + |rho|) <= 2``, ``0 < gamma <= 1/2`` (Corollary 4.1, section 4.2) and the at-the-money total variance does
not fall with expiry, which sums of variance over time cannot.
"""

from __future__ import annotations

import math

import numba as nb


@nb.njit(nb.float64(nb.float64, nb.float64, nb.float64, nb.float64), nogil=True, cache=True)
def expected_variance(now, long_run, kappa, years):  # type: ignore[no-untyped-def]
    """Integral over ``years`` of a variance that reverts from ``now`` to ``long_run`` at speed ``kappa``."""
    decay = -math.expm1(-kappa * years) / kappa
    return long_run * years + (now - long_run) * decay


@nb.njit(nb.float64(nb.float64, nb.float64, nb.float64), nogil=True, cache=True)
def curvature(theta, eta, gamma):  # type: ignore[no-untyped-def]
    """SSVI's ``phi`` at an at-the-money total variance ``theta`` > 0."""
    return eta / (theta**gamma * (1.0 + theta) ** (1.0 - gamma))


@nb.njit(nb.float64(nb.float64, nb.float64, nb.float64, nb.float64), nogil=True, cache=True)
def smile_variance(k, theta, rho, phi):  # type: ignore[no-untyped-def]
    """Total variance of SSVI for a known ``phi``."""
    bent = phi * k + rho
    return 0.5 * theta * (1.0 + rho * phi * k + math.sqrt(bent * bent + 1.0 - rho * rho))
