"""Campaigns of damaged messages through every decoder: ``moneyness bench --only fuzz``, a million each with ``--long``.

What must hold: nothing raises but the decoder's own refusal, every message is kept or counted by reason, what is kept
can be (times ascend, prices and sizes are possible), and market state takes it. Where messages are only lost, doubled
and late, a book that is shown as good is the true one as of its sequence number.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np

from terminal.bench.fuzz_capture import Levels, SlowBook, damaged_lines
from terminal.bench.fuzz_exchange import SmallExchange
from terminal.bench.fuzz_mutations import Mutations
from terminal.bench.fuzz_records import dbn_head, dbn_records, stream_frames, stream_table
from terminal.bench.replay import recorded_data
from terminal.bench.result import Benchmark, Result, result
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import Batch, Kind, empty_batch
from terminal.core.ticks import TickClass
from terminal.infra.calendars import Calendars
from terminal.market.importers.binance.decode import BinanceMarket, StreamDecoder, StreamSymbol
from terminal.market.importers.binance.lines import split_line
from terminal.market.importers.databento.files import open_dbn
from terminal.market.importers.lean.archive import Archive
from terminal.market.importers.lean.decode import EMPTY, decode
from terminal.market.importers.lean.layout import Data, FileName, Resolution, parse_path
from terminal.market.importers.report import FileReport
from terminal.market.importers.streams import NoSuchStream, Refused, UnreadableStream
from terminal.market.state import MarketState
from terminal.venues.stream.decode import Decoder
from terminal.venues.stream.protocol import BadFrame, Columns, Heartbeat, Rows, parse_feed_frame

SHORT, LONG = 20_000, 1_000_000
_START_NS = 1_723_161_255_000_000_000
_COIN = 10**8
_APPLY = 20_000
_LEAN_FILES = (
    "option/usa/minute/acme/20240110_quote_american.zip", "equity/usa/minute/acme/20240110_trade.zip",
    "equity/usa/tick/acme/20240110_trade.zip", "equity/usa/tick/acme/20240110_quote.zip",
    "index/usa/minute/spx/20240110_trade.zip", "equity/usa/daily/acme.zip",
    "option/usa/hour/acme_2024_quote_american.zip", "option/usa/minute/acme/20240110_openinterest_american.zip",
)  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """What became of a campaign's messages."""

    fed: int = 0
    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def note(self) -> str:
        """In words."""
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in self.refused.most_common(4))
        return f"kept {self.kept:,}, refused {sum(self.refused.values()):,} for {len(self.refused)} reasons ({reasons})"


def fuzz_binance(count: int, seed: int = 1) -> Outcome:
    """Lines of a capture, damaged in every way, into records and market state."""
    outcome = Outcome()
    mutations = Mutations(seed)
    exchange = SmallExchange(seed, is_spot=False)
    state, decoder = _coin_market(BinanceMarket.FUTURES)
    lines = mutations.in_disorder(list(islice(_lines(exchange), count)), 0.02)
    newest_ns = 0
    for line in lines:
        damaged = _damaged(line, mutations)
        outcome.fed += 1
        try:
            stamp_ns, body = split_line(damaged)
            newest_ns = max(newest_ns, min(stamp_ns, _START_NS + 10**15))
            decoder.feed(body, newest_ns)
            outcome.kept += 1
        except Refused as bad:
            outcome.refused[bad.reason] += 1
        if decoder.pending >= _APPLY:
            _apply(state, decoder.take())
    _apply(state, decoder.take())
    return outcome


