"""Statistics of the day against a plain reading of the same messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, PHASE, PHASE_SESSION, PRICE, SIZE, Flag, Kind, Phase
from terminal.core.money import ABSENT_PX
from tests.market.flow_messages import START_NS, Row, applied, cuts, flow, quote_row, stamped, trade_row, trades_of

IDS = np.arange(3, dtype=np.int32)
FIVE_S = 5 * 10**9


def plain_quotes(rows: list[Row], instrument: int) -> dict[str, Any]:
    """Order flow, and time-weighted means until the last message of the market."""
    bid, ask, bid_size, ask_size = ABSENT_PX, ABSENT_PX, 0, 0
    known = {"quotes": 0, "flow": 0, "minute": 0, "ns": 0, "spread": 0, "bids": 0, "asks": 0, "widest": 0}
    since_ns, now_ns = 0, rows[-1]["ts_ns"]

    def weigh(until_ns: int) -> None:
        if bid > 0 and ask >= bid:
            known["ns"] += until_ns - since_ns
            known["spread"] += (ask - bid) * (until_ns - since_ns)
            known["bids"] += bid_size * (until_ns - since_ns)
            known["asks"] += ask_size * (until_ns - since_ns)

    for row in rows:
        if row["instrument"] != instrument or row["kind"] != Kind.QUOTE:
            continue
        weigh(row["ts_ns"])
        since_ns = row["ts_ns"]
        before = (bid, bid_size, ask, ask_size)
        if not row["flags"] & Flag.BID_UNCHANGED:
            bid, bid_size = row[BID], row[BID_SIZE]
        if not row["flags"] & Flag.ASK_UNCHANGED:
            ask, ask_size = row[ASK], row[ASK_SIZE]
        if bid > 0 and ask >= bid:
            known["widest"] = max(known["widest"], ask - bid)
        known["quotes"] += 1
        if known["quotes"] == 1:
            continue
        was_ask, is_ask = (np.inf if px == ABSENT_PX else px for px in (before[2], ask))
        change = (bid >= before[0]) * bid_size - (bid <= before[0]) * before[1]
        change += (is_ask >= was_ask) * before[3] - (is_ask <= was_ask) * ask_size
        known["flow"] += int(change)
        if row["ts_ns"] // FIVE_S > now_ns // FIVE_S - 12:
            known["minute"] += int(change)
    weigh(now_ns)
    return known


@settings(max_examples=80, deadline=None)
@given(flow, cuts)
def test_every_figure_agrees_with_a_plain_model_however_batches_are_cut(rows: list[Row], at: list[int]) -> None:
    read = applied(rows, at).statistics.read(IDS)
    for instrument in range(3):
        found, prints = read[instrument], trades_of(rows, instrument)
        volume = sum(row[SIZE] for row in prints)
        notional = sum(row[SIZE] * row[PRICE] for row in prints)
        off_book = [row for row in trades_of(rows, instrument, on_book=False) if row["flags"] & Flag.OFF_BOOK]
        assert (found["volume"], found["trades"]) == (volume, len(prints))
        assert (found["off_book_volume"], found["off_book_trades"]) == (
            sum(row[SIZE] for row in off_book),
            len(off_book),
        )
        assert found["bought"] + found["sold"] + found["unsided"] == volume
        assert found["notional"] == pytest.approx(notional)
        assert found["vwap_px"] == pytest.approx(notional / volume if volume else np.nan, nan_ok=True)
        assert found["largest_size"] == max((row[SIZE] for row in prints), default=0)
        for flag, name in ((Flag.BUYER_AGGRESSOR, "bought"), (Flag.SELLER_AGGRESSOR, "sold")):
            assert found[name] >= sum(row[SIZE] for row in prints if row["flags"] & flag)
        assert found["estimated"] <= sum(row[SIZE] for row in prints if not row["flags"])
        if not rows:
            continue
        known = plain_quotes(rows, instrument)
        assert (found["quotes"], found["flow_imbalance"]) == (known["quotes"], known["flow"])
        assert found["flow_imbalance_minute"] == known["minute"]
        assert found["weighed_ns"] == known["ns"]
        for name, total in (("mean_spread_px", "spread"), ("mean_bid_size", "bids"), ("mean_ask_size", "asks")):
            mean = known[total] / known["ns"] if known["ns"] else np.nan
            assert found[name] == pytest.approx(mean, nan_ok=True)
        if known["quotes"]:
            assert found["widest_spread_px"] == known["widest"]


def test_the_best_level_says_where_the_price_leans() -> None:
    rows = stamped([(quote_row(0, 1_000_000, 1_000_400, 30, 10, 0), 0), (quote_row(1, 1_000_000, None, 30, 0, 0), 0)])
    read = applied(rows, []).statistics.read(IDS)
    assert (read["spread_px"][0], read["depth_imbalance"][0], read["micro_px"][0]) == (400, 0.5, 1_000_300)
    assert np.isnan(read["spread_px"][1:]).all()
    assert np.isnan(read["micro_px"][1:]).all()


def phase(value: Phase, ts_ns: int) -> Row:
    return {"kind": Kind.PHASE_CHANGE, "ts_ns": ts_ns, PHASE: value, PHASE_SESSION: 0}


def test_means_are_of_the_open_market_and_a_new_day_begins_with_nothing() -> None:
    second = 10**9
    rows = [
        {**quote_row(0, 1_000_000, 1_009_000, 1, 1, 0), "ts_ns": START_NS},
        phase(Phase.OPEN, START_NS + 10 * second),
        {**quote_row(0, 1_000_000, 1_000_100, 1, 1, 0), "ts_ns": START_NS + 12 * second},
        phase(Phase.HALTED, START_NS + 20 * second),
        phase(Phase.OPEN, START_NS + 50 * second),
        {**trade_row(0, 1_000_000, 7, 0), "ts_ns": START_NS + 60 * second},
    ]
    found = applied(rows, []).statistics.read(IDS)[0]
    assert found["weighed_ns"] == 20 * second
    assert found["mean_spread_px"] == pytest.approx((2 * 9_000 + 18 * 100) / 20)
    assert found["widest_spread_px"] == 9_000
    rows.append(phase(Phase.PRE_MARKET, START_NS + 70 * second))
    state = applied(rows, [3])
    found = state.statistics.read(IDS)[0]
    assert (found["volume"], found["quotes"], found["weighed_ns"]) == (0, 0, 0)
    assert np.isnan(found["vwap_px"])
    assert np.isnan(found["mean_spread_px"])
    assert len(state.volume_at_price.read(0)[2]) == 0


def test_a_quote_that_stays_over_a_new_day_is_weighed_from_its_begin() -> None:
    second = 10**9
    rows = [
        {**quote_row(0, 1_000_000, 1_000_100, 1, 1, 0), "ts_ns": START_NS},
        {**phase(Phase.PRE_MARKET, START_NS + 5 * second), "flags": Flag.BID_UNCHANGED | Flag.ASK_UNCHANGED},
        {**quote_row(0, 1_000_000, 1_000_300, 1, 1, 0), "ts_ns": START_NS + 7 * second},
    ]
    found = applied(rows, []).statistics.read(IDS)[0]
    assert (found["weighed_ns"], found["mean_spread_px"]) == (2 * second, 100)
