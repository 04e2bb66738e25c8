"""Sessions of an exchange as plain rows, from ``exchange_calendars``, computed once and kept in the user's cache.

Importing that library brings pandas: 0.35 s of processor time warm, and above a second from a cold disk; building one
calendar is another 0.08 s whatever its span (two-core machine, exchange_calendars 4.13.2). A cached decade is read in
3 ms, so the library is imported only when a decade is asked for the first time.
"""

from __future__ import annotations

import importlib.metadata
import re
import threading
import warnings
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from terminal.infra import atomic_file
from terminal.infra.failures import UsageError, WorkFailed

YEARS_PER_BLOCK = 10
FIRST_YEAR = 1970
LAST_YEAR = 2099
_CODE = re.compile(r"[A-Za-z0-9_]{2,24}\Z")


class UnknownCalendar(UsageError):
    """No exchange has this code."""


class CalendarRange(WorkFailed):
    """The exchange's days are not known that far back or ahead."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session: its day, and open, close and the lunch break, if there is one, in UTC nanoseconds."""

    day: date
    open_ns: int
    close_ns: int
    break_start_ns: int | None = None
    break_end_ns: int | None = None


class _CachedBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    library: str
    years: list[int]
    rows: list[tuple[int, int, int, int | None, int | None]]


class SessionTable:
    """Sessions by exchange code (ISO 10383, as exchange_calendars writes it: XNYS, XLON, CMES...). Thread-safe."""

    def __init__(self, cache_dir: Path | None) -> None:
        """``cache_dir``: where computed decades are kept; None keeps them in memory only."""
        self._cache_dir = cache_dir
        self._lock = threading.Lock()
        self._blocks: dict[tuple[str, int], dict[date, SessionRow]] = {}
        self._years: dict[tuple[str, int], frozenset[int]] = {}

    def row(self, code: str, day: date) -> SessionRow | None:
        """The session of ``day``, or None when the exchange is closed.

        Raises UnknownCalendar for a code that no exchange has, CalendarRange for a year without known days.
        """
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise _out_of_range(code, day.year)
        key = (code, day.year - day.year % YEARS_PER_BLOCK)
        block = self._blocks.get(key)
        if block is None:
            block = self._load(key)
        found = block.get(day)
        if found is None and day.year not in self._years[key]:
            raise _out_of_range(code, day.year)
        return found

    def _load(self, key: tuple[str, int]) -> dict[date, SessionRow]:
        with self._lock:
            if key not in self._blocks:
                cached = self._read(key)
                if cached is None:
                    cached = _compute(*key)
                    self._keep(key, cached)
                self._years[key] = frozenset(cached.years)
                rows = (SessionRow(date.fromordinal(row[0]), *row[1:]) for row in cached.rows)
                self._blocks[key] = {row.day: row for row in rows}
            return self._blocks[key]

    def _file(self, key: tuple[str, int]) -> Path | None:
        if self._cache_dir is None or not _CODE.match(key[0]):
            return None
        return self._cache_dir / f"{key[0]}-{key[1]}-{_library_version()}.json"

    def _read(self, key: tuple[str, int]) -> _CachedBlock | None:
        file = self._file(key)
        try:
            block = msgspec.json.decode(file.read_bytes(), type=_CachedBlock) if file else None
        except (OSError, msgspec.DecodeError):
            return None
        return block if block is not None and block.library == _library_version() else None

    def _keep(self, key: tuple[str, int], block: _CachedBlock) -> None:
        file = self._file(key)
        if file is None:
            return
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic_file.write_bytes(file, msgspec.json.encode(block))
        except OSError:
            # A cache that cannot be written costs a second at the next start and nothing else.
            return


def _compute(code: str, first_year: int) -> _CachedBlock:
    """The sessions of one decade, as far as the exchange's calendar knows them."""
    last_year = min(first_year + YEARS_PER_BLOCK - 1, LAST_YEAR)
    whole = _span(code, first_year, last_year)
    if whole is not None:
        return _CachedBlock(_library_version(), list(range(first_year, last_year + 1)), whole)
    years: list[int] = []
    rows: list[tuple[int, int, int, int | None, int | None]] = []
    for year in range(first_year, last_year + 1):
        found = _span(code, year, year)
        if found is not None:
            years.append(year)
            rows += found
    return _CachedBlock(_library_version(), years, rows)


def _span(code: str, first_year: int, last_year: int) -> list[tuple[int, int, int, int | None, int | None]] | None:
    """Sessions from January of ``first_year`` to December of ``last_year``; None when the calendar ends before."""
    import exchange_calendars  # noqa: PLC0415 - brings pandas, see the module's docstring

    try:
        # Its own calls are deprecated by newer pandas; its users cannot mend that.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            calendar: Any = exchange_calendars.get_calendar(code, start=f"{first_year}-01-01", end=f"{last_year}-12-31")
    except exchange_calendars.errors.InvalidCalendarName as error:
        raise UnknownCalendar(f"No exchange calendar is called {code!r}; use a code such as XNYS or XLON.") from error
    except (ValueError, exchange_calendars.errors.CalendarError):
        return None
    columns = [
        getattr(calendar, name).tolist()
        for name in ("opens_nanos", "closes_nanos", "break_starts_nanos", "break_ends_nanos")
    ]
    missing = -(2**63)
    return [
        (day.date().toordinal(), opened, closed, *(None if at == missing else at for at in lunch))
        for day, opened, closed, *lunch in zip(calendar.sessions, *columns, strict=True)
    ]


def _out_of_range(code: str, year: int) -> CalendarRange:
    return CalendarRange(f"The trading days of {code} in {year} are not known; choose another date.")


def _library_version() -> str:
    return importlib.metadata.version("exchange_calendars")
