"""Marks: mid and liquidation, one side, closed and stale, day P&L from the prior settlement."""

from __future__ import annotations

from datetime import date

import pytest

from terminal.core.messages import OfficialKind, Phase
from terminal.core.money import MONEY_SCALE
from terminal.core.orders import Fill, Side
from terminal.portfolio.account import Account
from terminal.portfolio.currency import MissingRateError, Rate, RateTable
from terminal.portfolio.valuation import MarkSource, Valuation, net_change_px, settlement_marks, value_account
from tests.trading.rig import CASH_E4, OPEN_NS, Market, px


class Case:
    def __init__(self) -> None:
        self.market = Market()
        self.market.open()
        self.account = Account(self.market.table, "paper", CASH_E4)
        self.fills = 0

    def trade(self, quantity: int, instrument: int, price: str, fee_e4: int = 0) -> None:
        self.fills += 1
        side = Side.BUY if quantity > 0 else Side.SELL
        fill = Fill(str(self.fills), "o", "paper", instrument, side, abs(quantity), px(price), fee_e4, 0)
        self.account.apply_fill(fill)

    def value(self, *, is_stale: bool = False) -> Valuation:
        now_ns = self.market.clock.now_ns()
        return value_account(self.account.view(), self.market.table, self.market.state, now_ns, is_stale=is_stale)


def test_mid_and_liquidation() -> None:
    case = Case()
    case.trade(2, case.market.ids.call, "1.60", 13_000)
    case.trade(-1, case.market.ids.put, "3.30", 6_500)
    value = case.value()
    call, put = sorted(value.positions, key=lambda each: each.instrument)
    assert (call.mark_px, call.liquidation_px, call.one_sided) == (15_000, 14_000, False)
    assert (put.mark_px, put.liquidation_px) == (34_500, 36_000)
    assert call.unrealised_e4 == -20 * MONEY_SCALE
    assert put.unrealised_e4 == -15 * MONEY_SCALE
    cash_e4 = CASH_E4 + (330 - 320) * MONEY_SCALE - 19_500
    assert value.cash_e4 == cash_e4
    assert value.equity_e4 == cash_e4 + (300 - 345) * MONEY_SCALE
    assert value.liquidation_equity_e4 == cash_e4 + (280 - 360) * MONEY_SCALE
    assert value.day_pnl_e4 == -35 * MONEY_SCALE - 19_500


def test_one_side_says_so_and_a_side_that_is_not_there_liquidates_nothing() -> None:
    case = Case()
    case.trade(1, case.market.ids.call, "1.60")
    case.market.quote(case.market.ids.call, "-", "1.60")
    (row,) = case.value().positions
    assert (row.mark_px, row.one_sided, row.liquidation_px) == (8_000, True, None)
    assert case.value().liquidation_equity_e4 is None
    case.market.quote(case.market.ids.call, "0.00", "0.05")
    (row,) = case.value().positions
    assert (row.mark_px, row.one_sided, row.liquidation_px) == (250, True, None)
    case.market.quote(case.market.ids.call, "1.40", "-")
    (row,) = case.value().positions
    assert (row.mark_px, row.one_sided, row.liquidation_px) == (14_000, True, 14_000)


def test_an_option_nobody_bids_for_is_marked_alike_whether_the_bid_is_absent_or_zero() -> None:
    case = Case()
    case.trade(1, case.market.ids.call, "1.60")
    case.trade(1, case.market.ids.goog, "748.00")
    marks = []
    for bid in ("-", "0.00"):
        case.market.quote(case.market.ids.call, bid, "0.05")
        option = next(row for row in case.value().positions if row.instrument == case.market.ids.call)
        marks.append((option.mark_px, option.value_e4, option.one_sided, option.liquidation_px, option.source))
    assert marks == [(250, 2_5000, True, None, MarkSource.ONE_SIDE)] * 2
    case.market.quote(case.market.ids.goog, "-", "748.20")
    shares = next(row for row in case.value().positions if row.instrument == case.market.ids.goog)
    assert (shares.mark_px, shares.one_sided) == (px("748.20"), True), "shares are not worth half their ask"


@pytest.mark.parametrize(("bid", "ask"), [("1.70", "1.60"), ("0.00", "0.00"), ("-", "-")])
def test_a_quote_that_prices_nothing_gives_no_mark_and_never_zero(bid: str, ask: str) -> None:
    case = Case()
    case.trade(1, case.market.ids.call, "1.60")
    case.market.quote(case.market.ids.call, bid, ask)
    value = case.value()
    (row,) = value.positions
    assert (row.mark_px, row.unrealised_e4, row.day_pnl_e4, row.source) == (None, None, None, MarkSource.NONE)
    assert (value.equity_e4, value.day_pnl_e4, value.unrealised_e4) == (None, None, None)
    assert value.cash_e4 == CASH_E4 - 160 * MONEY_SCALE


