"""Full revaluation of a book over a grid of spot, vol and time: every position is priced anew in every cell.

European options by Black-Scholes-Merton (Merton 1973), American ones by :mod:`terminal.quant.american`, linear ones
(stock) by the spot. Nothing is approximated by Greeks, and no shock is no gain, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.quant import american
from terminal.quant.american import Accuracy
from terminal.quant.columns import Flags, Floats, float_columns
from terminal.quant.scenarios_kernel import Counts, revalue_grid

CALENDAR_DAY = 1.0 / 365.0
"""A calendar day in years, for time shifts."""
_CHUNK = 16384
"""Positions at a time, so that what is kept per position and spot does not grow with the book."""
_AMERICAN_PRICES = 1 << 16
"""American prices at a time."""

SmileOf = Callable[[Floats, Floats, npt.NDArray[np.intp]], Any]
"""``smile(k, time, rows)``: vols at k = ln(strike / spot) for the positions ``rows`` (indices into the book)."""


class Style(IntEnum):
    """What a position is. A linear one is worth its spot; its strike, time, vol and right play no part."""

    LINEAR = 0
    EUROPEAN = 1
    AMERICAN = 2


class VolShock(Enum):
    """Whether a vol shock is added to each vol (0.01 is one point) or is a part of it (0.1 is a tenth more)."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"


class Sticky(Enum):
    """What a strike's vol does when the spot moves.

    ``STRIKE``: it stays. ``DELTA``: the smile moves with the spot, so a strike takes the vol of its new moneyness
    (a smile that keeps its shape in ln(K / S) keeps it in delta).
    """

    STRIKE = "strike"
    DELTA = "delta"


@dataclass(frozen=True, slots=True)
class Book:
    """Positions as columns of one length; scalars and anything that broadcasts to it will do.

    ``quantity`` is signed and counts contracts or shares, ``multiplier`` is shares a contract. ``beta``: by how much
    of a spot shock the position's underlying moves. ``slope``: d vol / d ln K of the smile at the strike, for
    :attr:`Sticky.DELTA` without a smile. With ``underlying``, an index for each position, ``spot`` and ``beta`` hold
    one value for each underlying instead (a beta for all may be a scalar). ``style`` holds :class:`Style` values.
    """

    spot: Any
    strike: Any
    time: Any
    vol: Any
    rate: Any
    dividend_yield: Any
    is_call: Any
    quantity: Any
    multiplier: Any = 1.0
    style: Any = Style.EUROPEAN
    beta: Any = 1.0
    slope: Any = 0.0
    underlying: Any = None


@dataclass(frozen=True, slots=True)
class Revaluation:
    """P&L of a book by cell, axes (time, spot, vol).

    Totals leave out positions without a value; ``missing`` says how many in each cell, ``missing_base`` how many have
    none as the market stands (these are missing everywhere), ``missing_positions`` which ones lack one anywhere.
    ``positions``: P&L by cell and position, axes (time, spot, vol, position), NaN where missing; None unless asked for.
    """

    base_value: float
    pnl: Floats
    missing: Counts
    missing_base: int
    missing_positions: npt.NDArray[np.intp]
    positions: Floats | None


@dataclass(frozen=True, slots=True)
class _Grid:
    spots: Floats
    scales: Floats
    adds: Floats
    elapsed: Floats

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.elapsed.size, self.spots.size, self.adds.size


@dataclass(frozen=True, slots=True)
class _Columns:
    """The book's columns, flat and of one length; ``weight`` is quantity times multiplier."""

    is_call: Flags
    spot: Floats
    strike: Floats
    time: Floats
    vol: Floats
    rate: Floats
    dividend_yield: Floats
    weight: Floats
    beta: Floats
    slope: Floats
    style: Floats

    def at(self, rows: Any) -> _Columns:
        return _Columns(*(getattr(self, name)[rows] for name in self.__slots__))

    def priced(self) -> tuple[Floats, ...]:
        """The kernel's nine columns."""
        return tuple(getattr(self, name) for name in self.__slots__[1:10])


