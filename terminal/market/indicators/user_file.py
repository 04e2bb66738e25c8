"""The trader's own indicator as a Python file: what it says of itself, and the process that runs it.

A file has a function ``compute(open, high, low, close, volume)`` that takes arrays and gives one array a bar long, or a
dict of them. Beside it may stand, as plain values: ``TITLE``, ``OUTPUTS`` (names, then ``compute`` gives a dict or a
tuple), ``OVERLAY = True`` (its values are prices), ``PARAMETERS`` (names and default numbers, given to ``compute``),
``BARS_NEEDED`` (how far back a value depends on, so that a tick costs that many bars and not all), ``GUIDES``. These
are read without running the file. ``compute`` may also ask for ``ts_ns``.
"""

from __future__ import annotations

import ast
import contextlib
import multiprocessing
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from terminal.market.indicators.computation import BarColumns, Floats
from terminal.market.indicators.spec import IndicatorError, IndicatorSpec, OutputSpec, ParameterSpec, Setting
from terminal.market.indicators.user_file_child import COLUMNS, serve

FILE_ID = "FILE"
START_LIMIT_S = 30.0
LIMIT_S = 5.0
"""What a call may take before its process is ended."""
_MOST_BYTES = 1 << 20
_MOST_OUTPUTS = 8
_MOST_NUMBER = 1e12


class FileFailed(IndicatorError):
    """The file raised, took too long or gave no arrays; ``details`` is its traceback."""

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.details = details


@dataclass(frozen=True, slots=True)
class UserFile:
    """A file and what it says of itself. ``bars_needed``: 0 when every value may depend on all bars."""

    path: Path
    spec: IndicatorSpec
    bars_needed: int = 0


def files_in(folder: Path) -> list[str]:
    """Names of the Python files in a folder, sorted; none when it is not there."""
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.glob("*.py") if path.is_file() and not path.name.startswith("_"))


def read_user_file(folder: Path, name: str) -> UserFile:
    """What the file says of itself, without running it; FileFailed when it cannot be read."""
    path = folder / name
    if path.name != name or path.suffix != ".py":
        raise FileFailed(f"{name!r} is no Python file of the folder {folder}")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FileFailed(f"{name} is larger than {_MOST_BYTES // 1024} KiB")
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise FileFailed(f"{name} cannot be read: {problem.strerror}") from None
    except (SyntaxError, ValueError) as problem:
        line = f" in line {problem.lineno}" if isinstance(problem, SyntaxError) else ""
        raise FileFailed(f"{name} is no Python{line}: {problem}") from None
    values = _constants(tree)
    outputs = _texts(values.get("OUTPUTS")) or ("value",)
    title = values.get("TITLE")
    guides = values.get("GUIDES")
    needed = values.get("BARS_NEEDED", 0)
    spec = IndicatorSpec(
        FILE_ID,
        title if isinstance(title, str) and title else path.stem,
        "Own files",
        "ohlcv",
        tuple(_parameters(values.get("PARAMETERS"))),
        tuple(OutputSpec(each, each if len(outputs) > 1 else "") for each in outputs[:_MOST_OUTPUTS]),
        values.get("OVERLAY") is True,
        tuple(float(each) for each in guides if _is_number(each)) if isinstance(guides, tuple | list) else (),
    )
    return UserFile(path, spec, needed if isinstance(needed, int) and 0 < needed < 10**7 else 0)


def _constants(tree: ast.Module) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            with contextlib.suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, tuple | list) else ()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _parameters(value: object) -> list[ParameterSpec]:
    rows = value if isinstance(value, Mapping) else {}
    return [
        ParameterSpec(name, name.replace("_", " ").capitalize(), number, -_MOST_NUMBER, _MOST_NUMBER)
        for name, number in rows.items()
        if isinstance(name, str) and name.isidentifier() and _is_number(number)
    ]


class FileProcess:
    """One process for one indicator of one chart; started with the first call, ended by :meth:`close` or a failure."""

    def __init__(self, file: UserFile, settings: Mapping[str, Setting], limit_s: float = LIMIT_S) -> None:
        self._file, self._settings, self._limit_s = file, dict(settings), limit_s
        self._process: Any = None
        self._connection: Connection | None = None
        self._lock = threading.Lock()
        self._closed = False

    def compute(self, kept: int, tail: BarColumns) -> tuple[int, list[Floats]]:
        """The values of all bars from the returned place on, after ``kept`` known bars and ``tail``.

        Blocks for ``limit_s`` at most (longer for the start), so not on the UI thread. Raises FileFailed.
        """
        is_first = self._connection is None
        connection = self._start()
        try:
            connection.send((kept, {name: getattr(tail, name) for name in COLUMNS}, self._settings))
            if not connection.poll(START_LIMIT_S if is_first else self._limit_s):
                raise FileFailed(f"{self._file.path.name} took more than {self._limit_s:g} s and was stopped")
            word, *answer = connection.recv()
        except (EOFError, OSError):
            self.close()
            raise FileFailed(f"the process of {self._file.path.name} ended by itself") from None
        except FileFailed:
            self.close()
            raise
        if word == "failed":
            self.close()
            details = str(answer[0])
            raise FileFailed(f"{self._file.path.name}: {details.strip().splitlines()[-1]}", details)
        return int(answer[0]), list(answer[1])

    def _start(self) -> Connection:
        with self._lock:
            if self._closed:
                raise FileFailed("it was closed")
            if self._connection is None:
                context = multiprocessing.get_context("spawn")
                ours, theirs = context.Pipe()
                outputs = tuple(each.name for each in self._file.spec.outputs)
                work = (theirs, str(self._file.path), outputs, self._file.bars_needed)
                self._process = context.Process(target=serve, args=work, name="own indicator", daemon=True)
                self._process.start()
                theirs.close()
                self._connection = ours
            return self._connection

    def close(self) -> None:
        """Ends the process, whatever it does; from any thread."""
        with self._lock:
            self._closed = True
            if self._process is not None and self._process.is_alive():
                self._process.kill()
            if self._connection is not None:
                with contextlib.suppress(OSError):
                    self._connection.close()
