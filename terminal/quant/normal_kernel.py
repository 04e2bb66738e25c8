"""Exponential, logarithm and normal distribution without a branch, for loops that LLVM turns into vector code.

For other kernels to call inside their loops: ``vector_exp(x)``, ``vector_exp_sum(x, small)``, ``vector_log(x)``,
``vector_log_ratio(a, b)``, ``vector_pdf(z)``, ``vector_cdf(z)``, ``vector_mills(y)``, ``vector_mills_slope(y)``,
``vector_mills_pair(y, width)``. All are forced inline, so a loop of nothing but these, arithmetic, ``math.sqrt``,
``abs``, ``min``, ``max`` and ``a if c else b`` becomes 4 or 8 lanes wide. What keeps it scalar: a call of
``math.exp``, ``math.log`` or ``math.erfc``; a load in one arm of a condition (load both first); an index that may be
negative (take a slice, count from 0); many arrays given as arguments, which may overlap. Rows of one buffer
``work = np.empty(ROWS * BLOCK)`` at constant offsets do not.

The polynomials are written out: a loop over the coefficients becomes a switch that only some machines' settings unroll.
They are minimax fits (Remez, 60 digits) of this project. ``contract`` lets LLVM fuse products and sums where
the machine can; nothing here depends on it.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

INV_SQRT_2PI = 0.3989422804014327
_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # the high part has 32 bits
_ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to an integer, which its low bits then hold
_ROUND_BITS = 0x4338000000000000
_ONE_BITS = 0x3FF0000000000000
_HALF_BITS = 0x0008000000000000
_HIGH_HALF = ~0x7FFFFFF
_TINIEST_NORMAL = 2.2250738585072014e-308
_TWO_54, _MILLS_SHIFT, _MILLS_CENTRE = 18014398509481984.0, 6.5, 0.046875
_F = nb.float64

# (e^r - 1 - r) / r^2 for |r| < 0.3467, relative error 2e-16.
_EXP = (
    0.5, 0.16666666666666644, 0.041666666666624164, 0.008333333333356258, 0.0013888888917205722,
    0.00019841269784580477, 2.4801521296596275e-05, 2.755735551590063e-06, 2.7620092341882085e-07,
    2.5068195314608848e-08,
)  # fmt: skip
# (ln((1 + z) / (1 - z)) - 2 z) / z^3 as a polynomial of z^2 < 0.0403, relative error 4e-17.
_ATANH = (
    0.6666666666666666, 0.4000000000000827, 0.2857142856713099, 0.22222223072153255, 0.1818173578057705,
    0.1538894076485243, 0.1320828666997533, 0.13619856113303994,
)  # fmt: skip
# Phi(-y) / phi(y) * (y + 6.5) as a polynomial of 1 / (y + 6.5) - 3 / 64 for -1.3 < y < 39, relative error 8e-17.
_MILLS = (
    1.4317529484902867, 12.99395831289084, 112.14411141691708, 917.3157375775013, 7082.265909985033,
    51341.3192588845, 347096.7221980643, 2168349.497950053, 12354015.174729079, 62910670.29145199, 276524958.2203547,
    975103337.7598019, 2190014750.5418544, -1774342843.4003472, -44538356849.13697, -185912499673.43655,
    -1759158624921.911, 28969134558801.184, -297805872341482.0, 2634658067713646.0, -1.4537259972001282e+16,
    4.6293319581789144e+16, -7.984428145834504e+16, 5.859807905467711e+16,
)  # fmt: skip


def _inlined(signature: Any) -> Any:
    return nb.njit(signature, nogil=True, cache=True, error_model="numpy", forceinline=True, fastmath={"contract"})


@_inlined(_F(_F, _F))
def vector_exp_sum(x: float, small: float) -> float:
    """e^(x + small) for |small| below about 1e-3, error within 1 ulp: ``small`` holds what ``x`` has rounded off."""
    x = max(x, -800.0)
    x = min(x, 800.0)
    rounded = x * _LOG2_E + _ROUND
    power = rounded - _ROUND
    exponent = np.float64(rounded).view(np.int64) - _ROUND_BITS
    r = ((x - power * _LN2_HIGH) - power * _LN2_LOW) + small
    q = (_EXP[9] * r + _EXP[8]) * r + _EXP[7]
    q = ((q * r + _EXP[6]) * r + _EXP[5]) * r + _EXP[4]
    q = (((q * r + _EXP[3]) * r + _EXP[2]) * r + _EXP[1]) * r + _EXP[0]
    value = 1.0 + (r + r * r * q)
    # Two factors, so that neither overflows where the product is subnormal or just finite.
    half = exponent >> 1
    first = np.int64((half << 52) + _ONE_BITS).view(np.float64)
    second = np.int64(((exponent - half) << 52) + _ONE_BITS).view(np.float64)
    return (value * first) * second


@_inlined(_F(_F))
def vector_exp(x: float) -> float:
    """e^x for every double, error within 1 ulp."""
    return vector_exp_sum(x, 0.0)


@_inlined(_F(_F, _F))
def vector_log_ratio(a: float, b: float) -> float:
    """ln(a / b) of positive normal numbers, error within 2 ulp, also where they almost meet or the ratio overflows."""
    a_bits, b_bits = np.float64(a).view(np.int64), np.float64(b).view(np.int64)
    exponent = (a_bits - b_bits + _HALF_BITS) >> 52
    scaled = np.int64(b_bits + (exponent << 52)).view(np.float64)
    z = (a - scaled) / (a + scaled)  # the difference is exact
    square = z * z
    q = ((_ATANH[7] * square + _ATANH[6]) * square + _ATANH[5]) * square + _ATANH[4]
    q = (((q * square + _ATANH[3]) * square + _ATANH[2]) * square + _ATANH[1]) * square + _ATANH[0]
    power = float(exponent)
    return power * _LN2_HIGH + (2.0 * z + (z * square * q + power * _LN2_LOW))


@_inlined(_F(_F))
def vector_log(x: float) -> float:
    """ln(x) for every double, error within 2 ulp; -inf at 0, NaN below."""
    tiny = x < _TINIEST_NORMAL
    normal = x * _TWO_54 if tiny else x
    value = vector_log_ratio(normal, 1.0) - (37.42994775023705 if tiny else 0.0)
    value = value if x > 0.0 else (-np.inf if x == 0.0 else np.nan)
    return value if x < np.inf else x


@_inlined(_F(_F))
def vector_pdf(z: float) -> float:
    """The normal density phi(z), error within 3 ulp down to the smallest normal number."""
    y = abs(z)
    y = min(y, 40.0)
    high = np.int64(np.float64(y).view(np.int64) & _HIGH_HALF).view(np.float64)
    # y^2 in two parts, the first exact: its rounding would be a relative error of the result.
    return INV_SQRT_2PI * vector_exp_sum(-0.5 * high * high, -0.5 * (y - high) * (y + high))


@_inlined(_F(_F))
def vector_mills(y: float) -> float:
    """Mills' ratio Phi(-y) / phi(y) for -1.3 < y < 39, error within 10 ulp; a finite number above."""
    v = 1.0 / (y + _MILLS_SHIFT)
    w = v - _MILLS_CENTRE
    p = _MILLS[23] * w + _MILLS[22]
    p = ((p * w + _MILLS[21]) * w + _MILLS[20]) * w + _MILLS[19]
    p = ((p * w + _MILLS[18]) * w + _MILLS[17]) * w + _MILLS[16]
    p = ((p * w + _MILLS[15]) * w + _MILLS[14]) * w + _MILLS[13]
    p = ((p * w + _MILLS[12]) * w + _MILLS[11]) * w + _MILLS[10]
    p = ((p * w + _MILLS[9]) * w + _MILLS[8]) * w + _MILLS[7]
    p = ((p * w + _MILLS[6]) * w + _MILLS[5]) * w + _MILLS[4]
    p = ((p * w + _MILLS[3]) * w + _MILLS[2]) * w + _MILLS[1]
    p = p * w + _MILLS[0]
    return v * p


