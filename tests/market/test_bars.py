"""Bars of every time frame from minutes and seconds."""

from __future__ import annotations

import sys
import threading
from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.clock import NS_PER_S, at_ns, from_ns
from terminal.core.messages import Flag, Kind
from terminal.market.activity import ActivityKind
from terminal.market.bars import MINUTES_KEPT, MOST_SUM, SLOTS, SLOTS_FOR_READERS, BarStore, bar_starts, merge_bars
from terminal.market.prints import PrintStore
from terminal.market.rows import BAR_ROW, Rows
from terminal.market.sequence_lock import SequenceLock
from tests.market.flow_messages import START_NS, batch_of, fresh_state, trade_row

DAY = date(2026, 1, 5)


def bar_store() -> BarStore:
    lock = SequenceLock()
    return BarStore(lock, PrintStore(lock))


def minutes_from(start_ns: int, count: int) -> Rows:
    bars = np.zeros(count, BAR_ROW)
    bars["ts_ns"] = start_ns + np.arange(count) * 60 * NS_PER_S
    bars["open"] = np.arange(count) + 100
    bars["close"] = bars["open"] + 1
    bars["high"] = bars["open"] + 5
    bars["low"] = bars["open"] - 5
    bars["volume"] = 10
    return bars


def test_hours_begin_where_the_session_does() -> None:
    bars = minutes_from(at_ns(DAY, 9, 30), 390)
    hours = merge_bars(bars, 3600)
    assert [from_ns(int(ts)).strftime("%H:%M") for ts in hours["ts_ns"]] == [
        "09:30",
        "10:30",
        "11:30",
        "12:30",
        "13:30",
        "14:30",
        "15:30",
    ]
    assert hours["volume"].tolist() == [600] * 6 + [300]


def test_days_are_those_of_new_york_on_both_sides_of_a_clock_change() -> None:
    bars = np.concatenate([minutes_from(at_ns(day, 9, 30), 390) for day in (date(2026, 3, 6), date(2026, 3, 9))])
    days = merge_bars(bars, 86_400)
    assert [from_ns(int(ts)).isoformat()[:16] for ts in days["ts_ns"]] == ["2026-03-06T00:00", "2026-03-09T00:00"]


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 500), st.sampled_from([60, 120, 300, 900, 1800, 3600, 14_400, 86_400]))
def test_merging_keeps_extremes_ends_and_volume(count: int, frame_s: int) -> None:
    bars = minutes_from(at_ns(DAY, 9, 30), count)
    merged = merge_bars(bars, frame_s)
    assert merged["volume"].sum() == bars["volume"].sum()
    assert merged["open"][0] == bars["open"][0]
    assert merged["close"][-1] == bars["close"][-1]
    assert merged["high"].max() == bars["high"].max()
    assert merged["low"].min() == bars["low"].min()
    assert np.all(np.diff(merged["ts_ns"]) > 0)
    assert np.array_equal(np.unique(bar_starts(bars["ts_ns"], frame_s)), merged["ts_ns"])


def test_the_oldest_bar_read_is_whole() -> None:
    store = bar_store()
    store.load(3, minutes_from(at_ns(DAY, 9, 30), 390))
    read = store.read(3, 300, 10)
    assert len(read) == 10
    assert read["volume"].tolist() == [50] * 10


def test_history_that_is_too_long_loses_its_old_end() -> None:
    store = bar_store()
    long = minutes_from(at_ns(DAY, 0, 0), MINUTES_KEPT + 5)
    store.load(0, long)
    assert store.read(0, 60, MINUTES_KEPT + 5)["ts_ns"][0] == long["ts_ns"][5]
    assert len(store.read(1, 60)) == 0


def test_slots_are_opened_once_each_whichever_thread_comes_first() -> None:
    store = bar_store()
    start = threading.Barrier(4)

    def open_all() -> None:
        start.wait()
        for instrument in range(2 * SLOTS):
            store.open_slot(instrument)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=open_all) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    slots = store.arrays.slot_of
    assert sorted(slots[slots >= 0].tolist()) == list(range(SLOTS - SLOTS_FOR_READERS))


def test_daily_history_stands_before_the_days_that_minutes_make() -> None:
    store = bar_store()
    days = np.zeros(3, BAR_ROW)
    days["ts_ns"] = [at_ns(date(2025, 12, day), 9, 30) for day in (30, 31)] + [at_ns(DAY, 9, 30)]
    days["close"], days["volume"] = [1, 2, 3], [10, 20, 30]
    minutes = minutes_from(at_ns(DAY, 9, 30), 780)
    minutes["ts_ns"][390:] = at_ns(date(2026, 1, 6), 9, 30) + np.arange(390) * 60 * NS_PER_S
    store.load(0, minutes, days)
    read = store.read(0, 86_400)
    assert read["close"].tolist() == [1, 2, 3, int(minutes["close"][-1])]
    assert read["ts_ns"][0] == at_ns(date(2025, 12, 30), 0)
    assert store.read(0, 86_400, 2)["close"].tolist() == [3, int(minutes["close"][-1])]


