"""The one gate: kill switch, arming, the risk verdict and what the venue takes, in this order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from terminal.core.orders import DenyReason, Effect, OrderIntent, Origin
from terminal.risk.holdings import Holdings
from terminal.risk.kill_switch import KillState
from terminal.risk.pretrade import PreTrade, Verdict
from terminal.trading.order_view import OrderView
from terminal.trading.ports import VenueOrders

Arming = Callable[[OrderIntent], bool]
"""Whether the account is armed for this order; the face owns the answer."""
KillReader = Callable[[], KillState]
"""Reads the kill flag; asked for every order and again before every send."""


class Gate:
    """Says yes or why not. Called on the orders thread."""

    def __init__(self, pretrade: PreTrade, is_armed: Arming, kill_state: KillReader) -> None:
        self.pretrade = pretrade
        self._is_armed = is_armed
        self._kill_state = kill_state

    def judge(self, intent: OrderIntent, holdings: Holdings, now_ns: int, venue: VenueOrders) -> Verdict:
        """The verdict on ``intent`` at market time ``now_ns``."""
        verdict = self.pretrade.judge(intent, holdings, now_ns)
        if self.kills(verdict.intent):
            return _refuse(verdict.intent, holdings, DenyReason.KILL_SWITCH)
        if not self._is_armed(intent):
            return _refuse(verdict.intent, holdings, DenyReason.NOT_ARMED)
        if not verdict.ok:
            return verdict
        unsupported = venue.supports(verdict.intent)
        return verdict if unsupported is None else _refuse(verdict.intent, holdings, unsupported)

    def kills(self, intent: OrderIntent) -> bool:
        """True when the kill switch forbids sending ``intent`` now."""
        state = self._kill_state()
        if state is KillState.CLEAR:
            return False
        closes = all(leg.effect is Effect.CLOSE for leg in intent.legs)
        return not (state is KillState.FLATTEN and intent.origin is Origin.FLATTEN and closes)


class ShutGate(Gate):
    """Says no to everything, for a desk that is closed before its orders work: what it quotes is the past."""

    SENTENCE = "The desk was closed before it had caught up with the market, so the order was not sent."

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate.pretrade, lambda _intent: False, lambda: KillState.STOP)

    def judge(self, intent: OrderIntent, holdings: Holdings, _now_ns: int, _venue: VenueOrders) -> Verdict:
        """Always no."""
        return Verdict(intent, DenyReason.VENUE_DOWN, self.SENTENCE, holdings.cash_e4)


def with_staged(holdings: Holdings, staged: Sequence[OrderView]) -> Holdings:
    """``holdings`` with orders that were judged but are not in the book yet."""
    if not staged:
        return holdings
    working = [*holdings.working]
    for order in staged:
        working += order.working_legs()
    return Holdings(holdings.account, holdings.cash_e4, holdings.positions, working)


def _refuse(intent: OrderIntent, holdings: Holdings, reason: DenyReason) -> Verdict:
    return Verdict(intent, reason, reason.sentence, holdings.cash_e4)
