"""Every strategy of the catalog is made of listed contracts and recognised as what it was asked to be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from terminal.core.instruments import Style
from terminal.market.analytics.chain_pass import ChainPass
from terminal.portfolio.strategies.catalog import BY_ID, STRATEGIES, Strategy
from terminal.portfolio.strategies.construct import CannotBuild, construct
from terminal.portfolio.strategies.legs import Kind
from terminal.portfolio.strategies.recognise import recognise
from tests.market.analytics import chains
from tests.portfolio.strategies.scenes import reckoned


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda each: each.id)
@pytest.mark.parametrize("near", [None, 0, 1])
def test_what_is_made_is_what_was_asked_for(strategy: Strategy, near: int | None) -> None:
    values = reckoned(Style.AMERICAN)
    legs = construct(strategy, values, near)
    assert recognise(legs).strategy == strategy
    for each in legs:
        if each.kind is Kind.STOCK:
            assert each.instrument == values.contracts.underlying
            continue
        row = int(np.flatnonzero(values.contracts.ids == each.instrument)[0])
        assert (values.contracts.strike[row], values.contracts.expires_ns[row]) == (each.strike, each.expires_ns)
        assert values.contracts.is_call[row] == (each.kind is Kind.CALL)
    if strategy.expiries:
        first = min(each.expires_ns for each in legs if each.kind is not Kind.STOCK)
        wanted = 1 if near is None else near
        assert first == values.contracts.expiries[wanted].expires_ns


def test_strikes_are_those_of_the_deltas_that_the_rule_names() -> None:
    values = reckoned()
    put_low, put_high, call_low, call_high = construct(BY_ID["iron_condor"], values)[:4]
    legs = sorted((put_low, put_high, call_low, call_high), key=lambda each: each.strike)
    deltas = [float(values.values["delta"][values.contracts.ids == each.instrument][0]) for each in legs]
    assert -0.15 < deltas[0] < -0.04
    assert -0.27 < deltas[1] < -0.13
    assert 0.13 < deltas[2] < 0.27
    assert legs[3].strike - legs[2].strike == legs[1].strike - legs[0].strike


def test_what_the_chain_has_not_is_said() -> None:
    values = reckoned()
    with pytest.raises(CannotBuild, match="an expiry after the one chosen"):
        construct(BY_ID["call_calendar"], values, near=2)
    dead = dataclasses.replace(values, time=np.zeros_like(values.time))
    with pytest.raises(CannotBuild, match="no expiry is alive"):
        construct(BY_ID["long_call"], dead)
    unknown = values.values.copy()
    unknown["delta"] = np.nan
    with pytest.raises(CannotBuild, match="no vols"):
        construct(BY_ID["long_call"], dataclasses.replace(values, values=unknown))
    assert len(construct(BY_ID["long_straddle"], dataclasses.replace(values, values=unknown))) == 2


def test_two_strikes_make_no_butterfly() -> None:
    _table, _stock, contracts = chains.listed(strikes=(95, 105))
    worth = chains.fair(contracts, chains.smile(contracts))
    values = ChainPass(contracts, rate=chains.RATE).run(chains.quoted(worth), chains.spot(), chains.NOW_NS)
    with pytest.raises(CannotBuild, match="not enough strikes"):
        construct(BY_ID["call_butterfly"], values)
