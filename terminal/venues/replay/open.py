"""What ``--replay PATH`` means: a folder in Lean's layout, or an earlier recording of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from terminal.core.instruments import InstrumentTable
from terminal.infra.calendars import Calendars
from terminal.infra.failures import UsageError
from terminal.market.feed import Feed
from terminal.market.importers.report import ImportReport
from terminal.market.importers.sources import SourceTable
from terminal.store.market_db import MarketDatabase
from terminal.venues.replay.lean_feed import LeanFeed
from terminal.venues.replay.recording_feed import RecordingFeed


@dataclass(frozen=True, slots=True)
class Replay:
    """A feed, and what goes with it: the numbers of its files and the report on them (None for our own recordings).

    ``database``: the file of another profile that must be closed at the end.
    """

    feed: Feed
    sources: SourceTable | None
    report: ImportReport | None
    database: MarketDatabase | None


def open_replay(
    path: Path,
    underlying: str,
    dates: Sequence[date],
    table: InstrumentTable,
    calendars: Calendars,
    own: MarketDatabase,
) -> Replay:
    """Opens recorded data; UsageError when there is nothing at ``path``. ``own``: this profile's database."""
    recording = _recording_at(path)
    if recording is not None:
        is_own = recording.resolve() == own.path.resolve()
        database = own if is_own else MarketDatabase.open_read_only(recording)
        feed = RecordingFeed(database, underlying, dates[0], dates[-1], table, keep_sources=is_own)
        return Replay(feed, None, None, None if is_own else database)
    if not path.is_dir():
        what = "is no folder with recorded data" if path.exists() else "does not exist"
        raise UsageError(f"{path} {what}; give a folder in Lean's layout, a market.duckdb or a profile.")
    lean = LeanFeed(path, underlying, dates[0], dates[-1], table, calendars=calendars)
    return Replay(lean, lean.sources, lean.report, None)


def _recording_at(path: Path) -> Path | None:
    """The market database that ``path`` names, by itself or as a profile's folder."""
    if path.suffix == ".duckdb" and path.is_file():
        return path
    inside = path / "market" / "market.duckdb"
    return inside if inside.is_file() else None
