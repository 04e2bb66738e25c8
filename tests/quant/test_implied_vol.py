"""Implied vols against exact values, from ordinary to the hardest corners."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from terminal.quant import european, implied_vol
from terminal.quant.implied_vol import Status


def test_reference_vols(shared_reference: Path) -> None:
    solved = refused = 0
    for case in json.loads((shared_reference / "implied_vol.json").read_text()):
        if "model" in case:
            continue
        inputs = case["inputs"]
        arguments = (inputs[axis] for axis in ("price", "S", "K", "T", "r", "q"))
        vol, status = implied_vol.european(*[*arguments, inputs["type"] == "call"])
        if case["expected"] == "no_solution":
            assert np.isnan(vol)
            assert Status(status).name.lower() == case["reason"]
            refused += 1
            continue
        assert status == Status.SOLVED
        tol = max(case["tol"].get("abs", 0.0), case["tol"].get("rel", 0.0) * case["expected"])
        assert abs(vol - case["expected"]) <= tol, (case["id"], vol)
        solved += 1
    assert solved >= 40
    assert refused >= 6


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
    assume(status not in {Status.ZERO_TIME_VALUE, Status.ABOVE_MAXIMUM, Status.BELOW_INTRINSIC})
    assert status == Status.SOLVED
    back = european.price(where[0], where[1], where[2], vol, rate, dividend, is_call)
    assert abs(back - price) <= 1e-11 * price + 4 * np.spacing(100.0 + where[1])


def test_every_row_of_a_wild_grid_is_solved_or_explained() -> None:
    random = np.random.default_rng(5)
    count = 20_000
    strike = 100 * np.exp(random.uniform(-4, 4, count))
    time, vol = 10 ** random.uniform(-7, 1.5, count), 10 ** random.uniform(-3, 1.2, count)
    is_call = random.random(count) < 0.5
    price = european.price(100.0, strike, time, vol, 0.03, 0.01, is_call)
    found, status = implied_vol.european(price, 100.0, strike, time, 0.03, 0.01, is_call)
    assert set(status.tolist()) <= {Status.SOLVED, Status.ABOVE_MAXIMUM, Status.ZERO_TIME_VALUE, Status.BELOW_INTRINSIC}
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
