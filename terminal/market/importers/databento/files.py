"""DBN files as streams of messages, and those at a path that hold what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import databento_dbn as dbn

from terminal.core.clock import NS_PER_S, UTC_ZONE, from_ns
from terminal.core.instruments import InstrumentTable
from terminal.core.messages import Batch
from terminal.infra.calendars import Calendars
from terminal.market.importers.databento import refusals
from terminal.market.importers.databento.convert import BAR_SECONDS, Converter
from terminal.market.importers.databento.records import is_dbn, read_metadata, read_records
from terminal.market.importers.databento.rows import RowWriter
from terminal.market.importers.databento.terms import Listing, Sample, SymbolMap, Terms
from terminal.market.importers.report import FileReport
from terminal.market.importers.streams import CutOff, InstantNumbers, NoSuchStream, Refused, content_sha256

LAYOUT = "dbn"
_MESSAGES_A_BATCH = 1 << 13
_LATEST_NS = 2**62
_RECORDS_LOOKED_AT = 20_000


class DbnFile:
    """One file; a RecordedStream. ``ts_ns`` is the time at which Databento received it: when it was visible.

    A bar is visible at its end.
    """

    def __init__(self, path: Path, listing: Listing) -> None:
        """Reads the head and the first records. Raises UnreadableStream."""
        self.path = path
        self._listing = listing
        metadata = read_metadata(path)
        self.dataset = str(metadata.dataset)
        self.kind = f"dbn {metadata.schema or 'live'}"
        self.symbols = SymbolMap(metadata)
        self.interval_s = 0
        self.first_ns = 0
        self.last_ns = 0
        self._look()
        end = metadata.end
        if end and self.first_ns < int(end) - 1 < _LATEST_NS:
            self.last_ns = int(end) - 1

    @property
    def sha256(self) -> str:
        """Hex digest of the file's bytes."""
        return content_sha256(self.path)

    def batches(self, source: int, report: FileReport) -> Iterator[Batch]:
        """See :class:`terminal.market.importers.streams.RecordedStream`; one record is one row."""
        rows = RowWriter(source)
        converter = Converter(rows)
        numbers = InstantNumbers()
        number = newest_ns = 0
        members: set[int] = set()
        try:
            for block in read_records(self.path):
                for record in block:
                    number += 1
                    before = len(rows)
                    try:
                        visible_ns = visible_at(record)
                        rows.ts_ns = max(visible_ns, newest_ns)
                        rows.event_ns = event_ns(record)
                        rows.venue = int(record.publisher_id)
                        note = self._put(converter, record, rows.ts_ns, members)
                    except Refused as bad:
                        rows.undo(before)
                        report.refuse(bad.reason, f"record {number:,}")
                        continue
                    newest_ns = rows.ts_ns
                    report.rows_read += 1
                    report.rows_kept += 1
                    if note:
                        report.adjusted[note] += 1
                    if visible_ns < newest_ns:
                        report.adjusted[refusals.CLOCK_BACK] += 1
                    if len(rows) >= _MESSAGES_A_BATCH:
                        yield numbers.number(rows.take())
        except CutOff:
            report.refuse(refusals.CUT_OFF, f"after record {number:,}")
        report.members = len(members)
        if len(rows):
            yield numbers.number(rows.take())

    def _put(self, converter: Converter, record: Any, ts_ns: int, members: set[int]) -> str:
        if isinstance(record, dbn.SymbolMappingMsg):
            self.symbols.learn(int(record.instrument_id), str(record.stype_out_symbol))
            return refusals.TERMS
        if isinstance(record, dbn.InstrumentDefMsg):
            self._define(record)
            self._row(record, ts_ns)
            return refusals.TERMS
        row = self._row(record, ts_ns)
        note = converter.put(record, row)
        members.add(row.id)
        return note

    def _row(self, record: Any, ts_ns: int) -> Any:
        symbol = self.symbols.find(int(record.instrument_id), ts_ns)
        if symbol is None:
            raise Refused(refusals.NO_SYMBOL)
        return self._listing.row(symbol, self.dataset)

    def _define(self, record: Any) -> None:
        symbol = str(record.raw_symbol)
        self.symbols.learn(int(record.instrument_id), symbol)
        self._listing.definitions.setdefault(symbol, Terms.of(record))

    def _look(self) -> None:
        """Learns definitions and prices from the beginning, and when the file begins."""
        try:
            for record in islice((each for block in read_records(self.path) for each in block), _RECORDS_LOOKED_AT):
                try:
                    ts_ns = visible_at(record)
                except Refused:
                    continue
                self.first_ns = self.first_ns or ts_ns
                self.last_ns = max(self.last_ns, ts_ns)
                self.interval_s = self.interval_s or BAR_SECONDS.get(record.rtype, 0)
                if isinstance(record, dbn.InstrumentDefMsg):
                    self._define(record)
                elif isinstance(record, dbn.SymbolMappingMsg):
                    self.symbols.learn(int(record.instrument_id), str(record.stype_out_symbol))
                else:
                    self._sample(record, ts_ns)
        except CutOff:
            pass

    def _sample(self, record: Any, ts_ns: int) -> None:
        symbol = self.symbols.find(int(record.instrument_id), ts_ns)
        if symbol is None:
            return
        sample = self._listing.samples.setdefault(symbol, Sample())
        if sample.is_enough:
            return
        prices = [getattr(record, "price", dbn.UNDEF_PRICE), getattr(record, "close", dbn.UNDEF_PRICE)]
        for pair in getattr(record, "levels", ()):
            prices += [pair.bid_px, pair.ask_px]
        sample.prices.update(int(price) for price in prices if 0 < price < 10**18)


