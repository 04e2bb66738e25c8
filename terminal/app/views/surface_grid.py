"""The grid of a volatility surface: where there is a market, and nothing where there is none.

An expiry has a market between its outermost strikes with a bid and an ask, no further out than ``REACH`` standard
deviations: beyond, a tick of price is points of vol. Between two expiries the edge goes from one to the other. A
column that is beyond the edge is folded onto it, so that the edge is smooth. Inside there are holes: between two
strikes more than ``WIDEST`` standard deviations apart where others stand closer, and between two expiries that have a
listed one without a market between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from terminal.app.views.surface_axes import Across, Span, across_of, depth_of, log_moneyness
from terminal.core.clock import NS_PER_S
from terminal.market.analytics.chain_values import ChainValues, ValueStatus
from terminal.quant.columns import Flags, Floats

if TYPE_CHECKING:
    from terminal.quant.surface import SurfaceFit

Ints = npt.NDArray[np.int64]
COLUMNS, ROWS = 61, 40
"""Vertices across; rows of time aimed at, beside those of the expiries themselves."""
REACH, WIDEST, _TIMES_WIDER = 2.5, 1.0, 2.5
ONE_DAY_NS = 16 * 3600 * NS_PER_S
"""What ends sooner than this ends today."""
_ENDS = {Across.MONEYNESS: Span(0.5, 1.6), Across.LOG: Span(-0.7, 0.5), Across.DELTA: Span(0.03, 0.97)}
"""How far an axis goes at the most."""


@dataclass(frozen=True, slots=True)
class Smile:
    """The quoted strikes of one fitted expiry: ``k`` = ln(K/F), ascending, each with a bid and an ask; ``residual`` the
    middle's vol less the model's, of the contract that is out of the money."""

    expiry: int
    time: float
    k: Floats
    residual: Floats


@dataclass(frozen=True, slots=True)
class SurfaceGrid:
    """``time`` [rows] in years, of which ``expiry`` [rows] are listed (place in the chain's expiries, -1 between);
    ``across`` [rows, columns] where a vertex stands on the axis, ``k`` its log-moneyness, ``vol`` NaN in holes.
    ``is_market`` [rows, columns]: neither a hole nor folded onto the edge. ``residual``: rich (above 0) or cheap, vol.
    ``columns``: the axis' own places, before they are folded. ``has_zero_days``: it begins today, for there is no more.
    """

    axis: Across
    columns: Floats
    time: Floats
    expiry: Ints
    across: Floats
    k: Floats
    vol: Floats
    residual: Floats
    is_market: Flags
    smiles: tuple[Smile, ...]
    has_zero_days: bool

    @property
    def span(self) -> Span:
        """What the axis shows."""
        return Span(float(self.columns[0]), float(self.columns[-1]))


def make_grid(values: ChainValues, axis: Across, *, zero_days: bool, columns: int = COLUMNS) -> SurfaceGrid | None:
    """The grid of a chain; None where no expiry is fitted, or none has strikes with a bid and an ask."""
    fit = values.surface
    smiles, has_zero_days = _smiles(values, zero_days=zero_days)
    if fit is None or not smiles:
        return None
    nodes = np.array([each.time for each in smiles])
    time, place = _rows(nodes)
    expiry = np.full(len(time), -1, np.int64)
    expiry[place] = [each.expiry for each in smiles]
    low = np.interp(depth_of(time), depth_of(nodes), [each.k[0] for each in smiles])
    high = np.interp(depth_of(time), depth_of(nodes), [each.k[-1] for each in smiles])
    forward = np.asarray(fit.forward(time), np.float64)
    edge = _across(axis, np.stack([low, high], axis=1), time, forward, fit)
    across = _columns(axis, edge, columns, float(values.spot.price))
    raw = log_moneyness(axis, across, time, forward, fit)
    folded = np.clip(raw, low[:, None], high[:, None])
    vol = np.sqrt(fit.total_variance(folded, time[:, None]) / time[:, None])
    is_open = _is_open(values, smiles, time, folded, low, high, fit)
    vol[~is_open] = np.nan
    return SurfaceGrid(
        axis, across, time, expiry, np.clip(across[None, :], edge[:, :1], edge[:, 1:]), folded, vol,
        _residuals(smiles, time, folded), is_open & (raw >= low[:, None]) & (raw <= high[:, None]), smiles,
        has_zero_days,
    )  # fmt: skip


def two_sided(values: ChainValues) -> Flags:
    """Contracts with a bid and an ask that each give a vol."""
    rows = values.values
    sound: Flags = np.isfinite(rows["bid_vol"]) & np.isfinite(rows["mid_vol"]) & np.isfinite(rows["ask_vol"])
    return sound & (rows["bid_vol"] > 0.0) & (rows["ask_vol"] >= rows["bid_vol"])


def out_of_the_money(values: ChainValues) -> Flags:
    """Puts below the forward, calls from it on."""
    contracts = values.contracts
    above: Flags = contracts.strike >= values.forward[contracts.expiry_row]
    same: Flags = above == contracts.is_call
    return same


def _smiles(values: ChainValues, *, zero_days: bool) -> tuple[tuple[Smile, ...], bool]:
    """Expiries with a slice and a market, in the order of time; and whether those of today are among them."""
    contracts, rows = values.contracts, values.values
    if values.surface is None:
        return (), zero_days
    k = np.log(contracts.strike / values.forward[contracts.expiry_row])
    sound = two_sided(values) & (rows["status"] == ValueStatus.SURFACE)
    better = out_of_the_money(values)
    found: dict[float, Smile] = {}
    fitted = set(values.surface.times.tolist())
    for place, expiry in enumerate(contracts.expiries):
        time = float(values.time[place])
        if not time > 0.0 or time in found or time not in fitted:
            continue
        at_forward = float(values.surface.total_variance(0.0, time))
        here = np.flatnonzero(sound[expiry.rows]) + expiry.first
        here = here[np.abs(k[here]) <= REACH * np.sqrt(at_forward)]
        strikes, inverse = np.unique(k[here], return_inverse=True)
        if len(strikes) < 2:
            continue
        residual = np.full(len(strikes), np.nan)
        gap = rows["mid_vol"] - rows["vol"]
        order = np.argsort(better[here], kind="stable")  # the one out of the money is written last
        residual[inverse[order]] = gap[here][order]
        found[time] = Smile(place, time, strikes, residual)
    all_of_them = tuple(found[time] for time in sorted(found))
    later = tuple(each for each in all_of_them if _days_on(values, each.expiry))
    if zero_days or not later:
        return all_of_them, zero_days or len(later) < len(all_of_them)
    return later, False


def _days_on(values: ChainValues, expiry: int) -> bool:
    return bool(values.contracts.expiries[expiry].expires_ns - values.now_ns >= ONE_DAY_NS)


def _rows(nodes: Floats) -> tuple[Floats, Ints]:
    """Times of the rows: the expiries, and between them as many as their distance earns; and where the expiries are."""
    depth = depth_of(nodes)
    whole = max(float(depth[-1] - depth[0]), 1e-9)
    parts = [max(1, round(ROWS * float(after - before) / whole)) for before, after in pairwise(depth)]
    place = np.append(0, np.cumsum(parts)).astype(np.int64)
    time = np.interp(np.arange(place[-1] + 1), place, depth) ** 2
    time[place] = nodes
    return time, place


def _across(axis: Across, k: Floats, time: Floats, forward: Floats, fit: SurfaceFit) -> Floats:
    """Where log-moneyness ``k`` [rows, n] stands on the axis."""
    vol = np.zeros_like(k)
    if axis is Across.DELTA:
        vol = np.sqrt(fit.total_variance(k, time[:, None]) / time[:, None])
    return across_of(axis, forward[:, None] * np.exp(k), forward[:, None], vol, time[:, None])


def _columns(axis: Across, edge: Floats, columns: int, spot: float) -> Floats:
    low, high = float(np.nanmin(edge[:, 0])), float(np.nanmax(edge[:, 1]))
    end = Span(0.5 * spot, 1.6 * spot) if axis is Across.STRIKE else _ENDS[axis]
    low, high = max(low, end.low), min(high, end.high)
    if not high > low:
        low, high = end.low, end.high
    return np.linspace(low, high, columns)


def _is_open(values: ChainValues, smiles: tuple[Smile, ...], time: Floats, k: Floats, low: Floats, high: Floats,
             fit: SurfaceFit) -> Flags:  # fmt: skip
    """Vertices that are in no hole. Gaps of an expiry reach, by their share of its width, halfway to its neighbours."""
    open_: Flags = np.ones(k.shape, np.bool_)
    nodes = np.array([each.time for each in smiles])
    width = np.where(high > low, high - low, 1.0)
    share = (k - low[:, None]) / width[:, None]
    after = np.clip(np.searchsorted(nodes, time, "left"), 0, len(nodes) - 1)
    before = np.clip(np.searchsorted(nodes, time, "right") - 1, 0, len(nodes) - 1)
    for number, smile in enumerate(smiles):
        root = float(np.sqrt(fit.total_variance(0.0, smile.time)))
        steps = np.diff(smile.k)
        wide = np.flatnonzero(steps > max(WIDEST * root, _TIMES_WIDER * float(np.median(steps))))
        rows = (after == number) | (before == number)
        for gap in wide:
            begin, end = (smile.k[gap : gap + 2] - smile.k[0]) / (smile.k[-1] - smile.k[0])
            open_[rows] &= ~((share[rows] > begin + 1e-9) & (share[rows] < end - 1e-9))
    for unquoted in _without_market(values, nodes):
        place = int(np.searchsorted(nodes, unquoted))
        open_[(time > nodes[place - 1]) & (time < nodes[place])] = False
    return open_


def _without_market(values: ChainValues, nodes: Floats) -> Floats:
    """Times of listed expiries, between the first and the last fitted one, that have no quotes to hold a smile."""
    times = np.unique(values.time[values.time > 0.0])
    within = times[(times > nodes[0]) & (times < nodes[-1])]
    found: Floats = within[~np.isin(within, nodes)]
    return found


def _residuals(smiles: tuple[Smile, ...], time: Floats, k: Floats) -> Floats:
    """Rich or cheap at every vertex: between quotes and between expiries in proportion."""
    nodes = np.array([each.time for each in smiles])
    after = np.clip(np.searchsorted(nodes, time, "left"), 0, len(nodes) - 1)
    before = np.maximum(after - 1, 0)
    depth, at = depth_of(nodes), depth_of(time)
    with np.errstate(all="ignore"):
        weight = np.where(after > before, (at - depth[before]) / (depth[after] - depth[before]), 1.0)
    found = np.zeros(k.shape)
    for row in range(len(time)):
        for number, part in ((after[row], weight[row]), (before[row], 1.0 - weight[row])):
            known = np.isfinite(smiles[number].residual)
            if part > 0.0 and known.any():
                found[row] += part * np.interp(k[row], smiles[number].k[known], smiles[number].residual[known])
    return found