@_inlined(_F(_F))
def vector_mills_slope(y: float) -> float:
    """``-M'(y) = 1 - y M(y)`` of Mills' ratio for -1.3 < y < 39, within 60 ulp of itself however small it is."""
    v = 1.0 / (y + _MILLS_SHIFT)
    w = v - _MILLS_CENTRE
    p, slope = _MILLS[23] * w + _MILLS[22], _MILLS[23]
    p, slope = p * w + _MILLS[21], slope * w + p
    p, slope = p * w + _MILLS[20], slope * w + p
    p, slope = p * w + _MILLS[19], slope * w + p
    p, slope = p * w + _MILLS[18], slope * w + p
    p, slope = p * w + _MILLS[17], slope * w + p
    p, slope = p * w + _MILLS[16], slope * w + p
    p, slope = p * w + _MILLS[15], slope * w + p
    p, slope = p * w + _MILLS[14], slope * w + p
    p, slope = p * w + _MILLS[13], slope * w + p
    p, slope = p * w + _MILLS[12], slope * w + p
    p, slope = p * w + _MILLS[11], slope * w + p
    p, slope = p * w + _MILLS[10], slope * w + p
    p, slope = p * w + _MILLS[9], slope * w + p
    p, slope = p * w + _MILLS[8], slope * w + p
    p, slope = p * w + _MILLS[7], slope * w + p
    p, slope = p * w + _MILLS[6], slope * w + p
    p, slope = p * w + _MILLS[5], slope * w + p
    p, slope = p * w + _MILLS[4], slope * w + p
    p, slope = p * w + _MILLS[3], slope * w + p
    p, slope = p * w + _MILLS[2], slope * w + p
    p, slope = p * w + _MILLS[1], slope * w + p
    p, slope = p * w + _MILLS[0], slope * w + p
    return v * v * (p + v * slope)