def visible_at(record: Any) -> int:
    """UTC nanoseconds at which a record was there to be seen. Raises Refused."""
    seconds = BAR_SECONDS.get(record.rtype)
    if seconds is not None:
        ts_ns = int(record.ts_event) + seconds * NS_PER_S
    else:
        ts_ns = int(getattr(record, "ts_recv", 0) or record.ts_event)
        if ts_ns >= _LATEST_NS:
            ts_ns = int(record.ts_event)
    if not 0 < ts_ns < _LATEST_NS:
        raise Refused(refusals.NO_TIME)
    return ts_ns


def event_ns(record: Any) -> int:
    """When it happened at the venue; 0 where that is not known."""
    ts_ns = int(record.ts_event)
    return ts_ns if ts_ns < _LATEST_NS else 0


def dbn_files(path: Path) -> list[Path]:
    """``path`` itself if it is a DBN file, or those in the folder, by name."""
    if path.is_file():
        return [path] if is_dbn(path) else []
    if not path.is_dir():
        return []
    return [each for each in sorted(path.iterdir()) if ".dbn" in each.name and each.is_file() and is_dbn(each)]


def open_dbn(
    path: Path,
    underlying: str | None,
    dates: Sequence[date] | None,
    table: InstrumentTable,
    calendars: Calendars,
) -> list[DbnFile]:
    """The DBN files of ``underlying`` (None: of all) with records on ``dates`` (UTC days; None: any), in time.

    ``underlying``: a symbol, the underlying of options, or the root of futures. Definitions in any of the files hold
    for all of them. Raises NoSuchStream when there is nothing and UnreadableStream for a file that cannot be read.
    """
    paths = dbn_files(path)
    if not paths:
        what = "holds no DBN file" if path.is_dir() else "is no DBN file" if path.exists() else "does not exist"
        raise NoSuchStream(f"{path} {what}; Databento writes them as .dbn or .dbn.zst.")
    listing = Listing(table, calendars, underlying)
    files = [DbnFile(each, listing) for each in paths]
    known = {symbol: file.dataset for file in files for symbol in file.symbols.names()}
    wanted = [symbol for symbol, dataset in known.items() if listing.wants(symbol, dataset)]
    if not wanted:
        some = ", ".join(sorted(known)[:12]) or "no symbol"
        raise NoSuchStream(f"{path} has nothing of {underlying or 'any symbol'}; it has {some}.")
    found = [file for file in files if file.first_ns and _is_on(file, dates)]
    if not found:
        days = sorted({day.isoformat() for file in files if file.first_ns for day in _days(file)})
        raise NoSuchStream(f"{path} has nothing then; it has {', '.join(days) or 'no records'} (UTC).")
    for symbol in sorted(wanted):
        listing.try_row(symbol, known[symbol])
    if not len(table):
        raise NoSuchStream(f"{path} has no instrument of a kind that can be shown.")
    return sorted(found, key=lambda file: (file.first_ns, file.path.name))


def _days(file: DbnFile) -> tuple[date, date]:
    return from_ns(file.first_ns, UTC_ZONE).date(), from_ns(file.last_ns, UTC_ZONE).date()


def _is_on(file: DbnFile, dates: Sequence[date] | None) -> bool:
    first, last = _days(file)
    return not dates or (first <= dates[-1] and dates[0] <= last)
