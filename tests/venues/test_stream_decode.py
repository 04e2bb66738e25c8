"""The wire format: frames cut from any pieces, columns checked, every refusal counted, nothing crashes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.clock import NS_PER_S
from terminal.core.messages import BID, Batch, Kind, empty_batch
from terminal.core.money import ABSENT_PX
from terminal.venues.stream.decode import Decoder
from terminal.venues.stream.protocol import (
    BadFrame,
    Columns,
    FrameReader,
    Heartbeat,
    Oversize,
    Rows,
    frame,
    parse_feed_frame,
)
from tests.venues.stream_program import OPEN_NS, columns_of, garbage, quote

IDS = np.array([-1, -1, 4, 5], np.int32)
"""The feed's numbers 2 and 3 are our 4 and 5."""


def decoded(what: Columns | Rows, decoder: Decoder | None = None) -> Batch:
    decoder = decoder if decoder is not None else Decoder(OPEN_NS, is_live=False)
    out = empty_batch(1 << 16)
    return out[: decoder.decode(what, IDS, out, OPEN_NS)]


def a_batch(count: int, seed: int = 1) -> Batch:
    chance = np.random.default_rng(seed)
    batch = empty_batch(count)
    batch["ts_ns"] = OPEN_NS + np.sort(chance.integers(0, NS_PER_S, count))
    batch["instrument"] = chance.integers(2, 4, count)
    batch["kind"] = chance.choice([int(Kind.QUOTE), int(Kind.TRADE)], count)
    for name in ("v0", "v1", "v2", "v3"):
        batch[name] = chance.integers(1, 10**6, count)
    return batch


