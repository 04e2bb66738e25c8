"""A desk whose analytics gave a chain that a test made, and the chain with a known tilt."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from terminal.app.views.surface import SurfaceView
from terminal.core.instruments import Instrument, InstrumentTable
from terminal.market.analytics.chain_pass import ChainPass
from terminal.market.analytics.chain_values import ChainValues
from terminal.market.rows import Rows
from terminal.quant import expiry_time
from terminal.quant.columns import Floats
from tests.market.analytics import chains
from tests.market.analytics.chains import NOW_NS, RATE


class GivenAnalytics:
    """Says what a test put there, and who looks."""

    def __init__(self) -> None:
        self.found: ChainValues | None = None
        self.reason = ""
        self.wants: dict[Any, int] = {}

    def want(self, owner: Any, underlying: int, interest: Any = None) -> None:
        self.wants[owner] = underlying

    def release(self, owner: Any) -> None:
        self.wants.pop(owner, None)

    def override(self, underlying: int, series: Any, told: Any) -> None:
        raise NotImplementedError

    def told(self, underlying: int, series: Any) -> Any:
        return None

    def values(self, underlying: int) -> ChainValues | None:
        return self.found if self.found is not None and self.found.contracts.underlying == underlying else None

    def why_none(self, underlying: int) -> str:
        return self.reason


class SurfaceDesk:
    """Instruments and analytics."""

    def __init__(self, table: InstrumentTable, found: ChainValues | None = None) -> None:
        self.table = table
        self.analytics = GivenAnalytics()
        self.analytics.found = found


def tilted(contracts: Any, level: float = 0.3, skew: float = 0.2, term: float = 0.03) -> Floats:
    """Vols that fall from low strikes to high ones, and from late expiries to early ones."""
    time = np.maximum(expiry_time.years_to(contracts.expires_ns, NOW_NS), 1e-6)
    k = np.log(contracts.strike / (chains.SPOT * np.exp((RATE - chains.CARRY) * time)))
    vol: Floats = level - skew * k + term * np.sqrt(time)
    return vol


def quoted_chain(**more: Any) -> tuple[InstrumentTable, Instrument, ChainPass, Rows]:
    """A tilted chain, quoted a cent around its worth; ``more`` as of ``chains.listed``."""
    table, stock, contracts = chains.listed(**more)
    rows = chains.quoted(chains.fair(contracts, tilted(contracts)))
    return table, stock, ChainPass(contracts, rate=RATE), rows


def reckoned(**more: Any) -> tuple[InstrumentTable, Instrument, ChainValues]:
    """The same, after a pass."""
    table, stock, work, rows = quoted_chain(**more)
    return table, stock, work.run(rows, chains.spot(), NOW_NS)


def refreshed(view: SurfaceView, now_ns: int, wall_ns: int) -> bool:
    """Refreshes until all that was asked for is made; whether there was another scene."""
    is_new, until = view.refresh(now_ns, wall_ns), time.monotonic() + 30.0
    while view.is_busy and time.monotonic() < until:
        time.sleep(0.001)
        is_new |= view.refresh(now_ns, wall_ns)
    return is_new
