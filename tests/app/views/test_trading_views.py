"""Ticket, orders, positions, health and log lines."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from terminal.app.ports import HealthRow, HealthState, OrderDraft
from terminal.app.views.freshness import FeedWatch, feed_pulse
from terminal.app.views.health import health_rows, verdict
from terminal.app.views.log_lines import MOST, filtered, level_tone, level_word, log_rows, source_of
from terminal.app.views.order_words import action_words, order_sentence, state_tone, state_words
from terminal.app.views.orders import OrderFilter, counts_line, order_text, orders_rows
from terminal.app.views.positions import PositionsView, totals
from terminal.app.views.ticket import Stage, TicketModel, default_limit, effect_of, estimate, outcome
from terminal.core.money import MONEY_SCALE
from terminal.core.orders import Effect, Leg, OrderIntent, OrderState, OrderType, Side
from terminal.infra.logs import LogEntry
from terminal.portfolio.position import Position as Held
from terminal.risk.holdings import Holdings
from terminal.risk.limits import Limits
from terminal.risk.pretrade import PreTrade, Verdict
from tests.app.views.small_market import OPEN_NS, ORDER, SmallMarket

FEE_E4 = 6_500


@dataclass
class Position:
    """A position as the book of record shows it."""

    instrument: int
    quantity: int
    average_px: int = 16_000
    mark_px: int | None = 11_500
    liquidation_px: int | None = 11_000
    one_sided: bool = False
    unrealised_e4: int | None = -450_000
    realised_e4: int = 0
    day_pnl_e4: int | None = -450_000


class GateJudge:
    """The gate's own verdict on a draft, with the account as it is given."""

    def __init__(self, market: SmallMarket, holdings: Holdings) -> None:
        self._market, self._holdings = market, holdings
        self._gate = PreTrade(market.table, market.state, Limits(), lambda row, quantity: FEE_E4 * quantity)

    def judge(self, draft: OrderDraft) -> Verdict:
        intent = OrderIntent(
            "p", "PAPER", (Leg(draft.instrument, draft.side, 1, draft.effect),), draft.quantity, draft.order_type,
            draft.time_in_force, draft.origin, self._market.ts_ns, draft.limit_px,
        )  # fmt: skip
        return self._gate.judge(intent, self._holdings, self._market.ts_ns)


def ticket_of(market: SmallMarket, instrument: int) -> TicketModel:
    model = TicketModel()
    model.show(market.table.get(instrument), market.state.read_one(instrument))
    return model


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        (14_000, 16_000, 15_000),
        (14_000, 16_100, 15_000),
        (29_900, 30_600, 30_000),
        (0, 1_000, 500),
        (0, 100, 100),
    ],
)
def test_an_option_starts_at_its_mid_on_the_tick(small_market: SmallMarket, bid: int, ask: int, expected: int) -> None:
    option = small_market.options[0]
    small_market.quote(option, bid, ask)
    row = small_market.table.get(option)
    px = default_limit(row, Side.BUY, small_market.state.read_one(option))
    assert px == expected
    assert row.tick_class.table.is_on_tick(px)


def test_shares_start_on_their_own_side_and_without_quotes_at_the_last_trade(small_market: SmallMarket) -> None:
    acme = small_market.acme
    assert default_limit(acme, Side.BUY, small_market.state.read_one(acme.id)) is None
    small_market.trade(acme.id, 1_000_000)
    assert default_limit(acme, Side.BUY, small_market.state.read_one(acme.id)) == 1_000_000
    small_market.quote(acme.id, 999_900, 1_000_100)
    quote = small_market.state.read_one(acme.id)
    assert (default_limit(acme, Side.BUY, quote), default_limit(acme, Side.SELL, quote)) == (999_900, 1_000_100)


