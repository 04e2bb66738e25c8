"""Cash dividends: prices against exact integrals, published grids, and the identities that hold without a reference."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.quant import american_dividends as dividends
from terminal.quant import european, monte_carlo
from terminal.quant.american_dividends import AMERICAN, EUROPEAN, FAST, FINE, Exercise
from terminal.quant.implied_vol import Status
from terminal.quant.monte_carlo import Draws, GeometricBrownian

QUARTERLY = ((0.1, 1.0), (0.35, 1.0), (0.6, 1.2), (0.85, 1.2))
SPOTS = np.array([60.0, 80.0, 90.0, 100.0, 110.0, 130.0, 180.0])


def test_reference_prices(shared_reference: Path) -> None:
    seen = 0
    for case in json.loads((shared_reference / "american_dividends.json").read_text()):
        inputs = case["inputs"]
        arguments = [inputs[axis] for axis in ("S", "K", "T", "vol", "r")]
        arguments += [inputs.get("q", 0.0), inputs["type"] == "call", inputs["dividends"]]
        if inputs.get("model") == "escrowed":
            assert inputs["exercise"] == "european"
            found = dividends.escrowed_price(*arguments)
        else:
            found = dividends.price(*[*arguments, Exercise(inputs["exercise"])])
        assert isinstance(found, float)
        assert abs(found - case["expected"]) <= case["tol"]["abs"], (case["id"], found, case["expected"])
        seen += 1
    assert seen >= 36


def test_without_dividends_the_grid_gives_the_exact_american_values(shared_reference: Path) -> None:
    errors = []
    for case in json.loads((shared_reference / "american.json").read_text()):
        inputs = case["inputs"]
        if inputs.get("method") != "exact American" or "S" not in inputs or inputs["vol"] * inputs["T"] ** 0.5 > 3.0:
            continue
        arguments = [inputs[axis] for axis in ("S", "K", "T", "vol", "r", "q")]
        found = dividends.price(*[*arguments, inputs["type"] == "call", ()])
        errors.append(abs(found - case["expected"]) / max(inputs["S"], inputs["K"]))
    assert len(errors) >= 80
    assert max(errors) < 2e-4  # 152 years
    assert np.quantile(errors, 0.95) < 1e-6


def test_grid_and_integral_agree() -> None:
    """A yield of next to nothing makes exercise possible at any time, so that the grid has to solve it."""
    for exercise, time, spread in ((AMERICAN, 0.7, 1e-13), (AMERICAN, 0.30001, 1e-13)):
        exact = dividends.price(SPOTS, 100.0, time, 0.3, 0.04, 0.0, True, [(0.3, 5.0)], exercise)
        grid = dividends.price(SPOTS, 100.0, time, 0.3, 0.04, spread, True, [(0.3, 5.0)], exercise)
        assert np.abs(grid - exact).max() < 5e-5
        finer = dividends.price(SPOTS, 100.0, time, 0.3, 0.04, spread, True, [(0.3, 5.0)], exercise, FINE)
        assert np.abs(finer - exact).max() < 5e-6


@pytest.mark.parametrize("schedule", [QUARTERLY, ((0.2, 20.0), (0.3, 15.0), (0.7, 25.0))])
def test_several_dividends_agree_with_simulation(schedule: tuple[tuple[float, float], ...]) -> None:
    """Brownian paths from one ex time to the next; the larger dividends use up some paths' spots altogether."""
    times = [ex for ex, _ in schedule] + [1.0]
    draws = Draws(65536, 5)
    model = GeometricBrownian(1.0, 0.4, 0.05, 0.01)
    growth = monte_carlo.paths(model, times, draws).spot
    spots = np.full(len(growth), 90.0)
    for step, (_, cash) in enumerate([*schedule, (1.0, 0.0)]):
        spots = np.maximum(spots * growth[:, step + 1] / growth[:, step] - cash, 0.0)
    for is_call in (True, False):
        for strike in (60.0, 90.0):
            gain = np.maximum(spots - strike if is_call else strike - spots, 0.0) * np.exp(-0.05)
            found = monte_carlo.estimate(gain, draws)
            price = dividends.price(90.0, strike, 1.0, 0.4, 0.05, 0.01, is_call, schedule, EUROPEAN)
            assert found.standard_error < 0.004
            assert abs(price - found.value) < 0.015


