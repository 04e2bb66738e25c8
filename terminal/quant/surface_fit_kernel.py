"""Kernels that fit eSSVI slices to bid and ask; the method is told in :mod:`terminal.quant.surface_fit`."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.quant.columns import Floats
from terminal.quant.essvi_kernel import WING_LIMIT

Indices = npt.NDArray[np.int64]

_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]
_I1 = nb.int64[::1]
_LEAST_RATIO = 5e-4
"""Neither ``u`` nor ``v`` is below this part of the other: ``|rho| < 0.999``, so that all variances stay positive."""
_BUTTERFLY_LIMIT = 8.0 * (1.0 - 1e-9)
_PENALTY = 1e3
_PULL = 0.1
"""Weight of the distance from the middle inside bid and ask, against 1 outside."""
EDGE = 0.94
"""Beyond this part of the half-spread a quote counts as missed, so that a solution comes to lie inside."""
_ONE_SIDED = 0.1
"""The half-spread, as a part of the ask, by which missing a quote without a bid is measured."""
_NARROWEST = 1e-3
"""No half-spread counts as less than this part of the vol: a locked quote is not to outweigh all others."""
_EARLY = 1e4
"""The ``patience`` of the first steps, with which every quote pulls; afterwards it is 1."""
_FAR = 1.0
"""The cost a quote from which on an earlier slice counts as far off: that of about 1.3 half-spreads beyond."""
_MOST_STEPS, _WARM_STEPS = 25, 8
_SMALL = 1e-7


@nb.njit(nb.types.UniTuple(nb.float64, 10)(
    _F1, _F1, _F1, _F1, _F1, nb.int64, nb.int64, nb.float64, nb.float64, nb.float64),
         nogil=True, cache=True, error_model="numpy")  # fmt: skip
def _normal_equations(
    x: Floats, k: Floats, middle: Floats, per_half: Floats, pull: Floats, first: int, end: int,
    phi_most: float, phi_least: float, patience: float,
) -> tuple[float, float, float, float, float, float, float, float, float, float]:  # fmt: skip
    """Cost, gradient and Gauss-Newton matrix of a slice at ``x = (theta, u, v)``; ``patience`` is the square of the
    distance, in half-spreads, from which on a missed quote pulls less."""
    theta, u, v = x[0], x[1], x[2]
    p, psi, wings = 0.5 * (u - v), 0.5 * (u + v), u * v
    cost = g0 = g1 = g2 = h00 = h01 = h02 = h11 = h12 = h22 = 0.0
    for i in range(first, end):
        at = k[i]
        line = theta + p * at
        root = math.sqrt(line * line + wings * at * at)
        w = max(0.5 * (line + root), 1e-16)
        s = math.sqrt(w)
        z = (s - middle[i]) * per_half[i]
        beyond = abs(z) - EDGE
        if pull[i] == 0.0 and z < 0.0:
            continue
        if beyond > 0.0:
            # Cauchy's loss: least squares near the spread, while a quote that is far off ceases to pull.
            weight = 1.0 / (1.0 + beyond * beyond / patience)
            cost += 0.5 * pull[i] * EDGE * EDGE - 0.5 * patience * math.log(weight)
            residual = math.copysign(beyond, z)
        else:
            weight = pull[i]
            residual = z
            cost += 0.5 * weight * z * z
        scale = 0.25 / s * per_half[i]
        over = 1.0 / root
        along = at * (1.0 + theta * over)
        across = psi * at * at * over
        d0 = scale * (1.0 + line * over)
        d1 = 0.5 * scale * (across + along)
        d2 = 0.5 * scale * (across - along)
        pulled = weight * residual
        g0 += pulled * d0
        g1 += pulled * d1
        g2 += pulled * d2
        h00 += weight * d0 * d0
        h01 += weight * d0 * d1
        h02 += weight * d0 * d2
        h11 += weight * d1 * d1
        h12 += weight * d1 * d2
        h22 += weight * d2 * d2
    for which in range(3):
        if which == 0:
            top = max(u, v)
            over = psi * top / (0.5 * _BUTTERFLY_LIMIT * theta) - 1.0
            d0 = -(over + 1.0) / theta
            half = 0.5 * top / (0.5 * _BUTTERFLY_LIMIT * theta)
            more = psi / (0.5 * _BUTTERFLY_LIMIT * theta)
            d1 = half + (more if u >= v else 0.0)
            d2 = half + (more if v > u else 0.0)
        elif which == 1:
            over = psi / (phi_most * theta) - 1.0
            d0, d1 = -(over + 1.0) / theta, 0.5 / (phi_most * theta)
            d2 = d1
        else:
            over = 1.0 - psi / (phi_least * theta) if phi_least > 0.0 else -1.0
            d0, d1 = (1.0 - over) / theta, -0.5 / (max(phi_least, 1e-300) * theta)
            d2 = d1
        if over > 0.0:
            weight = _PENALTY * _PENALTY
            cost += 0.5 * weight * over * over
            g0 += weight * over * d0
            g1 += weight * over * d1
            g2 += weight * over * d2
            h00 += weight * d0 * d0
            h01 += weight * d0 * d1
            h02 += weight * d0 * d2
            h11 += weight * d1 * d1
            h12 += weight * d1 * d2
            h22 += weight * d2 * d2
    return cost, g0, g1, g2, h00, h01, h02, h11, h12, h22


@nb.njit(nb.boolean(nb.float64, nb.float64, nb.float64, nb.float64, nb.float64),
         nogil=True, cache=True, error_model="numpy")  # fmt: skip
def _is_allowed(theta: float, u: float, v: float, phi_most: float, phi_least: float) -> bool:
    """The conditions that are no bounds of a single variable."""
    psi = 0.5 * (u + v)
    return psi <= phi_most * theta and psi >= phi_least * theta and 2.0 * psi * max(u, v) <= _BUTTERFLY_LIMIT * theta


@nb.njit(nb.void(_F1, _F1, _F1), nogil=True, cache=True, error_model="numpy")
def project(x: Floats, below: Floats, above: Floats) -> None:
    """Moves ``x`` to where the slice has no butterflies and crosses neither neighbour, which cross not each other.

    After the bounds it goes towards the slice that lies on the line between the neighbours at the same ``theta``.
    ``below`` is zero and ``above`` infinite where there is none.
    """
    ends = math.isfinite(above[0])
    x[0] = min(max(x[0], below[0], 1e-14), above[0])
    for j in range(1, 3):
        x[j] = min(max(x[j], below[j]), above[j], WING_LIMIT)
    x[1], x[2] = max(x[1], _LEAST_RATIO * x[2]), max(x[2], _LEAST_RATIO * x[1])
    phi_most = 0.5 * (below[1] + below[2]) / below[0] if below[0] > 0.0 else np.inf
    phi_least = 0.5 * (above[1] + above[2]) / above[0] if ends else 0.0
    if _is_allowed(x[0], x[1], x[2], phi_most, phi_least):
        return
    part = (x[0] - below[0]) / (above[0] - below[0]) if ends and above[0] > below[0] else 0.0
    u = below[1] + part * (above[1] - below[1]) if ends else below[1]
    v = below[2] + part * (above[2] - below[2]) if ends else below[2]
    good, bad = 0.0, 1.0
    for _ in range(40):
        half = 0.5 * (good + bad)
        if _is_allowed(x[0], u + half * (x[1] - u), v + half * (x[2] - v), phi_most, phi_least):
            good = half
        else:
            bad = half
    # At the anchor itself a rounding may break a condition that holds there with equality.
    x[1], x[2] = u + good * (x[1] - u), v + good * (x[2] - v)


@nb.njit(
    nb.void(
        _F1, nb.boolean[::1], nb.float64, nb.float64, nb.float64, nb.float64, nb.float64, nb.float64, nb.float64,
        nb.float64, nb.float64, nb.float64,
    ),
    nogil=True, cache=True, error_model="numpy",
)  # fmt: skip
def _damped_step(
    step: Floats, held: npt.NDArray[np.bool_], damping: float, g0: float, g1: float, g2: float, h00: float,
    h01: float, h02: float, h11: float, h12: float, h22: float,
) -> None:  # fmt: skip
    """Solves (H + damping diag H) step = -g over the variables that are not held, by Cholesky's method."""
    floor = 1e-12 * (h00 + h11 + h22) + 1e-300
    grown = 1.0 + damping
    a00, a11, a22 = grown * h00 + floor, grown * h11 + floor, grown * h22 + floor
    if held[0]:
        a00, h01, h02, g0 = 1.0, 0.0, 0.0, 0.0
    if held[1]:
        a11, h01, h12, g1 = 1.0, 0.0, 0.0, 0.0
    if held[2]:
        a22, h02, h12, g2 = 1.0, 0.0, 0.0, 0.0
    l00 = math.sqrt(a00)
    l10, l20 = h01 / l00, h02 / l00
    l11 = math.sqrt(max(a11 - l10 * l10, 1e-14 * a11))
    l21 = (h12 - l20 * l10) / l11
    l22 = math.sqrt(max(a22 - l20 * l20 - l21 * l21, 1e-14 * a22))
    y0 = -g0 / l00
    y1 = (-g1 - l10 * y0) / l11
    y2 = (-g2 - l20 * y0 - l21 * y1) / l22
    step[2] = y2 / l22
    step[1] = (y1 - l21 * step[2]) / l11
    step[0] = (y0 - l10 * step[1] - l20 * step[2]) / l00


