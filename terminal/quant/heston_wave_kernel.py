"""Sums of damped waves over the rows of an expiry: the inner loop of Heston prices, without a branch, so that LLVM
computes several rows at once."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.quant.columns import Floats
from terminal.quant.normal_kernel import vector_exp

_F = nb.float64
_F2 = nb.float64[:, ::1]
_I = nb.int64

_TWO_OVER_PI = 0.6366197723675814
_ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to an integer, which its low bits then hold
# pi / 2 in three parts, the first two of 33 bits (Cody and Waite 1980): exact products with integers below 2^20.
_HALF_PI = (1.57079632673412561417e00, 6.07710050630396597660e-11, 2.02226624879595063154e-21)
_MOST_ANGLE = 1e9
_SIN = (
    -1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800, 1 / 6227020800, -1 / 1307674368000, 1 / 355687428096000,
)  # fmt: skip
_COS = (
    -1 / 2, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800, 1 / 479001600, -1 / 87178291200, 1 / 20922789888000,
)  # fmt: skip


@nb.njit(
    nb.types.UniTuple(_F, 2)(_F), nogil=True, cache=True, error_model="numpy", forceinline=True, fastmath={"contract"}
)
def vector_cos_sin(angle: float) -> tuple[float, float]:
    """Cosine and sine within 1 ulp of 1 up to 1e6; beyond 1e9 those of 0."""
    angle = angle if abs(angle) < _MOST_ANGLE else 0.0
    rounded = angle * _TWO_OVER_PI + _ROUND
    turns = rounded - _ROUND
    quadrant = np.float64(rounded).view(np.int64)
    r = ((angle - turns * _HALF_PI[0]) - turns * _HALF_PI[1]) - turns * _HALF_PI[2]
    square = r * r
    p, q = _SIN[7], _COS[7]
    for i in range(6, -1, -1):
        p = p * square + _SIN[i]
        q = q * square + _COS[i]
    sine, cosine = r + r * square * p, 1.0 + square * q
    is_odd = (quadrant & 1) == 1
    first, second = (sine if is_odd else cosine), (cosine if is_odd else sine)
    return (-first if ((quadrant + 1) & 2) == 2 else first), (-second if (quadrant & 2) == 2 else second)


@nb.njit(nb.void(nb.float64[:, :, ::1], _I, _I, _F2), nogil=True, cache=True, error_model="numpy")
def add_waves(nodes: npt.NDArray[np.float64], count: int, rows: int, work: Floats) -> None:
    """Adds the terms of ``count`` nodes to each of ``rows`` rows.

    ``nodes[0]`` holds the two parts of each node, ``nodes[1:]`` those of each column's terms in the first row. The
    first row of ``work`` holds the rows' distances from that one; the second gets the sizes of the first column's terms
    added, the third and those after it the real parts of each column's terms; the last two are for the waves.
    """
    columns = nodes.shape[0] - 1
    for j in range(count):
        u, v = nodes[0, 0, j], nodes[0, 1, j]
        real, imag = nodes[1, 0, j], nodes[1, 1, j]
        size = abs(real) + abs(imag)
        if columns == 1:
            for i in range(rows):
                damp = vector_exp(v * work[0, i])
                cosine, sine = vector_cos_sin(u * work[0, i])
                work[1, i] += damp * size
                work[2, i] += damp * (real * cosine + imag * sine)
            continue
        for i in range(rows):
            damp = vector_exp(v * work[0, i])
            cosine, sine = vector_cos_sin(u * work[0, i])
            work[1, i] += damp * size
            work[columns + 2, i] = damp * cosine
            work[columns + 3, i] = damp * sine
        for column in range(columns):
            real, imag = nodes[1 + column, 0, j], nodes[1 + column, 1, j]
            for i in range(rows):
                work[2 + column, i] += real * work[columns + 2, i] + imag * work[columns + 3, i]
