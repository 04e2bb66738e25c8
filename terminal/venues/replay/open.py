"""What ``--replay PATH`` means: Lean's layout, captures of Binance's streams, DBN files, or a recording of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from terminal.core.instruments import InstrumentTable
from terminal.infra.calendars import Calendars
from terminal.infra.failures import UsageError
from terminal.market.feed import Feed
from terminal.market.importers.binance import capture as binance
from terminal.market.importers.binance.catalog import capture_files, open_captures
from terminal.market.importers.databento import files as databento
from terminal.market.importers.sources import SourceTable
from terminal.market.importers.streams import RecordedStream
from terminal.store.market_db import MarketDatabase
from terminal.venues.replay.lean_feed import LeanFeed
from terminal.venues.replay.recording_feed import RecordingFeed
from terminal.venues.replay.stream_feed import StreamFeed


@dataclass(frozen=True, slots=True)
class Replay:
    """A feed, and what goes with it: the numbers of its files (None for our own recordings).

    ``database``: the file of another profile that must be closed at the end.
    """

    feed: Feed
    sources: SourceTable | None
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
        return Replay(feed, None, None if is_own else database)
    streams = _streams_at(path, underlying, dates, table, calendars)
    if streams is not None:
        layout, files = streams
        played = StreamFeed(files, table, calendars, layout)
        return Replay(played, played.sources, None)
    if not path.is_dir():
        what = "holds no market data that can be replayed" if path.exists() else "does not exist"
        raise UsageError(
            f"{path} {what}; give a folder in Lean's layout, a capture of Binance's streams, a DBN file, a "
            "market.duckdb or a profile."
        )
    lean = LeanFeed(path, underlying, dates[0], dates[-1], table, calendars=calendars)
    return Replay(lean, lean.sources, None)


def _streams_at(
    path: Path, underlying: str, dates: Sequence[date], table: InstrumentTable, calendars: Calendars
) -> tuple[str, Sequence[RecordedStream]] | None:
    """The layout and the files with what is asked for, where ``path`` is or holds files of a layout of streams."""
    if capture_files(path):
        return binance.LAYOUT, open_captures(path, underlying or None, dates, table)
    if databento.dbn_files(path):
        return databento.LAYOUT, databento.open_dbn(path, underlying or None, dates, table, calendars)
    return None


def _recording_at(path: Path) -> Path | None:
    """The market database that ``path`` names, by itself or as a profile's folder."""
    if path.suffix == ".duckdb" and path.is_file():
        return path
    inside = path / "market" / "market.duckdb"
    return inside if inside.is_file() else None