def revalue(
    book: Book,
    spot_shocks: Any,
    vol_shocks: Any = (0.0,),
    time_shifts: Any = (0.0,),
    *,
    vol_shock: VolShock = VolShock.ABSOLUTE,
    sticky: Sticky = Sticky.STRIKE,
    smile: SmileOf | None = None,
    by_position: bool = False,
    accuracy: Accuracy = Accuracy.FAST,
) -> Revaluation:
    """P&L of ``book`` over all combinations of the shocks, each axis a scalar or a 1-d array.

    ``spot_shocks`` are relative (-0.1: a tenth less, times each position's beta); a loss of more than all leaves a spot
    of zero, so that the crash a beta exaggerates still has its cell. ``vol_shocks`` are meant as
    ``vol_shock`` says; a vol that would be negative is zero. ``time_shifts`` are years that pass (``CALENDAR_DAY`` is
    one day) with the vols as they are; an option that expires within the shift is worth its payoff at the scenario's
    spot. ``smile`` gives the vols for Sticky.DELTA: a position's own vol moves by the difference of the smile between
    its new and its present moneyness; without one, by its ``slope``. ``accuracy`` is that of American prices.

    A position that cannot be valued (NaN, a negative spot, strike, time or vol, an unknown style or underlying, a smile
    without an answer) is left out by itself and counted. Raises ValueError for columns that do not broadcast and for
    an axis with NaN, infinities or more than one dimension.
    """
    columns = _columns(book)
    shocks = _axis(vol_shocks, "vol_shocks")
    absolute = vol_shock is VolShock.ABSOLUTE
    grid = _Grid(
        _axis(spot_shocks, "spot_shocks"),
        np.ones_like(shocks) if absolute else 1.0 + shocks,
        shocks if absolute else np.zeros_like(shocks),
        _axis(time_shifts, "time_shifts"),
    )
    if sticky is Sticky.STRIKE or smile is not None:
        columns.slope[:] = 0.0
    total = _Total(grid, columns.is_call.size, by_position, accuracy)
    for first in range(0, columns.is_call.size, _CHUNK):
        rows = np.arange(first, min(first + _CHUNK, columns.is_call.size))
        part = columns.at(slice(first, first + _CHUNK))
        moves = np.empty((0, 0))
        if sticky is Sticky.DELTA and smile is not None:
            moves = _vol_moves(part, grid.spots, smile, rows)
        total.add(rows, part, moves)
    return total.result()


def _axis(values: Any, name: str) -> Floats:
    axis = np.atleast_1d(np.asarray(values, np.float64))
    if axis.ndim > 1 or not np.isfinite(axis).all():
        raise ValueError(f"{name} must be finite numbers in one dimension, has shape {axis.shape}: {values!r:.60}")
    return np.ascontiguousarray(axis)


def _columns(book: Book) -> _Columns:
    spot, beta = book.spot, book.beta
    if book.underlying is not None:
        spot, beta = _of_underlying(spot, book.underlying), _of_underlying(beta, book.underlying)
    priced = (spot, book.strike, book.time, book.vol, book.rate, book.dividend_yield)
    floats, is_call, shape = float_columns(
        (*priced, book.quantity, beta, book.slope, book.style, book.multiplier), book.is_call
    )
    if len(shape) > 1:
        raise ValueError(f"a book has one dimension, these columns have the shape {shape}")
    copies = [column.copy() for column in floats[:-1]]
    columns = _Columns(is_call.copy(), *copies)
    with np.errstate(invalid="ignore", over="ignore"):
        np.multiply(columns.weight, floats[-1], out=columns.weight)
    linear, known = columns.style == Style.LINEAR, np.isin(columns.style, [each.value for each in Style])
    for column in (columns.strike, columns.time, columns.vol, columns.rate, columns.dividend_yield, columns.slope):
        column[linear] = 0.0
    columns.is_call[linear] = True
    columns.weight[~known] = np.nan
    return columns


def _of_underlying(values: Any, underlying: Any) -> Any:
    """The value of each position's underlying; NaN where the index is none of them."""
    values, index = np.asarray(values, np.float64), np.asarray(underlying, np.int64)
    if values.ndim == 0:
        return values
    known = (index >= 0) & (index < values.size)
    return np.where(known, np.append(values, np.nan)[np.where(known, index, -1)], np.nan)


def _growth(beta: Floats, shock: Any) -> Floats:
    """What becomes of a spot of 1: no less than 0."""
    growth = 1.0 + beta * shock
    return np.where(growth < 0.0, 0.0, growth)  # and NaN stays NaN


def _vol_moves(part: _Columns, shocks: Floats, smile: SmileOf, rows: npt.NDArray[np.intp]) -> Floats:
    """What Sticky.DELTA adds to each vol at each spot, (spots, positions)."""
    moves = np.zeros((shocks.size, rows.size))
    options = np.flatnonzero((part.style != Style.LINEAR) & (part.strike > 0.0) & (part.spot > 0.0))
    k, time = np.log(part.strike[options] / part.spot[options]), part.time[options]
    here = np.asarray(smile(k, time, rows[options]), np.float64)
    for move, shock in zip(moves, shocks, strict=True):
        growth = _growth(part.beta[options], shock)
        alive = growth > 0.0  # a spot of zero has a price that no vol changes
        moved = k - np.log(np.where(alive, growth, 1.0))
        there = np.asarray(smile(moved, time, rows[options]), np.float64)
        move[options] = np.where(alive, there - here, 0.0)
    return moves


