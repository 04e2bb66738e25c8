"""The first compile: it happens in a child process and nowhere else, and Ctrl+C ends it in one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from terminal.infra.failures import Interrupted
from tests.acceptance.desk_process import PATIENCE_S, one_sentence
from tests.conftest import run_program

_COUNTED = """
import sys
from numba.core import event
from terminal.__main__ import main

class Compiles(event.Listener):
    def __init__(self):
        self.names = []
    def on_start(self, begun):
        self.names.append(str(begun.data["dispatcher"]))
    def on_end(self, ended):
        pass

compiles = Compiles()
event.register("numba:compile", compiles)
code = main()
print(*compiles.names, sep="\\n")
sys.exit(code)
"""
_USE = """
import terminal.quant.normal_kernel as kernel
first = kernel.vector_exp_sum
print(first.stats.cache_hits.total(), first(0.0, 0.0))
"""


@pytest.mark.parametrize(
    "market",
    [
        ("--workspace", "Market"),
        ("--workspace", "Options"),
        ("--replay", "lean", "--underlying", "GOOG", "--date", "2015-12-24"),
        ("--replay", "crypto", "--underlying", "BTCUSDT", "--date", "2024-08-08"),
    ],
    ids=["simulation", "options", "chain", "captures"],
)
def test_a_desk_compiles_nothing_in_its_own_process(
    market: tuple[str, ...], shared_data: Path, profile: Path, tmp_path: Path
) -> None:
    """Every kernel comes from the cache; one that is not among DESK_KERNELS, or is cached elsewhere, shows here."""
    words = [
        str(shared_data / word) if before == "--replay" else word
        for before, word in zip(("", *market), market, strict=False)
    ]
    done = run_program(
        "desk", "--headless", "--seconds", "2", *words, profile=profile, folder=tmp_path, program=("-c", _COUNTED)
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["", ""]


@pytest.mark.skipif(os.name == "nt", reason="needs process groups")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_during_the_first_compile_is_one_sentence(number: signal.Signals, profile: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    command = [sys.executable, "-P", "-m", "terminal", "desk", "--headless", "--profile", str(profile)]
    desk = subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "NUMBA_CACHE_DIR": str(cache)}, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        until = time.monotonic() + PATIENCE_S
        while not list(cache.glob("*/*.nbc")):
            assert desk.poll() is None, desk.communicate()
            assert time.monotonic() < until
            time.sleep(0.05)
        # As a terminal does: to every process of the group. SIGTERM comes from a supervisor and to the desk alone.
        os.killpg(desk.pid, number) if number is signal.SIGINT else desk.send_signal(number)
        output, errors = desk.communicate(timeout=PATIENCE_S)
    finally:
        desk.kill()
    assert desk.returncode == Interrupted.exit_code
    assert output == ""
    assert one_sentence(errors), errors
    assert "the next start goes on from there" in errors
    assert not profile.exists()
    _wait_for_the_end_of(desk.pid)
    assert not list(cache.glob("warm*.json"))
    used = run_program(profile=None, folder=tmp_path, env={"NUMBA_CACHE_DIR": str(cache)}, program=("-c", _USE))
    assert used.stdout.split() == ["1", "1.0"], used.stderr


def _wait_for_the_end_of(group: int) -> None:
    """The child that compiles, and multiprocessing's own helper, which ends when it sees that we have."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        assert time.monotonic() < until, "a child outlives the program"
        time.sleep(0.05)
