"""One file of events, CSV or iCalendar by its ending: what it holds, and by line what it does not."""

from __future__ import annotations

from pathlib import Path

from terminal.infra.failures import UsageError
from terminal.market.importers.events import csv_events, ics_events
from terminal.market.importers.events.found import EventsRead

MOST_BYTES = 16 << 20


def source_of(path: Path) -> str:
    """What a file's events are stored under: the whole path, for another file of the same name is another calendar."""
    return str(path.expanduser().resolve())


def read_events_file(path: Path, imported_ns: int) -> EventsRead:
    """Reads a file. Raises UsageError for one that is no such file at all, or of which no line is understood, so that
    it replaces nothing; bad lines among good ones are named in the result."""
    readers = {".csv": csv_events.parse, ".ics": ics_events.parse}
    parse = readers.get(path.suffix.lower())
    if parse is None:
        raise UsageError(f"{path} is neither a .csv nor an .ics file.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MiB; give the events that matter.")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as problem:
        raise UsageError(f"{path} cannot be read ({problem.strerror}).") from problem
    except UnicodeDecodeError as problem:
        raise UsageError(f"{path} is no UTF-8 text (byte {problem.start}).") from problem
    found = parse(text, source_of(path), imported_ns)
    if found.problems and not found.events:
        raise UsageError(f"{path} holds no event that is understood. {found.problems[0]}")
    return found
