"""What the face needs of the desk. ``app/desk.py`` provides it; tests provide small real ones. No Qt in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from terminal.core.orders import Effect, Fill, OrderState, OrderType, Origin, Side, TimeInForce


class DeskMode(Enum):
    """Where prices come from; ``word`` is on the frame of the window at all times."""

    SIMULATED = "sim"
    REPLAY = "replay"
    PAPER = "paper"
    """Live prices, and orders that are matched here."""
    LIVE = "live"

    @property
    def word(self) -> str:
        """The word on the frame: ``SIMULATED``, ``REPLAY``, ``PAPER`` or ``LIVE``."""
        return self.name


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order as a person has written it, before it is an intent. ``effect`` None is inferred and shown."""

    instrument: int
    side: Side
    quantity: int
    order_type: OrderType
    limit_px: int | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    effect: Effect | None = None
    origin: Origin = Origin.TICKET


class OrderRow(Protocol):
    """One order as the book of record shows it. ``average_px`` is None before the first fill."""

    @property
    def order_id(self) -> str:
        """Ours, unique."""
        ...

    @property
    def instrument(self) -> int:
        """Id of the first leg."""
        ...

    @property
    def side(self) -> Side:
        """Of the first leg."""
        ...

    @property
    def effect(self) -> Effect | None:
        """Open or close, as the gate inferred it."""
        ...

    @property
    def quantity(self) -> int:
        """Units ordered."""
        ...

    @property
    def filled(self) -> int:
        """Units filled."""
        ...

    @property
    def order_type(self) -> OrderType:
        """Market or limit."""
        ...

    @property
    def limit_px(self) -> int | None:
        """Price of a limit order."""
        ...

    @property
    def average_px(self) -> int | None:
        """Average fill price, rounded."""
        ...

    @property
    def time_in_force(self) -> TimeInForce:
        """How long it works."""
        ...

    @property
    def state(self) -> OrderState:
        """Where it stands."""
        ...

    @property
    def reason(self) -> str:
        """Why it was refused or cancelled, as a sentence; empty otherwise."""
        ...

    @property
    def created_ns(self) -> int:
        """Market time of the intent."""
        ...

    @property
    def updated_ns(self) -> int:
        """Market time of the last change."""
        ...


class PositionRow(Protocol):
    """One position with its marks; a mark that no quote supports is None and never 0."""

    @property
    def instrument(self) -> int:
        """Id."""
        ...

    @property
    def quantity(self) -> int:
        """Signed."""
        ...

    @property
    def average_px(self) -> int:
        """Average price paid or received, rounded."""
        ...

    @property
    def mark_px(self) -> int | None:
        """Mid, or the only side."""
        ...

    @property
    def liquidation_px(self) -> int | None:
        """Bid for a long, ask for a short."""
        ...

    @property
    def one_sided(self) -> bool:
        """True when the mark had only one side."""
        ...

    @property
    def unrealised_e4(self) -> int | None:
        """At the mark."""
        ...

    @property
    def realised_e4(self) -> int:
        """Since the session began."""
        ...

    @property
    def day_pnl_e4(self) -> int | None:
        """From the prior settlement."""
        ...


class AccountRow(Protocol):
    """Money of the account; None is unknown and shown as a dash."""

    @property
    def account(self) -> str:
        """The account's name."""
        ...

    @property
    def is_paper(self) -> bool:
        """No real money."""
        ...

    @property
    def cash_e4(self) -> int:
        """Settled and unsettled cash."""
        ...

    @property
    def equity_e4(self) -> int | None:
        """Cash and positions at the mark."""
        ...

    @property
    def day_pnl_e4(self) -> int | None:
        """Realised and unrealised from the prior settlement, after fees."""
        ...

    @property
    def buying_power_e4(self) -> int | None:
        """What may be spent now."""
        ...


class TradingSnapshot(Protocol):
    """An immutable picture of the book of record; ``version`` grows with every change of orders or fills."""

    @property
    def version(self) -> int:
        """Grows with every event."""
        ...

    @property
    def orders(self) -> Sequence[OrderRow]:
        """Oldest first."""
        ...

    @property
    def fills(self) -> Sequence[Fill]:
        """Oldest first."""
        ...

    @property
    def positions(self) -> Sequence[PositionRow]:
        """By symbol."""
        ...

    @property
    def account(self) -> AccountRow:
        """The money."""
        ...


class Trading(Protocol):
    """The face's door to the one order road. Every call returns at once."""

    @property
    def version(self) -> int:
        """Cheap: grows with every change; equal means the snapshot's orders and fills are the same."""
        ...

    def snapshot(self) -> TradingSnapshot:
        """The latest picture, marked at the latest quotes."""
        ...

    def submit(self, draft: OrderDraft) -> str:
        """Hands a draft to the gate and gives the order's id; the verdict arrives as an order event."""
        ...

    def cancel(self, order_id: str) -> None:
        """Asks for a cancel; works disarmed."""
        ...

    def cancel_all(self) -> int:
        """Asks to cancel every working order; works disarmed; gives their number."""
        ...

    def flatten(self) -> int:
        """Cancels all and closes every position at market; gives the number of closing orders."""
        ...


class HealthState(Enum):
    """How a part of the desk is."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class HealthRow:
    """One line of the health panel. The status bar shows the rows with the keys ``feed`` and ``recorder``."""

    key: str
    label: str
    value: str
    state: HealthState
    note: str = ""


class Health(Protocol):
    """How the desk is."""

    def rows(self) -> Sequence[HealthRow]:
        """Cheap; called a few times a second."""
        ...


class Playback(Protocol):
    """Control of a market that does not run by itself. ``speed`` is ``inf`` for as fast as possible."""

    @property
    def paused(self) -> bool:
        """Whether time stands still."""
        ...

    @property
    def speed(self) -> float:
        """Market seconds a wall second."""
        ...

    @property
    def first_ns(self) -> int:
        """Where the material begins."""
        ...

    @property
    def last_ns(self) -> int:
        """Where it ends, or the close of the day when it never ends."""
        ...

    @property
    def can_seek(self) -> bool:
        """False while a session's orders forbid going back."""
        ...

    def play(self) -> None:
        """Lets time run."""
        ...

    def pause(self) -> None:
        """Stops time after the instant in hand."""
        ...

    def step(self) -> None:
        """Pauses, then plays one instant."""
        ...

    def set_speed(self, speed: float) -> None:
        """Changes the pace."""
        ...

    def seek(self, ts_ns: int) -> None:
        """Goes to a market time."""
        ...


class Past(Protocol):
    """The run's day at any moment of it. Every call returns at once; the panels follow."""

    @property
    def is_past(self) -> bool:
        """Whether the past is shown, or is about to be."""
        ...

    @property
    def wanted_ns(self) -> int:
        """The moment that was asked for last; live it is the market's own time."""
        ...

    @property
    def shown_ns(self) -> int:
        """The moment that the panels show."""
        ...

    @property
    def first_ns(self) -> int:
        """The earliest moment that can be shown; 0 before the first message."""
        ...

    @property
    def live_ns(self) -> int:
        """How far the live market is."""
        ...

    @property
    def is_playing(self) -> bool:
        """Whether the past runs on by itself."""
        ...

    def go(self, ts_ns: int) -> None:
        """Shows a moment; one that has not come yet is the live market."""
        ...

    def move(self, by_ns: int) -> None:
        """Shows a moment so much before or after the one asked for last."""
        ...

    def live(self) -> None:
        """Back to the live market."""
        ...
