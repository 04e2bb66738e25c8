"""Kernels of the early exercise boundary as columns: the solved one, and the QD+ approximation."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.american_boundary_kernel import BLOCK, MOST_NODES, boundary_ends, qd_plus, solve_boundary
from terminal.quant.american_price_kernel import FAMILIES, family_of
from terminal.quant.american_rows_kernel import INVALID, Kinds
from terminal.quant.american_rules import Codes
from terminal.quant.columns import Flags, Floats

_F = nb.float64
_F1 = nb.float64[::1]


@nb.njit(
    nb.void(nb.int8[::1], nb.boolean[::1], *[_F1] * 5, FAMILIES, _F, nb.boolean, _F1),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def boundary_column(
    kind: Kinds, is_call: Flags, strike: Floats, time: Floats, vol: Floats, rate: Floats, dividend_yield: Floats,
    families: tuple[tuple[Codes, Floats, Floats], ...], tolerance: float, by_qd_plus: bool, out: Floats,
) -> None:  # fmt: skip
    """Spots at which exercise begins, of rows with kinds, rates and yields of the put that each is worth."""
    work = np.empty(6 * BLOCK + 2 * MOST_NODES)
    matrix = np.empty((MOST_NODES, MOST_NODES))
    pivots = np.empty(MOST_NODES, np.int64)
    g = np.empty(MOST_NODES)
    whole = np.ones(1)
    for i in range(out.size):
        t, s, r, q = time[i], vol[i], rate[i], dividend_yield[i]
        away = np.nan
        if kind[i] != INVALID and not (r > 0.0 or (r == 0.0 and q < 0.0)):
            away = np.inf if q >= r else np.nan
        elif kind[i] != INVALID:
            start, last = boundary_ends(s, r, q)
            if s * math.sqrt(t) == 0.0:
                away = start
            elif by_qd_plus:
                qd_plus(t, s, r, q, whole, 100, g)
                away = g[0]
            elif r * t + 0.5 * (r - q - 0.5 * s * s) ** 2 * t / (s * s) > 34.0:
                away = last  # what lies after expiry is worth nothing any more
            else:
                which = family_of(t, s, r, q)
                for _ in range(2):
                    levels, table, _ = families[which]
                    if solve_boundary(t, s, r, q, levels, table, tolerance, work, matrix, pivots, g) > 0:
                        away = g[levels[-1, 0] - 1]
                        break
                    which = 2
        out[i] = strike[i] * math.exp(away if is_call[i] else -away)
