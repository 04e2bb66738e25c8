"""The daily record from recordings, on request: splits that are stored are taken out."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from terminal.cli import volatility
from terminal.core.clock import at_ns
from terminal.infra.paths import Profile
from terminal.store.batch_writer import SessionRow
from terminal.store.events import EventKind, MarketEvent, replace_events
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder, RecorderLimits
from terminal.store.vol_days import RECORDED, read_days
from tests.store.market_messages import make_table, trade_batch

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
