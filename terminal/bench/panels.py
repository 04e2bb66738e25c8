"""Painted panels: what one frame of the ladder and of the tape costs the window's thread, on the raster painter."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from terminal.app.views.freshness import FeedPulse
from terminal.app.views.ladder import LadderView
from terminal.app.views.ladder_columns import Choice
from terminal.app.views.time_and_sales import TimeAndSalesView
from terminal.bench.result import Benchmark, Result, result
from terminal.core.instruments import Instrument, InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    BOOK_PX,
    BOOK_SIDE,
    BOOK_SIZE,
    PRICE,
    SIZE,
    Batch,
    Flag,
    Kind,
    Phase,
    empty_batch,
)
from terminal.core.ticks import TickClass
from terminal.market.state import MarketState

ROWS, TICK_PX, MIDDLE_PX = 60, 100, 1_000_000
_ROUNDS = 200
_START_NS = 1_767_623_400 * 10**9


def _market() -> tuple[MarketState, Instrument]:
    """One stock with 100 levels a side and 20,000 trades around the middle."""
    table = InstrumentTable()
    stock = table.add("B0", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    state = MarketState(table, "bench")
    chance = np.random.default_rng(1)
    levels, trades = empty_batch(200), empty_batch(20_000)
    levels["kind"], trades["kind"] = int(Kind.DEPTH), int(Kind.TRADE)
    side = np.repeat((1, -1), 100)
    levels[BOOK_SIDE], levels[BOOK_SIZE] = side, chance.integers(1, 5000, 200)
    levels[BOOK_PX] = MIDDLE_PX - side * TICK_PX * (1 + np.tile(np.arange(100), 2))
    trades[PRICE] = MIDDLE_PX + TICK_PX * chance.integers(-25, 26, len(trades))
    trades[SIZE] = chance.integers(1, 500, len(trades))
    trades["flags"] = np.where(chance.random(len(trades)) < 0.5, int(Flag.BUYER_AGGRESSOR), int(Flag.SELLER_AGGRESSOR))
    first, quote = empty_batch(1), empty_batch(1)
    first["kind"], first["v0"] = int(Kind.PHASE_CHANGE), int(Phase.OPEN)
    quote["kind"] = int(Kind.QUOTE)
    quote[BID], quote[ASK] = MIDDLE_PX - TICK_PX, MIDDLE_PX + TICK_PX
    quote[BID_SIZE] = quote[ASK_SIZE] = 100
    for place, batch in enumerate((first, quote, levels, trades)):
        batch["ts_ns"] = _START_NS + place * 10**9 + np.arange(len(batch)) * 300_000
        if place:
            batch["instrument"] = stock.id
        state.apply(batch)
    return state, stock


def _one_level(number: int, stock: Instrument, ts_ns: int) -> Batch:
    batch = empty_batch(1)
    batch["kind"], batch["instrument"], batch["ts_ns"] = int(Kind.DEPTH), stock.id, ts_ns
    batch[BOOK_SIDE], batch[BOOK_PX], batch[BOOK_SIZE] = 1, MIDDLE_PX - TICK_PX * (1 + number % 20), 100 + number
    return batch


def _milliseconds(work: Callable[[int], object]) -> float:
    """Median of the thread's own time: what others run on the machine meanwhile is not the panel's."""
    times = []
    for number in range(_ROUNDS):
        start = time.thread_time()
        work(number)
        times.append(time.thread_time() - start)
    return statistics.median(times) * 1e3


def _ladder(_long: bool) -> list[Result]:
    from terminal.infra import resources
    from terminal.ui.application import build_application
    from terminal.ui.panels.ladder.canvas import LadderCanvas
    from terminal.ui.theme.theme import ThemeSwitch

    themes = ThemeSwitch("dark")
    application = build_application(themes, resources.root(), headless=True)
    state, stock = _market()
    view = LadderView(state)
    view.show(stock)
    now_ns = _START_NS + 9 * 10**9
    rows = view.picture(ROWS, (), FeedPulse(), now_ns=now_ns)
    if int((rows.bids > 0).sum() + (rows.asks > 0).sum()) < ROWS - 2:
        raise AssertionError("the ladder does not show the book")
    canvas = LadderCanvas(themes.theme)
    canvas.show_columns(frozenset({Choice.VOLUME, Choice.TRADES, Choice.RECENT}), in_ticks=False)
    canvas.resize(640, 20 + ROWS * themes.theme.tokens.row_height)
    canvas.show_rows(rows, stock)
    canvas.grab()
    columns = len(canvas.columns())
    whole = _milliseconds(lambda _number: canvas.grab())

    def read(number: int) -> None:
        state.apply(_one_level(number, stock, now_ns))
        view.picture(ROWS, (), FeedPulse(), now_ns=now_ns)

    reading = _milliseconds(read)
    application.processEvents()
    note = f"{ROWS} rows x {columns} columns, every row painted; raster"
    return [
        result("ladder_paint", "market", whole, "ms", better="lower", goal=3.0, note=note),
        result("ladder_read", "market", reading, "ms", better="lower", note="one level applied, the picture made anew"),
    ]


def _tape(_long: bool) -> list[Result]:
    state, stock = _market()
    view = TimeAndSalesView(state)
    view.show(None)
    view.refresh()
    batch = empty_batch(800)
    batch["kind"], batch["instrument"], batch["ts_ns"] = int(Kind.TRADE), stock.id, _START_NS + 60 * 10**9
    batch[PRICE], batch[SIZE], batch["flags"] = MIDDLE_PX, 10, int(Flag.BUYER_AGGRESSOR)
    number = state.prints.last_number

    def read(_number: int) -> None:
        state.apply(batch)
        view.refresh()
        view.page(0, 40)
        view.totals(60)

    value = _milliseconds(read)
    if view.page(0, 1).rows["number"][0] != number + _ROUNDS * len(batch):
        raise AssertionError("the tape lost trades")
    note = "800 new trades of the whole market a frame (a burst of 25,000 trades/s), joined, paged, added up"
    return [result("tape_read", "market", value, "ms", better="lower", goal=2.0, note=note)]


def _moves(instruments: list[int], number: int) -> Batch:
    """A quote and a trade of each instrument."""
    count, chance = len(instruments), np.random.default_rng(number)
    batch = empty_batch(2 * count)
    batch["ts_ns"], batch["instrument"] = _START_NS + (number + 1) * 10**8, np.repeat(instruments, 2)
    quotes, trades = batch[::2], batch[1::2]
    px = MIDDLE_PX + TICK_PX * chance.integers(-50, 50, count)
    quotes["kind"], trades["kind"] = int(Kind.QUOTE), int(Kind.TRADE)
    quotes[BID], quotes[ASK], trades[PRICE] = px - TICK_PX, px + TICK_PX, px
    quotes[BID_SIZE], quotes[ASK_SIZE], trades[SIZE] = (chance.integers(1, 900, count) for _ in range(3))
    trades["flags"] = int(Flag.BUYER_AGGRESSOR)
    return batch


def _watchlist(_long: bool) -> list[Result]:
    from terminal.app.views.watchlist import WatchlistView
    from terminal.infra import resources
    from terminal.ui.application import build_application
    from terminal.ui.bridge.frame_clock import FrameClock, Pulse
    from terminal.ui.panels.watchlist.columns import watchlist_columns
    from terminal.ui.panels.watchlist.table import WatchTable
    from terminal.ui.theme.theme import ThemeSwitch

    themes = ThemeSwitch("dark")
    application = build_application(themes, resources.root(), headless=True)
    table = InstrumentTable()
    ids = [table.add(f"B{n:02}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY).id for n in range(40)]
    state = MarketState(table, "bench")
    view = WatchlistView(table, state)
    view.add_all(ids)
    watch = WatchTable(watchlist_columns(view), FrameClock(Pulse), themes.theme, "Watchlist")
    watch.resize(1100, 20 + len(ids) * themes.theme.tokens.row_height)
    watch.show()
    watch.show_keys(view.shown)

    def change(number: int, instruments: list[int]) -> None:
        state.apply(_moves(instruments, number))
        first, end = watch.window_rows()
        now_ns = _START_NS + (number + 1) * 10**8
        watch.show_window(first, view.rows(now_ns, FeedPulse(), first, end, watch.columns_in_view()))

    times = []
    for number in range(_ROUNDS):
        change(number, ids)
        start = time.thread_time()
        application.processEvents()
        times.append(time.thread_time() - start)
    every = statistics.median(times) * 1e3
    model = watch.model_
    if "" in model.texts[model.place_of["last"]]:
        raise AssertionError("the watchlist is not filled")
    reading = _milliseconds(lambda number: change(_ROUNDS + number, ids))
    note = f"{len(ids)} rows x {len(watch.visible_columns())} columns, every price new; raster"
    return [
        result("watchlist_paint", "market", every, "ms", better="lower", goal=2.0, note=note),
        result("watchlist_read", "market", reading, "ms", better="lower", note="applied, read and compared"),
    ]


BENCHMARKS = [
    Benchmark("ladder_paint", "market", _ladder),
    Benchmark("tape_read", "market", _tape),
    Benchmark("watchlist_paint", "market", _watchlist),
]
