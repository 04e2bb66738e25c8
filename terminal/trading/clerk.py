"""The work of the order road, one item after the other: judge, journal, send, book. The orders thread owns it.

Nothing is sent before the journal holds it, and nothing is booked or shown before the journal holds it.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from terminal.core.clock import NS_PER_S, Clock
from terminal.core.events import Body, EventKind, JournalEvent, Settlement
from terminal.core.instruments import InstrumentTable, UnknownInstrumentError
from terminal.core.latency import LatencyMeter
from terminal.core.orders import DenyReason, ExecutionReport, OrderIntent, OrderState, ReportKind
from terminal.risk.pretrade import Verdict
from terminal.store.journal import Journal, JournalDownError
from terminal.trading.book_of_record import ABOUT_UNCLEAR, BookOfRecord, Books
from terminal.trading.closing import PendingFlatten, closing_intents, given_up, orders_closing_too_much
from terminal.trading.gate import Gate, ShutGate, with_staged
from terminal.trading.order_view import OrderView
from terminal.trading.ports import VenueOrders
from terminal.trading.records import Records
from terminal.trading.requests import (
    Cancel,
    CancelAll,
    CloseSession,
    Flatten,
    Heartbeat,
    Note,
    Request,
    RollDay,
    Submit,
)

log = logging.getLogger(__name__)

Listener = Callable[[JournalEvent], None]
Report = ExecutionReport | tuple[Settlement, ...]
"""A venue's message about an order, or the settlements of one expiry, which are booked together."""

HEARTBEAT_NS = 60 * NS_PER_S
QUERY_AGAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class _Staged:
    """Judged, but neither durable nor sent."""

    order: OrderView
    verdict: Verdict
    asked_ns: int


