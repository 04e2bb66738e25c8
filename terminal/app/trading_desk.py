"""The face's and the script's door to the one order road, and its snapshots marked at the latest quotes."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from terminal.app.ports import OrderDraft
from terminal.core.clock import Clock
from terminal.core.instruments import InstrumentTable
from terminal.core.orders import Fill, Leg, OrderIntent
from terminal.infra.logs import current_correlation, new_correlation
from terminal.market.state import MarketState
from terminal.portfolio.valuation import Valuation, ValuedPosition, value_account
from terminal.risk.holdings import Holdings
from terminal.risk.margin import BuyingPower, UnpricedError
from terminal.risk.pretrade import PreTrade, Verdict
from terminal.trading.book_of_record import BookOfRecord
from terminal.trading.order_view import OrderView
from terminal.trading.road import OrderRoad


@dataclass(frozen=True, slots=True)
class AccountPicture:
    """Money of the account; None is unknown."""

    account: str
    is_paper: bool
    cash_e4: int
    equity_e4: int | None
    day_pnl_e4: int | None
    buying_power_e4: int | None


@dataclass(frozen=True, slots=True)
class TradingPicture:
    """Orders and fills of one version of the book of record, with positions at the quotes of one moment."""

    version: int
    orders: Sequence[OrderView]
    fills: Sequence[Fill]
    positions: Sequence[ValuedPosition]
    account: AccountPicture
    book: BookOfRecord
    valuation: Valuation


class TradingDesk:
    """Implements ``app.ports.Trading``. Any thread."""

    def __init__(
        self,
        road: OrderRoad,
        pretrade: PreTrade,
        table: InstrumentTable,
        state: MarketState,
        clock: Clock,
        is_stale: Callable[[], bool],
    ) -> None:
        self._road = road
        self._pretrade = pretrade
        self._table = table
        self._state = state
        self._clock = clock
        self._is_stale = is_stale
        self._previews = itertools.count(1)
        self._lock = threading.Lock()
        self._cached: tuple[tuple[int, int, bool], TradingPicture] | None = None

    @property
    def version(self) -> int:
        """Grows with every event of the book of record."""
        return self._road.version

    def snapshot(self) -> TradingPicture:
        """The latest picture, marked at the latest quotes; the same object until one of the two changes."""
        book = self._road.snapshot()
        key = (book.version, self._state.changed, self._is_stale())
        with self._lock:
            if self._cached is None or self._cached[0] != key:
                self._cached = (key, self._picture(book))
            return self._cached[1]

    def _picture(self, book: BookOfRecord) -> TradingPicture:
        valuation = value_account(
            book.account, self._table, self._state, self._clock.now_ns(), is_stale=self._is_stale()
        )
        try:
            power: int | None = self._pretrade.margin.buying_power(holdings_of(book)).available_e4
        except UnpricedError:
            power = None
        account = AccountPicture(
            book.account.account, True, valuation.cash_e4, valuation.equity_e4, valuation.day_pnl_e4, power
        )
        return TradingPicture(book.version, book.orders, book.fills, valuation.positions, account, book, valuation)

    def submit(self, draft: OrderDraft) -> str:
        """Hands a draft to the gate and gives the order's id; the verdict arrives as an order event."""
        intent = self._intent(draft, self._road.new_order_id(), current_correlation() or new_correlation())
        self._road.submit(intent)
        return intent.order_id

    def judge(self, draft: OrderDraft) -> Verdict:
        """The verdict that the gate would give now; nothing is journaled or sent."""
        intent = self._intent(draft, f"preview-{next(self._previews)}", "")
        return self._pretrade.judge(intent, holdings_of(self._road.snapshot()), self._clock.now_ns())

    def if_traded(self, trades: Sequence[tuple[int, int, int]]) -> tuple[BuyingPower, BuyingPower]:
        """Buying power as it is, and as it would be with ``(instrument, signed quantity, money paid in 1/10,000)`` all
        done, so that each leg stands behind the others; nothing is journaled or sent.

        Raises UnpricedError when a short position has no price.
        """
        holdings, margin = holdings_of(self._road.snapshot()), self._pretrade.margin
        return margin.buying_power(holdings), margin.buying_power(holdings.traded(trades))

    def cancel(self, order_id: str) -> None:
        """Asks for a cancel; works disarmed."""
        self._road.cancel(order_id)

    def cancel_all(self) -> int:
        """Asks to cancel every working order; works disarmed."""
        working = len(self._road.snapshot().live_orders)
        self._road.cancel_all()
        return working

    def flatten(self) -> int:
        """Cancels all and closes every position at market; gives the number of positions to close."""
        held = len(self._road.snapshot().account.open_positions)
        self._road.flatten(current_correlation() or new_correlation())
        return held

    def _intent(self, draft: OrderDraft, order_id: str, correlation: str) -> OrderIntent:
        return OrderIntent(
            order_id=order_id,
            account=self._road.snapshot().account.account,
            legs=(Leg(draft.instrument, draft.side, effect=draft.effect),),
            quantity=draft.quantity,
            order_type=draft.order_type,
            time_in_force=draft.time_in_force,
            origin=draft.origin,
            created_ns=self._clock.now_ns(),
            limit_px=draft.limit_px,
            correlation=correlation,
        )


def holdings_of(book: BookOfRecord) -> Holdings:
    """What a verdict needs of a picture of the book of record."""
    account = book.account
    working = [leg for order in book.live_orders for leg in order.working_legs()]
    return Holdings(account.account, account.cash_e4, {each.instrument: each for each in account.positions}, working)
