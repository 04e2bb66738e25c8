"""Chains of a known truth, reckoned once, for strategies."""

from __future__ import annotations

from functools import cache

from terminal.core.instruments import Style
from terminal.market.analytics.chain_pass import ChainPass
from terminal.market.analytics.chain_values import ChainValues
from terminal.portfolio.strategies.construct import contract_row
from terminal.portfolio.strategies.legs import Kind, StrategyLeg
from tests.market.analytics import chains

STRIKES = tuple(range(60, 142, 2))


@cache
def reckoned(style: Style = Style.EUROPEAN) -> ChainValues:
    """Quotes a tenth of a cent around what a skewed smile says; immutable, so one will do for all."""
    _table, _stock, contracts = chains.listed(style=style, strikes=STRIKES)
    worth = chains.fair(contracts, chains.smile(contracts))
    return ChainPass(contracts, rate=chains.RATE).run(chains.quoted(worth, half=0.001), chains.spot(), chains.NOW_NS)


def leg(values: ChainValues, quantity: int, kind: str, strike: float = 0.0, expiry: int = 1) -> StrategyLeg:
    """A leg of the chain; ``kind``: C, P or S."""
    if kind == "S":
        return StrategyLeg(quantity, Kind.STOCK, instrument=values.contracts.underlying)
    row = contract_row(values, Kind(kind), strike, expiry)
    assert row is not None
    return StrategyLeg(
        quantity, Kind(kind), strike, int(values.contracts.expires_ns[row]), int(values.contracts.ids[row])
    )
