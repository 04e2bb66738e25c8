"""A pass over a chain whose truth is known, and over chains that nobody can fit."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from terminal.core.clock import at_ns
from terminal.core.instruments import Style
from terminal.core.messages import Phase
from terminal.core.money import ABSENT_PX, PRICE_SCALE
from terminal.market.analytics.chain_pass import ChainPass, spot_of
from terminal.market.analytics.chain_values import CarrySource, Override, Spot, SpotSource, ValueStatus
from terminal.market.rows import QUOTE_ROW, Quality
from terminal.quant import american, american_dividends, european, expiry_time
from tests.market.analytics import chains
from tests.market.analytics.chains import CARRY, NOW_NS, RATE, SPOT

KNOWN_RATE = {"rate": RATE}


@pytest.mark.parametrize("style", [Style.AMERICAN, Style.EUROPEAN])
def test_the_truth_comes_back(style: Style) -> None:
    _table, _stock, contracts = chains.listed(style=style)
    vol = chains.smile(contracts)
    worth = chains.fair(contracts, vol)
    found = ChainPass(contracts, **KNOWN_RATE).run(chains.quoted(worth), chains.spot(), NOW_NS)
    assert found.surface is not None
    assert found.reason == ""
    assert (found.carry.source == CarrySource.PARITY).all()
    np.testing.assert_allclose(found.forward, SPOT * np.exp((RATE - CARRY) * found.time), rtol=2e-4)
    inside = worth > 0.05
    assert (found.values["status"] == ValueStatus.SURFACE).all()
    # Half a spread is 0.01: the value lies within the quote.
    np.testing.assert_allclose(found.values["value"][inside], worth[inside], atol=0.011)
    near = np.abs(np.log(contracts.strike / SPOT)) < 0.12
    np.testing.assert_allclose(found.values["vol"][near], vol[near], atol=4e-3)
    # A put whose exercise is worth as much as it is has no vol of its own.
    alive = near & (found.values["vega"] > 1.0)
    assert alive.sum() > 20
    np.testing.assert_allclose(found.values["mid_vol"][alive], vol[alive], atol=6e-3)
    bid, mid, ask = (found.values[name] for name in ("bid_vol", "mid_vol", "ask_vol"))
    both = np.isfinite(bid) & np.isfinite(ask)
    assert both.sum() > 50
    assert ((bid <= mid) & (mid <= ask))[both].all()


def test_greeks_are_those_of_the_value() -> None:
    _table, _stock, contracts = chains.listed()
    worth = chains.fair(contracts, chains.smile(contracts))
    found = ChainPass(contracts, **KNOWN_RATE).run(chains.quoted(worth), chains.spot(), NOW_NS)
    place = contracts.expiry_row
    expected = american.greeks(
        SPOT, contracts.strike, found.time[place], found.values["vol"], found.carry.rate[place],
        found.carry.carry_yield[place], contracts.is_call, accuracy=american.Accuracy.FAST,
    )  # fmt: skip
    for name, tolerance in (("delta", 1e-6), ("gamma", 1e-6), ("theta", 1e-3), ("vega", 1e-4), ("rho", 1e-3)):
        np.testing.assert_allclose(found.values[name], getattr(expected, name), atol=tolerance, rtol=1e-5)


def test_the_chances_of_an_expiry_are_a_distribution() -> None:
    _table, _stock, contracts = chains.listed(style=Style.EUROPEAN)
    worth = chains.fair(contracts, chains.smile(contracts))
    found = ChainPass(contracts, **KNOWN_RATE).run(chains.quoted(worth), chains.spot(), NOW_NS)
    for expiry in contracts.expiries:
        rows = found.values[expiry.rows]
        calls = rows["in_the_money"][contracts.is_call[expiry.rows]]
        puts = rows["in_the_money"][~contracts.is_call[expiry.rows]]
        np.testing.assert_allclose(calls + puts, 1.0, atol=1e-12)
        assert (np.diff(calls) <= 1e-12).all()


def test_a_quiet_moment_solves_nothing_and_a_changed_quote_itself() -> None:
    _table, _stock, contracts = chains.listed()
    rows = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
    work = ChainPass(contracts, **KNOWN_RATE)
    work.run(rows, chains.spot(), NOW_NS)
    assert work.solved == contracts.count
    work.run(rows, chains.spot(), NOW_NS)
    before = work.solved
    rows["ask_px"][7] += 100
    found = work.run(rows, chains.spot(), NOW_NS)
    assert 1 <= work.solved <= before + 6 < contracts.count / 2
    fresh = ChainPass(contracts, **KNOWN_RATE).run(rows, chains.spot(), NOW_NS)
    np.testing.assert_allclose(found.values["ask_vol"][7], fresh.values["ask_vol"][7], atol=1e-4)


def test_what_is_not_solved_again_is_not_far_from_what_it_would_be() -> None:
    _table, _stock, contracts = chains.listed()
    vol = chains.smile(contracts)
    work = ChainPass(contracts, **KNOWN_RATE)
    rows = chains.quoted(chains.fair(contracts, vol))
    for step in range(12):
        work.run(rows, chains.spot(SPOT + 0.002 * step), NOW_NS + step * 3_000_000_000)
    price = SPOT + 0.024
    found = work.run(rows, chains.spot(price), NOW_NS + 36_000_000_000)
    whole = work.contracts.expiry_row
    again, _ = american.implied_vol(
        0.5 * (rows["bid_px"] + rows["ask_px"]) / PRICE_SCALE, price, contracts.strike, found.time[whole],
        found.carry.rate[whole], found.carry.carry_yield[whole], contracts.is_call, accuracy=american.Accuracy.FAST,
    )  # fmt: skip
    known = np.isfinite(found.values["mid_vol"]) & np.isfinite(again) & (found.values["vega"] > 0.5)
    assert known.sum() > 30
    np.testing.assert_allclose(found.values["mid_vol"][known], again[known], atol=1e-4)


def test_an_override_moves_the_forward_and_can_be_taken_back() -> None:
    _table, _stock, contracts = chains.listed(style=Style.EUROPEAN)
    rows = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
    work = ChainPass(contracts, **KNOWN_RATE)
    before = work.run(rows, chains.spot(), NOW_NS)
    expiry = contracts.expiries[1]
    work.override({(expiry.expires_ns, expiry.root): Override(forward=104.0)})
    told = work.run(rows, chains.spot(), NOW_NS)
    assert told.forward[1] == pytest.approx(104.0, rel=1e-12)
    assert told.carry.source[1] == CarrySource.TRADER
    assert told.forward[0] == pytest.approx(before.forward[0], rel=1e-6)
    work.override({(expiry.expires_ns, expiry.root): Override(rate=0.08)})
    rated = work.run(rows, chains.spot(), NOW_NS)
    assert rated.carry.rate[1] == 0.08
    assert rated.forward[1] == pytest.approx(before.forward[1], rel=1e-5), "a rate leaves the forward of the quotes"
    work.override({(expiry.expires_ns, expiry.root): Override(borrow=0.03)})
    assert work.run(rows, chains.spot(), NOW_NS).forward[1] < before.forward[1] - 0.2
    work.override({})
    assert work.run(rows, chains.spot(), NOW_NS).forward[1] == pytest.approx(before.forward[1], rel=1e-5)


class TestBadChains:
    def test_nothing_quoted(self) -> None:
        _table, _stock, contracts = chains.listed()
        found = ChainPass(contracts).run(chains.blank(contracts.count), chains.spot(), NOW_NS)
        assert found.surface is None
        assert found.reason == "No contract has a quote that can be used."
        assert (found.values["status"] == ValueStatus.NO_VOL).all()
        assert np.isnan(found.values["value"]).all()
        assert (found.carry.source == CarrySource.ASSUMED).all()

    def test_no_underlying(self) -> None:
        _table, _stock, contracts = chains.listed()
        nobody = Spot(float("nan"), 0, SpotSource.NONE)
        found = ChainPass(contracts).run(chains.quoted(np.full(contracts.count, 1.0)), nobody, NOW_NS)
        assert found.reason == "The underlying has neither a market nor a trade."
        assert np.isnan(found.values["vol"]).all()

    def test_three_quotes_make_a_slice_and_two_do_not(self) -> None:
        _table, _stock, contracts = chains.listed(expiries=chains.EXPIRIES[:1])
        rows = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
        few = chains.blank(contracts.count)
        money = np.flatnonzero(contracts.is_call & np.isin(contracts.strike, (95.0, 100.0, 105.0)))
        few[money] = rows[money]
        found = ChainPass(contracts, **KNOWN_RATE).run(few, chains.spot(), NOW_NS)
        assert found.surface is not None
        few[money[0]] = chains.blank(1)[0]
        found = ChainPass(contracts, **KNOWN_RATE).run(few, chains.spot(), NOW_NS)
        assert found.surface is None
        assert "three strikes" in found.reason
        status = found.values["status"]
        assert (status[money[1:]] == ValueStatus.OWN_QUOTE).all()
        assert np.isfinite(found.values["delta"][money[1:]]).all()
        assert (np.delete(status, money[1:]) == ValueStatus.NO_VOL).all()

    def test_zero_bids_before_the_open(self) -> None:
        _table, _stock, contracts = chains.listed()
        rows = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
        rows["bid_px"], rows["quality"] = 0, Quality.ASK_ONLY
        found = ChainPass(contracts, **KNOWN_RATE).run(rows, chains.spot(), NOW_NS)
        assert found.surface is None, "asks alone hold a vol from one side only"
        assert "bid and an ask" in found.reason

    def test_crossed_quotes_tell_nothing(self) -> None:
        _table, _stock, contracts = chains.listed()
        rows = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
        good = ChainPass(contracts, **KNOWN_RATE).run(rows, chains.spot(), NOW_NS)
        crossed = np.arange(0, contracts.count, 9)
        rows["bid_px"][crossed] = rows["ask_px"][crossed] + 5000
        rows["quality"][crossed] = Quality.CROSSED
        found = ChainPass(contracts, **KNOWN_RATE).run(rows, chains.spot(), NOW_NS)
        assert np.isnan(found.values["mid_vol"][crossed]).all()
        np.testing.assert_allclose(found.values["vol"], good.values["vol"], atol=5e-3)

    def test_adjusted_contracts_are_named_and_not_valued(self) -> None:
        _table, _stock, contracts = chains.listed(shares=150)
        rows = chains.quoted(np.full(contracts.count, 3.0))
        found = ChainPass(contracts).run(rows, chains.spot(), NOW_NS)
        assert (found.values["status"] == ValueStatus.ADJUSTED).all()
        assert np.isnan(found.values["value"]).all()

    def test_the_last_minute_of_an_expiry_and_the_first_after_it(self) -> None:
        day = date(2026, 1, 5)
        _table, _stock, contracts = chains.listed(expiries=(day, *chains.EXPIRIES), style=Style.EUROPEAN)
        last_ns = at_ns(day, 15, 59)
        rows = chains.quoted(chains.fair(contracts, chains.smile(contracts, last_ns), last_ns), ts_ns=last_ns)
        work = ChainPass(contracts, **KNOWN_RATE)
        found = work.run(rows, chains.spot(), last_ns)
        today = contracts.expiries[0].rows
        assert np.isfinite(found.values["value"][today]).all()
        assert (found.values["gamma"][today] >= 0.0).all()
        assert found.forward[0] == pytest.approx(SPOT, abs=0.02)
        after = work.run(rows, chains.spot(), at_ns(day, 16))
        assert (after.values["status"][today] == ValueStatus.EXPIRED).all()
        assert after.carry.source[0] == CarrySource.EXPIRED
        for name in ("mid", "bid_vol", "mid_vol", "ask_vol"):
            assert np.isnan(after.values[name][today]).all(), "what is over has no vol any more"
        assert (after.values["status"][contracts.expiries[1].rows] == ValueStatus.SURFACE).all()

    def test_an_expiry_without_quotes_takes_its_carry_from_its_neighbours(self) -> None:
        _table, _stock, contracts = chains.listed(style=Style.EUROPEAN)
        rows = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
        middle = contracts.expiries[1].rows
        rows[middle] = chains.blank(middle.stop - middle.start)
        found = ChainPass(contracts, **KNOWN_RATE).run(rows, chains.spot(), NOW_NS)
        assert found.carry.source.tolist() == [CarrySource.PARITY, CarrySource.NEIGHBOURS, CarrySource.PARITY]
        assert found.forward[1] == pytest.approx(SPOT * np.exp((RATE - CARRY) * found.time[1]), rel=1e-3)
        assert (found.values["status"][middle] == ValueStatus.SURFACE).all(), "interpolated between the slices"


def test_ages_are_those_of_the_older_side() -> None:
    _table, _stock, contracts = chains.listed()
    rows = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
    rows["bid_ts_ns"][4] = NOW_NS - 90_000_000_000
    found = ChainPass(contracts, **KNOWN_RATE).run(rows, chains.spot(), NOW_NS)
    assert found.values["source_ts_ns"][4] == NOW_NS - 90_000_000_000


def test_the_spot_is_the_middle_or_the_last_trade_or_nothing() -> None:
    quote = np.zeros(1, QUOTE_ROW)
    for name in ("bid_px", "ask_px", "last_px"):
        quote[name] = ABSENT_PX
    quote["phase"] = Phase.OPEN
    assert spot_of(quote[0]).source is SpotSource.NONE
    quote["last_px"], quote["last_ts_ns"] = 995_000, 7
    assert spot_of(quote[0]) == Spot(99.5, 7, SpotSource.LAST)
    quote["bid_px"], quote["ask_px"], quote["ask_ts_ns"], quote["quality"] = 1_000_000, 1_000_200, 9, Quality.OK
    assert spot_of(quote[0]) == Spot(100.01, 9, SpotSource.MID)
    assert spot_of(quote[0], 100_000_000) == Spot(0.010001, 9, SpotSource.MID), "a coin's prices are finer"


def test_an_expected_move_is_one_deviation() -> None:
    _table, _stock, contracts = chains.listed(style=Style.EUROPEAN)
    rows = chains.quoted(chains.fair(contracts, np.full(contracts.count, 0.3)))
    found = ChainPass(contracts, **KNOWN_RATE).run(rows, chains.spot(), NOW_NS)
    years = expiry_time.years_to(contracts.expiries[1].expires_ns, NOW_NS)
    assert found.at_the_money_vol(1) == pytest.approx(0.3, abs=2e-3)
    assert found.expected_move(1) == pytest.approx(found.forward[1] * 0.3 * np.sqrt(years), rel=0.01)
    straddle = european.price(SPOT, found.forward[1], years, 0.3, RATE, CARRY, np.array([True, False])).sum()
    assert straddle == pytest.approx(0.8 * found.expected_move(1), rel=0.02)


def test_values_that_are_kept_are_those_that_would_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long walk of quotes, spot and time: a pass that goes on from the last says what a fresh one says."""
    _table, _stock, contracts = chains.listed()
    chance = np.random.default_rng(4)
    vol = chains.smile(contracts)
    rows = chains.quoted(chains.fair(contracts, vol))
    work, price, now_ns = ChainPass(contracts, **KNOWN_RATE), SPOT, NOW_NS
    for step in range(25):
        now_ns += int(chance.integers(1, 3_000_000_000))
        if step % 3 == 0:
            price += float(chance.normal(0.0, 0.05))
        fresh = chains.quoted(chains.fair(contracts, vol, now_ns, price), ts_ns=now_ns)
        told = chance.random(contracts.count) < 0.3
        rows[told] = fresh[told]
        found = work.run(rows, chains.spot(price), now_ns)
        again = american.greeks(
            price, contracts.strike, found.time[contracts.expiry_row], found.values["vol"],
            found.carry.rate[contracts.expiry_row], found.carry.carry_yield[contracts.expiry_row], contracts.is_call,
            accuracy=american.Accuracy.FAST,
        )  # fmt: skip
        np.testing.assert_allclose(found.values["value"], again.price, atol=2e-4)
        np.testing.assert_allclose(found.values["delta"], again.delta, atol=2e-5)
        np.testing.assert_allclose(found.values["vega"], again.vega, atol=5e-3)


