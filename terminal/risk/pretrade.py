"""The verdict on an order before it is sent: yes, or one reason with the figures that a trader needs to mend it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Instrument, InstrumentTable, UnknownInstrumentError
from terminal.core.messages import Phase
from terminal.core.money import ABSENT_PX, format_money, format_px, notional_e4
from terminal.core.orders import DenyReason, Effect, OrderIntent, OrderType, Origin, Side, TimeInForce
from terminal.core.ticks import TickClass
from terminal.market.rows import Quality
from terminal.risk.effects import Refusal, infer_effect
from terminal.risk.holdings import Holdings, MarketView, WorkingLeg
from terminal.risk.limits import Limits
from terminal.risk.margin import FeeEstimate, Margin, UnpricedError

_MOST_PX = 10**12
"""A hundred million per unit: a price above it is a slip of the hand."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reason`` None is yes. ``intent`` carries the inferred effects; the money is before and after the order."""

    intent: OrderIntent
    reason: DenyReason | None
    sentence: str
    cash_before_e4: int
    cash_after_e4: int | None = None
    buying_power_before_e4: int | None = None
    buying_power_after_e4: int | None = None

    @property
    def ok(self) -> bool:
        """True when the order may be sent."""
        return self.reason is None


class _Refused(Exception):
    def __init__(self, reason: DenyReason, sentence: str = "") -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence or reason.sentence


