"""What every test may ask for: the shared data, a fresh profile, and the program itself in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests import kernel_cache

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"
DESK_TIMEOUT_S = 300.0

# Read when Numba and Qt are first imported, so set before any test module is.
os.environ.setdefault("NUMBA_CACHE_DIR", str(kernel_cache.prepare(REPOSITORY)))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if "XDG_RUNTIME_DIR" not in os.environ:
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="moneyness-runtime-")

_LEFT_BY_DUCKDB = re.compile(r"^(nanobind: .*| - (leaked|\.\.\. skipped) .*|See https://nanobind\S*)\n?", re.MULTILINE)
"""DuckDB's binding now and then lists what the interpreter's end has left of it."""
RunMoneyness = Callable[..., "subprocess.CompletedProcess[str]"]


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.fail(f"the shared folder is not there: {folder}", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds pyproject.toml."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recorded market data, read where it lies; fails with the path when it is missing."""
    return _existing(SHARED / "data")


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """Reference values from elsewhere; fails with the path when they are missing."""
    return _existing(SHARED / "reference")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A folder for one test's settings, journal, database and logs; not there yet, as on a first start."""
    return tmp_path / "profile"


@pytest.fixture
def run_moneyness(profile: Path, tmp_path: Path) -> RunMoneyness:
    """Runs ``moneyness ARGS --profile PROFILE`` in a process of its own, from a folder that is not the repository.

    Call it with the arguments as strings or paths; ``profile=None`` leaves the option away, ``env`` adds to the
    environment, ``timeout_s`` bounds it. Gives the CompletedProcess with text output; never raises on its exit code.
    """

    def run(
        *arguments: str | Path,
        profile: Path | None = profile,
        env: dict[str, str] | None = None,
        timeout_s: float = DESK_TIMEOUT_S,
        stdin: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        return run_program(*arguments, profile=profile, folder=tmp_path, env=env, timeout_s=timeout_s, stdin=stdin)

    return run


def run_program(
    *arguments: str | Path,
    profile: Path | None,
    folder: Path,
    env: dict[str, str] | None = None,
    timeout_s: float = DESK_TIMEOUT_S,
    stdin: str | None = None,
    program: Sequence[str] = ("-m", "terminal"),
) -> subprocess.CompletedProcess[str]:
    """What the fixture ``run_moneyness`` does, for fixtures that live longer than one test."""
    command = [sys.executable, "-P", *program, *(str(argument) for argument in arguments)]
    if profile is not None:
        command += ["--profile", str(profile)]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(env or {})},
        input=stdin if stdin is not None else "",
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    done.stderr = _LEFT_BY_DUCKDB.sub("", done.stderr)
    return done
