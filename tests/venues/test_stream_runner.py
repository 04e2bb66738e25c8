"""A stream feed on a real socket: gaps, garbage, disconnects, silence, back-pressure; nothing lost or shown as good."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import pytest

from terminal.app import formats
from terminal.core.clock import NS_PER_S, MarketClock, at_ns
from terminal.core.instruments import InstrumentTable
from terminal.core.messages import Batch, Kind, Phase
from terminal.core.tape import Tape
from terminal.infra.calendars import default
from terminal.infra.failures import UsageError, WorkFailed
from terminal.infra.io_thread import IoThread
from terminal.market.engine import Engine, EngineHooks
from terminal.market.rows import BookStatus
from terminal.market.state import MarketState
from terminal.venues.stream.connection import Address, parse_address
from terminal.venues.stream.feed import StreamFeed
from terminal.venues.stream.protocol import (
    End,
    Heartbeat,
    Hello,
    Instruments,
    Listed,
    ListedOption,
    Rows,
    Snapshot,
    Subscribe,
    frame,
)
from terminal.venues.stream.runner import StreamRunner
from tests.app.small_desk import MONDAY
from tests.venues.stream_program import OPEN_NS, Program, garbage, hello, quote, trade


class Rig:
    """A program, and a desk's engine that listens to it."""

    def __init__(self, first: Hello | None = None, tape: int = 1 << 18) -> None:
        self.program = Program(first)
        self.table = InstrumentTable()
        self.feed = StreamFeed(Address("127.0.0.1", self.program.port), self.table, default(), patience_s=5.0)
        self.tape = Tape(tape)
        self.state = MarketState(self.table, self.feed.name)
        self.taken: list[Batch] = []
        self.engine = Engine(self.tape, self.state, MarketClock(), EngineHooks(record=self._record))
        self.runner: StreamRunner = self.feed.make_runner(self.tape)
        self.io = IoThread()
        self.io.start()
        self.done = self.io.submit(self.runner.run())
        self.until = self.program.until
        self.send = self.program.send

    def _record(self, batch: Batch) -> bool:
        self.taken.append(batch.copy())
        return True

    def start(self) -> Rig:
        self.engine.start()
        self.until(lambda: bool(self.program.said))
        return self

    def messages(self, *kinds: Kind) -> Batch:
        everything = np.concatenate(self.taken)
        return everything[np.isin(everything["kind"], kinds)]

    def until_trades(self, count: int) -> None:
        self.until(lambda: self.state.message_counts().get("equity_trade", 0) >= count)

    def until_volume(self, instrument: int, volume: int) -> None:
        self.until(lambda: self.state.read_one(instrument)["volume"] == volume)

    def until_counted(self, reason: str) -> None:
        self.until(lambda: reason in self.runner.counts())

    def stop(self) -> None:
        self.runner.stop()
        self.program.close()
        self.done.result(15)
        self.io.stop()
        self.engine.stop()


