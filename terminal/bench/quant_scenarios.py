"""Full revaluation of a book over spot and vol."""

from __future__ import annotations

import numpy as np

from terminal.bench import quant_inputs
from terminal.bench.quant_compare import figure, on_one_core, seconds
from terminal.bench.quant_inputs import NAMES
from terminal.bench.result import Benchmark, Result
from terminal.quant import european, scenarios
from terminal.quant.columns import Floats

POSITIONS = 10_000
SPOTS, VOLS = np.linspace(-0.3, 0.3, 15), np.linspace(-0.04, 0.2, 9)
TOLERANCE = 1e-12
"""Of the price's scale: what a cell may differ from single prices by."""


def book(count: int, style: scenarios.Style = scenarios.Style.EUROPEAN) -> scenarios.Book:
    """Random options, long and short."""
    columns = quant_inputs.options(count, seed=4)
    quantity = np.random.default_rng(5).integers(-20, 21, count)
    return scenarios.Book(**{name: columns[name] for name in NAMES}, quantity=quantity, multiplier=100.0, style=style)


def largest_gap(positions: scenarios.Book, pnl: Floats, spots: Floats, vols: Floats) -> float:
    """How far P&L by position (spot, vol, position) is from prices one by one, of a position's scale."""
    spot, strike, time, vol, *rest = (getattr(positions, name) for name in NAMES)
    weight = positions.quantity * positions.multiplier
    base = european.price(spot, strike, time, vol, *rest)
    worst = 0.0
    for at, level in np.ndindex(spots.size, vols.size):
        moved = spot * (1.0 + spots[at])
        now = european.price(moved, strike, time, np.maximum(vol + vols[level], 0.0), *rest)
        gap = np.abs(pnl[at, level] - (now - base) * weight)
        worst = max(worst, float(np.max(gap / (np.maximum(moved, strike) * np.maximum(np.abs(weight), 1.0)))))
    return worst


def _european(_long: bool) -> list[Result]:
    positions, few = book(POSITIONS), slice(0, None, 7)
    sample = scenarios.revalue(positions, SPOTS[few], VOLS[few], by_position=True)
    each = sample.positions[0] if sample.positions is not None else np.full(1, np.nan)
    worst = largest_gap(positions, each, SPOTS[few], VOLS[few])
    if not worst < TOLERANCE or sample.missing.any():
        raise AssertionError(f"cells differ from single prices by {worst:.1e} of the price's scale")
    (own,) = seconds(lambda: scenarios.revalue(positions, SPOTS, VOLS))
    rate = POSITIONS * SPOTS.size * VOLS.size / own / 1e6
    note = f"{rate:.0f} M prices/s; within {worst:.0e} of the price's scale of prices one by one, tolerance 1e-12"
    return [figure("scenarios_10k_15x9", own * 1e3, "ms", better="lower", goal=15.0, note=note)]


BENCHMARKS: list[Benchmark] = [on_one_core("scenarios", _european)]
