"""Kernels of what an eSSVI slice lacks: a spline on top of it, and its check; told in :mod:`terminal.quant.surface`.

A row of ``splines`` is ``(y0, h, c[0], ..., c[11])``: ``r(k) = sum of c[j] B((y - y0) / h - j)`` with the cubic
B-spline ``B`` on [0, 4] and ``y = asinh(k / sqrt(theta))``. It ends with its second derivative continuous: beyond,
the slice is eSSVI.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.columns import Floats
from terminal.quant.essvi_kernel import slice_between, slice_slopes, smile_point, time_slope
from terminal.quant.surface_fit_kernel import EDGE, Indices

_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]
_I1 = nb.int64[::1]
_THREE = nb.types.UniTuple(nb.float64, 3)
TERMS = 12
WIDTH = TERMS + 2
_IDLE = 3
_FEWEST_TERMS = 4
_QUOTES_PER_TERM = 3
_ROUNDS = 8
_STIFFNESS = 1e-3
"""What a bend of a hundredth of the variance at the money between neighbouring terms costs, against a missed quote."""
_STIFFER, _STIFFEST = 8.0, 1e3
_LEAST_G, _FALL = 0.03, 0.9
"""What ``g`` must keep, and the part of eSSVI's growth in time that splines may use up: margins between the points."""
_POINTS_PER_TERM = 6
_INSTANTS, _KINK_POINTS = 5, 20


@nb.njit(nb.void(nb.float64, _F1), nogil=True, cache=True, error_model="numpy")
def _pieces(f: float, out: Floats) -> None:
    """The four cubic B-splines that are not zero at the part ``f`` of a knot interval, with two derivatives each:
    ``out[4 d + j]`` is derivative ``d`` of the one that began ``3 - j`` knots before."""
    e = 1.0 - f
    out[0], out[3] = e * e * e / 6.0, f * f * f / 6.0
    out[1] = (3.0 * f * f * f - 6.0 * f * f + 4.0) / 6.0
    out[2] = (3.0 * e * e * e - 6.0 * e * e + 4.0) / 6.0
    out[4], out[7] = -0.5 * e * e, 0.5 * f * f
    out[5], out[6] = 0.5 * f * (3.0 * f - 4.0), -0.5 * e * (3.0 * e - 4.0)
    out[8], out[9], out[10], out[11] = e, 3.0 * f - 2.0, 3.0 * e - 2.0, f


@nb.njit(_THREE(nb.float64, nb.float64, _F1, _F1), nogil=True, cache=True, error_model="numpy")
def residual_point(k: float, theta: float, spline: Floats, work: Floats) -> tuple[float, float, float]:
    """``r`` and its first and second derivatives in ``k``; ``work`` has room for 12."""
    h = spline[1]
    if h <= 0.0:
        return 0.0, 0.0, 0.0
    s = (math.asinh(k / math.sqrt(theta)) - spline[0]) / h
    if not 0.0 < s < TERMS + 3.0:
        return 0.0, 0.0, 0.0
    last = int(s)
    _pieces(s - last, work)
    value = slope = bend = 0.0
    for j in range(4):
        term = last - 3 + j
        if 0 <= term < TERMS:
            c = spline[2 + term]
            value += c * work[j]
            slope += c * work[4 + j]
            bend += c * work[8 + j]
    slope, bend = slope / h, bend / (h * h)
    square = k * k + theta
    return value, slope / math.sqrt(square), (bend - slope * k / math.sqrt(square)) / square


@nb.njit(nb.types.UniTuple(nb.float64, 4)(nb.float64, nb.float64, nb.int64, _F1, _F2, _F2, _F1),
         nogil=True, cache=True, error_model="numpy")  # fmt: skip
