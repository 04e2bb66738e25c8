"""Playback controls, and the day that market time is in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from terminal.app.day import TradingDay
from terminal.app.playback import FeedPlayback
from terminal.core.clock import MarketClock, at_ns, to_ns
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import Batch, Phase, empty_batch
from terminal.core.osi import Right, make_option_symbol
from terminal.core.tape import Tape
from terminal.core.ticks import TickClass
from terminal.infra.calendars import Calendars
from terminal.infra.failures import UsageError
from terminal.market.feed import FeedRunner

HALF_DAY = date(2015, 12, 24)


class OneBatch:
    name = "one"

    def first_ns(self) -> int:
        return 100

    def end_ns(self) -> int | None:
        return None

    def batches(self) -> Iterator[Batch]:
        yield empty_batch(0)


def playback(has_orders: bool) -> tuple[FeedPlayback, FeedRunner, MarketClock]:
    runner = FeedRunner(OneBatch(), Tape(8), 1.0, restart=lambda: None)
    clock = MarketClock(500)
    return FeedPlayback(runner, clock, lambda: 900, lambda: has_orders), runner, clock


def test_controls_reach_the_runner() -> None:
    controls, runner, _ = playback(has_orders=False)
    seen = []
    for press in (controls.pause, controls.play):
        press()
        seen.append(controls.paused)
    assert seen == [True, False]
    controls.set_speed(math.inf)
    assert runner.speed is None
    assert math.isinf(controls.speed)
    controls.set_speed(4)
    assert controls.speed == 4.0
    assert (controls.first_ns, controls.last_ns) == (100, 900)
    controls.step()
    assert runner.paused
    with pytest.raises(UsageError, match="above zero"):
        controls.set_speed(0)


def test_orders_forbid_going_back_and_allow_going_forward() -> None:
    controls, _, _ = playback(has_orders=True)
    assert not controls.can_seek
    with pytest.raises(UsageError, match="only go forward"):
        controls.seek(400)
    controls.seek(600)


def test_the_day_knows_phase_close_and_the_next_expiry() -> None:
    table = InstrumentTable()
    clock = MarketClock(at_ns(HALF_DAY, 9, 36))
    day = TradingDay(clock, table, Calendars())
    phases = [day.phase]
    assert day.close_ns == at_ns(HALF_DAY, 13)
    expiries = [day.next_expiry_ns]
    stock = table.add("GOOG", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    for expiry in (HALF_DAY, date(2015, 12, 31)):
        symbol = make_option_symbol("GOOG", expiry, Right.CALL, 750_000)
        table.add_option(symbol, stock.id, at_ns(expiry, 13 if expiry == HALF_DAY else 16))
    expiries.append(day.next_expiry_ns)
    clock.advance(at_ns(HALF_DAY, 13))
    expiries.append(day.next_expiry_ns)
    assert expiries == [None, at_ns(HALF_DAY, 13), at_ns(date(2015, 12, 31), 16)]
    phases.append(day.phase)
    assert phases == [Phase.OPEN, Phase.AFTER_HOURS]
    clock.advance(at_ns(date(2015, 12, 25), 10))
    assert day.open_ns == at_ns(date(2015, 12, 28), 9, 30)


def day_of(session: SessionProduct, calendar: str, moment: datetime) -> tuple[TradingDay, MarketClock]:
    table = InstrumentTable()
    clock = MarketClock(to_ns(moment))
    day = TradingDay(clock, table, Calendars())
    assert day.hours.product is SessionProduct.EQUITY, "without an instrument the day is that of shares"
    table.add("X", InstrumentKind.FUTURE, session, TickClass.FINEST, calendar=calendar)
    return day, clock


def test_a_desk_of_coins_alone_has_days_in_utc_that_never_close() -> None:
    day, clock = day_of(SessionProduct.CRYPTO, "", datetime(2024, 8, 10, 3, tzinfo=UTC))
    assert (day.phase, day.date) == (Phase.OPEN, date(2024, 8, 10))
    assert day.open_ns == to_ns(datetime(2024, 8, 10, tzinfo=UTC))
    clock.advance(to_ns(datetime(2024, 8, 11, tzinfo=UTC)))
    assert (day.phase, day.date) == (Phase.OPEN, date(2024, 8, 11))
    assert day.close_ns == to_ns(datetime(2024, 8, 12, tzinfo=UTC))


def test_a_desk_of_futures_has_the_hours_of_their_exchange() -> None:
    day, clock = day_of(SessionProduct.FOREIGN, "CMES", datetime(2024, 8, 9, 3, tzinfo=UTC))
    assert (day.phase, day.open_ns) == (Phase.OPEN, at_ns(date(2024, 8, 8), 18))
    clock.advance(at_ns(date(2024, 8, 10), 12))
    assert day.phase == Phase.CLOSED
    assert day.open_ns == at_ns(date(2024, 8, 11), 18)
