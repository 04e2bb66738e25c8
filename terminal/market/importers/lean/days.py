"""A whole day of one underlying as messages in the canonical order, with the calendar's and the official prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from terminal.core.instruments import Instrument, SessionProduct
from terminal.core.messages import CLOSE, MESSAGE, Batch, Kind, OfficialKind
from terminal.infra.calendars import Calendars, NoSession
from terminal.infra.session_table import CalendarRange
from terminal.market.importers.lean.catalog import Catalog
from terminal.market.importers.lean.decode import day_number, days_of
from terminal.market.importers.lean.layout import Asset, Data
from terminal.market.importers.lean.reader import OpenFile, Reader, close_of
from terminal.market.importers.lean.reference import adjusted_px
from terminal.market.importers.lean.trading_day import day_start_ns, in_canonical_order, official, phase_messages
from terminal.market.importers.lean.wall_time import EPOCH_DAY

_OLDEST_PRIOR = timedelta(days=10)
"""An older close is no prior close: the daily bars have a gap."""
_OPEN, _CLOSE = 1, 4


def underlying_asset(catalog: Catalog, symbol: str) -> Asset:
    """Whether a symbol is an index or a share, by the files that there are about it."""
    assets = {each.name.asset for each in catalog.of(symbol)}
    is_index = assets & {Asset.INDEX, Asset.INDEX_OPTION} and Asset.EQUITY not in assets
    return Asset.INDEX if is_index else Asset.EQUITY


class DayLoader:
    """Loads the days of ``underlying`` from a catalog; one thread at a time."""

    def __init__(self, catalog: Catalog, reader: Reader, underlying: str) -> None:
        self.catalog = catalog
        self.reader = reader
        self.symbol = catalog.require(underlying)
        asset = underlying_asset(catalog, self.symbol)
        self.underlying: Instrument = reader.contracts.underlying(asset, self.symbol)

    def load(self, day: date) -> Batch:
        """Everything of ``day``, in order. Raises UnreadableFile for a zip that is none."""
        opened = [self.reader.open(file).on(day) for file in self.catalog.finest_on(self.symbol, day)]
        self.reader.learn(opened, self.underlying)
        parts = [self.reader.messages(each, self.underlying, day) for each in opened]
        first_ns = min(
            (int(part["ts_ns"].min()) for part in parts if len(part)), default=close_of(self._calendars, day)
        )
        start_ns = day_start_ns(day, first_ns)
        phases = phase_messages(self._calendars, self.reader.contracts.table, self._products(opened), day, start_ns)
        parts = [phases, *parts, *self._officials(day, start_ns, opened, parts)]
        self.reader.report.days.append(day.isoformat())
        return in_canonical_order(np.concatenate(parts, dtype=MESSAGE), self.reader.contracts.table)

    def _products(self, opened: Sequence[OpenFile]) -> set[SessionProduct]:
        products = {self.underlying.session}
        for each in opened:
            if each.name.asset is Asset.OPTION:
                products.add(SessionProduct.EQUITY_OPTION)
            elif each.name.asset is Asset.INDEX_OPTION:
                products.add(SessionProduct.INDEX_OPTION)
        return products

    def _officials(self, day: date, start_ns: int, opened: Sequence[OpenFile], parts: Sequence[Batch]) -> list[Batch]:
        """Prior close at the start of the day; open once the first regular trade has been seen; close at the close.

        Without daily bars an index closes at its last value, known when no more come; a share has no official close.
        """
        own = next((part for each, part in zip(opened, parts, strict=True) if self._is_own_trades(each)), None)
        file = self.catalog.daily_file(self.symbol, day)
        if file is None:
            if own is None or len(own) == 0 or self.underlying.is_tradable:
                return []
            from_file = next(each for each in opened if self._is_own_trades(each))
            last = own[-1]
            source = self.reader.source(from_file.name, from_file.sha256, day, "official").id
            px = int(last[CLOSE] if last["kind"] == Kind.BAR else last["v0"])
            return [official(self.underlying.id, int(last["ts_ns"]), OfficialKind.CLOSE, px, source)]
        daily = self.reader.open(file)
        source = self.reader.source(daily.name, daily.sha256, day, "official").id
        found = self._prior_close(daily, day, start_ns, source)
        row = daily.on(day).columns
        if len(row) == 0:
            return found
        close_ns = close_of(self._calendars, day)
        open_px, close_px = int(row.values[_OPEN, 0]), int(row.values[_CLOSE, 0])
        opens_ns = self._first_regular_ns(day, own, close_ns)
        return [
            *found,
            official(self.underlying.id, opens_ns, OfficialKind.OPEN, open_px, source),
            official(self.underlying.id, close_ns, OfficialKind.CLOSE, close_px, source),
        ]

    def _prior_close(self, daily: OpenFile, day: date, start_ns: int, source: int) -> list[Batch]:
        """The last close before ``day`` in the terms of ``day``, if the ticker was the same security's then."""
        days = days_of(daily.columns)
        at = int(np.searchsorted(days, day_number(day))) - 1
        if at < 0:
            return []
        prior = EPOCH_DAY + timedelta(days=int(days[at]))
        if day - prior > _OLDEST_PRIOR or daily.file != self.catalog.daily_file(self.symbol, prior):
            return []
        ratio = self.catalog.factor_file(self.symbol).split_between(prior, day)
        px = adjusted_px(int(daily.columns.values[_CLOSE, at]), ratio)
        return [official(self.underlying.id, start_ns, OfficialKind.PRIOR_CLOSE, px, source)]

    def _first_regular_ns(self, day: date, own: Batch | None, close_ns: int) -> int:
        """When the opening price can be known: the end of the first trade or bar after the open, else the close."""
        try:
            open_ns = self._calendars.session_hours(SessionProduct.EQUITY, day).open_ns
        except (NoSession, CalendarRange):
            return close_ns
        if own is None:
            return close_ns
        later = own["ts_ns"][own["ts_ns"] > open_ns]
        return min(int(later.min()), close_ns) if len(later) else close_ns

    def _is_own_trades(self, opened: OpenFile) -> bool:
        return not opened.name.asset.is_option and opened.name.data is Data.TRADE

    @property
    def _calendars(self) -> Calendars:
        return self.reader.contracts.calendars