def surface_point(
    k: float, t: float, at: int, times: Floats, nodes: Floats, splines: Floats, work: Floats
) -> tuple[float, float, float, float]:
    """``w``, ``dw/dk``, ``d2w/dk2``, ``dw/dt``; ``at`` is how many of ``times`` are at or before ``t``.

    The spline is linear in time between nodes, in proportion to it before the first, and stays after the last.
    """
    theta, u, v = slice_between(t, at, times, nodes)
    w, dw, d2w = smile_point(k, theta, u, v)
    d_theta, d_u, d_v = slice_slopes(t, at, times, nodes)
    dt = time_slope(k, theta, u, v, d_theta, d_u, d_v)
    n = times.size
    if at == 0:
        r, dr, d2r = residual_point(k, nodes[0, 0], splines[0], work)
        part = t / times[0]
        return w + part * r, dw + part * dr, d2w + part * d2r, dt + r / times[0]
    r, dr, d2r = residual_point(k, nodes[at - 1, 0], splines[at - 1], work)
    if at == n:
        return w + r, dw + dr, d2w + d2r, dt
    later, d_later, d2_later = residual_point(k, nodes[at, 0], splines[at], work)
    width = times[at] - times[at - 1]
    part = (t - times[at - 1]) / width
    return (
        w + r + part * (later - r), dw + dr + part * (d_later - dr), d2w + d2r + part * (d2_later - d2r),
        dt + (later - r) / width,
    )  # fmt: skip


@nb.njit(nb.void(_F1, _F1, _F1, _F2, _F2, _F2), nogil=True, cache=True, error_model="numpy")
def surface_columns(k: Floats, t: Floats, times: Floats, nodes: Floats, splines: Floats, out: Floats) -> None:
    """``w``, ``dw/dk``, ``d2w/dk2`` and ``dw/dt`` of flat columns into the rows of ``out``; NaN for bad rows and for
    negative times. At time 0 the variance is 0."""
    n = times.size
    at, last = 0, -1.0
    work = np.empty(12)
    for i in range(k.size):
        here = t[i]
        if not math.isfinite(k[i]) or not math.isfinite(here) or here < 0.0 or n == 0:
            out[0, i] = out[1, i] = out[2, i] = out[3, i] = np.nan
            continue
        if here != last:
            at, last = np.searchsorted(times, here, side="right"), here
        out[0, i], out[1, i], out[2, i], out[3, i] = surface_point(k[i], here, at, times, nodes, splines, work)