def test_a_preview_is_sent_once_and_an_edit_drops_it(small_market: SmallMarket) -> None:
    small_market.quote(small_market.options[0], 14_000, 16_000)
    model = ticket_of(small_market, small_market.options[0])
    assert model.confirm() is None, "nothing is sent without a preview"
    assert model.preview()
    model.quantity = 5
    model.edited()
    assert model.confirm() is None
    assert model.preview()
    assert model.sentence(Effect.OPEN) == "BTO 5 ACME 2026-01-05 95 C at 1.50, day"
    draft = model.confirm()
    assert draft is not None
    assert (draft.quantity, draft.limit_px) == (5, 15_000)
    assert model.confirm() is None
    assert model.stage is Stage.SENT


def test_what_is_missing_is_said(small_market: SmallMarket) -> None:
    model = TicketModel()
    assert "Choose a symbol" in model.missing()
    assert not model.preview()
    model = ticket_of(small_market, small_market.index.id)
    assert "is an index" in model.missing()
    model = ticket_of(small_market, small_market.acme.id)
    assert "limit price" in model.missing()
    model.order_type = OrderType.MARKET
    assert model.missing() == ""
    assert model.draft is not None
    assert model.draft.limit_px is None


def test_the_estimate_is_the_gates_own_verdict(small_market: SmallMarket) -> None:
    option = small_market.options[0]
    small_market.quote(option, 14_000, 16_000)
    row, quote = small_market.table.get(option), small_market.state.read_one(option)
    judge = GateJudge(small_market, Holdings("PAPER", 1_000 * MONEY_SCALE, {option: Held(option, 2, 32_000_00)}, ()))
    buying = estimate(OrderDraft(option, Side.BUY, 1, OrderType.LIMIT, 15_000), row, quote, judge)
    assert (buying.action, buying.cost_words) == ("BTO", "pay 150.00")
    assert buying.fees_e4 == FEE_E4
    assert buying.buying_power_after_e4 == 1_000 * MONEY_SCALE - 150 * MONEY_SCALE - FEE_E4
    selling = estimate(OrderDraft(option, Side.SELL, 2, OrderType.LIMIT, 15_000), row, quote, judge)
    assert (selling.action, selling.cost_words) == ("STC", "receive 300.00")
    over = estimate(OrderDraft(option, Side.SELL, 3, OrderType.LIMIT, 15_000), row, quote, judge)
    assert "would turn the position over" in over.problem
    assert effect_of(judge, OrderDraft(option, Side.SELL, 1, OrderType.LIMIT, 15_000)) is Effect.CLOSE


def test_without_a_judge_nothing_is_invented(small_market: SmallMarket) -> None:
    option = small_market.options[0]
    row, quote = small_market.table.get(option), small_market.state.read_one(option)
    market_order = estimate(OrderDraft(option, Side.BUY, 1, OrderType.MARKET), row, quote, None)
    assert market_order.cost_words == "–"
    assert (market_order.fees_e4, market_order.buying_power_after_e4) == (None, None)


def test_every_state_and_action_has_words(small_market: SmallMarket) -> None:
    for state in OrderState:
        assert state_words(state)
        assert state_tone(state)
    option = small_market.table.get(small_market.options[0])
    words = [action_words(side, effect, option) for side in Side for effect in Effect]
    assert words == ["BTO", "BTC", "STO", "STC"]
    assert action_words(Side.SELL, Effect.OPEN, small_market.acme) == "SHORT"
    order = ORDER(option.id, Side.BUY, 2, 16_000, 2, OrderState.FILLED, average_px=15_950)
    assert order_sentence(order, option) == "BTO 2 ACME 2026-01-05 95 C at 1.60: filled, 2 at 1.5950"
    assert outcome(order, option) == "2 ACME 2026-01-05 95 C: filled, 2 at 1.5950."


