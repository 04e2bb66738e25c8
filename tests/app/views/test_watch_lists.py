"""Named watchlists on disk, symbols out of pasted text, sorting and filtering, sparklines."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.app.views.freshness import FeedPulse
from terminal.app.views.trends import HEIGHT, POINTS, Trends, shape
from terminal.app.views.watch_lists import BadListError, WatchListBook, symbols_in
from terminal.app.views.watch_shown import OWN, ShownList
from terminal.app.views.watchlist import WatchlistView
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import InstrumentKind, SessionProduct
from terminal.core.ticks import TickClass
from tests.app.views.small_market import SmallMarket

LIVE = FeedPulse()


def many(market: SmallMarket, count: int) -> list[int]:
    return [
        market.table.add(
            f"S{n:03}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY, name=f"Firm {n}"
        ).id
        for n in range(count)
    ]


def test_lists_are_kept_told_and_found_again(tmp_path: Path) -> None:
    book = WatchListBook(tmp_path / "lists")
    heard: list[str] = []
    stop = book.subscribe(heard.append)
    book.put("Tech & more", ["ACME", "SIMX", "ACME"])
    book.put("alpha", [])
    assert book.names() == ["alpha", "Tech & more"]
    again = WatchListBook(tmp_path / "lists")
    assert again.of("Tech & more") == ("ACME", "SIMX")
    stop()
    book.remove("alpha")
    book.remove("alpha")
    assert heard == ["Tech & more", "alpha"]
    assert WatchListBook(tmp_path / "lists").names() == ["Tech & more"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\nb"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadListError, match="characters"):
        WatchListBook(tmp_path).put(name, [])


def test_two_names_never_share_a_file(tmp_path: Path) -> None:
    book = WatchListBook(tmp_path)
    for name in ("a/b", "a%2fb", "a b", "a_b", "Ä", "ä2"):
        book.put(name, [name])
    assert len(list(tmp_path.iterdir())) == 6
    with pytest.raises(BadListError, match="already"):
        book.put("A/B", [])
    assert [WatchListBook(tmp_path).of(name) for name in book.names()] == [(name,) for name in book.names()]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"name": 1}', '{"version": 99, "name": "x", "symbols": []}', "\udcff", "[" * 100_000]
)
def test_a_broken_file_costs_its_own_list_only(tmp_path: Path, text: str) -> None:
    WatchListBook(tmp_path).put("good", ["ACME"])
    (tmp_path / "bad.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    book = WatchListBook(tmp_path)
    assert book.names() == ["good"]
    assert "bad.json" in book.problems[0]


def test_a_disk_that_refuses_says_so_and_the_list_is_there_all_the_same(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    book = WatchListBook(blocked / "lists")
    with pytest.raises(Exception, match="watchlist mine"):
        book.put("mine", ["ACME"])
    assert book.of("mine") == ("ACME",)


def test_symbols_come_out_of_any_paste(small_market: SmallMarket) -> None:
    option = small_market.table.get(small_market.options[0])
    text = f"acme, {option.symbol}\nSIMX\tNOPE;  ;{option.label}\r\nACME simx what"
    found, unknown = symbols_in(text, small_market.table)
    assert found == [small_market.acme.id, option.id, small_market.index.id]
    assert unknown == ["NOPE", "what"]


def test_a_shown_list_writes_through_and_two_watchlists_agree(small_market: SmallMarket, tmp_path: Path) -> None:
    book = WatchListBook(tmp_path)
    view = WatchlistView(small_market.table, small_market.state)
    other_view = WatchlistView(small_market.table, small_market.state)
    mine = ShownList(view, book, ["ACME"])
    other = ShownList(other_view, book, [])
    book.subscribe(other.follow)
    mine.restore({})
    assert view.symbols() == ["ACME"], "an empty own list shows the underlyings"
    mine.create("Two")
    other.show("Two")
    view.add(small_market.index.id)
    mine.edited()
    assert other_view.symbols() == ["ACME", "SIMX"]
    mine.rename("Three")
    assert book.names() == ["Three"]
    assert (mine.name, other.name) == ("Three", OWN), "what another panel shows becomes its own list"
    assert other_view.symbols() == ["ACME", "SIMX"]
    again = ShownList(WatchlistView(small_market.table, small_market.state), book, [])
    again.restore(mine.settings())
    assert (again.name, again.symbols()) == ("Three", ["ACME", "SIMX"])
    mine.delete()
    assert (mine.name, mine.symbols(), book.names()) == (OWN, ["ACME", "SIMX"], [])
    with pytest.raises(BadListError):
        mine.create("")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(1, 999)), min_size=1, max_size=20), st.booleans())
def test_rows_sort_by_number_and_missing_ones_come_last(prices: list[int | None], descending: bool) -> None:
    market = SmallMarket()
    ids = many(market, len(prices))
    for each, price in zip(ids, prices, strict=True):
        if price is not None:
            market.trade(each, price * 100)
    view = WatchlistView(market.table, market.state)
    view.add_all(ids)
    view.sort("last", descending=descending)
    by_id = dict(zip(ids, prices, strict=True))
    shown = [by_id[each] for each in view.shown]
    there = [each for each in shown if each is not None]
    assert there == sorted(there, reverse=descending)
    assert shown[len(there) :] == [None] * (len(shown) - len(there))
    equal = [each for each in view.shown if by_id[each] is None]
    assert equal == sorted(equal), "equals keep the person's order"


def test_every_column_sorts_and_a_slice_is_that_of_the_whole(small_market: SmallMarket) -> None:
    ids = many(small_market, 30)
    for place, each in enumerate(ids):
        small_market.prior_close(each, 1_000_000)
        small_market.quote(each, 999_000 - 100 * place, 1_000_000 + 200 * place, 10 + place, 40 - place)
        small_market.trade(each, 1_000_000 + 100 * place, 10 * place + 1)
    view = WatchlistView(small_market.table, small_market.state)
    view.add_all(ids)
    whole = view.rows(small_market.ts_ns, LIVE)
    for column in ("last", "bid", "ask", "change", "change_pct", "spread", "spread_bp", "volume", "ask_size", "age"):
        view.sort(column, descending=True)
        cells = [view.rows(small_market.ts_ns, LIVE).values[column]][0]
        assert cells == sorted(whole.values[column], reverse=True), column
    view.sort(None)
    part = view.rows(small_market.ts_ns, LIVE, 5, 9)
    assert part.keys == whole.keys[5:9]
    for column, cells in part.values.items():
        if column != "trend":
            assert cells == whole.values[column][5:9], column
    assert math.isclose(whole.values["spread_bp"][0], 10_000 * 1000 / 999_500)


def test_the_filter_looks_at_symbols_and_names(small_market: SmallMarket) -> None:
    ids = many(small_market, 12)
    view = WatchlistView(small_market.table, small_market.state)
    view.add_all([small_market.acme.id, *ids])
    view.filter("works")
    assert view.shown == [small_market.acme.id]
    view.filter("firm S01")
    assert view.shown == ids[10:]
    assert not view.is_own_order
    view.filter("")
    assert len(view.shown) == 13
    view.move_to(ids[0], 0)
    assert view.shown[0] == ids[0]


def test_ages_are_of_each_cell(small_market: SmallMarket) -> None:
    acme = small_market.acme.id
    small_market.quote(acme, 999_900, 1_000_100)
    small_market.quote(acme, 999_900, 1_000_200, after_ns=5 * NS_PER_S)
    view = WatchlistView(small_market.table, small_market.state)
    view.add(acme)
    rows = view.rows(small_market.ts_ns, LIVE)
    assert (rows.ages["bid"], rows.ages["ask"], rows.ages["last"]) == ([2], [3], [0])
    assert "bid 5.0 s" in rows.tips["bid"][0]


@given(st.lists(st.integers(-(10**9), 10**9), max_size=60))
def test_a_trend_keeps_its_ends_and_its_order(prices: list[int]) -> None:
    made = shape(np.array(prices, np.int64))
    if len(prices) < 2:
        assert made == ()
        return
    assert made[0] == (1 if prices[-1] >= prices[0] else -1)
    heights = made[1:]
    assert len(heights) == len(prices)
    assert all(0 <= height <= HEIGHT for height in heights)
    if max(prices) > min(prices):
        assert heights[prices.index(max(prices))] == HEIGHT
        assert heights[prices.index(min(prices))] == 0


def test_a_trend_comes_from_bars_and_for_an_option_from_what_was_seen(small_market: SmallMarket) -> None:
    acme, option = small_market.acme, small_market.options[0]
    trends = Trends(small_market.state)
    ids = np.array([acme.id, option], np.int32)
    for second in range(POINTS + 30):
        small_market.trade(acme.id, 1_000_000 + 100 * second, after_ns=5 * NS_PER_S)
        small_market.quote(option, 10_000 + 100 * second, 10_200 + 100 * second)
        assert trends.is_due(small_market.ts_ns)
        trends.note(small_market.ts_ns, ids, small_market.state.read(ids))
    rows = [small_market.table.get(each) for each in ids.tolist()]
    stock, contract = trends.of(rows, small_market.ts_ns)
    assert stock[0] == contract[0] == 1
    assert list(contract[1:]) == sorted(contract[1:])
    assert len(contract) == POINTS + 1
    assert len(stock) > 2
    assert trends.of(rows, small_market.ts_ns) == [stock, contract], "made again no sooner than needed"
