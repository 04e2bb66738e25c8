"""Environments of the benchmark peers, one each: they pin other versions of NumPy, pandas and Qt than we do."""

from __future__ import annotations

import json
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


def _make(name: str) -> bool:
    venv, wanted = folder(name), list(PEERS[name])
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    stamp = venv / STAMP
    body = json.dumps({"requirements": wanted, "python": version, "folder": str(venv)})
    if environment.python(venv).exists() and stamp.is_file() and stamp.read_text(encoding="utf-8") == body:
        environment.say(f"{name}: already there.")
        return True
    environment.say(f"{name}: installing {' '.join(wanted)}.")
    try:
        environment.create(venv)
    except environment.SetupError as error:
        environment.say(f"{name}: {error}")
        return False
    if environment.pip(venv, "install", "--progress-bar", "off", "--quiet", "--prefer-binary", *wanted):
        environment.say(f"{name} could not be installed for Python {version}; pip says why above.")
        return False
    stamp.write_text(body, encoding="utf-8")
    return True
