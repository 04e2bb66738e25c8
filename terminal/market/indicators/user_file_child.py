"""The process in which a trader's own indicator runs: it may raise, loop or exit, and the desk goes on.

Messages to it: (bars to keep, the columns after them, parameters); from it: ("values", from bar, arrays) or
("failed", text). Only NumPy is imported before the file is.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS = ("ts_ns", "open", "high", "low", "close", "volume")


def serve(connection: Connection, path: str, outputs: tuple[str, ...], bars_needed: int) -> None:
    """Loads the file and answers until the other end goes."""
    try:
        compute = _load(path)
    except BaseException:  # noqa: BLE001 - the trader's own code may raise anything, SystemExit too
        connection.send(("failed", _own_trace(path)))
        return
    columns: dict[str, np.ndarray[Any, Any]] = {}
    while True:
        try:
            kept, tail, parameters = connection.recv()
        except (EOFError, OSError):
            return
        columns = {name: np.concatenate((columns[name][:kept], tail[name])) if kept else tail[name] for name in COLUMNS}
        first = max(0, kept - 1) if bars_needed else 0
        begin = max(0, first - bars_needed) if bars_needed else 0
        try:
            answer = _answer(compute, {name: columns[name][begin:].copy() for name in COLUMNS}, parameters, outputs)
            connection.send(("values", first, [each[first - begin :] for each in answer]))
        except BaseException:  # noqa: BLE001 - see above
            connection.send(("failed", _own_trace(path)))


def _load(path: str) -> Any:
    text = Path(path).read_text(encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": "indicator", "__file__": path}
    exec(compile(text, path, "exec"), namespace)  # noqa: S102 - the trader's own program, and told so
    compute = namespace.get("compute")
    if not callable(compute):
        raise TypeError("the file has no function compute(open, high, low, close, volume)")
    return compute


def _answer(
    compute: Any, columns: Mapping[str, Any], parameters: Mapping[str, Any], outputs: tuple[str, ...]
) -> list[Any]:
    wanted = [name for name in inspect.signature(compute).parameters if name in COLUMNS]
    found = compute(**{name: columns[name] for name in wanted}, **parameters)
    if isinstance(found, Mapping):
        missing = [name for name in outputs if name not in found]
        if missing:
            raise ValueError(f"compute gave no {missing[0]!r}; OUTPUTS names {', '.join(outputs)}")
        rows = [found[name] for name in outputs]
    elif isinstance(found, tuple):
        rows = list(found)
    else:
        rows = [found]
    if len(rows) != len(outputs):
        raise ValueError(f"compute gave {len(rows)} outputs, OUTPUTS names {len(outputs)}")
    count = len(columns["close"])
    made = []
    for name, row in zip(outputs, rows, strict=True):
        array = np.asarray(row, np.float64)
        if array.shape != (count,):
            raise ValueError(f"compute gave {name!r} the shape {array.shape}; wanted is one number a bar: ({count},)")
        made.append(np.ascontiguousarray(array))
    return made


def _own_trace(path: str) -> str:
    """The traceback from the trader's file on; ours is of no interest to them."""
    lines = traceback.format_exc().splitlines()
    begin = next((n for n, line in enumerate(lines) if f'"{path}"' in line), None)
    return "\n".join([lines[0], *lines[begin:]] if begin is not None else lines[-1:])
