"""A desk without a window: all rooms of ``app/rooms``, started and stopped as the program does, on a small market."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from terminal import bootstrap
from terminal.app.desk import Desk
from terminal.app.ports import DeskMode
from terminal.app.report import UiFigures
from terminal.app.rooms import Rooms
from terminal.app.script import parse_script
from terminal.app.script_runner import ScriptRunner
from terminal.app.sessions import plan_session
from terminal.cli.arguments import desk_options, parse
from terminal.core.clock import NS_PER_S, at_ns, midnight_ns
from terminal.core.instruments import SESSION_CODES, Delivery, InstrumentKind, InstrumentTable, SessionProduct, Style
from terminal.core.messages import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    OFFICIAL_KIND,
    OFFICIAL_PX,
    PHASE,
    PHASE_SESSION,
    PRICE,
    SIZE,
    Batch,
    Kind,
    OfficialKind,
    Phase,
    empty_batch,
)
from terminal.core.money import parse_px
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass
from terminal.infra.calendars import default
from terminal.infra.logs import LogRing
from terminal.infra.paths import Profile
from terminal.infra.settings import Settings
from terminal.market.feed import Feed
from terminal.market.importers.sources import SourceTable
from terminal.store.journal import Journal
from terminal.store.market_db import DatabaseSettings, MarketDatabase

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
EVERY_S = 600
Report = dict[str, Any]


class SmallFeed:
    """A stock, an index and their options that expire on Monday or Tuesday; quotes every ten minutes of two days.

    The stock opens at 100.00 and gains 0.10 with every quote; an option is quoted at its intrinsic value plus 0.50.
    The official close comes ``late_s`` seconds after it.
    """

    name = "small"

    def __init__(self, table: InstrumentTable, *, chunk: int = 50, late_s: int = 0, sources: SourceTable | None = None):
        self.chunk = chunk
        self.broken_at: int | None = None
        self._source = 0 if sources is None else sources.add("small", "two days", "0" * 64, EVERY_S).id
        self._late_s = late_s
        self.stock = table.add("XYZ", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY).id
        self.index = table.add("IDX", InstrumentKind.INDEX, SessionProduct.EQUITY, TickClass.FINEST).id
        self.options: dict[int, tuple[int, int, date]] = {}
        for day in (MONDAY, TUESDAY):
            for right in (Right.CALL, Right.PUT):
                for strike in (90, 100, 110):
                    symbol = make_option_symbol("XYZ", day, right, strike * 1000)
                    row = table.add_option(symbol, self.stock, at_ns(day, 16), tick_class=TickClass.PENNY)
                    self.options[row.id] = (strike * 10_000, int(right), day)
            symbol = make_option_symbol("IDX", day, Right.CALL, 1_000_000)
            cash = table.add_option(
                symbol, self.index, at_ns(day, 16), style=Style.EUROPEAN, delivery=Delivery.CASH,
                tick_class=TickClass.PENNY,
            )  # fmt: skip
            self.options[cash.id] = (10_000_000, 10, day)
        self.messages = self._make()

    def first_ns(self) -> int:
        return int(self.messages["ts_ns"][0])

    def end_ns(self) -> int | None:
        return int(self.messages["ts_ns"][-1])

    def batches(self) -> Iterator[Batch]:
        for start in range(0, len(self.messages), self.chunk):
            if self.broken_at is not None and start >= self.broken_at:
                raise OSError("the source went away")
            yield self.messages[start : start + self.chunk]

    def _make(self) -> Batch:
        rows: list[dict[str, int]] = []
        for day in (MONDAY, TUESDAY):
            open_ns, close_ns = at_ns(day, 9, 30), at_ns(day, 16)
            products = (SessionProduct.EQUITY, SessionProduct.EQUITY_OPTION, SessionProduct.INDEX_OPTION)
            every = [SESSION_CODES[product] for product in products]
            rows.append(
                _row(midnight_ns(day) + 4 * 3600 * NS_PER_S, Kind.PHASE_CHANGE, -1, **{PHASE: Phase.PRE_MARKET})
            )
            rows += [_row(open_ns, Kind.PHASE_CHANGE, -1, **{PHASE: Phase.OPEN, PHASE_SESSION: each}) for each in every]
            for number, ts_ns in enumerate(range(open_ns, close_ns, EVERY_S * NS_PER_S)):
                rows += self._quotes(ts_ns, day, parse_px("100.00") + 1000 * number)
            rows += [
                _row(close_ns, Kind.PHASE_CHANGE, -1, **{PHASE: Phase.AFTER_HOURS, PHASE_SESSION: each})
                for each in every
            ]
            published_ns = close_ns + self._late_s * NS_PER_S
            for instrument, px in ((self.stock, parse_px("103.80")), (self.index, parse_px("1038.00"))):
                close = {OFFICIAL_PX: px, OFFICIAL_KIND: OfficialKind.CLOSE}
                rows.append(_row(published_ns, Kind.OFFICIAL, instrument, **close))
        batch = empty_batch(len(rows))
        for message, row in zip(batch, sorted(rows, key=lambda each: each["ts_ns"]), strict=True):
            for name, value in row.items():
                message[name] = value
            message["source"] = self._source if row["kind"] != Kind.PHASE_CHANGE else 0
        return batch

    def _quotes(self, ts_ns: int, day: date, spot_px: int) -> list[dict[str, int]]:
        rows = [
            _row(ts_ns, Kind.TRADE, self.index, **{PRICE: 10 * spot_px, SIZE: 1}),
            _quote(ts_ns, self.stock, spot_px - 100, spot_px + 100, 500),
        ]
        for instrument, (strike_px, right, expiry) in self.options.items():
            if expiry >= day:
                under_px = 10 * spot_px if abs(right) == 10 else spot_px
                value_px = max(0, (1 if right > 0 else -1) * (under_px - strike_px)) + 5000
                rows.append(_quote(ts_ns, instrument, value_px - 100, value_px + 100, 5))
        return rows


def _row(ts_ns: int, kind: Kind, instrument: int, **columns: int) -> dict[str, int]:
    return {"ts_ns": ts_ns, "kind": kind, "instrument": instrument, **columns}


def _quote(ts_ns: int, instrument: int, bid_px: int, ask_px: int, size: int) -> dict[str, int]:
    return _row(ts_ns, Kind.QUOTE, instrument, **{BID: bid_px, ASK: ask_px, BID_SIZE: size, ASK_SIZE: size})


@dataclass
class SmallDesk:
    """One run over a profile folder. ``arguments``: of ``moneyness desk``; ``mode`` says what the session is called."""

    folder: Path
    script: str = ""
    arguments: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    mode: DeskMode = DeskMode.SIMULATED
    late_s: int = 0
    chunk: int = 50
    with_sources: bool = False
    change: Callable[[Rooms], None] = lambda rooms: None

    def run(self) -> Report:
        """From the first room to the report, as fast as possible, until the feed or ``--seconds`` ends it."""
        self.open()
        try:
            self.start()
            self.wait()
        finally:
            self.stop()
        return self.report()

    def open(self) -> None:
        """Makes the rooms."""
        profile = Profile(self.folder)
        profile.ensure()
        options = desk_options(parse(["desk", "--headless", "--speed", "max", *self.arguments]))
        self.journal = Journal(profile.journal_file, profile.journal_head_file)
        self.journal.open()
        self.database = MarketDatabase.open(profile.database_file, DatabaseSettings(memory_mib=256))
        table = InstrumentTable()
        sources = SourceTable() if self.with_sources else None
        self.feed = SmallFeed(table, chunk=self.chunk, late_s=self.late_s, sources=sources)
        feed: Feed = self.feed
        plan = plan_session(self.journal, self.mode, 1, MONDAY, resume=options.resume)
        self.rooms = Rooms(
            plan, feed, table, profile, self.settings, default(), self.journal, self.database,
            speed=options.speed, sources=sources,
        )  # fmt: skip
        self.change(self.rooms)
        over = threading.Event()
        desk = Desk(self.rooms, LogRing(10), self.settings, profile)
        runner = ScriptRunner(self.rooms.trading, table, lambda: bootstrap._end(self.rooms, over))
        self.run_ = bootstrap._Run(
            options, profile, self.settings, parse_script(self.script), self.rooms, desk, runner, over
        )

    def start(self) -> None:
        """Starts the threads in the program's own order."""
        bootstrap._start(self.run_)

    def wait(self) -> None:
        """Until the run says that it is over."""
        assert self.run_.over.wait(60), "the run does not end"

    def stop(self) -> None:
        """Stops in the program's own order, and closes the files."""
        bootstrap._stop(self.run_)
        self.database.close()
        self.journal.close()

    def report(self) -> Report:
        """What ``--report`` writes."""
        return bootstrap._report(self.run_, UiFigures())

    def until(self, condition: Callable[[], bool]) -> None:
        """Waits for something that another thread does."""
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, "waited too long"
            time.sleep(0.002)
