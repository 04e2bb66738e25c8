"""The first guess of Jaeckel, "Let's Be Rational" (2015), section 4: the normalised implied vol of a normalised price.

The price as a function of ``s = vol sqrt(T)`` is cut at its inflection ``s_c = sqrt(2 |x|)`` and where the tangent
there meets the lowest and the highest price; between the cuts ``s`` is a rational cubic of the price, beyond them a
transformed ``s`` is. Prices are those of the out-of-the-money option over ``sqrt(F K)``, ``x = |ln(F / K)|``.
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb

from terminal.quant.black_kernel import INV_SQRT_2PI, SQRT_2PI, mills_difference, mills_ratio, normal_cdf
from terminal.quant.normal_kernel import vector_mills_pair

_F = nb.float64
_PI = 3.141592653589793
_SQRT_3 = 1.7320508075688772
_LOWER_SCALE = 1.2091995761561452  # 2 pi / sqrt(27)
_LEAST_R, _MOST_R = -0.9999999850988388, 1.7976931348623157e308  # -(1 - sqrt(eps)) and the largest double
# -Phi^-1(p) / t with t = sqrt(-2 ln p) as a polynomial of 1 / (t + 1), for 1e-110 < p < 0.34, relative error 5e-7:
# a fit of this project, enough for a guess.
_QUANTILE = (
    1.0003192194564943, -0.039015837827100705, -3.8864784335173375, 6.614925597461954, -39.73460023879567,
    111.29789858600219, -229.71320154713828, 261.547055765215, -142.1776945306514,
)  # fmt: skip


def _jit(signature: Any) -> Any:
    return nb.njit(signature, nogil=True, cache=True, error_model="numpy")


@_jit(_F(_F, _F))
def price_over_vega(x: float, s: float) -> float:
    """The normalised price over its derivative by ``s``: a difference of Mills' ratios, without cancellation."""
    t = 0.5 * s
    y = x / s - t
    if y >= -1.3 and y + s < 39.0:
        return vector_mills_pair(y, s)[1]
    return mills_difference(-x / s, t)


@_jit(_F(_F, _F))
def vega(x: float, s: float) -> float:
    """Derivative of the normalised price by ``s``."""
    h = x / s
    return INV_SQRT_2PI * math.exp(-0.5 * h * h - 0.125 * s * s)


@nb.njit(_F(_F), nogil=True, cache=True, error_model="numpy", forceinline=True)
def vector_upper_quantile(log_p: float) -> float:
    """z with Phi(-z) = p for 1e-110 < p < 0.34, to 5e-7."""
    t = math.sqrt(-2.0 * log_p)
    v = 1.0 / (t + 1.0)
    q = ((_QUANTILE[8] * v + _QUANTILE[7]) * v + _QUANTILE[6]) * v + _QUANTILE[5]
    q = ((q * v + _QUANTILE[4]) * v + _QUANTILE[3]) * v + _QUANTILE[2]
    q = (q * v + _QUANTILE[1]) * v + _QUANTILE[0]
    return t * q


@_jit(_F(_F, _F, _F, _F, _F, _F, _F, _F))
def rational_cubic(
    x: float, x_left: float, x_right: float, y_left: float, y_right: float, d_left: float, d_right: float, r: float
) -> float:
    """Rational cubic interpolation with slopes ``d`` and shape ``r`` (Delbourgo and Gregory 1985, eq. 2.4)."""
    h = x_right - x_left
    if not h > 0.0:
        return 0.5 * (y_left + y_right)
    t = (x - x_left) / h
    u = 1.0 - t
    if not r < 1e150:
        return y_right * t + y_left * u
    top = y_right * t * t * t + (r * y_right - h * d_right) * t * t * u
    top += (r * y_left + h * d_left) * t * u * u + y_left * u * u * u
    return top / (1.0 + (r - 3.0) * t * u)


@_jit(_F(_F, _F, _F, nb.boolean))
def _least_shape(d_left: float, d_right: float, slope: float, keeps_shape: bool) -> float:
    """The least ``r`` that keeps the interpolation monotonic and convex where its data are (Delbourgo, Gregory)."""
    monotonic = d_left * slope >= 0.0 and d_right * slope >= 0.0
    convex = d_left <= slope <= d_right
    concave = d_left >= slope >= d_right
    if not (monotonic or convex or concave):
        return _LEAST_R
    first = second = -_MOST_R
    if monotonic:
        if slope != 0.0:
            first = (d_right + d_left) / slope
        elif keeps_shape:
            first = _MOST_R
    if convex or concave:
        if d_left != slope != d_right:
            bend = d_right - d_left
            second = max(abs(bend / (d_right - slope)), abs(bend / (slope - d_left)))
        elif keeps_shape:
            second = _MOST_R
    elif monotonic and keeps_shape:
        second = _MOST_R
    return max(_LEAST_R, first, second)


