"""A pass that goes on from the last one says what a pass says that knows nothing of before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.core.clock import NS_PER_S, at_ns
from terminal.core.instruments import Style
from terminal.core.money import PRICE_SCALE
from terminal.market.analytics.chain_pass import ChainPass
from terminal.market.analytics.chain_values import CarrySource, ChainValues, Spot, SpotSource
from terminal.market.rows import Rows
from terminal.quant import american
from tests.market.analytics import chains
from tests.market.analytics.chains import NOW_NS, RATE, SPOT

_TABLE, _STOCK, CONTRACTS = chains.listed()
VOL = chains.smile(CONTRACTS)
_CENT = PRICE_SCALE // 100

Change = tuple[int, int, int, int, int]
"""Seed of the contracts whose quotes change, share of them in per cent, cents, spot in cents, milliseconds."""
changes = st.lists(
    st.tuples(
        st.integers(0, 2**16), st.sampled_from([0, 1, 10, 100]), st.integers(-3, 3), st.integers(-20, 20),
        st.sampled_from([1, 100, 900, 3_000]),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


def _changed(rows: Rows, change: Change) -> None:
    seed, share, cents, _spot, _ms = change
    chance = np.random.default_rng(seed)
    told = (chance.random(len(rows)) * 100 < share) & (rows["bid_px"] > 5 * _CENT)
    for name in ("bid_px", "ask_px"):
        rows[name][told] += cents * _CENT


def _vols_by_themselves(found: ChainValues, prices: np.ndarray) -> np.ndarray:
    place = CONTRACTS.expiry_row
    vol, _ = american.implied_vol(
        prices, found.spot.price, CONTRACTS.strike, found.time[place], found.carry.rate[place],
        found.carry.carry_yield[place], CONTRACTS.is_call, accuracy=american.Accuracy.FAST,
    )  # fmt: skip
    return np.asarray(vol)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(changes)
def test_whatever_changes_vols_and_values_are_those_of_the_quotes(walk: list[Change]) -> None:
    rows = chains.quoted(chains.fair(CONTRACTS, VOL))
    work, now_ns, price = ChainPass(CONTRACTS, rate=RATE), NOW_NS, SPOT
    work.run(rows, chains.spot(), NOW_NS)
    for change in walk:
        _changed(rows, change)
        price += change[3] / 100
        now_ns += change[4] * 1_000_000
        found = work.run(rows, chains.spot(price), now_ns)
        place = CONTRACTS.expiry_row
        known = np.isfinite(found.values["value"])
        again = american.greeks(
            price, CONTRACTS.strike, found.time[place], found.values["vol"], found.carry.rate[place],
            found.carry.carry_yield[place], CONTRACTS.is_call, accuracy=american.Accuracy.FAST,
        )  # fmt: skip
        np.testing.assert_allclose(found.values["value"][known], again.price[known], atol=1e-4)
        np.testing.assert_allclose(found.values["delta"][known], again.delta[known], atol=1e-4)
        np.testing.assert_allclose(found.values["vega"][known], again.vega[known], atol=0.02)
        np.testing.assert_allclose(found.values["theta"][known], again.theta[known], atol=0.03)
        np.testing.assert_allclose(found.values["gamma"][known], again.gamma[known], atol=1e-4)
        for side, name in (("bid_vol", "bid_px"), ("ask_vol", "ask_px")):
            # Of what is worth its exercise to the last cent a price tells no vol to speak of.
            told = (rows[name] > 0) & (found.values["vega"] > 0.5) & np.isfinite(found.values[side])
            alone = _vols_by_themselves(found, rows[name] / PRICE_SCALE)
            told &= np.isfinite(alone) & (np.abs(alone - found.values["vol"]) < 0.1)
            np.testing.assert_allclose(found.values[side][told], alone[told], atol=1e-4)


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(changes)
def test_when_it_is_quiet_again_forwards_and_surface_are_those_of_a_first_pass(walk: list[Change]) -> None:
    rows = chains.quoted(chains.fair(CONTRACTS, VOL))
    work, now_ns, price = ChainPass(CONTRACTS, rate=RATE), NOW_NS, SPOT
    found = work.run(rows, chains.spot(), NOW_NS)
    for change in walk:
        _changed(rows, change)
        now_ns += change[4] * 1_000_000
        work.run(rows, chains.spot(price), now_ns)
    for _ in CONTRACTS.expiries:
        now_ns += NS_PER_S
        found = work.run(rows, chains.spot(price), now_ns)
    fresh = ChainPass(CONTRACTS, rate=RATE).run(rows, chains.spot(price), now_ns)
    both = (found.carry.source == CarrySource.PARITY) & (fresh.carry.source == CarrySource.PARITY)
    assert both.any()
    away = np.abs(found.forward - fresh.forward)[both]
    assert (away <= 0.3 * fresh.carry.forward_error[both] + 1e-3).all(), "a fifth of its error, and what it may turn by"
    near = (np.abs(np.log(CONTRACTS.strike / SPOT)) < 0.15) & both[CONTRACTS.expiry_row]
    difference = np.abs(found.values["value"] - fresh.values["value"])[near]
    assert np.nanmax(difference) <= 0.01, "half of the spread of these quotes"


def test_fits_are_made_anew_when_market_time_goes_back_or_jumps() -> None:
    dear = chains.quoted(chains.fair(CONTRACTS, VOL * 1.2))
    cheap = chains.quoted(chains.fair(CONTRACTS, VOL))
    for jump_ns in (-60 * NS_PER_S, 3_600 * NS_PER_S):
        work = ChainPass(CONTRACTS, rate=RATE)
        work.run(dear, chains.spot(), NOW_NS)
        found = work.run(cheap, chains.spot(), NOW_NS + jump_ns)
        fresh = ChainPass(CONTRACTS, rate=RATE).run(cheap, chains.spot(), NOW_NS + jump_ns)
        assert work.solved == CONTRACTS.count
        np.testing.assert_array_equal(found.forward, fresh.forward)
        np.testing.assert_array_equal(found.values["value"], fresh.values["value"])
        assert (found.carry.told_ns == NOW_NS + jump_ns).all()


def test_a_forward_says_when_it_was_told() -> None:
    rows = chains.quoted(chains.fair(CONTRACTS, VOL))
    work = ChainPass(CONTRACTS, rate=RATE)
    work.run(rows, chains.spot(), NOW_NS)
    later_ns = NOW_NS + 5 * NS_PER_S
    rows["ask_px"][CONTRACTS.expiries[1].rows] += 10
    found = work.run(rows, chains.spot(), later_ns)
    assert found.carry.told_ns.tolist() == [NOW_NS, later_ns, NOW_NS]


def test_an_index_that_nobody_quotes_is_valued_by_parity_and_says_so() -> None:
    _table, _stock, contracts = chains.listed(style=Style.EUROPEAN)
    rows = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
    nobody = Spot(float("nan"), 0, SpotSource.NONE)
    found = ChainPass(contracts, rate=RATE).run(rows, nobody, NOW_NS)
    assert found.spot.source is SpotSource.PARITY
    assert found.spot.price == pytest.approx(SPOT, rel=2e-3)
    np.testing.assert_allclose(found.forward, SPOT * np.exp((RATE - chains.CARRY) * found.time), rtol=1e-3)
    assert np.isfinite(found.values["value"]).all()
    american_chain = ChainPass(CONTRACTS, rate=RATE).run(chains.quoted(chains.fair(CONTRACTS, VOL)), nobody, NOW_NS)
    assert american_chain.spot.source is SpotSource.NONE, "early exercise cannot be told without a spot"
    assert np.isnan(american_chain.values["value"]).all()


@pytest.mark.parametrize(("style", "asked"), [(Style.EUROPEAN, 3), (Style.AMERICAN, 1)])
def test_european_expiries_are_asked_together_and_american_ones_in_turn(style: Style, asked: int) -> None:
    _table, _stock, contracts = chains.listed(style=style)
    rows = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
    work = ChainPass(contracts, rate=RATE)
    work.run(rows, chains.spot(), NOW_NS)
    rows["ask_px"] += 10
    later_ns = NOW_NS + 2 * NS_PER_S
    found = work.run(rows, chains.spot(), later_ns)
    assert np.count_nonzero(found.carry.told_ns == later_ns) == asked
    found = work.run(rows, chains.spot(), later_ns + NS_PER_S // 10)
    assert np.count_nonzero(found.carry.told_ns >= later_ns) == asked, "it is too soon"


def test_a_forward_told_beside_an_old_spot_goes_when_the_spot_catches_up() -> None:
    now_ns = at_ns(chains.DAY, 13)
    _table, _stock, contracts = chains.listed(
        style=Style.EUROPEAN, expiries=(chains.DAY, *chains.EXPIRIES), strikes=tuple(range(90, 111))
    )
    moved = SPOT + 0.3
    rows = chains.quoted(chains.fair(contracts, chains.smile(contracts, now_ns), now_ns, moved), 0.02, now_ns)
    work = ChainPass(contracts, rate=RATE)
    old = work.run(rows, chains.spot(SPOT), now_ns)
    assert old.spot_of_quotes(0) == pytest.approx(moved, abs=0.02), "today's quotes are of another moment than the spot"
    assert np.isnan(old.spot_of_quotes(1)), "of eleven days the difference may be a dividend"
    caught_up = work.run(rows, chains.spot(moved), now_ns + NS_PER_S // 10)
    assert caught_up.forward[0] == pytest.approx(moved, abs=0.02), "and not as far beyond it as it was before"
    assert np.isnan(caught_up.spot_of_quotes(0))
