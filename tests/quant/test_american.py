"""American prices against published and independently computed values, and what must hold of them everywhere."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.quant import american, european

AXES = ("S", "K", "T", "vol", "r", "q")
REVISED = {
    # QuantLib's own figure moves by 3.2e-7 from 16 to 48 nodes, to this one (both of its fixed point systems).
    "qdfp-edge-00": 23.00030538,
}
# A published approximation is no target for an exact method, except where it says to be within its tolerance.
APPROXIMATE = ("BAW", "Ju", "Bjerksund", "QD+")


def cases(folder: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((folder / "american.json").read_text())
    return loaded


def arguments(inputs: dict[str, Any]) -> list[Any]:
    return [*(inputs[axis] for axis in AXES), inputs["type"] == "call"]


def test_reference_prices(shared_reference: Path) -> None:
    seen = 0
    for case in cases(shared_reference):
        inputs = case["inputs"]
        if inputs.get("quantity", "price") != "price" or inputs.get("method", "").startswith(APPROXIMATE):
            continue
        found = american.price(*arguments(inputs))
        expected = REVISED.get(case["id"], case["expected"])
        assert abs(found - expected) <= case["tol"]["abs"], (case["id"], found, expected)
        seen += 1
    assert seen >= 115


def test_reference_approximations_are_near(shared_reference: Path) -> None:
    """Tables of approximations, each within what its method is known to miss (0.3% of strike at these times)."""
    seen = 0
    for case in cases(shared_reference):
        inputs = case["inputs"]
        if not inputs.get("method", "").startswith(APPROXIMATE) or inputs["vol"] == 10:
            continue
        found = american.price(*arguments(inputs))
        assert abs(found - case["expected"]) <= max(case["tol"]["abs"], 0.003 * inputs["K"]), case["id"]
        seen += 1
    assert seen >= 60


logs = st.floats(-0.7, 0.7)
times, vols = st.floats(0.003, 3.0), st.floats(0.05, 1.0)
rates, yields = st.floats(-0.01, 0.1), st.floats(0.0, 0.1)


@settings(max_examples=100, deadline=None)
@given(logs, times, vols, rates, yields, st.booleans())
def test_bounds_symmetry_and_scale(
    log_spot: float, time: float, vol: float, rate: float, dividend: float, is_call: bool
) -> None:
    spot = float(np.exp(log_spot))
    value = american.price(spot, 1.0, time, vol, rate, dividend, is_call)
    assert value >= european.price(spot, 1.0, time, vol, rate, dividend, is_call) - 1e-12
    assert value >= max(spot - 1.0 if is_call else 1.0 - spot, 0.0)
    assert value <= (max(1.0, np.exp(-dividend * time)) * spot if is_call else max(1.0, np.exp(-rate * time)))
    mirrored = american.price(1.0, spot, time, vol, dividend, rate, not is_call)
    assert value == pytest.approx(mirrored, abs=1e-12)
    assert 300.0 * value == pytest.approx(american.price(300.0 * spot, 300.0, time, vol, rate, dividend, is_call))


@settings(max_examples=40, deadline=None)
@given(times, vols, rates, yields, st.booleans())
def test_monotone_and_convex(time: float, vol: float, rate: float, dividend: float, is_call: bool) -> None:
    spot = np.linspace(0.4, 2.2, 61)
    value = american.price(spot, 1.0, time, vol, rate, dividend, is_call)
    steps = np.diff(value) if is_call else -np.diff(value)
    assert steps.min() >= -1e-10
    assert np.diff(value, 2).min() >= -1e-9
    for later in (american.price(spot, 1.0, 1.1 * time, vol, rate, dividend, is_call),
                  american.price(spot, 1.0, time, vol + 0.02, rate, dividend, is_call)):  # fmt: skip
        assert (later - value).min() >= -1e-9


def test_never_exercised_is_european() -> None:
    for rate, dividend, is_call in ((0.05, 0.0, True), (0.0, 0.0, False), (-0.02, 0.03, False), (0.02, -0.01, True)):
        found = american.price(100.0, 95.0, 1.3, 0.3, rate, dividend, is_call)
        assert found == pytest.approx(european.price(100.0, 95.0, 1.3, 0.3, rate, dividend, is_call), rel=1e-14)


def test_seconds_to_expiry_at_next_to_no_rate() -> None:
    rows = (np.array([0.99, 1.0, 1.01]), 1.0, 3e-7, 0.2, 2e-8, 0.02, False)
    sheet = american.greeks(*rows)
    assert np.isfinite([getattr(sheet, name) for name in european.GREEK_NAMES]).all()
    assert american.price(*rows) == pytest.approx(european.price(*rows), abs=1e-8)
    assert sheet.price == pytest.approx(american.price(*rows), abs=1e-14)


def test_without_vol_the_best_moment_is_known() -> None:
    # Exercise where K r e^(-r t) = S q e^(-q t): the put's spot falls at 10% a year, the strike costs 2%.
    stop = np.log(1.2 * 0.1 / 0.02 * 0.2) / 0.08
    for vol in (0.0, 1e-9, 1e-6):
        assert american.price(120.0, 100.0, 5.0, vol, 0.02, 0.1, False) == pytest.approx(
            max(100.0 * np.exp(-0.02 * t) - 120.0 * np.exp(-0.1 * t) for t in (0.0, stop, 5.0)), abs=1e-7
        )
    assert american.price(90.0, 100.0, 5.0, 0.0, 0.05, 0.01, False) == 10.0


def test_zeros_are_limits() -> None:
    assert american.price(100.0, 90.0, 0.0, 0.2, 0.05, 0.02, True) == 10.0
    assert american.price(0.0, 90.0, 2.0, 0.2, 0.05, 0.02, False) == 90.0
    assert american.price(0.0, 90.0, 2.0, 0.2, -0.05, 0.02, False) == pytest.approx(90.0 * np.exp(0.1))
    assert american.price(0.0, 90.0, 2.0, 0.2, 0.05, 0.02, True) == 0.0
    assert american.price(100.0, 0.0, 2.0, 0.2, 0.05, 0.02, True) == 100.0
    assert american.price(100.0, 0.0, 2.0, 0.2, 0.05, 0.02, False) == 0.0


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("axis", range(4))
def test_bad_input_is_nan_in_its_place_only(bad: float, axis: int) -> None:
    columns = [np.full(3, value) for value in (100.0, 100.0, 1.0, 0.2)]
    good = american.price(*[*columns, 0.03, 0.01, False])
    columns[axis][1] = bad
    found = american.price(*[*columns, 0.03, 0.01, False])
    assert np.isnan(found[1])
    assert found[[0, 2]].tolist() == good[[0, 2]].tolist()


def test_shapes() -> None:
    assert american.price(np.empty((0, 3)), 100.0, 1.0, 0.2, 0.03, 0.01, False).shape == (0, 3)
    grid = american.price(np.linspace(80, 120, 5)[:, None], np.float32(100), 1, [0.2, 0.3], 0.03, 0.01, False)
    assert grid.shape == (5, 2)
    assert grid[3, 1] == american.price(110.0, 100.0, 1.0, 0.3, 0.03, 0.01, False)
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)|shape"):
        american.price([90.0, 100.0], [90.0, 100.0, 110.0], 1.0, 0.2, 0.03, 0.01, False)


def random_rows(size: int, seed: int) -> list[Any]:
    """The plane that the accuracy is stated for: spot, strike 1, time, vol, rate, yield, right."""
    chance = np.random.default_rng(seed)
    spot = np.exp(chance.uniform(np.log(0.5), np.log(2.0), size))
    return [spot, 1.0, chance.uniform(1 / 365, 3.0, size), chance.uniform(0.05, 1.0, size),
            chance.uniform(-0.01, 0.1, size), chance.uniform(0.0, 0.1, size), chance.random(size) < 0.5]  # fmt: skip


def test_the_tiers_agree() -> None:
    rows = random_rows(1000, 11)
    fast = american.price(*rows, accuracy=american.Accuracy.FAST)
    assert np.abs(fast - american.price(*rows)).max() < 1e-8


def test_four_threads_give_the_same_answers() -> None:
    rows = random_rows(300, 12)
    alone = american.price(*rows)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: american.price(*rows), range(8)):
            assert found.tolist() == alone.tolist()


def lattice(spot: Any, strike: float, time: float, vol: float, rate: float, dividend: float, steps: int) -> float:
    """A put on Leisen & Reimer's (1996) tree: an independent way to the value."""
    root = vol * np.sqrt(time)
    d1 = (np.log(spot / strike) + (rate - dividend) * time) / root + 0.5 * root

    def invert(z: float) -> float:
        inside = 0.25 - 0.25 * np.exp(-((z / (steps + 1 / 3 + 0.1 / (steps + 1))) ** 2) * (steps + 1 / 6))
        return float(0.5 + np.sign(z) * np.sqrt(inside))

    up_share, p = invert(d1), invert(d1 - root)
    dt = time / steps
    growth = np.exp((rate - dividend) * dt)
    up, down = growth * up_share / p, growth * (1 - up_share) / (1 - p)
    nodes = spot * up ** np.arange(steps, -1.0, -1.0) * down ** np.arange(0.0, steps + 1.0)
    value = np.maximum(strike - nodes, 0.0)
    for left in range(steps - 1, -1, -1):
        nodes = nodes[: left + 1] / up
        value = np.maximum(np.exp(-rate * dt) * (p * value[:-1] + (1 - p) * value[1:]), strike - nodes)
    return float(value[0])