class _Total:
    """Adds up the parts of a book."""

    def __init__(self, grid: _Grid, count: int, by_position: bool, accuracy: Accuracy) -> None:
        self.grid, self.accuracy = grid, accuracy
        self.cells = int(np.prod(grid.shape))
        self.pnl, self.missing = np.zeros(self.cells), np.zeros(self.cells, np.int64)
        self.base, self.missing_base = 0.0, 0
        self.is_missing = np.zeros(count, np.bool_)
        self.positions = np.empty((self.cells, count)) if by_position else None

    def add(self, rows: npt.NDArray[np.intp], part: _Columns, moves: Floats) -> None:
        """Revalues ``part``, the positions ``rows`` of the book."""
        early = np.flatnonzero(part.style == Style.AMERICAN)
        if not early.size:
            self._add_closed_form(rows, part, moves)
            return
        rest = np.flatnonzero(part.style != Style.AMERICAN)
        self._add_closed_form(rows[rest], part.at(rest), moves[:, rest] if moves.size else moves)
        step = max(_AMERICAN_PRICES // max(self.cells, 1), 1)
        for first in range(0, early.size, step):
            some = early[first : first + step]
            self._add_american(rows[some], part.at(some), moves[:, some] if moves.size else moves)

    def _add_american(self, rows: npt.NDArray[np.intp], part: _Columns, moves: Floats) -> None:
        """One call for all cells: those of one position that differ in the spot only share its boundary."""
        grid, shape = self.grid, self.grid.shape
        growth = _growth(part.beta, grid.spots[:, None])
        # At a spot of zero no vol matters, so the smile need not move without end.
        vol = part.vol - part.slope * np.log(np.maximum(growth, 1e-300)) + (moves if moves.size else 0.0)
        vol = np.maximum(vol[:, None] * grid.scales[:, None] + grid.adds[:, None], 0.0)
        left = np.maximum(part.time - grid.elapsed[:, None], 0.0)[:, None, None]
        rest = part.rate, part.dividend_yield, part.is_call
        spot = (part.spot * growth)[:, None]
        base = american.price(part.spot, part.strike, part.time, part.vol, *rest, accuracy=self.accuracy)
        prices = american.price(spot, part.strike, left, vol, *rest, accuracy=self.accuracy)
        each = ((np.broadcast_to(prices, (*shape, rows.size)) - base) * part.weight).reshape(self.cells, rows.size)
        known, value = np.isfinite(each), base * part.weight
        self.pnl += np.where(known, each, 0.0).sum(axis=1)
        self.missing += rows.size - known.sum(axis=1)
        self.is_missing[rows] = ~known.all(axis=0) | ~np.isfinite(value)
        self.base += float(value[np.isfinite(value)].sum())
        self.missing_base += int((~np.isfinite(value)).sum())
        if self.positions is not None:
            self.positions[:, rows] = np.where(known, each, np.nan)

    def _add_closed_form(self, rows: npt.NDArray[np.intp], part: _Columns, moves: Floats) -> None:
        """European and linear positions."""
        grid = self.grid
        pnl, missing = np.empty(self.cells), np.empty(self.cells, np.int64)
        is_missing, base, missing_base = np.empty(rows.size, np.bool_), np.empty(1), np.empty(1, np.int64)
        each = np.empty((self.cells, rows.size) if self.positions is not None else (0, 0))
        revalue_grid(
            part.priced(), part.is_call, np.ascontiguousarray(moves), grid.spots, grid.scales, grid.adds, grid.elapsed,
            pnl, missing, is_missing, each, base, missing_base,
        )  # fmt: skip
        self.pnl += pnl
        self.missing += missing
        self.is_missing[rows] = is_missing
        self.base += float(base[0])
        self.missing_base += int(missing_base[0])
        if self.positions is not None:
            self.positions[:, rows] = np.where(np.isfinite(each), each, np.nan)

    def result(self) -> Revaluation:
        """The totals in the grid's shape."""
        shape = self.grid.shape
        positions = None if self.positions is None else self.positions.reshape(*shape, self.is_missing.size)
        return Revaluation(
            self.base,
            self.pnl.reshape(shape),
            self.missing.reshape(shape),
            self.missing_base,
            np.flatnonzero(self.is_missing),
            positions,
        )