@pytest.mark.parametrize("ex_time", [1e-10, 1e-5, 4e-4, 3e-3])
def test_a_dividend_that_is_near(ex_time: float) -> None:
    """On the eve of an ex time the value has a kink that no grid follows: the last stretch is integrated."""
    spots = np.linspace(92.0, 108.0, 33)
    exact = dividends.greeks(spots, 100.0, 0.25, 0.2, 0.03, 0.0, True, [(ex_time, 3.0)])
    grid = dividends.greeks(spots, 100.0, 0.25, 0.2, 0.03, 1e-13, True, [(ex_time, 3.0)])
    assert np.abs(grid.price - exact.price).max() < 5e-5
    # So near that a change of vol carries the kink past a spot there is no vanna to compare.
    for name in ("delta", "gamma", "vega", "theta", "rho", "vanna")[: 6 if ex_time > 1e-6 else 5]:
        expected = getattr(exact, name)
        scale = float(np.abs(expected).max())
        np.testing.assert_allclose(getattr(grid, name), expected, atol=1e-3 * scale, err_msg=name)


def test_finer_grids_converge() -> None:
    for is_call in (True, False):
        best = dividends.price(SPOTS, 100.0, 1.0, 0.25, 0.05, 0.01, is_call, QUARTERLY, AMERICAN, FINE)
        fast = dividends.price(SPOTS, 100.0, 1.0, 0.25, 0.05, 0.01, is_call, QUARTERLY, AMERICAN, FAST)
        standard = dividends.price(SPOTS, 100.0, 1.0, 0.25, 0.05, 0.01, is_call, QUARTERLY)
        assert np.abs(fast - best).max() < 4e-3
        assert np.abs(standard - best).max() < 2e-4


rates, yields = st.floats(-0.05, 0.1), st.floats(-0.05, 0.1)
schedules = st.lists(st.tuples(st.floats(-1.0, 2.2), st.floats(0.0, 8.0)), max_size=4)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.02, 2.0), st.floats(0.05, 0.9), rates, yields, schedules)
def test_bounds_parity_and_order(
    time: float, vol: float, rate: float, dividend_yield: float, schedule: list[tuple[float, float]]
) -> None:
    def price(is_call: bool, exercise: Exercise, at: float = vol) -> np.ndarray:
        found = dividends.price(SPOTS, 100.0, time, at, rate, dividend_yield, is_call, schedule, exercise, FAST)
        assert isinstance(found, np.ndarray)
        return found

    paid = sum(cash * np.exp(-rate * ex - dividend_yield * (time - ex)) for ex, cash in schedule if 0.0 < ex <= time)
    call, put = price(True, EUROPEAN), price(False, EUROPEAN)
    parity = SPOTS * np.exp(-dividend_yield * time) - paid - 100.0 * np.exp(-rate * time)
    # The spot cannot fall below zero, so that a call on a stock that may not live to pay is worth a little more.
    likely = SPOTS * np.exp(-4.0 * vol * np.sqrt(time)) > 35.0
    assert np.abs(call - put - parity)[likely].max(initial=0.0) < 6e-3
    for is_call, sign, held in ((True, 1.0, call), (False, -1.0, put)):
        american = price(is_call, AMERICAN)
        assert (american >= np.maximum(sign * (SPOTS - 100.0), 0.0)).all()
        assert (american >= held - 6e-3).all()
        slope = np.diff(american) / np.diff(SPOTS)
        most = np.exp(max(-dividend_yield, 0.0) * time)
        assert (sign * slope >= -1e-4).all()
        assert (sign * slope <= most + 1e-4).all()
        assert (np.diff(slope) >= -1e-3).all()
        assert (price(is_call, AMERICAN, 1.2 * vol) >= american - 6e-3).all()


