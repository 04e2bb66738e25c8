"""The option flow as pictures: volume over time and strike, and dealers' exposure by strike, as numbers to paint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terminal.app.flow_alerts import money
from terminal.core.clock import NS_PER_S, from_ns
from terminal.core.instruments import InstrumentTable
from terminal.core.money import PRICE_SCALE
from terminal.market.flow.exposure import REACH, Exposure, Holding
from terminal.market.rows import Rows

MOST_COLUMNS, MOST_STRIKES = 60, 41
_STEPS = (1, 2, 5, 10, 15, 30)
_MINUTE_NS = 60 * NS_PER_S
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FlowMap:
    """Volume by strike (rows, ascending) and stretch of time (columns). ``step``: minutes a column; ``first_minute``
    since 1970. ``bought``: bought less sold, estimated. ``interest``: open interest by strike, calls and puts."""

    underlying: int
    first_minute: int
    step: int
    strikes: Floats
    volume: Floats
    bought: Floats
    premium: Floats
    trades: Floats
    interest: Floats

    def said(self, row: int, column: int) -> str:
        """A cell in words."""
        if not self.volume[row, column]:
            return ""
        since = from_ns((self.first_minute + column * self.step) * _MINUTE_NS)
        until = from_ns((self.first_minute + (column + 1) * self.step) * _MINUTE_NS)
        return (
            f"{since:%H:%M}–{until:%H:%M}, strike {self.strikes[row]:g}\n{self.volume[row, column]:,.0f} contracts in "
            f"{self.trades[row, column]:,.0f} prints, {money(float(self.premium[row, column]))} premium\n"
            f"bought less sold (estimated): {self.bought[row, column]:+,.0f}\n"
            f"open interest at the strike: {self.interest[row]:,.0f}"
        )


def flow_map(
    cells: Rows, table: InstrumentTable, underlying: int, spot: float, interest: dict[float, int]
) -> FlowMap | None:
    """From CELL_ROW of one underlying; None without any. Of more strikes than have room those nearest the spot (NaN:
    the busiest one) are shown; ``interest``: by strike."""
    if not len(cells):
        return None
    # Sorting a day's cells would take longer than a frame has.
    traded = cells["instrument"].astype(np.intp)
    ids = np.flatnonzero(np.bincount(traded))
    place_of = np.zeros(int(ids[-1]) + 1, np.intp)
    place_of[ids] = np.arange(len(ids))
    place = place_of[traded]
    strike_of = np.array([_strike(table, int(each)) for each in ids])
    strikes, rows = np.unique(strike_of, return_inverse=True)
    by_strike = np.bincount(rows[place], cells["volume"], len(strikes))
    centre = spot if np.isfinite(spot) else float(strikes[int(np.argmax(by_strike))])
    chosen = np.sort(np.argsort(np.abs(strikes - centre), kind="stable")[:MOST_STRIKES])
    to_row = np.full(len(strikes), -1)
    to_row[chosen] = np.arange(len(chosen))
    first, last = int(cells["minute"][0]), int(cells["minute"][-1])
    step = next((each for each in _STEPS if (last - first) // each < MOST_COLUMNS), _STEPS[-1])
    first -= first % step
    columns = (last - first) // step + 1
    row, column = to_row[rows[place]], (cells["minute"] - first) // step
    shown = row >= 0
    shape = (len(chosen), columns)
    flat = row[shown] * columns + column[shown]

    def summed(values: npt.NDArray[np.generic]) -> Floats:
        found = np.bincount(flat, values[shown].astype(np.float64), shape[0] * shape[1])
        return found.astype(np.float64, copy=False).reshape(shape)

    kept = strikes[chosen]
    open_interest = np.array([interest.get(float(each), 0) for each in kept], np.float64)
    return FlowMap(
        underlying, first, step, kept, summed(cells["volume"]), summed(cells["bought"] - cells["sold"]),
        summed(cells["premium"]), summed(cells["trades"]), open_interest,
    )  # fmt: skip


def interest_by_strike(ids: npt.NDArray[np.int32], quotes: Rows, table: InstrumentTable) -> dict[float, int]:
    """Open interest of calls and puts together; ``quotes``: QUOTE_ROW of ``ids``."""
    found: dict[float, int] = {}
    for instrument, open_interest in zip(ids, quotes["open_interest"], strict=True):
        strike = _strike(table, int(instrument))
        found[strike] = found.get(strike, 0) + int(open_interest)
    return found


def _strike(table: InstrumentTable, instrument: int) -> float:
    terms = table.get(instrument).option
    return terms.strike_px / PRICE_SCALE if terms is not None else float("nan")


MEASURES = {"gamma": "Gamma, $ per 1%", "vanna": "Vanna, $ per vol point", "charm": "Charm, $ per day"}


@dataclass(frozen=True, slots=True)
class ExposureRows:
    """Strikes around the spot (ascending) with the exposure of calls and puts there, currency of delta."""

    strikes: Floats
    calls: Floats
    puts: Floats
    largest: float

    @property
    def net(self) -> Floats:
        """Calls and puts together."""
        total: Floats = self.calls + self.puts
        return total


def exposure_rows(found: Exposure, measure: str, most: int) -> ExposureRows:
    """The strikes with the most exposure within the reach of the flip level, not more than there is room for."""
    values: Floats = getattr(found, measure)
    near = np.flatnonzero(np.abs(found.strikes / found.spot - 1.0) <= REACH)
    if len(near) > most:
        weight = np.abs(values[:, near]).sum(axis=0)
        # By weight alone the strikes around the spot would have gaps: they go first, the rest by weight.
        close = np.argsort(np.abs(found.strikes[near] - found.spot), kind="stable")[: most // 2]
        rest = [each for each in np.argsort(-weight, kind="stable") if each not in set(close)][: most - len(close)]
        near = np.sort(near[np.concatenate((close, np.array(rest, np.int64)))])
    calls, puts = values[0, near], values[1, near]
    largest = float(np.max(np.abs(np.concatenate((calls, puts, [0.0])))))
    return ExposureRows(found.strikes[near], calls, puts, largest)


def assumption_line(found: Exposure) -> str:
    """What the picture takes for granted, in one line."""
    held = {
        Holding.CALLS_SOLD: "Assumed: customers sold calls and bought puts (open interest)",
        Holding.CALLS_BOUGHT: "Assumed: customers bought calls and sold puts (open interest)",
        Holding.BY_SIDE: "Assumed: only today's trades, by estimated side",
    }[found.holding]
    left = f"; {found.left_out:,} contracts have no Greeks" if found.left_out else ""
    greeks = f"{found.counted:,} contracts x Greeks of {from_ns(found.now_ns):%H:%M:%S}"
    return f"{held}, dealers the other side; {greeks}{left}"


def flip_line(found: Exposure) -> str:
    """The total and the flip level."""
    total = found.total_gamma
    if not found.counted:
        return f"Dealers hold nothing with Greeks under this assumption; spot {found.spot:,.2f}"
    stance = "long gamma: their hedges damp moves" if total > 0 else "short gamma: their hedges feed moves"
    flip = f"flip at {found.flip:,.2f}" if np.isfinite(found.flip) else f"no flip within {REACH:.0%}"
    return f"Dealers {stance}, {money(total)} per 1%; {flip}; spot {found.spot:,.2f}"
