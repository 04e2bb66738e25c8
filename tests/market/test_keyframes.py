"""A keyframe put back, with the messages after it, is the state as it was: whatever came, however it was cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.messages import Batch
from terminal.market.keyframes import Keyframes, _hashes_of, _parts_of
from terminal.market.message_log import CHUNK, MessageLog
from terminal.market.state import MarketState
from tests.store.market_messages import batches, make_table, quote_batch


def assert_same(one: MarketState, other: MarketState) -> None:
    """Every array and every value but what belongs to one run: receipt times, numbers of batches, its pace."""
    first, second = _parts_of(one), _parts_of(other)
    assert first.links == second.links
    for path, array in first.arrays.items():
        if path == ("_quotes",):
            for name in array.dtype.names or ():
                if name not in {"recv_ns", "changed"}:
                    np.testing.assert_array_equal(array[name], second.arrays[path][name], err_msg=name)
        else:
            assert np.array_equal(_hashes_of(array), _hashes_of(second.arrays[path])), path
    for path, value in first.plain.items():
        if path[-1] not in {"changed", "applied_ns", "unseen_ns", "_at_once"} and not isinstance(value, dict):
            assert value == second.plain[path], path
    assert one.digest() == other.digest()


def _unreceived(batch: Batch) -> Batch:
    kept = batch.copy()
    kept["recv_ns"] = 0
    return kept


@settings(max_examples=8, deadline=None)
@given(
    stream=batches(most=60),
    cuts=st.lists(st.integers(0, 60), max_size=8),
    wanted=st.lists(st.integers(0, 60)),
    budget=st.sampled_from([0, 40_000, 1 << 30]),
)
def test_any_place_is_what_it_was(
    stream: Batch, cuts: list[int], wanted: list[int], budget: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stream = _unreceived(stream)
    state, frames = MarketState(make_table(), "t"), Keyframes(tmp_path_factory.mktemp("frames"), budget)
    frames.take(state, 0, 0)
    places = sorted({min(cut, len(stream)) for cut in cuts} | {len(stream)})
    at = 0
    for place in places:
        state.apply(stream[at:place])
        frames.take(state, place, 0)
        at = place
    for want in wanted[:2]:
        place = min(want, len(stream))
        found = frames.restore(state, place)
        assert found is not None
        assert found == max([0, *(each for each in frames.places if each <= place)])
        assert budget < 1 << 30 or set(frames.places) == {0, *places}
        state.apply(stream[found:place])
        true = MarketState(make_table(), "t")
        true.apply(stream[:place])
        assert_same(state, true)
    frames.close()


def _frames_of(stream: Batch, folder: Path, budget_bytes: int) -> tuple[Keyframes, MarketState]:
    """A frame every 1,000 messages, and the state after the last."""
    state, frames = MarketState(make_table(), "t"), Keyframes(folder, budget_bytes)
    for at in range(0, len(stream), 1000):
        frames.take(state, at, 0)
        state.apply(stream[at : at + 1000])
    return frames, state


def test_frames_thin_out_within_their_room_and_stay_right(tmp_path: Path) -> None:
    stream = quote_batch(40_000, 0)
    stream["v0"] = np.random.default_rng(1).integers(1, 10_000, len(stream))
    stream["instrument"] = np.random.default_rng(2).integers(0, 11, len(stream))
    stream["kind"] = np.random.default_rng(3).integers(1, 3, len(stream))
    sizes = []
    for budget in (0, 1 << 40):
        frames, _ = _frames_of(stream, tmp_path, budget)
        sizes.append(frames.used_bytes)
        frames.close()
    least, most = sizes
    budget_bytes = (least + most) // 2
    frames, state = _frames_of(stream, tmp_path, budget_bytes)
    places = frames.places
    assert 2 < len(places) < 40
    assert (places[0], places[-1]) == (0, 39_000)
    assert frames.used_bytes <= budget_bytes
    for place in (500, 12_345, 39_999):
        found = frames.restore(state, place)
        assert found is not None
        state.apply(stream[found:place])
        true = MarketState(make_table(), "t")
        true.apply(stream[:place])
        assert_same(state, true)

    frames.close()


def test_where_nothing_takes_a_frame_there_is_none_and_an_older_one_makes_room(tmp_path: Path) -> None:
    stream = quote_batch(3_000, 0)
    frames, state = _frames_of(stream, tmp_path, 1 << 30)
    used_bytes, write = frames.used_bytes, frames._file.write
    room = iter([True, True])

    def full(body: bytes) -> int:
        if not next(room, False):
            raise OSError(28, "No space left on device")
        return write(body)

    frames._file.write = full  # type: ignore[method-assign]
    assert not frames.take(state, 3_000, 0)
    assert frames.places == [0, 2_000]
    assert frames.used_bytes <= used_bytes
    frames._file.write = write  # type: ignore[method-assign]
    assert frames.take(state, 3_000, 0)
    for place in (1_500, 2_500, 3_000):
        found = frames.restore(state, place)
        assert found is not None
        state.apply(stream[found:place])
        true = MarketState(make_table(), "t")
        true.apply(stream[:place])
        assert_same(state, true)
    frames.close()


@settings(max_examples=20, deadline=None)
@given(stream=batches(most=60), copies=st.integers(1, 2000), cut=st.integers(1, 50_000))
def test_a_log_gives_back_what_came(
    stream: Batch, copies: int, cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sent = np.concatenate([_unreceived(stream)] * copies)
    log = MessageLog(tmp_path_factory.mktemp("log"), memory_bytes=1000)
    for at in range(0, len(sent), cut):
        log.append(sent[at : at + cut])
    assert log.count == len(sent)
    parts = [log.read(0, 0)]
    while sum(map(len, parts)) < len(sent):
        parts.append(log.read(sum(map(len, parts)), len(sent)))
    np.testing.assert_array_equal(np.concatenate(parts), sent)
    if len(sent):
        reached = np.maximum.accumulate(sent["ts_ns"])
        for ts_ns in (int(sent["ts_ns"][0]) - 1, int(sent["ts_ns"][len(sent) // 2]), int(reached[-1])):
            assert log.place_of(ts_ns) == np.searchsorted(reached, ts_ns, "right")
    log.close()


def test_without_a_disk_the_oldest_messages_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = MessageLog(tmp_path / "file", memory_bytes=0)
    log.append(quote_batch(3 * CHUNK, 0))
    assert log.first == 3 * CHUNK
    log.append(quote_batch(5, 0))
    assert len(log.read(3 * CHUNK, 3 * CHUNK + 5)) == 5
