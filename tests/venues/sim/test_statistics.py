"""Whether the morning looks like a market: wide bounds, fixed seed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from terminal.core.clock import NS_PER_S
from terminal.core.messages import ASK, BID, PRICE, SIZE, Flag, Kind
from terminal.core.osi import Right
from terminal.quant import implied_vol
from terminal.venues.sim import model
from terminal.venues.sim.universe import NAMES, RATE
from terminal.venues.sim.variance_clock import UNITS_PER_YEAR, progress
from tests.venues.sim.conftest import SECONDS, Morning

STOCKS = [name for name in NAMES if name.flow is not None]


def mids_by_second(morning: Morning, symbol: str) -> np.ndarray:
    """Middle of the market at every second."""
    quotes = morning.of(symbol, Kind.QUOTE)
    quotes = quotes[(quotes[BID] > 0) & (quotes[ASK] > 0)]
    times = morning.feed.first_ns() + np.arange(1, SECONDS) * NS_PER_S
    at = np.searchsorted(quotes["ts_ns"], times) - 1
    return np.asarray((quotes[BID][at] + quotes[ASK][at]) / 20_000.0)


@pytest.mark.parametrize("name", STOCKS, ids=lambda name: name.symbol)
def test_realised_vol_is_near_the_vol_of_the_dynamics(morning: Morning, name: object) -> None:
    symbol = getattr(name, "symbol", "")
    mids = mids_by_second(morning, symbol)[::5]
    realised = float((np.diff(np.log(mids)) ** 2).sum())
    share = float(progress(np.array([SECONDS / 23_400.0]))[0]) * 0.7 / UNITS_PER_YEAR
    vol = math.sqrt(realised / share)
    expected = float(morning.feed.history().names[symbol].daily["atm_vol"][-1])
    assert 0.4 * expected < vol < 2.5 * expected


@pytest.mark.parametrize("name", STOCKS, ids=lambda name: name.symbol)
def test_spreads_and_volumes_have_the_right_size(morning: Morning, name: object) -> None:
    symbol, flow = getattr(name, "symbol", ""), getattr(name, "flow", None)
    assert flow is not None
    quotes = morning.of(symbol, Kind.QUOTE)[20:]
    spread = (quotes[ASK] - quotes[BID]) / 100.0
    assert spread.min() >= 1
    assert np.median(spread) <= max(4.0 * flow.half_spread_ticks, 4.0)
    trades = morning.of(symbol, Kind.TRADE)
    per_day = trades[SIZE].sum() / progress(np.array([SECONDS / 23_400.0]))[0]
    assert 0.2 * flow.daily_shares < per_day < 5 * flow.daily_shares
    bought = (trades["flags"] & Flag.BUYER_AGGRESSOR > 0).mean()
    assert 0.2 < bought < 0.8


def test_the_fund_follows_the_index_and_stocks_go_with_the_market(morning: Morning) -> None:
    index = morning.of("SIMX", Kind.TRADE)[PRICE] / 10_000.0
    returns = {name.symbol: np.diff(np.log(mids_by_second(morning, name.symbol)[::10])) for name in STOCKS}
    market = np.diff(np.log(index[1:SECONDS][::10]))
    assert np.corrcoef(market, returns["SIMY"])[0, 1] > 0.85
    assert abs(mids_by_second(morning, "SIMY")[-1] * 10 / index[SECONDS - 1] - 1) < 0.003
    together = np.mean([np.corrcoef(market, returns[s])[0, 1] for s in ("ACME", "BOLT", "DYNE")])
    assert together > 0.2


@pytest.mark.parametrize("symbol", ["SIMX", "SIMY", "BOLT"])
def test_puts_and_calls_agree_within_their_spreads(morning: Morning, symbol: str) -> None:
    """European parity for the index; for American names the carry of early exercise is left as room."""
    name = next(row for row in NAMES if row.symbol == symbol)
    underlying = morning.table.find(symbol)
    quotes = morning.last_quotes()
    now_ns = int(morning.messages["ts_ns"][-1])
    if symbol == "SIMX":
        spot = morning.of(symbol, Kind.TRADE)[PRICE][-1] / 10_000.0
    else:
        spot = mids_by_second(morning, symbol)[-1]
    pairs: dict[tuple[object, int, str], dict[Right, int]] = {}
    for row in morning.table.options(underlying.id):
        assert row.option is not None
        named = row.option.symbol
        pairs.setdefault((named.expiry, named.strike_mills, named.root), {})[named.right] = row.id
    checked = 0
    for (_, mills, _), sides in pairs.items():
        strike = mills / 1000.0
        if abs(math.log(strike / spot)) > 0.03:
            continue
        call, put = quotes[sides[Right.CALL]], quotes[sides[Right.PUT]]
        terms = morning.table.get(sides[Right.CALL]).option
        assert terms is not None
        years = (terms.expires_ns - now_ns) / 365.0 / 86_400e9
        if years > 0.25:
            continue
        forward_value = spot * math.exp(-name.dividend_yield * years) - (name.dividend if years > 0.15 else 0.0)
        fair = forward_value - strike * math.exp(-RATE * years)
        room = 0.0 if symbol == "SIMX" else strike * RATE * years + name.dividend
        room += 0.0006 * spot  # the quotes of the two are not of the same instant
        assert (call[0] - put[1]) / 10_000.0 <= fair + room
        assert (call[1] - put[0]) / 10_000.0 >= fair - room
        checked += 1
    assert checked > 30


def test_vols_of_index_quotes_lie_on_the_surface(morning: Morning) -> None:
    """At the money, the middle's implied vol is what the dynamics' state says; the skew falls, wings rise."""
    index = morning.table.find("SIMX")
    quotes = morning.last_quotes()
    spot = morning.of("SIMX", Kind.TRADE)[PRICE][-1] / 10_000.0
    now_ns = int(morning.messages["ts_ns"][-1])
    expected = float(morning.feed.history().names["SIMX"].daily["atm_vol"][-1])
    smiles = 0
    for expiry in morning.table.expiries(index.id):
        smile: list[tuple[float, float]] = []
        for row in morning.table.chain(index.id, expiry):
            terms = row.option
            assert terms is not None
            strike, is_call = float(terms.symbol.strike), terms.symbol.right is Right.CALL
            bid, ask, _, _ = quotes[row.id]
            years = (terms.expires_ns - now_ns) / 365.0 / 86_400e9
            if is_call != (strike >= spot) or bid <= 0 or not 0.05 < years < 0.5:
                continue
            vol, status = implied_vol.european((bid + ask) / 20_000.0, spot, strike, years, RATE, 0.013, is_call)
            assert status == 0
            smile.append((math.log(strike / spot), vol))
        if len(smile) < 20:
            continue
        smiles += 1
        k, vol_of = (np.array(column) for column in zip(*sorted(smile), strict=True))
        at_money = float(np.interp(0.0, k, vol_of))
        assert 0.6 * expected < at_money < 1.6 * expected
        assert np.interp(-0.05, k, vol_of) > at_money + 0.01
        assert np.interp(0.03, k, vol_of) < at_money
    assert smiles >= 4


def test_american_contracts_are_never_offered_below_exercise(morning: Morning) -> None:
    quotes = morning.last_quotes()
    for name in STOCKS:
        row = morning.table.find(name.symbol)
        bid, ask, _, _ = quotes[row.id]
        for contract in morning.table.options(row.id):
            assert contract.option is not None
            right, strike = contract.option.symbol.right, contract.option.strike_px
            exercise = (bid - strike) if right is Right.CALL else (strike - ask)
            assert quotes[contract.id][1] >= exercise - 0.001 * bid


def test_message_rates_are_those_of_a_morning(morning: Morning) -> None:
    later = morning.messages[morning.messages["ts_ns"] > morning.feed.first_ns() + 2 * NS_PER_S]
    rate = len(later) / (SECONDS - 2)
    assert 500 < rate < 12_000
    assert model.own_vol(NAMES[1]) == 0.0
