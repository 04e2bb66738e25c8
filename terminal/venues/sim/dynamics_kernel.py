"""Efficient prices: one market factor and a part of its own for every name, each with stochastic vol and jumps.

Vol is the exponential of a mean-reverting process whose noise is correlated with that of the price (the leverage
effect), as in Scott (1987); time is the variance clock's. State rows hold (log price, log vol); the market's and each
name's noise come from generators of their own.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

VOL, KAPPA, XI, RHO, JUMPS, JUMP_SIZE, BETA, DRIFT = range(8)
PARAMETERS = 8
LOG_PRICE, LOG_VOL = 0, 1

_rng = nb.typeof(np.random.default_rng(0))
_f1 = nb.float64[::1]


@nb.njit(nb.void(_rng, _f1, _f1, _f1, _f1, _f1), nogil=True, cache=True)
def advance_market(rng, parameters, state, variance_years, returns, variances):  # type: ignore[no-untyped-def]
    """Steps of the market: its log returns and, at the end of each step, its variance a year.

    ``variance_years``: length of each step on the variance clock. ``state`` is updated in place.
    """
    kappa, xi, rho = parameters[KAPPA], parameters[XI], parameters[RHO]
    across = math.sqrt(1.0 - rho * rho)
    y = state[LOG_VOL]
    total = 0.0
    for i in range(len(variance_years)):
        dt = variance_years[i]
        root = math.sqrt(dt)
        vol = parameters[VOL] * math.exp(y)
        own, other = rng.standard_normal(), rng.standard_normal()
        change = (parameters[DRIFT] - 0.5 * vol * vol) * dt + vol * root * own
        if rng.random() < parameters[JUMPS] * dt:
            change += parameters[JUMP_SIZE] * (rng.standard_normal() - 0.5)
        y += -kappa * y * dt + xi * root * (rho * own + across * other)
        returns[i] = change
        total += change
        variances[i] = (parameters[VOL] * math.exp(y)) ** 2
    state[LOG_PRICE] += total
    state[LOG_VOL] = y


@nb.njit(nb.void(_rng, _f1, _f1, _f1, _f1, _f1, _f1), nogil=True, cache=True)
def advance_name(  # type: ignore[no-untyped-def]
    rng, parameters, state, variance_years, market_returns, prices, variances
):
    """Steps of one name: its price at the end of each step and the variance a year of its own part."""
    kappa, xi, rho = parameters[KAPPA], parameters[XI], parameters[RHO]
    across = math.sqrt(1.0 - rho * rho)
    y, level = state[LOG_VOL], state[LOG_PRICE]
    for i in range(len(variance_years)):
        dt = variance_years[i]
        root = math.sqrt(dt)
        vol = parameters[VOL] * math.exp(y)
        own, other = rng.standard_normal(), rng.standard_normal()
        level += parameters[BETA] * market_returns[i] - 0.5 * vol * vol * dt + vol * root * own
        if rng.random() < parameters[JUMPS] * dt:
            level += parameters[JUMP_SIZE] * rng.standard_normal()
        y += -kappa * y * dt + xi * root * (rho * own + across * other)
        prices[i] = math.exp(level)
        variances[i] = (parameters[VOL] * math.exp(y)) ** 2
    state[LOG_PRICE] = level
    state[LOG_VOL] = y
