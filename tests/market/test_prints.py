"""The ring of trades: what one instrument's newest are, without a scan, also after the ring went round."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.messages import ASK, BID, PRICE, SIZE, Flag, Kind, empty_batch
from terminal.core.money import ABSENT_PX
from terminal.market.print_kernel import PRINTS_KEPT
from tests.market.flow_messages import START_NS, Row, applied, cuts, flow, fresh_state


def plain_prints(rows: list[Row]) -> list[tuple[int, int, int, int, int, int]]:
    """(number, instrument, px, size, bid, ask) of every trade."""
    market: dict[int, list[int]] = {}
    found: list[tuple[int, int, int, int, int, int]] = []
    for row in rows:
        sides = market.setdefault(row["instrument"], [ABSENT_PX, ABSENT_PX])
        if row["kind"] == Kind.QUOTE:
            if not row["flags"] & Flag.BID_UNCHANGED:
                sides[0] = row[BID]
            if not row["flags"] & Flag.ASK_UNCHANGED:
                sides[1] = row[ASK]
        else:
            found.append((len(found) + 1, row["instrument"], row[PRICE], row[SIZE], *sides))
    return found


@settings(max_examples=60, deadline=None)
@given(flow, cuts, st.integers(0, 30), st.integers(0, 12))
def test_reading_gives_the_newest_trades_of_one_or_of_all(
    rows: list[Row], at: list[int], after: int, most: int
) -> None:
    prints = applied(rows, at).prints
    model = plain_prints(rows)
    assert prints.last_number == len(model)
    for instrument in (None, 0, 1, 2):
        read = prints.read(instrument, after, most)
        wanted = [row for row in model if row[0] > after and instrument in {None, row[1]}]
        names = ("number", "instrument", "px", "size", "bid_px", "ask_px")
        found = list(zip(*(read[name].tolist() for name in names), strict=True))
        assert found == (wanted[-most:] if most else [])


def test_a_ring_that_went_round_ends_where_it_forgot() -> None:
    state = fresh_state(2)
    batch = empty_batch(PRINTS_KEPT)
    batch["kind"], batch["instrument"], batch["ts_ns"] = Kind.TRADE, 0, START_NS
    batch[PRICE], batch[SIZE] = 1_000_000, 1
    batch["instrument"][[3, PRINTS_KEPT - 1]] = 1
    state.apply(batch)
    assert state.prints.read(1)["number"].tolist() == [4, PRINTS_KEPT]
    state.apply(batch[:4])
    assert state.prints.read(1)["number"].tolist() == [PRINTS_KEPT, PRINTS_KEPT + 4]
    assert len(state.prints.read(0, 0, 2 * PRINTS_KEPT)) == PRINTS_KEPT - 2
    whole = state.prints.read(None, 0, 2 * PRINTS_KEPT)
    assert np.array_equal(whole["number"], np.arange(5, PRINTS_KEPT + 5))
    assert len(state.prints.read(7)) == 0


@pytest.mark.parametrize(
    ("bid", "ask", "before", "px", "flags", "side", "is_estimated"),
    [
        (100, 110, [], 110, 0, 1, True),
        (100, 110, [], 100, 0, -1, True),
        (100, 110, [], 106, 0, 1, True),
        (100, 110, [], 105, 0, 0, False),
        (100, 110, [104], 105, 0, 1, True),
        (100, 110, [106], 105, 0, -1, True),
        (100, 110, [106, 105], 105, 0, -1, True),
        (120, 110, [106], 112, 0, 1, True),
        (ABSENT_PX, ABSENT_PX, [], 105, 0, 0, False),
        (100, 110, [], 110, Flag.SELLER_AGGRESSOR, -1, False),
        (100, 110, [], 110, Flag.OFF_BOOK, 0, False),
    ],
)
def test_a_side_that_was_not_said_is_told_by_the_quote_and_then_by_the_last_price(
    bid: int, ask: int, before: list[int], px: int, flags: int, side: int, is_estimated: bool
) -> None:
    said = Flag.BUYER_AGGRESSOR
    rows: list[Row] = [{"kind": Kind.QUOTE, "instrument": 0, "ts_ns": START_NS, BID: bid, ASK: ask}]
    rows += [
        {"kind": Kind.TRADE, "instrument": 0, "ts_ns": START_NS, PRICE: each, SIZE: 1, "flags": said} for each in before
    ]
    rows.append({"kind": Kind.TRADE, "instrument": 0, "ts_ns": START_NS, PRICE: px, SIZE: 5, "flags": flags})
    newest = applied(rows, []).prints.read(0)[-1]
    assert (newest["aggressor"], newest["estimated"], newest["flags"]) == (side, is_estimated, flags)
