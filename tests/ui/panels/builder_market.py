"""A small market with a whole chain for the builder: quotes by a known smile, and the analytics' answer to them."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date

import numpy as np

from terminal.core.clock import at_ns
from terminal.core.osi import OptionSymbol, Right
from terminal.core.ticks import TickClass
from terminal.market.analytics.chain_pass import ChainPass, spot_of
from terminal.market.analytics.chain_values import ChainValues
from terminal.market.analytics.contracts import chain_contracts
from terminal.quant import european, expiry_time
from tests.app.views.small_market import SmallMarket, opened_market

EXPIRIES = (date(2026, 1, 16), date(2026, 2, 20), date(2026, 3, 20))
STRIKES = tuple(range(80, 122, 2))
SPOT_PX = 1_000_000


class ChainMarket:
    """``market`` with ACME at 100.00 and its chain quoted five cents wide; plays the analytics too."""

    def __init__(self) -> None:
        self.market: SmallMarket = opened_market()
        acme = self.market.acme.id
        self.options: dict[tuple[date, int, Right], int] = {}
        for expiry in EXPIRIES:
            for strike in STRIKES:
                for right in (Right.CALL, Right.PUT):
                    symbol = OptionSymbol("ACME", expiry, right, strike * 1000)
                    row = self.market.table.add_option(symbol, acme, at_ns(expiry, 16), tick_class=TickClass.PENNY)
                    self.options[expiry, strike, right] = row.id
        self.contracts = chain_contracts(self.market.table, acme)
        self._pass = ChainPass(self.contracts, rate=0.04)
        self.market.quote(acme, SPOT_PX - 100, SPOT_PX + 100)
        time = np.maximum(expiry_time.years_to(self.contracts.expires_ns, self.market.ts_ns), 1e-6)
        k = np.log(self.contracts.strike / 100.0)
        vol = 0.3 - 0.12 * k + 0.2 * k * k
        worth = european.price(100.0, self.contracts.strike, time, vol, 0.04, 0.0, self.contracts.is_call)
        for row, value in zip(self.contracts.ids.tolist(), worth.tolist(), strict=True):
            px = round(value * 100) * 100
            self.market.quote(row, max(px - 200, 0), px + 300)
        self.found: ChainValues | None = None
        self.wanted: dict[Hashable, int] = {}
        self.reckon()

    def reckon(self) -> None:
        """Another pass over the quotes of now."""
        quotes = self.market.state.read(self.contracts.ids)
        spot = spot_of(self.market.state.read(np.array([self.market.acme.id], np.int32))[0])
        self.found = self._pass.run(quotes, spot, self.market.ts_ns)

    # What the builder asks of the analytics.

    def want(self, owner: Hashable, underlying: int) -> None:
        """Remembers who looks."""
        self.wanted[owner] = underlying

    def release(self, owner: Hashable) -> None:
        """Looks no more."""
        self.wanted.pop(owner, None)

    def values(self, underlying: int) -> ChainValues | None:
        """The last pass."""
        return self.found if underlying == self.market.acme.id else None

    def why_none(self, underlying: int) -> str:
        """Nothing is wrong."""
        return "" if underlying == self.market.acme.id else "There is nothing to reckon."
