"""From the wire to the painted pixel: the default desk under a program that publishes, and the desk's memory over time.

Coalesced: paints, and so the values between two paints. Not coalesced and asserted: the final quotes, every message's
count, volumes, minute bars and the rows on the disk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from terminal.bench import peers
from terminal.bench.peers import Peer
from terminal.bench.result import Benchmark, Result, result
from terminal.bench.wire_program import INSTRUMENTS, template, totals
from terminal.infra.failures import WorkFailed
from terminal.infra.paths import Profile
from terminal.store import spill_recovery
from terminal.store.market_db import MarketDatabase

RATE, BURST = 100_000, 10.0
SOAK_RATE = 20_000
PAINT_GOAL_MS, GAP_GOAL_MS, FRAME_GOAL_MS = 33.0, 50.0, 8.0
MEMORY_GOAL_MB, SLOPE_GOAL_MB = 1024.0, 1.0
SIZE = "1600x900"
VNPY = Peer("vnpy", "vnpy", "peer_vnpy_table.py", "vnpy")
_PATIENCE_S = 240.0


def run_desk(task: str, seconds: float, rate: float, burst: float, folder: Path) -> tuple[dict[str, Any], int]:
    """One desk under load, as (what it saw, messages sent); everything that was sent is checked to be there."""
    surroundings = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    words = ["--seconds", str(seconds), "--rate", str(rate), "--burst", str(burst)]
    program = subprocess.Popen(
        [sys.executable, "-m", "terminal.bench.wire_program", *words],
        stdout=subprocess.PIPE, text=True, env=surroundings,
    )  # fmt: skip
    try:
        if program.stdout is None:
            raise WorkFailed("The program that publishes has no output.")
        port = program.stdout.readline().strip()
        target = folder / "seen.json"
        desk = subprocess.run(
            [sys.executable, "-m", "terminal.bench.wire_desk", task, f"127.0.0.1:{port}", str(folder / "profile"),
             str(target), SIZE],
            env=surroundings, capture_output=True, text=True, timeout=seconds + _PATIENCE_S, check=False,
        )  # fmt: skip
        if desk.returncode or not target.exists():
            raise WorkFailed(f"The desk failed: {(desk.stderr.strip().splitlines() or ['no word'])[-1]}")
        said = json.loads(program.stdout.read().strip() or "{}")
        program.wait(10)
    finally:
        if program.poll() is None:
            program.kill()
    seen = json.loads(target.read_text(encoding="utf-8"))
    if "frames" not in seen:
        raise WorkFailed("The desk was not ready before the feed ended; the machine is too busy to measure.")
    check(seen, int(said["sent"]), folder / "profile")
    return seen, int(said["sent"])


def check(seen: dict[str, Any], sent: int, profile: Path) -> None:
    """Raises AssertionError unless every one of ``sent`` messages is in the state, in the bars and on the disk."""
    wanted = totals(sent, template())
    found = seen["messages"]
    for name, kind in (("equity_quote", "quotes"), ("equity_trade", "trades"), ("equity_depth", "levels")):
        if found.get(name, 0) != int(wanted[kind].sum()):
            raise AssertionError(f"{found.get(name, 0):,} {name} of {int(wanted[kind].sum()):,} are in the state")
    if seen["refused"]:
        raise AssertionError(f"refused: {seen['refused']}")
    for name in ("volume", "bid_px", "ask_px"):
        if seen[name] != wanted[name].tolist():
            raise AssertionError(f"the final {name} are not those that were published")
    if seen["minute_volume"] != wanted["volume"][: len(seen["minute_volume"])].tolist():
        raise AssertionError("the minute bars do not add up to the volume")
    database = MarketDatabase.open(Profile(profile).database_file)
    try:
        # What a hurried stop left beside the database is taken in, as the next start of the desk does.
        spill_recovery.recover(database, Profile(profile).spill_dir)
        connection = database.connect()
        for name, kind in (("equity_quote", "quotes"), ("equity_trade", "trades"), ("equity_depth", "levels")):
            (rows,) = connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0]  # noqa: S608 - names of ours
            if int(rows) != int(wanted[kind].sum()):
                raise AssertionError(f"{rows:,} rows of {name} are on the disk, {int(wanted[kind].sum()):,} were sent")
        connection.close()
    finally:
        database.close()


def _wire(long: bool) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="moneyness-wire-") as folder:
        seen, sent = run_desk("wire", 60.0 if long else 25.0, RATE, BURST, Path(folder))
    everything = seen["all"]
    by_panel = ", ".join(
        f"{name} {each['p50_ms']:.0f}/{each['p99_ms']:.0f}" for name, each in seen["panels"].items() if "p99_ms" in each
    )
    note = (
        f"{sent:,} messages of {INSTRUMENTS:,} instruments at {RATE:,}/s with {BURST:.0f}x bursts, all counted in "
        f"state, bars and rows; paints are coalesced; p50 {everything['p50_ms']:.1f} ms; by panel p50/p99: {by_panel}"
    )
    cost = "; ".join(
        f"{name} {each['refresh_p50_ms']:.2f}/{each['refresh_p99_ms']:.2f}"
        for name, each in seen["panels"].items()
        if each["refreshes"]
    )
    found = [
        result("wire_to_paint_p99", "market", everything["p99_ms"], "ms", better="lower", goal=PAINT_GOAL_MS,
               note=note),
        result("wire_longest_ui_gap", "market", seen["longest_gap_ms"], "ms", better="lower", goal=GAP_GOAL_MS,
               note=f"{seen['frames']:,} frames in {seen['seconds']:.0f} s; {seen['cpu_share']:.2f} cores busy"),
        result("wire_ui_frame_p99", "market", seen["frame_p99_ms"], "ms", better="lower", goal=FRAME_GOAL_MS,
               note=f"p50 {seen['frame_p50_ms']:.1f} ms; refresh p50/p99 by panel in ms: {cost}"),
    ]  # fmt: skip
    return [*found, *_peer(seconds=30.0 if long else 12.0)]


def _peer(seconds: float) -> list[Result]:
    """vnpy's table of ticks at 5,000/s over as many symbols, with the same definition of delay."""
    inputs = {"rate": np.array([5_000.0]), "symbols": np.array([INSTRUMENTS]), "seconds": np.array([seconds])}
    answer = peers.ask(VNPY, "table", inputs, rounds=0)
    if answer is None:
        return []
    delay, gap = float(answer.arrays["p99_ms"][0]), float(answer.arrays["longest_gap_ms"][0])
    shown, put = int(answer.arrays["shown"][0]), int(answer.arrays["put"][0])
    note = f"vnpy {answer.version}, 5,000 ticks/s, {shown:,} of {put:,} on the screen at the end"
    return [
        result("peer_vnpy_put_to_paint_p99", "market", delay, "ms", better="lower", note=note),
        result("peer_vnpy_longest_ui_gap", "market", gap, "ms", better="lower", note=note),
    ]


