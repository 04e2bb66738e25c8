"""Closes and rolls in market time, half days and weekends included."""

from __future__ import annotations

from datetime import date

from terminal.app.day_timers import DayTimers
from terminal.app.main_session import Market
from terminal.core.clock import UTC_ZONE as UTC
from terminal.core.clock import at_ns, from_ns
from terminal.core.instruments import SessionProduct
from terminal.infra.calendars import US_CALENDAR, Calendars
from terminal.market.engine import Action, Rank


class Diary:
    """Runs what is due in order of time, as the engine does."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, Action]] = []

    def at(self, ts_ns: int, rank: Rank, action: Action) -> None:
        assert rank is Rank.TIMER
        self.entries.append((ts_ns, action))

    def run_until(self, end_ns: int) -> None:
        while self.entries:
            self.entries.sort(key=lambda entry: entry[0])
            if self.entries[0][0] > end_ns:
                return
            ts_ns, action = self.entries.pop(0)
            action(ts_ns)


def test_a_half_day_closes_early_and_rolls_over_the_holiday() -> None:
    diary = Diary()
    seen: list[tuple[str, str]] = []
    timers = DayTimers(
        diary,
        Calendars(),
        lambda product, ts_ns: seen.append((product.value, from_ns(ts_ns).isoformat()[:16])),
        lambda day, ts_ns: seen.append((f"roll {day}", from_ns(ts_ns).isoformat()[:16])),
    )
    timers.start(at_ns(date(2015, 12, 24), 9, 30))
    diary.run_until(at_ns(date(2015, 12, 28), 16, 15))
    assert seen == [
        ("equity", "2015-12-24T09:30"),
        ("equity_option", "2015-12-24T09:30"),
        ("index_option", "2015-12-24T09:30"),
        ("equity", "2015-12-24T13:00"),
        ("equity_option", "2015-12-24T13:00"),
        ("index_option", "2015-12-24T13:15"),
        ("roll 2015-12-28", "2015-12-27T23:59"),
        ("equity", "2015-12-28T09:30"),
        ("equity_option", "2015-12-28T09:30"),
        ("index_option", "2015-12-28T09:30"),
        ("equity", "2015-12-28T16:00"),
        ("equity_option", "2015-12-28T16:00"),
        ("index_option", "2015-12-28T16:15"),
    ]


def test_a_start_after_the_close_waits_for_the_next_day() -> None:
    diary = Diary()
    closes: list[SessionProduct] = []
    rolls: list[date] = []
    timers = DayTimers(
        diary, Calendars(), lambda product, _ts: closes.append(product), lambda day, _ts: rolls.append(day)
    )
    timers.start(at_ns(date(2026, 1, 5), 16, 5))
    diary.run_until(at_ns(date(2026, 1, 5), 23))
    assert closes == [SessionProduct.INDEX_OPTION] * 2
    diary.run_until(at_ns(date(2026, 1, 6), 5))
    assert rolls == [date(2026, 1, 6)]


def test_the_end_of_the_curb_session_is_a_close_too() -> None:
    diary = Diary()
    closes: list[tuple[str, str]] = []
    timers = DayTimers(
        diary,
        Calendars(),
        lambda product, ts_ns: closes.append((product.value, from_ns(ts_ns).isoformat()[11:16])),
        lambda _day, _ts: None,
    )
    timers.start(at_ns(date(2023, 6, 26), 16, 1))
    diary.run_until(at_ns(date(2023, 6, 26), 23))
    assert closes == [("index_option", "16:15"), ("index_option", "17:00")]


def diary_of(*markets: Market) -> tuple[Diary, list[tuple[str, str]], list[Market], DayTimers]:
    diary, seen, traded = Diary(), list[tuple[str, str]](), list(markets)
    timers = DayTimers(
        diary,
        Calendars(),
        lambda product, ts_ns: seen.append((product.value, from_ns(ts_ns, UTC).isoformat()[:16])),
        lambda day, ts_ns: seen.append((f"roll {day}", from_ns(ts_ns, UTC).isoformat()[:16])),
        lambda: list(traded),
    )
    return diary, seen, traded, timers


def test_coins_alone_never_open_or_close_and_roll_at_midnight_utc() -> None:
    diary, seen, _, timers = diary_of((SessionProduct.CRYPTO, US_CALENDAR))
    timers.start(1_723_161_255_030_314_667)  # Thursday 2024-08-08 23:54:15 UTC, where the capture begins
    diary.run_until(at_ns(date(2024, 8, 11), 22))
    assert seen == [(f"roll 2024-08-{day:02}", f"2024-08-{day - 1:02}T23:59") for day in (9, 10, 11, 12)]


def test_a_foreign_exchange_has_its_own_hours_and_day() -> None:
    diary, seen, _, timers = diary_of((SessionProduct.FOREIGN, "XETR"))
    timers.start(at_ns(date(2024, 8, 8), 1))
    diary.run_until(at_ns(date(2024, 8, 12), 23))
    assert [each for each in seen if each[0] == "foreign"] == [
        ("foreign", "2024-08-08T07:00"),
        ("foreign", "2024-08-08T15:30"),
        ("foreign", "2024-08-09T07:00"),
        ("foreign", "2024-08-09T15:30"),
        ("foreign", "2024-08-12T07:00"),
        ("foreign", "2024-08-12T15:30"),
    ]
    assert [each[0] for each in seen if each[0].startswith("roll")] == ["roll 2024-08-09", "roll 2024-08-12"]


def test_what_is_listed_later_gets_its_hours_and_the_day_goes_to_new_york() -> None:
    diary, seen, traded, timers = diary_of((SessionProduct.CRYPTO, US_CALENDAR))
    timers.start(at_ns(date(2024, 8, 8), 9))
    timers.look(at_ns(date(2024, 8, 8), 9, 10))
    traded.append((SessionProduct.EQUITY, US_CALENDAR))
    timers.look(at_ns(date(2024, 8, 8), 9, 20))
    diary.run_until(at_ns(date(2024, 8, 9), 5))
    assert [each for each in seen if each[0] in {"equity", "roll 2024-08-09"}] == [
        ("equity", "2024-08-08T13:30"),
        ("equity", "2024-08-08T20:00"),
        ("roll 2024-08-09", "2024-08-09T03:59"),
    ]
