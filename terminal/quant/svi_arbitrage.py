"""The butterfly test of raw SVI over the whole line, wings included.

With ``k = m + sigma sinh(x)`` and ``y = exp(x)`` the product ``16 w^2 cosh(x)^3 g`` (Durrleman's ``g``; Gatheral and
Jacquier 2014, eq. 2.1) is a Laurent polynomial of ``y`` with powers from -5 to 5, so ``g`` changes its sign at no more
than ten places, all of them roots of one polynomial of degree ten: the verdict is taken between them, and in the wings
by the leading coefficient, which holds Lee's bound ``b (1 + |rho|) <= 2``. A scan would miss narrow dips.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from terminal.quant.columns import Floats
from terminal.quant.svi_shape import g_of, smile_of

_ROUNDING = 1e-13
"""``16 w^2 g`` below zero by less than this part of its terms is rounding, not arbitrage."""
_SPAN = 30.0
_NO_BEND, _LEAST_SIGMA = 1e-13, 1e-100
"""A ``sigma`` below this part of where the smile happens, or that its powers are no doubles, is a kink."""
_GOLDEN = 0.3819660112501051
_DOMAIN = np.array([-np.inf, np.inf])


@dataclass(frozen=True, slots=True)
class ButterflyTest:
    """The verdict on one slice. ``negative`` holds the intervals of log-moneyness where the density would be negative
    (infinite ends in the wings); ``min_g`` is the least ``g`` on the line and ``argmin_k`` where it is taken."""

    is_free: bool
    min_g: float
    argmin_k: float
    least_variance: float
    negative: tuple[tuple[float, float], ...]


def has_butterfly_arbitrage(a: Any, b: Any, rho: Any, m: Any, sigma: Any) -> Any:
    """Whether the slice admits a butterfly of negative price: a bool, or a boolean array of the parameters' shape.

    True too where the total variance turns negative, or the parameters are no SVI (NaN, ``b`` or ``sigma`` negative,
    ``|rho| > 1``): such a slice cannot be called free. Raises ValueError when the shapes do not broadcast.
    """
    columns = [np.asarray(each, np.float64) for each in np.broadcast_arrays(a, b, rho, m, sigma)]
    rows = [each.reshape(-1) for each in columns]
    found = np.fromiter((not _intervals(*row)[0] for row in zip(*rows, strict=True)), bool, rows[0].size)
    return bool(found[0]) if columns[0].ndim == 0 else found.reshape(columns[0].shape)


def butterfly(a: float, b: float, rho: float, m: float, sigma: float) -> ButterflyTest:
    """The whole verdict on one slice."""
    is_free, negative = _intervals(a, b, rho, m, sigma)
    least, at = minimum_g(a, b, rho, m, sigma)
    bottom = a + b * sigma * np.sqrt(max(1.0 - rho * rho, 0.0))
    return ButterflyTest(is_free, least, at, float(bottom), negative)


def minimum_g(
    a: float, b: float, rho: float, m: float, sigma: float, low: float = -np.inf, high: float = np.inf
) -> tuple[float, float]:
    """``(g, k)``: the least of Durrleman's ``g`` for log-moneyness in [low, high], and where; NaN for no slice.

    In the wings ``g`` tends to ``1/4 - (b (1 +- rho))^2 / 16``; such an infimum is given with an infinite ``k``.
    """
    parameters = (a, b, rho, m, sigma)
    if not _is_slice(*parameters) or not low <= high:
        return np.nan, np.nan
    if b == 0.0:
        return (1.0, min(max(0.0, low), high)) if a > 0.0 else (np.nan, np.nan)
    width = max(sigma, 1e-9)
    ends = [float(np.arcsinh((edge - m) / width)) if np.isfinite(edge) else np.copysign(_SPAN, edge)
            for edge in (low, high)]  # fmt: skip
    x = np.unique(np.concatenate([np.linspace(ends[0], ends[1], 1201), _inside(_sign_changes(*parameters)[1], ends)]))

    def value(at: Floats) -> Floats:
        return np.nan_to_num(g_of(smile_of(m + width * np.sinh(at), *parameters)), nan=np.inf)

    g = value(x)
    before, after = np.append(np.inf, g[:-1]), np.append(g[1:], np.inf)
    hollow = np.flatnonzero((g <= before) & (g <= after))
    bottoms = _golden(value, x[np.maximum(hollow - 1, 0)], x[np.minimum(hollow + 1, x.size - 1)])
    x = np.concatenate([bottoms, [ends[0], ends[1]]])
    g = value(x)
    k = np.clip(m + width * np.sinh(x), low, high)
    limits = 0.25 - (b * (rho + np.array([-1.0, 1.0]))) ** 2 / 16.0
    g = np.concatenate([g, limits[~np.isfinite([low, high])]])
    k = np.concatenate([k, _DOMAIN[~np.isfinite([low, high])]])
    best = int(np.argmin(g))
    return float(g[best]), float(k[best])


def _inside(roots: Floats, ends: list[float]) -> Floats:
    return roots[(roots > ends[0]) & (roots < ends[1])]


def _golden(value: Any, low: Floats, high: Floats) -> Floats:
    """Golden-section minima of every bracket at once, to about the square root of a double's precision."""
    left, right = low + _GOLDEN * (high - low), high - _GOLDEN * (high - low)
    at_left, at_right = value(left), value(right)
    for _ in range(60):
        go_left = at_left <= at_right
        low, high = np.where(go_left, low, left), np.where(go_left, right, high)
        left, right = low + _GOLDEN * (high - low), high - _GOLDEN * (high - low)
        at_left, at_right = value(left), value(right)
    return _parabola(value, 0.5 * (low + high))


