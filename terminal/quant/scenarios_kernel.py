"""Kernel of the revaluation of a book of European and linear positions over a grid of spot, vol and time.

Blocks of positions, and inside a block one cell after the other: what cells share (logarithms, discount factors, roots)
is computed once, and each inner loop runs over the positions of the block in vector code. The price is
``F Phi(d1) - K Phi(d2)`` with F and K discounted, where ``F phi(d1) = K phi(d2)``: one exponential serves both tails,
each a density times Mills' ratio.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.quant.columns import Flags, Floats
from terminal.quant.normal_kernel import INV_SQRT_2PI, vector_exp, vector_log, vector_mills

BLOCK = 256
_LEAST_S = 1e-300
_FAR, _FARTHER = 1e290, 1e300
_F, _F1, _F2 = nb.float64, nb.float64[::1], nb.float64[:, ::1]
# Rows of a block's one buffer, at constant offsets, so that LLVM knows them to be apart.
_ROWS = 20
(
    _SPOT, _STRIKE, _TIME, _VOL, _RATE, _CARRY, _PUT, _WEIGHT, _BETA, _SLOPE,
    _X, _HELD, _PAID, _ROOT, _X_HERE, _HELD_HERE, _VOL_HERE, _BASE, _GAIN, _MISSING,
) = (row * BLOCK for row in range(_ROWS))  # fmt: skip

Counts = npt.NDArray[np.int64]
Book = tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats, Floats, Floats]
_BOOK = nb.types.UniTuple(_F1, 9)


@nb.njit(_F(_F, _F, _F, _F, _F), nogil=True, cache=True, error_model="numpy", forceinline=True, fastmath={"contract"})
def _price(held: float, paid: float, x: float, s: float, put: float) -> float:
    """Black's price from discounted forward and strike, x = ln(held / paid), s = vol sqrt(T); ``put`` is 0 or 1."""
    s = max(s, _LEAST_S)  # a NaN comes first and stays
    d1 = x / s + 0.5 * s
    d2 = d1 - s
    density = held * INV_SQRT_2PI * vector_exp(-0.5 * d1 * d1)
    first, second = density * vector_mills(abs(d1)), density * vector_mills(abs(d2))
    # Above zero Phi is one less the tail; a put takes one from both.
    first = held * (1.0 - put) - first if d1 > 0.0 else first - held * put
    second = paid * (1.0 - put) - second if d2 > 0.0 else second - paid * put
    price = first - second
    return max(price, 0.0)


@nb.njit(nb.void(_F1, nb.int64, nb.int64, _BOOK, nb.boolean[::1]), nogil=True, cache=True, error_model="numpy")
def _gather(work: Floats, start: int, count: int, book: Book, is_call: Flags) -> None:
    """Copies the positions from ``start`` on into the buffer; one that cannot be valued becomes a NaN of its own."""
    spot, strike, time, vol, rate, carry, weight, beta, slope = book
    for i in range(count):
        at = start + i
        total = spot[at] + strike[at] + time[at] + vol[at] + rate[at] + carry[at] + weight[at] + beta[at] + slope[at]
        positive = spot[at] >= 0.0 and strike[at] >= 0.0 and time[at] >= 0.0 and vol[at] >= 0.0
        fine = positive and math.isfinite(total)
        work[_SPOT + i] = spot[at] if fine else 1.0
        work[_STRIKE + i] = strike[at] if fine else 1.0
        work[_TIME + i] = time[at] if fine else 0.0
        work[_VOL + i] = vol[at] if fine else 0.0
        work[_RATE + i] = rate[at] if fine else 0.0
        work[_CARRY + i] = carry[at] if fine else 0.0
        work[_WEIGHT + i] = weight[at] if fine else np.nan
        work[_BETA + i] = beta[at] if fine else 0.0
        work[_SLOPE + i] = slope[at] if fine else 0.0
        work[_PUT + i] = 0.0 if is_call[at] else 1.0
        work[_MISSING + i] = 0.0


