"""The meter in words and lines: tiles with a minute of history, the panels' costs, threads, stalls. No Qt in here."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from terminal.app import ages, formats
from terminal.app.meter import Reading, Stall
from terminal.app.views.table_rows import TableRows

MISSING = formats.MISSING
KEPT = 150
"""Readings that a sparkline shows: a minute of them."""
_LOW_DISK_BYTES = 1 << 30
_GB, _MB = 1 << 30, 1 << 20

TILES = ("messages", "feed", "paint", "frame", "gap", "recorder", "cpu", "memory", "gpu", "disk", "source", "counted")
"""Keys, in the order of the panel."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure. ``tone``: token of the value's colour. ``series``: its last minute, oldest first; None is a hole."""

    key: str
    label: str
    value: str
    note: str
    tone: str
    tip: str
    series: tuple[float | None, ...] = ()


class MeterHistory:
    """The last readings, as one series a figure."""

    def __init__(self) -> None:
        self._series: dict[str, deque[float | None]] = {}

    def add(self, reading: Reading) -> None:
        """Appends one reading."""
        ui = reading.ui
        for key, value in (
            ("messages", reading.messages_per_s),
            ("feed", reading.feed_to_state_p99_ms),
            ("paint", reading.state_to_paint_p99_ms),
            ("frame", ui.frame_p99_ms),
            ("gap", ui.longest_gap_ms),
            ("recorder", float(reading.recorder_lag)),
            ("cpu", reading.cpu_share),
            ("memory", float(reading.memory_bytes)),
        ):
            self._series.setdefault(key, deque(maxlen=KEPT)).append(value)

    def series(self, key: str) -> tuple[float | None, ...]:
        """One figure's, oldest first; empty for one that has none."""
        return tuple(self._series.get(key, ()))


def milliseconds(value: float | None) -> str:
    """``0.42 ms``, ``8.1 ms``, ``120 ms``, ``1.5 s``."""
    if value is None:
        return MISSING
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.2f} ms" if value < 1 else f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def size_text(count: int | None) -> str:
    """Bytes as ``640 MB`` or ``1.25 GB``."""
    if count is None:
        return MISSING
    return f"{count / _GB:,.2f} GB" if count >= _GB else f"{count / _MB:,.0f} MB"


def share_text(share: float | None) -> str:
    """A share of one core as ``37%``."""
    return MISSING if share is None else f"{100 * share:.0f}%"


def _pair(p50: float | None, p99: float | None) -> str:
    return f"p50 {milliseconds(p50)}, p99 {milliseconds(p99)}"


def _over(value: float | None, warn: float, bad: float) -> str:
    if value is None:
        return "text2"
    return "critical" if value > bad else "warn" if value > warn else "text0"


def tiles(reading: Reading, history: MeterHistory) -> tuple[Tile, ...]:
    """The figures of the panel, in the order of :data:`TILES`."""
    return (*_speed(reading, history), *_machine(reading, history), *_sources(reading))


def _speed(reading: Reading, history: MeterHistory) -> tuple[Tile, ...]:
    ui = reading.ui
    stalls = f"{ui.stall_count:,} stall{'' if ui.stall_count == 1 else 's'} since the start"
    feed, paint, frame = reading.feed_to_state_p99_ms, reading.state_to_paint_p99_ms, ui.frame_p99_ms
    return (
        Tile("messages", "Messages", f"{reading.messages_per_s:,.0f} /s", f"{reading.messages:,} in all", "text0",
             "Messages that reached the market's state.", history.series("messages")),
        Tile("feed", "Feed to state", milliseconds(feed), _pair(reading.feed_to_state_p50_ms, feed),
             _over(feed, 16, 100), "From the read of the bytes to the state, last ten seconds.",
             history.series("feed")),
        Tile("paint", "State to paint", milliseconds(paint), _pair(reading.state_to_paint_p50_ms, paint),
             _over(paint, 33, 100), "From the oldest change that a paint is the first to show to its end.",
             history.series("paint")),
        Tile("frame", "Frame", milliseconds(frame), f"{_pair(ui.frame_p50_ms, frame)}, {ui.frame_rate:.0f} /s",
             _over(frame, 8, 33), "Work of the window's thread a frame, paints included; 8 ms is the budget.",
             history.series("frame")),
        Tile("gap", "Longest gap", milliseconds(ui.longest_gap_ms), stalls,
             _over(ui.longest_gap_ms, 50, 100), "Longest time between two frames, last ten seconds.",
             history.series("gap")),
        Tile("recorder", "Recorder lag", f"{reading.recorder_lag:,}", f"{reading.recorder_rows:,} rows on disk",
             _over(reading.recorder_lag, 1 << 17, 1 << 18), "Messages that are not in the database yet.",
             history.series("recorder")),
    )  # fmt: skip


