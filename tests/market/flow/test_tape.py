"""Prints to orders: what is joined and marked, the day's sums, and that cuts of the stream change nothing."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.clock import NS_PER_DAY, NS_PER_S
from terminal.core.messages import Flag
from terminal.core.osi import Right
from terminal.market.flow.rows import Mark, TradeClass
from terminal.market.flow.sums import by_underlying
from terminal.market.flow.tape import CELLS_KEPT, KEPT, RECENT, FlowTape, Known
from tests.market.flow.option_prints import FUND, OPEN_NS, STOCK, STRIKES, One, listed, option, prints

TABLE = listed()
CALL, PUT = option(TABLE, 100, Right.CALL), option(TABLE, 100, Right.PUT)
NEAR, FAR_AWAY = option(TABLE, 105, Right.CALL), option(TABLE, 120, Right.CALL)
SPOT = One(0, STOCK, 100, px=1_000_000)


def tape(*trades: One, **more: object) -> FlowTape:
    made = FlowTape(TABLE, **more)  # type: ignore[arg-type]
    made.add(prints(trades))
    return made


def test_prints_of_one_side_over_venues_are_one_sweep() -> None:
    made = tape(One(0, CALL, 30, venue=1), One(5, CALL, 20, venue=2), One(20, CALL, 50, venue=3))
    order = made.orders[0]
    assert len(made.orders) == 1
    assert (order["size"], order["prints"], order["venues"], order["contracts"]) == (100, 3, 3, 1)
    assert order["marks"] & Mark.SWEEP_VENUES
    assert not order["marks"] & Mark.SWEEP_STRIKES
    assert order["premium"] == pytest.approx(1.10 * 100 * 100)
    assert order["volume"] == 100


def test_neighbouring_strikes_of_one_expiry_are_one_sweep_and_distant_ones_are_not() -> None:
    strikes = [option(TABLE, strike, Right.CALL) for strike in (100, 105, 110)]
    order = tape(*(One(at, each, 40) for at, each in enumerate(strikes))).orders[0]
    assert order["marks"] & Mark.SWEEP_STRIKES
    assert (order["low_strike_px"], order["high_strike_px"]) == (1_000_000, 1_100_000)
    assert len(tape(One(0, CALL), One(1, FAR_AWAY)).orders) == 2


@pytest.mark.parametrize(
    "other",
    [
        One(1, PUT),
        One(1, CALL, side=-1),
        One(40, CALL),
        One(1, option(TABLE, 100, Right.CALL, far=True)),
        One(1, option(TABLE, 100, Right.CALL, of="FND")),
    ],
    ids=["other right", "other side", "too late", "other expiry", "other underlying"],
)
def test_what_does_not_belong_together_is_not_joined(other: One) -> None:
    assert len(tape(One(0, CALL), other).orders) == 2


def test_an_unknown_side_joins_nothing_and_has_no_class() -> None:
    made = tape(One(0, CALL, 300, side=0), One(1, CALL, 300, side=0))
    assert len(made.orders) == 2
    assert set(made.orders["trade_class"]) == {TradeClass.UNKNOWN}
    assert np.isnan(made.orders["gamma_effect"]).all()


def test_a_single_large_print_is_a_block_and_two_halves_are_none() -> None:
    assert tape(One(0, CALL, 250)).orders[0]["marks"] & Mark.BLOCK
    assert not tape(One(0, CALL, 125), One(1, CALL, 125)).orders[0]["marks"] & Mark.BLOCK


def test_volume_above_open_interest_opens_and_without_interest_nobody_knows() -> None:
    trades = [One(0, CALL, 60), One(1000, CALL, 60)]
    first, second = tape(*trades, interest=lambda instrument: 100).orders
    assert not first["marks"] & Mark.OPENING
    assert second["marks"] & Mark.OPENING
    assert second["volume"] == 120
    assert not any(each["marks"] & Mark.OPENING for each in tape(*trades).orders)


def test_the_spot_is_that_of_the_print_before() -> None:
    made = tape(One(0, CALL), SPOT, One(2, PUT), One(3, STOCK, px=1_010_000, flags=Flag.OFF_BOOK), One(4, FAR_AWAY))
    assert math.isnan(made.orders[0]["spot"])
    assert list(made.orders["spot"][1:]) == [100.0, 100.0]


BIG = 2_000


@pytest.mark.parametrize(
    ("strike", "right", "side", "of", "far", "expected"),
    [
        (95, Right.PUT, 1, "FND", False, TradeClass.HEDGE),
        (95, Right.PUT, 1, "XYZ", False, TradeClass.DIRECTIONAL),
        (90, Right.PUT, 1, "XYZ", True, TradeClass.HEDGE),
        (110, Right.CALL, -1, "XYZ", True, TradeClass.HEDGE),
        (110, Right.CALL, -1, "XYZ", False, TradeClass.DIRECTIONAL),
        (110, Right.CALL, 1, "XYZ", True, TradeClass.DIRECTIONAL),
        (100, Right.CALL, 1, "XYZ", True, TradeClass.VOLATILITY),
        (100, Right.CALL, 0, "XYZ", True, TradeClass.UNKNOWN),
    ],
)
def test_the_class_of_a_large_order(
    strike: int, right: Right, side: int, of: str, far: bool, expected: TradeClass
) -> None:
    contract = option(TABLE, strike, right, of=of, far=far)
    made = tape(SPOT, One(0, FUND, px=1_000_000), One(1, contract, BIG, side=side))
    assert made.orders[0]["trade_class"] == expected


def test_a_call_and_a_put_bought_together_are_a_trade_in_volatility() -> None:
    made = tape(SPOT, One(1, CALL, BIG), One(500, PUT, BIG - 100))
    assert set(made.orders["trade_class"]) == {TradeClass.VOLATILITY}
    alone = tape(SPOT, One(1, CALL, BIG), One(1500, PUT, BIG - 100))
    assert TradeClass.VOLATILITY not in alone.orders["trade_class"]


def test_an_event_before_the_expiry_makes_it_earnings_positioning() -> None:
    def known(*_: object) -> Known:
        return Known(0.5, 0.5, 0.05, 2.0, OPEN_NS)

    order = tape(SPOT, One(1, CALL, BIG), known=known).orders[0]
    assert order["trade_class"] == TradeClass.EARNINGS
    # Bought from dealers, who are short then: 0.05 x 2,000 x 100 x 100^2 x 1 %.
    assert order["gamma_effect"] == pytest.approx(-0.05 * BIG * 100 * 100.0**2 * 0.01)
    assert order["delta"] == 0.5
    sold = tape(SPOT, One(1, CALL, BIG, side=-1), known=known).orders[0]
    assert sold["gamma_effect"] == -order["gamma_effect"]


def test_small_orders_have_no_score_and_more_of_everything_scores_more() -> None:
    small = tape(SPOT, One(1, CALL, 10)).orders[0]
    assert (small["trade_class"], small["score"]) == (TradeClass.NONE, 0)
    scores = [tape(SPOT, One(1, CALL, size), interest=lambda instrument: 5_000).orders[0]["score"]
              for size in (1_000, 4_000, 40_000)]  # fmt: skip
    assert scores == sorted(set(scores))
    between = tape(SPOT, One(1, CALL, 4_000, px=10_500), interest=lambda instrument: 5_000).orders[0]["score"]
    assert between < scores[1]
    assert all(0 < each <= 100 for each in scores)


def test_sums_by_expiry_and_right() -> None:
    made = tape(One(0, CALL, 10), One(1, PUT, 30), One(2, option(TABLE, 100, Right.PUT, far=True), 5), SPOT)
    total = by_underlying(made.sums, STOCK)
    assert (total.call_volume, total.put_volume) == (10, 35)
    assert total.put_premium == pytest.approx(3_850.0)
    assert len(made.sums) == 2


def test_a_new_day_begins_with_nothing() -> None:
    made = tape(One(0, CALL, 10))
    later = prints([One(0, CALL, 7)], first=2)
    later["ts_ns"] += NS_PER_DAY
    made.add(later)
    assert by_underlying(made.sums, STOCK).call_volume == 7
    assert list(made.orders["id"]) == [1]
    assert made.orders[0]["volume"] == 7
    assert made.cells["volume"].sum() == 7


def test_what_is_no_trade_is_counted_and_not_taken() -> None:
    made = tape(One(0, CALL, 0), One(1, CALL, 10, px=0), One(2, CALL, 10, flags=Flag.OFF_BOOK))
    assert made.skipped == 2
    assert made.orders[0]["marks"] & Mark.OFF_BOOK
    assert made.orders[0]["side"] == 0


def test_small_orders_make_room_and_large_ones_stay() -> None:
    made = FlowTape(TABLE)
    count = KEPT + 10
    many = prints([One(0, CALL, 1)] * count)
    many["ts_ns"] = OPEN_NS + np.arange(count) * NS_PER_S // 1000
    many["aggressor"] = 0
    many["size"][5] = 5_000
    many["instrument"] = np.where(np.arange(count) % 3, CALL, PUT)
    made.add(many)
    assert RECENT < len(made.orders) < KEPT
    assert list(made.orders["id"][-RECENT:]) == list(range(made.next_id - RECENT, made.next_id))
    assert made.orders["id"][0] == 5
    assert made.orders["size"][0] == 5_000
    assert made.cells["volume"].sum() == many["size"].sum()
    assert len(made.cells) <= CELLS_KEPT


ANY = st.builds(
    One,
    ms=st.integers(0, 3_000).map(float),
    instrument=st.sampled_from(
        [STOCK, FUND, *(option(TABLE, strike, right) for strike in STRIKES[2:7] for right in Right)]
    ),
    size=st.sampled_from([0, 1, 40, 300, 5_000]),
    side=st.sampled_from([-1, 0, 1]),
    px=st.sampled_from([0, 9_900, 10_000, 10_500, 11_000, 12_000]),
    venue=st.integers(0, 3),
    flags=st.sampled_from([0, 0, 0, int(Flag.OFF_BOOK)]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY, max_size=60), st.lists(st.integers(0, 60), max_size=12), st.booleans())
def test_cuts_change_nothing_and_no_print_is_lost_or_counted_twice(
    trades: list[One], cuts: list[int], rolls: bool
) -> None:
    rows = prints(sorted(trades, key=lambda each: each.ms))
    if rolls:
        rows["ts_ns"][len(rows) // 2 :] += NS_PER_DAY
    whole, parts = FlowTape(TABLE), FlowTape(TABLE)
    whole.add(rows)
    edges = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        parts.add(rows[start:end])
    assert repr(whole.orders.tolist()) == repr(parts.orders.tolist())
    assert whole.cells.tolist() == parts.cells.tolist()
    assert whole.sums == parts.sums
    taken = rows[(TABLE.underlying_of[rows["instrument"]] >= 0) & (rows["size"] > 0) & (rows["px"] > 0)]
    today = taken[taken["ts_ns"] >= whole.day_ends_ns - NS_PER_DAY]
    assert whole.prints == len(taken)
    for sums in (whole.orders["size"], whole.cells["volume"], whole.volume):
        assert sums.sum() == today["size"].sum()
    assert whole.orders["prints"].sum() == len(today)
    assert sum(each.call_volume + each.put_volume for each in whole.sums.values()) == today["size"].sum()
