"""A small real market with a real journal, road and paper exchange, driven by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from terminal.core.clock import MarketClock, at_ns
from terminal.core.events import Settlement
from terminal.core.instruments import (
    SESSION_CODES,
    Delivery,
    InstrumentKind,
    InstrumentTable,
    SessionProduct,
    SettlementTime,
    Style,
)
from terminal.core.messages import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    OFFICIAL_KIND,
    OFFICIAL_PX,
    PHASE,
    PHASE_SESSION,
    PRICE,
    SIZE,
    Kind,
    OfficialKind,
    Phase,
    empty_batch,
)
from terminal.core.money import ABSENT_PX, MONEY_SCALE, parse_px
from terminal.core.orders import (
    Effect,
    ExecutionReport,
    Leg,
    OrderIntent,
    OrderType,
    Origin,
    Side,
    TimeInForce,
)
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass
from terminal.exchange.expiry import Expiry
from terminal.exchange.fees import FeeSchedule
from terminal.exchange.paper import PaperExchange
from terminal.market.state import MarketState
from terminal.risk.kill_switch import KillState
from terminal.risk.limits import Limits
from terminal.risk.pretrade import PreTrade
from terminal.store.journal import Journal
from terminal.trading.book_of_record import BookOfRecord
from terminal.trading.gate import Gate
from terminal.trading.order_view import OrderView
from terminal.trading.road import OrderRoad

DAY = date(2015, 12, 24)
OPEN_NS = at_ns(DAY, 9, 30)
CLOSE_NS = at_ns(DAY, 13)
CASH_E4 = 100_000 * MONEY_SCALE


class Listed:
    """A stock with three options that expire today, an index with one PM and one AM settled option."""

    def __init__(self, table: InstrumentTable) -> None:
        stock = SessionProduct.EQUITY
        self.goog = table.add("GOOG", InstrumentKind.EQUITY, stock, TickClass.EQUITY).id
        self.spx = table.add("SPX", InstrumentKind.INDEX, stock, TickClass.FINEST).id

        def goog(right: Right, strike: int) -> int:
            symbol = make_option_symbol("GOOG", DAY, right, strike * 1000)
            return table.add_option(symbol, self.goog, CLOSE_NS, tick_class=TickClass.PENNY).id

        def spx(root: str, expires_ns: int, settlement: SettlementTime) -> int:
            symbol = make_option_symbol(root, DAY, Right.CALL, 2_050_000)
            return table.add_option(
                symbol, self.spx, expires_ns, style=Style.EUROPEAN, delivery=Delivery.CASH, settlement=settlement
            ).id

        self.call = goog(Right.CALL, 750)
        self.low_call = goog(Right.CALL, 740)
        self.put = goog(Right.PUT, 750)
        self.spxw = spx("SPXW", CLOSE_NS, SettlementTime.PM)
        self.spx_am = spx("SPX", OPEN_NS, SettlementTime.AM)


def px(text: str) -> int:
    """Price of decimal text; ``-`` is an absent side."""
    return ABSENT_PX if text == "-" else parse_px(text)


class Market:
    """A real MarketState with a clock, fed message by message."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.table = InstrumentTable()
        self.ids = Listed(self.table)
        self.state = MarketState(self.table, "test")
        self.clock = MarketClock(OPEN_NS)
        self.fees = FeeSchedule()
        self.pretrade = PreTrade(self.table, self.state, limits or Limits(), self.fees.trade_e4)

    def send(self, kind: Kind, instrument: int, **columns: int) -> None:
        """Applies one message now."""
        batch = empty_batch(1)
        batch["ts_ns"] = self.clock.now_ns()
        batch["kind"] = kind
        batch["instrument"] = instrument
        for name, value in columns.items():
            batch[name] = value
        self.state.apply(batch)

    def phase(self, phase: Phase, session: SessionProduct | None = None) -> None:
        """Begins a phase for all instruments or one product."""
        self.send(Kind.PHASE_CHANGE, -1, **{PHASE: phase, PHASE_SESSION: SESSION_CODES[session] if session else 0})

    def quote(self, instrument: int, bid: str, ask: str, bid_size: int = 10, ask_size: int = 10) -> None:
        """A quote; ``-`` leaves a side absent."""
        sizes = {BID_SIZE: 0 if bid == "-" else bid_size, ASK_SIZE: 0 if ask == "-" else ask_size}
        self.send(Kind.QUOTE, instrument, **{BID: px(bid), ASK: px(ask), **sizes})

    def trade(self, instrument: int, price: str, size: int = 1) -> None:
        """A print."""
        self.send(Kind.TRADE, instrument, **{PRICE: px(price), SIZE: size})

    def official(self, instrument: int, price: str, kind: OfficialKind = OfficialKind.CLOSE) -> None:
        """An official price."""
        self.send(Kind.OFFICIAL, instrument, **{OFFICIAL_PX: px(price), OFFICIAL_KIND: kind})

    def step(self, seconds: float = 1.0) -> int:
        """Lets market time pass."""
        self.clock.advance(self.clock.now_ns() + round(seconds * 1e9))
        return self.clock.now_ns()

    def open(self) -> None:
        """Opens the market with quotes on everything."""
        self.phase(Phase.OPEN)
        self.quote(self.ids.goog, "748.00", "748.20", 500, 500)
        self.quote(self.ids.call, "1.40", "1.60")
        self.quote(self.ids.low_call, "8.00", "8.40")
        self.quote(self.ids.put, "3.30", "3.60")
        self.quote(self.ids.spxw, "10.00", "10.40")
        self.trade(self.ids.spx, "2060.00")


