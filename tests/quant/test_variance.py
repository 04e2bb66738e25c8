"""The index of the white papers, step by step, and the limits that its formula must have."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.clock import CHICAGO, at_ns
from terminal.quant import european, expiry_time, variance
from terminal.quant.variance import Strip

Board = tuple[Any, Any, Any, Any, Any]


@pytest.fixture(scope="module")
def cases(shared_reference: Path) -> dict[str, dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((shared_reference / "vix.json").read_text())
    assert len(loaded) == 5
    return {case["id"]: case for case in loaded}


def test_reference_strip(cases: dict[str, dict[str, Any]]) -> None:
    case = cases["vix-next-strip"]
    inputs, expected, tol = case["inputs"], case["expected"], case["tol"]
    strikes = np.array([row[0] for row in inputs["strip"]])
    prices = np.array([row[2] for row in inputs["strip"]])
    assert variance.widths(strikes).tolist() == expected["delta_K"]
    strip = Strip(inputs["F"], inputs["K0"], strikes, prices, variance.widths(strikes))
    assert len(strip.strikes) == expected["n_strikes"]
    assert abs(np.exp(inputs["R"] * inputs["T"]) * strip.total - expected["sum"]) <= tol["abs_sum"]
    assert abs(strip.variance(inputs["T"], inputs["R"]) - expected["variance"]) <= tol["abs"]
    scaled = 2.0 / inputs["T"] * np.exp(inputs["R"] * inputs["T"]) * strip.total
    assert scaled == pytest.approx(expected["scaled_sum"], abs=5e-7)
    assert (strip.forward / strip.at - 1.0) ** 2 / inputs["T"] == pytest.approx(expected["taylor"], abs=5e-9)


def test_reference_index(cases: dict[str, dict[str, Any]]) -> None:
    case = cases["vix-index"]
    inputs = case["inputs"]
    assert (inputs["N30"], inputs["N365"]) == (variance.MINUTES_30_DAYS, variance.MINUTES_365_DAYS)
    found = variance.interpolate_30d(inputs["near_variance"], inputs["N_T1"], inputs["next_variance"], inputs["N_T2"])
    assert isinstance(found, float)
    assert abs(found - case["expected"]) <= case["tol"]["abs"]


def test_reference_selection(cases: dict[str, dict[str, Any]]) -> None:
    case = cases["vix-selection"]
    rows = case["inputs"]["quotes"]
    puts = [row for row in rows if row[1] == "put"][::-1]
    calls = [row for row in rows if row[1] == "call"]
    included = []
    for side in (puts, calls):
        used = variance.used_outwards([row[2] > 0.0 for row in side])
        included += [row[0] for row, is_used in zip(side, used, strict=True) if is_used]
    assert sorted(included) == case["expected"]["included"]


def test_reference_minutes(cases: dict[str, dict[str, Any]]) -> None:
    case = cases["vix-minutes"]
    # SPX of the third Friday of October 2014 settles at 08:30 Chicago; 25 days before it is 09:46.
    now_ns = at_ns(date(2014, 9, 22), 9, 46, zone=CHICAGO)
    settles_ns = expiry_time.expiry_ns(date(2014, 10, 17), True)
    assert expiry_time.seconds_to(settles_ns, now_ns) / 60.0 == case["expected"]["N_T1"]
    assert abs(expiry_time.years_to(settles_ns, now_ns) - case["expected"]["T1"]) <= case["tol"]["abs"]


def test_reference_board_of_2009(cases: dict[str, dict[str, Any]]) -> None:
    case = cases["vix-2009-paper"]
    inputs, expected, tol = case["inputs"], case["expected"], case["tol"]
    found, minutes = [], []
    for place, name in enumerate(("near", "next")):
        board = inputs[name]
        quotes = np.array(board["quotes"]).T
        mixed: Board = tuple(quotes[:, np.random.default_rng(1).permutation(quotes.shape[1])])
        found.append(variance.vix_style(*mixed, time=board["T"], rate=board["R"]))
        assert found[-1] == pytest.approx(expected["variance"][place], rel=tol["rel"])
        strip = variance.select(*mixed, time=board["T"], rate=board["R"])
        assert strip is not None
        assert strip.forward == pytest.approx(expected["F"][place], rel=tol["rel"])
        assert strip.at == expected["K0"][place]
        assert len(strip.strikes) == expected["n_strikes"][place]
        minutes.append(board["T"] * variance.MINUTES_365_DAYS)
    index = variance.interpolate_30d(found[0], minutes[0], found[1], minutes[1])
    assert index == pytest.approx(expected["vix"], rel=tol["rel"])
    assert abs(index - expected["published_vix"]) <= tol["abs_published"]


def board(vol: float, time: float, rate: float, *, step: float = 1.0) -> Board:
    strikes = np.arange(10.0, 600.0, step)
    sides = [european.price(100.0, strikes, time, vol, rate, 0.0, side) for side in (True, False)]
    # What is worth less than a thousandth of a cent has no bid.
    bids = [np.where(side > 1e-5, side, 0.0) for side in sides]
    return strikes, bids[0], sides[0], bids[1], sides[1]


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 0.6), st.floats(0.05, 1.0), st.floats(-0.02, 0.08))
def test_flat_volatility_comes_back(vol: float, time: float, rate: float) -> None:
    found = variance.vix_style(*board(vol, time, rate, step=0.25), time=time, rate=rate)
    assert found == pytest.approx(vol * vol, rel=3e-3)


def test_two_expiries_of_the_same_volatility_are_that_volatility() -> None:
    variances = [
        variance.vix_style(*board(0.2, days / 365, 0.01, step=0.25), time=days / 365, rate=0.01) for days in (23, 37)
    ]
    assert variance.interpolate_30d(variances[0], 23 * 1440, variances[1], 37 * 1440) == pytest.approx(20.0, rel=2e-3)
    many = variance.interpolate_30d([0.04, 0.09, np.nan], 20_000, [0.04, 0.09, 0.04], 50_000)
    assert many[:2] == pytest.approx([20.0, 30.0])
    assert np.isnan(many[2])
    assert np.isnan(variance.interpolate_30d(0.04, 20_000, 0.04, 20_000))


def test_boards_without_an_answer_are_nan() -> None:
    strikes, call_bid, call_ask, put_bid, put_ask = board(0.2, 0.1, 0.0)
    none = np.zeros_like(strikes)
    assert np.isnan(variance.vix_style(strikes, none, call_ask, none, put_ask, 0.1, 0.0))
    assert np.isnan(variance.vix_style([], [], [], [], [], 0.1, 0.0))
    assert np.isnan(variance.vix_style(100.0, 1.0, 1.1, 1.0, 1.1, 0.1, 0.0))
    for time, rate in ((0.0, 0.0), (-0.1, 0.0), (np.nan, 0.0), (0.1, np.nan), (np.inf, 0.0)):
        assert np.isnan(variance.vix_style(strikes, call_bid, call_ask, put_bid, put_ask, time, rate))
    with pytest.raises(ValueError, match="shape"):
        variance.vix_style(strikes, call_bid[1:], call_ask, put_bid, put_ask, 0.1, 0.0)


def test_a_bad_quote_counts_as_one_without_a_bid() -> None:
    strikes, call_bid, call_ask, put_bid, put_ask = board(0.3, 0.25, 0.02)
    whole = variance.select(strikes, call_bid, call_ask, put_bid, put_ask, 0.25, 0.02)
    assert whole is not None
    for bad_bid, bad_ask in ((np.nan, 1.0), (1.0, np.nan), (-1.0, 1.0), (3.0, 2.0), (np.inf, np.inf)):
        bid, ask = put_bid.copy(), put_ask.copy()
        bid[70], ask[70] = bad_bid, bad_ask
        found = variance.select(strikes, call_bid, call_ask, bid, ask, 0.25, 0.02)
        assert found is not None
        assert set(whole.strikes) - set(found.strikes) == {strikes[70]}
        assert found.forward == whole.forward


ANYTHING = st.one_of(st.floats(0.0, 50.0), st.floats(), st.sampled_from([0.0, np.nan, np.inf, -1.0, 1e300]))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(*[ANYTHING] * 5), max_size=10), ANYTHING, ANYTHING)
def test_nothing_that_a_board_holds_raises(rows: list[tuple[float, ...]], time: float, rate: float) -> None:
    strikes, call_bid, call_ask, put_bid, put_ask = ([row[place] for row in rows] for place in range(5))
    found = variance.vix_style(strikes, call_bid, call_ask, put_bid, put_ask, time, rate)
    assert isinstance(found, float)
    assert not np.isinf(found)
    assert isinstance(variance.interpolate_30d(found, time, found, rate), float)
