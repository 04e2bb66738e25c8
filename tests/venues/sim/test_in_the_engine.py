"""The morning as the market's state sees it."""

from __future__ import annotations

import numpy as np

from terminal.core.instruments import InstrumentKind
from terminal.core.messages import Kind, Phase
from terminal.market.rows import Quality
from terminal.market.state import MarketState
from terminal.venues.sim.universe import NAMES
from tests.venues.sim.conftest import Morning


def test_state_books_bars_and_qualities(morning: Morning) -> None:
    state = MarketState(morning.table, "sim")
    for name in NAMES:
        at = morning.table.find(name.symbol).id
        state.bars.open_slot(at)
        state.bars.load(at, morning.feed.history().names[name.symbol].minutes)
    for part in np.array_split(morning.messages, 50):
        state.apply(part.copy())
    rows = state.read(np.arange(len(morning.table), dtype=np.int32))
    is_option = morning.table.kind_of[: len(morning.table)] == InstrumentKind.OPTION
    assert (rows["phase"] == Phase.OPEN).all()
    assert set(rows["quality"][is_option].tolist()) == {Quality.OK, Quality.ASK_ONLY}
    assert (rows["open_interest"][is_option] >= 0).all()
    assert (rows["prior_close_px"] >= 0).all()
    for name in NAMES:
        at = morning.table.find(name.symbol).id
        bars = state.bars.read(at, 60, 3_000)
        assert len(bars) == 5 * 390 + 4
        assert (np.diff(bars["ts_ns"]) > 0).all()
        if name.flow is None:
            continue
        bids, asks = state.book.read(at)
        assert len(bids) >= 10
        assert len(asks) >= 10
        assert (rows["bid_px"][at], rows["bid_size"][at]) == (bids["px"][0], bids["size"][0])
        assert (rows["ask_px"][at], rows["ask_size"][at]) == (asks["px"][0], asks["size"][0])
        assert rows["quality"][at] == Quality.OK
    counts = state.message_counts()
    assert counts["option_quote"] == int((morning.messages["kind"] == Kind.QUOTE)[_options(morning)].sum())
    assert counts["open_interest"] == int(is_option.sum())


def _options(morning: Morning) -> np.ndarray:
    kinds = morning.table.kind_of[np.maximum(morning.messages["instrument"], 0)]
    return np.asarray(kinds == InstrumentKind.OPTION)