@given(st.lists(st.integers(1, 200), min_size=1, max_size=60), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_frames_come_out_the_same_however_the_bytes_are_cut(pieces: list[int], seed: int) -> None:
    frames = [frame(columns_of(a_batch(5, seed + each), each + 1)) for each in range(4)]
    wire = b"".join(frames)
    reader = FrameReader(size=16)
    found: list[bytes] = []
    at = 0
    while at < len(wire):
        room = reader.room()
        count = min(pieces[at % len(pieces)], len(room), len(wire) - at)
        room[:count] = wire[at : at + count]
        reader.filled(count)
        at += count
        found += [bytes(each) for each in reader.frames()]
    assert [len(each) for each in found] == [len(each) - 4 for each in frames]
    assert b"".join(frames) == b"".join(garbage(each) for each in found)
    assert reader.waiting == 0


def test_a_length_that_no_frame_may_have_ends_the_reading() -> None:
    for wire in (b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x00\x00"):
        reader = FrameReader()
        reader.room()[: len(wire)] = wire
        reader.filled(len(wire))
        with pytest.raises(Oversize):
            list(reader.frames())


@given(st.binary(max_size=300))
@settings(max_examples=400, deadline=None)
def test_garbage_is_refused_and_never_raises_anything_else(body: bytes) -> None:
    with pytest.raises(BadFrame):
        parse_feed_frame(body)


@given(st.integers(0, 2**32), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_flipped_bytes_give_a_refusal_or_messages_of_known_instruments(seed: int, flips: list[tuple[int, int]]) -> None:
    wire = bytearray(frame(columns_of(a_batch(20, seed), 1))[4:])
    for place, value in flips:
        wire[place % len(wire)] = value
    decoder = Decoder(OPEN_NS, is_live=False)
    try:
        what = parse_feed_frame(bytes(wire))
        assert isinstance(what, Columns | Rows)
        batch = decoded(what, decoder)
    except BadFrame:
        return
    assert set(batch["instrument"].tolist()) <= {4, 5}
    assert (np.diff(batch["ts_ns"]) >= 0).all()
    assert len(batch) + sum(decoder.refused.values()) == 20


def test_columns_and_rows_say_the_same() -> None:
    batch = a_batch(100)
    names = ("kind", "instrument", "ts_ns", "v0", "v1", "v2", "v3", "v4", "flags")
    rows = Rows(1, [[int(each[name]) for name in names] for each in batch])
    by_column = decoded(parse_feed_frame(frame(columns_of(batch, 1))[4:]))  # type: ignore[arg-type]
    assert decoded(rows).tobytes() == by_column.tobytes()
    assert (by_column["instrument"] == batch["instrument"] + 2).all()
    assert (by_column[BID] == batch[BID]).all()


def test_one_number_stands_for_a_whole_column_and_a_missing_one_is_zero() -> None:
    ts_ns = memoryview(np.array([OPEN_NS, OPEN_NS + 1], "<i8").tobytes())
    batch = decoded(Columns(1, 2, {"ts_ns": ts_ns, "instrument": 2, "kind": 1, "v0": 77}))
    assert batch["instrument"].tolist() == [4, 4]
    assert batch["v0"].tolist() == [77, 77]
    assert batch["v4"].tolist() == [0, 0]


def test_each_refusal_is_counted_by_its_reason_and_the_rest_is_taken() -> None:
    decoder = Decoder(OPEN_NS, is_live=False)
    good: list[int | str] = ["quote", 2, OPEN_NS, 100, 200, 1, 1]
    rows: list[list[int | str]] = [
        good,
        ["quote", 9, OPEN_NS, 100, 200, 1, 1],
        ["no such kind", 2, OPEN_NS],
        ["clock", 2, OPEN_NS],
        ["quote", 2, -5, 100, 200, 1, 1],
        ["quote", 2, OPEN_NS + 30 * 86_400 * NS_PER_S, 100, 200, 1, 1],
        ["quote", 2, OPEN_NS, 100, 200, -1, 1],
        ["trade", 2, OPEN_NS, 100, -1],
        ["trade", 2, OPEN_NS, 2**62, 1],
        ["quote", 2, OPEN_NS, ABSENT_PX, 200, 0, 1],
        good,
    ]
    batch = decoded(Rows(1, rows), decoder)
    assert dict(decoder.refused) == {
        "unknown instrument": 1,
        "unknown kind": 2,
        "time out of range": 1,
        "time ahead": 1,
        "negative size": 2,
        "value out of range": 1,
    }
    assert batch["v0"].tolist() == [100, ABSENT_PX, 100]
    assert decoder.take_spoiled() == []


def test_a_refused_level_spoils_its_book() -> None:
    decoder = Decoder(OPEN_NS, is_live=False)
    rows: list[list[int | str]] = [["depth", 2, OPEN_NS, 1, 100, 5], ["depth", 3, OPEN_NS, 1, 100, -5]]
    assert len(decoded(Rows(1, rows), decoder)) == 1
    assert decoder.take_spoiled() == [5]
    assert decoder.take_spoiled() == []
    assert np.flatnonzero(decoder.books).tolist() == [4]


def test_a_clock_that_jumps_back_is_held_and_counted() -> None:
    decoder = Decoder(OPEN_NS, is_live=False)
    decoded(quote(1, 2, at_ms=500), decoder)
    batch = decoded(quote(2, 2, 3, at_ms=200), decoder)
    assert batch["ts_ns"].tolist() == [OPEN_NS + 500_000_000] * 2
    assert (decoder.clock_back, decoder.furthest_back_ns) == (2, 300_000_000)
    assert decoder.advance(OPEN_NS, OPEN_NS) is None
    assert decoder.advance(OPEN_NS + NS_PER_S, OPEN_NS) == OPEN_NS + NS_PER_S


def test_a_live_clock_may_not_be_ahead_of_ours() -> None:
    decoder = Decoder(OPEN_NS, is_live=True)
    rows: list[list[int | str]] = [["quote", 2, OPEN_NS + 59 * NS_PER_S], ["quote", 2, OPEN_NS + 61 * NS_PER_S]]
    assert len(decoded(Rows(1, rows), decoder)) == 1
    assert decoder.advance(OPEN_NS + 61 * NS_PER_S, OPEN_NS) is None
    assert dict(decoder.refused) == {"time ahead": 2}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"ts_ns": OPEN_NS, "instrument": 2}, "missing column"),
        ({"ts_ns": OPEN_NS, "instrument": 2, "kind": 1, "price": 1}, "unknown column"),
        ({"ts_ns": OPEN_NS, "instrument": 2, "kind": 1, "v0": memoryview(b"1234567")}, "length of a column"),
        ({"ts_ns": OPEN_NS, "instrument": 2, "kind": 256}, "number does not fit its column"),
    ],
)
def test_a_frame_that_cannot_be_read_is_refused_whole(columns: dict[str, memoryview | int], reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        decoded(Columns(1, 1, columns))
    with pytest.raises(BadFrame, match="text in a row"):
        decoded(Rows(1, [["quote", 2, OPEN_NS, "12.50"]]))
    with pytest.raises(BadFrame, match="wrong fields"):
        parse_feed_frame(frame(Heartbeat(1, OPEN_NS))[4:].replace(b"heartbeat", b"heartbeet"))


def test_a_refused_clear_spoils_its_book() -> None:
    decoder = Decoder(OPEN_NS, is_live=False)
    decoded(Rows(1, [[int(Kind.BOOK_CLEAR), 2, OPEN_NS + 30 * 86_400 * NS_PER_S]]), decoder)
    assert decoder.take_spoiled() == [4]
