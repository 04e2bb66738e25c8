"""Named lists of symbols: one file each in the profile, seen by every watchlist; and reading symbols out of text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from terminal.core.instruments import InstrumentTable, UnknownInstrumentError
from terminal.infra import atomic_file
from terminal.infra.disk import explain

VERSION = 1
MOST_SYMBOLS = 10_000
MOST_NAME = 40
_MAX_BYTES = 1 << 20
_SEPARATORS = re.compile(r"[\n\r,;\t]+")


class BadListError(ValueError):
    """A list that cannot be kept, with a sentence that says why."""


class WatchListBook:
    """Lists by name, in ``folder``; UI thread only. A file that cannot be read is left, and told in ``problems``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lists: dict[str, tuple[str, ...]] = {}
        self._listeners: list[Callable[[str], None]] = []
        self.problems: list[str] = []
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            try:
                name, symbols = _decode(path)
            except (OSError, ValueError, RecursionError) as error:
                self.problems.append(f"The watchlist in {path.name} is not used: {error}")
            else:
                self._lists[name] = symbols

    def names(self) -> list[str]:
        """The lists, in the order of the alphabet."""
        return sorted(self._lists, key=str.casefold)

    def __contains__(self, name: str) -> bool:
        return name in self._lists

    def of(self, name: str) -> tuple[str, ...]:
        """A list's symbols; KeyError when there is none."""
        return self._lists[name]

    def put(self, name: str, symbols: Iterable[str]) -> None:
        """Makes or changes a list, writes it and tells every watchlist.

        Raises BadListError for a name that is none or a list that is too long, WorkFailed when the disk does not take
        it (it is kept until the program ends all the same).
        """
        name, kept = name.strip(), tuple(dict.fromkeys(symbols))
        if not name or len(name) > MOST_NAME or not name.isprintable():
            raise BadListError(f"A watchlist's name has 1 to {MOST_NAME} characters.")
        if any(name.casefold() == other.casefold() and name != other for other in self._lists):
            raise BadListError(f"There is a watchlist {name} already.")
        if len(kept) > MOST_SYMBOLS:
            raise BadListError(f"A watchlist has room for {MOST_SYMBOLS:,} symbols, these are {len(kept):,}.")
        if self._lists.get(name) == kept:
            return
        self._lists[name] = kept
        self._tell(name)
        body = {"version": VERSION, "name": name, "symbols": kept}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            atomic_file.write_text(self.path_of(name), json.dumps(body, indent=1, ensure_ascii=False) + "\n")
        except OSError as error:
            raise explain(error, f"saving the watchlist {name}", self._folder) from error

    def remove(self, name: str) -> None:
        """Deletes a list; nothing when there is none. Raises WorkFailed when the file cannot be deleted."""
        if self._lists.pop(name, None) is None:
            return
        self._tell(name)
        try:
            self.path_of(name).unlink(missing_ok=True)
        except OSError as error:
            raise explain(error, f"deleting the watchlist {name}", self._folder) from error

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Calls ``listener`` with the name of each list that changed or went; gives the end of it."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def path_of(self, name: str) -> Path:
        """The file of a list: its name in small letters, with what a file name cannot hold written as hex."""
        safe = re.sub(r"[^a-z0-9_-]", lambda found: f"%{ord(found.group()):x}", name.casefold())
        return self._folder / f"{safe}.json"

    def _tell(self, name: str) -> None:
        for listener in list(self._listeners):
            listener(name)


def _decode(path: Path) -> tuple[str, tuple[str, ...]]:
    if path.stat().st_size > _MAX_BYTES:
        raise BadListError(f"it is larger than {_MAX_BYTES // 1024} KiB")
    body = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(body, dict) or not isinstance(body.get("name"), str) or not isinstance(body.get("symbols"), list):
        raise BadListError("it has no name and symbols")
    if not isinstance(body.get("version"), int) or body["version"] > VERSION:
        raise BadListError("it is of a newer version of the program")
    symbols = tuple(dict.fromkeys(each for each in body["symbols"] if isinstance(each, str)))
    return body["name"], symbols[:MOST_SYMBOLS]


def symbols_in(text: str, table: InstrumentTable) -> tuple[list[int], list[str]]:
    """The instruments that a pasted text names, each once and in its order, and the words that name none.

    Symbols stand on lines of their own or between commas, semicolons or tabs; where such a part names nothing as a
    whole (an option's name has blanks), each of its words is tried.
    """
    found: dict[int, None] = {}
    unknown: list[str] = []
    for part in _SEPARATORS.split(text):
        words = [part.strip()] if _find(part, table) is not None else part.split()
        for word in filter(None, words):
            instrument = _find(word, table)
            if instrument is None:
                unknown.append(word)
            else:
                found[instrument] = None
    return list(found), unknown


def _find(text: str, table: InstrumentTable) -> int | None:
    if not text.strip():
        return None
    try:
        return table.find(text).id
    except UnknownInstrumentError:
        return None