def test_rates_and_yields_below_zero_do_not_stop_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Early exercise between two boundaries takes a grid a vol: a pass of forty seconds on a real morning."""
    _table, _stock, contracts = chains.listed()
    rows = chains.quoted(chains.fair(contracts, chains.smile(contracts)))

    def grids(*_arguments: object, **_named: object) -> None:
        raise AssertionError("finite differences in a live pass")

    for name in ("price", "greeks", "implied_vol"):
        monkeypatch.setattr(american_dividends, name, grids)
    work = ChainPass(contracts, **KNOWN_RATE)
    below = Override(rate=-0.01, dividend_yield=-0.03)
    work.override({(each.expires_ns, each.root): below for each in contracts.expiries})
    found = work.run(rows, chains.spot(), NOW_NS)
    assert np.isfinite(found.values["value"]).all()
    work.override(
        {(each.expires_ns, each.root): Override(rate=-0.03, dividend_yield=-0.01) for each in contracts.expiries}
    )
    found = work.run(rows, chains.spot(), NOW_NS)
    assert np.isfinite(found.values["delta"]).all()


def test_a_quote_that_was_gone_for_a_pass_gets_its_value_back() -> None:
    _table, _stock, contracts = chains.listed(expiries=chains.EXPIRIES[:1], strikes=(95, 105))
    rows = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
    work = ChainPass(contracts, **KNOWN_RATE)
    before = work.run(rows, chains.spot(), NOW_NS)
    assert (before.values["status"] == ValueStatus.OWN_QUOTE).all()
    gone = rows.copy()
    gone[1] = chains.blank(1)[0]
    assert np.isnan(work.run(gone, chains.spot(), NOW_NS).values["value"][1])
    after = work.run(rows, chains.spot(), NOW_NS)
    assert after.values["value"][1] == pytest.approx(before.values["value"][1], rel=1e-9)
    assert np.isfinite(after.values["delta"]).all()


@pytest.mark.parametrize(("phase", "price"), [(Phase.OPEN, 100.0), (Phase.CLOSED, 98.0), (Phase.HALTED, 97.0)])
def test_quotes_of_a_closed_or_halted_underlying_are_no_spot(phase: Phase, price: float) -> None:
    quote = np.zeros(1, QUOTE_ROW)
    for name, px in (("bid_px", 999_900), ("ask_px", 1_000_100), ("official_px", 980_000), ("last_px", 970_000)):
        quote[name] = px
    quote["quality"], quote["phase"] = Quality.OK, phase
    found = spot_of(quote[0])
    assert found.price == price
    assert found.source is (SpotSource.MID if phase is Phase.OPEN else SpotSource.LAST)
