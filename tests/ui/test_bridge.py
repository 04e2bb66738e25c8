"""Frame clock, statistics, lossless wake-ups, watchdog."""

from __future__ import annotations

import gc
import logging
import random
import threading
import time
import weakref

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from terminal.ui.bridge import frame_clock
from terminal.ui.bridge.frame_clock import Frame, FrameClock, Needs, Pulse
from terminal.ui.bridge.frame_statistics import FrameStatistics
from terminal.ui.bridge.paint_forecast import PaintForecast
from terminal.ui.bridge.wake import WakeQueue
from terminal.ui.bridge.watchdog import StallWatchdog


class Knot:
    """Refers to itself, so that only the cyclic collector ends it."""

    def __init__(self) -> None:
        self.me = self


class Client:
    def __init__(self, needs: Needs = Needs.NOTHING, interval_ms: int = 0) -> None:
        self.needs, self.min_interval_ms = needs, interval_ms
        self.visible, self.work_s = True, 0.0
        self.frames: list[Frame] = []

    def is_on_screen(self) -> bool:
        return self.visible

    def run_frame(self, frame: Frame) -> None:
        self.frames.append(frame)
        if self.work_s:
            time.sleep(self.work_s)


@pytest.fixture
def pulse() -> list[Pulse]:
    return [Pulse(0, 0, 0, 0)]


@pytest.fixture
def clock(qapp: object, pulse: list[Pulse]) -> FrameClock:
    return FrameClock(lambda: pulse[0])


def test_only_what_changed_dirties_a_client(clock: FrameClock, pulse: list[Pulse]) -> None:
    clients = {need: Client(need) for need in (Needs.MARKET, Needs.TRADING, Needs.SECOND, Needs.LOG, Needs.NOTHING)}
    for client in clients.values():
        clock.add(client)
    clock.tick()
    for step, need in (
        (Pulse(1, 1, 0, 0), Needs.MARKET), (Pulse(2, 1, 1, 0), Needs.TRADING),
        (Pulse(1_000_000_000, 1, 1, 0), Needs.SECOND), (Pulse(1_000_000_001, 1, 1, 1), Needs.LOG),
    ):  # fmt: skip
        before = {each: len(client.frames) for each, client in clients.items()}
        pulse[0] = step
        clock.tick()
        assert [each for each, client in clients.items() if len(client.frames) > before[each]] == [need]


def test_hidden_and_clean_clients_cost_nothing(clock: FrameClock, pulse: list[Pulse]) -> None:
    client = Client(Needs.MARKET)
    clock.add(client)
    client.visible = False
    clock.tick()
    assert client.frames == []
    client.visible = True
    clock.tick()
    clock.tick()
    assert len(client.frames) == 1
    clock.mark(client)
    clock.tick()
    assert len(client.frames) == 2
    clock.remove(client)
    clock.mark(client)
    clock.tick()
    assert len(client.frames) == 2


def test_a_client_is_not_run_more_often_than_it_wants(clock: FrameClock) -> None:
    client = Client(Needs.ALWAYS, 3_600_000)
    clock.add(client)
    for _ in range(5):
        clock.tick()
    assert len(client.frames) == 1


def test_what_does_not_fit_into_a_frame_goes_first_in_the_next(
    clock: FrameClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_clock, "BUDGET_NS", 1)
    clients = [Client(Needs.ALWAYS) for _ in range(3)]
    for client in clients:
        clock.add(client)
    for _ in range(6):
        clock.tick()
    assert [len(client.frames) for client in clients] == [2, 2, 2]


def test_what_is_dear_to_paint_waits_for_a_frame_of_its_own_and_then_goes_first(clock: FrameClock) -> None:
    dear, cheap = Client(), Client()
    for client in (dear, cheap):
        clock.add(client)
    for _ in range(40):
        clock.mark(dear)
        clock.tick()
        clock.painted(20_000_000, 20_000_000)
        clock.mark(cheap)
        clock.tick()
        clock.painted(100_000, 100_000)
    seen = len(dear.frames), len(cheap.frames)
    clock.mark(cheap)
    clock.mark(dear)
    clock.tick()
    assert (len(dear.frames), len(cheap.frames)) == (seen[0] + 1, seen[1]), "the one that has waited longest"
    clock.tick()
    assert (len(dear.frames), len(cheap.frames)) == (seen[0] + 1, seen[1] + 1)


def test_a_forecast_finds_each_client_s_own_paint_in_sums() -> None:
    chance, forecast = random.Random(1), PaintForecast()
    paints = {1: 3_000_000, 2: 500_000, 3: 0, 4: 1_500_000}
    for _ in range(600):
        forecast.begin_frame()
        for client in chance.sample(sorted(paints), chance.randint(1, 4)):
            forecast.refreshed(client, 200_000)
        due = list(forecast._frame)
        forecast.painted(sum(paints[each] for each in due))
    for client, paint_ns in paints.items():
        assert forecast.of(client) == pytest.approx(200_000 + paint_ns, abs=150_000)
    forecast.begin_frame()
    forecast.refreshed(1, 200_000)
    assert forecast.paint_to_come_ns == pytest.approx(3_000_000, abs=150_000)
    forecast.forget(1)
    assert forecast.of(1) == 0


def test_a_widget_that_goes_takes_its_clients_with_it(clock: FrameClock, qtbot: QtBot) -> None:
    class Inner(QWidget):
        needs, min_interval_ms = Needs.ALWAYS, 0
        runs = 0

        def is_on_screen(self) -> bool:
            return True

        def run_frame(self, frame: Frame) -> None:
            self.runs += 1

    outer = QWidget()
    qtbot.addWidget(outer)
    inner = Inner(outer)
    clock.add(inner)
    clock.tick()
    clock.remove_inside(outer)
    clock.tick()
    assert inner.runs == 1


