"""Quotes as the surface takes them: bid and ask vols in columns, and for every row whether it can be used."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.quant import implied_vol
from terminal.quant.columns import Flags, Floats
from terminal.quant.implied_vol import Status

Codes = npt.NDArray[np.int8]


class QuoteStatus(IntEnum):
    """How a quote stands to the surface: INSIDE is honoured, the next two are missed, the others were left out."""

    INSIDE = 0
    BELOW_BID = 1
    """The surface is below the bid."""
    ABOVE_ASK = 2
    """The surface is above the ask."""
    CROSSED = 3
    """The bid is above the ask."""
    BELOW_INTRINSIC = 4
    """The ask is at or below what the option is worth without any vol."""
    ABOVE_MAXIMUM = 5
    """The bid is at or above the most that the option can be worth."""
    INVALID = 6
    """Something is NaN, infinite or negative, or there is neither bid nor ask."""
    EXPIRED = 7
    TOO_FEW_QUOTES = 8
    """Its expiry has too few usable quotes for a slice."""


USED = (QuoteStatus.INSIDE, QuoteStatus.BELOW_BID, QuoteStatus.ABOVE_ASK)


@dataclass(frozen=True, slots=True)
class SurfaceQuotes:
    """Columns of one length. ``bid_vol`` 0 is no bid that binds (none at all, or one below intrinsic), an infinite
    ``ask_vol`` no ask. ``status`` is INSIDE for a usable row, else why it is left out. ``is_two_sided`` tells rows
    whose bid and ask were both given."""

    time: Floats
    forward: Floats
    strike: Floats
    bid_vol: Floats
    ask_vol: Floats
    is_two_sided: Flags
    status: Codes

    @property
    def count(self) -> int:
        """How many rows."""
        return self.time.size


def from_vols(time: Any, forward: Any, strike: Any, bid_vol: Any, ask_vol: Any) -> SurfaceQuotes:
    """Quotes from bid and ask vols (decimals), as of American options made European by the caller.

    A NaN or zero ``bid_vol`` is no bid, a NaN ``ask_vol`` no ask. Raises ValueError for shapes that do not broadcast.
    """
    time, forward, strike, bid, ask = _columns(time, forward, strike, bid_vol, ask_vol)
    two_sided = (bid > 0.0) & np.isfinite(ask)
    bid, ask = np.where(np.isnan(bid), 0.0, bid), np.where(np.isnan(ask), np.inf, ask)
    status = np.zeros(time.size, np.int8)
    with np.errstate(invalid="ignore"):
        _mark(status, np.isfinite(bid) & (ask <= 0.0), QuoteStatus.BELOW_INTRINSIC)
        _mark(status, bid > ask, QuoteStatus.CROSSED)
        _mark(
            status, ~np.isfinite(bid) | (bid < 0.0) | (ask < 0.0) | ((bid == 0.0) & np.isinf(ask)), QuoteStatus.INVALID
        )
        _mark_places(status, time, forward, strike)
    return SurfaceQuotes(time, forward, strike, bid, ask, two_sided, status)


def from_prices(time: Any, forward: Any, discount: Any, strike: Any, bid: Any, ask: Any, is_call: Any) -> SurfaceQuotes:
    """Quotes from bid and ask prices of European options, discounted by ``discount``.

    A NaN or zero bid is no bid, a NaN or zero ask no ask. Raises ValueError for shapes that do not broadcast.
    """
    time, forward, discount, strike, bid, ask, side = _columns(time, forward, discount, strike, bid, ask, is_call)
    calls = side != 0.0
    bid, ask = np.where(np.isnan(bid), 0.0, bid), np.where(np.isnan(ask), 0.0, ask)
    status = np.zeros(time.size, np.int8)
    no_ask = ask == 0.0
    two_sided = (bid > 0.0) & (ask > 0.0)
    with np.errstate(all="ignore"):
        grown = 1.0 / np.where(discount > 0.0, discount, np.nan)
        bid_vol, bid_code = implied_vol.european(bid * grown, forward, strike, time, 0.0, 0.0, calls)
        ask_vol, ask_code = implied_vol.european(ask * grown, forward, strike, time, 0.0, 0.0, calls)
        worthless = (ask_code == Status.BELOW_INTRINSIC) | (ask_code == Status.ZERO_TIME_VALUE)
        _mark(status, bid_code == Status.ABOVE_MAXIMUM, QuoteStatus.ABOVE_MAXIMUM)
        _mark(status, worthless & ~no_ask, QuoteStatus.BELOW_INTRINSIC)
        _mark(status, (bid > ask) & ~no_ask, QuoteStatus.CROSSED)
        nothing = ~np.isfinite(bid + ask + discount) | (bid < 0.0) | (ask < 0.0) | (discount <= 0.0)
        _mark(status, nothing | (no_ask & (bid == 0.0)), QuoteStatus.INVALID)
        _mark_places(status, time, forward, strike)
    no_bid = np.isnan(bid_vol) & (bid_code != Status.ABOVE_MAXIMUM)
    bid_vol = np.where(no_bid, 0.0, bid_vol)
    ask_vol = np.where(no_ask | (ask_code == Status.ABOVE_MAXIMUM), np.inf, ask_vol)
    _mark(status, (status == 0) & np.isnan(ask_vol), QuoteStatus.INVALID)
    # Neither side says anything: a bid below intrinsic beside no ask, or an ask above the most.
    _mark(status, (status == 0) & (bid_vol == 0.0) & np.isinf(ask_vol), QuoteStatus.INVALID)
    return SurfaceQuotes(time, forward, strike, bid_vol, ask_vol, two_sided, status)


def _columns(*values: Any) -> list[Floats]:
    arrays = np.broadcast_arrays(*(np.asarray(each, np.float64) for each in values))
    return [each.flatten() for each in arrays]  # copies: the caller may go on to change its columns


def _mark(status: Codes, where: Flags, why: QuoteStatus) -> None:
    status[where] = why


def _mark_places(status: Codes, time: Floats, forward: Floats, strike: Floats) -> None:
    """What outranks any trouble with the prices."""
    bad = ~np.isfinite(time + forward + strike) | (time < 0.0) | (forward <= 0.0) | (strike <= 0.0)
    _mark(status, time == 0.0, QuoteStatus.EXPIRED)
    _mark(status, bad, QuoteStatus.INVALID)