@nb.njit(nb.float64(_F1, _F1, _F1, _F1, _F1, _F1, _F1, nb.int64, nb.int64, nb.int64, nb.float64),
         nogil=True, cache=True, error_model="numpy")  # fmt: skip
def solve_slice(
    x: Floats, below: Floats, above: Floats, k: Floats, middle: Floats, per_half: Floats, pull: Floats,
    first: int, end: int, steps: int, patience: float,
) -> float:  # fmt: skip
    """Levenberg-Marquardt with bounds from ``x`` on, in place; gives the cost at the projected end."""
    phi_most = 0.5 * (below[1] + below[2]) / below[0] if below[0] > 0.0 else np.inf
    phi_least = 0.5 * (above[1] + above[2]) / above[0] if math.isfinite(above[0]) else 0.0
    project(x, below, above)
    low, high = np.empty(3), np.empty(3)
    low[0], high[0] = max(below[0], 1e-14), above[0]
    for j in range(1, 3):
        low[j], high[j] = below[j], min(above[j], WING_LIMIT)
    trial, step, held = np.empty(3), np.empty(3), np.empty(3, np.bool_)
    cost, g0, g1, g2, h00, h01, h02, h11, h12, h22 = _normal_equations(
        x, k, middle, per_half, pull, first, end, phi_most, phi_least, patience
    )
    damping = 1e-3
    for _ in range(steps):
        for j in range(3):
            slope = g0 if j == 0 else (g1 if j == 1 else g2)
            held[j] = (x[j] <= low[j] and slope >= 0.0) or (x[j] >= high[j] and slope <= 0.0)
        _damped_step(step, held, damping, g0, g1, g2, h00, h01, h02, h11, h12, h22)
        for j in range(3):
            trial[j] = min(max(x[j] + step[j], low[j]), high[j])
        trial[0] = min(max(trial[0], 0.2 * x[0]), 5.0 * x[0])
        trial[1], trial[2] = max(trial[1], _LEAST_RATIO * trial[2]), max(trial[2], _LEAST_RATIO * trial[1])
        found = _normal_equations(trial, k, middle, per_half, pull, first, end, phi_most, phi_least, patience)
        if found[0] < cost:
            gain = cost - found[0]
            for j in range(3):
                x[j] = trial[j]
            cost, g0, g1, g2, h00, h01, h02, h11, h12, h22 = found
            damping = max(0.1 * damping, 1e-9)
            if gain <= 1e-3 * cost + 1e-12:
                break
        else:
            damping *= 8.0
            wings = abs(step[1]) + abs(step[2])
            if damping > 1e8 or (abs(step[0]) <= _SMALL * x[0] and wings <= _SMALL * (x[1] + x[2])):
                break
    project(x, below, above)
    return _normal_equations(x, k, middle, per_half, pull, first, end, phi_most, phi_least, patience)[0]


