"""A batch is applied in parts, so that readers get their turn: what comes out does not depend on the parts."""

from __future__ import annotations

import numpy as np
import pytest

from terminal.bench.market_messages import empty_state, mixed_messages
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
