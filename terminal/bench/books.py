"""Books on a real day: Binance's level changes and trades through the whole market state, beside hftbacktest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.bench.peers import Answer, Arrays, Peer, ask
from terminal.bench.quant_compare import beside_child, one_core
from terminal.bench.replay import recorded_data
from terminal.bench.result import ROUNDS, Benchmark, Result, median_seconds, result
from terminal.core.instruments import InstrumentTable
from terminal.core.messages import BOOK_PX, BOOK_SIDE, BOOK_SIZE, PRICE, SIZE, Batch, Flag, Kind
from terminal.market.importers.binance.catalog import open_captures
from terminal.market.importers.report import FileReport
from terminal.market.state import MarketState

CAPTURE = Path("crypto") / "binance_usdm_btcusdt_20240808_raw_ws.gz"
CHANGES, TRADES = 443_521, 21_313
_BATCH = 4096
_TOLERANCE = 1e-9
_PEERS = (
    ("hash_map", Peer("hftbacktest, hash map", "hftbacktest", "peer_hftbacktest.py", "hftbacktest")),
    ("vector", Peer("hftbacktest, vector", "hftbacktest", "peer_hftbacktest.py", "hftbacktest")),
)
_LEVEL, _TRADE, _CLEAR, _SNAPSHOT = range(4)


def read_capture(folder: Path) -> tuple[InstrumentTable, Batch]:
    """The capture's levels, update numbers and trades, as the importer makes them; its quotes are left out."""
    table = InstrumentTable()
    (capture,) = open_captures(folder.parent / CAPTURE, None, None, table)
    batch = np.concatenate(list(capture.batches(0, FileReport(CAPTURE.name, capture.kind))))
    return table, batch[np.isin(batch["kind"], (Kind.DEPTH, Kind.BOOK_UPDATE, Kind.TRADE))]


def _is_snapshot(batch: Batch) -> npt.NDArray[np.bool_]:
    """Which messages begin a snapshot or belong to one."""
    is_update = batch["kind"] == Kind.BOOK_UPDATE
    begins = (batch["flags"] & Flag.SNAPSHOT) != 0
    of_update = np.cumsum(is_update)
    found: npt.NDArray[np.bool_] = np.append(False, begins[is_update])[of_update] & (batch["kind"] != Kind.TRADE)
    return found


def _update_ends(batch: Batch) -> npt.NDArray[np.int64]:
    """Place of the last level of every update that has one."""
    levels = np.flatnonzero(batch["kind"] == Kind.DEPTH)
    number = np.cumsum(batch["kind"] == Kind.BOOK_UPDATE)[levels]
    ends: npt.NDArray[np.int64] = levels[np.append(np.diff(number) != 0, True)]
    return ends


def peer_columns(table: InstrumentTable, batch: Batch) -> dict[str, npt.NDArray[Any]]:
    """The same events in the peer's terms: a snapshot begins with a clear, and update numbers are left out."""
    instrument = table.get(int(batch["instrument"][0]))
    kind = np.where(batch["kind"] == Kind.TRADE, _TRADE, _LEVEL)
    kind[_is_snapshot(batch)] = _SNAPSHOT
    is_update = batch["kind"] == Kind.BOOK_UPDATE
    kind[is_update] = _CLEAR
    wanted = np.isin(kind, (_LEVEL, _SNAPSHOT)).astype(np.int8)
    wanted[_update_ends(batch)] = 2
    is_trade = kind == _TRADE
    bought = (batch["flags"] & Flag.BUYER_AGGRESSOR) != 0
    side = np.where(is_trade, np.where(bought, 1, -1), np.where(is_update, 0, batch[BOOK_SIDE]))
    price = np.where(is_trade, batch[PRICE], batch[BOOK_PX]) / instrument.price_scale
    quantity = np.where(is_trade, batch[SIZE], batch[BOOK_SIZE]) / instrument.size_scale
    price[is_update] = quantity[is_update] = 0.0
    told = ~is_update | _is_snapshot(batch)
    columns = {"kind": kind, "side": side, "price": price, "quantity": quantity, "wanted": wanted}
    columns = {name: np.ascontiguousarray(column[told]) for name, column in columns.items()}
    columns["ts_ns"] = int(batch["ts_ns"][0]) + np.arange(len(columns["kind"]))
    return columns


def our_answers(table: InstrumentTable, batch: Batch) -> dict[str, npt.NDArray[Any]]:
    """The touch at the end, and the imbalance after every update."""
    state = MarketState(table, "bench")
    instrument = table.get(int(batch["instrument"][0]))
    at_end, before = [], 0
    for end in (_update_ends(batch) + 1).tolist():
        state.apply(batch[before:end])
        before = end
        row = state.book.row(instrument.id)
        if row is None:
            raise AssertionError("the capture made no book")
        at_end.append(float(row["imbalance"]))
    state.apply(batch[before:])
    bids, asks = state.book.read(instrument.id, 1)
    prices, sizes = instrument.price_scale, instrument.size_scale
    said = {"bid": bids["px"] / prices, "ask": asks["px"] / prices}
    said |= {"bid_size": bids["size"] / sizes, "ask_size": asks["size"] / sizes, "at_end": np.array(at_end)}
    health = state.book.health(instrument.id)
    if health.gaps or not health.status.is_good:
        raise AssertionError(f"the capture has no gap, and the book says {health}")
    return said


def _apart(ours: Arrays, theirs: Answer | None) -> float:
    if theirs is None:
        return 0.0
    return max(float(np.abs(ours[name] - theirs.arrays[name]).max()) for name in ours)


def _books(_long: bool) -> list[Result]:
    folder = recorded_data()
    name = "binance_books"
    if folder is None:
        return [Result(name, "market", 0.0, "M events/s", "higher", note="the capture is not there, not measured")]
    with one_core():
        table, batch = read_capture(folder)
        columns = peer_columns(table, batch)
        changes, trades = int((columns["kind"] == _LEVEL).sum()), int((columns["kind"] == _TRADE).sum())
        if changes < CHANGES or trades != TRADES:
            raise AssertionError(f"{CHANGES:,} changes and {TRADES:,} trades were expected, {changes:,} and {trades:,}")
        ours = our_answers(table, batch)
        state = MarketState(table, "bench")

        def play() -> None:
            for at in range(0, len(batch), _BATCH):
                state.apply(batch[at : at + _BATCH])

        seconds = median_seconds(play, rounds=ROUNDS, prepare=state.reset)
        events = len(columns["kind"])
        note = f"{changes:,} changes, {trades:,} trades and a snapshot in batches of {_BATCH}, through all market state"
        rows = []
        for task, peer in _PEERS:
            row = result(f"{name}_{task}", "market", events / seconds / 1e6, "M events/s", goal=10.0, note=note)
            answer = ask(peer, task, columns)
            apart = _apart(ours, answer)
            said = f"imbalance after every update and the last touch apart {apart:.0e}"
            rows.append(beside_child(row, peer, answer, 1e-6, agree=apart < _TOLERANCE, note=said))
    return rows


BENCHMARKS = [Benchmark("binance_books", "market", _books)]