class Clerk:
    """See the module. ``lock`` guards the book against readers on other threads."""

    def __init__(
        self,
        journal: Journal,
        books: Books,
        gate: Gate,
        table: InstrumentTable,
        clock: Clock,
        new_order_id: Callable[[], str],
    ) -> None:
        self.books = books
        self.lock = threading.Lock()
        self.problems: deque[str] = deque(maxlen=100)
        self.command_to_venue = LatencyMeter()
        self.listeners: list[Listener] = []
        self.journal_problem = ""
        self.changes = 0
        self._journal = journal
        self._gate = gate
        self._table = table
        self._clock = clock
        self._new_order_id = new_order_id
        self._records = Records(books.session, table, clock, books.introduced)
        self._venue: VenueOrders | None = None
        self._backlog: list[JournalEvent] = []
        self._unrecorded: dict[str, OrderView] = {}
        self._flatten: PendingFlatten | None = None
        self._queried_s: dict[str, float] = {}
        self._is_checkpointed = True

    @property
    def venue(self) -> VenueOrders:
        """The venue; RuntimeError before one is attached."""
        if self._venue is None:
            raise RuntimeError("the order road has no venue yet")
        return self._venue

    def attach(self, venue: VenueOrders) -> None:
        """Gives the road its venue, and the venue what works there and what was filled."""
        self._venue = venue
        live = [order for order in self.books.live_orders() if order.is_sent]
        venue.restore(live, self.books.fills(), self.books.market_ns)

    def shut(self) -> None:
        """From here on no order is sent; cancels pass."""
        self._gate = ShutGate(self._gate)

    def snapshot(self) -> BookOfRecord:
        """The book, with orders that the journal could not take and what went wrong here; any thread."""
        with self.lock:
            book = self.books.snapshot()
            if self._unrecorded:
                book = replace(book, orders=(*book.orders, *self._unrecorded.values()))
            if self.problems or self.journal_problem:
                own = (*self.problems, self.journal_problem) if self.journal_problem else tuple(self.problems)
                book = replace(book, problems=(*book.problems, *own))
            return replace(book, version=self.changes)

    def take_reports(self, reports: Sequence[Report]) -> None:
        """Journals and books what a venue says; all in one durable transaction."""
        try:
            self._commit([event for report in reports for event in self._report_events(report)])
        except (ValueError, LookupError) as problem:
            # One report that cannot be written must not take the others with it.
            if len(reports) > 1:
                for report in reports:
                    self.take_reports([report])
                return
            self._quarantine(f"Writing a report ({reports[0]})", problem)
        self._log_fills(reports)
        self._trim_closing()
        self._go_on_flattening()

    def _report_events(self, report: Report) -> list[JournalEvent]:
        if isinstance(report, ExecutionReport):
            return [self._records.report(report)]
        return [event for settlement in report for event in self._records.settlement(settlement)]

    def take_requests(self, requests: Iterable[Request]) -> None:
        """Works through requests in order; orders beside each other share one durable transaction."""
        staged: list[_Staged] = []
        for request in requests:
            if isinstance(request, Submit):
                self._stage(request, staged)
                continue
            self._send(staged)
            staged = []
            try:
                self._take_other(request)
            except Exception as problem:  # noqa: BLE001 - one bad request must not take the others with it
                self._quarantine(f"A {type(request).__name__} request", problem)
        self._send(staged)
        self._go_on_flattening()

    def resume(self) -> None:
        """After a restart: asks again for what was under way."""
        for order in self.books.live_orders():
            if order.state is OrderState.PENDING_CANCEL:
                self._ask_venue(order.order_id, self.venue.cancel)
        self.ask_about_unknown()

    def ask_about_unknown(self) -> None:
        """Asks the venue about each UNKNOWN order, at once and then every few seconds; never sends again."""
        unknown = [order.order_id for order in self.books.live_orders() if order.state is OrderState.UNKNOWN]
        if not unknown:
            self._queried_s.clear()
            return
        now_s = time.monotonic()
        for order_id in unknown:
            if now_s - self._queried_s.get(order_id, -QUERY_AGAIN_S) >= QUERY_AGAIN_S:
                self._queried_s[order_id] = now_s
                self._ask_venue(order_id, self.venue.query)

    def rest(self) -> None:
        """For idle moments: what the journal still lacks, its checkpoint, and open questions."""
        if self._backlog:
            self._commit([])
        if not self._is_checkpointed:
            self._journal.checkpoint()
            self._is_checkpointed = True
        self._go_on_flattening()
        self.ask_about_unknown()

    def note_problem(self, sentence: str) -> None:
        """Shows a problem with the book."""
        with self.lock:
            self.problems.append(sentence)
            self.changes += 1

    def _take_other(self, request: Request) -> None:
        match request:
            case Cancel():
                self._cancel([request])
            case CancelAll():
                self._cancel([Cancel(order.order_id, request.reason) for order in self.books.live_orders()])
            case Flatten():
                self._flatten = PendingFlatten(request.correlation, self._clock.now_ns(), time.monotonic())
                self._take_other(CancelAll("Flatten."))
            case RollDay():
                marks = {self._table.get(each).symbol: px for each, px in request.marks_px.items()}
                self._commit(
                    [self._records.event(EventKind.DAY_ROLLED, {"day": request.day.isoformat(), "marks_px": marks})]
                )
            case Heartbeat():
                if request.ts_ns - self.books.market_ns >= HEARTBEAT_NS:
                    self._commit([self._records.event(EventKind.MARKET_TIME, {}, request.ts_ns)])
            case Note():
                self._commit([self._records.event(EventKind.NOTE, request.body)])
            case CloseSession():
                self._commit([self._records.event(EventKind.SESSION_CLOSED, {"reason": request.reason})])
            case Submit():
                raise AssertionError("submits are staged")

    def _stage(self, request: Submit, staged: list[_Staged]) -> None:
        intent = request.intent
        order_id = intent.order_id
        is_known = self.books.order(order_id) is not None or any(each.order.order_id == order_id for each in staged)
        if is_known or order_id in self._unrecorded:
            self.note_problem(f"Order {order_id} was asked for twice; the second was refused.")
            return
        holdings = with_staged(self.books.holdings(), [each.order for each in staged if each.verdict.ok])
        now_ns = self._clock.now_ns()
        try:
            verdict = self._gate.judge(intent, holdings, now_ns, self.venue)
        except Exception as problem:  # noqa: BLE001 - whatever fails in the gate must end as a refusal
            sentence = self._quarantine(f"Judging order {order_id}", problem)
            verdict = Verdict(intent, DenyReason.NOT_SUPPORTED, sentence, holdings.cash_e4)
        state = OrderState.PENDING_NEW if verdict.ok else OrderState.DENIED
        order = _unfilled(verdict.intent, state, verdict.sentence, now_ns)
        staged.append(_Staged(order, verdict, request.asked_ns))

    def _send(self, staged: Sequence[_Staged]) -> None:
        """One durable transaction for all, then the sends."""
        if not staged:
            return
        events: list[JournalEvent] = []
        for each in staged:
            events += self._intent_events(each.verdict)
        if not self._commit(events, keep=False):
            self._refuse_unrecorded(staged)
            return
        for each in staged:
            if each.verdict.ok:
                self._send_one(each)
            else:
                correlation = {"correlation": each.order.intent.correlation}
                log.info("order %s denied: %s", each.order.order_id, each.verdict.sentence, extra=correlation)

    def _intent_events(self, verdict: Verdict) -> list[JournalEvent]:
        intent = verdict.intent
        try:
            if verdict.reason is None:
                return self._records.intent(intent, self.venue.name)
            return self._records.refused_intent(intent, verdict.reason, verdict.sentence)
        except UnknownInstrumentError:
            self._show_unrecorded(verdict, self._clock.now_ns())
            return []

    def _send_one(self, each: _Staged) -> None:
        intent = each.verdict.intent
        if self.books.order(intent.order_id) is None:
            self.note_problem(f"Order {intent.order_id} could not be booked and was not sent.")
            return
        if self._gate.kills(intent):
            self._deny(intent.order_id, DenyReason.KILL_SWITCH)
            return
        try:
            self.venue.submit(intent)
        except Exception as problem:  # noqa: BLE001 - whatever a venue raises, the order may be there
            text = f"The send to {self.venue.name} ended without a clear answer ({problem}); the venue is being asked."
            log.warning("order %s: %s", intent.order_id, text, extra={"correlation": intent.correlation})
            body: Body = {"about": ABOUT_UNCLEAR, "order_id": intent.order_id, "text": text}
            self._commit([self._records.event(EventKind.NOTE, body)])
            self.ask_about_unknown()
            return
        self.command_to_venue.add(time.perf_counter_ns() - each.asked_ns)
        log.info("order %s sent", intent.order_id, extra={"correlation": intent.correlation})

    def _cancel(self, cancels: Sequence[Cancel]) -> None:
        """Cancels pass at all times: even while the journal is down."""
        wanted: list[Cancel] = []
        again: list[Cancel] = []
        for cancel in cancels:
            order = self.books.order(cancel.order_id)
            if order is None:
                self.note_problem(f"There is no order {cancel.order_id} to cancel.")
            elif order.is_live:
                (again if order.state is OrderState.PENDING_CANCEL else wanted).append(cancel)
        bodies: list[Body] = [{"order_id": cancel.order_id, "reason": cancel.reason} for cancel in wanted]
        if bodies:
            self._commit([self._records.event(EventKind.CANCEL_REQUESTED, body) for body in bodies])
        for cancel in (*wanted, *again):
            log.info("order %s: cancel asked", cancel.order_id, extra={"correlation": cancel.correlation})
            self._ask_venue(cancel.order_id, self.venue.cancel)

    def _ask_venue(self, order_id: str, ask: Callable[[str], None]) -> None:
        try:
            ask(order_id)
        except Exception as problem:  # noqa: BLE001 - a venue's failure stays there
            self._quarantine(f"Asking {self.venue.name} about order {order_id}", problem)

    def _trim_closing(self) -> None:
        """A position that shrank otherwise must not be turned over by an order that was to close it."""
        too_much = orders_closing_too_much(self.books)
        if too_much:
            self._cancel([Cancel(order_id, "The position that it was to close has shrunk.") for order_id in too_much])

    def _go_on_flattening(self) -> None:
        flatten, live = self._flatten, self.books.live_orders()
        if flatten is None:
            return
        if flatten.is_late(self._clock.now_ns(), time.monotonic()):
            self._flatten = None
            self.note_problem(given_up(live))
            return
        if live:
            return
        self._flatten = None
        asked_ns = time.perf_counter_ns()
        intents = closing_intents(self.books, self._new_order_id, self._clock.now_ns(), flatten.correlation)
        staged: list[_Staged] = []
        for intent in intents:
            self._stage(Submit(intent, asked_ns), staged)
        self._send(staged)

    def _commit(self, events: Sequence[JournalEvent], *, keep: bool = True) -> bool:
        """Makes events durable and then books them. False: the journal is down; with ``keep`` they wait for it."""
        everything = [*self._backlog, *events]
        if not everything:
            return True
        try:
            self._journal.append(everything)
        except JournalDownError as down:
            with self.lock:
                self.journal_problem = down.message
                self.changes += 1
                if keep:
                    self._backlog = everything
            log.error("the journal is down: %s", down.message)
            return False
        self._backlog = []
        self._is_checkpointed = False
        self._journal.checkpoint(only_if_long=True)
        with self.lock:
            self.journal_problem = ""
            for event in everything:
                self.books.book(event)
            self._unrecorded = {key: each for key, each in self._unrecorded.items() if self.books.order(key) is None}
            self.changes += len(everything)
        for event in everything:
            self._tell(event)
        return True

    def _tell(self, event: JournalEvent) -> None:
        for listener in tuple(self.listeners):
            try:
                listener(event)
            except Exception as problem:  # noqa: BLE001 - a listener's failure stays with it
                self.listeners.remove(listener)
                self._quarantine(f"The listener {getattr(listener, '__qualname__', listener)}", problem)

    def _quarantine(self, what: str, problem: Exception) -> str:
        sentence = f"{what} failed: {type(problem).__name__}: {problem}"
        log.error("%s\n%s", sentence, "".join(traceback.format_exception(problem)))
        self.note_problem(sentence)
        return sentence

    def _refuse_unrecorded(self, staged: Sequence[_Staged]) -> None:
        """The journal is down: nothing is sent, the refusals are shown, and written as soon as it is back."""
        self._records.forget_introductions(self.books.introduced, self._backlog)
        for each in staged:
            verdict, reason = each.verdict, DenyReason.JOURNAL_DOWN
            if verdict.ok:
                verdict = replace(verdict, reason=reason, sentence=self.journal_problem or reason.sentence)
            self._backlog += self._intent_events(verdict)
            self._show_unrecorded(verdict, each.order.updated_ns)

    def _show_unrecorded(self, verdict: Verdict, ts_ns: int) -> None:
        """Shows a refusal that the journal does not hold: it is down, or it could not name the instrument."""
        order = _unfilled(verdict.intent, OrderState.DENIED, verdict.sentence, ts_ns)
        with self.lock:
            self._unrecorded[order.order_id] = order
            self.changes += 1

    def _deny(self, order_id: str, reason: DenyReason) -> None:
        self._commit([self._records.denied(order_id, reason, reason.sentence)])

    def _log_fills(self, reports: Sequence[Report]) -> None:
        for report in reports:
            if isinstance(report, ExecutionReport) and report.kind is ReportKind.FILL:
                order = self.books.order(report.order_id)
                correlation = {"correlation": order.intent.correlation if order else ""}
                words = "order %s: %d filled at %d"
                log.info(words, report.order_id, report.quantity, report.price_px, extra=correlation)


def _unfilled(intent: OrderIntent, state: OrderState, reason: str, ts_ns: int) -> OrderView:
    nothing = (0,) * len(intent.legs)
    return OrderView(intent, state, reason, ts_ns, nothing, nothing)
