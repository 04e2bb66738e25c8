"""Implied vols against exact values, from ordinary to the hardest corners."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from terminal.quant import bachelier, black76, european, implied_vol
from terminal.quant.implied_vol import Status


def reference_vol(case: dict[str, Any]) -> tuple[float, int]:
    inputs = case["inputs"]
    is_call = inputs["type"] == "call"
    if "model" in case:
        assert case["model"] == "bachelier"
        return bachelier.implied_vol(*[*(inputs[axis] for axis in ("price", "F", "K", "T", "discount")), is_call])
    return implied_vol.european(*[*(inputs[axis] for axis in ("price", "S", "K", "T", "r", "q")), is_call])


def test_reference_vols(shared_reference: Path) -> None:
    solved = refused = 0
    for case in json.loads((shared_reference / "implied_vol.json").read_text()):
        vol, status = reference_vol(case)
        if case["expected"] == "no_solution":
            assert np.isnan(vol)
            assert Status(status).name.lower() == case["reason"]
            refused += 1
            continue
        assert status == Status.SOLVED
        tol = max(case["tol"].get("abs", 0.0), case["tol"].get("rel", 0.0) * case["expected"])
        assert abs(vol - case["expected"]) <= tol, (case["id"], vol)
        solved += 1
    assert solved >= 49
    assert refused >= 7


@settings(max_examples=400, deadline=None)
@given(
    st.floats(-3.0, 3.0), st.floats(-5.0, 1.5), st.floats(-2.5, 1.0),
    st.floats(-0.05, 0.1), st.floats(0.0, 0.1), st.booleans(),
)  # fmt: skip
def test_price_of_the_found_vol_is_the_price(
    log_strike: float, log_time: float, log_vol: float, rate: float, dividend: float, is_call: bool
) -> None:
    where = (100.0, 100.0 * np.exp(log_strike), 10.0**log_time, 10.0**log_vol, rate, dividend, is_call)
    price = european.price(*where)
    vol, status = implied_vol.european(price, where[0], where[1], where[2], rate, dividend, is_call)
    assume(status not in {Status.ZERO_TIME_VALUE, Status.ABOVE_MAXIMUM})
    assert status == Status.SOLVED
    back = european.price(where[0], where[1], where[2], vol, rate, dividend, is_call)
    assert abs(back - price) <= 1e-11 * price + 4 * np.spacing(100.0 + where[1])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_round_trip_over_the_plane(seed: int) -> None:
    """Out-of-the-money prices from 1e-300 to near the highest give their vol back to the digits that they hold."""
    random = np.random.default_rng(seed)
    count = 500
    s = 10.0 ** random.uniform(-6, 1.0, count)
    x = -np.minimum(np.abs(random.normal(0, 1, count)) * np.where(random.random(count) < 0.5, 0.3, 30.0) * s, 200.0)
    vol, time = s / np.sqrt(0.5), np.full(count, 0.5)
    strike, spot = 100.0 * np.exp(-x), np.full(count, 100.0)
    call = european.price(spot, strike, time, vol, 0.0, 0.0, True)
    put = european.price(strike, spot, time, vol, 0.0, 0.0, False)
    np.testing.assert_allclose(call, put, rtol=1e-12, atol=1e-305)
    # What half a unit in the last place of the price, of the strike and of s is worth in vol.
    greeks = european.main_greeks(spot, strike, time, vol, 0.0, 0.0, True)
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.maximum(call, 1e-307) / (greeks.vega * vol) + np.abs(greeks.delta) * strike / (greeks.vega * vol)
    found, status = implied_vol.european(call, spot, strike, time, 0.0, 0.0, True)
    usable = (call > 1e-300) & (call < 100.0 * (1 - 1e-15))
    assert (status[usable] == Status.SOLVED).all()
    error = np.abs(found / vol - 1)[usable]
    assert np.all(error <= 1e-14 + 1e-14 * worth[usable])


def test_prices_without_time_value_are_never_given_a_vol() -> None:
    """What the models themselves give for an option deep in the money has no last digit that could pass for a vol."""
    random = np.random.default_rng(7)
    count = 100_000
    strike = 100.0 * np.exp(random.uniform(-1, 1, count))
    time, rate, dividend = 10.0 ** random.uniform(-4, -1, count), *random.uniform(-0.1, 0.2, (2, count))
    is_call = strike < 100.0
    vol = np.abs(np.log(100.0 / strike)) / np.sqrt(time) / random.uniform(12.0, 60.0, count)  # 12 deviations and more
    far = (np.abs(np.log(strike / 100.0)) > 0.2) & (np.abs((rate - dividend) * time) < 0.02)
    price = european.price(100.0, strike, time, vol, rate, dividend, is_call)
    _, status = implied_vol.european(price, 100.0, strike, time, rate, dividend, is_call)
    assert (status[far] == Status.ZERO_TIME_VALUE).all()
    discount = np.exp(-rate)
    for model, deviation in ((black76, vol), (bachelier, 70.0 * vol)):
        price = model.price(100.0, strike, time, deviation, discount, is_call)
        _, status = model.implied_vol(price, 100.0, strike, time, discount, is_call)
        assert (status[far] == Status.ZERO_TIME_VALUE).all(), model
    _, status = black76.implied_vol(np.where(is_call, 100.0, strike) * discount, 100.0, strike, 1.0, discount, is_call)
    assert (status == Status.ABOVE_MAXIMUM).all()


def test_every_row_of_a_wild_grid_is_solved_or_explained() -> None:
    random = np.random.default_rng(5)
    count = 20_000
    strike = 100 * np.exp(random.uniform(-4, 4, count))
    time, vol = 10 ** random.uniform(-7, 1.5, count), 10 ** random.uniform(-3, 1.2, count)
    is_call = random.random(count) < 0.5
    price = european.price(100.0, strike, time, vol, 0.03, 0.01, is_call)
    found, status = implied_vol.european(price, 100.0, strike, time, 0.03, 0.01, is_call)
    assert set(status.tolist()) <= {Status.SOLVED, Status.ABOVE_MAXIMUM, Status.ZERO_TIME_VALUE}
    assert (np.isnan(found) == (status != Status.SOLVED)).all()
    vega = european.greeks(100.0, strike, time, vol, 0.03, 0.01, is_call).vega
    certain = (status == Status.SOLVED) & (vega > 0.5) & (price > 1e-3)
    assert certain.sum() > 1_000
    assert np.abs(found / vol - 1)[certain].max() < 1e-10


def test_bad_rows_do_not_disturb_their_neighbours() -> None:
    price = np.array([10.0, np.nan, -1.0, np.inf, 10.0])
    vol, status = implied_vol.european(price, 100.0, 100.0, 1.0, 0.0, 0.0, True)
    assert status.tolist() == [0, Status.INVALID_INPUT, Status.INVALID_INPUT, Status.INVALID_INPUT, 0]
    assert vol[0] == vol[4] > 0
    for spot, strike, time in ((0.0, 100.0, 1.0), (100.0, 0.0, 1.0), (100.0, 100.0, -1.0), (np.nan, 100.0, 1.0)):
        value, code = implied_vol.european(1.0, spot, strike, time, 0.0, 0.0, False)
        assert np.isnan(value)
        assert code == Status.INVALID_INPUT


def test_one_by_one_and_in_columns_agree() -> None:
    """The vector loop, its scalar fallback and the limits between them."""
    random = np.random.default_rng(9)
    count = 600
    spot, strike = np.full(count, 100.0), 100 * np.exp(random.uniform(-2, 2, count))
    time, vol = 10 ** random.uniform(-4, 1, count), 10 ** random.uniform(-2, 1, count)
    is_call = random.random(count) < 0.5
    price = european.price(spot, strike, time, vol, 0.02, 0.01, is_call)
    rows, status = implied_vol.european(price, spot, strike, time, 0.02, 0.01, is_call)
    for i in range(count):
        single, code = implied_vol.european(price[i], 100.0, strike[i], time[i], 0.02, 0.01, bool(is_call[i]))
        assert code == status[i]
        np.testing.assert_allclose(single, rows[i], rtol=1e-13)
    undiscounted, code = black76.implied_vol(price * 0.9, spot, strike, time, 0.9, is_call)
    direct, other = implied_vol.european(price * 0.9 / 0.9, spot, strike, time, 0.0, 0.0, is_call)
    np.testing.assert_array_equal(undiscounted, direct)
    np.testing.assert_array_equal(code, other)
    assert black76.implied_vol(5.0, 100.0, 100.0, 1.0, 0.0, True)[1] == Status.INVALID_INPUT


def test_any_scale_of_money() -> None:
    price = european.price(1.0, 1.2, 0.5, 0.3, 0.02, 0.0, True)
    for scale in (1e-290, 1e-30, 1e30, 1e290):
        vol, status = implied_vol.european(price * scale, scale, 1.2 * scale, 0.5, 0.02, 0.0, True)
        assert status == Status.SOLVED
        np.testing.assert_allclose(vol, 0.3, rtol=1e-13)


def test_with_greeks_is_both() -> None:
    strike = np.linspace(60.0, 160.0, 101)
    price = european.price(100.0, strike, 0.3, np.full(101, 0.35), 0.03, 0.01, strike > 100)
    price[7] = 0.0
    vol, status, greeks = implied_vol.with_greeks(price, 100.0, strike, 0.3, 0.03, 0.01, strike > 100)
    expected, codes = implied_vol.european(price, 100.0, strike, 0.3, 0.03, 0.01, strike > 100)
    np.testing.assert_array_equal(vol, expected)
    np.testing.assert_array_equal(status, codes)
    assert status[7] != Status.SOLVED
    assert np.isnan(greeks.vega[7])
    np.testing.assert_allclose(np.delete(greeks.price, 7), np.delete(price, 7), rtol=1e-12)


def test_shapes_and_sizes() -> None:
    vol, status = implied_vol.european(np.full((3, 1), 8.0), 100.0, [95.0, 100.0], 1, 0, 0, True)
    assert vol.shape == status.shape == (3, 2)
    assert status.dtype == np.int8
    assert implied_vol.european([], 100.0, 100.0, 1.0, 0.0, 0.0, True)[0].shape == (0,)
    with np.testing.assert_raises_regex(ValueError, r"\(2,\).*\(3,\)"):
        implied_vol.european(np.ones(2), np.ones(3), 1.0, 1.0, 0.0, 0.0, True)


def test_four_threads_get_the_same() -> None:
    random = np.random.default_rng(1)
    strike = 100 * np.exp(random.uniform(-1, 1, 50_000))
    price = european.price(100.0, strike, 0.5, 0.4, 0.01, 0.0, strike > 100)
    alone, _ = implied_vol.european(price, 100.0, strike, 0.5, 0.01, 0.0, strike > 100)
    results: list[Any] = [None] * 4

    def work(i: int) -> None:
        results[i] = implied_vol.european(price, 100.0, strike, 0.5, 0.01, 0.0, strike > 100)[0]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        np.testing.assert_array_equal(result, alone)
