"""The load that the wire benchmark publishes, and what it must add up to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.bench.wire import _memory_by_minute, _parts_text
from terminal.bench.wire_program import Pace, template, totals
from terminal.core.messages import ASK, BID, BOOK_PX, BOOK_SIDE, Kind

MADE = template(seed=3, count=500, instruments=7)


@given(st.integers(0, 1_600))
@settings(max_examples=50, deadline=None)
def test_totals_are_those_of_the_messages_one_by_one(sent: int) -> None:
    found = totals(sent, MADE, 7)
    everything = np.concatenate([MADE, MADE, MADE, MADE])[:sent]
    for instrument in range(7):
        own = everything[everything["instrument"] == instrument]
        assert found["quotes"][instrument] == (own["kind"] == Kind.QUOTE).sum()
        assert found["levels"][instrument] == (own["kind"] == Kind.DEPTH).sum()
        trades = own[own["kind"] == Kind.TRADE]
        assert (found["trades"][instrument], found["volume"][instrument]) == (len(trades), trades["v1"].sum())
        quotes = own[own["kind"] == Kind.QUOTE]
        if len(quotes):
            assert (found["bid_px"][instrument], found["ask_px"][instrument]) == (quotes[BID][-1], quotes[ASK][-1])


def test_the_load_is_the_same_for_a_seed_and_crosses_no_book() -> None:
    assert template(5, 1000).tobytes() == template(5, 1000).tobytes()
    levels = MADE[MADE["kind"] == Kind.DEPTH]
    for instrument in range(7):
        own = levels[levels["instrument"] == instrument]
        assert own[BOOK_PX][own[BOOK_SIDE] > 0].max() < own[BOOK_PX][own[BOOK_SIDE] < 0].min()
    quotes = MADE[MADE["kind"] == Kind.QUOTE]
    assert (quotes[BID] < quotes[ASK]).all()


def test_the_pace_bursts_for_a_tenth_of_a_second_in_five() -> None:
    pace = Pace(1000.0, 10.0)
    assert pace.due(0.0) == 0
    assert pace.due(5.0) == 5000 + 900
    assert pace.due(2.6) - pace.due(2.5) == pytest.approx(1000, abs=2)
    assert pace.due(2.5) == 2500
    assert Pace(1000.0, 1.0).due(7.0) == 7000


def test_a_soak_tells_its_memory_by_minute_and_part() -> None:
    samples = np.array([[float(second), (100 + second) * 2**20] for second in range(1, 301)])
    assert _memory_by_minute(samples) == "158 MB at 1 min, 398 MB at 5 min"
    parts = [(0.0, {"database": 3 << 20, "objects": 90_000}), (60.0, {"database": 7 << 20, "objects": 91_000})]
    assert _parts_text(parts) == "database 3 to 7 MB, objects 90,000 to 91,000"
