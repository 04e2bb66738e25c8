"""Days of the real data, read once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from terminal.core.instruments import Instrument, InstrumentTable
from terminal.core.messages import Batch
from terminal.infra import calendars
from terminal.market.importers.lean.catalog import Catalog
from terminal.market.importers.lean.contracts import Contracts
from terminal.market.importers.lean.days import DayLoader
from terminal.market.importers.lean.reader import Reader
from terminal.market.importers.report import ImportReport
from terminal.market.importers.sources import SourceTable


@dataclass(frozen=True)
class LoadedDay:
    """One day as the feed gives it."""

    batch: Batch
    table: InstrumentTable
    report: ImportReport
    sources: SourceTable
    underlying: Instrument

    def of(self, kind: int, *, options: bool) -> Batch:
        """Messages of one kind, of the options or of the underlying."""
        is_option = self.table.underlying_of[self.batch["instrument"]] >= 0
        chosen = (self.batch["kind"] == kind) & (self.batch["instrument"] >= 0) & (is_option == options)
        messages: Batch = self.batch[chosen]
        return messages


LoadDay = Callable[[str, str], LoadedDay]


def load(root: Path, symbol: str, *days: str) -> LoadedDay:
    """Loads days one after another into one table; ``batch`` is the last one's."""
    table, report, sources = InstrumentTable(), ImportReport(), SourceTable()
    loader = DayLoader(Catalog(root), Reader(Contracts(table, calendars.default()), sources, report), symbol)
    batches = [loader.load(date.fromisoformat(day)) for day in days]
    return LoadedDay(batches[-1], table, report, sources, loader.underlying)


@pytest.fixture(scope="session")
def lean(shared_data: Path) -> Path:
    """The folder in Lean's layout."""
    return shared_data / "lean"


@pytest.fixture(scope="session")
def load_day(lean: Path) -> LoadDay:
    """Loads a day of real data; each is read once; do not write to it."""

    @cache
    def loaded(symbol: str, day: str) -> LoadedDay:
        return load(lean, symbol, day)

    return loaded
