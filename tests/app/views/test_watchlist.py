"""The watchlist on a real market state."""

from __future__ import annotations

import math

import pytest

from terminal.app.formats import MISSING
from terminal.app.views.freshness import FeedPulse
from terminal.app.views.table_rows import TableRows
from terminal.app.views.watchlist import WatchlistView
from terminal.core.messages import Phase
from tests.app.views.small_market import SmallMarket

LIVE = FeedPulse()


def view_of(market: SmallMarket, *symbols: str) -> WatchlistView:
    view = WatchlistView(market.table, market.state)
    assert view.set_symbols(symbols) == []
    return view


def cell(view: WatchlistView, rows: TableRows, row: int, column: str) -> str:
    return view.text(column, rows.values[column][row], rows.keys[row])


def test_missing_is_a_dash_and_never_a_zero(small_market: SmallMarket) -> None:
    view = view_of(small_market, "ACME")
    rows = view.rows(small_market.ts_ns, LIVE)
    for name in ("last", "change", "change_pct", "bid", "ask", "bid_size", "spread", "volume", "age"):
        assert cell(view, rows, 0, name) == MISSING


def test_change_is_from_the_prior_close_with_sign_and_arrow(small_market: SmallMarket) -> None:
    small_market.prior_close(small_market.acme.id, 1_000_000)
    small_market.trade(small_market.acme.id, 987_700)
    view = view_of(small_market, "ACME")
    rows = view.rows(small_market.ts_ns, LIVE)
    assert cell(view, rows, 0, "change") == "▼ −1.23"
    assert cell(view, rows, 0, "change_pct") == "−1.23%"


def test_trades_without_quotes_say_that_the_spread_is_unknown(small_market: SmallMarket) -> None:
    small_market.trade(small_market.acme.id, 1_000_000)
    small_market.trade(small_market.index.id, 50_000_000)
    view = view_of(small_market, "ACME", "SIMX")
    rows = view.rows(small_market.ts_ns, LIVE)
    assert cell(view, rows, 0, "last") == "100.00"
    assert cell(view, rows, 0, "spread") == "unknown"
    assert math.isnan(rows.values["spread"][0]), "so that sorting puts it last"
    assert "spread is unknown" in rows.tips["spread"][0]
    assert cell(view, rows, 1, "spread") == MISSING, "an index has no spread to know"
    assert cell(view, rows, 1, "volume") == MISSING


def test_a_silent_feed_is_stale_and_a_closed_market_is_not(small_market: SmallMarket) -> None:
    small_market.quote(small_market.acme.id, 999_900, 1_000_100)
    view = view_of(small_market, "ACME", "SIMX")
    assert view.rows(small_market.ts_ns, LIVE).stale == [False, False]
    silent = view.rows(small_market.ts_ns, FeedPulse(is_silent=True))
    assert silent.stale == [True, False], "what was never seen cannot be stale"
    small_market.phase(Phase.CLOSED)
    closed = view.rows(small_market.ts_ns, FeedPulse(is_silent=True))
    assert closed.stale == [False, False]
    assert cell(view, closed, 0, "age") == "closed"
    assert closed.tones["bid"][0] == "text1"


def test_a_crossed_quote_is_marked_and_explained(small_market: SmallMarket) -> None:
    small_market.quote(small_market.acme.id, 1_000_200, 1_000_100)
    rows = view_of(small_market, "ACME").rows(small_market.ts_ns, LIVE)
    assert rows.tones["bid"] == ["warn"]
    assert rows.values["spread"] == [-100]
    assert "Crossed" in rows.tips["bid"][0]


def test_rows_are_added_once_moved_and_removed(small_market: SmallMarket) -> None:
    view = view_of(small_market, "ACME", "SIMX")
    assert not view.add(small_market.acme.id)
    view.move(small_market.index.id, -1)
    assert view.symbols() == ["SIMX", "ACME"]
    view.move(small_market.index.id, 9)
    assert view.symbols() == ["ACME", "SIMX"]
    view.remove(small_market.index.id)
    view.remove(small_market.index.id)
    assert view.symbols() == ["ACME"]
    assert view.set_symbols(["ACME", "NOPE"]) == ["NOPE"]
    assert WatchlistView(small_market.table, small_market.state).rows(0, LIVE).keys == []


@pytest.mark.parametrize(("seconds", "text"), [(0, "0.0 s"), (3, "3.0 s"), (75, "1 m 15 s")])
def test_age_is_in_market_time(small_market: SmallMarket, seconds: int, text: str) -> None:
    small_market.trade(small_market.acme.id, 900_000)
    view = view_of(small_market, "ACME")
    rows = view.rows(small_market.ts_ns + seconds * 1_000_000_000, LIVE)
    assert cell(view, rows, 0, "age") == text
