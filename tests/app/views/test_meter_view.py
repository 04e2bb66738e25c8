"""The meter's words: units, tones, holes, and what the overlay and the tables show."""

from __future__ import annotations

import pytest

from terminal.app.meter import Stall, UiReading
from terminal.app.views.meter import (
    KEPT,
    TILES,
    MeterHistory,
    cost_rows,
    hud_lines,
    milliseconds,
    share_text,
    size_text,
    stall_lines,
    tiles,
)
from terminal.infra.gpu import Gpu
from tests.app.readings import READING, reading


def test_figures_have_units_and_what_is_unknown_is_a_dash() -> None:
    assert [milliseconds(each) for each in (None, 0.416, 8.25, 123.4, 1500.0)] == [
        "–", "0.42 ms", "8.2 ms", "123 ms", "1.5 s",
    ]  # fmt: skip
    assert [size_text(each) for each in (None, 640 << 20, 5 << 30)] == ["–", "640 MB", "5.00 GB"]
    assert [share_text(each) for each in (None, 0.37, 1.5)] == ["–", "37%", "150%"]


def test_every_figure_has_a_tile_and_says_what_it_means() -> None:
    found = tiles(READING, MeterHistory())
    assert tuple(each.key for each in found) == TILES
    assert all(each.tip.endswith(".") for each in found)
    by_key = {each.key: each for each in found}
    assert by_key["messages"].value == "98,765 /s"
    assert by_key["feed"].note == "p50 0.42 ms, p99 8.2 ms"
    assert by_key["gap"].note == "1 stall since the start"
    assert by_key["cpu"].note == "engine 40%, window 30%, io 10%"
    assert by_key["gpu"].value == "no GPU"
    assert by_key["disk"].note == "database 200 MB"
    assert by_key["source"].note == "bench 0.4 s"
    assert by_key["counted"].note == "nothing"
    card = {each.key: each for each in tiles(reading(gpu=Gpu("H200", 1 << 30, 141 << 30)), MeterHistory())}["gpu"]
    assert (card.value, card.note) == ("1.00 GB", "of 141.00 GB, H200")


@pytest.mark.parametrize(
    ("key", "changes", "tone"),
    [
        ("feed", {}, "text0"),
        ("feed", {"feed_to_state_p99_ms": 40.0}, "warn"),
        ("paint", {"state_to_paint_p99_ms": 34.0}, "warn"),
        ("paint", {"state_to_paint_p99_ms": None}, "text2"),
        ("frame", {"ui": UiReading(frame_p99_ms=8.5)}, "warn"),
        ("gap", {"ui": UiReading(longest_gap_ms=101.0)}, "critical"),
        ("recorder", {"recorder_lag": 200_000}, "warn"),
        ("cpu", {"cpu_share": 1.95}, "critical"),
        ("disk", {"disk_free_bytes": 1}, "warn"),
        ("counted", {"counted": {"gap": 2}}, "warn"),
    ],
)
def test_what_is_over_its_budget_stands_out(key: str, changes: dict[str, object], tone: str) -> None:
    assert {each.key: each.tone for each in tiles(reading(**changes), MeterHistory())}[key] == tone


def test_history_keeps_a_minute_with_its_holes() -> None:
    history = MeterHistory()
    assert history.series("messages") == ()
    for number in range(KEPT + 5):
        history.add(reading(messages_per_s=float(number), feed_to_state_p99_ms=None))
    assert history.series("messages")[0] == 5.0
    assert len(history.series("messages")) == KEPT
    assert set(history.series("feed")) == {None}
    assert history.series("no such figure") == ()


def test_the_overlay_is_short_and_the_costs_are_by_panel() -> None:
    lines = hud_lines(READING)
    assert [label for label, _, _ in lines] == ["msgs", "feed", "paint", "frame", "gap", "rec", "cpu", "mem", "age"]
    assert all(value for _, value, _ in lines)
    rows = cost_rows(READING)
    assert rows.keys == ["chart-1", "ladder-1"]
    assert rows.values["share"] == ["7.0", "2.0"]
    assert rows.values["paint_p99"] == ["2.50", "–"]
    assert rows.tones["refresh_p99"] == ["text0", "warn"]


def test_stalls_are_listed_newest_first_with_their_stack() -> None:
    assert "every frame came in time" in stall_lines(())
    text = stall_lines((*READING.ui.stalls, Stall(1_767_625_300.0, 1500.0, "Thread 2\n  File c.py")))
    assert text.index("1,500 ms") < text.index("143 ms")
    assert "File a.py, line 1 in inner" in text
    assert "Thread" not in text
