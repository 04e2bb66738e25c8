"""The tape: what is joined, what is marked, and that no trade is ever lost."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.app.views import tape_words, time_and_sales
from terminal.app.views.print_groups import Joining, PrintGroups
from terminal.app.views.time_and_sales import Merge, TapeRules, TimeAndSalesView
from terminal.core.money import ABSENT_PX
from terminal.market.places import ABOVE_ASK, AT_ASK, AT_BID, BELOW_BID, BETWEEN, NO_QUOTE, place_of
from tests.app.views.listed_prints import ListedPrints, One, rows_of

TRADES = st.lists(
    st.builds(
        One,
        ms=st.integers(0, 40),
        px=st.integers(99, 102),
        size=st.integers(1, 9),
        side=st.sampled_from((-1, 0, 1)),
        instrument=st.integers(0, 2),
        venue=st.integers(0, 2),
    ),
    max_size=60,
)
RULES = st.builds(TapeRules, merge=st.sampled_from(Merge), within_ms=st.integers(0, 5), least_size=st.just(0))


def tape(*trades: One, rules: TapeRules | None = None) -> tuple[TimeAndSalesView, ListedPrints]:
    market = ListedPrints()
    market.trade(*trades)
    view = TimeAndSalesView(market)
    view.show([0])
    view.set_rules(rules or TapeRules())
    view.refresh()
    return view, market


def column(view: TimeAndSalesView, name: str, above: int = 0, count: int = 99) -> list[int]:
    found: list[int] = view.page(above, count).rows[name].tolist()
    return found


def test_each_trade_has_a_row_newest_first() -> None:
    view, market = tape(One(1, 100, 5), One(2, 101, 3, -1), One(2, 101, 4, 1, instrument=1))
    assert column(view, "px") == [101, 100]
    assert column(view, "side") == [-1, 1]
    market.trade(One(3, 102, 8))
    assert column(view, "px") == [101, 100]
    assert view.refresh()
    assert column(view, "px") == [102, 101, 100]
    assert not view.refresh()


def test_the_same_price_and_side_close_in_time_is_one_row() -> None:
    trades = (
        One(0, 100, 5),
        One(40, 100, 6),
        One(80, 100, 7),
        One(200, 100, 1),
        One(201, 100, 2, -1),
        One(202, 101, 4),
    )
    view, _ = tape(*trades, rules=TapeRules(Merge.PRICE, within_ms=50))
    assert column(view, "size") == [4, 2, 1, 18]
    assert column(view, "prints") == [1, 1, 1, 3]
    view.set_rules(TapeRules(Merge.NONE))
    assert column(view, "size") == [4, 2, 1, 7, 6, 5]


def test_a_sweep_is_one_side_through_several_prices_in_its_direction() -> None:
    up = (One(0, 100, 5), One(1, 101, 6), One(1, 101, 7, venue=2), One(3, 103, 9))
    view, _ = tape(*up, One(4, 102, 1), One(100, 102, 1), rules=TapeRules(Merge.SWEEP))
    page = view.page(0, 9)
    assert page.rows["size"].tolist() == [1, 1, 27]
    assert page.sweeps["size"].tolist() == [0, 0, 27]
    (low, high, prints, venues) = (int(page.sweeps[name][2]) for name in ("low_px", "high_px", "prints", "venues"))
    assert (low, high, prints, venues) == (100, 103, 4, 2)
    view.set_rules(TapeRules(Merge.NONE))
    assert view.page(0, 9).sweeps["size"].tolist() == [0, 0, 27, 27, 27, 27]


def test_one_price_on_one_venue_or_an_unknown_side_is_no_sweep() -> None:
    view, _ = tape(One(0, 100, 5), One(1, 100, 6), One(50, 100, 1, 0), One(51, 101, 1, 0))
    assert not view.page(0, 9).sweeps["size"].any()


def test_places_against_the_quote_before_the_print() -> None:
    px = (102, 101, 100, 99, 98, 100, 101, 99)
    quotes = [(99, 101)] * 5 + [(ABSENT_PX, ABSENT_PX), (ABSENT_PX, 101), (99, ABSENT_PX)]
    rows = rows_of([One(0, each, 1, bid_px=bid, ask_px=ask) for each, (bid, ask) in zip(px, quotes, strict=True)])
    wanted = [ABOVE_ASK, AT_ASK, BETWEEN, AT_BID, BELOW_BID, NO_QUOTE, AT_ASK, AT_BID]
    assert place_of(rows).tolist() == wanted


def test_the_filter_counts_whole_rows_and_pages_scroll_back() -> None:
    view, _ = tape(*(One(10 * i, 100, i) for i in range(1, 21)))
    view.set_least_size(11)
    page = view.page(3, 4)
    assert page.rows["size"].tolist() == [17, 16, 15, 14]
    assert (page.above, page.total) == (3, 10)
    assert view.page(99, 5).rows["size"].tolist() == [11]
    view.set_least_size(99)
    assert view.page(0, 5).total == 0


def test_a_pause_stands_still_counts_and_loses_nothing() -> None:
    view, market = tape(One(1, 100, 5), One(2, 101, 3))
    view.pause()
    market.trade(One(3, 102, 8), One(4, 102, 9))
    assert view.refresh()
    assert (column(view, "size"), view.waiting, view.totals(0).bought) == ([3, 5], 2, 8)
    view.set_rules(TapeRules(Merge.PRICE))
    assert (column(view, "size"), view.waiting) == ([3, 5], 2)
    view.resume()
    assert (column(view, "size"), view.waiting) == ([17, 3, 5], 0)


def test_totals_of_a_stretch_of_time() -> None:
    trades = (One(0, 100, 5), One(9_000, 100, 7, -1), One(10_000, 100, 1, 0), One(11_000, 100, 2), One(9_500, 100, 4))
    view, _ = tape(*trades)
    every, last = view.totals(0), view.totals(2)
    assert (every.bought, every.sold, every.unsided, every.delta, every.prints) == (11, 7, 1, 4, 5)
    assert (last.bought, last.sold, last.unsided) == (6, 0, 1)
    assert tape()[0].totals(60).prints == 0


def test_a_replay_that_goes_back_starts_the_tape_again() -> None:
    view, market = tape(One(1, 100, 5), One(2, 101, 3))
    view.pause()
    market.clear()
    market.trade(One(1, 100, 7))
    view.refresh()
    assert (column(view, "size"), view.is_paused) == ([7], False)


def test_what_the_ring_has_no_more_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    market = ListedPrints(kept=4)
    market.trade(*(One(i, 100, 1, instrument=i % 2) for i in range(10)))
    view = TimeAndSalesView(market)
    view.show([0])
    view.refresh()
    assert (view.page(0, 9).total, view.older()) == (2, 3)
    market.trade(One(20, 100, 1))
    assert view.older() == 3, "a trade that comes with the next refresh is new, not old"
    view.show(None)
    view.refresh()
    assert (view.page(0, 9).total, view.older()) == (4, 7)
    monkeypatch.setattr(time_and_sales, "KEPT", 8)
    for i in range(12):
        market.trade(One(30 + i, 100, 1))
        view.refresh()
    page = view.page(0, 99)
    assert page.total + view.older() == market.last_number
    assert view.totals(0).prints == page.total


@settings(max_examples=80, deadline=None)
@given(trades=TRADES, rules=RULES, cuts=st.lists(st.integers(0, 60), max_size=4), data=st.data())
def test_rows_add_up_to_the_trades_however_they_come(trades: list[One], rules: TapeRules, cuts: Any, data: Any) -> None:
    chosen = data.draw(st.sampled_from(([0], [0, 2], None)))
    whole, market = ListedPrints(), ListedPrints()
    whole.trade(*trades)
    once, bits = TimeAndSalesView(whole), TimeAndSalesView(market)
    for view in (once, bits):
        view.show(chosen)
        view.set_rules(rules)
    once.refresh()
    edges = [0, *sorted(min(each, len(trades)) for each in cuts), len(trades)]
    for start, end in pairwise(edges):
        market.trade(*trades[start:end])
        {0: bits.pause, 1: bits.resume, 2: bits.refresh}[data.draw(st.integers(0, 2))]()
        bits.refresh()
    bits.resume()
    mine = [each for each in trades if chosen is None or each.instrument in chosen]
    first, second = once.page(0, 99), bits.page(0, 99)
    assert first.rows.tolist() == second.rows.tolist()
    assert first.sweeps.tolist() == second.sweeps.tolist()
    for side, total in ((1, bits.totals(0).bought), (-1, bits.totals(0).sold), (0, bits.totals(0).unsided)):
        raw = sum(each.size for each in mine if each.side == side)
        assert total == raw
        assert int(second.rows["size"][second.rows["side"] == side].sum()) == raw
    assert int(second.rows["prints"].sum()) == len(mine)


@settings(max_examples=60, deadline=None)
@given(trades=TRADES, steps=st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=12))
def test_nothing_is_lost_across_pauses(trades: list[One], steps: list[tuple[int, bool]]) -> None:
    market = ListedPrints()
    view = TimeAndSalesView(market)
    view.show(None)
    left = list(trades)
    for count, pauses in steps:
        held = view.page(0, 999).rows
        if view.is_paused:
            assert view.waiting + len(held) <= market.last_number
        if pauses:
            view.pause()
        else:
            view.resume()
        before = view.page(0, 999).rows.tolist()
        market.trade(*left[:count])
        left = left[count:]
        view.refresh()
        if pauses:
            assert view.page(0, 999).rows.tolist() == before
        assert len(view.page(0, 999).rows) + view.waiting == market.last_number
    view.resume()
    assert view.page(0, 999).rows["number"].tolist() == list(range(market.last_number, 0, -1))


@settings(max_examples=60, deadline=None)
@given(trades=TRADES, within=st.integers(0, 5), sweep=st.booleans())
def test_groups_are_those_of_a_loop_over_the_trades(trades: list[One], within: int, sweep: bool) -> None:
    groups = PrintGroups(Joining(within * 1_000_000, is_sweep=sweep))
    ids = groups.add(rows_of(trades))
    last: dict[int, tuple[One, int]] = {}
    wanted: list[int] = []
    for each in trades:
        before = last.get(each.instrument)
        joins = before is not None and abs(each.ms - before[0].ms) <= within and each.side == before[0].side
        if joins and before is not None:
            step = (each.px - before[0].px) * each.side
            joins = (each.side != 0 and step >= 0) if sweep else each.px == before[0].px
        found = before[1] if joins and before is not None else max(wanted, default=-1) + 1
        wanted.append(found)
        last[each.instrument] = each, found
    assert ids.tolist() == wanted
    assert np.array_equal(np.bincount(ids, minlength=len(groups.rows)), groups.rows["prints"])


def test_a_sweep_s_words_get_shorter_by_whole_words() -> None:
    assert tape_words.shorter("SWEEP ×3 600  100.01–100.03") == ("SWEEP ×3 600", "×3 600", "×3")
