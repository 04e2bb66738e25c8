"""Makes the journal's events from the order road's types; instruments are introduced before they are named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from terminal.core.clock import Clock
from terminal.core.events import Body, EventKind, JournalEvent, Settlement, intent_body, report_body, settlement_body
from terminal.core.instruments import InstrumentTable
from terminal.core.orders import DenyReason, ExecutionReport, OrderIntent
from terminal.trading.instrument_terms import ABOUT, introductions


class Records:
    """Events of one session at the clock's market time."""

    def __init__(self, session: str, table: InstrumentTable, clock: Clock, introduced: Iterable[str]) -> None:
        self._session = session
        self._table = table
        self._clock = clock
        self._introduced = set(introduced)

    def event(self, kind: EventKind, body: Body, ts_ns: int | None = None) -> JournalEvent:
        """One event, now or at ``ts_ns``."""
        return JournalEvent(kind, self._session, self._clock.now_ns() if ts_ns is None else ts_ns, body)

    def forget_introductions(self, introduced: Iterable[str], waiting: Iterable[JournalEvent]) -> None:
        """After events were thrown away: only what the book knows and what still waits counts as introduced."""
        self._introduced = set(introduced)
        self._introduced.update(each.body["symbol"] for each in waiting if each.body.get("about") == ABOUT)

    def intent(self, intent: OrderIntent, venue: str) -> list[JournalEvent]:
        """An order that is about to be sent."""
        sent = self.event(EventKind.SENT, {"order_id": intent.order_id, "venue": venue})
        return [*self._intent(intent), sent]

    def refused_intent(self, intent: OrderIntent, reason: DenyReason, sentence: str) -> list[JournalEvent]:
        """An order that the gate refused."""
        return [*self._intent(intent), self.denied(intent.order_id, reason, sentence)]

    def denied(self, order_id: str, reason: DenyReason, sentence: str) -> JournalEvent:
        """The refusal of an order that stands in the journal."""
        return self.event(EventKind.DENIED, {"order_id": order_id, "reason": reason.value, "sentence": sentence})

    def report(self, report: ExecutionReport) -> JournalEvent:
        """What a venue said, at the venue's time."""
        return self.event(EventKind.REPORT, report_body(report), report.ts_ns)

    def settlement(self, settlement: Settlement) -> list[JournalEvent]:
        """The end of an option position."""
        ids = [settlement.instrument]
        if settlement.delivered >= 0:
            ids.append(settlement.delivered)
        symbols = [self._table.get(each).symbol for each in ids]
        body = settlement_body(settlement, symbols[0], symbols[1] if len(symbols) > 1 else None)
        return [*self._introduce(ids), self.event(EventKind.SETTLEMENT, body, settlement.ts_ns)]

    def _intent(self, intent: OrderIntent) -> list[JournalEvent]:
        ids = [leg.instrument for leg in intent.legs]
        symbols = [self._table.get(each).symbol for each in ids]
        return [*self._introduce(ids), self.event(EventKind.INTENT, intent_body(intent, symbols))]

    def _introduce(self, ids: Sequence[int]) -> list[JournalEvent]:
        rows = [self._table.get(each) for each in ids]
        return [self.event(EventKind.NOTE, body) for body in introductions(rows, self._table, self._introduced)]