def test_ready_freezes_the_heap_and_the_collector_comes_back_when_no_thread_runs(
    clock: FrameClock, qtbot: QtBot
) -> None:
    gc.enable()
    clock.start()
    assert not gc.isenabled(), "other threads run already: a collection there would destroy Qt objects"
    clock.ready()
    assert not gc.isenabled()
    assert gc.get_freeze_count() > 0
    qtbot.waitUntil(lambda: clock.statistics.summary().frames > 3)
    clock.stop()
    assert not clock.is_running
    assert not gc.isenabled(), "the other threads run on until the desk has stopped them"
    clock.release_collector()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_garbage_is_collected_between_frames(clock: FrameClock) -> None:
    clock.ready()
    try:
        gone: list[int] = []
        for _ in range(10_000):
            weakref.finalize(Knot(), int)
        weakref.finalize(Knot(), gone.append, 1)
        clock.tick()
        assert gone == [1]
    finally:
        clock.stop()
        clock.release_collector()


def test_statistics_count_work_paint_and_gaps() -> None:
    statistics = FrameStatistics()
    assert statistics.summary().frames == 0
    statistics.paint(5)
    for number in range(100):
        statistics.frame(1 + number * 16_000_000, 2_000_000)
    statistics.frame(1 + 99 * 16_000_000 + 40_000_000, 1_000_000)
    statistics.paint(9_000_000)
    found = statistics.summary()
    assert found.frames == 101
    assert found.p50_ms == pytest.approx(2.0)
    assert found.longest_ms == pytest.approx(10.0)
    assert found.longest_gap_ms == pytest.approx(40.0)
    statistics.reset(10_000_000_000)
    assert statistics.summary().longest_ms == 0
    statistics.frame(9_900_000_000, 170_000_000)
    assert statistics.summary().frames == 0, "it began before the desk was ready"
    statistics.frame(10_010_000_000, 1_000_000)
    assert statistics.summary().longest_gap_ms == 0.0


def test_no_item_of_any_thread_is_lost_and_each_thread_s_order_is_kept(qtbot: QtBot) -> None:
    taken: list[tuple[int, int]] = []
    queue = WakeQueue[tuple[int, int]](taken.append)

    def put_many(number: int) -> None:
        for item in range(2_000):
            queue.put((number, item))

    threads = [threading.Thread(target=put_many, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    qtbot.waitUntil(lambda: len(taken) == 8_000, timeout=20_000)
    for thread in threads:
        thread.join()
    for number in range(4):
        assert [i for n, i in taken if n == number] == list(range(2_000))
    assert len(queue) == 0
    queue.close()


def test_a_stall_writes_the_stack_of_the_watched_thread(caplog: pytest.LogCaptureFixture) -> None:
    watchdog = StallWatchdog(limit_ms=40)
    with caplog.at_level(logging.WARNING, "moneyness.ui.stall"):
        watchdog.start()
        deadline = time.monotonic() + 10
        while not watchdog.stalls and time.monotonic() < deadline:
            time.sleep(0.005)
        watchdog.stop()
    assert watchdog.stalls >= 1
    assert "test_a_stall_writes_the_stack" in caplog.text


def test_the_watchdog_does_not_keep_what_the_watched_thread_holds() -> None:
    """A frame held by the watchdog would keep a paintEvent's painter alive after its paint, which crashes Qt."""
    ended_on: list[int] = []

    class Painter:
        def __del__(self) -> None:
            ended_on.append(threading.get_ident())

    watchdog = StallWatchdog(limit_ms=20)

    def stalled_paint() -> None:
        painter = Painter()
        deadline = time.monotonic() + 10
        while not watchdog.stalls and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.05)
        assert painter is not None

    watchdog.start()
    stalled_paint()
    kept = not ended_on
    watchdog.stop()
    assert watchdog.stalls >= 1
    assert not kept
    assert ended_on == [threading.get_ident()]


def test_a_stall_has_one_entry_with_its_length_and_the_stack_from_inside_it(caplog: pytest.LogCaptureFixture) -> None:
    watchdog = StallWatchdog(limit_ms=40)

    def sleepy() -> None:
        deadline = time.monotonic() + 10
        while not watchdog.stalls and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.1)

    with caplog.at_level(logging.WARNING, "moneyness.ui.stall"):
        watchdog.start()
        begun = time.perf_counter()
        watchdog.beat()
        sleepy()
        watchdog.beat()
        lasted_ms = (time.perf_counter() - begun) * 1000
        deadline = time.monotonic() + 10
        while not watchdog.last() and time.monotonic() < deadline:
            watchdog.beat()
            time.sleep(0.002)
        watchdog.stop()
    (stall,) = watchdog.last()
    assert 140 <= stall.duration_ms <= lasted_ms
    assert "in sleepy" in stall.stack
    assert caplog.text.count("in sleepy") == 1


def test_recent_frames_are_those_of_the_last_ten_seconds() -> None:
    statistics = FrameStatistics()
    assert statistics.recent(1).p99_ms is None
    for number in range(2_000):
        statistics.frame(1 + number * 16_000_000, 30_000_000 if number < 500 else 2_000_000)
    last_ns = 1 + 1_999 * 16_000_000
    found = statistics.recent(last_ns + 70_000_000)
    assert found.p99_ms == pytest.approx(2.0)
    assert found.longest_gap_ms == pytest.approx(70.0), "a frame that is late by now counts"
    assert found.rate == pytest.approx(62.0, abs=1.5)
