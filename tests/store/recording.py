"""A small recorder on a database of its own, and what it stored: for the tests of the recorder."""

from __future__ import annotations

import time
from collections.abc import Callable

from terminal.core.messages import Batch
from terminal.store.batch_writer import SessionRow
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder, RecorderLimits
from tests.store.market_messages import make_table

SMALL = RecorderLimits(ring_messages=1 << 12, flush_messages=1 << 10, flush_after_s=0.01, retry_after_s=0.05)


def started(
    database: MarketDatabase, name: str = "s1", limits: RecorderLimits = SMALL, *, go_on: bool = False
) -> Recorder:
    recorder = Recorder(database, make_table(), database.path.parent / "spill", SessionRow(name, "sim", "sim"), limits)
    recorder.start(go_on=go_on)
    return recorder


def stored(database: MarketDatabase, source: int) -> list[int]:
    """The numbers that quote_batch put into the messages of a source, in the order of their seq."""
    rows = database.connect().execute("SELECT seq, bid_size FROM raw.quote WHERE source = ? ORDER BY seq", [source])
    pairs = rows.fetchall()
    assert [row[0] for row in pairs] == list(range(len(pairs)))
    return [row[1] for row in pairs]


def offer_all(recorder: Recorder, batch: Batch, part: int = 256) -> None:
    for at in range(0, len(batch), part):
        while not recorder.offer(batch[at : at + part], 5.0):
            pass


def eventually(condition: Callable[[], bool]) -> None:
    """Waits for something that another thread does."""
    until = time.monotonic() + 20
    while not condition() and time.monotonic() < until:
        time.sleep(0.002)
    assert condition()


def source_row(database: MarketDatabase, number: int) -> dict[str, object]:
    found = database.connect().execute("SELECT * FROM source WHERE id = ?", [number])
    names = [column[0] for column in found.description]
    return dict(zip(names, found.fetchall()[0], strict=True))