def test_a_lattice_agrees() -> None:
    rows = random_rows(25, 13)
    for spot, time, vol, rate, dividend in zip(rows[0], *rows[2:6], strict=True):
        found = american.price(spot, 1.0, time, vol, rate, dividend, False)
        coarse, fine = (lattice(spot, 1.0, time, vol, rate, dividend, steps) for steps in (401, 801))
        assert found == pytest.approx(2 * fine - coarse, abs=4e-5)


def test_two_boundaries() -> None:
    """Below zero, with the yield under the rate, a put is exercised between two boundaries, which may meet and end."""
    fast = american.Accuracy.FAST
    for vol, time, rate, dividend in ((0.08, 2.0, -0.01, -0.04), (0.3, 3.0, -0.02, -0.1)):
        spot = np.array([0.2, 0.95])
        found = american.price(spot, 1.0, time, vol, rate, dividend, False, accuracy=fast)
        for value, at in zip(found, spot, strict=True):
            coarse, fine = (lattice(at, 1.0, time, vol, rate, dividend, steps) for steps in (401, 801))
            assert value == pytest.approx(2 * fine - coarse, abs=4e-5)
    value = american.price(1.0, 0.95, 2.0, 0.08, -0.04, -0.01, True, accuracy=fast)
    assert value == pytest.approx(american.price(0.95, 1.0, 2.0, 0.08, -0.01, -0.04, False, accuracy=fast), abs=1e-9)
    # Far below, to be paid K later is worth more than K now; between the boundaries it is not.
    low, middle = american.price([0.05, 0.7], 1.0, 1.0, 0.1, -0.01, -0.04, False, accuracy=fast)
    assert low > 0.95 + 1e-4
    assert middle == pytest.approx(0.3, abs=1e-9)
    assert american.greeks(0.7, 1.0, 1.0, 0.1, -0.01, -0.04, False, accuracy=fast).delta == pytest.approx(-1.0)


@pytest.mark.parametrize("vol", [1e-14, 1e-12, 1e-10, 1e-9, 1e-8])
def test_next_to_no_vol_is_the_certain_path(vol: float) -> None:
    strike = np.array([95.0, 100.0, 105.0])[:, None, None]
    rate, dividend_yield = np.array([[0.03, 0.01], [0.01, 0.03], [0.03, 0.0], [0.0, 0.03]]).T[:, :, None]
    arguments = (rate, dividend_yield, np.array([True, False]))
    certain = american.price(100.0, strike, 1.0, 0.0, *arguments)
    assert american.price(100.0, strike, 1.0, vol, *arguments) == pytest.approx(certain, abs=1e-7)
