"""Kernels for options on dividend-paying stock that need no grid: a single integral, and the limit without vol."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.american_dividends_kernel import RATE, SIGN, STRIKE, TIME, VOL, YIELD
from terminal.quant.black_kernel import black, normal_pdf
from terminal.quant.columns import Floats

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_WIDEST = 1.0
"""A panel's width in standard deviations: 16 Gauss points there leave an error near 1e-15 of the normal density."""
_TAIL = 9.0
_GRADES = np.array([0.5, 1.5, 4.0, 10.0])
_F = nb.float64
_F1 = nb.float64[::1]
_FA = nb.float64[:]


@nb.njit(nb.types.UniTuple(_F, 2)(_FA, _F, _F, _F, nb.boolean), nogil=True, cache=True, error_model="numpy")
def _at_ex_time(problem: Floats, spot: float, carried: float, left: float, american: bool) -> tuple[float, float]:
    """Undiscounted value just before the only ex time, and what exercise there gains on holding.

    ``spot`` and the dividend ``carried`` to expiry, ``left`` years after the ex time.
    """
    strike, is_call = problem[STRIKE], problem[SIGN] > 0.0
    forward = max(spot - carried, 0.0)
    if forward > 0.0 and strike > 0.0:
        held = black(forward, strike, math.log(forward / strike), problem[VOL] * math.sqrt(left), is_call)
    else:
        held = max(problem[SIGN] * (forward - strike), 0.0)
    if not american:
        return held, -1.0
    stopped = spot * math.exp(problem[YIELD] * left) - strike * math.exp(problem[RATE] * left)
    gain = problem[SIGN] * stopped - held
    return max(held, held + gain), gain


@nb.njit(_F(_FA, _F, _F, _F, _F, _F, _F, nb.boolean), nogil=True, cache=True, error_model="numpy")
def _panel(
    problem: Floats, here: float, s: float, low: float, high: float, carried: float, left: float, american: bool
) -> float:
    half = 0.5 * (high - low)
    total = 0.0
    for node in range(_NODES.size):
        z = low + half * (1.0 + _NODES[node])
        value, _ = _at_ex_time(problem, here * math.exp(s * z - 0.5 * s * s), carried, left, american)
        total += _WEIGHTS[node] * normal_pdf(z) * value
    return half * total


@nb.njit(_F(_FA, _F, _F, _F, nb.boolean), nogil=True, cache=True, error_model="numpy")
def one_dividend(problem: Floats, spot: float, ex_time: float, cash: float, american: bool) -> float:
    """The price with one dividend in (0, T] and no exercise worth while but just before it.

    The expectation at the ex time of the larger of exercise and Black's value, by Gauss-Legendre panels that end at
    every kink and crowd where the value turns (Haug, Haug and Lewis 2003; Whaley 1981 for one dividend).
    """
    time, strike = problem[TIME], problem[STRIKE]
    left = time - ex_time
    drift = problem[RATE] - problem[YIELD]
    carried = cash * math.exp(drift * left)
    here = spot * math.exp(drift * time)
    s = problem[VOL] * math.sqrt(ex_time)
    edges = np.empty(64)
    edges[0], edges[1] = -_TAIL, _TAIL + s
    edges[2] = (math.log(carried / here) + 0.5 * s * s) / s
    turn = (math.log((carried + strike) / here) + 0.5 * s * s) / s
    width = problem[VOL] * math.sqrt(left) / s * strike / (strike + carried)
    edges[3] = turn
    count = 4
    for grade in _GRADES:
        edges[count], edges[count + 1] = turn - grade * width, turn + grade * width
        count += 2
    for whole in range(-8, math.ceil(min(_TAIL + s, 40.0))):
        edges[count] = float(whole)
        count += 1
    for i in range(count):
        edge = min(max(edges[i], -_TAIL), _TAIL + s)
        place = i
        while place > 0 and edges[place - 1] > edge:
            edges[place] = edges[place - 1]
            place -= 1
        edges[place] = edge
    total = 0.0
    for i in range(count - 1):
        low, high = edges[i], edges[i + 1]
        if high - low <= 1e-15 * (1.0 + abs(low)):
            continue
        pieces = math.ceil((high - low) / _WIDEST)
        for piece in range(pieces):
            a = low + (high - low) * piece / pieces
            b = low + (high - low) * (piece + 1) / pieces
            middle = b
            _, first = _at_ex_time(problem, here * math.exp(s * a - 0.5 * s * s), carried, left, american)
            _, final = _at_ex_time(problem, here * math.exp(s * b - 0.5 * s * s), carried, left, american)
            if first * final < 0.0:
                below, above = a, b
                for _ in range(55):
                    middle = 0.5 * (below + above)
                    _, gain = _at_ex_time(problem, here * math.exp(s * middle - 0.5 * s * s), carried, left, american)
                    if gain * first > 0.0:
                        below = middle
                    else:
                        above = middle
            total += _panel(problem, here, s, a, middle, carried, left, american)
            if middle < b:
                total += _panel(problem, here, s, middle, b, carried, left, american)
    return total * math.exp(-problem[RATE] * time)


@nb.njit(nb.void(_FA, _F, _F1, _F1, nb.boolean, _FA), nogil=True, cache=True, error_model="numpy")
def without_vol(problem: Floats, spot: float, ex_times: Floats, cash: Floats, american: bool, out: Floats) -> None:
    """Price, delta, two zeros, and 1 where exercise at once is best: the best time to stop on the only path.

    Between ex times the gain discounted, S exp(-q t) - K exp(-r t), is highest at an end or where its slope is zero.
    At a kink of the payoff delta is the mean of the two sides.
    """
    rate, carry, time = problem[RATE], problem[YIELD], problem[TIME]
    strike, sign = problem[STRIKE], problem[SIGN]
    for i in range(out.size):
        out[i] = 0.0
    at, path, slope = 0.0, spot, 1.0
    best = sign * (spot - strike) if american or time == 0.0 else -np.inf
    delta, now = sign, best > -np.inf
    for k in range(ex_times.size + 1):
        until = min(ex_times[k], time) if k < ex_times.size else time
        if american and path > 0.0 and strike > 0.0 and rate != carry and rate * carry > 0.0:
            turn = at + math.log(rate * strike / (carry * path)) / (rate - carry)
            if at < turn < until:
                held = path * math.exp((rate - carry) * (turn - at))
                gain = sign * (held - strike) * math.exp(-rate * turn)
                if gain > best:
                    best, now = gain, False
                    delta = sign * slope * math.exp((rate - carry) * (turn - at) - rate * turn)
        growth = math.exp((rate - carry) * (until - at))
        path, slope, at = path * growth, slope * growth, until
        for moment in range(2):
            final = at == time and (moment == 1 or k == ex_times.size)
            if american or final:
                gain = sign * (path - strike) * math.exp(-rate * at)
                if gain > best and at > 0.0:
                    best, now, delta = gain, False, sign * slope * math.exp(-rate * at)
            if moment == 0 and k < ex_times.size:
                if path <= cash[k]:
                    slope = 0.0
                path = max(path - cash[k], 0.0)
            else:
                break
    weight = 1.0 if best > 0.0 else (0.5 if best == 0.0 and not (spot == 0.0 and strike > 0.0) else 0.0)
    out[0], out[1], out[4] = max(best, 0.0), weight * delta, 1.0 if now and best > 0.0 else 0.0
