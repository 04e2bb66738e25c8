"""The figures of one look at a chain for the daily record. Imported by the analytics thread alone, like the models."""

from __future__ import annotations

import numpy as np

from terminal.core.money import ABSENT_PX, PRICE_SCALE
from terminal.market.analytics.chain_values import ChainValues
from terminal.market.rows import Rows
from terminal.quant import expiry_time, variance, variance_swap
from terminal.quant.columns import Floats
from terminal.quant.vol_measures import TENORS_DAYS, SmilePoints, reachable, smile_points

_MONTH, _LEAST_DAYS = 30.0, 1.0
_YEARS = np.array(TENORS_DAYS) / expiry_time.DAYS_PER_YEAR


def points(values: ChainValues) -> SmilePoints:
    """The smile at TENORS_DAYS; NaN where the expiries do not reach."""
    fitted = values.surface
    nothing = np.full(len(TENORS_DAYS), np.nan)
    if fitted is None or not fitted.times.size:
        return SmilePoints(nothing, nothing, nothing)
    days = fitted.times * expiry_time.DAYS_PER_YEAR
    held = np.clip(_YEARS, fitted.times[0], fitted.times[-1])

    def total_variance(k: Floats) -> Floats:
        # Beyond the expiries the vol of the nearest one stays.
        found: Floats = fitted.total_variance(k * np.sqrt(held / _YEARS), held) * _YEARS / held
        return found

    there = reachable(TENORS_DAYS, float(days[0]), float(days[-1]))
    found = smile_points(total_variance, _YEARS)
    return SmilePoints(*(np.where(there, each, np.nan) for each in (found.at_the_money, found.put, found.call)))


def measure(values: ChainValues, quotes: Rows) -> dict[str, float]:
    """Columns of VOL_DAY by name. ``quotes``: QUOTE_ROW of the chain's contracts, of the same moment."""
    smile = points(values)
    found: dict[str, float] = {}
    for name, column in (("atm", smile.at_the_money), ("skew", smile.skew), ("fly", smile.butterfly)):
        found |= {f"{name}_{days}": float(each) for days, each in zip(TENORS_DAYS, column, strict=True)}
    found["slope"] = found["atm_90"] - found["atm_30"]
    found["vix"] = vix_style(values, quotes)
    found["varswap"] = float("nan")
    if values.surface is not None and np.isfinite(found["atm_30"]):
        fair = variance_swap.fair_variance(values.surface, _MONTH / expiry_time.DAYS_PER_YEAR)
        found["varswap"] = float(np.sqrt(fair)) if fair > 0.0 else float("nan")
    return found


def vix_style(values: ChainValues, quotes: Rows) -> float:
    """The vol of 30 days as the Cboe's index tells it: the strips of the two series around 30 days (the nearest ones
    with a strip, at least a day away), as a decimal. NaN where no series lies on both sides, or one at 30 days."""
    days = values.time * expiry_time.DAYS_PER_YEAR
    order = np.argsort(days, kind="stable")
    told = {int(row): _strip(values, quotes, int(row)) for row in order if days[row] >= _LEAST_DAYS}
    known = [row for row, each in told.items() if np.isfinite(each) and each > 0.0]
    near = [row for row in known if days[row] <= _MONTH]
    far = [row for row in known if days[row] > _MONTH]
    if not near or not far:
        return float("nan")
    one, two = near[-1], far[0]
    minutes = days * 1440.0
    return float(variance.interpolate_30d(told[one], minutes[one], told[two], minutes[two])) / 100.0


def _strip(values: ChainValues, quotes: Rows, row: int) -> float:
    contracts = values.contracts
    where = contracts.expiries[row].rows
    good = contracts.is_standard[where]
    strike, is_call, board = contracts.strike[where][good], contracts.is_call[where][good], quotes[where][good]
    strikes = np.unique(strike)
    sides = np.full((4, len(strikes)), np.nan)
    place = np.searchsorted(strikes, strike)
    for offset, side in enumerate(("bid_px", "ask_px")):
        # Nobody bids is a bid of zero; nobody asks is no market.
        price = np.where(board[side] == ABSENT_PX, 0.0 if offset == 0 else np.nan, board[side] / PRICE_SCALE)
        for calls in (True, False):
            chosen = is_call == calls
            sides[offset if calls else 2 + offset, place[chosen]] = price[chosen]
    rate = float(values.carry.rate[row])
    call_bid, call_ask, put_bid, put_ask = sides
    known_rate = rate if np.isfinite(rate) else 0.0
    return variance.vix_style(strikes, call_bid, call_ask, put_bid, put_ask, float(values.time[row]), known_rate)