def test_price_scales_with_money() -> None:
    doubled = [(ex, 2.0 * cash) for ex, cash in QUARTERLY]
    for is_call in (True, False):
        once = dividends.price(SPOTS, 100.0, 1.0, 0.25, 0.05, 0.01, is_call, QUARTERLY)
        twice = dividends.price(2.0 * SPOTS, 200.0, 1.0, 0.25, 0.05, 0.01, is_call, doubled)
        np.testing.assert_allclose(twice, 2.0 * once, rtol=1e-11)


def test_each_row_sees_the_dividends_before_its_own_expiry() -> None:
    times = np.array([0.05, 0.1, 0.2, 0.5, 0.9])
    rows = dividends.price(95.0, 100.0, times, 0.3, 0.04, 0.0, False, QUARTERLY)
    for time, row in zip(times, rows, strict=True):
        own = [(ex, cash) for ex, cash in QUARTERLY if ex <= time]
        alone = dividends.price(95.0, 100.0, time, 0.3, 0.04, 0.0, False, [*own, (0.0, 50.0), (-1.0, 9.0), (3.0, 9.0)])
        assert row == pytest.approx(alone, abs=3e-5)


def test_a_dividend_at_expiry_is_paid_before_the_payoff() -> None:
    at_expiry = [(0.5, 4.0)]
    held = dividends.price(SPOTS, 100.0, 0.5, 0.3, 0.04, 0.0, True, at_expiry, EUROPEAN)
    np.testing.assert_allclose(held, european.price(SPOTS, 104.0, 0.5, 0.3, 0.04, 0.0, True), atol=1e-11)
    early = dividends.price(SPOTS, 100.0, 0.5, 0.3, 0.04, 0.0, True, at_expiry)
    np.testing.assert_allclose(early, european.price(SPOTS, 100.0, 0.5, 0.3, 0.04, 0.0, True), atol=1e-11)


def test_two_dividends_at_once_are_one() -> None:
    for is_call in (True, False):
        split = dividends.price(SPOTS, 100.0, 0.7, 0.3, 0.04, 0.01, is_call, [(0.3, 2.0), (0.3, 3.0)])
        whole = dividends.price(SPOTS, 100.0, 0.7, 0.3, 0.04, 0.01, is_call, [(0.3, 5.0)])
        np.testing.assert_allclose(split, whole, atol=5e-5)


def test_negative_rates_leave_two_boundaries() -> None:
    """Put-call symmetry (McDonald and Schroder 1998): C(S, K, r, q) = P(K, S, q, r), here with both below zero."""
    for rate, dividend_yield in ((-0.01, -0.04), (-0.02, -0.03)):
        put = dividends.price(SPOTS, 100.0, 2.0, 0.1, rate, dividend_yield, False, ())
        call = dividends.price(100.0, SPOTS, 2.0, 0.1, dividend_yield, rate, True, ())
        np.testing.assert_allclose(put, call, atol=4e-4)
        assert (put >= european.price(SPOTS, 100.0, 2.0, 0.1, rate, dividend_yield, False) - 1e-7).all()


def test_limits() -> None:
    for is_call in (True, False):
        gain = np.maximum((SPOTS - 100.0) * (1.0 if is_call else -1.0), 0.0)
        assert dividends.price(SPOTS, 100.0, 0.0, 0.3, 0.05, 0.0, is_call, QUARTERLY).tolist() == gain.tolist()
        still = dividends.greeks(SPOTS, 100.0, 1.0, 0.0, 0.05, 0.0, is_call, QUARTERLY)
        near = dividends.greeks(SPOTS, 100.0, 1.0, 1e-3, 0.05, 0.0, is_call, QUARTERLY)
        np.testing.assert_allclose(near.price, still.price, atol=2e-3)
        away = np.abs(SPOTS - 100.0) > 5.0
        np.testing.assert_allclose(near.delta[away], still.delta[away], atol=2e-3)
        assert not np.any(still.vega)
    assert dividends.price(0.0, 100.0, 1.0, 0.3, 0.05, 0.0, False, QUARTERLY) == 100.0
    assert dividends.price(0.0, 100.0, 1.0, 0.3, 0.05, 0.0, True, QUARTERLY) == 0.0
    assert dividends.price(100.0, 0.0, 1.0, 0.3, 0.05, 0.0, False, QUARTERLY) == 0.0


