"""A small real market: instruments, a MarketState fed by real messages, and helpers that write messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from terminal.core.clock import at_ns
from terminal.core.instruments import Delivery, InstrumentKind, InstrumentTable, SessionProduct, SettlementTime, Style
from terminal.core.messages import Kind, OfficialKind, Phase, empty_batch
from terminal.core.orders import Effect, OrderState, OrderType, Side, TimeInForce
from terminal.core.osi import OptionSymbol, Right
from terminal.core.ticks import TickClass
from terminal.market.state import MarketState

DAY = date(2026, 1, 5)
OPEN_NS = at_ns(DAY, 9, 30)


class SmallMarket:
    """ACME (stock), SIMX (index) with options of two expiries, and the state that real messages are applied to."""

    def __init__(self) -> None:
        self.table = InstrumentTable()
        self.acme = self.table.add(
            "ACME", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY, name="Acme Works"
        )
        self.index = self.table.add("SIMX", InstrumentKind.INDEX, SessionProduct.INDEX_OPTION, TickClass.PENNY)
        self.options = [
            self._option("ACME", self.acme.id, strike, right) for strike in (95, 100, 105) for right in Right
        ]
        self.state = MarketState(self.table, "test")
        self.ts_ns = OPEN_NS

    def _option(self, root: str, underlying: int, strike: int, right: Right, expiry: date = DAY) -> int:
        symbol = OptionSymbol(root, expiry, right, strike * 1000)
        return self.table.add_option(
            symbol, underlying, at_ns(expiry, 16), tick_class=TickClass.PENNY_PROGRAM,
        ).id  # fmt: skip

    def index_option(self, root: str, expiry: date, strike: int, right: Right, settlement: SettlementTime) -> int:
        """Lists a European, cash-settled option on SIMX."""
        hour, minute = (9, 30) if settlement is SettlementTime.AM else (16, 0)
        return self.table.add_option(
            OptionSymbol(root, expiry, right, strike * 1000), self.index.id, at_ns(expiry, hour, minute),
            style=Style.EUROPEAN, delivery=Delivery.CASH, settlement=settlement, tick_class=TickClass.NICKEL_DIME,
        ).id  # fmt: skip

    def send(self, kind: Kind, instrument: int, *values: int, after_ns: int = 0, flags: int = 0) -> None:
        """Applies one message ``after_ns`` later than the one before."""
        self.ts_ns += after_ns
        batch = empty_batch(1)
        batch["ts_ns"] = self.ts_ns
        batch["kind"] = kind
        batch["instrument"] = instrument
        batch["flags"] = flags
        for place, value in enumerate(values):
            batch[f"v{place}"] = value
        self.state.apply(batch)

    def quote(self, instrument: int, bid: int, ask: int, bid_size: int = 10, ask_size: int = 20, **more: int) -> None:
        """A quote; prices in 1/10,000."""
        self.send(Kind.QUOTE, instrument, bid, ask, bid_size, ask_size, **more)

    def trade(self, instrument: int, px: int, size: int = 100, **more: int) -> None:
        """A trade."""
        self.send(Kind.TRADE, instrument, px, size, **more)

    def prior_close(self, instrument: int, px: int) -> None:
        """Yesterday's official close."""
        self.send(Kind.OFFICIAL, instrument, px, int(OfficialKind.PRIOR_CLOSE))

    def official_close(self, instrument: int, px: int) -> None:
        """Today's official close."""
        self.send(Kind.OFFICIAL, instrument, px, int(OfficialKind.CLOSE))

    def phase(self, phase: Phase) -> None:
        """Every instrument goes into a phase."""
        self.send(Kind.PHASE_CHANGE, -1, int(phase), 0)

    def depth(self, instrument: int, side: int, px: int, size: int, orders: int = 1) -> None:
        """One level of a book."""
        self.send(Kind.DEPTH, instrument, side, px, size, orders)


def opened_market() -> SmallMarket:
    """Open, and nothing quoted yet."""
    market = SmallMarket()
    market.phase(Phase.PRE_MARKET)
    market.phase(Phase.OPEN)
    return market


@dataclass
class ORDER:
    """An order row as the book of record gives it."""

    instrument: int
    side: Side
    quantity: int
    limit_px: int | None
    filled: int = 0
    state: OrderState = OrderState.WORKING
    order_id: str = "o-1"
    effect: Effect | None = Effect.OPEN
    order_type: OrderType = OrderType.LIMIT
    average_px: int | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    reason: str = ""
    created_ns: int = OPEN_NS
    updated_ns: int = OPEN_NS
