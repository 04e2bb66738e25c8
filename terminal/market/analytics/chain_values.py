"""What one pass over a chain is told and gives: immutable, so that any thread may read it while the next is made.

No kernels are imported in here: the face reads this before the option models are compiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from terminal.market.analytics.contracts import ChainContracts
from terminal.quant.columns import Floats

if TYPE_CHECKING:
    from terminal.quant.surface import SurfaceFit

GREEKS = ("delta", "gamma", "theta", "vega", "rho", "vanna", "volga", "charm")
VALUE_ROW = np.dtype(
    [
        *((name, "f8") for name in ("mid", "bid_vol", "mid_vol", "ask_vol", "vol", "value")),
        *((name, "f8") for name in GREEKS),
        ("in_the_money", "f8"),
        ("source_ts_ns", "i8"),
        ("status", "i1"),
    ],
    align=True,
)
"""One contract, per share of the underlying, NaN where it is not known. ``mid``: of its quote. ``bid_vol``,
``mid_vol``, ``ask_vol``: implied by its own quote. ``vol``: what its value and Greeks are made with; Greeks are plain
derivatives, as in :mod:`terminal.quant.european`. ``in_the_money``: risk-neutral probability, the smile's slope
included. ``source_ts_ns``: when the older side of its quote last changed, 0 without one. ``status``:
:class:`ValueStatus`."""


_SHORT_YEARS, _ABSURD_YIELD, _CERTAIN = 0.5 / 365.0, 1.0, 3.0
"""Years, a year's carry as a decimal, and standard errors of a forward."""
Series = tuple[int, str]
"""``expires_ns`` and root."""


class CarrySource(IntEnum):
    """Where an expiry's forward comes from."""

    PARITY = 0
    NEIGHBOURS = 1
    """Its own quotes do not tell; rate and carry of the expiries beside it."""
    ASSUMED = 2
    """No expiry tells: the rate that was given, and no dividends."""
    TRADER = 3
    EXPIRED = 4


@dataclass(frozen=True, slots=True)
class Override:
    """What the trader says of one expiry, decimals a year and currency; None leaves it to the quotes.

    ``forward`` outranks ``dividend_yield`` and ``borrow``, whose sum is the carry that the spot does not earn.
    """

    rate: float | None = None
    forward: float | None = None
    dividend_yield: float | None = None
    borrow: float | None = None

    @property
    def says_carry(self) -> bool:
        """Whether parity has nothing to add."""
        return self.forward is not None or self.dividend_yield is not None


@dataclass(frozen=True, slots=True)
class Carry:
    """Columns by expiry. ``carry_yield``: dividends and borrow, continuous. ``forward_error``: one standard deviation
    of the forward that parity gave, currency, NaN where it gave none. ``source``: :class:`CarrySource`. ``told_ns``:
    market time of the quotes by which parity told, 0 where it did not."""

    rate: Floats
    carry_yield: Floats
    forward_error: Floats
    source: npt.NDArray[np.int8]
    told_ns: npt.NDArray[np.int64]


class ValueStatus(IntEnum):
    """What a contract's value rests on."""

    SURFACE = 0
    OWN_QUOTE = 1
    """No surface reaches it: the vol of its own middle."""
    NO_VOL = 2
    """Neither a surface nor a middle: only the quote itself is known."""
    EXPIRED = 3
    ADJUSTED = 4
    """It delivers something else than 100 shares."""


class SpotSource(IntEnum):
    """What the spot is."""

    MID = 0
    LAST = 1
    """The underlying has no sound market: its last trade, spread unknown."""
    NONE = 2
    PARITY = 3
    """Nothing is quoted or traded in the underlying, an index: the nearest forward that European parity tells, taken
    back at the rate that it tells, without dividends."""


@dataclass(frozen=True, slots=True)
class Spot:
    """The underlying when a pass began: price in currency (NaN: none) and when it last changed."""

    price: float
    ts_ns: int
    source: SpotSource


def is_torn(carry_yield: float, time: float, forward: float, forward_error: float) -> bool:
    """Whether quotes and spot are of two moments: with half a day left no dividend and no borrow costs as much as
    parity says, and the quotes know the forward well enough to say it. ``time`` in years, the rest as in Carry."""
    is_absurd = 0.0 < time < _SHORT_YEARS and abs(carry_yield) > _ABSURD_YIELD
    return is_absurd and abs(carry_yield) * time * forward > _CERTAIN * forward_error


@dataclass(frozen=True, slots=True)
class ChainValues:
    """A chain at ``now_ns`` of market time. ``values``: VALUE_ROW by contract; ``time``: years, by expiry;
    ``forward``: by expiry. ``surface``: None where no expiry could be fitted; then ``reason`` says why."""

    contracts: ChainContracts
    now_ns: int
    spot: Spot
    time: Floats
    forward: Floats
    carry: Carry
    surface: SurfaceFit | None
    values: npt.NDArray[np.void]
    reason: str = ""

    def spot_of_quotes(self, expiry: int) -> float:
        """The spot that the quotes of an expiry imply where the spot itself is of another moment, see
        :func:`is_torn`; NaN where the two agree."""
        carry, time, forward = self.carry, float(self.time[expiry]), float(self.forward[expiry])
        if carry.source[expiry] != CarrySource.PARITY:
            return float("nan")
        if not is_torn(float(carry.carry_yield[expiry]), time, forward, float(carry.forward_error[expiry])):
            return float("nan")
        return forward * float(np.exp(-carry.rate[expiry] * time))

    def at_the_money_vol(self, expiry: int) -> float:
        """The vol at the forward of an expiry; NaN without a surface."""
        if self.surface is None or not self.time[expiry] > 0.0:
            return float("nan")
        return float(self.surface.implied_vol(self.forward[expiry], self.time[expiry], self.forward[expiry]))

    def expected_move(self, expiry: int) -> float:
        """One standard deviation of the underlying until an expiry, currency: forward times vol times root of time."""
        return float(self.forward[expiry] * self.at_the_money_vol(expiry) * np.sqrt(max(self.time[expiry], 0.0)))