@pytest.fixture
def rigs() -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(first: Hello | None = None, tape: int = 1 << 18) -> Rig:
        made.append(Rig(first, tape))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_what_is_said_arrives_with_phases_of_the_desks_calendar(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    rig.send(quote(1, 10, 11, at_ms=1), trade(2, 10, at_ms=2, size=3), Heartbeat(3, OPEN_NS + 5 * NS_PER_S))
    rig.until(lambda: rig.engine.clock.now_ns() == OPEN_NS + 5 * NS_PER_S)
    row = rig.state.read_one(rig.table.find("T0").id)
    assert (row["bid_px"], row["ask_px"], row["volume"]) == (1_000_000, 1_000_100, 3)
    assert row["phase"] == Phase.OPEN
    assert rig.program.said[0] == Subscribe(1, "moneyness", rig.program.said[0].version)  # type: ignore[union-attr]
    assert (rig.runner.trouble(), dict(rig.runner.counts())) == ("", {})
    close_ns = at_ns(MONDAY, 16)
    rig.send(Rows(4, [["trade", 10, close_ns - 1, 1_000_000, 1], ["trade", 10, close_ns, 1_000_000, 1]]))
    rig.until_trades(3)
    assert rig.state.read_one(0)["phase"] == Phase.AFTER_HOURS
    kinds = np.concatenate(rig.taken)["kind"][-3:].tolist()
    assert kinds == [Kind.TRADE, Kind.TRADE, Kind.PHASE_CHANGE] or kinds == [Kind.TRADE, Kind.PHASE_CHANGE, Kind.TRADE]


def test_what_is_listed_later_is_in_the_phase_of_its_market(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    option = Listed(77, "T0    260116C00100000", "option", option=ListedOption("T0"))
    more = [Listed(70, "LATE", "equity"), Listed(71, "LATEBTC", "crypto_spot"), option]
    rig.send(trade(1, 10, size=5), Instruments(2, more), trade(3, 70), trade(4, 71), quote(5, 77), trade(6, 10))
    rig.until_trades(3)
    assert rig.state.read_one(0)["volume"] == 6, "no day begins anew"
    assert rig.state.read(np.arange(6, dtype=np.int32))["phase"].tolist() == [Phase.OPEN] * 6
    rig.send(Heartbeat(7, at_ns(MONDAY, 16, 5)))
    rig.until(lambda: rig.state.read_one(5)["phase"] == Phase.CLOSED)
    assert rig.state.read_one(3)["phase"] == Phase.AFTER_HOURS
    rig.program.drop()
    rig.until_counted("connected again")
    rig.send(Instruments(1, [Listed(72, "LATEST", "equity")]), Heartbeat(2, at_ns(MONDAY, 16, 6)))
    rig.until(lambda: len(rig.table) == 7 and rig.state.read_one(6)["phase"] == Phase.AFTER_HOURS)


def test_a_day_of_crypto_begins_at_midnight_utc_with_the_quotes_that_stand(rigs: Callable[..., Rig]) -> None:
    first = hello(1)
    first.instruments.append(Listed(20, "BTCUSD", "crypto_spot"))
    rig = rigs(first).start()
    midnight_ns = at_ns(MONDAY, 19)
    rig.send(quote(1, 20), trade(2, 20, size=9), Rows(3, [["trade", 20, midnight_ns - 1, 1_000_000, 1]]))
    rig.until_volume(1, 10)
    rig.send(Rows(4, [["trade", 20, midnight_ns + 1, 1_000_200, 3]]))
    rig.until_volume(1, 3)
    row = rig.state.read_one(1)
    assert (row["phase"], row["bid_px"], row["open_px"], row["prior_close_px"]) == (
        Phase.OPEN, 1_000_000, 1_000_200, 1_000_000,
    )  # fmt: skip
    assert rig.state.statistics.read(np.array([1], np.int32))["volume"][0] == 3


def test_trades_of_a_snapshot_are_not_counted_again(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    again = Rows(2, [["trade", 10, OPEN_NS, 1_000_000, 5], ["quote", 10, OPEN_NS, 1_000_000, 1_000_100, 5, 7]], True)
    rig.send(trade(1, 10, size=5), again, trade(3, 10))
    rig.until_volume(0, 6)
    assert rig.state.read_one(0)["bid_px"] == 1_000_000
    assert dict(rig.runner.counts()) == {"trade in a snapshot": 1}


def test_a_feed_that_says_its_phases_gets_none_of_ours(rigs: Callable[..., Rig]) -> None:
    rig = rigs(hello(phases=True)).start()
    rig.send(quote(1, 10), Rows(2, [["phase_change", -1, OPEN_NS, Phase.HALTED, 0]]))
    rig.until(lambda: rig.state.read_one(0)["phase"] == Phase.HALTED)
    assert len(rig.messages(Kind.PHASE_CHANGE)) == 1


def test_a_gap_empties_the_books_and_asks_for_a_snapshot(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    level = [["depth", 10, OPEN_NS, 1, 999_900, 5, 1]]
    rig.send(Rows(1, level), quote(2, 10), quote(5, 10), trade(6, 10))  # type: ignore[arg-type]
    rig.until_trades(1)
    rig.until(lambda: any(isinstance(each, Snapshot) for each in rig.program.said))
    counts = rig.runner.counts()
    assert (counts["gap"], counts["frame missed"], counts["snapshot asked for"]) == (1, 2, 1)
    assert rig.messages(Kind.BOOK_CLEAR)["instrument"].tolist() == [0]
    assert "until its snapshot" in rig.runner.trouble()
    rig.send(quote(6, 10, at_ms=50, bid=77), quote(7, 10, at_ms=60, snapshot=True), trade(8, 10, at_ms=70))
    rig.until_trades(2)
    assert rig.runner.counts()["frame twice"] == 1
    assert rig.runner.trouble() == ""
    assert rig.state.read_one(0)["bid_px"] == 1_000_000


@pytest.mark.parametrize("is_sequenced", [False, True])
def test_a_book_that_has_missed_something_is_in_a_gap_until_its_snapshot(
    rigs: Callable[..., Rig], is_sequenced: bool
) -> None:
    rig = rigs().start()
    begin: list[list[int | str]] = [["book_update", 10, OPEN_NS, -1, 7, -1, 0, 0, 16]]
    follow: list[list[int | str]] = [["book_update", 10, OPEN_NS, 8, 8, 7]] if is_sequenced else []
    levels: list[list[int | str]] = [["depth", 10, OPEN_NS, 1, 999_900, 5, 1], ["depth", 10, OPEN_NS, 1, 999_800, 9, 1]]
    rig.send(Rows(1, [*(begin if is_sequenced else []), *levels]), trade(2, 10))
    rig.until_trades(1)
    assert rig.state.book.status(0) is BookStatus.OK
    rig.send(trade(4, 10), Rows(5, [*follow, levels[0]]), trade(6, 10))
    rig.until_trades(3)
    assert rig.state.book.status(0) is BookStatus.GAP, "one level of two is no book"
    rig.send(Rows(7, [*begin, *levels], snapshot=True), trade(8, 10, at_ms=1))
    rig.until_trades(4)
    assert rig.state.book.status(0) is BookStatus.OK
    assert len(rig.state.book.read(0)[0]) == 2


def test_frames_that_cannot_be_read_are_counted_and_show_as_gaps(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    rig.send(quote(1, 10), garbage(b"\xc1\xc1\xc1"), garbage(b"\x81"), Rows(2, [["quote", 10, "now"]]), trade(3, 10))
    rig.until_trades(1)
    counts = rig.runner.counts()
    assert counts["bad frame: no msgpack"] == 2
    assert counts["bad frame: text in a row"] == 1
    assert counts["frame missed"] == 1


def test_a_length_out_of_reason_ends_the_connection_and_a_new_one_is_made(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    rig.send(quote(1, 10), b"\xff\xff\xff\xff")
    rig.until(lambda: rig.program.accepted == 2)
    rig.until_counted("connected again")
    rig.send(quote(1, 10, snapshot=True), trade(2, 10))
    rig.until_trades(1)
    assert rig.runner.trouble() == ""
    assert rig.runner.counts()["torn frame"] == 1


def test_prices_are_stale_as_soon_as_the_program_is_gone_until_it_speaks_again(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    rig.send(Rows(1, [["depth", 10, OPEN_NS, 1, 999_900, 5, 1]]), trade(2, 10), b"\x00\x00\x01")
    rig.until_trades(1)
    rig.program.drop()
    rig.until_counted("connection lost")
    assert "stale" in rig.runner.trouble() or "gone" in rig.runner.trouble()
    rig.until_counted("connected again")
    rig.until(lambda: len(rig.messages(Kind.BOOK_CLEAR)) == 1)
    assert rig.runner.trouble() != "", "connected is not enough"
    rig.send(trade(1, 11))
    rig.until_trades(2)
    assert rig.runner.trouble() != "", "one price is not all prices"
    rig.send(quote(2, 11, snapshot=True), trade(3, 11))
    rig.until_trades(3)
    rig.until(lambda: rig.runner.trouble() == "")
    assert rig.runner.counts()["torn frame"] == 1


def test_other_numbers_after_a_reconnect_mean_the_same_symbols(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    rig.send(trade(1, 10))
    rig.until_trades(1)
    first = rig.program.first
    assert isinstance(first, Hello)
    first.instruments = [Listed(7, "T2", "equity"), Listed(8, "T0", "index"), Listed(9, "NEW", "etf")]
    rig.program.drop()
    rig.until_counted("connected again")
    rig.send(trade(1, 7), trade(2, 8), trade(3, 9), trade(4, 10))
    rig.until_trades(3)
    rig.until_counted("unknown instrument")
    assert rig.state.read_one(rig.table.find("T2").id)["volume"] == 1
    assert rig.state.read_one(rig.table.find("T0").id)["volume"] == 1
    assert rig.runner.counts()["unknown instrument"] == 2
    assert rig.runner.counts()["instrument not listed"] == 1


def test_a_feed_that_has_become_live_is_refused(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    rig.program.first = hello(mode="live")
    rig.program.drop()
    rig.until_counted("connection refused")
    assert "live feed" in rig.runner.trouble()
    assert "connected again" not in rig.runner.counts()


def test_a_mute_feed_is_stale_though_connected(rigs: Callable[..., Rig]) -> None:
    rig = rigs(hello(heartbeat_s=0.05)).start()
    rig.send(quote(1, 10))
    rig.until_counted("mute")
    rig.until(lambda: rig.program.accepted == 2)
    assert rig.runner.counts()["connection lost"] >= 1


def test_a_slow_engine_holds_the_program_back_and_nothing_is_lost(rigs: Callable[..., Rig]) -> None:
    rig = rigs(tape=1 << 12)
    rig.until(lambda: bool(rig.program.said))
    rows = [["trade", 10, OPEN_NS, 1_000_000, 1]] * 1000
    assert rig.program.link is not None
    rig.program.link.settimeout(0.3)
    seq, rest = 0, b""
    while not rest:
        seq += 1
        assert seq < 5_000, "the program was never held back"
        rest = rig.program.send_some(Rows(seq, rows))  # type: ignore[arg-type]
    rig.program.link.settimeout(None)
    assert rig.tape.lag > 1 << 11
    rig.send(rest)
    rig.send(End(seq + 1))
    rig.start()
    rig.until_trades(1000 * seq)
    rig.until(lambda: rig.runner.ended)
    assert rig.runner.finished
    assert rig.state.read_one(0)["volume"] == 1000 * seq
    assert dict(rig.runner.counts()) == {}


def test_options_are_listed_on_their_underlyings(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    listed = [
        Listed(1, "T0    260116C00100000", "option", option=ListedOption("T0")),
        Listed(2, "XX    260116C00100000", "option", option=ListedOption("NOT THERE")),
        Listed(3, "T1", "option"),
        Listed(4, "ETH", "crypto_spot", price_scale=100, currency="USDT"),
    ]
    rig.send(Instruments(1, listed), Rows(2, [["trade", 1, OPEN_NS, 5_000, 2], ["trade", 4, OPEN_NS, 300_000, 1]]))
    rig.until(lambda: rig.state.message_counts().get("crypto_spot_trade", 0) == 1)
    option = rig.table.find("T0 2026-01-16 100 C")
    assert option.option is not None
    assert option.option.underlying == rig.table.find("T0").id
    assert rig.state.read_one(option.id)["volume"] == 2
    assert rig.runner.counts()["instrument not listed"] == 2
    assert len(rig.feed.listing.problems) == 2


def test_a_cheap_coin_says_what_its_sizes_are_counted_in(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    listed = [
        Listed(4, "PEPEUSDT", "crypto_spot", price_scale=10**8, size_scale=1, currency="USDT"),
        Listed(5, "XX", "equity", size_scale=100),
    ]
    trades = [["trade", 4, OPEN_NS + n, 700, 9 * 10**11] for n in range(20)]
    rig.send(Instruments(1, listed), Rows(2, trades))  # type: ignore[arg-type]
    rig.until(lambda: rig.state.message_counts().get("crypto_spot_trade", 0) == 20)
    coin = rig.table.find("PEPEUSDT")
    assert rig.state.read_one(coin.id)["volume"] == 20 * 9 * 10**11
    assert formats.quantity(20 * 9 * 10**11, coin) == "18,000,000,000,000"
    assert "only coins have sizes in parts" in rig.feed.listing.problems[0]


def test_a_snapshot_over_two_frames_is_no_book_before_it_is_over(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    first = Rows(1, [["book_clear", 10, OPEN_NS], ["depth", 10, OPEN_NS, 1, 100, 5]], snapshot=True)
    rig.send(first)
    rig.until(lambda: len(rig.state.book.read(0)[0]) == 1)
    assert rig.state.book.status(0) is BookStatus.BUILDING
    rig.send(Rows(2, [["depth", 10, OPEN_NS, -1, 200, 5]], snapshot=True), Heartbeat(3, OPEN_NS + 10**9))
    rig.until(lambda: rig.state.book.status(0) is BookStatus.OK)
    assert [len(side) for side in rig.state.book.read(0)] == [1, 1]


def test_addresses() -> None:
    assert parse_address("9000") == Address("127.0.0.1", 9000)
    assert str(parse_address("[::1]:9000")) == "[::1]:9000"
    assert parse_address("localhost:9000").is_local
    assert not parse_address("example.com:9000").is_local
    for wrong in ("localhost", "localhost:", "localhost:70000", "x:-1", ""):
        with pytest.raises(UsageError):
            parse_address(wrong)


def test_what_is_no_feed_is_said_in_a_sentence() -> None:
    table, calendars = InstrumentTable(), default()
    with pytest.raises(UsageError, match="not this machine"):
        StreamFeed(Address("192.0.2.1", 9000), table, calendars)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UsageError, match="Nobody serves"):
        StreamFeed(Address("127.0.0.1", port), table, calendars, patience_s=0.0)
    future = hello()
    future.protocol = 99
    ahead = hello(mode="live")
    ahead.ts_ns = time.time_ns() + 600 * NS_PER_S
    heartbeat = frame(Heartbeat(1, OPEN_NS))
    for first in (b"HTTP/1.1 400 Bad Request\r\n\r\n", garbage(b"\xc1"), heartbeat, frame(future), frame(ahead)):
        program = Program(first)
        with pytest.raises(WorkFailed, match="is no feed for this desk"):
            StreamFeed(Address("127.0.0.1", program.port), table, calendars, patience_s=0.0)
        program.close()


def test_a_feed_may_name_its_venues(rigs: Callable[..., Rig]) -> None:
    rig = rigs(msgspec.structs.replace(hello(), venues={1: "XNAS", 2: "ARCX"}))
    assert rig.table.venue_names == {1: "XNAS", 2: "ARCX"}


@pytest.mark.parametrize("venues", [{0: "XNAS"}, {1: "far too long a name"}, {1: ""}, {70_000: "XNAS"}, {"1": "XNAS"}])
def test_names_of_venues_that_cannot_be_are_refused(venues: dict[object, str]) -> None:
    said = msgspec.msgpack.encode({"type": "hello", **msgspec.to_builtins(hello()), "venues": venues})
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(said, type=Hello)
