"""A batch is applied in parts, so that readers get their turn: what comes out does not depend on the parts."""

from __future__ import annotations

import numpy as np
import pytest

from terminal.bench.market_messages import empty_state, mixed_messages
from terminal.core.messages import BOOK_PX, BOOK_SIDE, BOOK_SIZE, Batch, Kind, empty_batch
from terminal.market import state as state_module


def _all_of_it(monkeypatch: pytest.MonkeyPatch, fewest: int, most: int, at_once_ns: int) -> list[bytes | str]:
    for name, value in (("FEWEST_AT_ONCE", fewest), ("MOST_AT_ONCE", most), ("AT_ONCE_NS", at_once_ns)):
        monkeypatch.setattr(state_module, name, value)
    made = empty_state()
    made.apply(mixed_messages(3_000))
    ids = np.arange(len(made.table), dtype=np.int32)
    found: list[bytes | str] = [made.digest()]
    for rows in (made.read(ids), made.statistics.read(ids)):
        # By column: what lies between them is not said.
        found += [np.ascontiguousarray(rows[name]).tobytes() for name in rows.dtype.names or ()]
    return found


def test_parts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _all_of_it(monkeypatch, 1 << 30, 1 << 30, 10**18)
    assert _all_of_it(monkeypatch, 1, 1, 1) == whole
    assert _all_of_it(monkeypatch, 7, 100, 1_000) == whole


def test_slow_parts_get_smaller_and_quick_ones_larger() -> None:
    made = empty_state()
    assert made._at_once == state_module.FEWEST_AT_ONCE
    made._suit(made._at_once, state_module.AT_ONCE_NS // 10)
    assert made._at_once == 2 * state_module.FEWEST_AT_ONCE
    made._suit(made._at_once - 1, state_module.AT_ONCE_NS // 10)
    assert made._at_once == 2 * state_module.FEWEST_AT_ONCE, "a part that was not full says nothing"
    made._suit(made._at_once, 3 * state_module.AT_ONCE_NS)
    made._suit(made._at_once, 3 * state_module.AT_ONCE_NS)
    assert made._at_once == state_module.FEWEST_AT_ONCE
    for _ in range(20):
        made._suit(made._at_once, 1)
    assert made._at_once == state_module.MOST_AT_ONCE
    made.apply(mixed_messages(1_000))
    assert int(made.read(np.arange(len(made.table), dtype=np.int32))["messages"].sum()) == 1_000


def test_no_part_ends_within_an_update_of_a_book(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who comes between two parts sees a book before or after an update, never half of it."""
    for name in ("FEWEST_AT_ONCE", "MOST_AT_ONCE"):
        monkeypatch.setattr(state_module, name, 3)
    made, seen = empty_state(), []
    apply_part = made._apply_part

    def look(part: Batch) -> None:
        apply_part(part)
        bids, asks = made.book.read(0, 5)
        seen.append((bids["px"].tolist(), asks["px"].tolist()))

    monkeypatch.setattr(made, "_apply_part", look)
    batch = empty_batch(20)
    batch["instrument"], batch["kind"] = 0, Kind.DEPTH
    batch["ts_ns"] = np.arange(20) // 4 + 1
    # Each update raises both sides by 100: half of it would show a bid that stands above the ask, or an empty side.
    for number, message in enumerate(batch):
        low = 10_000 + 100 * (number // 4)
        side, px, size = ((1, low, 5), (-1, low + 1, 5), (1, low - 100, 0), (-1, low - 99, 0))[number % 4]
        message[BOOK_SIDE], message[BOOK_PX], message[BOOK_SIZE] = side, px, size
    made.apply(batch)
    assert seen == [([10_000 + 100 * at], [10_001 + 100 * at]) for at in range(5)]