def test_orders_are_filtered_and_counted(small_market: SmallMarket) -> None:
    acme = small_market.acme.id
    orders = [
        ORDER(acme, Side.BUY, 10, 999_900, order_id="a"),
        ORDER(acme, Side.SELL, 10, None, 10, OrderState.FILLED, "b", order_type=OrderType.MARKET),
        ORDER(acme, Side.BUY, 1, 5, state=OrderState.REJECTED, order_id="c", reason="No."),
    ]
    assert orders_rows(small_market.table, orders, OrderFilter.ALL).keys == ["c", "b", "a"]
    assert orders_rows(small_market.table, orders, OrderFilter.WORKING).keys == ["a"]
    assert orders_rows(small_market.table, orders, OrderFilter.FILLED).keys == ["b"]
    refused = orders_rows(small_market.table, orders, OrderFilter.REFUSED)
    assert refused.keys == ["c"]
    assert refused.tones["reason"] == ["critical"]
    assert counts_line(orders) == "1 working, 1 filled, 1 refused"
    assert order_text("time", OPEN_NS, "a") == "09:30:00.000"


def test_positions_and_their_closing_drafts(small_market: SmallMarket) -> None:
    option = small_market.options[0]
    view = PositionsView(small_market.table)
    rows = view.rows([Position(option, 1), Position(option, 0)], is_silent=False, with_flat=False)
    assert rows.keys == [option]
    assert view.text("average", rows.values["average"][0], option) == "1.60"
    assert view.text("unrealised", rows.values["unrealised"][0], option) == "−45.00"
    closing = view.closing_draft(Position(option, 1))
    assert closing is not None
    assert (closing.side, closing.limit_px, closing.effect) == (Side.SELL, 11_000, Effect.CLOSE)
    covering = view.closing_draft(Position(option, -1, liquidation_px=None))
    assert covering is not None
    assert (covering.side, covering.order_type) == (Side.BUY, OrderType.MARKET)
    assert view.closing_draft(Position(option, 0)) is None
    assert totals([]).line == ""
    closed = totals([Position(option, 0, unrealised_e4=None, realised_e4=-500_000)]).line
    assert closed.startswith("flat   realised \u221250.00")
    assert "unrealised" not in closed
    assert totals([Position(option, 1, unrealised_e4=None)]).unmarked == 1


def test_health_in_words() -> None:
    rows = [
        HealthRow("feed", "Feed", "1 ms", HealthState.OK),
        HealthRow("gl", "3-D", "none", HealthState.OFF),
        HealthRow("disk", "Disk", "1 GB", HealthState.WARN, "Make room."),
    ]
    assert health_rows(rows).keys == ["disk", "feed", "gl"]
    assert verdict(rows) == "Keep an eye on: Disk."
    assert verdict(rows[:1]) == "Everything is well."
    assert verdict([]) == ""
    assert not feed_pulse(rows).is_silent


def test_the_feeds_pulse_is_asked_for_four_times_a_second() -> None:
    asked: list[int] = []

    class Counting:
        def rows(self) -> list[HealthRow]:
            asked.append(1)
            return [HealthRow("feed", "Feed", "9 s", HealthState.BAD, "Silent.")]

    watch = FeedWatch(Counting())
    assert all(watch.pulse(at_ms * 1_000_000).is_silent for at_ms in range(0, 1_000, 50))
    assert len(asked) == 4


def test_log_lines_are_filtered_newest_first() -> None:
    told = (logging.INFO, "sent BUY", "k-1"), (logging.ERROR, "broken\nTraceback", ""), (logging.DEBUG, "tick", "k-1")
    entries = [
        LogEntry(number, OPEN_NS, level, "terminal.trading.road", text, chain, "main")
        for number, (level, text, chain) in enumerate(told, 1)
    ]
    assert [entry.sequence for entry in filtered(entries, logging.INFO, "")] == [2, 1]
    assert [entry.sequence for entry in filtered(entries, logging.DEBUG, "", "k-1")] == [3, 1]
    assert [entry.sequence for entry in filtered(entries, logging.DEBUG, "buy ROAD")] == [1]
    rows = log_rows(filtered(entries, logging.INFO, ""))
    assert rows.values["text"] == ["broken  (more)", "sent BUY"]
    assert rows.values["time"] == ["09:30:00.000"] * 2
    assert (level_word(35), level_tone(logging.ERROR), level_tone(5)) == ("warn", "critical", "text2")
    assert source_of("moneyness.ui") == "ui"
    many = entries * MOST
    assert len(filtered(many, logging.DEBUG, "")) == MOST
