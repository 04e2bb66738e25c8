"""The chart: a million bars panned and zoomed, one tick, the pyramid, many indicators bar by bar."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from terminal.bench.result import Benchmark, Result, median_seconds, result
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.ticks import TickClass
from terminal.market.bar_series import BarSeries
from terminal.market.indicators import catalog
from terminal.market.rows import BAR_ROW, Rows

BARS = 1_000_000
_SIZE = (1600, 900)
_FRAMES = 60
_SHOWN = ("EMA", "BBANDS", "VWAP", "RSI", "MACD")
_INDICATORS = 60


def million_bars(count: int = BARS, seed: int = 1) -> Rows:
    """A seeded walk in seconds."""
    chance = np.random.default_rng(seed)
    bars = np.zeros(count, BAR_ROW)
    bars["ts_ns"] = (1_700_000_000 + np.arange(count)) * 10**9
    close = 5_000_000 + np.cumsum(chance.integers(-5, 6, count)) * 100
    bars["close"], bars["open"] = close, np.r_[close[0], close[:-1]]
    bars["high"] = np.maximum(bars["open"], bars["close"]) + chance.integers(0, 5, count) * 100
    bars["low"] = np.minimum(bars["open"], bars["close"]) - chance.integers(0, 5, count) * 100
    bars["volume"] = chance.integers(1, 1000, count)
    return bars


class _Bars:
    """Bars that are all there; ``tick`` moves the newest."""

    def __init__(self, bars: Rows) -> None:
        self.bars = self
        self._rows = bars

    def read(self, instrument: int, seconds_per_bar: int, most: int) -> Rows:
        return self._rows[-most:]

    def tick(self, number: int) -> None:
        self._rows["close"][-1] = self._rows["open"][-1] + (number % 3 - 1) * 100
        self._rows["volume"][-1] += 1


def _pyramid(_long: bool) -> list[Result]:
    bars = million_bars()
    series = BarSeries()
    seconds = median_seconds(lambda: series.replace(bars))
    tail = bars[-4:].copy()

    def ticks() -> None:
        for number in range(1000):
            tail["close"][-1] = tail["open"][-1] + number % 7
            series.join(tail)

    each = median_seconds(ticks) / 1000
    note = f"{BARS:,} bars"
    return [
        result("chart_pyramid_build", "market", seconds * 1e3, "ms", better="lower", note=note),
        result("chart_pyramid_tick", "market", each * 1e6, "us", better="lower", note=f"the newest of {note} changes"),
    ]


def _chart(indicators: tuple[str, ...]) -> tuple[Any, _Bars]:
    # Qt is the face's: the rooms below it, and who only asks for another figure, do without.
    from terminal.ui.panels.chart.measuring import MeasuredChart

    table = InstrumentTable()
    instrument = table.add("BENCH", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    market = _Bars(million_bars())
    chart = MeasuredChart(market, instrument, "1s", indicators, *_SIZE)  # type: ignore[arg-type]
    chart.read()
    while chart.indicators.is_waiting:
        time.sleep(0.005)
        chart.read()
    chart.paint()
    return chart, market


def _frames(chart: Any, step: Callable[[int], object]) -> list[float]:
    times = []
    for number in range(_FRAMES):
        step(number)
        begin = time.perf_counter()
        chart.paint()
        times.append((time.perf_counter() - begin) * 1e3)
    return times


def _paint(_long: bool) -> list[Result]:
    chart, market = _chart(_SHOWN)
    view = chart.view
    found = []
    try:
        for name, in_view in (("1m", float(BARS)), ("100k", 100_000.0), ("200", 200.0)):
            view.reset()
            view.zoom(in_view / view.in_view, view.right)
            view.pan(-in_view / 4)
            pans = _frames(chart, lambda _: view.pan(-view.in_view / 200))
            zooms = _frames(chart, lambda number: view.zoom(0.99 if number % 2 else 1.02, view.right))
            note = f"{name} bars in view, {len(_SHOWN)} indicators, {_SIZE[0]} x {_SIZE[1]}, whole repaint, raster"
            for kind, times in (("pan", pans), ("zoom", zooms)):
                found.append(
                    result(f"chart_{kind}_{name}", "market", statistics.median(times), "ms a frame", better="lower",
                           note=f"{note}; worst {max(times):.1f}")
                )  # fmt: skip
        view.reset()
        view.zoom(200.0 / view.in_view, view.right)
        chart.read()
        chart.paint()

        def tick(number: int) -> None:
            market.tick(number)
            chart.read()
            chart.canvas.tick()

        reads = []
        for number in range(_FRAMES):
            begin = time.perf_counter()
            tick(number)
            reads.append((time.perf_counter() - begin) * 1e3)
        paints = _frames(chart, tick)
        note = f"{BARS:,} bars, {len(_SHOWN)} indicators"
        found += [
            result("chart_tick_read", "market", statistics.median(reads), "ms", better="lower", goal=2.0, note=note),
            result("chart_tick_paint", "market", statistics.median(paints), "ms", better="lower",
                   note=f"{note}; the whole widget from its picture, a desk clips it to the newest bar"),
        ]  # fmt: skip
    finally:
        chart.close()
    return found


def _indicators(_long: bool) -> list[Result]:
    from terminal.app.views.chart_indicators import MOST, IndicatorSet, new_choice

    names = [name for name in catalog.catalog() if name != "HT_TRENDMODE"][:_INDICATORS]
    sets = [IndicatorSet() for _ in range(-(-_INDICATORS // MOST))]
    for number, name in enumerate(names):
        sets[number // MOST].add(new_choice(name))
    bars = million_bars()
    series = BarSeries()
    series.replace(bars)
    try:
        begin = time.perf_counter()
        for each in sets:
            each.set_scales(10_000)
            each.follow(series)
        longest = time.perf_counter() - begin
        while any(each.is_waiting for each in sets):
            time.sleep(0.005)
            for each in sets:
                each.follow(series)
        whole = time.perf_counter() - begin
        tail = bars[-4:].copy()
        times = []
        for number in range(300):
            tail["close"][-1] = tail["open"][-1] + 100 * (number % 5 - 2)
            begin = time.perf_counter()
            series.join(tail)
            for each in sets:
                each.follow(series)
            times.append((time.perf_counter() - begin) * 1e3)
        failed = [item.problem for each in sets for item in each if item.problem]
        if failed:
            raise AssertionError(f"indicators failed: {failed}")
    finally:
        for each in sets:
            each.close()
    note = f"{len(names)} indicators over {BARS:,} bars"
    return [
        result("chart_indicators_whole", "market", whole, "s", better="lower",
               note=f"{note}, on a thread; the caller is held up for {longest * 1e3:.0f} ms"),
        result("chart_indicators_tick", "market", statistics.median(times), "ms", better="lower", note=note),
    ]  # fmt: skip


BENCHMARKS = [
    Benchmark("chart_pyramid", "market", _pyramid),
    Benchmark("chart_paint", "market", _paint),
    Benchmark("chart_indicators", "market", _indicators),
]
