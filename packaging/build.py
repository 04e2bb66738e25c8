#!/usr/bin/env python3
"""Freezes the core into dist/moneyness and tries it: python3 packaging/build.py [--skip-freeze]

The frozen program runs `desk --headless --seconds 5` twice, from another working directory, with an empty kernel cache
and then with the one that the first run left. Prints sizes and times; exits with 1 when a step fails.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import environment

ROOT = environment.ROOT
BUNDLE = ROOT / "dist" / "moneyness"
SECONDS = 5
PATIENCE_S = 1200
"""A busy machine compiles for many minutes."""


def main(arguments: Sequence[str]) -> int:
    """Builds and tries the bundle; the exit code."""
    parser = argparse.ArgumentParser(prog="build.py", description="Freezes Moneyness into one folder and tries it.")
    parser.add_argument("--skip-freeze", action="store_true", help="try the bundle that is there")
    options = parser.parse_args(arguments)
    try:
        if not options.skip_freeze:
            freeze()
        print(f"{BUNDLE}: {size_mb(BUNDLE):.0f} MB")
        for line in try_it():
            print(line)
    except environment.SetupError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def freeze() -> None:
    """Runs PyInstaller on terminal.spec. Raises SetupError when it fails."""
    environment.provide(extras=("dev",))
    started = time.monotonic()
    command = [str(environment.python()), "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"]
    command += ["--distpath", str(ROOT / "dist"), "--workpath", str(ROOT / "build"), str(ROOT / "terminal.spec")]
    if subprocess.call(command, cwd=ROOT, stdin=subprocess.DEVNULL):
        raise environment.SetupError("PyInstaller could not freeze the program; it says why above.")
    print(f"frozen in {time.monotonic() - started:.0f} s")


def try_it() -> list[str]:
    """Runs the bundle from elsewhere, twice; one line a run. Raises SetupError when it does not do its work."""
    lines = []
    with tempfile.TemporaryDirectory(prefix="moneyness-bundle-") as scratch:
        for run, cache in enumerate(("with an empty kernel cache", "with the cache of the first run")):
            working = Path(scratch) / f"elsewhere {run}"
            working.mkdir()
            seconds, report = _desk(working, Path(scratch))
            messages = sum(report.get("market", {}).get("messages", {}).values())
            if not messages:
                raise environment.SetupError("The frozen desk ran, but no market data arrived.")
            _doctor(working, Path(scratch))
            lines.append(f"desk --headless --seconds {SECONDS}, {cache}: {seconds:.1f} s, {messages:,} messages")
    return lines


def _doctor(working: Path, scratch: Path) -> None:
    """Libraries that are loaded by name are easily left out of a bundle; `doctor` uses each of them."""
    finished = _run(["doctor", "--profile", str(working / "profile")], working, scratch)
    missing = [line for line in finished.stdout.splitlines() if line.startswith("! ") and "cannot be used" in line]
    if finished.returncode or missing:
        raise environment.SetupError(f"The bundle is not whole: {' '.join(missing) or finished.stderr[-3000:]}")


def _desk(working: Path, scratch: Path) -> tuple[float, dict[str, dict[str, dict[str, int]]]]:
    report = working / "report.json"
    words = ["desk", "--headless", "--seconds", str(SECONDS)]
    words += ["--profile", str(working / "profile"), "--report", str(report)]
    started = time.monotonic()
    finished = _run(words, working, scratch)
    seconds = time.monotonic() - started
    if finished.returncode:
        raise environment.SetupError(
            f"The frozen desk ended with exit code {finished.returncode}:\n{finished.stderr[-3000:]}"
        )
    found = json.loads(report.read_text(encoding="utf-8"))
    return seconds, found if isinstance(found, dict) else {}


def _run(words: list[str], working: Path, scratch: Path) -> subprocess.CompletedProcess[str]:
    program = BUNDLE / ("moneyness.exe" if os.name == "nt" else "moneyness")
    # Nothing of the checkout or of this user may help the bundle along.
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NUMBA", "VIRTUAL_ENV"))
    }
    surroundings = {**kept, "HOME": str(scratch), "XDG_CACHE_HOME": str(scratch / "cache")}
    try:
        return subprocess.run(
            [str(program), *words],
            cwd=working,
            env=surroundings,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise environment.SetupError(f"The frozen program did not run to its end: {error}") from error


def size_mb(folder: Path) -> float:
    """What the files of a folder hold, in millions of bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
