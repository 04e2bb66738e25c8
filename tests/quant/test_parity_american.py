"""Parity of American quotes: early exercise is found out and taken off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.quant import american, american_dividends, parity
from terminal.quant.parity import ParityStatus, Refusal
from tests.quant import real_chains

SPOT = 100.0


def quotes(time: float, rate: float, dividend_yield: float, *, noise: float = 0.0, seed: int = 3) -> dict[str, Any]:
    """41 strikes with a smile, at American prices."""
    strike, is_call = np.repeat(np.linspace(80.0, 120.0, 41), 2), np.tile([True, False], 41)
    vol = 0.3 - 0.2 * np.log(strike / SPOT)
    price = american.price(SPOT, strike, time, vol, rate, dividend_yield, is_call)
    half = 0.02 + 0.01 * price
    middle = price + noise * half * np.random.default_rng(seed).uniform(-1.0, 1.0, len(price))
    return {"strike": strike, "is_call": is_call, "bid": middle - half, "ask": middle + half, "time": time}


@pytest.mark.parametrize(
    ("time", "rate", "dividend_yield"),
    [(0.1, 0.03, 0.0), (0.5, 0.03, 0.01), (1.0, 0.05, 0.0), (2.0, 0.05, 0.03), (1.0, 0.02, 0.06), (1.0, -0.005, 0.02)],
)
def test_the_forward_comes_back(time: float, rate: float, dividend_yield: float) -> None:
    chain = quotes(time, rate, dividend_yield)
    forward = SPOT * np.exp((rate - dividend_yield) * time)
    known = parity.implied_forward(**chain, spot=SPOT, rate=rate, rate_error=0.0, is_american=True, window=0.1)
    assert known.forward == pytest.approx(forward, abs=2e-4)
    assert known.dividend_yield == pytest.approx(dividend_yield, abs=1e-5)
    assert known.dividend_cash == pytest.approx(SPOT * -np.expm1(-dividend_yield * time), abs=3e-4)
    alone = parity.implied_forward(**chain, spot=SPOT, is_american=True, window=0.1)
    assert alone.forward == pytest.approx(forward, abs=1e-3)
    assert alone.discount == pytest.approx(np.exp(-rate * time), abs=1e-4)
    blind = parity.implied_forward(**chain, spot=SPOT, rate=rate, rate_error=0.0, window=0.1)
    assert abs(blind.forward - forward) > 50.0 * abs(known.forward - forward)


@pytest.mark.parametrize(
    ("time", "ex_times", "cash", "rate"),
    [(0.25, [0.2], 1.0, 0.03), (0.25, [0.2], 1.0, 0.0), (1.0, [0.1, 0.35, 0.6, 0.85], 0.6, 0.04)],
)
def test_cash_dividends_come_back(time: float, ex_times: list[float], cash: float, rate: float) -> None:
    strike, is_call = np.repeat(np.linspace(85.0, 115.0, 31), 2), np.tile([True, False], 31)
    vol = 0.3 - 0.2 * np.log(strike / SPOT)
    price = american_dividends.price(SPOT, strike, time, vol, rate, 0.0, is_call, [(each, cash) for each in ex_times])
    half = 0.02 + 0.01 * price
    chain: dict[str, Any] = {
        "strike": strike, "is_call": is_call, "bid": price - half, "ask": price + half, "time": time, "spot": SPOT,
        "rate": rate, "rate_error": 0.0, "is_american": True, "window": 0.1,
    }  # fmt: skip
    paid = sum(cash * np.exp(-rate * each) for each in ex_times)
    # Ex times after the expiry pay nothing here.
    found = parity.implied_forward(**chain, ex_times=[*ex_times, 2.0])
    assert found.dividend_cash == pytest.approx(paid, abs=2e-3)
    # Taken as a yield, an early exercise just before the ex time is not worth what it is.
    spread = parity.implied_forward(**chain)
    assert abs(spread.dividend_cash - paid) > 5.0 * abs(found.dividend_cash - paid)


def test_noise_stays_within_the_stated_error() -> None:
    misses = []
    for seed in range(20):
        found = parity.implied_forward(
            **quotes(0.75, 0.04, 0.01, noise=0.5, seed=seed), spot=SPOT, is_american=True, window=0.15
        )
        assert found.forward_low < found.forward_high
        misses.append((found.forward - SPOT * np.exp(0.0225)) / found.forward_error)
    assert abs(np.mean(misses)) < 0.8
    assert np.max(np.abs(misses)) < 4.0


def test_bad_quotes_are_refused() -> None:
    chain = quotes(0.5, 0.03, 0.01)
    chain["bid"][40] += 6.0
    chain["ask"][40] += 6.0
    chain["bid"][43] = np.nan
    chain["bid"][39] += 60.0
    chain["ask"][39] += 60.0
    found = parity.implied_forward(**chain, spot=SPOT, is_american=True, window=0.15)
    assert found.refusals[[40, 41, 42, 43]].tolist() == [
        Refusal.OFF_PARITY, Refusal.OFF_PARITY, Refusal.NO_PARTNER, Refusal.MISSING,
    ]  # fmt: skip
    assert found.refusals[39] in {Refusal.OFF_PARITY, Refusal.EXERCISED}
    assert found.forward == pytest.approx(SPOT * np.exp(0.01), abs=2e-3)


def test_pairs_that_only_tell_their_exercise_are_left_out() -> None:
    found = parity.implied_forward(**quotes(0.25, 0.10, 0.0), spot=SPOT, rate=0.1, rate_error=0.0, is_american=True)
    named = found.refused()
    assert named[Refusal.EXERCISED] >= 2
    assert found.forward == pytest.approx(SPOT * np.exp(0.025), abs=2e-3)
    # A call dearer than its share stands for no forward.
    dead = parity.implied_forward(
        [100.0] * 2, [True, False], [110.0, 5.0], [111.0, 5.2], 0.5, spot=SPOT, is_american=True
    )
    assert dead.status is ParityStatus.CONTRADICTORY
    assert np.isnan(dead.forward)


def test_without_a_spot_there_is_no_answer() -> None:
    found = parity.implied_forward(**quotes(0.5, 0.03, 0.0), is_american=True)
    assert found.status is ParityStatus.NO_SPOT
    assert np.isnan(found.forward)
    at_once = parity.implied_forward(
        [100.0, 100.0], [True, False], [1.0, 0.01], [1.02, 0.03], 0.0, spot=101.0, is_american=True
    )
    assert at_once.forward == pytest.approx(100.99)


ANYTHING = st.one_of(st.floats(0.01, 200.0), st.floats(), st.sampled_from([0.0, -1.0, np.nan, np.inf, 1e300, 1e-300]))
QUOTE = st.tuples(st.one_of(st.sampled_from([90.0, 95.0, 100.0, 105.0]), ANYTHING), st.booleans(), ANYTHING, ANYTHING)


@settings(max_examples=200, deadline=None)
@given(st.lists(QUOTE, max_size=12), ANYTHING, ANYTHING, st.booleans(), st.lists(ANYTHING, max_size=2), ANYTHING)
def test_nothing_that_a_chain_holds_raises(
    rows: list[tuple[float, bool, float, float]],
    time: float,
    spot: float,
    is_american: bool,
    ex_times: list[float],
    rate_error: float,
) -> None:
    strike, is_call, bid, ask = ([row[place] for row in rows] for place in range(4))
    found = parity.implied_forward(
        strike, is_call, bid, ask, time, spot=spot, is_american=is_american, ex_times=ex_times, rate_error=rate_error
    )
    assert found.refusals.shape == (len(rows),)
    is_solved = found.status in {ParityStatus.SOLVED, ParityStatus.DISCOUNT_ASSUMED}
    assert is_solved == (found.forward > 0.0)
    assert 2 * found.pairs == (np.count_nonzero(found.refusals == Refusal.USED) if is_solved else 0)


def test_goog_forwards_rise_along_one_rate(shared_data: Path) -> None:
    chain = real_chains.goog(shared_data)
    fits = parity.term_structure(
        chain.expires_ns, chain.time, chain.strike, chain.is_call, chain.bid, chain.ask,
        spot=chain.underlying_mid, is_american=True, window=0.1,
    )  # fmt: skip
    assert len(fits) == 12
    raw = parity.term_structure(
        chain.expires_ns, chain.time, chain.strike, chain.is_call, chain.bid, chain.ask,
        spot=chain.underlying_mid, window=0.1,
    )  # fmt: skip
    for each, biased in zip(fits, raw, strict=True):
        assert each.forward_low <= each.forward <= each.forward_high
        assert 0.005 < each.rate < 0.016
        # No dividends: what is left is an error of the quotes or a cost of borrowing.
        assert abs(each.dividend_cash) < 0.01 * chain.underlying_mid
        assert each.forward > biased.forward - 0.05
    # Without its correction the early exercise of puts looks like a lower forward, a dollar of it after two years.
    assert fits[-1].forward > raw[-1].forward + 0.5


def test_aapl_pays_its_dividends(shared_data: Path) -> None:
    chain = real_chains.aapl(shared_data)
    # 3.29 went ex on 2014-08-07, 11-06, 2015-02-05, 05-07; a quarter later each time from then on.
    days = ["2014-08-07", "2014-11-06", "2015-02-05", "2015-05-07", "2015-08-06", "2015-11-05"]
    ex_times = (np.array(days, "datetime64[D]") - np.datetime64("2014-06-06")).astype(float) / 365.0
    fits = parity.term_structure(
        chain.expires_ns, chain.time, chain.strike, chain.is_call, chain.bid, chain.ask, spot=chain.underlying_mid,
        rate=0.003, rate_error=0.001, is_american=True, ex_times=ex_times, window=0.1,
    )  # fmt: skip
    cash = {round(each.time, 2): each.dividend_cash for each in fits}
    before = [value for time, value in cash.items() if time < 0.13]
    assert np.max(np.abs(before)) < 0.5
    assert cash[0.19] == pytest.approx(3.29, abs=0.5)
    assert cash[0.36] == pytest.approx(3.29, abs=1.5)
    assert cash[0.61] == pytest.approx(2 * 3.29, abs=2.5)
    assert cash[0.86] == pytest.approx(3 * 3.29, abs=2.0)
    assert cash[1.61] == pytest.approx(6 * 3.29, abs=2.5)
