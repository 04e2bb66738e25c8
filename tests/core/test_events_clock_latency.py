"""Codecs of the order road, market time, latency histograms."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.clock import CHICAGO, MarketClock, at_ns, from_ns, midnight_ns, to_ns
from terminal.core.events import (
    Settlement,
    SettlementKind,
    intent_body,
    intent_from_body,
    report_body,
    report_from_body,
    settlement_body,
    settlement_from_body,
)
from terminal.core.latency import LatencyMeter, quantile_ms
from terminal.core.orders import (
    DenyReason,
    Effect,
    ExecutionReport,
    Leg,
    OrderIntent,
    OrderType,
    Origin,
    ReportKind,
    Side,
    TimeInForce,
)

numbers = st.integers(-(2**62), 2**62)
legs = st.builds(Leg, st.integers(0, 99), st.sampled_from(Side), st.integers(1, 9), st.none() | st.sampled_from(Effect))
intents = st.builds(
    OrderIntent,
    st.text(max_size=20),
    st.text(max_size=20),
    st.lists(legs, min_size=1, max_size=8).map(tuple),
    st.integers(1, 10**6),
    st.sampled_from(OrderType),
    st.sampled_from(TimeInForce),
    st.sampled_from(Origin),
    numbers,
    st.none() | numbers,
    st.text(max_size=20),
)
reports = st.builds(
    ExecutionReport,
    st.sampled_from(ReportKind),
    st.text(max_size=9),
    numbers,
    st.text(max_size=9),
    st.text(max_size=9),
    st.integers(0, 7),
    numbers,
    numbers,
    numbers,
    st.text(max_size=30),
)
settlements = st.builds(
    Settlement,
    st.text(max_size=9),
    st.text(max_size=9),
    st.integers(0, 99),
    numbers,
    st.sampled_from(SettlementKind),
    numbers,
    numbers,
    numbers,
    numbers,
    st.integers(-1, 99),
    numbers,
    numbers,
)


@given(intents)
def test_an_intent_survives_the_journal(intent: OrderIntent) -> None:
    body = json.loads(json.dumps(intent_body(intent, [str(leg.instrument) for leg in intent.legs])))
    assert intent_from_body(body, [int(leg["symbol"]) for leg in body["legs"]]) == intent


@given(reports)
def test_a_report_survives_the_journal(report: ExecutionReport) -> None:
    assert report_from_body(json.loads(json.dumps(report_body(report)))) == report


@given(settlements)
def test_a_settlement_survives_the_journal(settlement: Settlement) -> None:
    body = json.loads(json.dumps(settlement_body(settlement, "A", "B")))
    assert settlement_from_body(body, settlement.instrument, settlement.delivered) == settlement


def test_every_reason_of_refusal_has_a_sentence() -> None:
    for reason in DenyReason:
        assert reason.sentence.endswith(".")


@given(st.integers(0, 4 * 10**18))
def test_a_time_survives_both_zones_to_the_microsecond(ts_ns: int) -> None:
    cut = ts_ns - ts_ns % 1000
    assert to_ns(from_ns(ts_ns)) == to_ns(from_ns(ts_ns, CHICAGO)) == cut


def test_new_york_times_follow_daylight_saving() -> None:
    assert from_ns(at_ns(date(2026, 1, 5), 9, 30), CHICAGO).hour == 8
    assert at_ns(date(2026, 3, 6), 9, 30) == to_ns(datetime(2026, 3, 6, 14, 30, tzinfo=UTC))
    assert at_ns(date(2026, 3, 9), 9, 30) == to_ns(datetime(2026, 3, 9, 13, 30, tzinfo=UTC))
    assert midnight_ns(date(2026, 3, 9)) - midnight_ns(date(2026, 3, 8)) == 23 * 3600 * 10**9
    with pytest.raises(ValueError, match="zone"):
        to_ns(datetime(2026, 1, 5, 9, 30))


def test_a_market_clock_never_steps_back_by_itself() -> None:
    clock = MarketClock(100)
    clock.advance(50)
    assert clock.now_ns() == 100
    clock.reset(10)
    assert clock.now_ns() == 10


@given(st.lists(st.integers(1_000, 10**12), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99]))
def test_quantiles_are_within_the_resolution(durations: list[int], share: float) -> None:
    meter = LatencyMeter()
    for duration in durations:
        meter.add(duration)
    exact = float(np.quantile(durations, share, method="inverted_cdf")) / 1e6
    found = meter.quantile_ms(share)
    assert found is not None
    assert exact * 0.96 <= found <= exact * 1.04
    assert meter.max_ms == max(durations) / 1e6


def test_an_unused_meter_says_nothing_instead_of_zero() -> None:
    meter = LatencyMeter()
    assert meter.summary() == {"p50": None, "p99": None, "max": None}
    meter.add(-5)
    assert meter.count == 1
    meter.reset()
    assert meter.count == 0


@given(st.lists(st.integers(1_000, 10**10), min_size=1, max_size=50), st.lists(st.integers(1_000, 10**10), min_size=1))
def test_the_difference_of_two_readings_is_what_came_between(before: list[int], after: list[int]) -> None:
    meter, alone = LatencyMeter(), LatencyMeter()
    for duration in before:
        meter.add(duration)
    first = meter.counts()
    assert quantile_ms(meter.counts() - first, 0.99) is None
    for duration in after:
        meter.add(duration)
        alone.add(duration)
    assert quantile_ms(meter.counts() - first, 0.5) == quantile_ms(alone.counts(), 0.5)