def _machine(reading: Reading, history: MeterHistory) -> tuple[Tile, ...]:
    gpu = reading.gpu
    busiest = ", ".join(f"{each.name} {share_text(each.share)}" for each in reading.threads[:3])
    free = reading.disk_free_bytes
    return (
        Tile("cpu", "CPU", share_text(reading.cpu_share), busiest or f"of {reading.cores} cores",
             _over(reading.cpu_share, 0.8 * reading.cores, 0.95 * reading.cores),
             f"Processor time of the desk; 100% is one of {reading.cores} cores.", history.series("cpu")),
        Tile("memory", "Memory", size_text(reading.memory_bytes), "resident", "text0",
             "Resident memory of the desk.", history.series("memory")),
        Tile("gpu", "GPU", size_text(gpu.used_bytes) if gpu else "no GPU",
             f"of {size_text(gpu.total_bytes)}, {gpu.name}" if gpu else "", "text0" if gpu else "text2",
             "Memory of the graphics card, of all programs." if gpu else "No graphics card tells its memory."),
        Tile("disk", "Disk", f"{size_text(free)} free" if free is not None else MISSING,
             f"database {size_text(reading.database_bytes)}",
             "warn" if free is not None and free < _LOW_DISK_BYTES else "text0",
             "Where the market database is."),
    )  # fmt: skip


def _sources(reading: Reading) -> tuple[Tile, ...]:
    oldest = max((age for _, age in reading.sources if age is not None), default=None)
    names = ", ".join(f"{name} {ages.age(age)}" for name, age in reading.sources)
    counted = sorted(reading.counted.items(), key=lambda each: -each[1])
    return (
        Tile("source", "Source", ages.age(oldest), names, "text0", "Market time since each source last said anything."),
        Tile("counted", "Refused", f"{sum(reading.counted.values()):,}",
             ", ".join(f"{count:,} {reason}" for reason, count in counted) or "nothing",
             "warn" if counted else "text0", "What was refused or went wrong on the way in, by reason."),
    )  # fmt: skip


def hud_lines(reading: Reading) -> tuple[tuple[str, str, str], ...]:
    """Label, value and tone of the overlay's lines."""
    chosen = {each.key: each for each in tiles(reading, MeterHistory())}
    ui = reading.ui
    return (
        ("msgs", chosen["messages"].value, "text0"),
        ("feed", milliseconds(reading.feed_to_state_p99_ms), chosen["feed"].tone),
        ("paint", milliseconds(reading.state_to_paint_p99_ms), chosen["paint"].tone),
        ("frame", milliseconds(ui.frame_p99_ms), chosen["frame"].tone),
        ("gap", milliseconds(ui.longest_gap_ms), chosen["gap"].tone),
        ("rec", chosen["recorder"].value, chosen["recorder"].tone),
        ("cpu", chosen["cpu"].value, chosen["cpu"].tone),
        ("mem", chosen["memory"].value, chosen["memory"].tone),
        ("age", chosen["source"].value, chosen["source"].tone),
    )


def cost_rows(reading: Reading) -> TableRows:
    """What each panel costs, the dearest first."""
    panels = reading.ui.panels
    values = {
        "panel": [each.panel for each in panels],
        "refresh_p50": [_plain(each.refresh_p50_ms) for each in panels],
        "refresh_p99": [_plain(each.refresh_p99_ms) for each in panels],
        "paint_p50": [_plain(each.paint_p50_ms) for each in panels],
        "paint_p99": [_plain(each.paint_p99_ms) for each in panels],
        "share": [f"{100 * each.share:.1f}" for each in panels],
    }
    tones = {"refresh_p99": [_over(each.refresh_p99_ms, 2, 8) for each in panels]}
    return TableRows([each.panel for each in panels], values, tones=tones, tips={})


def _plain(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}"


def stall_lines(stalls: Sequence[Stall]) -> str:
    """The last stalls, newest first, each with the innermost places of its stack; or a sentence that there are none."""
    if not stalls:
        return "No stall so far: every frame came in time."
    lines = []
    for each in reversed(stalls):
        when = datetime.fromtimestamp(each.wall_s).astimezone()
        lines.append(f"{when:%H:%M:%S}  {each.duration_ms:,.0f} ms")
        lines += [f"    {line.strip()}" for line in each.stack.splitlines()[1:6]]
    return "\n".join(lines)
