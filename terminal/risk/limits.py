"""The limits that the gate holds orders to; the settings file sets them."""

from __future__ import annotations

from dataclasses import dataclass

from terminal.core.clock import NS_PER_S
from terminal.core.money import MONEY_SCALE


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one account.

    ``quote_age_ns``: how long the feed may be silent; a replay of minute bars speaks once a minute and needs more.
    A limit price may lie through the market by the larger of ``collar_basis_points`` (options; ``share_`` for the rest)
    and ``collar_ticks``.
    """

    max_contracts: int = 500
    max_shares: int = 50_000
    max_notional_e4: int = 5_000_000 * MONEY_SCALE
    quote_age_ns: int = 5 * NS_PER_S
    collar_basis_points: int = 1_000
    share_collar_basis_points: int = 1_000
    collar_ticks: int = 10
