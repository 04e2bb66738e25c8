"""A reading of the meter for tests, with changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from terminal.app.meter import PanelCost, Reading, Stall, ThreadShare, UiReading

UI = UiReading(
    frame_rate=62.0,
    frame_p50_ms=1.5,
    frame_p99_ms=6.0,
    longest_gap_ms=21.0,
    panels=(PanelCost("chart-1", 0.4, 1.2, 0.8, 2.5, 0.07), PanelCost("ladder-1", 0.2, 3.1, None, None, 0.02)),
    stalls=(
        Stall(1_767_625_200.0, 143.2, "Thread 0x0001\n  File a.py, line 1 in inner\n  File b.py, line 2 in outer"),
    ),
    stall_count=1,
)

READING = Reading(
    wall_ns=1_767_625_200_000_000_000,
    messages_per_s=98_765.4,
    messages=1_234_567,
    feed_to_state_p50_ms=0.42,
    feed_to_state_p99_ms=8.25,
    state_to_paint_p50_ms=14.0,
    state_to_paint_p99_ms=29.0,
    ui=UI,
    tape_lag=0,
    recorder_lag=12_345,
    recorder_rows=1_222_222,
    cpu_share=0.91,
    cores=2,
    threads=(ThreadShare("engine", 0.4), ThreadShare("window", 0.3), ThreadShare("io", 0.1), ThreadShare("x", 0.01)),
    memory_bytes=640 << 20,
    gpu=None,
    disk_free_bytes=100 << 30,
    database_bytes=200 << 20,
    sources=(("bench", 400_000_000),),
)


def reading(**changes: Any) -> Reading:
    """The reading with other fields."""
    return replace(READING, **changes)


class SmallMeter:
    """Gives the same reading again and again, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self, ui: UiReading) -> Reading:
        self.asked += 1
        return replace(READING, ui=replace(ui, panels=ui.panels or UI.panels))
