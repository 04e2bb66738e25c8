"""Closes and rolls in market time, half days and weekends included."""

from __future__ import annotations

from datetime import date

from terminal.app.day_timers import DayTimers
from terminal.core.clock import at_ns, from_ns
from terminal.core.instruments import SessionProduct
from terminal.infra.calendars import Calendars
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