class PreTrade:
    """Judges intents against limits, quotes and the account; holds no state of its own."""

    def __init__(self, table: InstrumentTable, quotes: MarketView, limits: Limits, fees: FeeEstimate) -> None:
        self.limits = limits
        self.margin = Margin(table, quotes, fees)
        self._table = table
        self._quotes = quotes
        self._fees = fees

    def judge(self, intent: OrderIntent, holdings: Holdings, now_ns: int) -> Verdict:
        """The verdict at market time ``now_ns``.

        Closing orders are not held to size, and to buying power only when what they sell covers a short position.
        """
        try:
            rows = [self._instrument(leg.instrument) for leg in intent.legs]
            self._check_shape(intent, rows)
            intent = _with_effects(intent, holdings, rows)
            for row in rows:
                self._check_hours(intent, row, now_ns)
            self._check_prices(intent, rows)
            if not _is_flatten(intent):
                self._check_quotes(intent, rows, now_ns)
            self._check_size(intent, rows)
            return self._check_money(intent, holdings, rows)
        except _Refused as refused:
            return Verdict(intent, refused.reason, refused.sentence, holdings.cash_e4)

    def _instrument(self, instrument: int) -> Instrument:
        try:
            return self._table.get(instrument)
        except UnknownInstrumentError:
            raise _Refused(DenyReason.UNKNOWN_INSTRUMENT) from None

    def _check_shape(self, intent: OrderIntent, rows: list[Instrument]) -> None:
        if not rows or intent.quantity <= 0 or any(leg.ratio <= 0 for leg in intent.legs):
            raise _Refused(
                DenyReason.BAD_QUANTITY, f"{intent.quantity} is no quantity: write a whole number above zero."
            )
        if intent.order_type is OrderType.MARKET and intent.time_in_force is TimeInForce.GTC:
            raise _Refused(
                DenyReason.NOT_SUPPORTED,
                "A market order cannot be gtc: what is not filled would wait overnight without a price; make it day or "
                "ioc, or give it a limit.",
            )
        for row in rows:
            if not row.is_tradable:
                raise _Refused(DenyReason.NOT_TRADABLE, f"{row.label} is an index and cannot be bought or sold.")
            if row.is_coin or row.currency != "USD":
                raise _Refused(
                    DenyReason.NOT_SUPPORTED,
                    f"{row.label} is quoted in {row.currency}; the paper account trades shares, options and futures in "
                    "US dollars only.",
                )
        if len({row.id for row in rows}) != len(rows):
            raise _Refused(DenyReason.NOT_SUPPORTED, "The same contract stands in two legs; put them together.")

    def _check_hours(self, intent: OrderIntent, row: Instrument, now_ns: int) -> None:
        if row.option is not None and now_ns >= row.option.expires_ns:
            raise _Refused(DenyReason.EXPIRED_CONTRACT, f"{row.label} has stopped trading.")
        phase = Phase(int(self._quotes.read_one(row.id)["phase"]))
        at_once = intent.order_type is OrderType.MARKET or intent.time_in_force is TimeInForce.IOC
        name = phase.name.replace("_", " ").lower()
        if at_once and (phase is not Phase.OPEN and (phase is not Phase.CURB or intent.order_type is OrderType.MARKET)):
            raise _Refused(
                DenyReason.MARKET_CLOSED,
                f"The market for {row.label} is {name}; only a resting limit order can wait for it.",
            )
        if phase in {Phase.CLOSED, Phase.AFTER_HOURS} and intent.time_in_force is not TimeInForce.GTC:
            raise _Refused(
                DenyReason.MARKET_CLOSED, f"The market for {row.label} is {name}; a gtc limit order can wait for it."
            )

    def _check_prices(self, intent: OrderIntent, rows: list[Instrument]) -> None:
        px = intent.limit_px
        if intent.order_type is OrderType.MARKET:
            if px is not None:
                raise _Refused(DenyReason.BAD_PRICE, "A market order has no price; make it a limit order.")
            return
        if px is None or abs(px) > _MOST_PX or (len(rows) == 1 and px <= 0):
            shown = "none" if px is None else format_px(px)
            raise _Refused(DenyReason.BAD_PRICE, f"The limit price is {shown}; it must be above zero.")
        ticks = (rows[0].tick_class if len(rows) == 1 else TickClass.COMBO).table
        if not ticks.is_on_tick(px):
            raise _Refused(
                DenyReason.OFF_TICK,
                f"{format_px(px)} is not on the tick of {ticks.describe(px)}; the nearest are "
                f"{format_px(ticks.floor(px))} and {format_px(ticks.ceil(px))}.",
            )

    def _check_quotes(self, intent: OrderIntent, rows: list[Instrument], now_ns: int) -> None:
        silence_ns = now_ns - self._quotes.channel.last_ts_ns
        is_open = any(self._quotes.read_one(row.id)["phase"] in {Phase.OPEN, Phase.CURB} for row in rows)
        if is_open and silence_ns > self.limits.quote_age_ns:
            raise _Refused(
                DenyReason.STALE_QUOTE,
                f"The feed has been silent for {silence_ns / NS_PER_S:.1f} s (limit "
                f"{self.limits.quote_age_ns / NS_PER_S:.1f} s), so its prices cannot be trusted.",
            )
        if len(rows) > 1:
            return
        quote = self._quotes.read_one(rows[0].id)
        quality = Quality(int(quote["quality"]))
        side, is_market = intent.only_leg.side, intent.order_type is OrderType.MARKET
        may_rest = not is_market and intent.only_leg.effect is Effect.CLOSE
        if quality in {Quality.CROSSED, Quality.ZERO}:
            if not may_rest:
                raise _Refused(DenyReason.BAD_QUOTE, f"The quote of {rows[0].label} is {_quoted(quote)}: it is "
                               f"{quality.name.lower()} and prices nothing.")  # fmt: skip
            return
        has_far = quality.fills and quality is not (Quality.BID_ONLY if side is Side.BUY else Quality.ASK_ONLY)
        if is_market and not has_far:
            far = "ask to buy at" if side is Side.BUY else "bid to sell at"
            raise _Refused(DenyReason.NO_QUOTE, f"{rows[0].label} has no {far}; a limit order can wait for one.")
        if quality is Quality.NONE and not may_rest and int(quote["last_px"]) == ABSENT_PX:
            raise _Refused(DenyReason.NO_QUOTE, f"{rows[0].label} has no quote, so no limit can be checked against it.")
        if not is_market:
            self._check_collar(intent, rows[0], quote, has_far)

    def _check_collar(self, intent: OrderIntent, row: Instrument, quote: Any, has_far: bool) -> None:
        """A limit that reaches far through the market is a slip of the hand; one far behind it only waits."""
        side, px = intent.only_leg.side, intent.limit_px
        names = ("ask_px", "bid_px") if side is Side.BUY else ("bid_px", "ask_px")
        reference_px = int(quote[names[0]]) if has_far else int(quote[names[1]])
        if reference_px in {ABSENT_PX, 0}:
            reference_px = int(quote["last_px"])
        if px is None or reference_px == ABSENT_PX:
            return
        tick_px = row.tick_class.table.increment(reference_px)
        limits = self.limits
        share = limits.share_collar_basis_points if row.option is None else limits.collar_basis_points
        room_px = max(reference_px * share // 10_000, limits.collar_ticks * tick_px)
        if (px - reference_px) * side > room_px:
            edge_px = reference_px + side * room_px
            ticks = row.tick_class.table
            edge_px = ticks.floor(edge_px) if side is Side.BUY else max(ticks.increment(0), ticks.ceil(edge_px))
            raise _Refused(
                DenyReason.OUTSIDE_COLLAR,
                f"{format_px(px)} is too far through the market of {_quoted(quote)}; the collar ends at "
                f"{format_px(edge_px)}.",
            )

    def _check_size(self, intent: OrderIntent, rows: list[Instrument]) -> None:
        for leg, row in zip(intent.legs, rows, strict=True):
            if leg.effect is Effect.CLOSE:
                continue
            quantity = intent.quantity * leg.ratio
            most, what = self.limits.max_contracts, "contracts"
            if row.option is None:
                most, what = self.limits.max_shares, "shares"
            if quantity > most:
                raise _Refused(DenyReason.TOO_LARGE, f"{quantity:,} {what} are more than the limit of {most:,}.")
            px = intent.limit_px if len(rows) == 1 else None
            if px is None:
                quote = self._quotes.read_one(row.id)
                px = int(quote["ask_px"] if leg.side is Side.BUY else quote["bid_px"])
            if px == ABSENT_PX:
                continue
            amount_e4 = abs(notional_e4(px, quantity, row.multiplier, row.price_scale))
            if amount_e4 > self.limits.max_notional_e4:
                raise _Refused(
                    DenyReason.TOO_LARGE,
                    f"The order is worth {format_money(amount_e4)}, more than the limit of "
                    f"{format_money(self.limits.max_notional_e4)}.",
                )

    def _check_money(self, intent: OrderIntent, holdings: Holdings, rows: list[Instrument]) -> Verdict:
        legs = [
            WorkingLeg(
                intent.order_id, leg.instrument, leg.side, leg.effect or Effect.OPEN, intent.quantity * leg.ratio,
                intent.order_type, intent.limit_px if len(rows) == 1 else None,
            )
            for leg in intent.legs
        ]  # fmt: skip
        opens = any(leg.effect is Effect.OPEN for leg in legs)
        cash_after_e4 = holdings.cash_e4 - self._spent_e4(legs, rows)
        try:
            before, after = self.margin.before_and_after(holdings, legs)
        except UnpricedError as unpriced:
            if not opens:
                return Verdict(intent, None, "", holdings.cash_e4, cash_after_e4)
            raise _Refused(DenyReason.BUYING_POWER, f"Buying power cannot be reckoned: {unpriced}.") from None
        before_e4, after_e4 = before.available_e4, after.available_e4
        if opens and after_e4 < 0:
            raise _Refused(
                DenyReason.BUYING_POWER,
                f"The order needs {format_money(before_e4 - after_e4)} and the account has "
                f"{format_money(before_e4)} of buying power.",
            )
        if after_e4 < min(0, before_e4) and not _is_flatten(intent):
            self._check_uncovers(holdings, legs, after_e4)
        return Verdict(intent, None, "", holdings.cash_e4, cash_after_e4, before_e4, after_e4)

    def _check_uncovers(self, holdings: Holdings, legs: list[WorkingLeg], after_e4: int) -> None:
        """Getting out passes whatever it costs, unless it leaves a short position without what stands behind it."""
        more_e4 = self.margin.uncovered(holdings, legs)
        if not more_e4 or not any(leg.side is Side.SELL for leg in legs):
            return
        shorts = " and ".join(self._table.get(each).label for each in more_e4)
        raise _Refused(
            DenyReason.BUYING_POWER,
            f"What is sold covers the short {shorts}, which would need {format_money(sum(more_e4.values()))} more and "
            f"leave {format_money(after_e4)} of buying power; buy the short back first.",
        )

    def _spent_e4(self, legs: list[WorkingLeg], rows: list[Instrument]) -> int:
        """What the order takes from the cash when it fills at its limit or, without one, at the quote."""
        spent_e4 = 0
        for leg, row in zip(legs, rows, strict=True):
            px = leg.limit_px
            if px is None:
                quote = self._quotes.read_one(row.id)
                px = int(quote["ask_px"] if leg.side is Side.BUY else quote["bid_px"])
            if px != ABSENT_PX:
                spent_e4 += notional_e4(px, leg.side * leg.remaining, row.multiplier, row.price_scale)
            spent_e4 += self._fees(row, leg.remaining)
        return spent_e4


def _with_effects(intent: OrderIntent, holdings: Holdings, rows: list[Instrument]) -> OrderIntent:
    legs = []
    for leg, row in zip(intent.legs, rows, strict=True):
        found = infer_effect(leg, intent.quantity * leg.ratio, holdings, row.label)
        if isinstance(found, Refusal):
            raise _Refused(found.reason, found.sentence)
        legs.append(replace(leg, effect=found))
    return replace(intent, legs=tuple(legs))


def _is_flatten(intent: OrderIntent) -> bool:
    """Getting out must work on a silent feed too."""
    return intent.origin is Origin.FLATTEN and all(leg.effect is Effect.CLOSE for leg in intent.legs)


def _quoted(quote: Any) -> str:
    sides = (int(quote["bid_px"]), int(quote["ask_px"]))
    return " x ".join("none" if px == ABSENT_PX else format_px(px) for px in sides)
