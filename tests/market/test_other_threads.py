"""What other threads do while the engine writes, grows or forgets: no crash, no wait for ever, nothing left out."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from terminal.core.clock import NS_PER_S, MarketClock
from terminal.core.tape import Tape
from terminal.market.bars import BarStore
from terminal.market.engine import Engine, EngineHooks
from terminal.market.prints import PrintStore
from terminal.market.rows import BAR_ROW
from terminal.market.sequence_lock import SequenceLock
from tests.market.flow_messages import fresh_state


def test_a_book_made_while_it_is_read_has_no_place_in_the_arrays_of_before() -> None:
    state = fresh_state(2)
    before = state.book.arrays
    before.slot_of[1] = len(before.rows)
    assert len(state.book.read(1)[0]) == 0
    assert state.book.row(1) is None
    assert not state.book.window(1, 0, 1, 4)[0].any()


def test_a_new_pass_does_not_care_what_other_threads_read_meanwhile() -> None:
    lock = SequenceLock()
    store = BarStore(lock, PrintStore(lock))
    history = np.zeros(3, BAR_ROW)
    history["ts_ns"] = [0, 60 * NS_PER_S, 120 * NS_PER_S]
    for instrument in range(8):
        store.load(instrument, history)
    fill = store._fill_minutes

    def read_by_another(slot: int, instrument: int) -> None:
        # What reading does to the order of the slots, without the lock of the writer.
        store._slots[7] = store._slots.pop(7)
        store._slots.pop(6, None)
        fill(slot, instrument)

    store._fill_minutes = read_by_another  # type: ignore[method-assign]
    store.clear()
    assert store.arrays.minutes_count[:8, 0].tolist() == [3] * 8


def test_going_back_does_not_wait_for_a_market_that_cannot_be_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(Tape(64), fresh_state(1), MarketClock(), EngineHooks())

    def fail() -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(engine.state, "reset", fail)
    engine.start()
    going_back = threading.Thread(target=engine.restart, args=(5,), daemon=True)
    going_back.start()
    going_back.join(5)
    assert not going_back.is_alive()
    engine.stop()
    assert engine.problems