@_inlined(nb.types.UniTuple(_F, 2)(_F, _F))
def vector_mills_pair(y: float, width: float) -> tuple[float, float]:
    """Mills' ratio M(y) and the difference M(y) - M(y + width), for -1.3 < y, y + width < 39 and width >= 0.

    The difference is a divided difference of the polynomial, within 30 ulp of itself however small ``width`` is, and
    within 60 beyond 37; the ratio is within 16 ulp.
    """
    first, second = y + _MILLS_SHIFT, (y + width) + _MILLS_SHIFT
    both = 1.0 / (first * second)
    v1, v2 = both * second, both * first
    w1, w2 = v1 - _MILLS_CENTRE, v2 - _MILLS_CENTRE
    u1, u2 = w1 * w1, w2 * w2
    # Even and odd powers apart, p(w) = e(w^2) + w o(w^2): four short chains of sums keep the machine busier than two.
    even, odd = _MILLS[22] * u1 + _MILLS[20], _MILLS[23] * u1 + _MILLS[21]
    even_divided, odd_divided = _MILLS[22], _MILLS[23]
    even, even_divided = even * u1 + _MILLS[18], even_divided * u2 + even
    odd, odd_divided = odd * u1 + _MILLS[19], odd_divided * u2 + odd
    even, even_divided = even * u1 + _MILLS[16], even_divided * u2 + even
    odd, odd_divided = odd * u1 + _MILLS[17], odd_divided * u2 + odd
    even, even_divided = even * u1 + _MILLS[14], even_divided * u2 + even
    odd, odd_divided = odd * u1 + _MILLS[15], odd_divided * u2 + odd
    even, even_divided = even * u1 + _MILLS[12], even_divided * u2 + even
    odd, odd_divided = odd * u1 + _MILLS[13], odd_divided * u2 + odd
    even, even_divided = even * u1 + _MILLS[10], even_divided * u2 + even
    odd, odd_divided = odd * u1 + _MILLS[11], odd_divided * u2 + odd
    even, even_divided = even * u1 + _MILLS[8], even_divided * u2 + even
    odd, odd_divided = odd * u1 + _MILLS[9], odd_divided * u2 + odd
    even, even_divided = even * u1 + _MILLS[6], even_divided * u2 + even
    odd, odd_divided = odd * u1 + _MILLS[7], odd_divided * u2 + odd
    even, even_divided = even * u1 + _MILLS[4], even_divided * u2 + even
    odd, odd_divided = odd * u1 + _MILLS[5], odd_divided * u2 + odd
    even, even_divided = even * u1 + _MILLS[2], even_divided * u2 + even
    odd, odd_divided = odd * u1 + _MILLS[3], odd_divided * u2 + odd
    even, even_divided = even * u1 + _MILLS[0], even_divided * u2 + even
    odd, odd_divided = odd * u1 + _MILLS[1], odd_divided * u2 + odd
    p = even + w1 * odd
    divided = (w1 + w2) * (even_divided + w2 * odd_divided) + odd
    return v1 * p, width * both * (p + v2 * divided)


@_inlined(_F(_F))
def vector_cdf(z: float) -> float:
    """The normal distribution function Phi(z) for every double, error within 10 ulp, in the lower tail too."""
    y = abs(z)
    y = min(y, 40.0)
    tail = vector_pdf(y) * vector_mills(y)
    return 1.0 - tail if z > 0.0 else tail
