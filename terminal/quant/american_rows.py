"""American rows without dividends: sorted by how they are priced, grouped by boundary, and handed to the kernels.

Where exercise is best between two boundaries (a put with yield < rate < 0, a call with rate < yield < 0: Battauz, De
Donno & Sbuelz 2015) the boundaries may meet and end before T; these rows go to the finite differences of
:mod:`terminal.quant.american_dividends`, which need not know where they run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from terminal.quant import american_dividends, european
from terminal.quant import implied_vol as european_vol
from terminal.quant.american_chain_kernel import chain_greeks
from terminal.quant.american_dividends import Resolution
from terminal.quant.american_price_kernel import price_groups, price_without_boundary
from terminal.quant.american_rows_greeks_kernel import greeks_groups, limit_greeks
from terminal.quant.american_rows_kernel import DOUBLE, EUROPEAN, INVALID, Kinds, group_rows, normalise
from terminal.quant.american_rules import Accuracy, families
from terminal.quant.american_vol_kernel import vol_groups
from terminal.quant.columns import Flags, Floats
from terminal.quant.european import GREEK_NAMES
from terminal.quant.implied_vol import Status

_DOUBLE_GRID = {Accuracy.FAST: Resolution(960, 480), Accuracy.PRECISE: Resolution(1920, 960)}


@dataclass(frozen=True, slots=True)
class Puts:
    """The put with strike 1 that each row is worth: spot ``x``, times ``scale``; exercise at once gives ``gain``."""

    kind: Kinds
    x: Floats
    scale: Floats
    gain: Floats
    rate: Floats
    dividend_yield: Floats


def kinds(columns: list[Floats], calls: Flags) -> Puts:
    """``columns``: spot, strike, time, vol, rate, yield."""
    kind = np.empty(calls.size, np.int8)
    shape = np.zeros((5, calls.size))
    normalise(*columns, calls, kind, *shape)
    return Puts(kind, *shape)


def tolerance(accuracy: Accuracy) -> float:
    """The last step of -ln B at which the boundary is taken as solved."""
    return 1e-8 if accuracy is Accuracy.FAST else 3e-12


def price(columns: list[Floats], calls: Flags, accuracy: Accuracy) -> Floats:
    """Prices of flat columns spot, strike, time, vol, rate, yield."""
    put = kinds(columns, calls)
    time, vol = columns[2], columns[3]
    out = np.empty(calls.size)
    shared = (put.x, put.scale, put.gain, time, vol, put.rate, put.dividend_yield)
    price_without_boundary(put.kind, *shared, out)
    double = put.kind == DOUBLE
    if double.any():
        out[double] = american_dividends.price(*_picked(double, columns, calls, accuracy))
    order, starts = np.empty(calls.size, np.int64), np.empty(calls.size + 1, np.int64)
    groups = group_rows(put.kind, True, time, vol, put.rate, put.dividend_yield, order, starts)
    if groups:
        price_groups(order, starts, groups, *shared, families(accuracy), tolerance(accuracy), out)
    return out


def greeks(columns: list[Floats], calls: Flags, accuracy: Accuracy, shares_boundaries: bool = False) -> Floats:
    """Greeks of the same columns, (9, rows) in the order of GREEK_NAMES.

    With ``shares_boundaries`` rows of one time, rate and yield take theirs from a few vols.
    """
    put = kinds(columns, calls)
    time, vol = columns[2], columns[3]
    out = np.full((len(GREEK_NAMES), calls.size), np.nan)
    limit_greeks(put.kind, calls, put.x, put.scale, put.gain, time, put.rate, put.dividend_yield, out)
    _european_greeks(put.kind == EUROPEAN, columns, calls, out)
    double = put.kind == DOUBLE
    if double.any():
        out[:, double] = _double_greeks(double, columns, calls, accuracy)
    order, starts = np.empty(calls.size, np.int64), np.empty(calls.size + 1, np.int64)
    shared = (put.x, put.scale, put.gain, time, vol, put.rate, put.dividend_yield)
    how = (families(accuracy), tolerance(accuracy), out)
    if shares_boundaries:
        groups = group_rows(put.kind, False, time, vol, put.rate, put.dividend_yield, order, starts)
        is_left = np.zeros(calls.size, np.bool_)
        if groups:
            chain_greeks(order, starts, groups, calls, *shared, *how, is_left)
        put.kind[~is_left] = EUROPEAN  # they have theirs
    groups = group_rows(put.kind, True, time, vol, put.rate, put.dividend_yield, order, starts)
    if groups:
        greeks_groups(order, starts, groups, calls, *shared, *how)
    return out


def implied_vol(columns: list[Floats], calls: Flags, accuracy: Accuracy, with_greeks: bool) -> Floats:
    """Vol, status and, if asked, the Greeks of flat columns price, spot, strike, time, rate, yield."""
    prices, spot, strike, time, rate, dividend_yield = columns
    put = kinds([spot, strike, time, np.ones(calls.size), rate, dividend_yield], calls)
    put.kind[~np.isfinite(prices) | (prices < 0.0)] = INVALID
    # The same price belongs to a higher vol in a European option: the answer where there is no early exercise, and
    # else where the search begins.
    first, status = european_vol.european(*[*columns, calls])
    vol = first.copy()
    double = put.kind == DOUBLE
    if double.any():
        vol[double], status[double] = american_dividends.implied_vol(*_picked(double, columns, calls, accuracy))
    sheet = np.full((len(GREEK_NAMES) if with_greeks else 1, calls.size), np.nan)
    if with_greeks:
        never = (put.kind == EUROPEAN) & (status == Status.SOLVED)
        known = [spot, strike, time, vol, rate, dividend_yield]
        _european_greeks(never, known, calls, sheet)
        if double.any():
            sheet[:, double] = _double_greeks(double, known, calls, accuracy)
    order, starts = np.empty(calls.size, np.int64), np.empty(calls.size + 1, np.int64)
    groups = group_rows(put.kind, False, time, vol, put.rate, put.dividend_yield, order, starts)
    if groups:
        shared = (put.x, put.scale, put.gain, time, put.rate, put.dividend_yield)
        vol_groups(
            order, starts, groups, calls, prices, *shared, first, families(accuracy), tolerance(accuracy), with_greeks,
            vol, status, sheet,
        )  # fmt: skip
    return np.vstack([vol, status, sheet]) if with_greeks else np.vstack([vol, status])


def _european_greeks(chosen: Flags, columns: list[Floats], calls: Flags, out: Floats) -> None:
    """Greeks of the ``chosen`` rows, which are never exercised early, into their columns of ``out``."""
    if chosen.any():
        found = european.greeks(*[column[chosen] for column in [*columns, calls]])
        for name, row in zip(GREEK_NAMES, out, strict=True):
            row[chosen] = getattr(found, name)


def _double_greeks(chosen: Flags, columns: list[Floats], calls: Flags, accuracy: Accuracy) -> Floats:
    found = american_dividends.greeks(*_picked(chosen, columns, calls, accuracy))
    return np.array([getattr(found, name) for name in GREEK_NAMES])


def _picked(chosen: Flags, columns: list[Floats], calls: Flags, accuracy: Accuracy) -> list[Any]:
    """What the functions of american_dividends take: the chosen rows, no dividends, and how fine a grid."""
    rows = [column[chosen] for column in columns]
    return [*rows, calls[chosen], (), american_dividends.AMERICAN, _DOUBLE_GRID[accuracy]]