@nb.njit(nb.void(_F1, _F1, _F1, _F1, _F1, nb.int64, nb.int64, nb.boolean), nogil=True, cache=True, error_model="numpy")
def _free_fit(
    x: Floats, k: Floats, middle: Floats, per_half: Floats, pull: Floats, first: int, end: int, is_warm: bool
) -> None:
    """A slice by itself into ``x``: from there when it is warm, else from the best of three starts.

    The first steps let every quote pull, on a warm start only where the market has gone far.
    """
    below, above = np.zeros(3), np.full(3, np.inf)
    if is_warm:
        if solve_slice(x, below, above, k, middle, per_half, pull, first, end, 0, 1.0) > _FAR * (end - first):
            solve_slice(x, below, above, k, middle, per_half, pull, first, end, 5, _EARLY)
        solve_slice(x, below, above, k, middle, per_half, pull, first, end, _WARM_STEPS, 1.0)
        return
    nearest, theta = np.inf, 1e-4
    for i in range(first, end):
        away = abs(k[i]) + (0.0 if pull[i] > 0.0 else 1e3)
        if away < nearest:
            nearest, theta = away, max(middle[i] * middle[i], 1e-12)
    start, best = np.empty(3), np.inf
    for which in range(3):
        psi = (1.2 if which == 1 else 0.5) * math.sqrt(theta)
        rho = -0.4 if which == 0 else (-0.7 if which == 1 else 0.3)
        start[0], start[1], start[2] = theta, psi * (1.0 + rho), psi * (1.0 - rho)
        cost = solve_slice(start, below, above, k, middle, per_half, pull, first, end, 5, _EARLY)
        if cost < best:
            best = cost
            x[:] = start
    solve_slice(x, below, above, k, middle, per_half, pull, first, end, _MOST_STEPS, 1.0)


