"""Scalar kernels of Black's formula that keep their relative accuracy in the far wings.

The undiscounted out-of-the-money price is written as ``sqrt(F K) phi(h) exp(-t^2 / 2) [Y(h + t) - Y(h - t)]`` with
``h = -|ln(F / K)| / s``, ``t = s / 2``, ``s = vol sqrt(T)`` and Mills' ratio ``Y(z) = Phi(z) / phi(z)``, the form of
Jaeckel, "Let's Be Rational" (2015), eq. 2.9: no digit is lost to the common factor, and few to the difference, since
near the money with a small ``t`` it is summed as a Taylor series.
"""

from __future__ import annotations

import math

import numba as nb

SQRT_HALF = 0.7071067811865476
SQRT_2PI = 2.5066282746310002
INV_SQRT_2PI = 0.3989422804014327
LN_SQRT_2PI = 0.9189385332046728
_SQRT_HALF_PI = 1.2533141373155003
_FAR = 1e5


@nb.njit(nb.float64(nb.float64), nogil=True, cache=True, error_model="numpy")
def normal_cdf(z: float) -> float:
    """Phi(z), to the last digits in the lower tail."""
    return 0.5 * math.erfc(-z * SQRT_HALF)


@nb.njit(nb.float64(nb.float64), nogil=True, cache=True, error_model="numpy")
def normal_pdf(z: float) -> float:
    """phi(z)."""
    return INV_SQRT_2PI * math.exp(-0.5 * z * z)


@nb.njit(nb.float64(nb.float64), nogil=True, cache=True, error_model="numpy")
def mills_ratio(z: float) -> float:
    """Phi(z) / phi(z) for z up to about 38, above which it is infinite."""
    if z > -5.0:
        return _SQRT_HALF_PI * math.erfc(-z * SQRT_HALF) * math.exp(0.5 * z * z)
    # Laplace's continued fraction (Abramowitz and Stegun 26.2.14), from the inside out.
    x = -z
    terms = 12 + int(600.0 / (x * x))
    fraction = x
    for term in range(terms, 0, -1):
        fraction = x + term / fraction
    return 1.0 / fraction


@nb.njit(nb.float64(nb.float64, nb.float64), nogil=True, cache=True, error_model="numpy")
def mills_difference(h: float, t: float) -> float:
    """Y(h + t) - Y(h - t) for h <= 0 < t, to 3e-13 of itself however small ``t`` is."""
    if t >= 0.5 or h * t <= -0.5:
        return mills_ratio(h + t) - mills_ratio(h - t)
    below = mills_ratio(h)
    here = 1.0 + h * below
    factor = t
    total = t * here
    for order in range(1, 40):
        below, here = here, h * here + order * below
        factor *= t / (order + 1)
        if order % 2 == 0:
            total += factor * here
            if factor * here < 1e-18 * total:
                break
    return 2.0 * total


@nb.njit(nb.float64(nb.float64, nb.float64, nb.float64), nogil=True, cache=True, error_model="numpy")
def log_moneyness(spot: float, strike: float, drift: float) -> float:
    """ln(S / K) + drift; accurate also where the two almost meet."""
    ratio = spot / strike
    if 0.5 < ratio < 2.0:
        return math.log1p((spot - strike) / strike) + drift
    if 1e-300 < ratio < 1e300:
        return math.log(ratio) + drift
    return math.log(spot) - math.log(strike) + drift


@nb.njit(nb.float64(nb.float64, nb.float64), nogil=True, cache=True, error_model="numpy")
def log_time_value(x: float, s: float) -> float:
    """ln of the out-of-the-money Black price over sqrt(F K), for |ln(F / K)| = ``x`` and ``s = vol sqrt(T)`` > 0."""
    h, t = -x / s, 0.5 * s
    if t >= 0.5 and h + t > 0.0:
        return math.log(math.exp(-0.5 * x) * normal_cdf(h + t) - math.exp(0.5 * x) * normal_cdf(h - t))
    return math.log(mills_difference(h, t)) - 0.5 * (h * h + t * t) - LN_SQRT_2PI


@nb.njit(nb.float64(nb.float64, nb.float64, nb.float64, nb.float64), nogil=True, cache=True, error_model="numpy")
def time_value(forward_value: float, strike_value: float, x: float, s: float) -> float:
    """The out-of-the-money option's discounted price.

    ``forward_value``: forward times discount; ``strike_value``: strike times discount; ``x = ln(F / K)``; ``s`` > 0.
    """
    if x > 0.0:
        near, far = strike_value, forward_value
    else:
        near, far = forward_value, strike_value
    h, t = -abs(x) / s, 0.5 * s
    if t >= 0.5 and h + t > 0.0:
        return near * normal_cdf(h + t) - far * normal_cdf(h - t)
    # sqrt(near far) phi(h) exp(-t^2 / 2) is near * phi(h + t): one rounding less.
    return near * normal_pdf(h + t) * mills_difference(h, t)


@nb.njit(
    nb.float64(nb.float64, nb.float64, nb.float64, nb.float64, nb.boolean),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def black(forward_value: float, strike_value: float, x: float, s: float, is_call: bool) -> float:
    """Black's price from discounted forward and strike; zero ``s`` or an ``x`` beyond all deviations give the limit."""
    intrinsic = forward_value - strike_value if is_call else strike_value - forward_value
    if s == 0.0 or abs(x) > _FAR * s:
        return max(intrinsic, 0.0)
    value = time_value(forward_value, strike_value, x, s)
    most = forward_value if is_call else strike_value
    if is_call != (x > 0.0):
        return min(value, most)
    return min(max(intrinsic + value, 0.0), most)
