"""Two cuts through a surface: the smile of one expiry with its quotes, and the term structure at the money."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terminal.app.views.surface_axes import Mark, Span, across_marks, depth_of, round_marks, time_marks
from terminal.app.views.surface_grid import SurfaceGrid, two_sided
from terminal.app.views.surface_quotes import across_at
from terminal.market.analytics.chain_values import ChainValues
from terminal.quant.columns import Flags, Floats


@dataclass(frozen=True, slots=True)
class Dots:
    """Quotes of a slice: ``x``, vols of ``bid``, ``mid``, ``ask``; ``row`` in the chain; the one out of the money at
    its strike is ``is_main``."""

    row: npt.NDArray[np.int64]
    x: Floats
    bid: Floats
    mid: Floats
    ask: Floats
    is_call: Flags
    is_main: Flags


@dataclass(frozen=True, slots=True)
class Slice:
    """``x`` and ``vol`` of the model's line (NaN: no market), the same of the ``ghost`` (empty without), the dots, and
    the axes. ``is_depth``: x is the root of the time in years."""

    title: str
    x: Floats
    vol: Floats
    ghost_x: Floats
    ghost_vol: Floats
    dots: Dots
    x_span: Span
    vol_span: Span
    x_marks: tuple[Mark, ...]
    vol_marks: tuple[Mark, ...]
    x_title: str


def smile_slice(values: ChainValues, grid: SurfaceGrid, expiry: int, title: str,
                ghost: SurfaceGrid | None = None, ghost_expiry: int | None = None) -> Slice | None:  # fmt: skip
    """The smile of an expiry of the grid; None where the grid has it not. All of its quotes, calls and puts."""
    line = _row_of(grid, expiry)
    if line is None:
        return None
    x, vol = grid.across[line], grid.vol[line]
    before = None if ghost is None or ghost_expiry is None else _row_of(ghost, ghost_expiry)
    empty = np.empty(0)
    ghost_x, ghost_vol = (ghost.across[before], ghost.vol[before]) if ghost is not None and before is not None \
        else (empty, empty)  # fmt: skip
    listed = values.contracts.expiries[expiry]
    rows = np.flatnonzero(two_sided(values)[listed.rows]) + listed.first
    span = _padded(float(np.nanmin(x)), float(np.nanmax(x)), 0.02)
    across = across_at(values, grid, rows)
    inside = (across >= span.low) & (across <= span.high)
    rows, across = rows[inside], across[inside]
    found = values.values[rows]
    is_call = values.contracts.is_call[rows]
    main = (values.contracts.strike[rows] >= values.forward[expiry]) == is_call
    dots = Dots(rows, across, found["bid_vol"].copy(), found["mid_vol"].copy(), found["ask_vol"].copy(), is_call, main)
    vols = _padded(*_limits(vol, dots.mid[dots.is_main], ghost_vol), 0.06)
    return Slice(
        title, x, vol, ghost_x, ghost_vol, dots, span, vols, across_marks(grid.axis, span, 5),
        round_marks(vols, 4, 100.0), grid.axis.title,
    )  # fmt: skip


def term_slice(values: ChainValues, grid: SurfaceGrid, ghost: ChainValues | None = None) -> Slice | None:
    """Vols at the forward by time to expiry, a dot an expiry; the line is the surface between them."""
    fit = values.surface
    if fit is None:
        return None
    nodes = np.array([each.time for each in grid.smiles])
    at_money = np.sqrt(fit.total_variance(0.0, nodes) / nodes)
    line = np.sqrt(fit.total_variance(0.0, grid.time) / grid.time)
    empty = np.empty(0)
    ghost_x, ghost_vol = empty, empty
    if ghost is not None and ghost.surface is not None:
        ghost_x, ghost_vol = depth_of(grid.time), np.sqrt(ghost.surface.total_variance(0.0, grid.time) / grid.time)
    every = np.ones(len(nodes), np.bool_)
    rows = np.array([each.expiry for each in grid.smiles], np.int64)
    dots = Dots(rows, depth_of(nodes), at_money, at_money, at_money, every, every)
    low, high = float(depth_of(grid.time)[0]), float(depth_of(grid.time)[-1])
    span = _padded(low, max(high, low + 0.01), 0.04)
    vols = _padded(*_limits(line, at_money, ghost_vol), 0.12)
    marks = tuple(
        Mark(float(np.sqrt(each.at)), each.text) for each in time_marks(low * low, max(high * high, low * low), 6)
    )
    return Slice(
        "At the money by expiry", depth_of(grid.time), line, ghost_x, ghost_vol, dots, span, vols, marks,
        round_marks(vols, 4, 100.0), "Time to expiry",
    )  # fmt: skip


def _row_of(grid: SurfaceGrid, expiry: int) -> int | None:
    found = np.flatnonzero(grid.expiry == expiry)
    return int(found[0]) if len(found) else None


def _limits(*parts: Floats) -> tuple[float, float]:
    seen = np.concatenate([each[np.isfinite(each)] for each in parts])
    return (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)


def _padded(low: float, high: float, share: float) -> Span:
    room = max((high - low) * share, 1e-4 if high - low < 1e-9 else 0.0, 0.001 * abs(high))
    return Span(low - room, high + room)
