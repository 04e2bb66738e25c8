"""The thread that reads and writes the daily record."""

from __future__ import annotations

from pathlib import Path

import pytest

from terminal.app import vol_history
from terminal.app.vol_history import VolHistory
from terminal.store.market_db import MarketDatabase
from terminal.store.vol_days import RECORDED, VolDays
from tests.store.recording import eventually, started


def test_a_year_that_cannot_be_made_is_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vol_history, "_BEGIN_AFTER_S", 0.01)
    monkeypatch.setattr(vol_history, "_REST_S", 0.01)
    asked: list[int] = []

    def year() -> dict[str, VolDays]:
        asked.append(1)
        raise ValueError("no year")

    database = MarketDatabase.open(tmp_path / "market.duckdb")
    recorder = started(database)
    history = VolHistory(database, recorder, RECORDED, year)
    history.start()
    eventually(lambda: bool(asked))
    assert history.series("XYZ") is None
    eventually(lambda: history.series("XYZ") is not None)
    history.stop()
    recorder.stop(timeout_s=30.0)
    database.close()
    assert asked == [1]
