"""American implied vol, the exercise boundary and the premium."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from terminal.quant import american, american_dividends, european
from terminal.quant.american import Status
from tests.quant.test_american import AXES, random_rows


def test_reference_premiums_and_boundaries(shared_reference: Path) -> None:
    seen = 0
    for case in json.loads((shared_reference / "american.json").read_text()):
        inputs, tol = case["inputs"], case["tol"]["abs"]
        is_call = inputs["type"] == "call"
        if inputs.get("quantity") == "early exercise premium":
            found = american.early_exercise_premium(*[*(inputs[axis] for axis in AXES), is_call])
        elif "tau" in inputs:
            found = american.qd_plus_boundary(
                inputs["tau"], inputs["K"], inputs["vol"], inputs["r"], inputs["q"], is_call
            )
        else:
            continue
        assert abs(found - case["expected"]) <= tol, case["id"]
        seen += 1
    assert seen == 7


def chain() -> tuple[np.ndarray, ...]:
    """Time, strike, vol and right of four expiries on a spot of 100."""
    grid = np.meshgrid([0.02, 0.1, 0.5, 2.0], np.linspace(60.0, 150.0, 31), [True, False], indexing="ij")
    time, strike, is_call = (axis.ravel() for axis in grid)
    vol = 0.2 + 0.1 * np.log(strike / 100.0) ** 2 / np.sqrt(time + 0.05)
    return time, strike, vol, is_call.astype(bool)


@pytest.mark.parametrize(("accuracy", "tolerance"), [(american.Accuracy.FAST, 2e-7), (american.Accuracy.PRECISE, 1e-8)])
def test_a_chain_comes_back(accuracy: american.Accuracy, tolerance: float) -> None:
    time, strike, vol, is_call = chain()
    price = american.price(100.0, strike, time, vol, 0.045, 0.013, is_call)
    expected = american.greeks(100.0, strike, time, vol, 0.045, 0.013, is_call)
    found, status, sheet = american.with_implied_vol(
        price, 100.0, strike, time, 0.045, 0.013, is_call, accuracy=accuracy
    )
    intrinsic = np.where(is_call, 100.0 - strike, strike - 100.0)
    assert set(status[price <= intrinsic]) == {Status.ZERO_TIME_VALUE}
    assert np.isnan(found[price <= intrinsic]).all()
    told = (status == Status.SOLVED) & (expected.vega > 0.01)
    assert told.sum() > 150
    assert (status == Status.SOLVED)[expected.vega > 1e-6].all()
    assert np.abs(found - vol)[told].max() < tolerance
    for name, scale in (("delta", 1.0), ("gamma", 0.1), ("vega", 60.0), ("theta", 40.0), ("rho", 100.0), ("vanna", 4.0),
                        ("charm", 10.0), ("volga", 500.0)):  # fmt: skip
        missed = np.abs(getattr(sheet, name) - getattr(expected, name))[told]
        assert missed.max() < 1e4 * tolerance * scale, (name, missed.max())
    again, also = american.implied_vol(price, 100.0, strike, time, 0.045, 0.013, is_call, accuracy=accuracy)
    assert np.array_equal(also, status)
    assert np.allclose(again[told], found[told], atol=tolerance)


def test_random_rows_come_back() -> None:
    rows = random_rows(80, 31)
    price = american.price(*rows)
    found, status = american.implied_vol(price, *rows[:3], *rows[4:])
    told = american.greeks(*rows).vega > 1e-3
    assert (status[told] == Status.SOLVED).all()
    assert np.abs(found - rows[3])[told].max() < 1e-7


def test_what_has_no_vol_is_refused_with_the_reason() -> None:
    def status(price: float, spot: float = 90.0, time: float = 1.0, rate: float = 0.05) -> int:
        vol, code = american.implied_vol(price, spot, 100.0, time, rate, 0.01, False)
        assert np.isnan(vol)
        return int(code)

    assert status(10.0) == Status.ZERO_TIME_VALUE
    assert status(9.9) == Status.BELOW_INTRINSIC
    assert status(100.0) == Status.ABOVE_MAXIMUM
    assert status(np.nan) == Status.INVALID_INPUT
    assert status(-1.0) == Status.INVALID_INPUT
    assert status(12.0, time=0.0) == Status.EXPIRED
    assert status(12.0, spot=0.0) == Status.INVALID_INPUT
    # The European option's bound is lower than the American one's.
    vol, code = american.implied_vol(97.0, 90.0, 100.0, 1.0, 0.05, 0.01, False)
    assert code == Status.SOLVED
    assert american.price(90.0, 100.0, 1.0, vol, 0.05, 0.01, False) == pytest.approx(97.0, abs=2e-7)
    # Never exercised early: the European answer.
    value = european.price(100.0, 110.0, 1.0, 0.3, 0.05, 0.0, True)
    assert american.implied_vol(value, 100.0, 110.0, 1.0, 0.05, 0.0, True)[0] == pytest.approx(0.3, abs=1e-12)


def test_boundary() -> None:
    time = np.array([0.0, 1e-6, 0.1, 1.0, 5.0, 500.0])
    put = american.exercise_boundary(time, 100.0, 0.25, 0.05, 0.02, False)
    assert put[0] == 100.0
    assert (np.diff(put) < 0.0).all()
    bend = 0.5 * 0.25**2 - 0.03
    gamma = (bend - np.sqrt(bend**2 + 2 * 0.05 * 0.25**2)) / 0.25**2
    assert put[-1] == pytest.approx(100.0 * gamma / (gamma - 1.0), rel=1e-8)
    call = american.exercise_boundary(time, 100.0, 0.25, 0.02, 0.05, True)
    assert call == pytest.approx(1e4 / put, rel=1e-12)
    assert american.exercise_boundary(0.0, 100.0, 0.25, 0.02, 0.05, False) == pytest.approx(40.0)
    assert american.exercise_boundary(1.0, 100.0, 0.25, 0.0, 0.02, False) == 0.0
    assert american.exercise_boundary(1.0, 100.0, 0.25, 0.05, 0.0, True) == np.inf
    # The value leaves the payoff there and nowhere before.
    edge = american.exercise_boundary(1.0, 100.0, 0.25, 0.05, 0.02, False)
    beside = american.price(edge * np.array([0.999, 1.001]), 100.0, 1.0, 0.25, 0.05, 0.02, False)
    gain = 100.0 - edge * np.array([0.999, 1.001])
    assert beside[0] == gain[0]
    assert 0.0 < beside[1] - gain[1] < 1e-3


def test_dividends_outside_the_life_are_left_out() -> None:
    plain = american.price(100.0, 100.0, 0.5, 0.3, 0.05, 0.01, True)
    for schedule in ((), [(0.0, 2.0)], [(-0.1, 2.0), (0.6, 3.0)], [(0.2, 0.0)]):
        assert american.price(100.0, 100.0, 0.5, 0.3, 0.05, 0.01, True, schedule) == plain
    schedule = [(0.4, 3.0)]
    both = american.price(100.0, 100.0, [0.25, 0.5], 0.3, 0.05, 0.01, True, schedule)
    assert both[0] == american.price(100.0, 100.0, 0.25, 0.3, 0.05, 0.01, True)
    assert both[1] == american_dividends.price(100.0, 100.0, 0.5, 0.3, 0.05, 0.01, True, schedule)
    sheet = american.greeks(100.0, 100.0, [0.25, 0.5], 0.3, 0.05, 0.01, True, schedule)
    assert sheet.price == pytest.approx(both, abs=1e-12)
    vol, status = american.implied_vol(both, 100.0, 100.0, [0.25, 0.5], 0.05, 0.01, True, schedule)
    assert status.tolist() == [0, 0]
    assert vol == pytest.approx(0.3, abs=1e-6)
    found, also, greeks = american.with_implied_vol(both[1], 100.0, 100.0, 0.5, 0.05, 0.01, True, schedule)
    assert also == 0
    assert found == pytest.approx(0.3, abs=1e-6)
    assert greeks.delta == pytest.approx(sheet.delta[1], abs=1e-6)


def test_four_threads_give_the_same_vols() -> None:
    time, strike, vol, is_call = chain()
    price = american.price(100.0, strike, time, vol, 0.045, 0.013, is_call)

    def solve() -> np.ndarray:
        return np.asarray(american.with_implied_vol(price, 100.0, strike, time, 0.045, 0.013, is_call)[2].charm)

    alone = solve()
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: solve(), range(8)):
            assert np.array_equal(found, alone, equal_nan=True)