@nb.njit(nb.void(_F2, nb.boolean[::1], nb.int64, _F1, _F1), nogil=True, cache=True, error_model="numpy")
def _neighbours(nodes: Floats, placed: npt.NDArray[np.bool_], at: int, below: Floats, above: Floats) -> None:
    """The nearest placed slices on both sides of ``at``: zeros and infinities where there is none."""
    below[:], above[:] = 0.0, np.inf
    for i in range(at - 1, -1, -1):
        if placed[i]:
            below[:] = nodes[i]
            break
    for i in range(at + 1, placed.size):
        if placed[i]:
            above[:] = nodes[i]
            break


@nb.njit(nb.int64(_I1, _F1, _F1, _F1, _F1, _F1, _F2, nb.boolean, nb.int64),
         nogil=True, cache=True, error_model="numpy")  # fmt: skip
def fit_slices(
    offsets: Indices, k: Floats, middle: Floats, per_half: Floats, pull: Floats, information: Floats,
    nodes: Floats, is_warm: bool, sweeps: int,
) -> int:  # fmt: skip
    """Fits all slices into the rows of ``nodes``; gives how many sweeps were made.

    ``offsets``: where each slice's quotes begin in the columns, and the end. ``is_warm``: ``nodes`` holds an earlier
    surface to go on from. Each slice is fitted by itself; then they are placed one after another, the best informed
    first, each between those that have been placed; then all are swept until nothing is gained.
    """
    n = offsets.size - 1
    below, above, trial = np.empty(3), np.empty(3), np.empty(3)
    placed = np.zeros(n, np.bool_)
    for i in range(n):
        _free_fit(nodes[i], k, middle, per_half, pull, offsets[i], offsets[i + 1], is_warm)
    is_bound, costs = np.zeros(n, np.bool_), np.empty(n)
    for i in np.argsort(-information):
        _neighbours(nodes, placed, i, below, above)
        trial[:] = nodes[i]
        project(trial, below, above)
        placed[i] = True
        # Where the neighbours leave a slice as it is, nothing is to be gained, here and in the sweeps.
        is_bound[i] = trial[0] != nodes[i, 0] or trial[1] != nodes[i, 1] or trial[2] != nodes[i, 2]
        if is_bound[i]:
            low, high = offsets[i], offsets[i + 1]
            costs[i] = solve_slice(nodes[i], below, above, k, middle, per_half, pull, low, high, _MOST_STEPS, 1.0)
    for sweep in range(sweeps):
        gain = total = 0.0
        for i in range(n):
            if not is_bound[i]:
                continue
            _neighbours(nodes, placed, i, below, above)
            trial[:] = nodes[i]
            low, high = offsets[i], offsets[i + 1]
            cost = solve_slice(trial, below, above, k, middle, per_half, pull, low, high, _WARM_STEPS, 1.0)
            total += costs[i]
            if cost < costs[i]:
                gain += costs[i] - cost
                costs[i] = cost
                nodes[i] = trial
        if gain <= 1e-3 * total + 1e-12:
            return sweep + 1
    return sweeps


@nb.njit(nb.void(_F1, _F1, _F1, _F1, _F1), nogil=True, cache=True, error_model="numpy")
def bands(low: Floats, high: Floats, middle: Floats, per_half: Floats, pull: Floats) -> None:
    """From bid and ask in ``sqrt(w)`` the middle, one over the half-width, and the weight inside the band.

    A bid of 0 is no bid: such a quote is an upper bound, whose weight is 0. An infinite ask is none: the band is wide.
    """
    for i in range(low.size):
        is_two_sided = low[i] > 0.0 and math.isfinite(high[i])
        if is_two_sided:
            half = 0.5 * (high[i] - low[i])
            middle[i] = low[i] + half
        elif low[i] > 0.0:
            half = low[i]
            middle[i] = 2.0 * low[i]
        else:
            half = _ONE_SIDED * high[i]
            middle[i] = high[i] - half
        per_half[i] = 1.0 / max(half, _NARROWEST * middle[i])
        pull[i] = _PULL * _PULL if is_two_sided else (1e-12 if low[i] > 0.0 else 0.0)
