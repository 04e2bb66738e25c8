"""What the order road carries: intents, order states, venue reports.

All immutable; prices in ``_px``, money in ``_e4``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum


class Side(IntEnum):
    """The sign of the position change."""

    BUY = 1
    SELL = -1


class Effect(Enum):
    """Whether a leg opens or closes; with the side this is BTO, STO, BTC, STC."""

    OPEN = "open"
    CLOSE = "close"


class OrderType(Enum):
    """How the price is set."""

    MARKET = "market"
    LIMIT = "limit"


class TimeInForce(Enum):
    """How long an order works."""

    DAY = "day"
    IOC = "ioc"
    GTC = "gtc"


class Origin(Enum):
    """Who wanted the order."""

    TICKET = "ticket"
    HOTKEY = "hotkey"
    LADDER = "ladder"
    SCRIPT = "script"
    PROPOSAL = "proposal"
    FLATTEN = "flatten"
    EXPIRY = "expiry"


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg: ``ratio`` contracts per unit of the order. ``effect`` None is inferred at the gate and then shown."""

    instrument: int
    side: Side
    ratio: int = 1
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """A wish to trade; nothing is sent before the gate has said yes and the journal holds it.

    ``order_id`` is ours, unique for ever and what the venue gets as its client id. ``limit_px`` is per unit; for
    several legs the net price, negative for a credit. ``correlation`` runs from key press to fill in the logs.
    """

    order_id: str
    account: str
    legs: tuple[Leg, ...]
    quantity: int
    order_type: OrderType
    time_in_force: TimeInForce
    origin: Origin
    created_ns: int
    limit_px: int | None = None
    correlation: str = ""

    @property
    def only_leg(self) -> Leg:
        """The leg of a single-leg order; ValueError for a combo."""
        (leg,) = self.legs
        return leg


class OrderState(Enum):
    """Explicit states; UNKNOWN is a state and not an error."""

    PENDING_NEW = "pending_new"
    """In the journal, not yet answered by the venue."""
    WORKING = "working"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELLED = "cancelled"
    DENIED = "denied"
    """Refused here, before it was sent."""
    REJECTED = "rejected"
    """Refused by the venue, provably."""
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    """Sent without a clear answer; resolved by asking the venue, never by sending again."""

    @property
    def is_terminal(self) -> bool:
        """No further change but a late fill."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {OrderState.FILLED, OrderState.CANCELLED, OrderState.DENIED, OrderState.REJECTED, OrderState.EXPIRED}
)


class ReportKind(Enum):
    """What a venue says of an order."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FILL = "fill"
    CANCELLED = "cancelled"
    CANCEL_REJECTED = "cancel_rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """One message of a venue about one order. Fills are counted once by (account, ``execution_id``).

    ``ts_ns`` is market time. ``quantity``, ``price_px`` and ``fee_e4`` belong to this fill and this leg alone.
    """

    kind: ReportKind
    order_id: str
    ts_ns: int
    venue_order_id: str = ""
    execution_id: str = ""
    leg: int = 0
    quantity: int = 0
    price_px: int = 0
    fee_e4: int = 0
    reason: str = ""


class DenyReason(Enum):
    """Why the gate refused; ``value`` is the code, ``sentence`` what a trader reads."""

    BAD_QUANTITY = "bad_quantity"
    TOO_LARGE = "too_large"
    OFF_TICK = "off_tick"
    BAD_PRICE = "bad_price"
    NOT_TRADABLE = "not_tradable"
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    EXPIRED_CONTRACT = "expired_contract"
    MARKET_CLOSED = "market_closed"
    NO_QUOTE = "no_quote"
    STALE_QUOTE = "stale_quote"
    BAD_QUOTE = "bad_quote"
    OUTSIDE_COLLAR = "outside_collar"
    BUYING_POWER = "buying_power"
    CLOSES_TOO_MUCH = "closes_too_much"
    WRONG_EFFECT = "wrong_effect"
    DUPLICATE_ID = "duplicate_id"
    NOT_ARMED = "not_armed"
    KILL_SWITCH = "kill_switch"
    VENUE_DOWN = "venue_down"
    NOT_SUPPORTED = "not_supported"
    JOURNAL_DOWN = "journal_down"

    @property
    def sentence(self) -> str:
        """What a trader reads when no figures are at hand."""
        return _SENTENCES[self]


_SENTENCES = {
    DenyReason.BAD_QUANTITY: "The quantity must be a whole number above zero.",
    DenyReason.TOO_LARGE: "The order is larger than the limit in the settings.",
    DenyReason.OFF_TICK: "The price is not on the instrument's tick.",
    DenyReason.BAD_PRICE: "The price must be above zero for a single leg.",
    DenyReason.NOT_TRADABLE: "This is an index and cannot be bought or sold.",
    DenyReason.UNKNOWN_INSTRUMENT: "The symbol is not in this market.",
    DenyReason.EXPIRED_CONTRACT: "The contract has stopped trading.",
    DenyReason.MARKET_CLOSED: "The market for this instrument is closed.",
    DenyReason.NO_QUOTE: "There is no quote on the side that the order needs.",
    DenyReason.STALE_QUOTE: "The feed is silent for longer than the limit, so the price cannot be trusted.",
    DenyReason.BAD_QUOTE: "The quote is crossed or zero, so it prices nothing.",
    DenyReason.OUTSIDE_COLLAR: "The limit is further from the market than the collar allows.",
    DenyReason.BUYING_POWER: "The account has not enough buying power.",
    DenyReason.CLOSES_TOO_MUCH: "The order would close more than is held; it is not turned into a new position.",
    DenyReason.WRONG_EFFECT: "There is no position of the other side to close.",
    DenyReason.DUPLICATE_ID: "An order with this id exists already.",
    DenyReason.NOT_ARMED: "The account is not armed; arm it first.",
    DenyReason.KILL_SWITCH: "The kill switch is set; only cancels pass.",
    DenyReason.VENUE_DOWN: "The venue's order line is down.",
    DenyReason.NOT_SUPPORTED: "The venue does not take this kind of order.",
    DenyReason.JOURNAL_DOWN: "The journal cannot be written, so nothing may be sent.",
}


@dataclass(frozen=True, slots=True)
class Fill:
    """An executed quantity of one leg, as booked."""

    execution_id: str
    order_id: str
    account: str
    instrument: int
    side: Side
    quantity: int
    price_px: int
    fee_e4: int
    ts_ns: int
