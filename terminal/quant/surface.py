"""The implied volatility surface as eSSVI slices, free of butterfly and calendar arbitrage by construction.

**Model.** Every expiry has an SSVI slice (Gatheral and Jacquier 2014, eq. 4.1) with a ``rho`` of its own (eSSVI:
Hendriks and Martini 2019), held as ``(theta, u, v)``: variance at the money and twice the slopes of the right and
left wing, ``u = psi (1 + rho)``, ``v = psi (1 - rho)``, ``psi = theta phi``. In these variables the known conditions
are plain. No butterflies (Gatheral and Jacquier 2014, Theorem 4.2): ``u, v < 4`` and ``(u + v) max(u, v) <= 8
theta``. No crossing of a later slice (Hendriks and Martini 2019, Proposition 3.1; Corbetta, Cohort, Laachir and
Martini 2019; Mingone 2022): ``theta``, ``u`` and ``v`` do not fall, and ``phi`` does not rise.

**Between and beyond the expiries.** Between two nodes ``theta``, ``u``, ``v`` are linear in time: the first three
conditions are inherited, ``phi`` is a ratio of linear functions and monotone, and ``(u + v) max(u, v) - 8 theta`` is
convex along the line. Before the first node all three shrink in proportion to time (the vols are those of the first
node); after the last ``theta`` grows as over the second half of the time up to it (the last interval may be hours,
and its slope noise), ``u``, ``v`` with its square root up to 4. So the surface is free of static arbitrage at every
time, by proof and not by inspection.

**Fit.** Bid and ask become bounds on ``sqrt(w)``. The loss of a quote is almost flat within them and grows outside,
by least squares near the spread, while a quote far off ceases to pull (Cauchy's loss); it is measured in
half-spreads, which weighs by vega over spread. Each slice is fitted by itself, then they are placed in the order of
what their quotes tell, each between those already there, and the whole is swept until nothing is gained. See
:mod:`terminal.quant.surface_fit_kernel`.

**Refinement.** Where a slice misses two-sided quotes, a cubic spline of few terms in ``asinh(k / sqrt(theta))`` is
put on top of its total variance, as stiff as the quotes allow; it ends before the wings, which stay eSSVI. It is
linear in time between nodes. The surface with splines is checked (``g`` above zero, ``dw/dt`` not below) on a grid
six times as fine as the knots; where the check fails both splines beside are made stiffer, in the end taken away.
``refine=False`` leaves this step out: then freedom from arbitrage needs no check.

The least squares of three variables are written by hand: a general optimiser costs one to five milliseconds a slice
in calls of Python functions, and thirty slices have twenty together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Any

import numpy as np

from terminal.quant.columns import Flags, Floats
from terminal.quant.essvi_kernel import nodes_at
from terminal.quant.surface_fit_kernel import bands, fit_slices
from terminal.quant.surface_quotes import USED, Codes, QuoteStatus, SurfaceQuotes, from_prices, from_vols
from terminal.quant.surface_residual_kernel import WIDTH, refine_slices, surface_columns
from terminal.quant.svi import Raw
from terminal.quant.svi_shape import Smile, g_of

__all__ = [
    "QuoteStatus",
    "Report",
    "SliceStatus",
    "Slices",
    "SurfaceFit",
    "SurfaceQuotes",
    "fit",
    "from_prices",
    "from_vols",
]

_FEWEST_STRIKES = 3
_SWEEPS = 4
_ROUNDING = 1e-9
"""A quote missed by less than this part of its vol is honoured."""


class SliceStatus(IntEnum):
    """Whether an expiry has a slice of its own; one without is interpolated."""

    FITTED = 0
    TOO_FEW_QUOTES = 1


@dataclass(frozen=True, slots=True)
class Slices:
    """One row an expiry, in the order of time. ``theta``, ``rho``, ``psi`` are NaN where ``status`` is
    TOO_FEW_QUOTES; ``refined`` is 1 where a spline is on top of the slice; ``used`` counts quotes that could be
    used, ``inside`` those of them within bid and ask."""

    time: Floats
    forward: Floats
    theta: Floats
    rho: Floats
    psi: Floats
    refined: Floats
    used: Floats
    inside: Floats
    status: Codes


@dataclass(frozen=True, slots=True)
class Report:
    """What became of every quote, in the order in which they came.

    ``status`` as :class:`QuoteStatus`; ``excess_vol`` how far the surface is above the ask (positive) or below the bid
    (negative), in vol, 0 within, NaN where that cannot be told; ``vol`` that of the surface.
    """

    status: Codes
    excess_vol: Floats
    vol: Floats
    is_two_sided: Flags

    @property
    def not_honoured(self) -> Any:
        """The rows of all quotes that the surface does not honour, missed or left out."""
        return np.flatnonzero(self.status != QuoteStatus.INSIDE)

    def counts(self) -> dict[QuoteStatus, int]:
        """How many quotes there are of every status."""
        return {status: int(np.count_nonzero(self.status == status)) for status in QuoteStatus}

    def share_inside(self, rows: Any = True) -> float:
        """The part of all two-sided quotes (of ``rows``, a mask) that lie within bid and ask; those that were left
        out count as missed. NaN when there are none."""
        chosen = self.is_two_sided & np.broadcast_to(rows, self.status.shape)
        return float(np.mean(self.status[chosen] == QuoteStatus.INSIDE)) if chosen.any() else np.nan


@dataclass(frozen=True, slots=True)
class SurfaceFit:
    """A fitted surface. ``times`` and ``nodes`` (``theta``, ``u``, ``v`` a row) are the eSSVI slices that could be
    fitted, ``splines`` what was put on top of each (rows of zeros: nothing)."""

    times: Floats
    nodes: Floats
    splines: Floats
    slices: Slices
    report: Report

    def smile(self, k: Any, t: Any) -> Smile:
        """Total variance and its derivatives in log-moneyness at ``k``, ``t`` (years), arrays of the common shape."""
        k_column, rows, shape = self._columns(k, t)
        return Smile(*(each.reshape(shape) for each in (k_column, *rows[:3])))

    def time_slope(self, k: Any, t: Any) -> Any:
        """``dw/dt`` at constant log-moneyness; at a node that of the interval after it."""
        _, rows, shape = self._columns(k, t)
        return float(rows[3, 0]) if shape == () else rows[3].reshape(shape)

    def total_variance(self, k: Any, t: Any) -> Any:
        """Total variance at log-moneyness ``k = ln(K / F)`` and ``t`` years; arguments broadcast, scalars give a float.

        NaN for bad rows and everywhere when no slice could be fitted; 0 at time 0.
        """
        _, rows, shape = self._columns(k, t)
        return float(rows[0, 0]) if shape == () else rows[0].reshape(shape)

    def implied_vol(self, strike: Any, t: Any, forward: Any = None) -> Any:
        """Black vol at ``strike``; ``forward`` at ``t`` is that of :meth:`forward` unless given.

        At time 0 the limit.
        """
        t = np.asarray(t, np.float64)
        forward = self.forward(t) if forward is None else forward
        with np.errstate(all="ignore"):
            k = np.log(np.asarray(strike, np.float64) / forward)
            least = np.where(t > 0.0, t, np.where(t == 0.0, self._earliest(), np.nan))
            found = np.sqrt(self.total_variance(k, least) / least)
        return float(found) if np.ndim(found) == 0 else found

    def forward(self, t: Any) -> Any:
        """The forward price: log-linear between the expiries, constant beyond them; NaN without any expiry."""
        t = np.asarray(t, np.float64)
        known = np.isfinite(self.slices.forward)
        if not known.any():
            return np.full(t.shape, np.nan) if t.ndim else np.nan
        found = np.exp(np.interp(t, self.slices.time[known], np.log(self.slices.forward[known])))
        return float(found) if t.ndim == 0 else found

    def raw_svi(self) -> Raw:
        """The eSSVI slices (rows of ``times``), without their splines, as raw SVI parameters."""
        theta, u, v = self.nodes.T
        psi = 0.5 * (u + v)
        with np.errstate(all="ignore"):
            rho = np.where(psi > 0.0, 0.5 * (u - v) / psi, 0.0)
            phi = np.maximum(psi / theta, 1e-9)
            across = 1.0 - rho * rho
            return Raw(0.5 * theta * across, 0.5 * theta * phi, rho, -rho / phi, np.sqrt(across) / phi)

    def durrleman_g(self, k: Any, t: Any) -> Any:
        """Durrleman's ``g`` of the smile at ``t``: the risk-neutral density has its sign."""
        found = g_of(self.smile(k, t))
        return float(found) if found.ndim == 0 else found

    def _earliest(self) -> float:
        return float(self.times[0]) if self.times.size else np.nan

    def _columns(self, k: Any, t: Any) -> tuple[Floats, Floats, tuple[int, ...]]:
        k, t = np.broadcast_arrays(np.asarray(k, np.float64), np.asarray(t, np.float64))
        k_column = np.ascontiguousarray(k).reshape(-1)
        rows = np.empty((4, k.size))
        surface_columns(k_column, np.ascontiguousarray(t).reshape(-1), self.times, self.nodes, self.splines, rows)
        return k_column, rows, k.shape


