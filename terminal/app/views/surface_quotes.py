"""The quotes of a chain as points over its surface, and one of them in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from terminal.app import ages, formats
from terminal.app.views.surface_axes import across_of
from terminal.app.views.surface_grid import SurfaceGrid, out_of_the_money, two_sided
from terminal.core.instruments import InstrumentTable
from terminal.market.analytics.chain_values import ChainValues, ValueStatus
from terminal.quant.columns import Flags, Floats


class Quotes(Enum):
    """Which quotes are shown."""

    OUT = "OTM"
    ALL = "All"
    NONE = "None"


@dataclass(frozen=True, slots=True)
class QuotePoints:
    """One row a quote with a bid and an ask: ``row`` in the chain, ``expiry`` in its expiries, where it stands
    ``across`` and in ``time`` (years), the vols of its ``bid``, ``mid`` and ``ask``, and of the ``model``."""

    row: npt.NDArray[np.int64]
    expiry: npt.NDArray[np.int64]
    across: Floats
    time: Floats
    bid: Floats
    mid: Floats
    ask: Floats
    model: Floats
    is_call: Flags

    @property
    def residual(self) -> Floats:
        """Rich (above zero) or cheap: the middle's vol less the model's."""
        return self.mid - self.model


def quote_points(values: ChainValues, grid: SurfaceGrid, quotes: Quotes) -> QuotePoints:
    """The quotes of the grid's expiries within its strikes."""
    contracts, rows = values.contracts, values.values
    forward = values.forward[contracts.expiry_row]
    chosen = two_sided(values) & (rows["status"] == ValueStatus.SURFACE) & (quotes is not Quotes.NONE)
    if quotes is Quotes.OUT:
        chosen &= out_of_the_money(values)
    low, high = np.full((2, len(contracts.expiries)), np.nan)
    for smile in grid.smiles:
        low[smile.expiry], high[smile.expiry] = smile.k[0], smile.k[-1]
    with np.errstate(all="ignore"):
        k = np.log(contracts.strike / forward)
        chosen &= (k >= low[contracts.expiry_row]) & (k <= high[contracts.expiry_row])
    row = np.flatnonzero(chosen)
    across = across_at(values, grid, row)
    span = grid.span
    inside = (across >= span.low) & (across <= span.high)
    row, across = row[inside], across[inside]
    found = rows[row]
    return QuotePoints(
        row, contracts.expiry_row[row], across, values.time[contracts.expiry_row[row]], found["bid_vol"].copy(),
        found["mid_vol"].copy(), found["ask_vol"].copy(), found["vol"].copy(), contracts.is_call[row],
    )  # fmt: skip


def across_at(values: ChainValues, grid: SurfaceGrid, row: npt.NDArray[np.int64]) -> Floats:
    """Where contracts stand on the grid's axis, by the model's vol where it is deltas."""
    contracts = values.contracts
    place = contracts.expiry_row[row]
    vol = values.values["vol"][row]
    return across_of(grid.axis, contracts.strike[row], values.forward[place], vol, values.time[place])


def quote_words(values: ChainValues, row: int, table: InstrumentTable, now_ns: int) -> tuple[str, ...]:
    """A contract in parts: name, IV bid / mid / ask, of the model, the difference and what it means, and the age."""
    found = values.values[row]
    label = table.get(int(values.contracts.ids[row])).label
    bid, mid, ask, model = (formats.iv_points(float(found[name])) for name in ("bid_vol", "mid_vol", "ask_vol", "vol"))
    parts = [label, f"IV {bid} / {mid} / {ask}", f"model {model}"]
    residual = float(found["mid_vol"] - found["vol"])
    if np.isfinite(residual):
        parts.append(residual_words(residual))
    if found["status"] != ValueStatus.SURFACE:
        parts.append("no surface reaches it")
    quoted_ns = int(found["source_ts_ns"])
    parts.append(f"quote {ages.age(now_ns - quoted_ns)} old" if quoted_ns else "never quoted")
    return tuple(parts)


def residual_words(residual: float) -> str:
    """``+0.4 rich``, in vol points; within a twentieth of a point it is fair."""
    points = residual * 100
    if abs(points) < 0.05:
        return "fair"
    text = formats.ratio(points, 1)
    return f"+{text} rich" if points > 0 else f"{text} cheap"