@nb.njit(nb.int64(_F1, _F1, nb.int64, nb.int64, nb.float64, _F1), nogil=True, cache=True, error_model="numpy")
def _lay_out(k: Floats, pull: Floats, first: int, end: int, theta: float, spline: Floats) -> int:
    """Sets the knots over the strikes that are quoted on both sides; gives the number of terms, 0 for too few."""
    low, high, seen = np.inf, -np.inf, 0
    for i in range(first, end):
        if pull[i] > 0.0:
            low, high, seen = min(low, k[i]), max(high, k[i]), seen + 1
    terms = min(seen // _QUOTES_PER_TERM, TERMS)
    if terms < _FEWEST_TERMS or high <= low:
        return 0
    root = math.sqrt(theta)
    from_y, to_y = math.asinh(low / root), math.asinh(high / root)
    spline[1] = (to_y - from_y) / (terms - 1)
    spline[0] = from_y - 2.0 * spline[1]
    return terms


@nb.njit(nb.void(nb.float64, _F1, _F1, _F2), nogil=True, cache=True, error_model="numpy")
def _stiffness(stiff: float, node: Floats, spline: Floats, band: Floats) -> None:
    """The upper band of the quadratic form of the terms' second differences, each over the variance where it stands."""
    theta, terms = node[0], band.shape[0] - 2 * _IDLE
    share = np.array([1.0, -2.0, 1.0])
    band[:] = 0.0
    for middle in range(-1, terms + 1):
        inside = min(max(middle, 0), terms - 1)
        k = math.sqrt(theta) * math.sinh(spline[0] + (inside + 2) * spline[1])
        weight = 1e4 * stiff / smile_point(k, theta, node[1], node[2])[0] ** 2
        for i in range(3):
            for d in range(3 - i):
                row, column = middle - 1 + i, middle - 1 + i + d
                if row >= 0 and column < terms:
                    band[_IDLE + row, d] += weight * share[i] * share[i + d]


@nb.njit(nb.float64(_F1, _F1, _F1, _F1, _F2, _I1, _F1, _F2, _F1, _F2), nogil=True, cache=True, error_model="numpy")
def _spline_equations(
    base: Floats, middle: Floats, per_half: Floats, pull: Floats, weights: Floats, last: Indices, c: Floats,
    stiffness: Floats, gradient: Floats, band: Floats,
) -> float:  # fmt: skip
    """Cost and gradient of the terms ``c`` on top of the variances ``base``, and the upper band of their Gauss-Newton
    matrix; the loss of a quote is that of the slices. Three terms on either side stand for none, so that
    no index need be checked."""
    band[:] = stiffness
    cost = 0.0
    for i in range(c.size):
        total = stiffness[i, 0] * c[i]
        for d in range(1, 3):
            if i + d < c.size:
                total += stiffness[i, d] * c[i + d]
            if i >= d:
                total += stiffness[i - d, d] * c[i - d]
        gradient[i] = total
        cost += 0.5 * total * c[i]
    for i in range(base.size):
        at = last[i]
        b0, b1, b2, b3 = weights[i, 0], weights[i, 1], weights[i, 2], weights[i, 3]
        w = base[i] + b0 * c[at] + b1 * c[at + 1] + b2 * c[at + 2] + b3 * c[at + 3]
        if w <= 0.05 * base[i]:
            return np.inf
        s = math.sqrt(w)
        z = (s - middle[i]) * per_half[i]
        beyond = abs(z) - EDGE
        if pull[i] == 0.0 and z < 0.0:
            continue
        if beyond > 0.0:
            weight = 1.0 / (1.0 + beyond * beyond)
            cost += 0.5 * pull[i] * EDGE * EDGE - 0.5 * math.log(weight)
            z = math.copysign(beyond, z)
        else:
            weight = pull[i]
            cost += 0.5 * weight * z * z
        scale = 0.5 * per_half[i] / s
        pulled, square = weight * z * scale, weight * scale * scale
        gradient[at] += pulled * b0
        gradient[at + 1] += pulled * b1
        gradient[at + 2] += pulled * b2
        gradient[at + 3] += pulled * b3
        band[at, 0] += square * b0 * b0
        band[at, 1] += square * b0 * b1
        band[at, 2] += square * b0 * b2
        band[at, 3] += square * b0 * b3
        band[at + 1, 0] += square * b1 * b1
        band[at + 1, 1] += square * b1 * b2
        band[at + 1, 2] += square * b1 * b3
        band[at + 2, 0] += square * b2 * b2
        band[at + 2, 1] += square * b2 * b3
        band[at + 3, 0] += square * b3 * b3
    return cost


@nb.njit(nb.void(_F2, _F1, _F1), nogil=True, cache=True, error_model="numpy")
def _solve_band(band: Floats, gradient: Floats, step: Floats) -> None:
    """Solves for ``step = -matrix^-1 gradient`` between the three idle terms of either side: Cholesky in the band,
    which it overwrites."""
    first, end = _IDLE, gradient.size - _IDLE
    step[:] = 0.0
    for i in range(first, end):
        pivot = math.sqrt(max(band[i, 0], 1e-300))
        band[i, 0] = pivot
        step[i] = (-gradient[i] + step[i]) / pivot
        for d in range(1, min(4, end - i)):
            band[i, d] /= pivot
            step[i + d] -= band[i, d] * step[i]
        for d in range(1, min(4, end - i)):
            for other in range(d, min(4, end - i)):
                band[i + d, other - d] -= band[i, d] * band[i, other]
    for i in range(end - 1, first - 1, -1):
        for d in range(1, min(4, end - i)):
            step[i] -= band[i, d] * step[i + d]
        step[i] /= band[i, 0]


@nb.njit(
    nb.void(_F1, _F1, _F1, _F1, nb.int64, nb.int64, nb.float64, _F1, _F1), nogil=True, cache=True, error_model="numpy"
)
def fit_residual(
    k: Floats, middle: Floats, per_half: Floats, pull: Floats, first: int, end: int,
    stiff: float, node: Floats, spline: Floats,
) -> None:  # fmt: skip
    """Fits one slice's spline; none where the slice misses no quote that has a bid, or has few of them."""
    spline[:] = 0.0
    count, theta = end - first, node[0]
    base = np.empty(count)
    missed = 0
    for i in range(count):
        base[i] = smile_point(k[first + i], theta, node[1], node[2])[0]
        z = (math.sqrt(base[i]) - middle[first + i]) * per_half[first + i]
        missed += abs(z) > 1.0 and pull[first + i] > 0.0
    terms = _lay_out(k, pull, first, end, theta, spline) if missed > 0 else 0
    if terms == 0:
        return
    weights, last, work = np.zeros((count, 4)), np.zeros(count, np.int64), np.empty(12)
    for i in range(count):
        s = (math.asinh(k[first + i] / math.sqrt(theta)) - spline[0]) / spline[1]
        if 0.0 < s < terms + 3.0:
            last[i] = int(s)
            _pieces(s - last[i], work)
            weights[i] = work[:4]
    size = terms + 2 * _IDLE
    c, gradient, step = np.zeros(size), np.empty(size), np.empty(size)
    stiffness, band = np.empty((size, 4)), np.empty((size, 4))
    _stiffness(stiff, node, spline, stiffness)
    mid, per, own = middle[first:end], per_half[first:end], pull[first:end]
    cost = _spline_equations(base, mid, per, own, weights, last, c, stiffness, gradient, band)
    for _ in range(_ROUNDS):
        _solve_band(band, gradient, step)
        part, before = 1.0, cost
        trial = c + step
        for _ in range(4):
            cost = _spline_equations(base, mid, per, own, weights, last, trial, stiffness, gradient, band)
            if cost < before:
                break
            part *= 0.4
            trial = c + part * step
        if cost >= before:
            break
        c = trial
        if before - cost < 1e-3 * before:
            break
    spline[2 : 2 + terms] = c[_IDLE : _IDLE + terms]


@nb.njit(nb.boolean(nb.int64, _F1, _F1, _F2, _F2, _F1), nogil=True, cache=True, error_model="numpy")
def _passes(at: int, instants: Floats, times: Floats, nodes: Floats, splines: Floats, work: Floats) -> bool:
    """Whether the surface has a density and does not fall in time at ``instants``, which lie where ``at`` nodes are
    before them, on a grid over the supports of the splines beside."""
    n = times.size
    before, after = max(at - 1, 0), min(at, n - 1)
    width = times[after] - times[before]
    shapes = np.empty((instants.size, 7))
    for j in range(instants.size):
        t = instants[j]
        shapes[j, 0], shapes[j, 1], shapes[j, 2] = slice_between(t, at, times, nodes)
        shapes[j, 3], shapes[j, 4], shapes[j, 5] = slice_slopes(t, at, times, nodes)
        shapes[j, 6] = (t - times[before]) / width if width > 0.0 else 0.0
    for side in range(2):
        i = at - 1 + side
        if not 0 <= i < n or splines[i, 1] <= 0.0:
            continue
        root = math.sqrt(nodes[i, 0])
        points = (TERMS + 3) * _POINTS_PER_TERM
        for point in range(1, points):
            k = root * math.sinh(splines[i, 0] + splines[i, 1] * (point / _POINTS_PER_TERM))
            r, dr, d2r = residual_point(k, nodes[before, 0], splines[before], work)
            more, d_more, d2_more = residual_point(k, nodes[after, 0], splines[after], work)
            rise = (more - r) / width if width > 0.0 else 0.0
            for j in range(instants.size):
                theta, u, v, part = shapes[j, 0], shapes[j, 1], shapes[j, 2], shapes[j, 6]
                w, dw, d2w = smile_point(k, theta, u, v)
                w += r + part * (more - r)
                grown = time_slope(k, theta, u, v, shapes[j, 3], shapes[j, 4], shapes[j, 5])
                if w <= 0.0 or _FALL * grown + rise < 0.0:
                    return False
                dw += dr + part * (d_more - dr)
                d2w += d2r + part * (d2_more - d2r)
                lean = 1.0 - 0.5 * k * dw / w
                if lean * lean - 0.25 * dw * dw * (1.0 / w + 0.25) + 0.5 * d2w < _LEAST_G:
                    return False
    # A steep eSSVI slice turns within sigma = sqrt(u v) theta / psi^2 of its least variance: finer than that grid.
    for j in range(instants.size):
        theta, u, v = shapes[j, 0], shapes[j, 1], shapes[j, 2]
        psi2 = 0.25 * (u + v) * (u + v)
        if psi2 == 0.0:
            continue
        for point in range(-_KINK_POINTS, _KINK_POINTS + 1):
            k = (0.5 * (v - u) + math.sqrt(u * v) * math.sinh(5.0 * point / _KINK_POINTS)) * theta / psi2
            w, dw, d2w, dt = surface_point(k, instants[j], at, times, nodes, splines, work)
            if w <= 0.0 or dt < 0.0:
                return False
            lean = 1.0 - 0.5 * k * dw / w
            if lean * lean - 0.25 * dw * dw * (1.0 / w + 0.25) + 0.5 * d2w < _LEAST_G:
                return False
    return True


@nb.njit(nb.void(_I1, _F1, _F1, _F1, _F1, _F1, _F2, _F2), nogil=True, cache=True, error_model="numpy")
def refine_slices(
    offsets: Indices, k: Floats, middle: Floats, per_half: Floats, pull: Floats, times: Floats, nodes: Floats,
    splines: Floats,
) -> None:  # fmt: skip
    """Fits the splines of all slices and makes them stiffer, in the end takes them away, where the surface with them
    had arbitrage.

    ``offsets`` as in :func:`terminal.quant.surface_fit_kernel.fit_slices`. It ends: without splines the surface is free
    by construction, and every failure makes two of them stiffer.
    """
    n = times.size
    work, instants = np.empty(12), np.empty(_INSTANTS)
    stiffness, failed, known = np.full(n, _STIFFNESS), np.ones(n, np.bool_), np.zeros(n + 1, np.bool_)
    while failed.any():
        for i in range(n):
            if not failed[i]:
                continue
            known[i] = known[i + 1] = False
            if stiffness[i] > _STIFFEST:
                splines[i] = 0.0
                continue
            fit_residual(k, middle, per_half, pull, offsets[i], offsets[i + 1], stiffness[i], nodes[i], splines[i])
        failed[:] = False
        for at in range(n + 1):
            if known[at]:
                continue
            # Before the first node total variance is a part of that node's: g is concave in that part and cannot be
            # less than at both ends. After the last node time goes on by doubling.
            for j in range(_INSTANTS):
                if at == 0:
                    instants[j] = times[0]
                elif at < n:
                    instants[j] = times[at - 1] + (times[at] - times[at - 1]) * (j / (_INSTANTS - 1))
                else:
                    instants[j] = times[n - 1] * 2.0**j
            known[at] = _passes(at, instants[: 1 if at == 0 else _INSTANTS], times, nodes, splines, work)
            if not known[at]:
                for i in range(max(at - 1, 0), min(at + 1, n)):
                    failed[i] = splines[i, 1] > 0.0
        for i in range(n):
            if failed[i]:
                stiffness[i] *= _STIFFER
