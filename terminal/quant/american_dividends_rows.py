"""Rows of options on a dividend-paying spot, sorted into problems that share a grid and batches that share a vector."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.quant import european
from terminal.quant.american_dividends_kernel import (
    ANYWHERE,
    AT_EX_TIMES,
    BEYOND_BOUNDARY,
    FIELDS,
    LANES,
    LIMIT,
    RATE,
    VOL,
)  # fmt: skip
from terminal.quant.american_dividends_rows_kernel import DELTA, EXERCISED, GAMMA, PRICE, RESULTS, SPEED, value_rows
from terminal.quant.columns import Flags, Floats

Dividends = Sequence[tuple[float, float]]
WIDEST = 8.0
"""Standard deviations of the log spot at expiry above which there is no price: the grid could not hold them."""
VARIANTS = 7
"""The problem itself, four other vols and two other rates, solved side by side on one grid."""
_VOL_BUMP = 0.04
"""Of the vol itself."""
_RATE_BUMP = 2e-3


class Exercise(Enum):
    """When the holder may exercise."""

    AMERICAN = "american"
    EUROPEAN = "european"


AMERICAN, EUROPEAN = Exercise.AMERICAN, Exercise.EUROPEAN


@dataclass(frozen=True, slots=True)
class Resolution:
    """Nodes (a multiple of four) and time steps of the finer of the two grids; the other has half of each."""

    nodes: int = 320
    steps: int = 160


STANDARD, FAST, FINE = Resolution(), Resolution(160, 40), Resolution(960, 480)


def sorted_schedule(dividends: Dividends) -> tuple[Floats, Floats]:
    """Ex times after 0 in order, and their cash."""
    table = np.asarray([tuple(pair) for pair in dividends], np.float64).reshape(-1, 2)
    if not np.isfinite(table).all() or (table[:, 1] < 0.0).any():
        raise ValueError("dividends are pairs of a finite time in years and cash that is not negative")
    table = table[(table[:, 0] > 0.0) & (table[:, 1] > 0.0)]
    table = table[np.argsort(table[:, 0], kind="stable")]
    return np.ascontiguousarray(table[:, 0]), np.ascontiguousarray(table[:, 1])


class Rows:
    """Flat columns sorted into problems that share a grid and batches that are solved side by side."""

    def __init__(
        self, columns: list[Floats], calls: Flags, schedule: tuple[Floats, Floats], exercise: Exercise
    ) -> None:
        self._columns, self._calls, self._schedule = columns, calls, schedule
        self._american = exercise is AMERICAN
        spot, strike, time, vol, rate, carry = columns
        with np.errstate(invalid="ignore"):
            self._good = np.isfinite(spot + strike + time + vol + rate + carry)
            self._good &= (spot >= 0.0) & (strike >= 0.0) & (time >= 0.0) & (vol >= 0.0)
            self._good &= vol * np.sqrt(time) <= WIDEST
        self._counts = np.searchsorted(schedule[0], time, side="right")
        self._kinds = self._kind_of_rows()
        closed = self._good & (self._kinds == AT_EX_TIMES) & (self._counts == 0)
        self._closed = np.flatnonzero(closed)
        self._order = self._sorted(np.flatnonzero(self._good & ~closed))

    def _kind_of_rows(self) -> npt.NDArray[np.int64]:
        spot, strike, time, vol, rate, carry = self._columns
        calls = self._calls
        never = np.where(calls, (rate >= 0.0) & (carry <= 0.0), (rate <= 0.0) & (carry >= 0.0))
        kinds = np.where((rate < 0.0) & (carry < 0.0), ANYWHERE, BEYOND_BOUNDARY)
        kinds = np.where(never | (not self._american), AT_EX_TIMES, kinds)
        still = (vol * np.sqrt(np.maximum(time, 0.0)) == 0.0) | (spot == 0.0)
        worthless = (strike == 0.0) & (~calls | (self._american & (carry >= 0.0)) | (self._counts == 0))
        return np.where(still | worthless, LIMIT, kinds).astype(np.int64)

    def _sorted(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """``rows`` in an order in which those of one problem, and the problems of one batch, stand together."""
        _, strike, time, vol, rate, carry = (column[rows] for column in self._columns)
        keys = (self._calls[rows], strike, carry, rate, vol, time, self._counts[rows], self._kinds[rows])
        return rows[np.lexsort(keys)]

    def _table(self) -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The problems, where their rows begin, and where kind or number of dividends change among them."""
        order = self._order
        _, strike, time, vol, rate, carry = (column[order] for column in self._columns)
        sign = np.where(self._calls[order], 1.0, -1.0)
        table = np.stack([strike, vol, rate, carry, sign, time])
        sort = np.stack([self._counts[order], self._kinds[order]])
        changed = (np.diff(table) != 0.0).any(axis=0) | (np.diff(sort) != 0).any(axis=0)
        begins = np.concatenate([[0], np.flatnonzero(changed) + 1])
        problems = np.zeros((FIELDS, begins.size))
        problems[: len(table)] = table[:, begins]
        return problems, begins, order[begins]

    def _closed_rows(self) -> tuple[Any, Any, Any, Any, Any, Any, Any]:
        """What European formulas take, of the rows that they price."""
        spot, strike, time, vol, rate, carry = (column[self._closed] for column in self._columns)
        return spot, strike, time, vol, rate, carry, self._calls[self._closed]

    def value(self, resolution: Resolution) -> Floats:
        """Results of shape (RESULTS, rows), without slopes where those would cost extra."""
        out = np.full((RESULTS, self._calls.size), np.nan)
        if self._closed.size:
            out[PRICE, self._closed] = european.price(*self._closed_rows())
        if self._order.size:
            problems, begins, first = self._table()
            out[:, self._order] = self._run(problems, begins, first, 1, False, resolution)
        return out

    def _run(
        self, problems: Floats, begins: npt.NDArray[np.int64], first: npt.NDArray[np.int64], group: int, slopes: bool,
        resolution: Resolution,
    ) -> Floats:  # fmt: skip
        """Results of all sorted rows; ``group`` problems in a row stand for one of ``begins``, with the same spots."""
        rows = self._order.size
        kinds, counts = self._kinds[first], self._counts[first]
        spots = self._columns[0][self._order]
        offsets = np.append(begins, rows)
        if group > 1:
            spots, offsets = _repeated(spots, offsets, group)
        changes = np.flatnonzero((np.diff(kinds) != 0) | (np.diff(counts) != 0)) + 1
        edges = np.concatenate([[0], changes, [first.size]])
        width = LANES // group
        batches = np.concatenate([np.arange(a, b, width) for a, b in itertools.pairwise(edges)])
        out = np.empty((RESULTS, spots.size))
        value_rows(
            problems, np.append(batches, first.size) * group, kinds[batches], counts[batches].astype(np.int64),
            offsets, group, spots, *self._schedule, self._american, slopes, resolution.nodes, resolution.steps, out,
        )  # fmt: skip
        return out

    def greeks(self, resolution: Resolution) -> Floats:
        """The nine of GREEK_NAMES, shape (9, rows)."""
        out = np.full((len(european.GREEK_NAMES), self._calls.size), np.nan)
        if self._closed.size:
            closed = european.greeks(*self._closed_rows())
            out[:, self._closed] = [getattr(closed, name) for name in european.GREEK_NAMES]
        if self._order.size:
            problems, begins, first = self._table()
            variants = np.repeat(problems, VARIANTS, axis=1)
            vol_bump = _VOL_BUMP * problems[VOL]
            for place, (of_vol, of_rate) in enumerate(((1, 0), (-1, 0), (2, 0), (-2, 0), (0, 1), (0, -1)), 1):
                variants[VOL, place::VARIANTS] += of_vol * vol_bump
                variants[RATE, place::VARIANTS] += of_rate * _RATE_BUMP
            found = self._run(variants, begins, first, VARIANTS, True, resolution)
            size = np.diff(np.append(begins, self._order.size))
            split = _regrouped(found, size)
            out[:, self._order] = self._combine(split, np.repeat(vol_bump, size))
        return out

    def _combine(self, found: Floats, bump: Floats) -> Floats:
        """``found``: (RESULTS, variants, rows) of the sorted rows; ``bump`` of vol, in each row."""
        spot, _, _, vol, rate, carry = (column[self._order] for column in self._columns)
        base = found[:, 0]
        value, delta, gamma = base[PRICE], base[DELTA], base[GAMMA]
        held = base[EXERCISED] == 0.0
        up, down, far_up, far_down = (found[:2, place] for place in range(1, 5))
        step = np.where(bump > 0.0, bump, 1.0)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            slope = (8.0 * (up - down) - (far_up - far_down)) / (12.0 * step)
            bend = (16.0 * (up + down) - (far_up + far_down) - 30.0 * base[:2]) / (12.0 * step**2)
            rho = (found[PRICE, 5] - found[PRICE, 6]) / (2.0 * _RATE_BUMP)
            drift, variance = rate - carry, vol**2
            theta = rate * value - drift * spot * delta - 0.5 * variance * spot**2 * gamma
            charm = carry * delta - (drift + variance) * spot * gamma - 0.5 * variance * spot**2 * base[SPEED]
        rest = (slope[0], theta, rho, slope[1], bend[0], charm)
        return np.stack([value, delta, gamma, *(np.where(held, each, 0.0) for each in rest)])


def _repeated(spots: Floats, offsets: npt.NDArray[np.int64], times: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The spots of each problem ``times`` over, and where each copy begins."""
    size = np.repeat(np.diff(offsets), times)
    ends = np.concatenate([[0], np.cumsum(size)])
    source = np.repeat(np.repeat(offsets[:-1], times) - ends[:-1], size) + np.arange(ends[-1])
    return spots[source], ends


def _regrouped(found: Floats, size: npt.NDArray[np.int64]) -> Floats:
    """From copies in a row, of problems with ``size`` rows each, to shape (RESULTS, variants, rows)."""
    rows = int(size.sum())
    begin = np.repeat(np.concatenate([[0], np.cumsum(size)[:-1]]), size)
    within = np.arange(rows) - begin
    place = begin * VARIANTS + within + np.arange(VARIANTS)[:, None] * np.repeat(size, size)
    return found[:, place]
