"""What the journal keeps: one immutable event a fact, with a JSON body, and the codecs of the order road's types."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from terminal.core.orders import (
    Effect,
    ExecutionReport,
    Leg,
    OrderIntent,
    OrderType,
    Origin,
    ReportKind,
    Side,
    TimeInForce,
)

Body = dict[str, Any]
"""JSON: strings, integers, booleans, None, lists and dicts of them. No floats: the journal is exact."""


class EventKind(Enum):
    """The kinds of fact in the journal."""

    SESSION_STARTED = "session_started"
    SESSION_RESUMED = "session_resumed"
    SESSION_CLOSED = "session_closed"
    INTENT = "intent"
    DENIED = "denied"
    SENT = "sent"
    REPORT = "report"
    CANCEL_REQUESTED = "cancel_requested"
    SETTLEMENT = "settlement"
    DAY_ROLLED = "day_rolled"
    MARKET_TIME = "market_time"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One fact of one session at one market time."""

    kind: EventKind
    session: str
    ts_ns: int
    body: Body


class SettlementKind(Enum):
    """What became of an expiring position."""

    WORTHLESS = "worthless"
    CASH = "cash"
    EXERCISED = "exercised"
    ASSIGNED = "assigned"


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of an option position.

    ``quantity`` is the signed position that ends; ``cash_e4`` what the account receives before fees (for a physical
    delivery the price of the shares, with its sign); ``delivered_quantity`` the signed shares of ``delivered`` that
    arrive at ``delivered_px`` (the strike).
    """

    settlement_id: str
    account: str
    instrument: int
    quantity: int
    kind: SettlementKind
    official_px: int
    cash_e4: int
    fee_e4: int
    ts_ns: int
    delivered: int = -1
    delivered_quantity: int = 0
    delivered_px: int = 0


def intent_body(intent: OrderIntent, symbols: list[str]) -> Body:
    """The body of an INTENT event; ``symbols`` name the legs, since ids hold for one run only."""
    return {
        "order_id": intent.order_id,
        "account": intent.account,
        "legs": [
            {
                "symbol": symbol,
                "side": leg.side.name,
                "ratio": leg.ratio,
                "effect": leg.effect.value if leg.effect else None,
            }
            for leg, symbol in zip(intent.legs, symbols, strict=True)
        ],
        "quantity": intent.quantity,
        "order_type": intent.order_type.value,
        "time_in_force": intent.time_in_force.value,
        "origin": intent.origin.value,
        "created_ns": intent.created_ns,
        "limit_px": intent.limit_px,
        "correlation": intent.correlation,
    }


def intent_from_body(body: Body, instruments: list[int]) -> OrderIntent:
    """The intent of an INTENT event; ``instruments`` are this run's ids of the legs' symbols."""
    legs = tuple(
        Leg(instrument, Side[leg["side"]], leg["ratio"], Effect(leg["effect"]) if leg["effect"] else None)
        for leg, instrument in zip(body["legs"], instruments, strict=True)
    )
    return OrderIntent(
        order_id=body["order_id"],
        account=body["account"],
        legs=legs,
        quantity=body["quantity"],
        order_type=OrderType(body["order_type"]),
        time_in_force=TimeInForce(body["time_in_force"]),
        origin=Origin(body["origin"]),
        created_ns=body["created_ns"],
        limit_px=body["limit_px"],
        correlation=body["correlation"],
    )


def report_body(report: ExecutionReport) -> Body:
    """The body of a REPORT event."""
    return {
        "kind": report.kind.value,
        "order_id": report.order_id,
        "ts_ns": report.ts_ns,
        "venue_order_id": report.venue_order_id,
        "execution_id": report.execution_id,
        "leg": report.leg,
        "quantity": report.quantity,
        "price_px": report.price_px,
        "fee_e4": report.fee_e4,
        "reason": report.reason,
    }


def report_from_body(body: Body) -> ExecutionReport:
    """The report of a REPORT event."""
    return ExecutionReport(**{**body, "kind": ReportKind(body["kind"])})


def settlement_body(settlement: Settlement, symbol: str, delivered_symbol: str | None) -> Body:
    """The body of a SETTLEMENT event, with symbols in place of ids."""
    return {
        "settlement_id": settlement.settlement_id,
        "account": settlement.account,
        "symbol": symbol,
        "quantity": settlement.quantity,
        "kind": settlement.kind.value,
        "official_px": settlement.official_px,
        "cash_e4": settlement.cash_e4,
        "fee_e4": settlement.fee_e4,
        "ts_ns": settlement.ts_ns,
        "delivered_symbol": delivered_symbol,
        "delivered_quantity": settlement.delivered_quantity,
        "delivered_px": settlement.delivered_px,
    }


def settlement_from_body(body: Body, instrument: int, delivered: int) -> Settlement:
    """The settlement of a SETTLEMENT event; the ids are this run's."""
    fields = {key: value for key, value in body.items() if key not in {"symbol", "delivered_symbol"}}
    return Settlement(**{**fields, "kind": SettlementKind(body["kind"])}, instrument=instrument, delivered=delivered)
