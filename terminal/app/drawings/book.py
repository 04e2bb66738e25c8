"""The drawings of all symbols: one book a profile, a file a symbol, every chart of a symbol sees the same ones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from terminal.app.drawings.shapes import Drawing, DrawingError, from_json, to_json
from terminal.infra import atomic_file
from terminal.infra.disk import explain

VERSION = 1
MAX_BYTES = 1 << 20
MOST_DRAWINGS = 500
"""Of one symbol."""


class DrawingBook:
    """Drawings by symbol, in ``folder``; UI thread only. A broken file is kept aside and named in ``problems``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_symbol: dict[str, tuple[Drawing, ...]] = {}
        self._listeners: list[Callable[[str], None]] = []
        self.problems: list[str] = []

    def of(self, symbol: str) -> tuple[Drawing, ...]:
        """A symbol's drawings, the topmost last."""
        if symbol not in self._by_symbol:
            self._by_symbol[symbol] = self._read(symbol)
        return self._by_symbol[symbol]

    def replace_all(self, symbol: str, drawings: tuple[Drawing, ...]) -> None:
        """Puts a symbol's drawings, writes them and tells every chart.

        Raises DrawingError when they are too many and WorkFailed when the disk does not take them; they are shown all
        the same until the program ends.
        """
        if len(drawings) > MOST_DRAWINGS:
            raise DrawingError(f"A chart has room for {MOST_DRAWINGS} drawings; delete some first.")
        if len({each.id for each in drawings}) != len(drawings):
            raise DrawingError("Two drawings have the same id.")
        self._by_symbol[symbol] = drawings
        for listener in list(self._listeners):
            listener(symbol)
        self._write(symbol, drawings)

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Calls ``listener`` with the symbol of each change; gives the end of it."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def path_of(self, symbol: str) -> Path:
        """The file of a symbol: its name, with what a file name cannot hold written as hex."""
        safe = re.sub(r"[^A-Z0-9_-]", lambda found: f"%{ord(found.group()):x}", symbol)
        return self._folder / f"{safe[:150]}.json"

    def _write(self, symbol: str, drawings: tuple[Drawing, ...]) -> None:
        body = {"version": VERSION, "symbol": symbol, "drawings": [to_json(each) for each in drawings]}
        path = self.path_of(symbol)
        try:
            if not drawings:
                path.unlink(missing_ok=True)
                return
            self._folder.mkdir(parents=True, exist_ok=True)
            atomic_file.write_text(path, json.dumps(body, indent=1, ensure_ascii=False) + "\n")
        except OSError as error:
            raise explain(error, f"saving the drawings of {symbol}", self._folder) from error

    def _read(self, symbol: str) -> tuple[Drawing, ...]:
        path = self.path_of(symbol)
        try:
            if path.stat().st_size > MAX_BYTES:
                raise DrawingError(f"it is larger than {MAX_BYTES // 1024} KiB")
            return _decode(path.read_text(encoding="utf-8"), symbol)
        except FileNotFoundError:
            return ()
        except UnicodeDecodeError:
            self._set_aside(path, "it is not text")
        except DrawingError as error:
            self._set_aside(path, str(error))
        except OSError as error:
            self.problems.append(f"The drawings in {path} cannot be read ({error.strerror}).")
        return ()

    def _set_aside(self, path: Path, why: str) -> None:
        aside = path.with_name(f"{path.name}.broken")
        try:
            path.replace(aside)
            self.problems.append(f"The drawings in {path.name} are kept as {aside}: {why}")
        except OSError:
            self.problems.append(f"The drawings in {path} are not used: {why}")


def _decode(text: str, symbol: str) -> tuple[Drawing, ...]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DrawingError("it is not JSON") from error
    if not isinstance(body, dict) or body.get("symbol") != symbol or not isinstance(body.get("drawings"), list):
        raise DrawingError("it has no drawings of this symbol")
    version = body.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise DrawingError("it is of a newer version of the program")
    drawings = tuple(from_json(row) for row in body["drawings"])
    if len(drawings) > MOST_DRAWINGS or len({each.id for each in drawings}) != len(drawings):
        raise DrawingError("it has too many drawings, or two with the same id")
    return drawings
