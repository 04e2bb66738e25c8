"""The SABR smile (Hagan, Kumar, Lesniewski and Woodward 2002, "Managing smile risk").

``dF = a F^beta dW``, ``da = nu a dZ``, ``d<W, Z> = rho dt``, ``a`` starts at ``alpha``. The smile is the paper's
expansion, eq. 2.17, of order ``time``: right for short times and near the money, but the density it implies turns
negative at low strikes (:func:`first_negative_strike`). Arguments broadcast; a forward, strike, alpha, nu or time
below zero, a beta outside [0, 1], a rho outside [-1, 1] and what is not finite give NaN in that place. Zero alpha, nu
and time are limits; at a zero forward or strike there is no Black vol.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from terminal.quant.columns import Floats, float_columns, shaped
from terminal.quant.sabr_fit import SabrFit, SabrStatus, alpha_from_atm, calibrate
from terminal.quant.sabr_kernel import density_column, negative_column, vol_column

__all__ = [
    "SabrFit", "SabrStatus", "alpha_from_atm", "calibrate", "density", "first_negative_strike", "implied_vol",
    "uncorrelated_call",
]  # fmt: skip

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)


def implied_vol(forward: Any, strike: Any, time: Any, alpha: Any, beta: Any, nu: Any, rho: Any) -> Any:
    """Black's vol as a decimal: a float for scalars, else an array of the common shape.

    Exact to the last digits of the formula at the money and beside it. NaN also where the expansion is not positive.
    """
    return _map(vol_column, forward, strike, time, alpha, beta, nu, rho)


def density(forward: Any, strike: Any, time: Any, alpha: Any, beta: Any, nu: Any, rho: Any) -> Any:
    """The risk-neutral density at ``strike`` that the smile implies, per unit of currency; it may be negative.

    The second derivative of Black's price along the smile, in closed form (Gatheral 2006, "The volatility surface").
    NaN at a zero time or alpha.
    """
    return _map(density_column, forward, strike, time, alpha, beta, nu, rho)


def first_negative_strike(
    forward: Any, time: Any, alpha: Any, beta: Any, nu: Any, rho: Any, least_share: float = 1e-4
) -> Any:
    """The highest strike below the forward at which the implied density turns negative: there and below, butterflies
    have a negative price. NaN if there is none down to ``least_share`` of the forward."""
    return _map(negative_column, forward, np.multiply(forward, least_share), time, alpha, beta, nu, rho)


def uncorrelated_call(forward: Any, strike: Any, time: Any, alpha: Any, beta: Any, nu: Any) -> Any:
    """The undiscounted call of the model itself, not of the expansion, for ``rho = 0``, ``beta`` < 1 and a forward
    absorbed at zero (Antonov, Konikov and Spector 2013, "SABR spreads its wings", eq. 2.11 and after).

    By Gauss-Legendre quadrature, about 1e-9 of the forward for ``nu^2 time`` between 0.01 and 4. Needs forward, strike,
    time, alpha and nu above zero, else NaN.
    """
    columns, _, shape = float_columns((forward, strike, time, alpha, beta, nu), True)
    out = np.array([_uncorrelated(*(float(column[i]) for column in columns)) for i in range(columns[0].size)])
    return shaped(out, shape)


def _map(kernel: Any, *arguments: Any) -> Any:
    columns, _, shape = float_columns(arguments, True)
    out = np.empty(columns[0].size)
    kernel(*columns, out)
    return shaped(out, shape)


def _uncorrelated(forward: float, strike: float, time: float, alpha: float, beta: float, nu: float) -> float:
    inputs = (forward, strike, time, alpha, nu)
    if not (all(0.0 < value < math.inf for value in inputs) and 0.0 <= beta < 1.0):
        return math.nan
    lack = 1.0 - beta
    q, q0 = strike**lack / lack, forward**lack / lack
    near, far = math.asinh(nu * abs(q - q0) / alpha), math.asinh(nu * (q + q0) / alpha)
    variance = nu * nu * time
    order = 0.5 / lack
    # Both substitutions lift the square roots at the ends of the pieces.
    angle = 0.25 * math.pi * (_NODES + 1.0)
    s = near + (far - near) * np.sin(angle) ** 2
    jacobian = 0.25 * math.pi * _WEIGHTS * (far - near) * np.sin(2.0 * angle)
    phase = 2.0 * np.arctan2(
        np.sqrt(np.maximum(np.sinh(s - near) * np.sinh(s + near), 0.0)),
        np.sqrt(np.maximum(np.sinh(far - s) * np.sinh(far + s), 0.0)),
    )
    total = np.sum(jacobian * np.sin(order * phase) / np.sinh(s) * _kernel(variance, s))
    reach = 9.0 * math.sqrt(variance) + variance
    x = 0.5 * (_NODES + 1.0)
    s = far + reach * x * x
    jacobian = _WEIGHTS * reach * x
    decay = 2.0 * np.arctanh(
        np.minimum(np.sqrt(np.sinh(s - far) * np.sinh(s + far) / (np.sinh(s - near) * np.sinh(s + near))), 1.0 - 1e-16)
    )
    beyond = np.sum(jacobian * np.exp(-order * decay) / np.sinh(s) * _kernel(variance, s))
    time_value = 2.0 / math.pi * math.sqrt(strike * forward) * (total + math.sin(order * math.pi) * beyond)
    return max(forward - strike, 0.0) + float(time_value)


def _kernel(variance: float, s: Floats) -> Floats:
    """G(t, s) of the paper: the chance that the hyperbolic distance exceeds ``s``, as a quadrature beyond ``s``."""
    reach = 9.0 * math.sqrt(variance) + variance
    x = 0.5 * (_NODES + 1.0)
    u = s[:, None] + reach * (x * x)[None, :]
    # cosh u - cosh s, without the difference
    gap = 2.0 * np.sinh(0.5 * (u - s[:, None])) * np.sinh(0.5 * (u + s[:, None]))
    inner = u * np.exp(-u * u / (2.0 * variance)) * np.sqrt(gap)
    integral = inner @ (_WEIGHTS * reach * x)
    scale = 2.0 * math.sqrt(2.0) * math.exp(-variance / 8.0) / (variance * math.sqrt(2.0 * math.pi * variance))
    return np.asarray(scale * integral, np.float64)
