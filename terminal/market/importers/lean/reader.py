"""One file's rows as messages: decoded, given instruments and a source, counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from terminal.core.clock import at_ns
from terminal.core.instruments import Instrument, SessionProduct
from terminal.core.messages import Batch
from terminal.core.osi import OptionSymbol
from terminal.infra.calendars import Calendars, NoSession
from terminal.infra.session_table import CalendarRange
from terminal.market.importers.lean.archive import read_archive
from terminal.market.importers.lean.catalog import SourceFile
from terminal.market.importers.lean.contracts import Contracts
from terminal.market.importers.lean.decode import Columns, day_number, days_of, decode
from terminal.market.importers.lean.layout import Data, FileName, Resolution, parse_member
from terminal.market.importers.lean.messages import to_messages
from terminal.market.importers.report import FileReport, ImportReport
from terminal.market.importers.sources import Source, SourceTable


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A decoded file. ``symbols``: the contract of each file inside an option zip, empty for others."""

    file: SourceFile
    columns: Columns
    symbols: tuple[OptionSymbol, ...]
    sha256: str
    report: FileReport

    @property
    def name(self) -> FileName:
        """What the path says."""
        return self.file.name

    def on(self, day: date) -> OpenFile:
        """The rows of one day, where the file holds many."""
        if not self.name.resolution.spans_days:
            return self
        chosen = days_of(self.columns) == day_number(day)
        return OpenFile(self.file, self.columns.take(chosen), self.symbols, self.sha256, self.report)


class Reader:
    """Reads files into messages of one instrument table and one source table, counting into one report."""

    def __init__(self, contracts: Contracts, sources: SourceTable, report: ImportReport) -> None:
        self.contracts = contracts
        self.sources = sources
        self.report = report
        self._spanning: dict[str, OpenFile] = {}

    def open(self, file: SourceFile) -> OpenFile:
        """Decodes ``file``; one that spans days is kept for its other days. Raises UnreadableFile."""
        known = self._spanning.get(file.name.path)
        if known is not None:
            return known
        name = file.name
        is_option = name.asset.is_option
        archive = read_archive(file.path, lambda entry: not is_option or parse_member(entry, name) is not None)
        counted = FileReport(name.path, name.kind)
        columns = decode(archive, name, counted)
        for entry, reason in archive.damaged:
            counted.refuse(reason, entry)
        symbols = tuple(_contract(entry, name) for entry in archive.names) if is_option else ()
        opened = OpenFile(file, columns, symbols, archive.sha256, counted)
        if name.resolution.spans_days:
            # Rows are counted day by day as they are asked for; what is refused belongs to no day.
            counted.rows_read -= counted.rows_kept
            counted.rows_kept = 0
            self._spanning[name.path] = opened
        self.report.files.append(counted)
        return opened

    def learn(self, opened: Iterable[OpenFile], underlying: Instrument) -> None:
        """Adds the contracts of files to the table, in the order of their symbols, with the ticks they quote in."""
        series: dict[OptionSymbol, FileName] = {}
        for each in opened:
            if not each.name.asset.is_option:
                continue
            if each.name.data is Data.QUOTE and len(each.columns):
                is_tick = each.name.resolution is Resolution.TICK
                bids, asks = each.columns.values[1 if is_tick else 4], each.columns.values[3 if is_tick else 9]
                self.contracts.learn_ticks(each.name.ticker.upper(), np.concatenate((bids, asks)))
            for member in np.unique(each.columns.member):
                series.setdefault(each.symbols[member], each.name)
        for symbol in sorted(series, key=OptionSymbol.osi):
            self.contracts.option(symbol, series[symbol], underlying)
        self.report.instruments = len(self.contracts.table)

    def messages(self, opened: OpenFile, underlying: Instrument, day: date | None) -> Batch:
        """The rows of ``opened`` as messages, in the file's order; :meth:`learn` comes first.

        ``day``: the day that ``opened`` was cut to, None for a whole file.
        """
        if opened.name.resolution.spans_days:
            opened.report.rows_read += len(opened.columns)
            opened.report.rows_kept += len(opened.columns)
        ids = self._ids(opened, underlying)
        calendars = self.contracts.calendars
        return to_messages(
            opened.name,
            opened.columns,
            ids,
            self.source(opened.name, opened.sha256, day).id,
            lambda each: close_of(calendars, each),
        )

    def forget(self, file: SourceFile) -> None:
        """Gives the room of a file that spans days back."""
        self._spanning.pop(file.name.path, None)

    def source(self, name: FileName, sha256: str, day: date | None, derived: str = "") -> Source:
        """The source row of a file; of ``day``'s part of one that spans days; of what a rule ``derived`` from that."""
        part = " ".join(filter(None, (day.isoformat() if day and name.resolution.spans_days else "", derived)))
        is_bar = not derived and name.data is not Data.OPEN_INTEREST
        interval_s = name.resolution.interval_s if is_bar else 0
        kind = f"lean {name.kind} {derived or name.resolution.value}"
        return self.sources.add(kind, name.plain_path, sha256, interval_s, part)

    def _ids(self, opened: OpenFile, underlying: Instrument) -> npt.NDArray[np.int32]:
        if not opened.name.asset.is_option:
            most = int(opened.columns.member.max()) + 1 if len(opened.columns) else 1
            return np.full(most, underlying.id, np.int32)
        ids = np.full(max(1, len(opened.symbols)), -1, np.int32)
        for member in np.unique(opened.columns.member):
            ids[member] = self.contracts.table.find(opened.symbols[member].osi()).id
        return ids


def close_of(calendars: Calendars, day: date) -> int:
    """The close of US equities on ``day``; 16:00 on a day without a session."""
    try:
        return calendars.session_hours(SessionProduct.EQUITY, day).close_ns
    except (NoSession, CalendarRange):
        return at_ns(day, 16)


def _contract(entry: str, name: FileName) -> OptionSymbol:
    symbol = parse_member(entry, name)
    if symbol is None:
        raise ValueError(f"{entry} names no contract")
    return symbol
