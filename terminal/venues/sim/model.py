"""Parameters of the dynamics from the universe, and steps of them for a caller with arrays of time."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import numpy.typing as npt

from terminal.infra.calendars import Calendars
from terminal.venues.sim import dynamics_kernel as dynamics
from terminal.venues.sim.calendar_events import dividends, earnings
from terminal.venues.sim.seeds import stream
from terminal.venues.sim.universe import INDEX, NAMES, Listing, Name

Floats = npt.NDArray[np.float64]

REVERSION = 11.0
"""Speed at which log vol reverts, a year: half in about three weeks."""
OPTION_REVERSION = 4.5
RISK_PREMIUM = 1.22
"""Long-run variance that options price in, over what is expected to come true."""
_VOL_OF_VOL, _LEVERAGE = 1.3, -0.72
_TRACKERS = {Listing.INDEX, Listing.ETF}
_MARKET = np.array([INDEX.vol, REVERSION, _VOL_OF_VOL, _LEVERAGE, 4.0, 0.012, 1.0, 0.06])


def own_vol(name: Name) -> float:
    """The long-run vol of what a name does by itself."""
    if name.listing in _TRACKERS:
        return 0.0
    return math.sqrt(max(name.vol**2 - (name.beta * INDEX.vol) ** 2, 1e-4))


def name_parameters(name: Name) -> Floats:
    """The row of dynamics parameters of ``name``'s own part."""
    return np.array([own_vol(name), REVERSION, 1.1, -0.30, name.jumps_per_year, name.jump_size, name.beta, 0.0])


def first_states(seed: int) -> tuple[Floats, Floats]:
    """States (log price, log vol) of the market and the names a year before the first day."""
    random = stream(seed, "first states")
    market = np.array([math.log(INDEX.level), 0.25 * random.standard_normal()])
    names = np.array([[math.log(name.level), 0.2 * random.standard_normal()] for name in NAMES])
    return market, names


def level_shift(seed: int, name: Name) -> float:
    """A standard normal draw a name and seed, so that not every market starts at the same prices."""
    symbol = INDEX.symbol if name.listing in _TRACKERS else name.symbol
    return float(np.clip(stream(seed, "level", symbol).standard_normal(), -1.5, 1.5))


def market_steps(rng: np.random.Generator, state: Floats, steps: Floats) -> tuple[Floats, Floats]:
    """The market's log returns and variances over ``steps`` (years of variance); ``state`` moves on."""
    returns, variances = np.empty(len(steps)), np.empty(len(steps))
    dynamics.advance_market(rng, _MARKET, state, steps, returns, variances)
    return returns, variances


def name_steps(
    name: Name, rng: np.random.Generator, state: Floats, steps: Floats, returns: Floats
) -> tuple[Floats, Floats]:
    """A name's prices and own variances over ``steps``; ``state`` moves on."""
    prices, variances = np.empty(len(steps)), np.empty(len(steps))
    dynamics.advance_name(rng, name_parameters(name), state, steps, returns, prices, variances)
    return prices, variances


def overnight_event(seed: int, name: Name, calendars: Calendars, before: date | None, day: date, state: Floats) -> None:
    """Moves the price for a dividend that goes ex on ``day`` and for earnings told after ``before``'s close."""
    if before is None:
        return
    price = math.exp(state[0])
    cash = sum(amount for when, amount in dividends(name, calendars, before, day) if when == day)
    state[0] = math.log(price - cash)
    if before in earnings(name, calendars, before, day):
        draw = stream(seed, "earnings", name.symbol, before.toordinal()).standard_normal()
        state[0] += name.earnings_move * draw - 0.5 * name.earnings_move**2


def long_run(name: Name) -> tuple[float, float]:
    """Long-run variances that options price in: of the market and of the name's own part."""
    return RISK_PREMIUM * INDEX.vol**2, RISK_PREMIUM * own_vol(name) ** 2


def atm_vol(name: Name, market_variance: float, own_variance: float, years: float = 30.0 / 365.0) -> float:
    """At-the-money vol that options show for ``years``, without earnings."""
    market_long, own_long = long_run(name)
    weight = -math.expm1(-OPTION_REVERSION * years) / (OPTION_REVERSION * years)
    market = market_long + (market_variance - market_long) * weight
    own = own_long + (own_variance - own_long) * weight
    return math.sqrt(name.beta**2 * market + own)
