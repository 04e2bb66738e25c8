"""Every indicator of the catalog: the same values bar by bar as over the whole history, and the library's own."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.clock import NS_PER_S, at_ns
from terminal.market.bar_series import BarSeries
from terminal.market.indicators import catalog
from terminal.market.indicators.computation import BarColumns, BarValues, Computation, columns_of, values_of
from terminal.market.indicators.making import make_computation
from terminal.market.indicators.series import SHORT, Filled, IndicatorSeries
from terminal.market.indicators.spec import IndicatorError, IndicatorSpec, OutputStyle
from terminal.market.rows import BAR_ROW, Rows

SPECS = catalog.catalog()


def walk(count: int, seed: int = 7) -> Rows:
    """A seeded random walk in minutes over several days, with bars of one price and bars without volume."""
    chance = np.random.default_rng(seed)
    bars = np.zeros(count, BAR_ROW)
    day, minute = np.divmod(np.arange(count), 390)
    bars["ts_ns"] = at_ns(date(2026, 3, 2), 9, 30) + (day * 1440 + minute) * 60 * NS_PER_S
    close = 1_000_000 + np.cumsum(chance.integers(-30, 31, count)) * 100
    opened = np.r_[1_000_000, close[:-1]]
    flat = chance.random(count) < 0.05
    bars["close"], bars["open"] = np.where(flat, opened, close), opened
    reach = np.where(flat, 0, chance.integers(0, 20, (2, count)) * 100)
    bars["high"] = np.maximum(bars["open"], bars["close"]) + reach[0]
    bars["low"] = np.minimum(bars["open"], bars["close"]) - reach[1]
    bars["volume"] = chance.integers(0, 2_000, count) * (chance.random(count) > 0.02)
    return bars


def whole(spec: IndicatorSpec, bars: Rows) -> list[np.ndarray]:
    return list(make_computation(spec, spec.fit({})).fill(columns_of(bars, 10_000)))


def series_of(spec: IndicatorSpec) -> IndicatorSeries:
    return IndicatorSeries(lambda: make_computation(spec, spec.fit({})), len(spec.outputs), 10_000, 1, None)


def same(found: np.ndarray, wanted: np.ndarray) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9, equal_nan=True)


def test_there_are_more_than_sixty_and_they_are_the_library_s() -> None:
    abstract = importlib.import_module("talib.abstract")
    assert len(SPECS) > 100
    for spec in SPECS.values():
        if spec.id == "VWAP":
            continue
        info = abstract.Function(spec.id).info
        ours = {each.name: each.default for each in spec.parameters if each.name != "source"}
        assert ours == dict(info["parameters"]), spec.id
        assert [each.name for each in spec.outputs] == info["output_names"], spec.id


@pytest.mark.parametrize("name", sorted(SPECS))
def test_bar_by_bar_gives_what_the_whole_history_gives(name: str) -> None:
    spec, bars = SPECS[name], walk(900)
    wanted = whole(spec, bars)
    followed, source = series_of(spec), BarSeries()
    source.replace(bars[:300])
    followed.follow(source)
    for count in range(301, 901):
        growing = bars[count - 4 : count].copy()
        growing["close"][-1] = growing["low"][-1]
        source.join(growing)
        followed.follow(source)
        source.join(bars[count - 4 : count])
        followed.follow(source)
    assert followed.error is None
    assert len(followed) == 900
    for output, values in enumerate(wanted):
        same(followed.values(output), values)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(SPECS)),
    begin=st.integers(0, 120),
    steps=st.lists(st.integers(1, 3), max_size=60),
    seed=st.integers(0, 1000),
)
def test_it_begins_anywhere_and_takes_bars_in_any_portions(name: str, begin: int, steps: list[int], seed: int) -> None:
    """Also while there is not yet enough history, and through ticks of the bar that grows."""
    spec, bars = SPECS[name], walk(begin + sum(steps) + 1, seed)
    followed, source = series_of(spec), BarSeries()
    source.replace(bars[:begin])
    followed.follow(source)
    at = begin
    for step in steps:
        at += step
        if at <= 3 or not source.join(bars[max(0, at - step - 1) : at]):
            source.replace(bars[:at])
        followed.follow(source)
    assert followed.error is None
    wanted = whole(spec, bars[:at])
    for output, values in enumerate(wanted):
        same(followed.values(output), values)


def test_peeking_takes_nothing() -> None:
    bars = walk(400)
    for spec in SPECS.values():
        computation = make_computation(spec, spec.fit({}))
        computation.fill(columns_of(bars[:398], 10_000))
        first = [computation.peek(values_of(bars, 398, 10_000)) for _ in range(3)]
        assert np.array_equal(first[0], first[2], equal_nan=True)
        assert np.array_equal(first[0], computation.update(values_of(bars, 398, 10_000)), equal_nan=True)


def test_a_bar_of_the_past_that_changes_is_computed_again() -> None:
    spec, bars = SPECS["EMA"], walk(200)
    followed, source = series_of(spec), BarSeries()
    source.replace(bars)
    followed.follow(source)
    changed = bars[-4:].copy()
    changed["close"][0] += 5_000
    source.join(changed)
    followed.follow(source)
    again = bars.copy()
    again[-4:] = changed
    same(followed.values(0), whole(spec, again)[0])


def test_vwap_begins_anew_each_day_and_is_the_quotient_of_sums() -> None:
    bars = walk(800)
    upper, middle, lower = whole(SPECS["VWAP"], bars)
    day = slice(390, 780)
    typical = (bars["high"] + bars["low"] + bars["close"])[day] / 3 / 10_000
    volume = bars["volume"][day]
    mean = np.average(typical, weights=volume)
    assert middle[779] == pytest.approx(mean, rel=1e-12)
    deviation = np.sqrt(np.average((typical - mean) ** 2, weights=volume))
    assert upper[779] - middle[779] == pytest.approx(deviation, rel=1e-9)
    assert middle[779] - lower[779] == pytest.approx(deviation, rel=1e-9)


def test_parameters_that_do_not_fit_are_replaced_and_those_that_the_library_refuses_are_told() -> None:
    spec = SPECS["RSI"]
    assert spec.fit({"timeperiod": "x", "source": "nothing"}) == {"timeperiod": 14, "source": "close"}
    assert spec.fit({"timeperiod": 7, "source": "hl2"}) == {"timeperiod": 7, "source": "hl2"}
    assert spec.short(spec.fit({"timeperiod": 7, "source": "hl2"})) == "RSI 7 hl2"
    with pytest.raises(IndicatorError, match="refuses"):
        make_computation(SPECS["STDDEV"], {"timeperiod": 1, "nbdev": 1.0, "source": "close"}).fill(
            columns_of(walk(50), 10_000)
        )
    with pytest.raises(IndicatorError, match="no indicator"):
        catalog.find("NOPE")


def test_a_long_history_is_computed_elsewhere_and_catches_up() -> None:
    bars = walk(SHORT + 60)
    jobs: list[tuple[Callable[[], Filled], Future[Filled]]] = []

    def submit(work: Callable[[], Filled]) -> Future[Filled]:
        future: Future[Filled] = Future()
        jobs.append((work, future))
        return future

    spec = SPECS["RSI"]
    followed = IndicatorSeries(lambda: make_computation(spec, spec.fit({})), 1, 10_000, 1, submit)
    source = BarSeries()
    source.replace(bars[: SHORT + 50])
    assert not followed.follow(source)
    assert followed.is_waiting
    assert len(followed) == 0
    for count in range(SHORT + 51, SHORT + 61):
        source.join(bars[count - 4 : count])
        followed.follow(source)
    work, future = jobs.pop()
    future.set_result(work())
    assert followed.follow(source)
    same(followed.values(0), whole(spec, bars)[0])
    assert followed.seconds > 0


class _Raising:
    def fill(self, bars: BarColumns) -> Sequence[np.ndarray]:
        raise ZeroDivisionError("mine")

    def update(self, bar: BarValues) -> Sequence[float]:
        raise AssertionError("never begun")

    peek = update


def test_what_raises_is_kept_as_the_reason_and_tried_again_when_asked() -> None:
    made: list[Computation] = [_Raising()]
    followed, source = IndicatorSeries(lambda: made[-1], 1, 10_000, 1, None), BarSeries()
    source.replace(walk(50))
    followed.follow(source)
    assert "mine" in str(followed.error)
    assert not followed.follow(source)
    spec = SPECS["SMA"]
    made.append(make_computation(spec, spec.fit({})))
    followed.again()
    followed.follow(source)
    assert len(followed) == 50


def test_lines_seen_from_far_keep_their_extremes() -> None:
    spec, bars = SPECS["EMA"], walk(5_000)
    followed, source = series_of(spec), BarSeries()
    source.replace(bars)
    followed.follow(source)
    values = followed.values(0)
    for group in (1, 2, 8, 16, 64, 1 << 20):
        begin, low, high = followed.extremes(0, 1_003, 4_777, group)
        assert begin <= 1_003
        assert np.nanmin(low) <= np.nanmin(values[1_003:4_777])
        assert np.nanmax(high) >= np.nanmax(values[1_003:4_777])
        assert np.nanmax(high) <= np.nanmax(values)


def test_every_style_and_label_is_known() -> None:
    for spec in SPECS.values():
        assert all(isinstance(each.style, OutputStyle) for each in spec.outputs)
        assert all(each.label for each in spec.parameters)
        styles = [each.style for each in spec.outputs]
        assert (OutputStyle.UPPER in styles) == (OutputStyle.LOWER in styles), spec.id


def test_a_history_is_computed_once_and_again_only_when_a_finished_bar_changed_meanwhile() -> None:
    bars = walk(SHORT + 60)
    jobs: list[tuple[Callable[[], Filled], Future[Filled]]] = []

    def submit(work: Callable[[], Filled]) -> Future[Filled]:
        future: Future[Filled] = Future()
        jobs.append((work, future))
        return future

    spec = SPECS["EMA"]
    followed = IndicatorSeries(lambda: make_computation(spec, spec.fit({})), 1, 10_000, 1, submit)
    source = BarSeries()
    source.replace(bars)
    for _ in range(3):
        followed.follow(source)
        work, future = jobs[0]
        if not future.done():
            future.set_result(work())
    assert len(jobs) == 1
    assert len(followed) == len(bars)
    followed.again()
    followed.follow(source)
    changed = bars[-4:].copy()
    changed["close"][0] += 5_000
    source.join(changed)
    followed.follow(source)
    assert len(jobs) == 3
    for work, future in jobs[1:]:
        future.set_result(work())
    followed.follow(source)
    again = bars.copy()
    again[-4:] = changed
    same(followed.values(0), whole(spec, again)[0])