@dataclass
class Desk:
    """Everything from the gate to the exchange over one journal; ``restart`` builds it anew over the same files."""

    folder: Path
    market: Market = field(default_factory=Market)
    session: str = "S1"
    conducted: bool = True
    armed: bool = True
    kill: KillState = KillState.CLEAR
    cash_e4: int = CASH_E4

    def __post_init__(self) -> None:
        self.begin()

    def _gate(self) -> Gate:
        return Gate(self.market.pretrade, lambda intent: self.armed, lambda: self.kill)

    def begin(self) -> None:
        """A new session."""
        self.journal = Journal(self.folder / "journal.sqlite3", self.folder / "head" / "head.json")
        self.journal.open()
        self.road = OrderRoad.begin(
            self.journal, self.session, self._gate(), self.market.table, self.market.clock,
            account="paper", cash_e4=self.cash_e4, day=DAY, details={"mode": "sim"}, conducted=self.conducted,
        )  # fmt: skip
        self._attach()
        self.road.start()

    def restart(self, day: date = DAY) -> None:
        """As after a crash: everything in memory is gone, the files are there."""
        self.recovered(day)
        self.road.start()

    def recovered(self, day: date = DAY) -> OrderRoad:
        """As :meth:`restart`, but still catching up: the road is not started."""
        self.stop()
        self.journal = Journal(self.folder / "journal.sqlite3", self.folder / "head" / "head.json")
        self.journal.open()
        self.road = OrderRoad.recover(
            self.journal, self.session, self._gate(), self.market.table, self.market.clock,
            day=day, conducted=self.conducted,
        )  # fmt: skip
        self._attach()
        return self.road

    def _attach(self) -> None:
        self.paper = PaperExchange(
            self.market.table, self.market.state, self.market.clock, self.market.fees, self.report
        )
        self.expiry = Expiry(self.market.table, self.market.state, self.market.fees)
        self.road.attach(self.paper)

    def report(self, report: ExecutionReport | Settlement) -> None:
        """The venue's sink."""
        self.road.report(report)

    def stop(self) -> None:
        """Lets go of the files without closing the session."""
        self.road.quiesce()
        self.road._stopping = True
        with self.road._wake:
            self.road._wake.notify_all()
        if self.road.ident is not None:
            self.road.join(5)
        self.journal.close()

    def intent(
        self,
        side: Side,
        quantity: int,
        instrument: int,
        limit: str | None = None,
        tif: TimeInForce = TimeInForce.DAY,
        effect: Effect | None = None,
        origin: Origin = Origin.TICKET,
    ) -> OrderIntent:
        """An intent with a fresh id."""
        return OrderIntent(
            self.road.new_order_id(), "paper", (Leg(instrument, side, 1, effect),), quantity,
            OrderType.MARKET if limit is None else OrderType.LIMIT, tif, origin, self.market.clock.now_ns(),
            None if limit is None else px(limit), "key-1",
        )  # fmt: skip

    def order(self, side: Side, quantity: int, instrument: int, limit: str | None = None, **more: object) -> OrderView:
        """Submits and waits for everything that follows from it at this instant."""
        intent = self.intent(side, quantity, instrument, limit, **more)  # type: ignore[arg-type]
        self.road.submit(intent)
        return self.settled(intent.order_id)

    def buy(self, quantity: int, instrument: int, limit: str | None = None, **more: object) -> OrderView:
        """Buys."""
        return self.order(Side.BUY, quantity, instrument, limit, **more)

    def sell(self, quantity: int, instrument: int, limit: str | None = None, **more: object) -> OrderView:
        """Sells."""
        return self.order(Side.SELL, quantity, instrument, limit, **more)

    def settled(self, order_id: str) -> OrderView:
        """The order after the road has come to rest."""
        found = self.book().order(order_id)
        assert found is not None, order_id
        return found

    def book(self) -> BookOfRecord:
        """The book after the road has come to rest."""
        assert self.road.quiesce(20)
        return self.road.snapshot()

    def match(self) -> BookOfRecord:
        """What the engine does at the end of an instant."""
        watched = np.flatnonzero(self.paper.watched)
        self.paper.on_instant(self.market.clock.now_ns(), watched)
        return self.book()

    def phase(self, phase: Phase) -> BookOfRecord:
        """A phase begins, for the market and the exchange."""
        self.market.phase(phase)
        self.paper.on_phase(self.market.clock.now_ns())
        return self.book()

    def expire(self) -> tuple[str, ...]:
        """Settles what is due and gives the problems."""
        outcome = self.expiry.settle(self.market.clock.now_ns(), self.book().account)
        self.road.settle(outcome.settlements)
        self.book()
        return (*outcome.problems, *outcome.waiting)
