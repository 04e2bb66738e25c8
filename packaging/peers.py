"""Environments of the benchmark peers, one each: they pin other versions of NumPy, pandas and Qt than we do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import environment

# The versions that the figures were taken with. `bench` finds a peer at .venv-peers/NAME.
PEERS: dict[str, tuple[str, ...]] = {
    "quantlib": ("QuantLib==1.44", "numpy==2.4.6"),
    "volr": ("pyvolr==0.1.7", "numpy==2.4.6"),
    # A newer py_vollib brings lets_be_rational, which overwrites the compiled inner loop by one that cannot compile.
    "vectorized": (
        "py_vollib_vectorized==0.1.1",
        "py_lets_be_rational==1.0.1",
        "py_vollib==1.0.1",
        "numpy==2.4.6",
        "numba==0.68.1",
    ),
    # vollib is what became of py_vollib; it cannot share with "vectorized".
    "vollib": ("vollib==1.0.11", "numpy==2.4.6"),
    # No peer for accuracy; without its extra "torch", which would bring gigabytes of CUDA.
    "fastvollib": ("fast-vollib==0.2.4", "numpy==2.4.6", "numba==0.68.1"),
    "vnpy": ("vnpy==4.5.0",),
    "hftbacktest": ("hftbacktest==2.4.4",),
    "nautilus": ("nautilus_trader==1.221.0",),
}
# Nautilus's newer wheels want a newer Python and are four times as fast on a chain: the fair opponent, if there.
NEWER: dict[str, tuple[str, tuple[str, ...]]] = {"nautilus": ("3.12", ("nautilus_trader==1.231.0",))}
STAMP = "moneyness-peer.json"


def make(names: Sequence[str]) -> int:
    """Makes the named peers' environments, or all; one that fails is named and the others go on. 1 if any failed."""
    wrong = [name for name in names if name not in PEERS]
    if wrong:
        raise environment.SetupError(f"there is no peer {wrong[0]!r}; there are {', '.join(PEERS)}.", 2)
    failed = [name for name in names or PEERS if not _make(name)]
    if failed:
        environment.say(f"Not installed: {', '.join(failed)}. `moneyness bench` leaves their figures empty.")
    return 1 if failed else 0


def folder(name: str) -> Path:
    """Where a peer lives."""
    return environment.ROOT / ".venv-peers" / name


def _newer(version: str) -> Path | None:
    """An interpreter of another Python version: on the path, or one of pyenv's."""
    found = shutil.which(f"python{version}")
    candidates = [Path(found)] if found else []
    candidates += sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}*/bin/python{version}"))
    for each in candidates:
        # pyenv leaves a command on the path for every version it has, of which only the chosen one runs.
        if subprocess.run([str(each), "-c", ""], capture_output=True, check=False).returncode == 0:
            return each
    return None


def _create(venv: Path, interpreter: Path | None) -> None:
    if interpreter is None:
        environment.create(venv)
    elif subprocess.run([str(interpreter), "-m", "venv", "--clear", str(venv)], check=False).returncode:
        raise environment.SetupError(f"{interpreter} could not make an environment.")


def _make(name: str) -> bool:
    venv, wanted = folder(name), list(PEERS[name])
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    interpreter = None
    if name in NEWER and sys.version_info[:2] < tuple(int(part) for part in NEWER[name][0].split(".")):
        interpreter = _newer(NEWER[name][0])
        if interpreter is not None:
            version, wanted = NEWER[name][0], list(NEWER[name][1])
    stamp = venv / STAMP
    body = json.dumps({"requirements": wanted, "python": version, "folder": str(venv)})
    if environment.python(venv).exists() and stamp.is_file() and stamp.read_text(encoding="utf-8") == body:
        environment.say(f"{name}: already there.")
        return True
    environment.say(f"{name}: installing {' '.join(wanted)} for Python {version}.")
    try:
        _create(venv, interpreter)
    except environment.SetupError as error:
        environment.say(f"{name}: {error}")
        return False
    if environment.pip(venv, "install", "--progress-bar", "off", "--quiet", "--prefer-binary", *wanted):
        environment.say(f"{name} could not be installed for Python {version}; pip says why above.")
        return False
    stamp.write_text(body, encoding="utf-8")
    return True