def test_escrowed_spot_is_what_the_dividends_leave() -> None:
    left = dividends.escrowed_spot(np.array([100.0, 1.0]), 0.5, 0.05, QUARTERLY)
    expected = 100.0 - np.exp(-0.05 * 0.1) - np.exp(-0.05 * 0.35)
    assert left.tolist() == [pytest.approx(expected), 0.0]


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("axis", range(4))
def test_bad_rows_are_nan_in_their_place_only(bad: float, axis: int) -> None:
    columns = [np.full(3, value) for value in (100.0, 100.0, 1.0, 0.2)]
    columns[axis][1] = bad
    found = dividends.greeks(
        columns[0], columns[1], columns[2], columns[3], 0.03, 0.0, False, QUARTERLY, AMERICAN, FAST
    )
    for name in ("price", "delta", "vega", "charm"):
        assert np.isnan(getattr(found, name)).tolist() == [False, True, False]


def test_bad_schedules_and_shapes_raise() -> None:
    for schedule in ([(0.5, np.nan)], [(np.inf, 1.0)], [(0.5, -1.0)]):
        with pytest.raises(ValueError, match="dividends"):
            dividends.price(100.0, 100.0, 1.0, 0.2, 0.0, 0.0, True, schedule)
    with pytest.raises(ValueError, match="broadcast"):
        dividends.price(np.ones(2), np.ones(3), 1.0, 0.2, 0.0, 0.0, True, QUARTERLY)
    assert dividends.price(np.empty((0, 2)), 1.0, 1.0, 0.2, 0.0, 0.0, True, QUARTERLY).shape == (0, 2)


def test_four_threads_give_the_same() -> None:
    strikes = np.linspace(70.0, 130.0, 40)

    def work(_: int) -> list[float]:
        found = dividends.price(100.0, strikes, 1.0, 0.25, 0.05, 0.01, False, QUARTERLY, AMERICAN, FAST)
        return [float(value) for value in found]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(work, range(4)))
    assert all(result == results[0] for result in results)


def test_rows_of_one_chain_do_not_depend_on_their_neighbours() -> None:
    random = np.random.default_rng(3)
    count = 60
    spot, strike = random.uniform(80, 120, count), random.choice([90.0, 100.0, 110.0], count)
    time, is_call = random.choice([0.2, 0.5], count), random.random(count) < 0.5
    together = dividends.price(spot, strike, time, 0.3, 0.04, 0.01, is_call, QUARTERLY)
    alone = [
        dividends.price(*[*row, QUARTERLY])
        for row in zip(spot, strike, time, [0.3] * count, [0.04] * count, [0.01] * count, is_call, strict=True)
    ]
    np.testing.assert_allclose(together, alone, atol=3e-5)


def test_statuses_of_refused_prices() -> None:
    def status(price: float, spot: float = 90.0, time: float = 1.0, is_call: bool = False) -> Status:
        vol, code = dividends.implied_vol(price, spot, 100.0, time, 0.05, 0.0, is_call, QUARTERLY, AMERICAN, FAST)
        assert np.isnan(vol) == (code != Status.SOLVED)
        return Status(code)

    still = dividends.price(90.0, 100.0, 1.0, 0.0, 0.05, 0.0, False, QUARTERLY)
    assert status(still + 3.0) == Status.SOLVED
    assert status(still) == Status.ZERO_TIME_VALUE
    assert status(still - 0.5) == Status.BELOW_INTRINSIC
    assert status(still + 1e-8) == status(still - 1e-6) == Status.ZERO_TIME_VALUE
    assert status(100.0) == Status.ABOVE_MAXIMUM
    assert status(91.0, is_call=True) == Status.ABOVE_MAXIMUM
    assert status(10.0, time=0.0) == Status.EXPIRED
    assert status(np.nan) == status(-1.0) == status(5.0, spot=0.0) == Status.INVALID_INPUT
