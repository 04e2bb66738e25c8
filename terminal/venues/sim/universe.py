"""The simulated names and what makes each of them different. They mean no real company, fund or index."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from terminal.core.instruments import InstrumentKind
from terminal.core.ticks import TickClass

RATE = 0.042
"""The flat, continuously compounded interest rate of the simulated world."""


class Listing(Enum):
    """Which option expiries an underlying has."""

    INDEX = "index"
    ETF = "etf"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Flow:
    """The order flow in an underlying's book. Times of day scale it; see the flow kernel."""

    daily_shares: float
    trade_shares: float
    half_spread_ticks: float
    ladder_step_ticks: int
    maker_shares: float


@dataclass(frozen=True, slots=True)
class OptionMarket:
    """The surface and the manners of the market makers in an underlying's options.

    ``rho``, ``eta``, ``gamma``: SSVI (see the surface). ``vol_spread``: half width in points of vol near the money.
    """

    rho: float
    eta: float
    gamma: float
    vol_spread: float
    tick_class: TickClass
    size: float
    daily_contracts: float
    strike_step_mills: int


@dataclass(frozen=True, slots=True)
class Name:
    """One underlying. ``vol``: long-run yearly vol; ``beta``: to the market; ``dividend``: cash a quarter, paid in
    ``dividend_months``; ``dividend_yield``: continuous, of an index; ``earnings_move``: standard deviation of the jump.
    """

    symbol: str
    title: str
    kind: InstrumentKind
    level: float
    vol: float
    beta: float
    listing: Listing
    options: OptionMarket
    flow: Flow | None = None
    dividend_yield: float = 0.0
    dividend: float = 0.0
    dividend_months: tuple[int, ...] = field(default=())
    earnings_months: tuple[int, ...] = field(default=())
    earnings_week: int = 3
    earnings_move: float = 0.0
    jumps_per_year: float = 4.0
    jump_size: float = 0.02


_QUARTER_ENDS = (3, 6, 9, 12)
INDEX = Name(
    "SIMX", "Simulated index", InstrumentKind.INDEX, 5_000.0, 0.15, 1.0, Listing.INDEX,
    OptionMarket(-0.68, 1.15, 0.43, 0.055, TickClass.NICKEL_DIME, 28.0, 900_000.0, 5_000),
    dividend_yield=0.013, jumps_per_year=0.0,
)  # fmt: skip
NAMES: tuple[Name, ...] = (
    INDEX,
    Name(
        "SIMY", "Simulated index fund", InstrumentKind.ETF, 500.0, 0.15, 1.0, Listing.ETF,
        OptionMarket(-0.68, 1.15, 0.43, 0.07, TickClass.PENNY, 180.0, 1_600_000.0, 1_000),
        Flow(42e6, 190.0, 0.8, 1, 900.0), dividend=1.62, dividend_months=_QUARTER_ENDS, jumps_per_year=0.0,
    ),
    Name(
        "ACME", "Acme Machines (simulated)", InstrumentKind.EQUITY, 182.40, 0.27, 1.15, Listing.WEEKLY,
        OptionMarket(-0.38, 1.20, 0.42, 0.28, TickClass.PENNY_PROGRAM, 60.0, 420_000.0, 2_500),
        Flow(26e6, 150.0, 1.1, 1, 450.0), dividend=0.26, dividend_months=(2, 5, 8, 11),
        earnings_months=(1, 4, 7, 10), earnings_week=4, earnings_move=0.045,
    ),
    Name(
        "BOLT", "Bolt Mobility (simulated)", InstrumentKind.EQUITY, 246.10, 0.52, 1.70, Listing.WEEKLY,
        OptionMarket(-0.22, 1.15, 0.40, 0.35, TickClass.PENNY_PROGRAM, 45.0, 700_000.0, 2_500),
        Flow(34e6, 130.0, 1.8, 1, 320.0), earnings_months=(1, 4, 7, 10), earnings_week=3, earnings_move=0.085,
        jumps_per_year=8.0, jump_size=0.03,
    ),
    Name(
        "CRUX", "Crux Foods (simulated)", InstrumentKind.EQUITY, 61.35, 0.19, 0.55, Listing.WEEKLY,
        OptionMarket(-0.42, 1.20, 0.42, 0.45, TickClass.PENNY_PROGRAM, 40.0, 60_000.0, 1_000),
        Flow(11e6, 180.0, 0.7, 1, 900.0), dividend=0.485, dividend_months=(3, 6, 9, 12),
        earnings_months=(2, 5, 8, 11), earnings_week=2, earnings_move=0.03,
    ),
    Name(
        "DYNE", "Dyne Semiconductor (simulated)", InstrumentKind.EQUITY, 904.50, 0.40, 1.55, Listing.WEEKLY,
        OptionMarket(-0.30, 1.20, 0.42, 0.30, TickClass.PENNY_PROGRAM, 18.0, 260_000.0, 10_000),
        Flow(7e6, 60.0, 14.0, 5, 110.0), dividend=0.05, dividend_months=(3, 6, 9, 12),
        earnings_months=(2, 5, 8, 11), earnings_week=4, earnings_move=0.07,
    ),
    Name(
        "ECHO", "Echo Broadcasting (simulated)", InstrumentKind.EQUITY, 34.20, 0.34, 0.90, Listing.MONTHLY,
        OptionMarket(-0.30, 1.10, 0.42, 1.10, TickClass.NICKEL_DIME, 25.0, 4_000.0, 2_500),
        Flow(1.6e6, 130.0, 1.4, 1, 350.0), dividend=0.12, dividend_months=(1, 4, 7, 10),
        earnings_months=(2, 5, 8, 11), earnings_week=1, earnings_move=0.06,
    ),
    Name(
        "FLUX", "Flux Therapeutics (simulated)", InstrumentKind.EQUITY, 18.65, 0.76, 1.45, Listing.WEEKLY,
        OptionMarket(0.08, 0.95, 0.38, 1.30, TickClass.PENNY_PROGRAM, 60.0, 45_000.0, 500),
        Flow(9e6, 220.0, 0.9, 1, 1_400.0), earnings_months=(3, 6, 9, 12), earnings_week=2, earnings_move=0.12,
        jumps_per_year=12.0, jump_size=0.06,
    ),
)  # fmt: skip
