"""The rows of the option flow, as NumPy records that the flow thread writes and every other thread copies."""

from __future__ import annotations

from enum import IntEnum, IntFlag

import numpy as np


class Mark(IntFlag):
    """What stands out about an order."""

    BLOCK = 1
    SWEEP_VENUES = 2
    """Prints of one contract over several venues or prices."""
    SWEEP_STRIKES = 4
    """Prints over neighbouring strikes of one expiry."""
    LARGE = 8
    OPENING = 16
    """The day's volume is above the open interest of the morning: part of it must open positions."""
    PAIR = 32
    """A call and a put of one expiry were traded together, on the same side."""
    OFF_BOOK = 64
    """Late, average-price or otherwise off the book: no side is told."""

    @classmethod
    def sweep(cls) -> Mark:
        """Both kinds."""
        return cls.SWEEP_VENUES | cls.SWEEP_STRIKES


class TradeClass(IntEnum):
    """What a large order probably is for, by the rules of :mod:`terminal.market.flow.judgement`."""

    NONE = 0
    """Too small to be classed."""
    UNKNOWN = 1
    """Large, and its side is not known."""
    DIRECTIONAL = 2
    HEDGE = 3
    VOLATILITY = 4
    EARNINGS = 5


ORDER_ROW = np.dtype(
    [
        *((name, "i8") for name in ("id", "number", "ts_ns", "last_ts_ns", "px", "low_px", "high_px")),
        *((name, "i8") for name in ("size", "prints", "volume", "open_interest", "largest")),
        *((name, "i8") for name in ("low_strike_px", "high_strike_px", "expires_ns", "greeks_ns")),
        *((name, "f8") for name in ("notional", "premium", "aggression", "spot", "days")),
        *((name, "f8") for name in ("vol", "delta", "gamma_effect", "events")),
        ("instrument", "i4"),
        ("underlying", "i4"),
        ("side", "i1"),
        ("right", "i1"),
        ("place", "i1"),
        ("trade_class", "u1"),
        ("score", "u1"),
        ("marks", "u1"),
        ("told", "u1"),
        ("venues", "u1"),
        ("contracts", "u1"),
    ],
    align=True,
)
"""One order: a print, or prints of one side close in time over venues or neighbouring strikes.

``id`` counts orders from 0 for ever; ``number`` is of its first print. ``instrument``: the contract of its largest
print, of ``largest`` contracts; ``px``, ``place``, ``volume`` (of the day, this print included), ``open_interest`` (0:
none, or nobody told), ``vol`` and ``delta`` are that print's. ``notional``: price times size summed, price units;
``premium``: currency. ``aggression``: 0 (between bid and ask) to 1 (beyond the quote), summed times the premium.
``side``: 1 bought, -1 sold, 0 unknown; ``told``: 1 where every print's venue said so, else the quote told it.
``right``: 1 call, -1 put. ``spot``: of the underlying's last print before it, currency, NaN before the first. ``days``:
from the date of the trade to that of expiry, 0 on the day itself. ``gamma_effect``: what dealers' gamma changes by,
currency of delta per 1 % move, when dealers took the other side; NaN without Greeks or side. ``greeks_ns``: market time
of the Greeks, 0 for none. ``events``: see :func:`terminal.market.flow.judgement.event_ratio`."""

CELL_ROW = np.dtype(
    [
        ("minute", "i4"), ("instrument", "i4"), ("trades", "i4"), ("volume", "i8"), ("bought", "i8"), ("sold", "i8"),
        ("premium", "f8"),
    ],
    align=True,
)  # fmt: skip
"""What one contract traded in one minute (minutes since 1970, UTC). ``bought`` and ``sold`` by the estimated side."""
