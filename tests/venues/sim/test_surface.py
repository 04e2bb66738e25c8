"""The surface has no static arbitrage, for every name and on the strikes that are listed."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from terminal.core.instruments import InstrumentTable
from terminal.infra import calendars
from terminal.quant import european
from terminal.venues.sim.history import make_history
from terminal.venues.sim.market import SimMarket
from terminal.venues.sim.surface_kernel import curvature, expected_variance, smile_variance
from terminal.venues.sim.universe import NAMES, Name


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.symbol)
def test_parameters_meet_the_conditions_of_the_theorem(name: Name) -> None:
    market = name.options
    assert abs(market.rho) < 1
    assert 0 < market.gamma <= 0.5
    assert market.eta * (1 + abs(market.rho)) <= 2


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.symbol)
def test_no_butterfly_and_no_calendar_arbitrage_on_a_fine_grid(name: Name) -> None:
    market = name.options
    k = np.linspace(-2.5, 2.5, 1_001)
    before = np.zeros(len(k))
    for theta in np.geomspace(1e-6, 3.0, 40):
        phi = curvature(theta, market.eta, market.gamma)
        w = np.array([smile_variance(x, theta, market.rho, phi) for x in k])
        assert (w >= before - 1e-15).all()
        before = w
        # Durrleman's condition: the density is not negative (Gatheral and Jacquier 2014, eq. 2.1).
        step = k[1] - k[0]
        slope, bend = np.gradient(w, step), np.gradient(np.gradient(w, step), step)
        density = (1 - k * slope / (2 * w)) ** 2 - slope**2 / 4 * (1 / w + 0.25) + bend / 2
        assert density[2:-2].min() > -2e-3


def test_expected_variance_grows_with_time_whatever_it_starts_from() -> None:
    years = np.linspace(1e-6, 3.0, 500)
    for now in (1e-4, 0.02, 0.5):
        total = np.array([expected_variance(now, 0.04, 4.5, year) for year in years])
        assert (np.diff(total) > 0).all()
        assert total[0] == pytest.approx(now * years[0], rel=1e-3)


@pytest.mark.parametrize("symbol", ["SIMX", "SIMY", "BOLT", "FLUX"])
def test_theoretical_prices_on_the_listed_grid_are_free_of_arbitrage(symbol: str) -> None:
    table, days = InstrumentTable(), calendars.default()
    market = SimMarket(3, date(2026, 1, 5), make_history(3, days, date(2026, 1, 5)), table, days)
    batches = market.days()
    for _ in range(2):
        next(batches)
    calls: dict[tuple[str, date], list[tuple[float, float]]] = {}
    for row, price, k, variance in market.option_class(symbol).theory():
        assert row.option is not None
        assert price >= 0
        assert math.isfinite(variance)
        if row.option.symbol.right > 0:
            key = (row.option.symbol.root, row.option.symbol.expiry)
            calls.setdefault(key, []).append((math.exp(k), variance))
    assert len(calls) >= 10
    for points in calls.values():
        strikes, variances = (np.array(column) for column in zip(*sorted(points), strict=True))
        price = european.price(1.0, strikes, 1.0, np.sqrt(variances), 0.0, 0.0, True)
        slope = np.diff(price) / np.diff(strikes)
        assert (slope <= 1e-12).all()
        assert (slope >= -1 - 1e-9).all()
        assert (np.diff(slope) >= -1e-7).all()
