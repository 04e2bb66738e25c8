"""Kernels of an eSSVI slice in the variables ``(theta, u, v)``; told in :mod:`terminal.quant.surface`.

``w = (theta + p k + sqrt((theta + p k)^2 + u v k^2)) / 2`` with ``p = rho psi = (u - v) / 2``, which is Gatheral and
Jacquier 2014, eq. 4.1, without a division and with nothing that cancels under the root.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.columns import Floats

_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]
_THREE = nb.types.UniTuple(nb.float64, 3)
WING_LIMIT = 3.99
"""The most that ``u`` and ``v`` may be. At 4 a wing has Lee's slope of 2 and some mass would be at infinity."""


@nb.njit(_THREE(nb.float64, nb.float64, nb.float64, nb.float64), nogil=True, cache=True, error_model="numpy")
def smile_point(k: float, theta: float, u: float, v: float) -> tuple[float, float, float]:
    """``w`` and its first and second derivatives in ``k``."""
    p, wings = 0.5 * (u - v), u * v
    line = theta + p * k
    root = math.sqrt(line * line + wings * k * k)
    if root == 0.0:
        return 0.0, 0.5 * p, 0.0
    # On the falling side of a steep smile the line and the root almost cancel.
    w = 0.5 * (line + root) if line > 0.0 else 0.5 * wings * k * k / (root - line)
    return w, 0.5 * (p + (p * line + wings * k) / root), 0.5 * theta * theta * wings / (root * root * root)


@nb.njit(nb.float64(_F1, _F2), nogil=True, cache=True, error_model="numpy")
def after_slope(times: Floats, nodes: Floats) -> float:
    """The variance per year after the last node: that of the second half of the time up to it.

    The last interval may be hours (settlement in the morning and in the afternoon), and what a tick is over hours would
    be the forward variance of years.
    """
    n = times.size
    half = 0.5 * times[n - 1]
    at = np.searchsorted(times, half, side="right")
    if at == 0:
        before = nodes[0, 0] * (half / times[0])
    else:
        part = (half - times[at - 1]) / (times[at] - times[at - 1])
        before = nodes[at - 1, 0] + part * (nodes[at, 0] - nodes[at - 1, 0])
    return max(nodes[n - 1, 0] - before, 0.0) / (times[n - 1] - half)


@nb.njit(
    _THREE(nb.float64, nb.int64, _F1, _F2),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def slice_between(t: float, at: int, times: Floats, nodes: Floats) -> tuple[float, float, float]:
    """``(theta, u, v)`` at ``t``; ``at`` is how many of ``times`` are at or before it.

    Between nodes on the straight line; before the first all three in proportion to time; after the last ``theta`` goes
    on as in the second half of the time, ``u`` and ``v`` with its square root up to their bound.
    """
    n = times.size
    if at == 0:
        part = t / times[0]
        return part * nodes[0, 0], part * nodes[0, 1], part * nodes[0, 2]
    if at < n:
        part = (t - times[at - 1]) / (times[at] - times[at - 1])
        return (
            nodes[at - 1, 0] + part * (nodes[at, 0] - nodes[at - 1, 0]),
            nodes[at - 1, 1] + part * (nodes[at, 1] - nodes[at - 1, 1]),
            nodes[at - 1, 2] + part * (nodes[at, 2] - nodes[at - 1, 2]),
        )
    slope = after_slope(times, nodes)
    theta = nodes[n - 1, 0] + slope * (t - times[n - 1])
    growth = math.sqrt(theta / nodes[n - 1, 0])
    return theta, min(nodes[n - 1, 1] * growth, WING_LIMIT), min(nodes[n - 1, 2] * growth, WING_LIMIT)


@nb.njit(_THREE(nb.float64, nb.int64, _F1, _F2), nogil=True, cache=True, error_model="numpy")
def slice_slopes(t: float, at: int, times: Floats, nodes: Floats) -> tuple[float, float, float]:
    """The time derivatives of :func:`slice_between`; at a node those of the interval after it."""
    n = times.size
    if at == 0:
        return nodes[0, 0] / times[0], nodes[0, 1] / times[0], nodes[0, 2] / times[0]
    if at < n:
        width = times[at] - times[at - 1]
        return (
            (nodes[at, 0] - nodes[at - 1, 0]) / width,
            (nodes[at, 1] - nodes[at - 1, 1]) / width,
            (nodes[at, 2] - nodes[at - 1, 2]) / width,
        )
    theta, u, v = slice_between(t, at, times, nodes)
    d_theta = after_slope(times, nodes)
    rate = 0.5 * d_theta / theta
    return d_theta, rate * u if u < WING_LIMIT else 0.0, rate * v if v < WING_LIMIT else 0.0


@nb.njit(
    nb.float64(nb.float64, nb.float64, nb.float64, nb.float64, nb.float64, nb.float64, nb.float64),
    nogil=True, cache=True, error_model="numpy",
)  # fmt: skip
def time_slope(k: float, theta: float, u: float, v: float, d_theta: float, d_u: float, d_v: float) -> float:
    """``dw/dt`` at constant log-moneyness, from a slice and its time derivatives."""
    line, d_line = theta + 0.5 * (u - v) * k, d_theta + 0.5 * (d_u - d_v) * k
    root = math.sqrt(line * line + u * v * k * k)
    if root == 0.0:
        return 0.5 * d_line
    return 0.5 * (d_line + (line * d_line + 0.5 * (d_u * v + u * d_v) * k * k) / root)


@nb.njit(nb.void(_F1, _F1, _F2, _F2), nogil=True, cache=True, error_model="numpy")
def nodes_at(t: Floats, times: Floats, nodes: Floats, out: Floats) -> None:
    """``(theta, u, v)`` of a surface at the times ``t`` into the rows of ``out``."""
    for i in range(t.size):
        at = np.searchsorted(times, t[i], side="right")
        out[i, 0], out[i, 1], out[i, 2] = slice_between(t[i], at, times, nodes)
