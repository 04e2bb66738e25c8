"""European options under Heston's stochastic variance (Heston 1993).

``dS = (r - q) S dt + sqrt(v) S dW``, ``dv = kappa (theta - v) dt + sigma sqrt(v) dZ``, ``d<W, Z> = rho dt``. ``v0``,
``theta`` are variances (0.04 is a vol of 20%), ``sigma`` the vol of variance, all per year; rates continuous decimals.

The out-of-the-money price is ``-K / (2 pi)`` times the integral of ``exp(-i xi k) phi(xi) / (xi (xi + i))`` along a
line below -i (calls) or above 0 (puts), ``k = ln(K / F)`` (Lewis 2001). The line starts at the saddle point on the
imaginary axis (Lord and Kahl 2007), bends towards the steepest descent of the far integrand (Andersen and Lake 2018)
and is run through by a hyperbolic sine (Boyarchenko and Levendorskii 2019), under which the trapezoidal rule converges
exponentially; what the two poles add to the rule is known and taken off. The rules of the nodes and of the midpoints
must agree to 1e-7 of the option's price, which leaves about the square of it in their mean; else the step is halved.
Strikes of one expiry share the nodes as long as no more than six digits cancel. The characteristic function is told in
:mod:`terminal.quant.heston_cf_kernel`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from terminal.quant import implied_vol as black_vol
from terminal.quant.columns import Floats, numbers_and_flag, shaped
from terminal.quant.heston_fit import ExpiryFit, FitStatus, HestonFit, RejectedQuote, calibrate
from terminal.quant.heston_integral_kernel import Status
from terminal.quant.heston_kernel import GREEKS, solve_columns

__all__ = [
    "ExpiryFit", "FitStatus", "Greeks", "HestonFit", "RejectedQuote", "Status", "calibrate", "greeks", "implied_vol",
    "price", "price_with_status",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Greeks:
    """Price and plain derivatives, each a float or an array of the arguments' common shape.

    ``rho`` is by the rate, ``theta`` per year of calendar time passing; ``by_v0`` to ``by_rho`` are by the model's
    parameters, ``by_rho`` by the correlation.
    """

    price: Any
    delta: Any
    gamma: Any
    theta: Any
    rho: Any
    by_v0: Any
    by_kappa: Any
    by_theta: Any
    by_sigma: Any
    by_rho: Any


def price(
    spot: Any, strike: Any, time: Any, rate: Any, dividend_yield: Any, is_call: Any,
    v0: Any, kappa: Any, theta: Any, sigma: Any, rho: Any,
) -> Any:  # fmt: skip
    """The price in currency: a float for scalars, else an array of the common shape; all arguments broadcast.

    Zero spot, strike, time, v0, kappa, theta and sigma and a correlation of +-1 are limits with a value. A bad row, or
    one whose integral does not reach its error target, is NaN (see :func:`price_with_status`).
    """
    arguments = (spot, strike, time, rate, dividend_yield, is_call, v0, kappa, theta, sigma, rho)
    out, _, shape = _solve(1, *arguments)
    return shaped(out[0], shape)


def price_with_status(
    spot: Any, strike: Any, time: Any, rate: Any, dividend_yield: Any, is_call: Any,
    v0: Any, kappa: Any, theta: Any, sigma: Any, rho: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """``(price, status)``: as :func:`price`; the price is NaN where ``status`` is not 0 (see :class:`Status`)."""
    arguments = (spot, strike, time, rate, dividend_yield, is_call, v0, kappa, theta, sigma, rho)
    out, status, shape = _solve(1, *arguments)
    codes = int(status[0]) if shape == () else status.astype(np.int8).reshape(shape)
    return shaped(out[0], shape), codes


def greeks(
    spot: Any, strike: Any, time: Any, rate: Any, dividend_yield: Any, is_call: Any,
    v0: Any, kappa: Any, theta: Any, sigma: Any, rho: Any,
) -> Greeks:  # fmt: skip
    """Price and derivatives as :class:`Greeks`, all from the same nodes by differentiation under the integral.

    Where the spot at expiry is certain they are those of the payoff, at its kink the mean of the two sides.
    """
    arguments = (spot, strike, time, rate, dividend_yield, is_call, v0, kappa, theta, sigma, rho)
    out, _, shape = _solve(GREEKS, *arguments)
    return Greeks(*(shaped(row, shape) for row in out))


def implied_vol(
    spot: Any, strike: Any, time: Any, rate: Any, dividend_yield: Any,
    v0: Any, kappa: Any, theta: Any, sigma: Any, rho: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """``(vol, status)`` of Black's formula at the model's out-of-the-money price; status as
    :class:`terminal.quant.implied_vol.Status`."""
    with np.errstate(over="ignore", invalid="ignore"):
        forward = np.asarray(spot, np.float64) * np.exp(np.subtract(rate, dividend_yield) * np.asarray(time))
        is_call = np.asarray(strike, np.float64) >= forward
    found = price(spot, strike, time, rate, dividend_yield, is_call, v0, kappa, theta, sigma, rho)
    return black_vol.european(found, spot, strike, time, rate, dividend_yield, is_call)


def _solve(rows: int, *arguments: Any) -> tuple[Floats, Any, tuple[int, ...]]:
    spot, strike, time, rate, dividend_yield, is_call, *model = arguments
    *values, flags = numbers_and_flag([spot, strike, rate, dividend_yield, time, *model, is_call])
    shape = np.broadcast(flags, *values).shape
    # One table: what float_columns does takes a tenth of a chain's time.
    table, calls = np.empty((len(values), *shape)), np.empty(shape, np.bool_)
    calls[...] = flags
    for row, value in enumerate(values):
        table[row] = value
    columns = table.reshape(len(values), -1)
    out = np.empty((rows, calls.size))
    status = np.empty(calls.size, np.int64)
    solve_columns(*columns[:4], calls.reshape(-1), columns[4:], out, status)
    return out, status, shape
