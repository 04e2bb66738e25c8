"""The daily record from recordings, on request: splits that are stored are taken out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from terminal.app.recorded_vols import look, recorded_days
from terminal.cli import volatility
from terminal.core.clock import at_ns
from terminal.core.messages import Flag, Kind, empty_batch
from terminal.infra.calendars import Calendars
from terminal.infra.paths import Profile
from terminal.store.batch_writer import SessionRow
from terminal.store.events import EventKind, MarketEvent, replace_events
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder, RecorderLimits
from terminal.store.vol_days import RECORDED, read_days
from tests.store.market_messages import make_table, quote_batch, trade_batch

DAYS = (date(2015, 12, 23), date(2015, 12, 24), date(2015, 12, 28))


@pytest.mark.parametrize("at_once", [250, 1])
def test_a_split_that_is_stored_is_in_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(volatility, "_MOST_AT_ONCE", at_once)
    profile = Profile(tmp_path)
    profile.ensure()
    database = MarketDatabase.open(profile.database_file)
    limits = RecorderLimits(spill=False)
    recorder = Recorder(database, make_table(), profile.spill_dir, SessionRow("s1", "replay", "test"), limits)
    recorder.start()
    for day, px in zip(DAYS, (7_000_000, 7_070_000, 1_000_000), strict=True):
        assert recorder.offer(trade_batch([px, px + 100], 0, start_ns=at_ns(day, 10)), 5.0)
    split = MarketEvent("test", "1", "GOOG", EventKind.SPLIT, DAYS[2], amount=7.0)
    recorder.write(lambda now: replace_events(now, "test", [split], 0))
    recorder.stop(timeout_s=30.0)
    database.close()
    assert volatility.record_volatility(profile, "GOOG", None, str(tmp_path / "report.json")) == 0
    assert [each["day"] for each in json.loads((tmp_path / "report.json").read_text())["days"]] == [
        each.isoformat() for each in DAYS
    ]
    database = MarketDatabase.open(profile.database_file)
    rows = read_days(database.connect(), RECORDED, "GOOG")
    database.close()
    assert rows["day"].tolist() == list(DAYS)
    assert rows["split"].tolist() == [1.0, 1.0, 7.0]
    np.testing.assert_allclose(rows["close"], [700.01, 707.01, 100.01])


def test_a_day_of_which_there_is_a_daily_bar_alone_is_read_and_not_run(tmp_path: Path) -> None:
    database = MarketDatabase.open(tmp_path / "market.duckdb")
    session = SessionRow("s1", "import", "lean")
    recorder = Recorder(database, make_table(), tmp_path / "spill", session, RecorderLimits(spill=False))
    recorder.start()
    daily = recorder.begin_source("lean", "goog.zip", "00", interval_s=86_400)
    bars = empty_batch(2)
    bars["ts_ns"] = [at_ns(DAYS[0], 16), at_ns(DAYS[2], 16)]
    bars["kind"], bars["instrument"], bars["source"] = Kind.BAR, 0, daily.id
    bars["flags"], bars["venue"] = Flag.COARSE, 1440
    for at, px in enumerate((7_000_000, 7_200_000, 6_900_000, 7_100_000, 5)):
        bars[f"v{at}"] = px
    assert recorder.offer(bars, 5.0)
    recorder.complete_source(daily.id, 2)
    minute = recorder.begin_source("lean", "goog_options.zip", "01", interval_s=60)
    quotes = quote_batch(1, 4, start_ns=at_ns(DAYS[2], 15))
    quotes["source"] = minute.id
    assert recorder.offer(quotes, 5.0)
    recorder.complete_source(minute.id, 1)
    recorder.stop(timeout_s=30.0)
    connection = database.connect()
    alone, quoted = recorded_days(connection, "GOOG", None)
    assert alone.prices == (700.0, 720.0, 690.0, 710.0)
    assert quoted.prices is None, "options were quoted: the day is run"
    read = look(connection, alone, Calendars(), None, 2.0)
    run = look(connection, replace(alone, prices=None), Calendars(), None, 2.0)
    assert read is not None
    assert run is not None
    assert read.tobytes() == run.tobytes()
    connection.close()
    database.close()
