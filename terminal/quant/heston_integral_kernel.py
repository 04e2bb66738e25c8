"""Kernels of Heston prices and their derivatives: few contours for all strikes of an expiry. The method is told in
:mod:`terminal.quant.heston`."""

from __future__ import annotations

import math
from enum import IntEnum

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.quant.columns import Floats
from terminal.quant.heston_cf_kernel import complex_exp, exponents, ratio, sensitivities
from terminal.quant.heston_contour_kernel import MODEL, Model, expected_variance, free_width, log_moment, saddle
from terminal.quant.heston_wave_kernel import add_waves

_F = nb.float64
_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]
_I = nb.int64
_I1 = nb.int64[::1]
_CONTOUR = nb.types.UniTuple(_F, 5)

Codes = npt.NDArray[np.int64]
Contour = tuple[float, float, float, float, float]
"""``p``, width and tilt of the contour; the log-moneyness of its first row; ln E[(S_T / F)^p]."""


class Status(IntEnum):
    """Why there is, or is no, price."""

    SOLVED = 0
    INVALID = 1
    NOT_CONVERGED = 2


_SOLVED, _NOT_CONVERGED, _PENDING = int(Status.SOLVED), int(Status.NOT_CONVERGED), -1

DERIVATIVES = 9
"""Columns of a solution with derivatives, all over strike: the out-of-the-money price ``V``; ``F dV/dF``;
``F^2 d2V/dF2``; ``dV/dT`` at a fixed forward; ``V`` by v0, kappa, theta, sigma and rho."""

_CHUNK = 32
_FIRST_STEP = 0.24
_REFINEMENTS = 6
_MOST_NODES = 400
_NEGLIGIBLE = 1e-17
_MOST_TILT = 0.5
_MOST_OFF_TILT = 1.1
_WIDTH_IN_DEVIATIONS = 4.0
_AHEAD_IN_DEVIATIONS = 1.5
_MOST_SHIFT_IN_DEVIATIONS = 3.0
_NEAR, _LEAST_REACH = 0.06, 1e-4
_HALVES_AGREE = 1e-8  # the rules of nodes and of midpoints; the error of their mean is about the square
_HALVES_AGREE_BETWEEN = 1e-9
_FEW = 30.0
_MOST_CANCELLATION, _MOST_CANCELLATION_ALONE = 1e6, 1e10
_LEAST_DISTANCE = 1e-5  # from a pole: nearer, its own rounding would tell
_LOG_ZERO = -745.0
_LOG_NOTHING = -60.0  # a price below 1e-26 of the strike that loses its digits even alone: 0
_MOST_GROWTH, _MOST_EXPONENT = 300.0, 700.0
_MOST_SIZE = 1e100  # terms that grow along the contour: it is of no use