def fit(quotes: SurfaceQuotes, warm: SurfaceFit | None = None, *, refine: bool = True) -> SurfaceFit:
    """The surface through ``quotes``; ``warm`` is an earlier one to go on from, with whichever expiries it has.
    Without ``refine`` the slices stay pure eSSVI.

    Never raises for bad quotes: rows that cannot be used are named in the report, an expiry with fewer than three
    strikes of usable quotes, or none with both a bid and an ask, has a slice status instead of a slice.
    """
    usable = np.flatnonzero(quotes.status == QuoteStatus.INSIDE)
    order = usable[np.argsort(quotes.time[usable], kind="stable")]
    time = quotes.time[order]
    k = np.log(quotes.strike[order] / quotes.forward[order])
    expiries, first = np.unique(time, return_index=True)
    edges = np.append(first, time.size)
    is_fitted = np.array([_can_hold(quotes, order[low:high], k[low:high]) for low, high in pairwise(edges)], bool)
    members = np.repeat(is_fitted, np.diff(edges))
    rows = order[members]
    times = expiries[is_fitted]
    offsets = np.append(0, np.cumsum(np.diff(edges)[is_fitted])).astype(np.int64)
    nodes, splines = _solve(quotes, rows, k[members], offsets, times, warm, refine)
    report = _report(quotes, rows, times, nodes, splines)
    return SurfaceFit(times, nodes, splines, _slices(quotes, report, times, nodes, splines), report)


