"""One look at a chain whose vols are known."""

from __future__ import annotations

import numpy as np
import pytest

from terminal.core.instruments import Style
from terminal.market.analytics.chain_pass import ChainPass
from terminal.market.analytics.chain_values import Spot, SpotSource
from terminal.market.analytics.vol_day import measure, points
from terminal.quant.vol_measures import TENORS_DAYS
from tests.market.analytics import chains


def test_a_flat_chain_gives_its_vol_everywhere_and_nothing_beyond_its_expiries() -> None:
    strikes = tuple(range(60, 160, 2))
    _, _, contracts = chains.listed(style=Style.EUROPEAN, strikes=strikes)
    quotes = chains.quoted(chains.fair(contracts, np.full(contracts.count, 0.25)), half=0.002)
    values = ChainPass(contracts, rate=chains.RATE).run(
        quotes, Spot(chains.SPOT, chains.NOW_NS, SpotSource.MID), chains.NOW_NS
    )
    found = measure(values, quotes)
    for days in (30, 60, 90):
        assert found[f"atm_{days}"] == pytest.approx(0.25, abs=1e-3)
        assert found[f"skew_{days}"] == pytest.approx(0.0, abs=3e-3)
        assert found[f"fly_{days}"] == pytest.approx(0.0, abs=3e-3)
    assert found["slope"] == pytest.approx(0.0, abs=1e-3)
    assert found["varswap"] == pytest.approx(0.25, abs=3e-3)
    assert found["vix"] == pytest.approx(0.25, abs=5e-3)
    # The last expiry is in 164 days: a year is too far, half a year is near enough.
    assert np.isnan(found["atm_365"])
    assert found["atm_180"] == pytest.approx(0.25, abs=1e-3)


def test_a_chain_without_a_surface_tells_nothing() -> None:
    _, _, contracts = chains.listed()
    quotes = chains.blank(contracts.count)
    values = ChainPass(contracts, rate=chains.RATE).run(
        quotes, Spot(chains.SPOT, chains.NOW_NS, SpotSource.MID), chains.NOW_NS
    )
    assert np.isnan(list(measure(values, quotes).values())).all()
    assert np.isnan(points(values).at_the_money).all()
    assert len(points(values).put) == len(TENORS_DAYS)
