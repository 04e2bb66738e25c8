"""The order state machine: which report leads where. What the table does not name is a contradiction and is noted.

Reports may come late, twice and in any order. Fills are the truth: they count in every state but DENIED, and an order
that is cancelled and then fills after all ends as filled.
"""

from __future__ import annotations

from terminal.core.orders import OrderState, ReportKind

_S, _R = OrderState, ReportKind

LIVE = frozenset({_S.PENDING_NEW, _S.WORKING, _S.PARTIALLY_FILLED, _S.PENDING_CANCEL, _S.UNKNOWN})
"""States in which an order may still fill."""

_DONE = (_S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED)

_WORKING = _S.WORKING
"""Stands in the table for WORKING or PARTIALLY_FILLED, as the fills say."""

TRANSITIONS: dict[tuple[OrderState, ReportKind], OrderState] = {
    (_S.PENDING_NEW, _R.ACCEPTED): _WORKING,
    (_S.PENDING_NEW, _R.REJECTED): _S.REJECTED,
    (_S.PENDING_NEW, _R.CANCELLED): _S.CANCELLED,
    (_S.PENDING_NEW, _R.EXPIRED): _S.EXPIRED,
    (_S.PENDING_NEW, _R.CANCEL_REJECTED): _S.PENDING_NEW,
    (_S.WORKING, _R.ACCEPTED): _WORKING,
    (_S.WORKING, _R.REJECTED): _S.REJECTED,
    (_S.WORKING, _R.CANCELLED): _S.CANCELLED,
    (_S.WORKING, _R.EXPIRED): _S.EXPIRED,
    (_S.WORKING, _R.CANCEL_REJECTED): _WORKING,
    (_S.PARTIALLY_FILLED, _R.ACCEPTED): _WORKING,
    (_S.PARTIALLY_FILLED, _R.CANCELLED): _S.CANCELLED,
    (_S.PARTIALLY_FILLED, _R.EXPIRED): _S.EXPIRED,
    (_S.PARTIALLY_FILLED, _R.CANCEL_REJECTED): _WORKING,
    (_S.PENDING_CANCEL, _R.ACCEPTED): _S.PENDING_CANCEL,
    (_S.PENDING_CANCEL, _R.REJECTED): _S.REJECTED,
    (_S.PENDING_CANCEL, _R.CANCELLED): _S.CANCELLED,
    (_S.PENDING_CANCEL, _R.EXPIRED): _S.EXPIRED,
    (_S.PENDING_CANCEL, _R.CANCEL_REJECTED): _WORKING,
    (_S.UNKNOWN, _R.ACCEPTED): _WORKING,
    (_S.UNKNOWN, _R.REJECTED): _S.REJECTED,
    (_S.UNKNOWN, _R.CANCELLED): _S.CANCELLED,
    (_S.UNKNOWN, _R.EXPIRED): _S.EXPIRED,
    (_S.UNKNOWN, _R.CANCEL_REJECTED): _S.UNKNOWN,
}
"""(state, report) -> state for everything but fills."""

_LATE_IS_HARMLESS = frozenset({_R.ACCEPTED, _R.CANCEL_REJECTED})


def after_report(state: OrderState, kind: ReportKind, filled: int) -> OrderState | None:
    """The state after a report that is no fill; None when the report contradicts what is known.

    A terminal state stays: a late ACCEPTED or CANCEL_REJECTED and a second CANCELLED are no contradiction.
    """
    found = TRANSITIONS.get((state, kind))
    if found is not None:
        if found is _S.REJECTED and filled:
            return None
        return _S.PARTIALLY_FILLED if found is _WORKING and filled else found
    if state not in _DONE:
        return None
    if kind in _LATE_IS_HARMLESS or state.value == kind.value:
        return state
    ended = kind in {_R.CANCELLED, _R.EXPIRED}
    return state if ended and state is not _S.REJECTED else None


def after_fill(state: OrderState, filled: int, quantity: int) -> OrderState | None:
    """The state after a fill was booked; None when the order can have none (it was never sent)."""
    if state is _S.DENIED:
        return None
    if filled >= quantity:
        return _S.FILLED
    if state in {_S.PENDING_NEW, _S.WORKING, _S.UNKNOWN}:
        return _S.PARTIALLY_FILLED
    return state
