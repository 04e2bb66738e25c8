"""The virtual environment: made once, known by a stamp, repaired when its making was cut short."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import system_libraries as system

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
STAMP = "moneyness-stamp.json"
UNFINISHED = "moneyness-unfinished"


class SetupError(Exception):
    """Something the user has to do first, or a step that failed: one sentence and an exit code."""

    def __init__(self, sentence: str, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def folder() -> Path:
    """The environment's folder, in the checkout."""
    return ROOT / ".venv"


def python(venv: Path | None = None) -> Path:
    """The environment's interpreter."""
    where = venv or folder()
    return where / "Scripts" / "python.exe" if os.name == "nt" else where / "bin" / "python"


def provide(extras: Sequence[str]) -> None:
    """Makes sure that ``.venv`` holds this checkout with at least these extras; quick when it already does.

    Raises SetupError when it cannot be made. Two starts at once wait for each other.
    """
    if _is_current(extras):
        return
    with _alone():
        if _is_current(extras):
            return
        wanted = sorted(set(extras) | set(_stamp().get("extras", [])))
        if not _usable():
            _create(folder())
        _install(wanted)


def create(venv: Path) -> None:
    """A fresh environment at ``venv``, in the place of whatever is there."""
    _create(venv)


def pip(venv: Path, *arguments: str) -> int:
    """Runs pip in an environment with its output on standard error; gives the exit code."""
    command = [str(python(venv)), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    sys.stderr.flush()
    return subprocess.call(command, cwd=ROOT, stdout=sys.stderr.fileno(), stdin=subprocess.DEVNULL)


def fingerprint() -> str:
    """What the installed environment depends on: both files that name versions, and this Python's minor version."""
    digest = hashlib.sha256()
    for part in (ROOT / "pyproject.toml", CONSTRAINTS):
        digest.update(part.read_bytes() + b"\0")
    digest.update(_home().encode())
    return digest.hexdigest()


def _home() -> str:
    # Scripts in an environment name its path, so one that was moved is as good as none.
    return f"{sys.implementation.name}-{sys.version_info[0]}.{sys.version_info[1]} {folder()}"


def _stamp() -> dict[str, list[str]]:
    try:
        found = json.loads((folder() / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_current(extras: Sequence[str]) -> bool:
    stamp = _stamp()
    return (
        stamp.get("fingerprint") == [fingerprint()]
        and set(extras) <= set(stamp.get("extras", []))
        and not (folder() / UNFINISHED).exists()
        and python().exists()
    )


def _usable() -> bool:
    """Whether what lies there can be installed into: complete, of this Python, in this place, with a pip that runs."""
    if (folder() / UNFINISHED).exists() or not python().exists():
        return False
    stamp = _stamp()
    if stamp and stamp.get("home") != [_home()]:
        return False
    probe = "import sys, pip; print(sys.version_info[:2])"
    answer = subprocess.run([str(python()), "-c", probe], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == str(sys.version_info[:2])


def _create(venv: Path) -> None:
    _check_python()
    say(f"Making the environment {venv}.")
    shutil.rmtree(venv, ignore_errors=True)
    venv.mkdir(parents=True)
    (venv / UNFINISHED).touch()
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if made.returncode:
        reason = (made.stderr or made.stdout).strip().splitlines()[-1:] or ["no reason was given"]
        raise SetupError(f"Python could not make an environment in {venv}: {reason[0]}")


def _check_python() -> None:
    """Debian splits ``ensurepip`` from Python, and a home-built Python may lack SQLite, which holds the journal."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if system.install([system.Need("ensurepip", package)], recheck=False):
            command = system.command([package])
            raise SetupError(f"This Python cannot make environments; run: {command}", 2) from None
    try:
        import sqlite3
        import ssl  # noqa: F401

        sqlite3.connect(":memory:").close()
    except ImportError as error:
        name = f"{sys.executable} was built without {error.name}"
        raise SetupError(f"{name}; install Python from your system or python.org.", 2) from None


def _install(extras: Sequence[str]) -> None:
    unfinished, stamp = folder() / UNFINISHED, folder() / STAMP
    unfinished.touch()
    stamp.unlink(missing_ok=True)
    target = f".[{','.join(extras)}]" if extras else "."
    say("Installing Moneyness and what it needs; the first time this takes some minutes.")
    arguments = ["install", "--progress-bar", "off", "--quiet", "-c", str(CONSTRAINTS), "-e", target]
    if pip(folder(), *arguments):
        raise SetupError(
            "The installation failed; pip says why above. Mend that (often the network) and start this again."
        )
    body = {"fingerprint": [fingerprint()], "extras": list(extras), "home": [_home()]}
    partial = stamp.with_suffix(".partial")
    partial.write_text(json.dumps(body) + "\n", encoding="utf-8")
    partial.replace(stamp)
    unfinished.unlink()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One set-up at a time; the lock is on pyproject.toml, so that it leaves no file and dies with its process."""
    if os.name != "posix":
        yield
        return
    import fcntl

    with (ROOT / "pyproject.toml").open("rb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another start is setting up this checkout; waiting for it.")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def say(sentence: str) -> None:
    """One line for the person at the terminal; standard output belongs to moneyness."""
    print(sentence, file=sys.stderr, flush=True)