def test_an_underlying_without_quotes_is_marked_at_its_last_trade_and_an_option_is_not() -> None:
    case = Case()
    case.market.phase(Phase.PRE_MARKET)
    case.market.phase(Phase.OPEN)
    case.trade(1, case.market.ids.goog, "748.00")
    case.trade(1, case.market.ids.call, "1.60")
    case.market.trade(case.market.ids.goog, "749.00")
    case.market.trade(case.market.ids.call, "1.50")
    option, stock = sorted(case.value().positions, key=lambda each: -each.instrument)
    assert (stock.mark_px, stock.source) == (px("749.00"), MarkSource.LAST)
    assert (option.mark_px, option.source) == (None, MarkSource.NONE)


def test_after_the_close_quotes_are_closed_and_not_stale() -> None:
    case = Case()
    case.trade(1, case.market.ids.call, "1.60")
    case.trade(1, case.market.ids.goog, "748.00")
    assert all(row.is_stale and not row.is_closed for row in case.value(is_stale=True).positions)
    case.market.phase(Phase.CLOSED)
    case.market.official(case.market.ids.goog, "748.40")
    rows = case.value(is_stale=True).positions
    assert all(row.is_closed and not row.is_stale for row in rows)
    assert {row.source for row in rows} == {MarkSource.MID, MarkSource.OFFICIAL}


def test_day_pnl_runs_from_the_prior_settlement() -> None:
    case = Case()
    goog = case.market.ids.goog
    case.trade(10, goog, "740.00")
    case.account.roll_day({goog: px("745.00")})
    assert case.value().day_pnl_e4 == 31 * MONEY_SCALE, "mid 748.10 against 745.00, not against 740.00"
    case.trade(-4, goog, "747.00", 100)
    assert case.value().day_pnl_e4 == (6 * 31_000 + 4 * 20_000) - 100
    assert case.value().realised_e4 == 28 * MONEY_SCALE
    case.trade(-6, goog, "750.00")
    assert case.value().day_pnl_e4 == 4 * 20_000 + 6 * 50_000 - 100


def test_a_position_without_a_settlement_price_has_no_day_pnl() -> None:
    case = Case()
    case.trade(1, case.market.ids.call, "1.60")
    case.account.roll_day({})
    assert case.value().positions[0].day_pnl_e4 is None
    assert case.value().day_pnl_e4 is None
    assert case.value().equity_e4 is not None


def test_settlement_marks_take_the_official_price_first_and_carry_over_night() -> None:
    case = Case()
    ids = case.market.ids
    case.trade(1, ids.call, "1.60")
    case.trade(1, ids.goog, "748.00")
    case.market.official(ids.goog, "748.40")
    marks = settlement_marks(case.account.view(), case.market.table, case.market.state)
    assert marks == {ids.goog: px("748.40"), ids.call: 15_000}
    case.account.roll_day(marks)
    case.market.phase(Phase.PRE_MARKET)
    rows = {row.instrument: row for row in case.value().positions}
    assert (rows[ids.call].mark_px, rows[ids.call].source) == (15_000, MarkSource.PRIOR)
    assert case.value().day_pnl_e4 is not None


def test_net_change_is_from_the_prior_close() -> None:
    case = Case()
    goog = case.market.ids.goog
    assert net_change_px(case.market.state.read_one(goog)) is None
    case.market.official(goog, "750.31", OfficialKind.PRIOR_CLOSE)
    case.market.trade(goog, "748.40")
    assert net_change_px(case.market.state.read_one(goog)) == px("-1.91")
    assert net_change_px(case.market.state.read_one(goog), px("751.31")) == px("1.00")


def test_another_currency_is_converted_at_the_days_rate_or_refused() -> None:
    case = Case()
    table = case.market.table
    row = table.get(case.market.ids.goog)
    sap = table.add("SAP", row.kind, row.session, row.tick_class, currency="EUR")
    case.market.quote(sap.id, "99.00", "101.00")
    case.trade(10, sap.id, "90.00")
    with pytest.raises(MissingRateError, match="EUR/USD"):
        case.value()
    rates = RateTable("USD", [Rate("EUR", date(2015, 12, 1), 110_000_000)])
    value = value_account(case.account.view(), table, case.market.state, OPEN_NS, rates=rates)
    assert value.cash_e4 == CASH_E4 - 990 * MONEY_SCALE
    assert value.equity_e4 == CASH_E4 + 110 * MONEY_SCALE
    assert value.unrealised_e4 == 110 * MONEY_SCALE
