"""What an event is worth: against chains whose jump is known and closes whose moves are."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from terminal.app.event_book import EventBook
from terminal.app.event_moves import clock_events, implied_move, past_moves, weight_days
from terminal.core.clock import at_ns
from terminal.core.instruments import Style
from terminal.infra.calendars import default
from terminal.market.analytics.chain_pass import ChainPass
from terminal.market.analytics.chain_values import Spot, SpotSource
from terminal.quant import expiry_time
from terminal.store.events import EventHour, EventKind, MarketEvent
from terminal.store.vol_days import VolDays, blank_days
from tests.market.analytics import chains

DAYS = default().sessions(date(2025, 1, 2), date(2025, 12, 31))


def earnings(day: date, hour: EventHour = EventHour.AFTER_CLOSE, weight: float | None = None) -> MarketEvent:
    return MarketEvent("test", str(day), "XYZ", EventKind.EARNINGS, day, hour=hour, weight=weight)


def year() -> VolDays:
    rows = blank_days(len(DAYS))
    rows["day"] = np.array(DAYS, "M8[D]")
    steps = 0.01 * np.random.default_rng(4).standard_normal(len(DAYS))
    steps[[61, 121, 181]] = 0.08, -0.06, 0.10
    rows["close"] = 100.0 * np.exp(np.cumsum(steps))
    return rows


@pytest.mark.parametrize("has_expiry_before", [True, False])
def test_the_implied_move_is_the_jump_that_the_expiries_after_it_carry(has_expiry_before: bool) -> None:
    strikes = tuple(range(60, 160, 2))
    _, _, contracts = chains.listed(style=Style.EUROPEAN, strikes=strikes)
    time = expiry_time.years_to(contracts.expires_ns, chains.NOW_NS)
    event_ns = at_ns(date(2026, 1, 28) if has_expiry_before else date(2026, 1, 8), 16, 30)
    jump = np.where(contracts.expires_ns > event_ns, 0.05, 0.0)
    vol = np.sqrt(0.2**2 + jump**2 / time)
    quotes = chains.quoted(chains.fair(contracts, vol), half=0.002)
    values = ChainPass(contracts, rate=chains.RATE).run(
        quotes, Spot(chains.SPOT, chains.NOW_NS, SpotSource.MID), chains.NOW_NS
    )
    assert implied_move(values, event_ns) == pytest.approx(0.05, rel=0.05)
    assert np.isnan(implied_move(values, chains.NOW_NS - 1))
    assert np.isnan(implied_move(values, at_ns(date(2030, 1, 1), 16)))


def test_past_moves_are_from_the_close_before_to_the_close_after() -> None:
    events = [earnings(DAYS[60]), earnings(DAYS[121], EventHour.BEFORE_OPEN), earnings(DAYS[180], EventHour.UNKNOWN)]
    found = past_moves(events, year())
    assert found.moves == pytest.approx((0.08, -0.06, 0.10))
    assert found.typical == pytest.approx(np.sqrt(np.mean(np.square([0.08, 0.06, 0.10]))))
    assert past_moves([earnings(date(2030, 1, 2))], year()).moves == ()


def test_a_move_across_a_missing_day_is_none() -> None:
    rows = np.delete(year(), [61, 120])
    events = [earnings(DAYS[60]), earnings(DAYS[121], EventHour.BEFORE_OPEN), earnings(DAYS[180])]
    assert past_moves(events, rows).moves == pytest.approx((0.10,))
    assert past_moves(events, rows[:0]).moves == ()


def test_a_weight_is_told_or_measured_and_never_guessed() -> None:
    rows = year()
    past = past_moves([earnings(DAYS[60]), earnings(DAYS[120]), earnings(DAYS[180])], rows)
    assert weight_days(earnings(DAYS[-1], weight=3.0), past, rows) == 3.0
    measured = weight_days(earnings(DAYS[-1]), past, rows)
    assert measured == pytest.approx((0.0816 / 0.01) ** 2, rel=0.3)
    assert weight_days(earnings(DAYS[-1]), past_moves([], rows), rows) is None


def test_a_clock_runs_faster_through_a_weighted_event() -> None:
    table, _, _ = chains.listed()
    told = earnings(date(2026, 1, 8), weight=5.0)
    book = EventBook(None, None, table, default(), [told])
    events = clock_events(book, "XYZ", year(), chains.DAY, date(2026, 1, 31), chains.NOW_NS)
    assert [each.trading_days for each in events] == [5.0]
    plain = expiry_time.TradingClock.over(chains.DAY, date(2026, 1, 31), days=default())
    with_event = expiry_time.TradingClock.over(chains.DAY, date(2026, 1, 31), events=events, days=default())
    end_ns = at_ns(date(2026, 1, 16), 16)
    weights = expiry_time.ClockWeights()
    longer = with_event.years_to(end_ns, chains.NOW_NS) - plain.years_to(end_ns, chains.NOW_NS)
    assert longer == pytest.approx(5.0 * weights.trading_day / weights.year)
