"""Start: how long a command takes before it does anything."""

from __future__ import annotations

import subprocess
import sys

from terminal.bench.result import Benchmark, Result, median_seconds, result


def _command_line(_long: bool) -> list[Result]:
    command = [sys.executable, "-m", "terminal", "--version"]
    seconds = median_seconds(lambda: subprocess.run(command, check=True, capture_output=True), rounds=5)
    return [result("command_line_start", "start", seconds, "s", better="lower", note="moneyness --version")]


BENCHMARKS = [Benchmark("command_line_start", "start", _command_line)]
