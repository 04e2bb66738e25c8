"""The meter of a whole desk: every figure is there, of the last seconds, and rates are differences."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from terminal.app.desk import Desk
from terminal.app.meter import UiReading
from tests.app.small_desk import SmallDesk


def test_a_reading_of_a_desk_that_has_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = SmallDesk(tmp_path / "profile", "", ("--seconds", "40000"))
    small.open()
    desk: Desk = small.run_.desk
    now = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    small.start()
    small.wait()
    small.stop()
    first = desk.meter.read(UiReading())
    assert (first.messages_per_s, first.cpu_share) == (0.0, None)
    assert first.feed_to_state_p99_ms is not None
    for _ in range(1000):
        if desk.meter.read(UiReading()).disk_free_bytes is not None:
            break
        threading.Event().wait(0.01)
    now[0] += 5.0
    desk.rooms.state.channel.messages += 500
    found = desk.meter.read(UiReading(frame_rate=60.0))
    assert found.messages == desk.rooms.state.channel.messages > 500
    assert found.messages_per_s == pytest.approx(100.0)
    assert [name for name, _ in found.sources] == ["small"]
    assert found.cpu_share is not None
    assert found.recorder_lag == 0
    assert found.recorder_rows > 0
    assert found.memory_bytes > 1 << 20
    assert found.disk_free_bytes is not None
    assert found.database_bytes > 0
    assert found.cores == os.cpu_count()
    assert found.ui.frame_rate == 60.0
    now[0] += 60.0
    desk.meter.read(UiReading())
    later = desk.meter.read(UiReading())
    assert later.feed_to_state_p99_ms is None, "what is older than ten seconds is not what is now"
    assert later.messages_per_s == 0.0


def test_a_paint_is_as_late_as_the_oldest_change_it_shows(tmp_path: Path) -> None:
    small = SmallDesk(tmp_path / "profile", "")
    small.open()
    desk: Desk = small.run_.desk
    desk.note_frame()
    desk.note_paint()
    assert desk.state_to_paint.count == 0, "nothing has changed"
    desk.rooms.state.apply(small.feed.messages[:20])
    first_ns = desk.rooms.state.applied_ns
    time.sleep(0.02)
    desk.rooms.state.apply(small.feed.messages[20:40])
    desk.note_frame()
    desk.rooms.state.apply(small.feed.messages[40:50])
    desk.note_paint()
    at_least_ms = (desk.rooms.state.applied_ns - first_ns) / 1e6
    assert desk.state_to_paint.count == 1
    assert desk.state_to_paint.max_ms is not None
    assert desk.state_to_paint.max_ms >= at_least_ms >= 20.0
    desk.note_paint()
    assert desk.state_to_paint.count == 1, "a second paint of the same frame shows nothing new"
    small.start()
    small.wait()
    small.stop()
