"""The simulated year as daily records of volatility: what the simulated options would have shown at each close."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from terminal.core.clock import from_ns
from terminal.core.instruments import SessionProduct
from terminal.core.money import PRICE_SCALE
from terminal.infra.calendars import Calendars
from terminal.quant.vol_measures import TENORS_DAYS, smile_points
from terminal.store.vol_days import PRICES, VolDays, blank_days
from terminal.venues.sim import calendar_events, model
from terminal.venues.sim.contracts import earnings_variance
from terminal.venues.sim.history import History, NameHistory
from terminal.venues.sim.universe import NAMES, Name

Floats = npt.NDArray[np.float64]
_YEARS = np.array(TENORS_DAYS) / 365.0


def vol_days(history: History, calendars: Calendars) -> dict[str, VolDays]:
    """By symbol, ascending by day. The index of 30 days and the variance swap are left to days with real chains."""
    return {name.symbol: _of_name(name, history.names[name.symbol], calendars) for name in NAMES}


def _of_name(name: Name, known: NameHistory, calendars: Calendars) -> VolDays:
    daily = known.daily
    days = [from_ns(int(ts_ns)).date() for ts_ns in daily["ts_ns"]]
    rows = blank_days(len(days))
    rows["day"] = np.array(days, "M8[D]")
    closes = [calendars.session_hours(SessionProduct.EQUITY, day).close_ns for day in days]
    rows["at_ns"] = rows["known_ns"] = closes
    for price in PRICES:
        rows[price] = daily[price] / PRICE_SCALE
    theta = _at_the_money(name, daily["market"], daily["own"]) + _earnings(name, days, calendars)
    years = np.broadcast_to(_YEARS, theta.shape)
    market = name.options

    def total_variance(k: Floats) -> Floats:
        # The surface that the simulated makers quote off: see surface_kernel.
        phi = market.eta / (flat**market.gamma * (1.0 + flat) ** (1.0 - market.gamma))
        bent = phi * k + market.rho
        found: Floats = 0.5 * flat * (1.0 + market.rho * phi * k + np.sqrt(bent * bent + 1.0 - market.rho**2))
        return found

    flat = theta.reshape(-1)
    found = smile_points(total_variance, years.reshape(-1))
    for at, tenor in enumerate(TENORS_DAYS):
        for label, column in (("atm", found.at_the_money), ("skew", found.skew), ("fly", found.butterfly)):
            rows[f"{label}_{tenor}"] = column.reshape(theta.shape)[:, at]
    rows["slope"] = rows["atm_90"] - rows["atm_30"]
    return rows


def _at_the_money(name: Name, market: Floats, own: Floats) -> Floats:
    """Total variance without earnings by day and maturity: both parts revert to what options price in."""
    decay = -np.expm1(-model.OPTION_REVERSION * _YEARS) / model.OPTION_REVERSION
    market_long, own_long = model.long_run(name)
    both = name.beta**2 * market_long + own_long
    found: Floats = both * _YEARS + np.outer(name.beta**2 * (market - market_long) + own - own_long, decay)
    return found


def _earnings(name: Name, days: list[date], calendars: Calendars) -> Floats:
    """Variance of the earnings that come before each maturity; those told after a day's close are still to come."""
    last = days[-1] + timedelta(days=TENORS_DAYS[-1])
    told = np.array(calendar_events.earnings(name, calendars, days[0], last), "M8[D]")
    start = np.array(days, "M8[D]")[:, None]
    end = start + np.array(TENORS_DAYS)[None, :]
    counts = np.searchsorted(told, end, "left") - np.searchsorted(told, start, "left")
    found: Floats = earnings_variance(name, 1) * counts.astype(np.float64)
    return found
