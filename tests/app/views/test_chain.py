"""The option chain on a real market state."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pytest

from terminal.app.formats import MISSING
from terminal.app.views.cells import ABSENT, AGE_MASK, AGE_SHIFT, CellGrid, Column, Look, Tone, age_level
from terminal.app.views.chain import ChainView, series_of, strike_text
from terminal.app.views.chain_columns import COLUMNS
from terminal.app.views.chain_vols import chain_vols, method_name, years_left
from terminal.app.views.freshness import FeedPulse
from terminal.core.clock import NS_PER_S, at_ns
from terminal.core.instruments import SettlementTime, Style
from terminal.core.messages import Phase
from terminal.core.orders import Side
from terminal.core.osi import Right
from terminal.quant import european
from tests.app.views.small_market import SmallMarket

LIVE = FeedPulse()
AT = {column.id: place for place, column in enumerate(COLUMNS)}


def chain_of(market: SmallMarket) -> ChainView:
    view = ChainView(market.table, market.state)
    (series,) = series_of(market.table, market.acme.id)
    view.show(market.acme, series)
    view.refresh(0, 99, market.ts_ns, LIVE)
    return view


def test_missing_sides_are_dashes_and_a_zero_bid_is_a_quote(small_market: SmallMarket) -> None:
    view = chain_of(small_market)
    assert view.grid.text(0, AT["call.bid"]) == MISSING
    small_market.quote(small_market.options[0], 0, 500, 0, 10)
    view.refresh(0, 99, small_market.ts_ns, LIVE)
    assert view.grid.text(0, AT["call.bid"]) == "0.00"
    assert view.grid.text(0, AT["call.ask"]) == "0.05"
    assert view.grid.text(0, AT["call.iv"]) == MISSING, "a quote without a bid has no mid"


def test_rows_by_strike_and_contracts_by_side(small_market: SmallMarket) -> None:
    view = chain_of(small_market)
    assert view.strikes_px.tolist() == [950_000, 1_000_000, 1_050_000]
    call, put = view.option(1, AT["call.bid"]), view.option(1, AT["put.ask"])
    assert call is not None
    assert put is not None
    assert (call.label[-5:], put.label[-5:]) == ("100 C", "100 P")
    assert view.option(1, AT["strike"]) is None
    assert view.row_of(call.id) == 1
    assert view.side_of_click(AT["call.bid"]) is Side.SELL
    assert view.side_of_click(AT["put.ask_size"]) is Side.BUY
    assert view.side_of_click(AT["strike"]) is None


def test_in_and_at_the_money_follow_the_spot(small_market: SmallMarket) -> None:
    view = chain_of(small_market)
    assert view.at_the_money() is None
    small_market.trade(small_market.acme.id, 1_010_000)
    view.refresh(0, 99, small_market.ts_ns, LIVE)
    assert view.at_the_money() == 1
    looks = view.grid.looks
    assert looks[0, AT["call.bid"]] & Look.ITM
    assert not looks[0, AT["put.bid"]] & Look.ITM
    assert looks[2, AT["put.bid"]] & Look.ITM
    assert looks[1, AT["strike"]] & Look.ATM
    small_market.quote(small_market.acme.id, 1_049_900, 1_050_100)
    view.refresh(0, 99, small_market.ts_ns, LIVE)
    assert view.spot_px() == 1_050_000, "the mid counts before the last trade"
    assert looks[2, AT["strike"]] & Look.ATM


@pytest.mark.parametrize(("bid", "ask"), [(21_000, 20_000), (10_000, 0)])
def test_crossed_and_zero_quotes_are_marked_and_price_nothing(small_market: SmallMarket, bid: int, ask: int) -> None:
    small_market.trade(small_market.acme.id, 1_000_000)
    small_market.quote(small_market.options[2], bid, ask)
    view = chain_of(small_market)
    assert view.grid.look(1, AT["call.bid"]) & Look.BAD
    assert view.hint(1, AT["call.bid"], small_market.ts_ns).count("prices and fills nothing") == 1
    ids, strikes = view.visible(0, 2)
    quotes = small_market.state.read(ids.ravel()).reshape(-1, 2)
    vols = chain_vols(quotes, ids >= 0, strikes, view.spot_px(), 0.1, 0.0)
    assert vols.iv[1, 0] == ABSENT


def test_ages_of_each_side_and_none_after_the_close(small_market: SmallMarket) -> None:
    option = small_market.options[0]
    small_market.quote(option, 20_000, 21_000)
    small_market.quote(option, 20_100, 21_000, after_ns=5 * NS_PER_S)
    view = chain_of(small_market)
    bid, ask = view.grid.look(0, AT["call.bid"]), view.grid.look(0, AT["call.ask"])
    assert ((bid & AGE_MASK) >> AGE_SHIFT, (ask & AGE_MASK) >> AGE_SHIFT) == (3, 2)
    small_market.phase(Phase.CLOSED)
    view.refresh(0, 99, small_market.ts_ns, FeedPulse(is_silent=True))
    look = view.grid.look(0, AT["call.bid"])
    assert not look & (AGE_MASK | Look.STALE)
    assert "market is closed" in view.hint(0, AT["call.bid"], small_market.ts_ns)


def test_a_silent_feed_underlines_prices(small_market: SmallMarket) -> None:
    small_market.quote(small_market.options[0], 20_000, 21_000)
    view = chain_of(small_market)
    view.refresh(0, 99, small_market.ts_ns, FeedPulse(is_silent=True))
    assert view.grid.look(0, AT["call.bid"]) & Look.STALE
    assert not view.grid.look(1, AT["call.bid"]) & Look.STALE


def test_only_rows_on_the_screen_are_read(small_market: SmallMarket) -> None:
    view = chain_of(small_market)
    for option in small_market.options:
        small_market.quote(option, 20_000, 21_000)
    changes = view.refresh(2, 2, small_market.ts_ns, LIVE)
    assert {row for row, _column, _direction in changes.cells} == {2}
    assert view.grid.text(0, AT["call.bid"]) == MISSING


def test_series_are_told_apart_by_root_and_settlement(small_market: SmallMarket) -> None:
    later = date(2026, 1, 16)
    small_market.index_option("SIMX", later, 5000, Right.CALL, SettlementTime.AM)
    small_market.index_option("SIMXW", later, 5000, Right.CALL, SettlementTime.PM)
    small_market.index_option("SIMXW", date(2026, 1, 5), 5000, Right.CALL, SettlementTime.PM)
    series = series_of(small_market.table, small_market.index.id)
    labels = [each.label(small_market.ts_ns, with_root=True) for each in series]
    assert labels == [
        "SIMXW   05 Jan 2026   0DTE   PM",
        "SIMX   16 Jan 2026   11d   AM",
        "SIMXW   16 Jan 2026   11d   PM",
    ]
    after = at_ns(date(2026, 1, 5), 16, 0)
    assert "expired" in series[0].label(after, with_root=False)


def test_vols_are_those_that_made_the_prices() -> None:
    market = SmallMarket()
    market.phase(Phase.OPEN)
    market.trade(market.acme.id, 1_000_000)
    years = 30 / 365
    for option in market.options:
        row = market.table.get(option)
        assert row.option is not None
        is_call = row.option.symbol.right is Right.CALL
        price = european.price(100.0, row.option.strike_px / 10_000, years, 0.25, 0.03, 0.0, is_call)
        market.quote(option, round(price * 10_000) - 50, round(price * 10_000) + 50)
    view = chain_of(market)
    ids, strikes = view.visible(0, 2)
    quotes = market.state.read(ids.ravel()).reshape(-1, 2)
    vols = chain_vols(quotes, ids >= 0, strikes, view.spot_px(), years, 0.03)
    assert np.all(np.abs(vols.iv - 250) <= 1)
    assert np.all((vols.delta[:, 0] > 0) & (vols.delta[:, 1] < 0))
    view.put_vols(0, vols)
    view.refresh(0, 2, market.ts_ns, LIVE)
    assert view.grid.text(1, AT["call.iv"]) == "25.0"
    assert view.grid.text(1, AT["put.delta"]).startswith("−0.")


def test_without_spot_or_time_there_is_no_vol(small_market: SmallMarket) -> None:
    small_market.quote(small_market.options[2], 20_000, 21_000)
    ids, strikes = chain_of(small_market).visible(0, 2)
    quotes = small_market.state.read(ids.ravel()).reshape(-1, 2)
    for spot, years in ((None, 0.1), (1_000_000, 0.0)):
        assert np.all(chain_vols(quotes, ids >= 0, strikes, spot, years, 0.0).iv == ABSENT)
    assert years_left(10, 5) == 0
    assert "priced as European" in method_name(0.04, Style.AMERICAN)
    assert "European" not in method_name(0.04, Style.EUROPEAN)


@pytest.mark.parametrize(("px", "text"), [(7_500_000, "750"), (992_900, "99.29"), (25_000, "2.5")])
def test_strikes_have_the_decimals_that_they_have(px: int, text: str) -> None:
    assert strike_text(px) == text


def test_a_grid_formats_changed_cells_only_and_knows_their_direction() -> None:
    grid = CellGrid((Column("a", "A", "", "0"), Column("b", "B", "", "0")))
    grid.resize(2)
    formatted: list[int] = []

    def formatter(_row: int, raw: int) -> str:
        formatted.append(raw)
        return str(raw)

    looks = np.zeros((2, 2), np.uint16)
    grid.put(0, np.array([[1, 2], [3, ABSENT]]), looks, (formatter, formatter))
    assert (grid.text(0, 1), grid.text(1, 1)) == ("2", MISSING)
    formatted.clear()
    assert grid.put(0, np.array([[1, 2], [2, 5]]), looks, (formatter, formatter)) == [(1, 0, -1), (1, 1, 0)]
    assert formatted == [2, 5]
    looks[0, 0] = Tone.MUTED
    assert grid.put(0, grid.raw.copy(), looks, (formatter, formatter)) == [(0, 0, 0)]
    assert formatted == [2, 5]
    assert age_level(np.array([0, 5, 30, 90, -1]) * NS_PER_S).tolist()[-1] == 0


def test_after_the_close_the_official_price_is_the_spot(small_market: SmallMarket) -> None:
    view = chain_of(small_market)
    small_market.trade(small_market.acme.id, 1_010_000)
    small_market.quote(small_market.acme.id, 900_000, 1_200_000)
    assert view.spot_px() == 1_050_000
    small_market.phase(Phase.CLOSED)
    assert view.spot_px() == 1_010_000
    small_market.official_close(small_market.acme.id, 1_009_000)
    assert view.spot_px() == 1_009_000


def test_a_spot_in_finer_units_is_compared_with_strikes(small_market: SmallMarket) -> None:
    view = chain_of(small_market)
    small_market.quote(small_market.acme.id, 10_490_000_000, 10_510_000_000)
    assert view.underlying is not None
    view.underlying = dataclasses.replace(view.underlying, price_scale=100_000_000)
    assert view.spot_px() == 10_500_000_000
    assert view.at_the_money() == 2
    view.refresh(0, 99, small_market.ts_ns, LIVE)
    assert view.grid.look(0, AT["call.bid"]) & Look.ITM
    assert not view.grid.look(0, AT["put.bid"]) & Look.ITM


def test_a_mid_has_a_third_decimal_only_for_half_a_cent(small_market: SmallMarket) -> None:
    view = chain_of(small_market)
    for ask, text in ((22_000, "2.15"), (21_100, "2.105")):
        small_market.quote(small_market.options[2], 21_000, ask, 10, 12)
        view.refresh(0, 99, small_market.ts_ns, LIVE)
        assert view.grid.text(1, AT["call.mid"]) == text