@nb.njit(
    nb.types.Tuple((_I, _F, nb.boolean))(_CONTOUR, MODEL, _F, _F, _F, _I, _F, nb.float64[:, :, ::1]),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def _fill_chunk(
    contour: Contour, model: Model, spread: float, first: float, step: float, most: int, largest: float,
    nodes: npt.NDArray[np.float64],
) -> tuple[int, float, bool]:  # fmt: skip
    """Nodes ``y = first, first + step, ...``, not more than ``most``, until the terms vanish beside ``largest``.

    ``nodes[0]`` gets the two parts of ``xi + i p``, ``nodes[1:]`` those of each column's terms in the contour's first
    row; the last row is ``spread`` away from it. Gives the number of nodes, the new ``largest``, and whether the terms
    vanished.
    """
    time, v0, kappa, theta, sigma, rho = model
    p, width, tilt, k, log_top = contour
    drift = kappa * theta
    with_derivatives = nodes.shape[0] > 2
    sine, cosine = math.sin(tilt), math.cos(tilt)
    for j in range(most):
        growth = math.exp(first + j * step)
        sinh, cosh = 0.5 * (growth - 1.0 / growth), 0.5 * (growth + 1.0 / growth)
        u, v = width * sinh * cosine, width * (cosh - 1.0) * sine
        xi = complex(u, v - p)
        w = xi * complex(u, v - p + 1.0)
        a, b = exponents(xi, time, kappa, sigma, rho)
        slope = width * complex(cosh * cosine, sinh * sine)
        value = complex_exp(drift * a + v0 * b + complex(v * k, -u * k) - log_top) * ratio(slope, w)
        nodes[0, 0, j], nodes[0, 1, j] = u, v
        nodes[1, 0, j], nodes[1, 1, j] = value.real, value.imag
        size = abs(value) * math.exp(min(max(v * spread, 0.0), _MOST_GROWTH))
        if with_derivatives:
            i_xi = complex(-xi.imag, xi.real)
            beta = kappa - rho * sigma * i_xi
            a_kappa, b_kappa, a_sigma, b_sigma, a_rho, b_rho = sensitivities(xi, time, kappa, sigma, rho)
            by_time = (drift - v0 * beta + 0.5 * v0 * sigma * sigma * b) * b - 0.5 * v0 * w
            factors = (
                i_xi, -w, by_time, b, theta * a + drift * a_kappa + v0 * b_kappa, kappa * a,
                drift * a_sigma + v0 * b_sigma, drift * a_rho + v0 * b_rho,
            )  # fmt: skip
            for column, factor in enumerate(factors):
                term = value * factor
                nodes[2 + column, 0, j], nodes[2 + column, 1, j] = term.real, term.imag
            size *= 1.0 + abs(w)
        largest = max(largest, size)
        if size <= _NEGLIGIBLE * largest:
            return j + 1, largest, True
    return most, largest, False


@nb.njit(
    nb.types.Tuple((_F, nb.boolean))(_CONTOUR, MODEL, _F, _F, _F, _F, _I, _F2, nb.float64[:, :, ::1]),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def _trapezoid(
    contour: Contour, model: Model, spread: float, offset: float, step: float, end: float, rows: int, work: Floats,
    nodes: npt.NDArray[np.float64],
) -> tuple[float, bool]:  # fmt: skip
    """The trapezoidal rule along the whole contour, over 2 pi, for every row and column, into ``work`` from its second
    row on (as :func:`add_waves` does); the poles' share is still in it.

    Nodes are ``(j + offset) step`` up to ``end``; ``end`` 0 goes on until the terms vanish. Gives where it ended and
    whether the terms had vanished.
    """
    columns = nodes.shape[0] - 1
    for row in range(1, 2 + columns):
        for i in range(rows):
            work[row, i] = 0.0
    done = 0
    largest = 0.0
    vanished = False
    most = _MOST_NODES if end == 0.0 else int(math.ceil(end / step))
    while done < most and not vanished and largest < _MOST_SIZE:
        count, largest, vanished = _fill_chunk(
            contour, model, spread, (done + offset) * step, step, min(_CHUNK, most - done), largest, nodes
        )
        if done == 0 and offset == 0.0:
            for column in range(1, columns + 1):  # the node that is its own mirror image
                nodes[column, 0, 0] *= 0.5
                nodes[column, 1, 0] *= 0.5
        add_waves(nodes, count, rows, work)
        done += count
    for row in range(1, 2 + columns):
        for i in range(rows):
            work[row, i] *= step / math.pi
    return done * step, vanished or end > 0.0


@nb.njit(nb.types.UniTuple(_F, 3)(_F, _CONTOUR, _F), nogil=True, cache=True, error_model="numpy")
def _pole_shares(pole: float, contour: Contour, step: float) -> tuple[float, float, float]:
    """What a pole of residue 1 / (2 pi i) at ``xi = -i pole`` adds to the rules of nodes and of midpoints: the sums of
    its share of the aliases (Poisson's formula). Both are to be multiplied by the exponential of the third value."""
    p, width, tilt, _, _ = contour
    sine = math.sin(tilt) + (p - pole) / width
    if abs(sine) >= 1.0:
        return 0.0, 0.0, 0.0
    height = math.asin(sine) - tilt
    decay = 2.0 * math.pi * abs(height) / step
    sign, fade = math.copysign(1.0, height), math.exp(-decay)
    return sign / (1.0 - fade), -sign / (1.0 + fade), -decay


@nb.njit(_F(_F, MODEL), nogil=True, cache=True, error_model="numpy")
def _descent(k: float, model: Model) -> float:
    """The angle below the real axis at which the far integrand of log-moneyness ``k`` does not oscillate: far out
    ``phi`` is ``exp(-scale (sqrt(1 - rho^2) + i rho) xi)``, ``scale = (v0 + kappa theta T) / sigma``."""
    time, v0, kappa, theta, sigma, rho = model
    scale = (v0 + kappa * theta * time) / sigma
    return math.atan2(k + rho * scale, scale * math.sqrt((1.0 - rho) * (1.0 + rho)))


@nb.njit(_CONTOUR(_F, _F, _F, _F, nb.boolean, MODEL), nogil=True, cache=True, error_model="numpy")
def _contour(reference: float, first: float, side: float, variance: float, is_between: bool, model: Model) -> Contour:
    """The contour through the saddle point of log-moneyness ``reference``, or through -i / 2 if that ``is_between`` the
    poles or has moments that explode just beyond the pole; bent towards its steepest descent."""
    time, _, kappa, _, sigma, _ = model
    p = 0.5
    if not is_between:
        distance = saddle(reference, side, variance, model)
        if distance >= _LEAST_DISTANCE:
            p += side * (0.5 + distance)
    width = free_width(p, _WIDTH_IN_DEVIATIONS / math.sqrt(variance), model)
    # Where phi is still Gaussian when it vanishes, there is no far integrand.
    reach = sigma / math.sqrt(variance) * time / (1.0 + kappa * time)
    tilt = 0.0
    if reach > _LEAST_REACH:
        nearest, middle = _descent(first, model), 0.5 * (_descent(first, model) + _descent(reference, model))
        angle = min(max(middle, nearest - _MOST_TILT), nearest + _MOST_TILT)
        tilt = -min(max(angle, -_MOST_TILT), _MOST_TILT) * reach / (_NEAR + reach)
    return p, width, tilt, first, log_moment(p, model)


@nb.njit(nb.boolean(_F, _CONTOUR, _F, MODEL), nogil=True, cache=True, error_model="numpy")
def _is_served(k: float, contour: Contour, deviation: float, model: Model) -> bool:
    """Whether the integrand of log-moneyness ``k`` falls off along the contour."""
    _, _, tilt, first, _ = contour
    shift = k - first
    if tilt == 0.0:
        return True
    if tilt * shift > 0.0 and abs(shift) > _MOST_SHIFT_IN_DEVIATIONS * deviation:
        return False
    return abs(_descent(k, model) + tilt) < _MOST_OFF_TILT


@nb.njit(
    nb.void(_CONTOUR, MODEL, _F1, _I1, _I, _F, _I1, _F2),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def _integrate(
    contour: Contour, model: Model, k: Floats, rows: Codes, count: int, most_cancellation: float, status: Codes,
    out: Floats,
) -> None:  # fmt: skip
    """Integrates along ``contour`` for the rows ``rows[:count]``, its first row first; those that reach the error
    target, and whose terms do not cancel by more than ``most_cancellation``, get status 0 and their columns in
    ``out``."""
    columns = out.shape[0]
    p, _, _, first, log_top = contour
    nodes = np.empty((columns + 1, 2, _CHUNK))
    totals, middles = np.empty((columns + 4, count)), np.empty((columns + 4, count))
    spread = 0.0
    for i in range(count):
        shift = k[rows[i]] - first
        totals[0, i] = middles[0, i] = shift
        if abs(shift) > abs(spread):
            spread = shift
    # Between the poles the mean is near the option's bound, and what is left of it counts.
    agree = _HALVES_AGREE if not 0.0 < p < 1.0 else _HALVES_AGREE_BETWEEN
    step = _FIRST_STEP
    end, is_whole = _trapezoid(contour, model, spread, 0.0, step, 0.0, count, totals, nodes)
    if not is_whole:
        return
    for _ in range(_REFINEMENTS):
        _trapezoid(contour, model, spread, 0.5, step, end, count, middles, nodes)
        node_zero, middle_zero, decay_zero = _pole_shares(0.0, contour, step)
        node_one, middle_one, decay_one = _pole_shares(1.0, contour, step)
        for i in range(count):
            row = rows[i]
            if status[row] != _PENDING:
                continue
            log_scale = p * k[row] - log_top
            zero = math.exp(min(log_scale + decay_zero, _MOST_EXPONENT))
            one = math.exp(min(log_scale - k[row] + decay_one, _MOST_EXPONENT))
            at_zero, mid_zero, at_one, mid_one = node_zero * zero, middle_zero * zero, node_one * one, middle_one * one
            value = totals[2, i] - at_zero + at_one
            other = middles[2, i] - mid_zero + mid_one
            mean, gap = 0.5 * (value + other), 0.5 * abs(value - other)
            size = 0.5 * (totals[1, i] + middles[1, i])
            size += abs(at_zero) + abs(at_one) + abs(mid_zero) + abs(mid_one)
            scale = -math.exp(-log_scale)
            # Terms may cancel only where they are small beside the option's bound.
            bound = math.exp(-0.5 * k[row] if 0.0 < p < 1.0 else -max(k[row], 0.0))
            is_kept = size <= _FEW * abs(mean) or (
                size <= most_cancellation * abs(mean) and -scale * size <= _FEW * bound
            )
            is_sound = 0.0 < size < np.inf and log_scale > _LOG_ZERO
            if is_sound and is_kept and gap <= agree * abs(mean):
                status[row] = _SOLVED
                out[0, row] = scale * mean
                for column in range(1, columns):
                    out[column, row] = scale * 0.5 * (totals[2 + column, i] + middles[2 + column, i])
                if columns > 1:
                    out[1, row] += scale * 0.5 * (at_one + mid_one)
                if 0.0 < p < 1.0:  # here the integral is min(S, K)
                    out[0, row] += math.exp(-max(k[row], 0.0))
                    if columns > 1 and k[row] >= 0.0:
                        out[1, row] += math.exp(-k[row])
        if status[rows[0]] != _PENDING:
            break
        for row in range(1, 2 + columns):
            for i in range(count):
                totals[row, i] = 0.5 * (totals[row, i] + middles[row, i])
        step *= 0.5


@nb.njit(nb.types.UniTuple(_I, 2)(_F1, _F, _I1), nogil=True, cache=True, error_model="numpy")
def _nearest_and_farthest(k: Floats, side: float, status: Codes) -> tuple[int, int]:
    """The pending rows of one side nearest to and farthest from the money; -1 if there are none."""
    first, last = -1, -1
    for i in range(k.size):
        if (k[i] >= 0.0) != (side > 0.0) or status[i] != _PENDING:
            continue
        if first < 0 or abs(k[i]) < abs(k[first]):
            first = i
        if last < 0 or abs(k[i]) > abs(k[last]):
            last = i
    return first, last


@nb.njit(nb.void(_F1, MODEL, _I1, _F2), nogil=True, cache=True, error_model="numpy")
def solve_expiry(k: Floats, model: Model, status: Codes, out: Floats) -> None:
    """Out-of-the-money prices over strike, and their derivatives if ``out`` has their rows, of all log-moneynesses
    ``k = ln(K / F)`` of one expiry and one model: calls for ``k >= 0``, else puts. ``status`` is filled.

    The row nearest to the money places the contour, the others on its side join in; those that lose too many digits on
    it wait for the next. A row that fails gets a contour for itself alone, then one between the poles, unless it is
    known to be next to nothing.
    """
    variance = expected_variance(model)
    deviation = math.sqrt(variance)
    rows = np.empty(k.size, np.int64)
    for i in range(k.size):
        status[i] = _PENDING
        for column in range(out.shape[0]):
            out[column, i] = 0.0
    for side in (1.0, -1.0):
        attempts = 0
        while True:
            first, last = _nearest_and_farthest(k, side, status)
            if first < 0:
                break
            reference = k[first]
            if attempts == 0:
                reference = side * min(abs(reference) + _AHEAD_IN_DEVIATIONS * deviation, abs(k[last]))
            contour = _contour(reference, k[first], side, variance, attempts > 1, model)
            rows[0] = first
            count = 1
            for i in range(k.size):
                if (k[i] >= 0.0) != (side > 0.0) or status[i] != _PENDING:
                    continue
                if contour[4] - contour[0] * k[i] < _LOG_ZERO:  # an upper bound of the price (Chernoff)
                    status[i] = _SOLVED
                elif i != first and attempts == 0 and _is_served(k[i], contour, deviation, model):
                    rows[count] = i
                    count += 1
            if status[first] == _PENDING:
                most = _MOST_CANCELLATION if attempts == 0 else _MOST_CANCELLATION_ALONE
                _integrate(contour, model, k, rows, count, most, status, out)
            attempts += 1
            if status[first] == _PENDING and attempts == 2 and contour[4] - contour[0] * k[first] < _LOG_NOTHING:
                status[first] = _SOLVED
            if status[first] == _PENDING and attempts > 2:
                status[first] = _NOT_CONVERGED
            if status[first] != _PENDING:
                attempts = 0