def fuzz_binance_books(count: int, seed: int = 1) -> Outcome:
    """Whole messages of which some are lost, doubled, late or cut: a good book must be the exchange's own."""
    outcome = Outcome()
    good = 0
    for is_spot in (True, False):
        mutations = Mutations(seed + is_spot)
        exchange = SmallExchange(seed + is_spot, is_spot=is_spot)
        state, decoder = _coin_market(BinanceMarket.SPOT if is_spot else BinanceMarket.FUTURES)
        for part in range(count // 2 // 200):
            snapshot = exchange.snapshot()
            messages = [exchange.next() for _ in range(200)]
            place = mutations.pick(0, 30)
            faults = 0.0 if mutations.chance(0.5) else 0.03
            for body in mutations.in_disorder([*messages[:place], snapshot, *messages[place:]], faults):
                cut = mutations.chance(faults / 3)
                outcome.fed += 1
                try:
                    decoder.feed(body[: len(body) // 2] if cut else body, _START_NS + part * 10**9)
                    outcome.kept += 1
                except Refused as bad:
                    outcome.refused[bad.reason] += 1
            state.apply(decoder.take())
            # An update that was lost after all others is missed by the next one only: until then the book is older.
            if state.book.status(0).is_good and state.book.health(0).sequence == exchange.sequence:
                good += 1
                _same_book(state, exchange)
    if not good:
        raise AssertionError("no book was ever shown as good, so nothing was compared")
    outcome.refused[f"(books compared: {good:,})"] = 0
    return outcome


def fuzz_capture(count: int, seed: int = 1) -> Outcome:
    """Lines of the recorded captures, damaged: a good book must be that of a slow one made of what was kept."""
    outcome = Outcome()
    folder = recorded_data()
    found = [] if folder is None else sorted((folder.parent / "crypto").glob("binance_*_raw_ws.gz"))
    if not found:
        outcome.refused["(the captures are not there)"] = 0
    good = 0
    for path in found:
        is_spot = "spot" in path.name
        mutations = Mutations(seed + is_spot)
        digits = 2 if is_spot else 1
        state, decoder = _coin_market(BinanceMarket.SPOT if is_spot else BinanceMarket.FUTURES, digits)
        slow, newest_ns = SlowBook(digits), 0
        for line in damaged_lines(path, mutations, count // len(found)):
            outcome.fed += 1
            try:
                stamp_ns, body = split_line(line)
                newest_ns = max(newest_ns, min(stamp_ns, _START_NS + 10**15))
                decoder.feed(body, newest_ns)
            except Refused as bad:
                outcome.refused[bad.reason] += 1
                continue
            outcome.kept += 1
            slow.take(body)
            if outcome.kept % 40 == 0:
                _apply(state, decoder.take())
                if state.book.status(0).is_good:
                    good += 1
                    _same_levels(state, slow.levels if slow.is_good else {})
    if found and not good:
        raise AssertionError("no book was ever shown as good, so nothing was compared")
    outcome.refused[f"(books compared: {good:,})"] = 0
    return outcome


def fuzz_dbn(count: int, seed: int = 1) -> Outcome:
    """Records of every schema with any bytes in any field, and damaged files."""
    outcome = Outcome()
    mutations = Mutations(seed)
    records = dbn_records()
    with tempfile.TemporaryDirectory(prefix="moneyness-fuzz-") as folder:
        path = Path(folder) / "a.dbn"
        while outcome.fed < count:
            content = bytearray(dbn_head())
            size = min(count - outcome.fed, 4_000)
            for _ in range(size):
                record = records[mutations.pick(0, len(records) - 1)]
                content += mutations.field_of(record, keep=2) if mutations.chance(0.6) else record
            outcome.fed += size
            is_file_damaged = mutations.chance(0.05)
            path.write_bytes(mutations.bytes_of(bytes(content)) if is_file_damaged else bytes(content))
            table = InstrumentTable()
            try:
                (stream,) = open_dbn(path, None, None, table, Calendars())
            except (NoSuchStream, UnreadableStream):
                outcome.refused["file refused whole"] += size
                continue
            report = FileReport("a.dbn", "dbn")
            state = MarketState(table, "fuzz")
            for batch in stream.batches(1, report):
                _apply(state, batch, has_depth_prices=False)
            _whole(report)
            outcome.kept += report.rows_kept
            outcome.refused.update(report.refused)
    return outcome


def fuzz_lean(count: int, seed: int = 1) -> Outcome:
    """Rows of every sort of Lean's files, damaged."""
    outcome = Outcome()
    mutations = Mutations(seed)
    while outcome.fed < count:
        for name in _LEAN_FILES:
            file = parse_path(PurePosixPath(name))
            if file is None:
                raise AssertionError(f"{name} is no name of Lean's layout")
            rows = [_lean_row(mutations, n, file) for n in range(1500)]
            damaged = [_damaged(row, mutations) for row in mutations.in_disorder(rows, 0.02)]
            text = np.frombuffer(b"\n".join(damaged), np.uint8)
            report = FileReport(name, file.kind)
            columns = decode(Archive(["a.csv"], text, np.array([0, len(text)], np.int64), ""), file, report)
            _whole(report)
            if (np.diff(columns.start_ns) < 0).any() or (columns.values[1:] < EMPTY).any():
                raise AssertionError(f"{name}: rows that cannot be were kept")
            outcome.fed += report.rows_read
            outcome.kept += report.rows_kept
            outcome.refused.update(report.refused)
    return outcome


def fuzz_stream(count: int, seed: int = 1) -> Outcome:
    """Frames of the msgpack feed: damaged bytes and columns of anything."""
    outcome = Outcome()
    mutations = Mutations(seed)
    table, ids = stream_table()
    state = MarketState(table, "fuzz")
    decoder = Decoder(_START_NS, is_live=False)
    out = empty_batch(1 << 16)
    while outcome.fed < count:
        for body, messages in stream_frames(mutations):
            outcome.fed += messages
            damaged = body if mutations.chance(0.5) else mutations.bytes_of(body)
            try:
                said = parse_feed_frame(damaged)
                if not isinstance(said, Columns | Rows):
                    outcome.refused["frame of another sort"] += messages
                    if isinstance(said, Heartbeat):
                        decoder.advance(said.ts_ns, _START_NS)
                    continue
                taken = decoder.decode(said, ids, out, _START_NS)
            except BadFrame:
                outcome.refused["frame refused whole"] += messages
                continue
            state.apply(out[:taken])
            outcome.kept += taken
    outcome.refused.update(decoder.refused)
    return outcome


def _damaged(message: bytes, mutations: Mutations) -> bytes:
    if mutations.chance(0.4):
        return message
    return mutations.value_of(message) if mutations.chance(0.5) else mutations.bytes_of(message)


def _lines(exchange: SmallExchange) -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        body = exchange.snapshot() if number % 500 == 20 else exchange.next()
        yield b"%d %s" % (_START_NS + number * 1000, body)


def _lean_row(mutations: Mutations, number: int, file: FileName) -> bytes:
    """A row that is sound."""
    day = f"2024{1 + number // 600:02}{1 + number // 24 % 25:02} {number % 24:02}:00"
    stamp = day if file.resolution.spans_days else str(34_200_000 + number * 60)
    px, size = mutations.pick(100, 2000), mutations.pick(1, 99)
    bar = f"{px},{px + 5},{px - 5},{px}"
    if file.data is Data.OPEN_INTEREST:
        row = f"{size}"
    elif file.resolution is Resolution.TICK:
        row = f"{px},{size},{px + 5},{size},Q,0,0" if file.data is Data.QUOTE else f"{px},{size},Q,0,0"
    elif file.data is Data.QUOTE:
        row = f"{bar},{size},{bar},{size}"
    else:
        row = f"{bar},{size}"
    return f"{stamp},{row}".encode()


def _coin_market(market: BinanceMarket, digits: int = 1) -> tuple[MarketState, StreamDecoder]:
    table = InstrumentTable()
    table.add("BTCUSDT", InstrumentKind.CRYPTO_SPOT, SessionProduct.CRYPTO, TickClass.FINEST, price_scale=10**digits)
    return MarketState(table, "fuzz"), StreamDecoder([StreamSymbol("BTCUSDT", market, 0, digits)])


def _apply(state: MarketState, batch: Batch, *, has_depth_prices: bool = True) -> None:
    """What is kept can be; and market state takes it."""
    quotes, trades, levels = (batch[batch["kind"] == kind] for kind in (Kind.QUOTE, Kind.TRADE, Kind.DEPTH))
    wrong = (np.diff(batch["ts_ns"]) < 0).sum() + (quotes["v2"] < 0).sum() + (quotes["v3"] < 0).sum()
    wrong += (trades["v1"] <= 0).sum() + (levels["v2"] < 0).sum() + (np.abs(levels["v0"]) != 1).sum()
    if has_depth_prices:
        wrong += (levels["v1"] <= 0).sum() + (trades["v0"] <= 0).sum()
    if wrong:
        raise AssertionError(f"{wrong} kept messages cannot be")
    state.apply(batch)


def _whole(report: FileReport) -> None:
    if report.rows_read != report.rows_kept + sum(report.refused.values()):
        raise AssertionError(f"{report.rows_read:,} rows were read, and not all are kept or counted as refused")


def _same_book(state: MarketState, exchange: SmallExchange) -> None:
    _same_levels(state, {place: size * _COIN for place, size in exchange.book.items()})


def _same_levels(state: MarketState, levels: Levels) -> None:
    bids, asks = state.book.read(0, len(levels) + 1)
    shown = {(1, int(row["px"])): int(row["size"]) for row in bids} | {
        (-1, int(row["px"])): int(row["size"]) for row in asks
    }
    if shown != levels:
        raise AssertionError("a book is shown as good and is not the exchange's")


def _campaign(name: str, run: Callable[[int], Outcome]) -> Benchmark:
    def measure(long: bool) -> list[Result]:
        start = time.perf_counter()
        outcome = run(LONG if long else SHORT)
        seconds = time.perf_counter() - start
        note = f"{outcome.note}; {seconds:.0f} s"
        return [result(name, "fuzz", float(outcome.fed), "messages", goal=float(LONG) if long else None, note=note)]

    return Benchmark(name, "fuzz", measure)


BENCHMARKS = [
    _campaign("fuzz_binance", fuzz_binance),
    _campaign("fuzz_binance_books", fuzz_binance_books),
    _campaign("fuzz_capture", fuzz_capture),
    _campaign("fuzz_dbn", fuzz_dbn),
    _campaign("fuzz_lean", fuzz_lean),
    _campaign("fuzz_stream", fuzz_stream),
]
