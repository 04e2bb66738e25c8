"""Tables that the American kernels share: collocation nodes, quadratures and the interpolation between them.

All are relative to the expiry: time to expiry tau = T z^p at the Chebyshev points z of [0, 1], the quadrature of
u in (0, tau) as u / tau, and everything that interpolates the boundary is a matrix, made once. What is interpolated is
ln^2(B / K), whose value at tau = 0 is known. (Andersen, Lake & Offengenden 2016 take ln^2(B / B(0)) in sqrt(tau); where
rate and yield almost meet, that one comes so near zero that an interpolant may be negative.)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache

import numpy as np
import numpy.typing as npt

from terminal.quant.columns import Floats

Codes = npt.NDArray[np.int64]


class Accuracy(Enum):
    """How closely the boundary is resolved; the errors are the worst of 2,000 random options, per 100 of strike."""

    FAST = "fast"
    """4e-7."""
    PRECISE = "precise"
    """1e-9."""


Family = tuple[Codes, Floats, Floats]
"""What a kernel needs for one behaviour of the boundary: levels, table and premium.

Levels: int64 (levels, 3), rows of nodes, points per node, and the place in the table, from coarse to fine. Table: for
each level in order nodes (n), relative times (n l), their square roots, the quadrature's weights, the roots'
reciprocals, the interpolation (n, n l), the same by points (n l, n), and the way up from the coarser level's nodes
(n, coarser n). Premium: (3 + n, p), relative times to expiry t / T, their square roots, weights, interpolation.
"""


@dataclass(frozen=True, slots=True)
class _Shape:
    nodes: tuple[int, ...]
    points: tuple[int, ...]
    premium_points: int
    stretch: float
    """p of tau = T z^p."""
    order: float
    """The interpolant is divided by z^order first: 1 where it starts as z^2 ln z."""


_SHAPES = {
    Accuracy.FAST: (
        _Shape((8, 20), (12, 16), 48, 2.4, 0.0),
        _Shape((8, 20), (12, 20), 48, 2.8, 1.0),
    ),
    Accuracy.PRECISE: (
        _Shape((8, 20, 54), (12, 20, 52), 88, 2.8, 0.0),
        _Shape((8, 20, 50), (12, 20, 48), 88, 3.0, 1.0),
    ),
}
_HARD = _Shape((52,), (48,), 1024, 5.0, 1.0)
"""For large vol sqrt(T), or a drift that is large beside it: all that happens is next to the ends."""


@cache
def families(accuracy: Accuracy) -> tuple[Family, Family, Family]:
    """The tables for a boundary that starts below the strike, for one that starts at it, and for hard cases."""
    below, at = _SHAPES[accuracy]
    return _family(below), _family(at), _family(_HARD)


def _family(shape: _Shape) -> Family:
    levels: list[tuple[int, int, int]] = []
    parts: list[Floats] = []
    coarser = np.empty(0)
    for nodes, points in zip(shape.nodes, shape.points, strict=True):
        levels.append((nodes, points, sum(part.size for part in parts)))
        z = 0.5 * (1.0 - np.cos(np.pi * np.arange(nodes + 1) / nodes))
        tau = z[1:] ** shape.stretch
        past, left, weight = _double_exponential(points) if shape is _HARD else _within(points)
        times = (tau[:, None] * left).reshape(-1)
        at = (z[1:, None] * past ** (1.0 / shape.stretch)).reshape(-1)
        matrix = _interpolation(z, at, shape.order)
        parts += [tau, times, np.sqrt(times), (tau[:, None] * weight).reshape(-1), 1.0 / np.sqrt(times)]
        parts += [np.ascontiguousarray(matrix.T).reshape(-1), matrix.reshape(-1)]
        if coarser.size:
            parts.append(_refinement(coarser[1:], z[1:], shape.stretch * (1.0 if shape.order else 0.5)).reshape(-1))
        coarser = z
    points = shape.premium_points
    past, left, weight = _double_exponential(points) if shape is _HARD else _over(points)
    matrix = _interpolation(coarser, past ** (1.0 / shape.stretch), shape.order)
    premium = np.concatenate([left[None], np.sqrt(left)[None], weight[None], matrix.T])
    return np.array(levels, np.int64), np.concatenate(parts), np.ascontiguousarray(premium)


def _within(points: int) -> tuple[Floats, Floats, Floats]:
    """u / tau, 1 - u / tau and weights: Gauss-Legendre in the angle whose sine and cosine are their square roots.

    The boundary is smooth in sqrt(u) and the kernel in sqrt(tau - u): both are smooth in the angle.
    """
    x, weight = np.polynomial.legendre.leggauss(points)
    angle = 0.25 * np.pi * (x + 1.0)
    return np.sin(angle) ** 2, np.cos(angle) ** 2, 0.25 * np.pi * weight * np.sin(2.0 * angle)


def _over(points: int) -> tuple[Floats, Floats, Floats]:
    """The same for the premium: Gauss-Legendre, the angle drawn to both ends, for layers there."""
    y, weight = np.polynomial.legendre.leggauss(points)
    y = 0.5 * (y + 1.0)
    rest = 1.0 - y * y
    angle = 0.5 * np.pi * (1.0 - rest**1.5)
    weight = 0.5 * weight * 1.5 * np.pi * y * np.sqrt(rest) * np.sin(2.0 * angle)
    return np.cos(angle) ** 2, np.sin(angle) ** 2, weight


def _double_exponential(points: int) -> tuple[Floats, Floats, Floats]:
    """The same by the tanh-sinh rule (Takahasi & Mori 1974), for layers anywhere at both ends."""
    steps = np.linspace(-2.9, 2.9, points)
    tail = np.exp(-np.pi * np.sinh(steps))
    low, high = 0.5 * np.pi / (1.0 + tail), 0.5 * np.pi * tail / (1.0 + tail)
    weight = (steps[1] - steps[0]) * np.cosh(steps) * 0.5 * np.pi**2 * tail / (1.0 + tail) ** 2
    return np.sin(low) ** 2, np.sin(high) ** 2, 2.0 * weight * np.sin(low) * np.sin(high)


def _interpolation(nodes: Floats, at: Floats, order: float) -> Floats:
    """Barycentric Chebyshev interpolation as a matrix (len(at), len(nodes) - 1); the value at node 0 is zero."""
    signs = (-1.0) ** np.arange(nodes.size)
    signs[[0, -1]] *= 0.5
    away = at[:, None] - nodes
    hit = away == 0.0
    terms = signs / np.where(hit, 1.0, away)
    matrix = terms / terms.sum(axis=1, keepdims=True)
    matrix[hit.any(axis=1)] = hit[hit.any(axis=1)]
    return np.ascontiguousarray(matrix[:, 1:] * (at[:, None] / nodes[1:]) ** order)


def _refinement(nodes: Floats, at: Floats, order: float) -> Floats:
    """From the coarser ``nodes`` to those ``at``, without zero: of values over z^order, finite there."""
    away = nodes[:, None] - nodes + np.eye(nodes.size)
    terms = 1.0 / (4.0 ** (nodes.size - 1) * away.prod(axis=1))
    gap = at[:, None] - nodes
    hit = gap == 0.0
    matrix = terms / np.where(hit, 1.0, gap)
    matrix /= matrix.sum(axis=1, keepdims=True)
    matrix[hit.any(axis=1)] = hit[hit.any(axis=1)]
    return np.ascontiguousarray(matrix * (at[:, None] / nodes) ** order)
