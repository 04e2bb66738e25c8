"""The year behind the first day."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from terminal.core.clock import from_ns
from terminal.infra import calendars
from terminal.venues.sim.history import MINUTES_KEPT, History, make_history
from terminal.venues.sim.universe import NAMES

DAYS = calendars.default()
FIRST = date(2026, 1, 5)


@pytest.fixture(scope="module")
def history() -> History:
    return make_history(11, DAYS, FIRST)


def test_a_year_of_sessions_up_to_the_day_before(history: History) -> None:
    for name in NAMES:
        row = history.names[name.symbol]
        assert row.source == "simulated"
        days = [from_ns(int(ts)).date() for ts in row.daily["ts_ns"]]
        assert len(days) == 252
        assert days == DAYS.sessions(days[0], days[-1])
        assert days[-1] == date(2026, 1, 2)


def test_bars_are_bars_and_days_are_their_minutes(history: History) -> None:
    for name in NAMES:
        row = history.names[name.symbol]
        for bars in (row.daily, row.minutes):
            assert (bars["low"] <= np.minimum(bars["open"], bars["close"])).all()
            assert (bars["high"] >= np.maximum(bars["open"], bars["close"])).all()
            assert (bars["low"] > 0).all()
            assert not (bars["close"] % 100).any()
            assert bars["volume"].any() == (name.flow is not None)
        per_day = np.array_split(row.minutes, MINUTES_KEPT)
        for minutes, day in zip(per_day, row.daily[-MINUTES_KEPT:], strict=True):
            assert (np.diff(minutes["ts_ns"]) == 60_000_000_000).all()
            assert minutes["ts_ns"][0] == day["ts_ns"]
            assert (minutes["open"][0], minutes["close"][-1]) == (day["open"], day["close"])
            assert (minutes["high"].max(), minutes["low"].min()) == (day["high"], day["low"])
            assert minutes["volume"].sum() == day["volume"]


def test_vols_volumes_and_levels_are_those_of_the_names(history: History) -> None:
    closes = {}
    for name in NAMES:
        daily = history.names[name.symbol].daily
        closes[name.symbol] = np.log(daily["close"].astype(float))
        realised = np.diff(closes[name.symbol]).std() * np.sqrt(252)
        assert 0.5 * name.vol < realised < 2.0 * name.vol
        assert 0.5 * name.vol < np.median(daily["atm_vol"]) < 2.0 * name.vol
        assert 0.6 * name.level < daily["close"][-1] / 10_000 < 1.6 * name.level
        if name.flow:
            assert 0.5 * name.flow.daily_shares < daily["volume"].mean() < 2.0 * name.flow.daily_shares
    returns = {symbol: np.diff(close) for symbol, close in closes.items()}
    assert np.corrcoef(returns["SIMX"], returns["SIMY"])[0, 1] > 0.98
    assert np.corrcoef(returns["SIMX"], returns["BOLT"])[0, 1] > 0.2
    vol = np.diff(np.log(history.names["SIMX"].daily["atm_vol"]))
    assert np.corrcoef(returns["SIMX"], vol)[0, 1] < -0.3  # leverage


def test_the_same_seed_is_the_same_history(history: History) -> None:
    again, other = make_history(11, DAYS, FIRST, 20), make_history(12, DAYS, FIRST, 20)
    twice = make_history(11, DAYS, FIRST, 20)
    assert np.array_equal(again.names["ACME"].daily, twice.names["ACME"].daily)
    assert not np.array_equal(again.names["ACME"].daily["close"], other.names["ACME"].daily["close"])
    assert history.market_state.shape == (2,)
