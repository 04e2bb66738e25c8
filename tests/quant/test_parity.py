"""Forwards and discounts from put-call parity: known ones come back, bad quotes are named, real chains agree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.quant import european, parity
from terminal.quant.parity import ParityStatus, Refusal
from tests.quant import real_chains

SPOT = 100.0


def quotes(
    time: float, rate: float, dividend: float, *, strikes: Any = None, noise: float = 0.0, seed: int = 7
) -> dict[str, Any]:
    """A chain of 41 strikes with a smile; middles off by up to ``noise`` half-spreads."""
    random = np.random.default_rng(seed)
    rows = np.linspace(80.0, 120.0, 41) if strikes is None else np.asarray(strikes)
    strike, is_call = np.repeat(rows, 2), np.tile([True, False], len(rows))
    vol = 0.25 - 0.2 * np.log(np.abs(strike) / SPOT)
    price = european.price(SPOT, strike, time, vol, rate, dividend, is_call)
    half = 0.02 + 0.01 * price
    middle = price + noise * half * random.uniform(-1.0, 1.0, len(price))
    bid = np.maximum(middle - half, 0.0)
    return {"strike": strike, "is_call": is_call, "bid": bid, "ask": np.maximum(middle + half, 0.01), "time": time}


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-4, 3.0), st.floats(-0.02, 0.1), st.floats(0.0, 0.1), st.integers(0, 1000))
def test_the_forward_comes_back_within_its_error(time: float, rate: float, dividend: float, seed: int) -> None:
    chain = quotes(time, rate, dividend, noise=0.5, seed=seed)
    found = parity.implied_forward(**chain, spot=SPOT, rate=rate, rate_error=0.02)
    assert found.status in {ParityStatus.SOLVED, ParityStatus.DISCOUNT_ASSUMED}
    forward = SPOT * np.exp((rate - dividend) * time)
    assert abs(found.forward - forward) <= 5.0 * found.forward_error
    assert found.forward_error < 0.15
    assert abs(found.discount - np.exp(-rate * time)) <= 5.0 * found.discount_error
    assert found.dividend_cash == pytest.approx(SPOT - found.forward * found.discount, abs=1e-12)


def test_exact_quotes_give_the_exact_line() -> None:
    chain = quotes(0.5, 0.04, 0.015, strikes=np.linspace(90.0, 115.0, 26))
    found = parity.implied_forward(**chain, spot=SPOT, rate=0.04, rate_error=0.0)
    assert found.forward == pytest.approx(SPOT * np.exp(0.0125), rel=1e-12)
    assert found.discount == pytest.approx(np.exp(-0.02), rel=1e-15)
    assert found.dividend_yield == pytest.approx(0.015, abs=1e-11)
    assert found.forward_low < found.forward < found.forward_high
    # Without knowing the rate the same, up to the little that the expected one weighs.
    alone = parity.implied_forward(**quotes(2.0, 0.07, 0.015))
    assert alone.status is ParityStatus.SOLVED
    assert alone.rate == pytest.approx(0.07, abs=2e-4)
    assert alone.forward == pytest.approx(SPOT * np.exp(0.11), rel=2e-5)
    assert np.isnan(alone.dividend_yield)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 81), st.sampled_from(["far", "zero", "crossed", "nan", "inf", "minus", "old"])),
        max_size=16,
    ),
    st.floats(0.3, 2.0),  # every option of the chain has a bid then
)
def test_bad_quotes_are_refused_and_named(bad: list[tuple[int, str]], time: float) -> None:
    chain = quotes(time, 0.03, 0.01, noise=0.2)
    ages = np.zeros(82)
    expected = {"zero": Refusal.ZERO_BID, "crossed": Refusal.CROSSED, "nan": Refusal.MISSING, "inf": Refusal.MISSING,
                "minus": Refusal.MISSING, "old": Refusal.STALE, "far": Refusal.OFF_PARITY}  # fmt: skip
    last = dict(bad)
    for row, kind in last.items():
        bid, ask = chain["bid"], chain["ask"]
        match kind:
            case "far":
                bid[row], ask[row] = bid[row] + 15.0, ask[row] + 15.0
            case "zero":
                bid[row] = 0.0
            case "crossed":
                bid[row] = ask[row] + 0.01
            case "nan":
                ask[row] = np.nan
            case "inf":
                ask[row] = np.inf
            case "minus":
                bid[row] = -1.0
            case "old":
                ages[row] = 100.0
    found = parity.implied_forward(**chain, spot=SPOT, rate=0.03, rate_error=0.01, age=ages, longest_age=60.0)
    assert found.forward == pytest.approx(SPOT * np.exp(0.02 * time), abs=0.05)
    for row, kind in last.items():
        partner = last.get(row ^ 1)
        if kind != "far":
            assert found.refusals[row] == expected[kind]
        elif partner is None:
            assert found.refusals[row] == found.refusals[row ^ 1] == Refusal.OFF_PARITY
        else:
            # Both legs too high by as much leave their difference right.
            assert found.refusals[row] != Refusal.USED or partner == "far"
    assert sum(found.refused().values()) == np.count_nonzero(found.refusals)


def test_other_reasons() -> None:
    chain = quotes(0.5, 0.03, 0.0, strikes=[95.0, 100.0, 105.0, 100.0, 300.0, -5.0])
    chain["bid"][0] = np.nan
    chain["bid"][8:], chain["ask"][8:] = 1.0, 2.0
    found = parity.implied_forward(**chain, spot=SPOT)
    named = [Refusal(code) for code in found.refusals]
    assert named == [
        Refusal.MISSING, Refusal.NO_PARTNER, *[Refusal.USED] * 4, Refusal.DUPLICATE, Refusal.DUPLICATE,
        Refusal.FAR, Refusal.FAR, Refusal.BAD_STRIKE, Refusal.BAD_STRIKE,
    ]  # fmt: skip
    assert found.pairs == 2


def test_what_cannot_be_solved_is_nan_with_a_status() -> None:
    chain = quotes(0.5, 0.03, 0.0)
    nothing = parity.implied_forward([], [], [], [], 0.5)
    assert (nothing.status, nothing.pairs) == (ParityStatus.NO_PAIRS, 0)
    assert np.isnan(nothing.forward)
    assert parity.implied_forward(**{**chain, "time": -1.0}).status is ParityStatus.BAD_INPUT
    assert parity.implied_forward(**{**chain, "time": np.nan}).status is ParityStatus.BAD_INPUT
    assert parity.implied_forward(**chain, rate=np.inf).status is ParityStatus.BAD_INPUT
    random = np.random.default_rng(3)
    wild = random.uniform(0.0, 200.0, 82)
    mad = parity.implied_forward(**{**chain, "bid": wild, "ask": wild + 0.01}, spot=SPOT)
    assert mad.status is ParityStatus.CONTRADICTORY
    assert np.isnan(mad.forward)
    one_side = parity.implied_forward(100.0, True, 4.0, 4.2, 0.5)
    assert one_side.status is ParityStatus.NO_PAIRS
    with pytest.raises(ValueError, match="shape"):
        parity.implied_forward(np.ones(3), np.ones(2, bool), 1.0, 2.0, 0.5)


def test_one_pair_gives_a_forward_at_the_assumed_discount() -> None:
    found = parity.implied_forward([100.0, 100.0], [True, False], [4.0, 3.0], [4.2, 3.2], 0.5, rate=0.03)
    assert found.status is ParityStatus.DISCOUNT_ASSUMED
    assert found.forward == pytest.approx(100.0 + 1.0 / np.exp(-0.015))
    assert found.discount == pytest.approx(np.exp(-0.015))
    assert (found.forward_low, found.forward_high) == pytest.approx(
        (100.0 + 0.8 / np.exp(-0.015), 100.0 + 1.2 / np.exp(-0.015))
    )


def test_at_expiry_the_discount_is_one() -> None:
    found = parity.implied_forward([100.0, 100.0], [True, False], [0.99, 0.01], [1.01, 0.03], 0.0, spot=101.0)
    assert found.discount == 1.0
    assert found.forward == pytest.approx(100.98)


def test_the_error_is_honest() -> None:
    misses = []
    for seed in range(300):
        found = parity.implied_forward(**quotes(1.0, 0.03, 0.01, noise=0.6, seed=seed), spot=SPOT)
        misses.append((found.forward - SPOT * np.exp(0.02)) / found.forward_error)
    assert abs(np.mean(misses)) < 0.25
    assert 0.7 < np.std(misses) < 1.4


@pytest.mark.parametrize(("spot", "tick"), [(100.0, 0.01), (100.0, 0.05), (5000.0, 0.01), (5000.0, 0.05)])
def test_locked_quotes_are_as_exact_as_their_tick(spot: float, tick: float) -> None:
    """Settlement prices have no spread, and yet are rounded."""
    strike, is_call = np.repeat(np.arange(0.8, 1.21, 0.025) * spot, 2), np.tile([True, False], 17)
    price = np.rint(european.price(spot, strike, 0.25, 0.2, 0.04, 0.01, is_call) / tick) * tick
    found = parity.implied_forward(strike, is_call, price, price, 0.25, spot=spot)
    assert found.status == ParityStatus.SOLVED
    assert Refusal.OFF_PARITY not in found.refused()
    assert abs(found.forward - spot * np.exp(0.0075)) <= 4.0 * found.forward_error
    assert found.forward_error < tick


def test_expiries_share_what_they_know_of_the_rate() -> None:
    chains = [quotes(time, 0.045, 0.01, noise=0.3, seed=3) for time in (0.02, 0.25, 1.0, 2.0)]
    columns: dict[str, Any] = {
        name: np.concatenate([np.broadcast_to(each[name], 82) for each in chains]) for name in chains[0]
    }
    fits = parity.term_structure(expiry=columns["time"], **columns, spot=SPOT)
    assert [each.time for each in fits] == [0.02, 0.25, 1.0, 2.0]
    for each in fits:
        assert each.rate == pytest.approx(0.045, abs=0.005)
        assert each.forward == pytest.approx(SPOT * np.exp(0.035 * each.time), abs=0.03)
    assert fits[0].status is ParityStatus.DISCOUNT_ASSUMED
    assert fits[3].status is ParityStatus.SOLVED


def test_four_threads_find_the_same() -> None:
    chain = quotes(1.0, 0.03, 0.01, noise=0.5)

    def forwards(is_american: bool) -> list[float]:
        return [parity.implied_forward(**chain, spot=SPOT, is_american=is_american).forward for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        for is_american in (False, True):
            alone = forwards(is_american)
            assert all(each == alone for each in pool.map(forwards, [is_american] * 4))


def test_spx_parity_holds_within_the_spread_and_roots_agree(shared_data: Path) -> None:
    for hour in (10, 11, 12, 14, 15):
        chain = real_chains.spx(shared_data, hour)
        settles = 2 * chain.expires_ns + chain.is_am
        fits = parity.term_structure(
            settles, chain.time, chain.strike, chain.is_call, chain.bid, chain.ask,
            spot=chain.underlying_mid, rate=0.001, rate_error=0.002,
        )  # fmt: skip
        assert len(fits) == 4
        for each in fits:
            assert each.pairs >= 1
            assert each.forward_low <= each.forward <= each.forward_high
            # Within a fortnight neither rates below 1% nor dividends of 2% a year move a forward by 0.1%.
            assert each.forward == pytest.approx(chain.underlying_mid, rel=1e-3)
        same_day = fits[0]
        assert same_day.time < 7 / 24 / 365
        assert same_day.forward == pytest.approx(chain.underlying_mid, abs=1.0)
        # The AM root of 01-15 and the PM root of 01-08 are a week apart.
        morning, evening = fits[3], fits[2]
        assert (
            abs(morning.forward - evening.forward) < 3.0 * np.hypot(morning.forward_error, evening.forward_error) + 1.0
        )


def test_goog_forwards_lie_on_one_curve(shared_data: Path) -> None:
    chain = real_chains.goog(shared_data)
    fits = parity.term_structure(
        chain.expires_ns, chain.time, chain.strike, chain.is_call, chain.bid, chain.ask,
        spot=chain.underlying_mid, window=0.1,
    )  # fmt: skip
    assert len(fits) == 12
    for each in fits:
        assert each.forward_low <= each.forward <= each.forward_high
        # GOOG paid no dividend: what is left is within the error of the quotes (and of the early exercise of puts).
        assert abs(each.dividend_cash) < 1.5
        assert 0.0 < each.rate < 0.03
