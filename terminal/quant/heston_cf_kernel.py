"""Kernels of Heston's characteristic function (Heston 1993), free of branch cuts and regular at sigma = 0.

``X = ln(S_T / F)``, ``phi(xi) = E[exp(i xi X)] = exp(A + B v0)``. With ``w = xi^2 + i xi``,
``beta = kappa - i rho sigma xi``, ``D = sqrt(beta^2 + sigma^2 w)`` of positive real part and ``E = exp(-D T)``, the
form of Albrecher, Mayer, Schoutens and Tistaert (2007, "The little Heston trap", eq. 2) is rewritten with
``(beta - D)(beta + D) = -sigma^2 w``, so that no difference of near numbers and no division by sigma is left::

    span = (1 - E) / D        z = (beta - D) span / 2        q = 1 + z
    B = -w span / (2 q)       A = -kappa theta w / (beta + D) (T - span ln(q) / z)

``kappa`` must be above zero; 1e-30 gives the limit.
"""

from __future__ import annotations

import math

import numba as nb

from terminal.quant.heston_wave_kernel import vector_cos_sin
from terminal.quant.normal_kernel import vector_exp

_F = nb.float64
_C = nb.complex128
_SMALL = 0.03


@nb.njit(_C(_C, _C), nogil=True, cache=True, error_model="numpy")
def ratio(a: complex, b: complex) -> complex:
    """a / b; not a number where b is zero, for which Numba's own division raises."""
    inverse = 1.0 / (b.real * b.real + b.imag * b.imag)
    return complex((a.real * b.real + a.imag * b.imag) * inverse, (a.imag * b.real - a.real * b.imag) * inverse)


@nb.njit(_C(_C), nogil=True, cache=True, error_model="numpy")
def complex_exp(z: complex) -> complex:
    """e^z."""
    cosine, sine = vector_cos_sin(z.imag)
    size = vector_exp(z.real)
    return complex(size * cosine, size * sine)


@nb.njit(_C(_C), nogil=True, cache=True, error_model="numpy")
def _root(z: complex) -> complex:
    """The square root of positive real part, for |z| between 1e-150 and 1e150."""
    length = math.sqrt(z.real * z.real + z.imag * z.imag)
    major = math.sqrt(0.5 * (length + abs(z.real)))
    minor = 0.5 * abs(z.imag) / major if major > 0.0 else 0.0
    real, imag = (major, minor) if z.real >= 0.0 else (minor, major)
    return complex(real, math.copysign(imag, z.imag))


@nb.njit(_C(_C), nogil=True, cache=True, error_model="numpy")
def _one_less_exp(z: complex) -> complex:
    """1 - exp(-z), exact near zero."""
    lost = math.expm1(-z.real)
    cosine, sine = vector_cos_sin(0.5 * z.imag)
    turned = 2.0 * sine * sine  # 1 - cos
    return complex((1.0 + lost) * turned - lost, (1.0 + lost) * 2.0 * sine * cosine)