@nb.njit(nb.void(_F1, nb.int64, _F), nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def _pass_time(work: Floats, count: int, elapsed: float) -> None:
    """What all cells of one time share: discounted forward and strike, their log ratio, the root of the time left."""
    for i in range(count):
        left = work[_TIME + i] - elapsed
        left = max(left, 0.0)
        carry, rebate = work[_CARRY + i] * left, work[_RATE + i] * left
        work[_HELD + i] = work[_SPOT + i] * vector_exp(-carry)
        work[_PAID + i] = work[_STRIKE + i] * vector_exp(-rebate)
        work[_ROOT + i] = math.sqrt(left)
        # Where one side is nothing the other is far away, but finite, so that a shock can be added.
        x = vector_log(work[_SPOT + i] / work[_STRIKE + i])
        x = max(x, -_FARTHER)
        x = min(x, _FARTHER)
        x = _FARTHER if work[_STRIKE + i] == 0.0 else x
        work[_X + i] = x + (rebate - carry)


@nb.njit(nb.void(_F1, nb.int64, _F), nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def _shock_spot(work: Floats, count: int, shock: float) -> None:
    """The spot moves by ``beta * shock`` of itself, never below zero; with a slope the smile moves along."""
    for i in range(count):
        growth = 1.0 + work[_BETA + i] * shock
        growth = max(growth, 0.0)
        log_growth = vector_log(growth)
        log_growth = max(log_growth, -_FAR)
        work[_X_HERE + i] = work[_X + i] + log_growth
        work[_HELD_HERE + i] = work[_HELD + i] * growth
        work[_VOL_HERE + i] = work[_VOL + i] - work[_SLOPE + i] * log_growth


@nb.njit(nb.void(_F1, nb.int64, _F, _F), nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def _value_cell(work: Floats, count: int, scale: float, add: float) -> None:
    """Price less base price, times the weight, of every position of the block; a vol below zero is zero."""
    for i in range(count):
        vol = work[_VOL_HERE + i] * scale + add
        s = max(vol, 0.0) * work[_ROOT + i]
        price = _price(work[_HELD_HERE + i], work[_PAID + i], work[_X_HERE + i], s, work[_PUT + i])
        work[_GAIN + i] = (price - work[_BASE + i]) * work[_WEIGHT + i]


@nb.njit(nb.void(_F1, nb.int64), nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def _set_base(work: Floats, count: int) -> None:
    """Prices at the market as it stands, by the same steps as those of a cell: no shock is no gain, to the last bit."""
    for i in range(count):
        s = work[_VOL_HERE + i] * work[_ROOT + i]
        price = _price(work[_HELD_HERE + i], work[_PAID + i], work[_X_HERE + i], s, work[_PUT + i])
        work[_BASE + i] = price
        work[_GAIN + i] = price * work[_WEIGHT + i]


@nb.njit(nb.int64(_F1, _F1, nb.int64, nb.int64), nogil=True, cache=True, error_model="numpy")
def _account(work: Floats, sums: Floats, at: int, count: int) -> int:
    """Adds the gains to ``sums`` from ``at`` on, one lane a position of the block; how many are none and left out."""
    missing = 0
    for i in range(count):
        gain = work[_GAIN + i]
        known = abs(gain) < np.inf
        sums[at + i] += gain if known else 0.0
        missing += 0 if known else 1
    return missing


@nb.njit(nb.void(_F1, nb.int64), nogil=True, cache=True, error_model="numpy")
def _mark(work: Floats, count: int) -> None:
    """Remembers the positions whose last gain is no number."""
    for i in range(count):
        if not math.isfinite(work[_GAIN + i]):
            work[_MISSING + i] = 1.0


@nb.njit(
    nb.void(
        _BOOK, nb.boolean[::1], _F2, _F1, _F1, _F1, _F1, _F1, nb.int64[::1], nb.boolean[::1], _F2, _F1, nb.int64[::1]
    ),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def revalue_grid(
    book: Book, is_call: Flags, vol_moves: Floats, spot_shocks: Floats, vol_scales: Floats, vol_adds: Floats,
    elapsed: Floats, totals: Floats, missing: Counts, is_missing: Flags, positions: Floats, base: Floats,
    missing_base: Counts,
) -> None:  # fmt: skip
    """P&L of each cell into ``totals`` and the positions without a value into ``missing``, both flat (time, spot, vol).

    ``vol_moves`` (spots, positions) is added to the vol of each spot; with no rows there is nothing to add.
    ``positions`` (cells, positions) gets every position's P&L, unless it is empty; ``base`` the value of the book,
    ``missing_base`` the number of positions without one.
    """
    cells, count = totals.size, is_call.size
    work, sums = np.zeros(_ROWS * BLOCK), np.zeros((cells + 1) * BLOCK)
    missing[:] = 0
    missing_base[0] = 0
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        _gather(work, start, size, book, is_call)
        _pass_time(work, size, 0.0)
        _shock_spot(work, size, 0.0)
        _set_base(work, size)
        unknown = _account(work, sums, cells * BLOCK, size)
        if unknown > 0:
            missing_base[0] += unknown
            _mark(work, size)
        cell = 0
        for at_time in range(elapsed.size):
            _pass_time(work, size, elapsed[at_time])
            for at_spot in range(spot_shocks.size):
                _shock_spot(work, size, spot_shocks[at_spot])
                if vol_moves.shape[0] > 0:
                    for i in range(size):
                        work[_VOL_HERE + i] += vol_moves[at_spot, start + i]
                for at_vol in range(vol_scales.size):
                    _value_cell(work, size, vol_scales[at_vol], vol_adds[at_vol])
                    unknown = _account(work, sums, cell * BLOCK, size)
                    if unknown > 0:
                        missing[cell] += unknown
                        _mark(work, size)
                    if positions.shape[0] > 0:
                        positions[cell, start : start + size] = work[_GAIN : _GAIN + size]
                    cell += 1
        is_missing[start : start + size] = work[_MISSING : _MISSING + size] > 0.0
    for cell in range(cells):
        totals[cell] = np.sum(sums[cell * BLOCK : (cell + 1) * BLOCK])
    base[0] = np.sum(sums[cells * BLOCK :])
