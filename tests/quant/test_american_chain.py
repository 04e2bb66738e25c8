"""Greeks of a chain by shared boundaries against those with a boundary for each row."""

from __future__ import annotations

import numpy as np
import pytest

from terminal.quant import american, european
from terminal.quant.american import Accuracy
from terminal.quant.european import GREEK_NAMES

SPOT = 100.0
TOLERANCES = {
    "price": 2e-6, "delta": 2e-7, "gamma": 1e-7, "theta": 1e-4, "vega": 1e-5,
    "rho": 1e-3, "vanna": 1e-5, "volga": 1e-2, "charm": 1e-4,
}  # fmt: skip


def _chain(seed: int) -> tuple[np.ndarray, ...]:
    """Strike, time, vol, rate, yield, right: six expiries of forty strikes with a smile, carry of any sign."""
    chance = np.random.default_rng(seed)
    times = np.sort(chance.uniform(1 / 365, 2.0, 6))
    strike = np.tile(np.linspace(60.0, 150.0, 40), 12)
    time = np.repeat(np.tile(times, 2), 40)
    is_call = np.repeat([True, False], 240)
    k = np.log(strike / SPOT)
    vol = np.clip(chance.uniform(0.15, 0.4) - 0.3 * k + chance.uniform(0.2, 0.9) * k * k / np.sqrt(time), 0.05, 2.0)
    rate, carry = chance.uniform(0.0, 0.07), chance.uniform(-0.01, 0.07)
    return strike, time, vol, np.full(480, rate), np.full(480, carry), is_call


@pytest.mark.parametrize("seed", range(8))
def test_shared_boundaries_give_the_greeks_of_boundaries_of_ones_own(seed: int) -> None:
    chain = _chain(seed)
    shared = american.chain_greeks(SPOT, *chain)
    own = american.greeks(SPOT, *chain, accuracy=Accuracy.FAST)
    for name in GREEK_NAMES:
        np.testing.assert_allclose(getattr(shared, name), getattr(own, name), rtol=1e-6, atol=TOLERANCES[name])


def test_limits_and_bad_rows_are_those_of_greeks() -> None:
    strike, time, vol, rate, carry, is_call = (column.copy() for column in _chain(3))
    strike[0], time[1], vol[2], rate[3], carry[4] = 0.0, 0.0, 0.0, np.nan, np.inf
    vol[5], vol[6], strike[7], time[8] = 60.0, 1e-9, -1.0, 400.0
    chain = (strike, time, vol, rate, carry, is_call)
    shared = american.chain_greeks(SPOT, *chain)
    own = american.greeks(SPOT, *chain, accuracy=Accuracy.FAST)
    for name in GREEK_NAMES:
        np.testing.assert_allclose(getattr(shared, name), getattr(own, name), rtol=1e-6, atol=TOLERANCES[name])
    assert np.isnan(shared.price[[3, 4, 7]]).all()


def test_few_rows_are_priced_one_by_one() -> None:
    chain = tuple(column[:3] for column in _chain(1))
    shared = american.chain_greeks(SPOT, *chain)
    own = american.greeks(SPOT, *chain, accuracy=Accuracy.FAST)
    for name in GREEK_NAMES:
        np.testing.assert_array_equal(getattr(shared, name), getattr(own, name))


def test_without_any_carry_a_call_is_european() -> None:
    strike, time, vol, rate, _carry, _right = _chain(5)
    shared = american.chain_greeks(SPOT, strike, time, vol, rate, 0.0, True)
    plain = european.greeks(SPOT, strike, time, vol, rate, 0.0, True)
    np.testing.assert_allclose(shared.price, plain.price, rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(shared.delta, plain.delta, rtol=0.0, atol=1e-10)


def test_a_scalar_gives_floats() -> None:
    found = american.chain_greeks(100.0, 95.0, 0.5, 0.25, 0.03, 0.01, False)
    assert isinstance(found.price, float)
    assert found.price == american.greeks(100.0, 95.0, 0.5, 0.25, 0.03, 0.01, False, accuracy=Accuracy.FAST).price


@pytest.mark.parametrize("vol", [0.25, 0.46, 0.78, 0.9])
@pytest.mark.parametrize("range_of_vols", [0.0, 1e-15, 1e-10, 1e-8])
def test_strikes_of_one_vol(vol: float, range_of_vols: float) -> None:
    """All points in vol are the same: what lies between them by rounding was no number."""
    strike = np.arange(85.0, 116.0, 2.0)
    vols = vol * (1.0 + range_of_vols * np.linspace(0.0, 1.0, strike.size))
    terms = (100.0, strike, 0.25, vols, 0.04, 0.01, False)
    found, expected = american.chain_greeks(*terms), american.greeks(*terms, accuracy=american.Accuracy.FAST)
    for name in ("price", "delta", "gamma", "theta", "vega", "rho"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-7, rtol=1e-7)