def _can_hold(quotes: SurfaceQuotes, rows: Any, k: Floats) -> bool:
    """Whether the quotes of one expiry hold a slice: enough strikes, and at one of them a bid and an ask.

    Bids alone, or asks alone, hold a vol from one side only; a fit to them would be an invention.
    """
    bids, asks = k[quotes.bid_vol[rows] > 0.0], k[np.isfinite(quotes.ask_vol[rows])]
    return np.unique(k).size >= _FEWEST_STRIKES and np.intersect1d(bids, asks).size > 0


def _solve(
    quotes: SurfaceQuotes, rows: Any, k: Floats, offsets: Any, times: Floats, warm: SurfaceFit | None, refine: bool
) -> tuple[Floats, Floats]:
    if times.size == 0:
        return np.empty((0, 3)), np.empty((0, WIDTH))
    root = np.sqrt(quotes.time[rows])
    columns = np.empty((3, rows.size))
    bands(quotes.bid_vol[rows] * root, quotes.ask_vol[rows] * root, *columns)
    middle, per_half, pull = columns
    told = np.where(pull > 0.0, np.minimum(middle * per_half, 1e3), 0.0)
    information = np.add.reduceat(told, offsets[:-1])
    nodes = np.empty((times.size, 3))
    is_warm = warm is not None and warm.times.size > 0
    if warm is not None and is_warm:
        nodes_at(times, warm.times, warm.nodes, nodes)
    k = np.ascontiguousarray(k)
    fit_slices(offsets, k, middle, per_half, pull, information, nodes, is_warm, _SWEEPS)
    splines = np.zeros((times.size, WIDTH))
    if refine:
        refine_slices(offsets, k, middle, per_half, pull, times, nodes, splines)
    return nodes, splines


def _report(quotes: SurfaceQuotes, rows: Any, times: Floats, nodes: Floats, splines: Floats) -> Report:
    """Judges every row for which the surface has a vol; of the usable ones the status is set."""
    status = quotes.status.copy()
    used = np.zeros(status.size, bool)
    used[rows] = True
    with np.errstate(all="ignore"):
        k = np.log(quotes.strike / quotes.forward)
        found = np.empty((4, k.size))
        surface_columns(k, quotes.time, times, nodes, splines, found)
        vol = np.sqrt(found[0] / quotes.time)
        over, under = vol - quotes.ask_vol, vol - quotes.bid_vol
        excess = np.where(over > 0.0, over, np.where(under < 0.0, under, 0.0))
        excess[~(np.isfinite(vol) & (quotes.bid_vol <= quotes.ask_vol))] = np.nan
        missed = np.abs(excess) > _ROUNDING * vol
    excess[~missed & np.isfinite(excess)] = 0.0
    status[used & missed & (excess > 0.0)] = QuoteStatus.ABOVE_ASK
    status[used & missed & (excess < 0.0)] = QuoteStatus.BELOW_BID
    status[~used & (quotes.status == QuoteStatus.INSIDE)] = QuoteStatus.TOO_FEW_QUOTES
    return Report(status, excess, vol, quotes.is_two_sided)


def _slices(quotes: SurfaceQuotes, report: Report, times: Floats, nodes: Floats, splines: Floats) -> Slices:
    good = np.flatnonzero(np.isfinite(quotes.time + quotes.forward) & (quotes.time > 0.0) & (quotes.forward > 0.0))
    expiries, first, place = np.unique(quotes.time[good], return_index=True, return_inverse=True)
    used = np.isin(report.status[good], USED).astype(np.float64)
    inside = (report.status[good] == QuoteStatus.INSIDE).astype(np.float64)
    shape = np.full((4, expiries.size), np.nan)
    fitted = np.isin(expiries, times)
    theta, u, v = nodes.T
    psi = 0.5 * (u + v)
    with np.errstate(all="ignore"):
        shape[:, fitted] = theta, np.where(psi > 0.0, 0.5 * (u - v) / psi, 0.0), psi, np.any(splines != 0.0, axis=1)
    return Slices(
        expiries, quotes.forward[good][first], shape[0], shape[1], shape[2], shape[3],
        np.bincount(place, used, expiries.size).astype(np.float64),
        np.bincount(place, inside, expiries.size).astype(np.float64),
        np.where(fitted, SliceStatus.FITTED, SliceStatus.TOO_FEW_QUOTES).astype(np.int8),
    )  # fmt: skip
