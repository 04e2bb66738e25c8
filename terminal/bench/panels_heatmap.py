"""Panels of many cells: a frame of the depth heatmap, a refresh of a watchlist of 2,000 live rows."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from terminal.app.views.freshness import FeedPulse
from terminal.app.views.heatmap import HeatmapView
from terminal.app.views.watchlist import WatchlistView
from terminal.bench.market_messages import INSTRUMENTS, mixed_messages
from terminal.bench.result import Benchmark, Result, result
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Instrument, InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import BOOK_PX, BOOK_SIDE, BOOK_SIZE, PRICE, SIZE, Batch, Flag, Kind, empty_batch
from terminal.core.ticks import TickClass
from terminal.market.state import MarketState

SIZE_PX = (900, 500)
LEVELS, TICK_PX, MIDDLE_PX = 50, 100, 1_000_000
MESSAGES_A_REFRESH = 10_000
"""100,000 messages/s at ten refreshes a second."""
_START_NS = 1_767_623_400 * NS_PER_S
_ROUNDS = 200
_STEPS = 900


def _milliseconds(work: Callable[[int], object], before: Callable[[int], object]) -> float:
    """Median of the thread's own time in ``work``; ``before`` is not counted."""
    times = []
    for number in range(_ROUNDS):
        before(number)
        start = time.thread_time()
        work(number)
        times.append(time.thread_time() - start)
    return statistics.median(times) * 1e3


def _book_step(number: int, stock: Instrument, ts_ns: int, chance: np.random.Generator) -> Batch:
    """A whole book around a middle that walks, and three trades."""
    middle = MIDDLE_PX + TICK_PX * round(20 * np.sin(number / 60))
    batch = empty_batch(2 * LEVELS + 3)
    levels, trades = batch[: 2 * LEVELS], batch[2 * LEVELS :]
    batch["instrument"], batch["ts_ns"] = stock.id, ts_ns
    levels["kind"], trades["kind"] = int(Kind.DEPTH), int(Kind.TRADE)
    side = np.repeat((1, -1), LEVELS)
    levels[BOOK_SIDE], levels[BOOK_SIZE] = side, chance.integers(1, 5000, 2 * LEVELS)
    levels[BOOK_PX] = middle - side * TICK_PX * (1 + np.tile(np.arange(LEVELS), 2))
    trades[PRICE], trades[SIZE] = middle + TICK_PX, chance.integers(1, 900, 3)
    trades["flags"] = int(Flag.BUYER_AGGRESSOR)
    return batch


def _clear(stock: Instrument, ts_ns: int) -> Batch:
    batch = empty_batch(1)
    batch["kind"], batch["instrument"], batch["ts_ns"] = int(Kind.BOOK_CLEAR), stock.id, ts_ns
    return batch


def _heatmap(_long: bool) -> list[Result]:
    from terminal.infra import resources
    from terminal.ui.application import build_application
    from terminal.ui.panels.heatmap.canvas import HeatmapCanvas
    from terminal.ui.theme.theme import ThemeSwitch

    themes = ThemeSwitch("dark")
    application = build_application(themes, resources.root(), headless=True)
    table = InstrumentTable()
    stock = table.add("B0", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    state, chance = MarketState(table, "bench"), np.random.default_rng(1)
    state.depth_history.watch(stock.id)
    step_ns = state.depth_history.step_ns

    def feed(number: int) -> int:
        ts_ns = _START_NS + number * step_ns
        state.apply(_clear(stock, ts_ns))
        state.apply(_book_step(number, stock, ts_ns, chance))
        return ts_ns

    now_ns = _START_NS
    for number in range(_STEPS):
        now_ns = feed(number)
    view = HeatmapView(state)
    canvas = HeatmapCanvas(view, themes.theme)
    canvas.resize(*SIZE_PX)
    canvas.show()
    view.show(stock)
    canvas.fit_plot()
    view.refresh(now_ns)
    if not view.cells.any() or not len(view.dots()):
        raise AssertionError("the heatmap shows neither book nor trades")

    def next_step(number: int) -> None:
        nonlocal now_ns
        now_ns = feed(_STEPS + number)

    def frame(_number: int) -> None:
        view.refresh(now_ns)
        canvas.tick()
        canvas.grab()

    live = _milliseconds(frame, next_step)

    def zoom(number: int) -> None:
        view.window.zoom_time(1 if number % 2 else -1, 0)

    anew = _milliseconds(frame, zoom)
    application.processEvents()
    canvas.deleteLater()
    size = f"{SIZE_PX[0]}x{SIZE_PX[1]}"
    note = f"{size}, a new sample of {2 * LEVELS} levels each frame, {len(view.dots())} dots; read, computed, painted"
    return [
        result("heatmap_frame", "market", live, "ms", better="lower", goal=3.0, note=note),
        result("heatmap_zoom", "market", anew, "ms", better="lower", note=f"{size}, every column computed anew"),
    ]


def _watchlist(_long: bool) -> list[Result]:
    from terminal.infra import resources
    from terminal.ui.application import build_application
    from terminal.ui.bridge.frame_clock import FrameClock, Pulse
    from terminal.ui.panels.watchlist.columns import watchlist_columns
    from terminal.ui.panels.watchlist.table import WatchTable
    from terminal.ui.theme.theme import ThemeSwitch

    themes = ThemeSwitch("dark")
    application = build_application(themes, resources.root(), headless=True)
    table = InstrumentTable()
    ids = [table.add(f"B{number}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY).id
           for number in range(INSTRUMENTS)]  # fmt: skip
    state, messages = MarketState(table, "bench"), mixed_messages()
    view = WatchlistView(table, state)
    view.add_all(ids)
    shown = WatchTable(watchlist_columns(view), FrameClock(Pulse), themes.theme, "Watchlist")
    shown.resize(1000, 800)
    shown.show()
    now_ns = 0

    def feed(number: int) -> None:
        nonlocal now_ns
        at = number * MESSAGES_A_REFRESH % (len(messages) - MESSAGES_A_REFRESH)
        part = messages[at : at + MESSAGES_A_REFRESH].copy()
        now_ns = max(now_ns, _START_NS) + NS_PER_S // 10
        part["ts_ns"] = now_ns
        state.apply(part)
        application.processEvents()

    def refresh(_number: int) -> None:
        shown.show_keys(view.shown)
        first, end = shown.window_rows()
        shown.show_window(first, view.rows(now_ns, FeedPulse(), first, end, shown.columns_in_view()))

    for number in range(30):
        feed(number)
        refresh(number)
    value = _milliseconds(refresh, feed)
    view.sort("change_pct", descending=True)
    view.sort("volume", descending=True)

    def arrange(number: int) -> None:
        view.arrange()
        refresh(number)

    sorting = _milliseconds(arrange, feed)
    volumes = state.read(np.array(view.shown, np.int32))["volume"]
    first, end = shown.window_rows()
    if not (np.diff(volumes) <= 0).all() or shown.model_.values[shown.model_.place_of["volume"]][first] != volumes[0]:
        raise AssertionError("the watchlist is not in the order of its volumes")
    shown.deleteLater()
    note = f"{INSTRUMENTS} rows, {end - first} of them in view, 100,000 messages/s; market read, changed cells told"
    return [
        result("watchlist_refresh", "market", value, "ms", better="lower", goal=2.0, note=note),
        result("watchlist_sort", "market", sorting, "ms", better="lower", note="all rows put in order, once a second"),
    ]


BENCHMARKS = [Benchmark("heatmap_frame", "market", _heatmap), Benchmark("watchlist_refresh", "market", _watchlist)]