@nb.njit(
    nb.types.UniTuple(_C, 8)(_C, _F, _F, _F, _F),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def _parts(xi: complex, time: float, kappa: float, sigma: float, rho: float) -> tuple[complex, ...]:
    """``w, D, span, beta - D, w / (beta + D), z, q, 1 - ln(q) / z``, each to its last digits."""
    i_xi = complex(-xi.imag, xi.real)
    w = xi * complex(xi.real, xi.imag + 1.0)
    beta = kappa - rho * sigma * i_xi
    # beta^2 + sigma^2 w without what cancels as |rho| nears 1
    cross = sigma * (sigma - 2.0 * kappa * rho)
    root = _root(kappa * kappa + (sigma * sigma * (1.0 - rho) * (1.0 + rho)) * (xi * xi) + cross * i_xi)
    gone = _one_less_exp(root * time)
    span = ratio(gone, root) if root != 0.0 else complex(time, 0.0)
    if beta.real >= 0.0:
        plus = beta + root
        minus = ratio(-sigma * sigma * w, plus)
        whole = ratio(w, plus)
    else:
        minus = beta - root
        plus = ratio(-sigma * sigma * w, minus)
        whole = -minus / (sigma * sigma)
    z = 0.5 * minus * span
    size = abs(z.real) + abs(z.imag)
    if size < _SMALL:
        lag = z * (1 / 2 - z * (1 / 3 - z * (1 / 4 - z * (1 / 5 - z * (1 / 6 - z * (1 / 7 - z * (1 / 8 - z / 9)))))))
        return w, root, span, minus, whole, z, 1.0 + z, lag
    if size < 0.5 or root == 0.0:
        q = 1.0 + z
        half = 0.5 * math.log1p(z.real * (2.0 + z.real) + z.imag * z.imag)
    else:
        q = ratio(plus - minus * (1.0 - gone), 2.0 * root)
        half = 0.5 * math.log(q.real * q.real + q.imag * q.imag)
    return w, root, span, minus, whole, z, q, 1.0 - ratio(complex(half, math.atan2(q.imag, q.real)), z)


@nb.njit(_C(_C, _F, _C, _C), nogil=True, cache=True, error_model="numpy")
def _rest(root: complex, time: float, span: complex, lag: complex) -> complex:
    """``T - span ln(q) / z``."""
    x = root * time
    if abs(x.real) + abs(x.imag) < _SMALL:
        return time * x * (1 / 2 - x * (1 / 6 - x * (1 / 24 - x * (1 / 120 - x * (1 / 720 - x / 5040))))) + span * lag
    return (time - span) + span * lag


@nb.njit(
    nb.types.UniTuple(_C, 2)(_C, _F, _F, _F, _F),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def exponents(xi: complex, time: float, kappa: float, sigma: float, rho: float) -> tuple[complex, complex]:
    """``(A / (kappa theta), B)`` of ``ln phi(xi) = A + B v0``."""
    w, root, span, _, whole, _, q, lag = _parts(xi, time, kappa, sigma, rho)
    return -whole * _rest(root, time, span, lag), -0.5 * w * ratio(span, q)


@nb.njit(
    nb.types.UniTuple(_C, 2)(_C, _C, _C, _C, _C, _C, _C, _C, _C, _C, _C, _C, _C, _C, _C),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def _chain(
    d_beta: complex, d_variance: complex, by_plus: complex, beta: complex, root: complex, span: complex,
    minus: complex, whole: complex, z: complex, q: complex, lag: complex, rest: complex, d_span: complex,
    d_ratio: complex, by_v0: complex,
) -> tuple[complex, complex]:  # fmt: skip
    """Derivatives of ``a`` and ``B`` by a parameter that moves beta by ``d_beta`` and sigma^2 w / 2 by ``d_variance``,
    of which ``by_plus`` is the share of ``beta + D``."""
    span_x = d_span * ratio(beta * d_beta + d_variance, root)
    minus_x = -ratio(d_beta * minus + d_variance, root)
    whole_x = -whole * ratio(d_beta + by_plus, root)
    z_x = 0.5 * (minus_x * span + minus * span_x)
    rest_x = -(span_x * (1.0 - lag) + span * d_ratio * z_x)
    return -whole_x * rest - whole * rest_x, by_v0 * (ratio(span_x, span) - ratio(z_x, q))


@nb.njit(
    nb.types.UniTuple(_C, 6)(_C, _F, _F, _F, _F),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def sensitivities(xi: complex, time: float, kappa: float, sigma: float, rho: float) -> tuple[complex, ...]:
    """Derivatives of ``a = A / (kappa theta)`` and ``B`` by kappa, sigma and rho:
    ``a_kappa, B_kappa, a_sigma, B_sigma, a_rho, B_rho``."""
    w, root, span, minus, whole, z, q, lag = _parts(xi, time, kappa, sigma, rho)
    rest = _rest(root, time, span, lag)
    by_v0 = -0.5 * w * ratio(span, q)
    x = root * time
    if abs(x.real) + abs(x.imag) < _SMALL:
        d_span = -time * time * (1 / 2 - x * (1 / 3 - x * (1 / 8 - x * (1 / 30 - x * (1 / 144 - x / 840)))))
    else:
        d_span = ratio(time * (1.0 - root * span) - span, root)
    if abs(z.real) + abs(z.imag) < _SMALL:  # the derivative of ln(1 + z) / z
        d_ratio = -(1 / 2 - z * (2 / 3 - z * (3 / 4 - z * (4 / 5 - z * (5 / 6 - z * (6 / 7 - z * (7 / 8)))))))
    else:
        d_ratio = ratio(ratio(complex(1.0, 0.0), q) - (1.0 - lag), z)
    i_xi = complex(-xi.imag, xi.real)
    beta = kappa - rho * sigma * i_xi
    zero = complex(0.0, 0.0)
    a_kappa, b_kappa = _chain(
        complex(1.0, 0.0), zero, zero, beta, root, span, minus, whole, z, q, lag, rest, d_span, d_ratio, by_v0
    )
    a_sigma, b_sigma = _chain(
        -rho * i_xi, sigma * w, sigma * whole, beta, root, span, minus, whole, z, q, lag, rest, d_span, d_ratio, by_v0
    )
    a_rho, b_rho = _chain(
        -sigma * i_xi, zero, zero, beta, root, span, minus, whole, z, q, lag, rest, d_span, d_ratio, by_v0
    )
    return a_kappa, b_kappa, a_sigma, b_sigma, a_rho, b_rho
