"""Runs a benchmark peer in its own environment, as a child on the same core with the same inputs.

Inputs and answers travel in .npz files; the child times itself (:mod:`terminal.bench.peer_child`).
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.bench.result import ROUNDS
from terminal.infra.failures import WorkFailed

Arrays = Mapping[str, npt.NDArray[Any]]
PATIENCE_S = 600.0
_HERE = Path(__file__).resolve().parent
_ONE_THREAD = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "NUMEXPR")


class PeerFailed(WorkFailed):
    """A peer that is installed did not do its work."""


@dataclass(frozen=True, slots=True)
class Peer:
    """``name`` as printed, ``environment`` under .venv-peers, ``script`` beside this file, ``package`` on PyPI."""

    name: str
    environment: str
    script: str
    package: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a peer said: ``seconds`` is the median for ``timed`` rows, ``arrays`` its answers for all rows."""

    version: str
    seconds: float
    timed: int
    arrays: dict[str, npt.NDArray[Any]]

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.timed / self.seconds


def interpreter(environment: str) -> Path | None:
    """The Python of a peer's environment beside this checkout; None where it is not installed."""
    folder = _HERE.parents[1] / ".venv-peers" / environment
    python = folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"
    return python if python.is_file() else None


def ask(peer: Peer, task: str, inputs: Arrays, *, timed: int | None = None, rounds: int = ROUNDS) -> Answer | None:
    """The peer's answers to ``inputs`` (columns of one length) and its median time for the first ``timed`` rows.

    None where the peer is not installed. ``rounds`` 0 asks for answers only. Raises PeerFailed with its last words.
    """
    python = interpreter(peer.environment)
    if python is None:
        return None
    with tempfile.TemporaryDirectory(prefix="moneyness-peer-") as folder:
        source, target = Path(folder) / "inputs.npz", Path(folder) / "answers.npz"
        np.savez(source, allow_pickle=False, **inputs)
        order = {"script": str(_HERE / peer.script), "task": task, "package": peer.package, "rounds": rounds}
        order |= {"timed": timed, "inputs": str(source), "answers": str(target)}
        # -P: the modules beside the script are none of the peer's.
        command = [str(python), "-P", str(_HERE / "peer_child.py"), json.dumps(order)]
        surroundings = {**os.environ, **{f"{each}_NUM_THREADS": "1" for each in _ONE_THREAD}}
        surroundings.pop("NUMBA_CACHE_DIR", None)
        try:
            finished = subprocess.run(
                command, env=surroundings, capture_output=True, text=True, timeout=PATIENCE_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise PeerFailed(f"{peer.name} did not finish {task} in {PATIENCE_S:.0f} s") from error
        if finished.returncode:
            last = (finished.stderr.strip().splitlines() or [f"exit code {finished.returncode}"])[-1]
            raise PeerFailed(f"{peer.name} failed at {task}: {last}")
        said = json.loads(finished.stdout.splitlines()[-1])
        with np.load(target) as answers:
            arrays = {name: answers[name] for name in answers.files}
    return Answer(said["version"], said["seconds"], said["timed"], arrays)
