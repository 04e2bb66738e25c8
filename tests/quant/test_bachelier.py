"""The normal model: parity, round trips, limits, bad input; its reference cases are in the European tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.quant import bachelier
from terminal.quant.implied_vol import Status


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_parity_and_round_trip(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = 400
    time, vol = 10.0 ** random.uniform(-5, 1.3, count), 10.0 ** random.uniform(-4, 3, count)
    forward = random.uniform(-5, 5, count) * vol
    strike = forward + random.uniform(-36, 36, count) * vol * np.sqrt(time)
    call, put = (bachelier.price(forward, strike, time, vol, 0.97, side) for side in (True, False))
    scale = np.abs(forward) + np.abs(strike) + vol * np.sqrt(time)
    assert np.all(np.abs(call - put - 0.97 * (forward - strike)) <= 1e-15 * scale)
    is_call = strike > forward
    found, status = bachelier.implied_vol(np.where(is_call, call, put), forward, strike, time, 0.97, is_call)
    assert (status == Status.SOLVED).all()
    # The distance from the money is known to the last digits of forward and strike.
    loss = 1e-15 * (1 + scale / np.abs(forward - strike))
    assert np.all(np.abs(found / vol - 1) <= 1e-14 + loss)


def test_price_is_the_integral_of_the_payoff() -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    forward, strike, s = 1.5, 0.9, 1.1
    smooth = np.sqrt(1.0 + (forward + s * nodes - strike) ** 2)  # a payoff without a kink, by strips of calls and puts
    direct = (smooth @ weights) / np.sqrt(2 * np.pi)
    strikes = np.linspace(-13.0, 15.0, 56_001)
    options = bachelier.price(forward, strikes, 1.0, s, 1.0, strikes > forward)
    curvature = (1.0 + (strikes - strike) ** 2) ** -1.5
    at_forward = np.sqrt(1.0 + (forward - strike) ** 2)
    strip = np.trapezoid(options * curvature, strikes)
    assert strip + at_forward == pytest.approx(direct, rel=1e-6)


def test_limits_and_bad_input() -> None:
    assert bachelier.price(-3.0, -5.0, 0.0, 1.0, 0.5, True) == 1.0
    assert bachelier.price(-3.0, -5.0, 2.0, 0.0, 0.5, False) == 0.0
    assert bachelier.price(1.0, 1.0, 4.0, 0.5, 1.0, True) == pytest.approx(1 / np.sqrt(2 * np.pi), rel=1e-15)
    bad = bachelier.price([1.0, np.nan, 1.0, 1.0], 1.0, [1.0, 1.0, -1.0, 1.0], [0.1, 0.1, 0.1, np.inf], 1.0, True)
    assert np.isnan(bad).tolist() == [False, True, True, True]
    for arguments, status in (
        ((0.4, 2.0, 1.5, 1.0, 1.0, True), Status.BELOW_INTRINSIC),
        ((0.5, 2.0, 1.5, 1.0, 1.0, True), Status.ZERO_TIME_VALUE),
        ((0.5, 2.0, 1.5, 0.0, 1.0, True), Status.EXPIRED),
        ((0.5, np.inf, 1.5, 1.0, 1.0, True), Status.INVALID_INPUT),
        ((0.5, 2.0, 1.5, 1.0, 0.0, True), Status.INVALID_INPUT),
    ):
        vol, code = bachelier.implied_vol(*arguments)
        assert np.isnan(vol)
        assert code == status
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        bachelier.price(np.ones(2), np.ones(3), 1.0, 1.0, 1.0, True)
