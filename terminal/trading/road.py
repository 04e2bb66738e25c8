"""The order road: the one thread that judges, journals, sends and books. Everything else asks it and reads copies."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from terminal.core.clock import Clock
from terminal.core.events import Body, EventKind, JournalEvent, Settlement
from terminal.core.instruments import InstrumentTable
from terminal.core.latency import LatencyMeter
from terminal.core.orders import ExecutionReport, OrderIntent
from terminal.store.journal import Journal, JournalBrokenError
from terminal.trading.book_of_record import BookOfRecord, Books
from terminal.trading.clerk import Clerk, Listener, Report
from terminal.trading.gate import Gate
from terminal.trading.ports import VenueOrders
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
_IDLE_S = 0.25


class OrderRoad(threading.Thread):
    """Runs a Clerk on a thread of its own. Every method but :meth:`attach` may be called from any thread.

    ``conducted``: requests are taken one at a time and what the venue answers comes before the next one, so that the
    same requests give the same events, however the threads run. Otherwise all that waits shares one durable commit.
    """

    def __init__(
        self,
        journal: Journal,
        books: Books,
        gate: Gate,
        table: InstrumentTable,
        clock: Clock,
        *,
        conducted: bool,
    ) -> None:
        super().__init__(name="orders", daemon=True)
        self.session = books.session
        self._journal = journal
        self._conducted = conducted
        self._number = books.highest_number
        self._number_lock = threading.Lock()
        self._wake = threading.Condition()
        self._reports: deque[Report] = deque()
        self._requests: deque[Request] = deque()
        self._busy = False
        self._stopping = False
        self._resumed = any(order.is_sent for order in books.live_orders())
        self._clerk = Clerk(journal, books, gate, table, clock, self.new_order_id)

    @classmethod
    def begin(
        cls,
        journal: Journal,
        session: str,
        gate: Gate,
        table: InstrumentTable,
        clock: Clock,
        *,
        account: str,
        cash_e4: int,
        day: date,
        details: Body,
        currency: str = "USD",
        conducted: bool = True,
    ) -> OrderRoad:
        """A new session with its own account; JournalDownError when its first event cannot be written."""
        body: Body = {**details, "account": account, "cash_e4": cash_e4, "currency": currency, "day": day.isoformat()}
        started = JournalEvent(EventKind.SESSION_STARTED, session, clock.now_ns(), body)
        journal.append([started])
        books = Books(session, table)
        books.apply(started)
        return cls(journal, books, gate, table, clock, conducted=conducted)

    @classmethod
    def recover(
        cls,
        journal: Journal,
        session: str,
        gate: Gate,
        table: InstrumentTable,
        clock: Clock,
        *,
        day: date,
        conducted: bool = True,
    ) -> OrderRoad:
        """Goes on with a session: the same fold over its events, then what was under way is asked for.

        ``day``: the trading day that the market is in now; day orders of an earlier one expire. LookupError when the
        journal does not know the session.
        """
        books = fold_session(journal, session, table)
        now_ns = max(books.market_ns, clock.now_ns())
        events = [JournalEvent(EventKind.SESSION_RESUMED, session, now_ns, {})]
        if books.trading_day is not None and books.trading_day < day:
            rolled: Body = {"day": day.isoformat(), "marks_px": {}}
            events.append(JournalEvent(EventKind.DAY_ROLLED, session, now_ns, rolled))
        journal.append(events)
        for event in events:
            books.book(event)
        return cls(journal, books, gate, table, clock, conducted=conducted)

    @property
    def version(self) -> int:
        """Grows with every change of the book."""
        return self._clerk.changes

    @property
    def command_to_venue(self) -> LatencyMeter:
        """From :meth:`submit` to the end of the venue's ``submit``."""
        return self._clerk.command_to_venue

    def attach(self, venue: VenueOrders) -> None:
        """Gives the road its venue, once, before :meth:`start`."""
        self._clerk.attach(venue)

    def subscribe(self, listener: Listener) -> None:
        """Calls ``listener`` on the orders thread with every event that was made durable and booked.

        A listener that raises is taken off and named among the problems.
        """
        self._clerk.listeners.append(listener)

    def new_order_id(self) -> str:
        """``SESSION-N``: the same in every run of the same session."""
        with self._number_lock:
            self._number += 1
            return f"{self.session}-{self._number}"

    def submit(self, intent: OrderIntent) -> None:
        """Hands an intent to the gate and returns at once. TypeError for a price or quantity that is no integer."""
        for value in (intent.quantity, intent.created_ns, intent.limit_px or 0):
            if not isinstance(value, int):
                raise TypeError(f"order {intent.order_id}: {value!r} must be an int")
        self._ask([Submit(intent, time.perf_counter_ns())])

    def cancel(self, order_id: str, reason: str = "", correlation: str = "") -> None:
        """Asks for a cancel; passes disarmed, under the kill switch and while the journal is down."""
        self._ask([Cancel(order_id, reason, correlation)])

    def cancel_all(self, reason: str = "") -> None:
        """Asks to cancel every live order."""
        self._ask([CancelAll(reason)])

    def flatten(self, correlation: str = "") -> None:
        """Cancels every live order and then closes every position at market.

        Given up, with a sentence among the problems, when an order has no end within 30 seconds of market or wall time.
        """
        self._ask([Flatten(correlation)])

    def roll_day(self, day: date, marks_px: Mapping[int, int]) -> None:
        """Begins a trading day; ``marks_px``: see ``portfolio.valuation.settlement_marks``."""
        self._ask([RollDay(day, dict(marks_px))])

    def heartbeat(self, ts_ns: int) -> None:
        """Lets the journal know how far the market is: written when a minute has passed without any event."""
        self._ask([Heartbeat(ts_ns)])

    def note(self, body: Body) -> None:
        """Keeps a remark in the journal; a body with ``about`` "problem" and ``text`` is shown with the book."""
        self._ask([Note(body)])

    def report(self, report: ExecutionReport | Settlement) -> None:
        """Takes what a venue says: the sink that venues are made with."""
        self._tell(report if isinstance(report, ExecutionReport) else (report,))

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Books the settlements of one expiry in one transaction."""
        if settlements:
            self._tell(tuple(settlements))

    def snapshot(self) -> BookOfRecord:
        """An immutable picture of everything that is durable."""
        return self._clerk.snapshot()

    def quiesce(self, timeout_s: float = 10.0) -> bool:
        """Waits until nothing is queued or in hand; False when that took longer. At once when not started."""
        if threading.current_thread() is self:
            raise RuntimeError("the orders thread cannot wait for itself")
        with self._wake:
            return self._wake.wait_for(lambda: self._is_idle() or not self.is_alive(), timeout_s) and self._is_idle()

    def close(self, reason: str = "closed", timeout_s: float = 3.0) -> bool:
        """Writes the end of the session, works off what is queued and ends the thread; False when that took longer.

        Orders that wait for a thread that was never started are refused: the market only catches up, and its quotes
        are the past.
        """
        self._ask([CloseSession(reason)])
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self.ident is None:
            self._shut()
            self.run()
        else:
            self.join(timeout_s)
        return not self.is_alive()

    def _shut(self) -> None:
        self._clerk.shut()
        waiting = [each.intent.order_id for each in self._requests if isinstance(each, Submit)]
        waiting += ["a flatten" for each in self._requests if isinstance(each, Flatten)]
        if waiting:
            text = (
                f"Not sent, because the desk was closed before it had caught up with the market: {', '.join(waiting)}. "
                "Ask again when the desk is back."
            )
            self._requests.appendleft(Note({"about": "problem", "text": text}))

    def start(self) -> None:
        """Starts the thread; what a restart left open comes first, and :meth:`quiesce` waits for it."""
        self._busy = True
        super().start()

    def run(self) -> None:
        """The thread's loop."""
        self._guard(self._clerk.resume if self._resumed else self._clerk.ask_about_unknown)
        while True:
            with self._wake:
                self._busy = False
                self._wake.notify_all()
                self._wake.wait_for(lambda: not self._is_idle() or self._stopping, _IDLE_S)
                if self._stopping and not self._reports and not self._requests:
                    break
                reports, requests = self._take()
                self._busy = True
            self._work(reports, requests)
        self._guard(self._clerk.rest)

    def _work(self, reports: list[Report], requests: list[Request]) -> None:
        if reports:
            self._guard(lambda: self._clerk.take_reports(reports))
        elif requests:
            self._guard(lambda: self._clerk.take_requests(requests))
        else:
            self._guard(self._clerk.rest)

    def _take(self) -> tuple[list[Report], list[Request]]:
        """What to do next; a venue's answers come first."""
        if self._reports:
            reports = list(self._reports)
            self._reports.clear()
            return reports, []
        if not self._requests:
            return [], []
        if self._conducted:
            return [], [self._requests.popleft()]
        requests = list(self._requests)
        self._requests.clear()
        return [], requests

    def _is_idle(self) -> bool:
        return not self._reports and not self._requests and not self._busy

    def _ask(self, requests: Iterable[Request]) -> None:
        with self._wake:
            self._requests.extend(requests)
            self._wake.notify_all()

    def _tell(self, report: Report) -> None:
        with self._wake:
            self._reports.append(report)
            self._wake.notify_all()

    def _guard(self, work: Callable[[], None]) -> None:
        """Whatever raises is shown, and the road goes on."""
        try:
            work()
        except Exception as problem:  # noqa: BLE001
            log.error("the order road: %s", "".join(traceback.format_exception(problem)))
            self._clerk.note_problem(f"The order road failed at something: {type(problem).__name__}: {problem}")


def fold_session(journal: Journal, session: str, table: InstrumentTable) -> Books:
    """The books of a session as its events leave them; instruments that the market lacks are added to ``table``.

    An event that cannot be folded in is left out and named among the problems. LookupError when the journal does not
    know the session, JournalBrokenError when its beginning cannot be read: there is no account without it.
    """
    books = Books(session, table)
    for event in journal.read(session):
        books.book(event)
    if books.version == 0:
        raise LookupError(f"the journal does not know the session {session}")
    if not books.account.account or books.trading_day is None:
        raise JournalBrokenError(
            f"The session {session} cannot go on: its beginning in {journal.file} names no account, cash and day; "
            "start a new session."
        )
    return books


def close_crashed(journal: Journal) -> list[str]:
    """Marks sessions that a crash left open as closed and gives their names; they stay in the journal."""
    crashed = [row for row in journal.sessions() if not row.is_closed]
    body: Body = {"reason": "crashed"}
    journal.append([JournalEvent(EventKind.SESSION_CLOSED, row.session, row.last_ns, body) for row in crashed])
    return [row.session for row in crashed]