@_jit(_F(_F, _F, _F, _F, _F, _F, _F, nb.boolean, nb.boolean))
def shape(
    x_left: float, x_right: float, y_left: float, y_right: float, d_left: float, d_right: float, second: float,
    is_at_left: bool, keeps_shape: bool,
) -> float:  # fmt: skip
    """The shape ``r`` with the second derivative ``second`` at one end, or the nearest that keeps the shape."""
    h = x_right - x_left
    slope = (y_right - y_left) / h
    top = 0.5 * h * second + (d_right - d_left)
    bottom = slope - d_left if is_at_left else d_right - slope
    if top == 0.0:
        fitted = 0.0
    elif bottom == 0.0:
        fitted = _MOST_R if top > 0.0 else _LEAST_R
    else:
        fitted = top / bottom
    return max(fitted, _least_shape(d_left, d_right, slope, keeps_shape))


@_jit(_F(_F, _F, _F, _F, _F))
def _lowest_guess(x: float, beta: float, log_beta: float, s_low: float, b_low: float) -> float:
    """Below the lower cut: f = 2 pi |x| / sqrt(27) Phi(-z)^3 with z = |x| / (sqrt(3) s) is nearly the price."""
    z = x / (_SQRT_3 * s_low)
    y, s2 = z * z, s_low * s_low
    below = normal_cdf(-z)
    f = _LOWER_SCALE * x * below * below * below
    slope = 2.0 * _PI * y * below * below * math.exp(y + 0.125 * s2)
    bend = 8.0 * _SQRT_3 * s_low * x + (3.0 * s2 * (s2 - 8.0) - 8.0 * x * x) * mills_ratio(-z)
    second = _PI / 6.0 * y / (s2 * s_low) * below * bend * math.exp(2.0 * y + 0.25 * s2)
    r = shape(0.0, b_low, 0.0, f, 1.0, slope, second, False, True)
    value = rational_cubic(beta, 0.0, b_low, 0.0, f, 1.0, slope, r)
    if not value > 0.0:
        t = beta / b_low
        value = (f * t + b_low * (1.0 - t)) * t
    log_value = math.log(value) if value > 1e-290 else log_beta  # f' = 1 at 0
    return x / (_SQRT_3 * vector_upper_quantile((log_value - math.log(_LOWER_SCALE * x)) / 3.0))


@_jit(_F(_F, _F, _F, _F, _F))
def _highest_guess(x: float, beta: float, b_most: float, s_high: float, b_high: float) -> float:
    """Above the upper cut: f = Phi(-s / 2)."""
    f = normal_cdf(-0.5 * s_high)
    w = (x / s_high) ** 2
    slope = -0.5 * math.exp(0.5 * w)
    second = 0.5 * SQRT_2PI * math.exp(w + 0.125 * s_high * s_high) * w / s_high
    r = shape(b_high, b_most, f, 0.0, slope, -0.5, second, True, True)
    value = rational_cubic(beta, b_high, b_most, f, 0.0, slope, -0.5, r)
    if not value > 0.0:
        t = (beta - b_high) / (b_most - b_high)
        value = (f * (1.0 - t) + 0.5 * (b_most - b_high) * t) * (1.0 - t)
    return 2.0 * vector_upper_quantile(math.log(max(value, 1e-100)))


@_jit(nb.types.UniTuple(_F, 3)(_F, _F, _F, _F))
def first_guess(x: float, beta: float, log_beta: float, b_most: float) -> tuple[float, float, float]:
    """``s`` of the normalised price ``beta`` in (0, ``b_most`` = exp(-x / 2)), and the prices at the outer cuts (0 and
    ``b_most`` where ``beta`` lies on the other side of the inflection)."""
    s_centre = math.sqrt(2.0 * x)
    # At the inflection d1 = 0: the tangent's cuts need only the price over the vega.
    ratio = price_over_vega(x, s_centre) if x > 0.0 else 0.0
    v_centre = INV_SQRT_2PI * b_most
    b_centre = ratio * v_centre
    if beta < b_centre:
        s_low = s_centre - ratio
        v_low = vega(x, s_low)
        b_low = price_over_vega(x, s_low) * v_low
        if beta < b_low:
            return _lowest_guess(x, beta, log_beta, s_low, b_low), b_low, b_most
        r = shape(b_low, b_centre, s_low, s_centre, 1.0 / v_low, 1.0 / v_centre, 0.0, False, False)
        return rational_cubic(beta, b_low, b_centre, s_low, s_centre, 1.0 / v_low, 1.0 / v_centre, r), b_low, b_most
    s_high = s_centre + (SQRT_2PI - ratio)
    v_high = vega(x, s_high)
    t, h = 0.5 * s_high, x / s_high
    b_high = math.exp(-0.5 * x) * normal_cdf(t - h) - math.exp(0.5 * x) * normal_cdf(-h - t)
    if beta > b_high:
        return _highest_guess(x, beta, b_most, s_high, b_high), 0.0, b_high
    r = shape(b_centre, b_high, s_centre, s_high, 1.0 / v_centre, 1.0 / v_high, 0.0, True, False)
    return rational_cubic(beta, b_centre, b_high, s_centre, s_high, 1.0 / v_centre, 1.0 / v_high, r), 0.0, b_high