def _soak(long: bool) -> list[Result]:
    seconds = 1800.0 if long else 75.0
    with tempfile.TemporaryDirectory(prefix="moneyness-soak-") as folder:
        seen, sent = run_desk("soak", seconds, SOAK_RATE, 1.0, Path(folder))
    samples = np.array(seen["rss"])
    settled = samples[samples[:, 0] >= samples[-1, 0] / 3]
    slope_mb = float(np.polyfit(settled[:, 0] / 60, settled[:, 1] / 2**20, 1)[0])
    note = (
        f"{sent:,} messages at {SOAK_RATE:,}/s in {seconds:.0f} s, all in state, bars and rows; "
        f"{settled[0, 1] / 2**20:,.0f} MB after a third, {samples[-1, 1] / 2**20:,.0f} MB at the end; "
        f"{_memory_by_minute(samples)}; of it {_parts_text(seen['parts'])}"
    )
    return [
        result("soak_memory", "market", float(samples[:, 1].max()) / 2**20, "MB", better="lower", goal=MEMORY_GOAL_MB,
               note=note),
        result("soak_memory_slope", "market", slope_mb, "MB/min", better="lower",
               goal=SLOPE_GOAL_MB if long else None, note="after the first third; judged over 30 minutes (--long)"),
    ]  # fmt: skip


def _memory_by_minute(samples: np.ndarray[Any, Any]) -> str:
    """What the process held after so many minutes, as far as it ran."""
    found = []
    for minutes in (1, 5, 10, 20, 30):
        at = int(np.searchsorted(samples[:, 0], 60 * minutes - 2.0))
        if at < len(samples):
            found.append(f"{samples[at, 1] / 2**20:,.0f} MB at {minutes} min")
    return ", ".join(found)


def _parts_text(parts: list[tuple[float, dict[str, int]]]) -> str:
    """The parts at the beginning and at the end, in megabytes."""
    first, last = parts[0][1], parts[-1][1]
    words = []
    for name, value in last.items():
        unit = 2**20 if value >= 2**16 and name not in {"objects", "keyframes' number"} else 1
        words.append(f"{name} {first[name] / unit:,.0f} to {value / unit:,.0f}{' MB' if unit > 1 else ''}")
    return ", ".join(words)


BENCHMARKS = [Benchmark("wire_to_paint", "market", _wire), Benchmark("soak", "market", _soak)]