def test_a_new_pass_through_the_market_keeps_the_history() -> None:
    store = bar_store()
    history = minutes_from(at_ns(DAY, 9, 30), 390)
    store.load(0, history)
    store.arrays.minutes_count[0, 0] += 5
    store.clear()
    assert np.array_equal(store.read(0, 60), history)


def test_a_chart_of_dollar_bars_that_was_open_before_the_first_message_fills() -> None:
    state = fresh_state()
    assert len(state.bars.read_activity(0, ActivityKind.DOLLAR, 1_000.0)) == 0
    rows = [{**trade_row(0, 1_000_000, 10, 0), "ts_ns": START_NS + second} for second in range(4)]
    state.apply(batch_of(rows))
    assert state.bars.read_activity(0, ActivityKind.DOLLAR, 1_000.0)["volume"].tolist() == [10] * 4


HOUR_NS = 3600 * NS_PER_S


def coarse(start_ns: int, length_ns: int, px: int, volume: int) -> dict[str, int]:
    return {
        "kind": int(Kind.BAR), "flags": int(Flag.COARSE), "venue": length_ns // (60 * NS_PER_S), "instrument": 0,
        "ts_ns": start_ns + length_ns, "v0": px, "v1": px + 5, "v2": px - 5, "v3": px + 1, "v4": volume,
    }  # fmt: skip


def test_a_bar_of_an_hour_is_an_hour_and_no_minute() -> None:
    state = fresh_state()
    ten = at_ns(DAY, 10, 30)
    state.apply(batch_of([coarse(ten + n * HOUR_NS, HOUR_NS, 1000 + n, 50) for n in range(3)]))
    assert len(state.bars.read(0, 60)) == 0
    assert len(state.bars.read(0, 1)) == 0
    hours = state.bars.read(0, 3600)
    assert hours["ts_ns"].tolist() == [ten, ten + HOUR_NS, ten + 2 * HOUR_NS]
    assert hours["volume"].tolist() == [50, 50, 50]
    days = state.bars.read(0, 86_400)
    assert [days[0][name] for name in ("open", "high", "low", "close", "volume")] == [1000, 1007, 995, 1003, 150]
    assert (state.read_one(0)["volume"], state.read_one(0)["last_px"]) == (150, 1003)


def test_bars_of_several_lengths_and_trades_count_the_same_volume_once() -> None:
    state = fresh_state()
    ten = at_ns(DAY, 10, 30)
    rows = [{**trade_row(0, 1000, 1, 0), "ts_ns": ten + n * 60 * NS_PER_S} for n in range(60)]
    rows.append(coarse(ten, HOUR_NS, 1000, 60))
    rows.append(coarse(ten + HOUR_NS, HOUR_NS, 1000, 40))
    day = at_ns(DAY, 20, 0) - 24 * HOUR_NS
    rows += [coarse(day, 24 * HOUR_NS, 1000, 100), coarse(ten + HOUR_NS, HOUR_NS, 1000, 40)]
    for part in np.array_split(batch_of(rows), 5):
        state.apply(part)
    assert state.read_one(0)["volume"] == 100
    assert state.bars.read(0, 3600)["volume"].tolist() == [60, 40]
    assert int(state.bars.read(0, 60)["volume"].sum()) == 60
    assert state.bars.read(0, 86_400)["volume"].tolist() == [100]


def test_a_daily_bar_is_of_the_day_that_most_of_it_is_in() -> None:
    state = fresh_state()
    rows = [coarse(at_ns(date(2026, 1, n), 19, 0), 24 * HOUR_NS, 1000 + n, n) for n in (5, 6, 7)]
    state.apply(batch_of(rows))
    days = state.bars.read(0, 86_400)
    assert [from_ns(int(ts)).date() for ts in days["ts_ns"]] == [date(2026, 1, n) for n in (6, 7, 8)]
    assert days["volume"].tolist() == [5, 6, 7]


def test_volumes_that_no_number_holds_stop_instead_of_turning_negative() -> None:
    minutes = minutes_from(at_ns(DAY, 9, 30), 30)
    minutes["volume"] = 2**60
    assert merge_bars(minutes, 3600)["volume"].tolist() == [MOST_SUM]
