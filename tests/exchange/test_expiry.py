"""Expiry on the official price: exercise, assignment, cash, nothing; and nothing guessed."""

from __future__ import annotations

import pytest

from terminal.core.clock import NS_PER_DAY
from terminal.core.events import SettlementKind
from terminal.core.messages import OfficialKind
from terminal.core.money import MONEY_SCALE
from terminal.core.orders import Fill, Side
from terminal.exchange.expiry import Expiry, ExpiryOutcome
from terminal.exchange.fees import FeeSchedule
from terminal.portfolio.account import Account
from tests.trading.rig import CASH_E4, CLOSE_NS, OPEN_NS, Market, px


class Case:
    def __init__(self, *, use_last_trade: bool = False) -> None:
        self.market = Market()
        self.market.open()
        self.account = Account(self.market.table, "paper", CASH_E4)
        fees = FeeSchedule(exercise_e4=0)
        self.expiry = Expiry(self.market.table, self.market.state, fees, use_last_trade=use_last_trade)

    def hold(self, quantity: int, instrument: int, price: str = "1.00") -> None:
        side = Side.BUY if quantity > 0 else Side.SELL
        fill = Fill(f"{instrument}", "o", "paper", instrument, side, abs(quantity), px(price), 0, OPEN_NS)
        self.account.apply_fill(fill)

    def settle(self) -> ExpiryOutcome:
        self.market.clock.advance(CLOSE_NS)
        outcome = self.expiry.settle(CLOSE_NS, self.account.view())
        for settlement in outcome.settlements:
            self.account.apply_settlement(settlement)
        return outcome


@pytest.mark.parametrize(
    ("name", "quantity", "official", "kind", "shares", "cash"),
    [
        ("call", 1, "748.40", SettlementKind.WORTHLESS, 0, 0),
        ("call", 2, "760.00", SettlementKind.EXERCISED, 200, -150_000),
        ("call", -2, "760.00", SettlementKind.ASSIGNED, -200, 150_000),
        ("put", 1, "740.00", SettlementKind.EXERCISED, -100, 75_000),
        ("put", -1, "740.00", SettlementKind.ASSIGNED, 100, -75_000),
        ("put", -1, "750.00", SettlementKind.WORTHLESS, 0, 0),
        ("call", 1, "750.01", SettlementKind.EXERCISED, 100, -75_000),
        ("call", 1, "750.0099", SettlementKind.WORTHLESS, 0, 0),
    ],
)
def test_physical_delivery(
    name: str, quantity: int, official: str, kind: SettlementKind, shares: int, cash: int
) -> None:
    case = Case()
    option = getattr(case.market.ids, name)
    case.hold(quantity, option)
    before_e4 = case.account.cash_e4
    case.market.official(case.market.ids.goog, official)
    (settlement,) = case.settle().settlements
    assert settlement.kind is kind
    assert case.account.held(option) == 0
    assert case.account.held(case.market.ids.goog) == shares
    assert case.account.cash_e4 - before_e4 == cash * MONEY_SCALE


def test_the_premium_goes_into_the_cost_of_the_shares() -> None:
    case = Case()
    case.hold(1, case.market.ids.call, "1.60")
    case.market.official(case.market.ids.goog, "760.00")
    case.settle()
    shares = case.account.view().position(case.market.ids.goog)
    assert (shares.quantity, shares.cost_e4) == (100, 75_160 * MONEY_SCALE)
    assert case.account.view().realised_e4 == 0


def test_cash_settlement_pays_the_intrinsic_value_to_long_and_from_short() -> None:
    case = Case()
    case.hold(2, case.market.ids.spxw)
    case.hold(-1, case.market.ids.spx_am)
    case.market.official(case.market.ids.spx, "2060.50")
    case.market.official(case.market.ids.spx, "2055.25", OfficialKind.AM_SETTLEMENT)
    before_e4 = case.account.cash_e4
    outcome = case.settle()
    assert [each.kind for each in outcome.settlements] == [SettlementKind.CASH, SettlementKind.CASH]
    assert sorted(each.official_px for each in outcome.settlements) == [20_552_500, 20_605_000]
    assert case.account.cash_e4 - before_e4 == (2 * 1_050 - 525) * MONEY_SCALE
    assert case.account.view().open_positions == ()


def test_the_am_series_does_not_settle_on_the_close() -> None:
    case = Case()
    case.hold(1, case.market.ids.spx_am)
    case.market.official(case.market.ids.spx, "2060.50")
    outcome = case.settle()
    assert outcome.settlements == ()
    assert "settlement value of SPX is missing" in outcome.waiting[0]


def test_without_an_official_price_nothing_is_guessed() -> None:
    case = Case()
    case.hold(1, case.market.ids.call)
    case.market.trade(case.market.ids.goog, "760.00")
    outcome = case.settle()
    assert outcome.settlements == ()
    assert "official close of GOOG is missing; the position stays" in outcome.waiting[0]
    assert case.account.held(case.market.ids.call) == 1


def test_the_last_trade_may_stand_in_only_when_the_setting_says_so_and_only_from_before_the_close() -> None:
    case = Case(use_last_trade=True)
    case.hold(1, case.market.ids.call)
    case.market.trade(case.market.ids.goog, "760.00")
    outcome = case.settle()
    assert outcome.settlements[0].official_px == px("760.00")
    assert "last trade of GOOG" in outcome.problems[0]
    late = Case(use_last_trade=True)
    late.hold(1, late.market.ids.call)
    late.market.clock.advance(CLOSE_NS + 1)
    late.market.trade(late.market.ids.goog, "760.00")
    assert late.expiry.settle(CLOSE_NS + 1, late.account.view()).settlements == ()


def test_what_has_not_expired_stays() -> None:
    case = Case()
    case.hold(1, case.market.ids.call)
    case.hold(1, case.market.ids.goog, "748.00")
    case.market.official(case.market.ids.goog, "760.00")
    assert case.expiry.settle(CLOSE_NS - 1, case.account.view()) == ExpiryOutcome((), ())
    assert case.expiry.instants([case.market.ids.call, case.market.ids.goog, case.market.ids.spx_am]) == [
        OPEN_NS,
        CLOSE_NS,
    ]


def test_an_exercise_that_overdraws_the_cash_is_said() -> None:
    case = Case()
    case.hold(2, case.market.ids.call)
    case.market.official(case.market.ids.goog, "760.00")
    assert case.settle().problems == ("The exercise of expired options leaves the cash at -50200.00.",)


def test_the_official_close_of_a_later_day_settles_nothing() -> None:
    case = Case()
    case.hold(1, case.market.ids.call)
    monday_ns = CLOSE_NS + 4 * NS_PER_DAY
    case.market.clock.advance(monday_ns)
    case.market.official(case.market.ids.goog, "800.00")
    outcome = case.expiry.settle(monday_ns, case.account.view())
    assert outcome.settlements == ()
    assert "official close of GOOG is missing; the position stays" in outcome.waiting[0]
