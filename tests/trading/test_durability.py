"""What a kill cannot prove: that the disk was asked to keep an order before the venue got it. And what a kill can."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from terminal.core.instruments import InstrumentTable
from terminal.core.orders import OrderState
from terminal.store.journal import Journal
from terminal.trading.road import fold_session

STORM = [sys.executable, "-m", "tests.trading.order_storm"]
KILLS = 10


def _environment(repository: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(repository), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.mark.skipif(sys.platform != "linux", reason="system calls are traced on Linux")
def test_an_fdatasync_of_the_log_stands_between_the_writing_of_an_order_and_its_send(
    tmp_path: Path, repository: Path
) -> None:
    if shutil.which("strace") is None:
        pytest.fail("strace is missing: apt-get install strace", pytrace=False)
    trace = tmp_path / "trace"
    calls = "trace=fdatasync,fsync,pwrite64,write"
    command = ["strace", "-f", "-y", "-s", "70000", "-e", calls, "-o", str(trace), *STORM, str(tmp_path / "d"), "30"]
    (tmp_path / "d").mkdir()
    done = subprocess.run(
        command, cwd=tmp_path, env=_environment(repository), capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    sends = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("SEND")]
    assert len(sends) >= 25
    events = _events(trace)
    at = {order_id: events.index(("send", order_id)) for order_id in sends}
    previous = -1
    for order_id in sends:
        between = events[previous + 1 : at[order_id]]
        kinds = [kind for kind, _ in between]
        assert "sync" in kinds, f"{order_id} was sent without a sync since the send before it"
        last_write = max(i for i, kind in enumerate(kinds) if kind == "write")
        assert "sync" in kinds[last_write:], f"{order_id} was sent while the log was not synced"
        holding = [i for i, (kind, data) in enumerate(between) if kind == "write" and _names(data, order_id)]
        assert holding, f"{order_id} was sent before its intent was written"
        assert "sync" in kinds[holding[0] :], f"{order_id} was sent before its intent was synced"
        previous = at[order_id]


def _names(data: str, order_id: str) -> bool:
    return f'order_id\\":\\"{order_id}\\"' in data


def _events(trace: Path) -> list[tuple[str, str]]:
    """The orders thread's own system calls in order: ("write", data), ("sync", "") of the log, ("send", order id)."""
    lines = trace.read_text(errors="replace").splitlines()
    sender = next(line.split()[0] for line in lines if '"SEND ' in line)
    events: list[tuple[str, str]] = []
    pending = ""
    for line in lines:
        thread, _, call = line.partition(" ")
        if thread != sender:
            continue
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            pending = call.removesuffix("<unfinished ...>")
            continue
        if call.startswith("<... "):
            call = pending + call.partition("resumed>")[2]
        if "journal.sqlite3-wal>" in call and call.endswith("= 0") and call.startswith(("fdatasync", "fsync")):
            events.append(("sync", ""))
        elif "journal.sqlite3-wal>" in call and call.startswith(("pwrite64", "write")):
            events.append(("write", call))
        elif found := re.search(r'"SEND ([^\\"]+)\\n"', call):
            events.append(("send", found[1]))
    return events


@pytest.mark.slow
def test_whatever_was_shown_is_there_after_a_kill_at_any_moment(tmp_path: Path, repository: Path) -> None:
    chance = random.Random(20151224)
    orders: dict[str, tuple[str, int]] = {}
    fills: set[str] = set()
    sent: set[str] = set()
    for _ in range(KILLS):
        out = tmp_path / "shown"
        with out.open("wb") as file:
            storm = subprocess.Popen(
                [*STORM, str(tmp_path), "0"], cwd=tmp_path, env=_environment(repository), stdout=file,
                stderr=subprocess.PIPE,
            )  # fmt: skip
            deadline = time.monotonic() + 60
            while out.stat().st_size == 0 and time.monotonic() < deadline and storm.poll() is None:
                time.sleep(0.002)
            time.sleep(chance.uniform(0.0, 0.25))
            storm.send_signal(signal.SIGKILL)
            _, errors = storm.communicate(timeout=30)
        assert storm.returncode == -signal.SIGKILL, errors.decode()[-2000:]
        _read_shown(out.read_bytes().decode(), orders, fills, sent)
        journal = Journal(tmp_path / "journal.sqlite3", tmp_path / "head" / "head.json")
        verification = journal.verify()
        assert verification.ok, verification.sentence
        book = fold_session(journal, "S1", InstrumentTable()).snapshot()
        assert {fill.execution_id for fill in book.fills} >= fills
        kept = {order.order_id: order for order in book.orders}
        assert set(kept) >= sent, "nothing was sent that the journal does not know"
        for order_id, (state, filled) in orders.items():
            order = kept[order_id]
            assert order.filled >= filled
            if OrderState(state).is_terminal:
                assert order.state is OrderState(state)
    assert len(fills) > KILLS
    assert len(orders) > KILLS


def _read_shown(text: str, orders: dict[str, tuple[str, int]], fills: set[str], sent: set[str]) -> None:
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            continue
        word, *rest = line.split()
        if word == "ORDER":
            orders[rest[0]] = (rest[1], int(rest[2]))
        elif word == "FILL":
            fills.add(rest[0])
        else:
            sent.add(rest[0])