def _parabola(value: Any, x: Floats) -> Floats:
    """The vertex of a parabola through three points around each minimum: a few digits more than bracketing gives."""
    width = 2e-5
    down, here, up = value(x - width), value(x), value(x + width)
    with np.errstate(all="ignore"):  # beside a minimum there may be no variance, and no g
        bend = up - 2.0 * here + down
        step = 0.5 * width * (down - up) / bend
    vertex = np.where((bend > 0.0) & (np.abs(step) < width), x + step, x)
    return np.where(value(vertex) <= here + 1e-15, vertex, x)


def _is_slice(a: float, b: float, rho: float, m: float, sigma: float) -> bool:
    return bool(np.isfinite(a + b + rho + m + sigma) and b >= 0.0 and sigma >= 0.0 and abs(rho) <= 1.0)


def _is_kink(a: float, b: float, m: float, sigma: float) -> bool:
    return sigma <= max(_NO_BEND * max(abs(m), abs(a) / b), _LEAST_SIGMA)


def _intervals(a: float, b: float, rho: float, m: float, sigma: float) -> tuple[bool, tuple[tuple[float, float], ...]]:
    """Whether the slice is free, and the intervals of log-moneyness where ``g`` is negative."""
    if not _is_slice(a, b, rho, m, sigma):
        return False, ()
    if a + b * sigma * np.sqrt(1.0 - rho * rho) < 0.0 or (b == 0.0 and a < 0.0):
        return False, ()
    if b == 0.0:
        return True, ()
    if _is_kink(a, b, m, sigma):
        bad = _kinked(a, b, rho, m)
    else:
        signs, x = _sign_changes(a, b, rho, m, sigma)
        edges = np.concatenate([[-np.inf], m + sigma * np.sinh(x), [np.inf]])
        bad = [(edges[i], edges[i + 1]) for i in range(signs.size) if signs[i]]
    return not bad, tuple((float(low), float(high)) for low, high in bad)


@np.errstate(over="ignore", invalid="ignore")
def _sign_changes(a: float, b: float, rho: float, m: float, sigma: float) -> tuple[Floats, Floats]:
    """The places ``x`` where ``g`` may change its sign, in order, and for every gap between them whether it is
    negative.

    All in units of ``sigma``: ``k = m + sigma sinh(x)``.
    """
    if b == 0.0 or _is_kink(a, b, m, sigma):
        return np.zeros(1), np.empty(0)
    half_up, half_down = np.array([0.5, 0.0, 0.5]), np.array([-0.5, 0.0, 0.5])
    one = np.array([0.0, 1.0, 0.0])
    k = m * one + sigma * half_down
    w = a * one + b * sigma * (rho * half_down + half_up)
    t = b * (rho * half_up + half_down)  # w' cosh(x)
    mul = np.convolve
    w2, c2, t2 = mul(w, w), mul(half_up, half_up), mul(t, t)
    parts = [
        16.0 * mul(w2, mul(c2, half_up)),
        -16.0 * mul(mul(k, w), mul(t, c2)),
        4.0 * mul(mul(mul(k, k), t2), half_up),
        -4.0 * mul(mul(w, t2), half_up),
        -mul(mul(w2, t2), half_up),
        8.0 * b / sigma * w2,
    ]
    wide = [np.pad(each, (11 - each.size) // 2) for each in parts]
    n = np.sum(wide, axis=0)
    size = np.sum(np.abs(wide), axis=0)
    if not np.isfinite(size).all():
        return np.ones(1), np.empty(0)  # parameters whose powers are no doubles cannot be called free
    n = np.where(np.abs(n) <= 4e-16 * size, 0.0, n)
    roots = np.roots(n[::-1])
    real = roots[(roots.real > 0.0) & (np.abs(roots.imag) <= 1e-5 * np.abs(roots.real))].real
    x = np.unique(np.log(real))
    inner = np.concatenate([[x[0] - 1.0], 0.5 * (x[1:] + x[:-1]), [x[-1] + 1.0]]) if x.size else np.zeros(1)
    y = np.exp(np.clip(inner, -_SPAN, _SPAN))[:, None] ** np.arange(-5.0, 6.0)
    signs = (y @ n) < -_ROUNDING * (y @ size)
    return signs, x


def _kinked(a: float, b: float, rho: float, m: float) -> list[tuple[float, float]]:
    """The intervals for ``sigma = 0``: two lines, on each of which ``16 w^2 g`` is a quadratic; the kink itself is
    convex and adds density."""
    bad = []
    for side, slope in ((-1.0, b * (rho - 1.0)), (1.0, b * (rho + 1.0))):
        w = np.array([slope, a - slope * m])
        lean = w - np.array([0.5 * slope, 0.0])
        n = 16.0 * np.polymul(lean, lean) - slope**2 * np.polymul(w, w)
        n = n - np.pad(4.0 * slope**2 * w, (1, 0))
        roots = np.roots(np.trim_zeros(n, "f")) if n.any() else np.empty(0)
        cuts = np.sort(roots[np.abs(roots.imag) == 0.0].real)
        cuts = cuts[(cuts - m) * side > 0.0]
        edges = np.concatenate([[m], cuts, [np.inf]]) if side > 0.0 else np.concatenate([[-np.inf], cuts, [m]])
        for low, high in pairwise(edges):
            middle = 0.5 * (low + high) if np.isfinite(low + high) else (low + 1.0 if side > 0.0 else high - 1.0)
            scale = np.polyval(np.abs(n), abs(middle))
            if np.polyval(n, middle) < -_ROUNDING * scale:
                bad.append((float(low), float(high)))
    return bad
