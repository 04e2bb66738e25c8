"""Buying power: cash less what short positions and working orders tie up.

Long premium, shares and fees are paid in full. A short option by itself needs its own value plus a part of the
underlying's (Cboe Rule 10.3(c)(5)(A), FINRA Rule 4210(f)(2)(E)): 20 % of the underlying (15 % for a broad index) less
what it is out of the money, at least 10 % of the underlying (calls) or of the strike (puts). A call covered by shares
needs nothing, a put never more than its strike in cash, and a short option with a long one behind it what the two can
lose together; of a call spread and a put spread of one expiry the wider. A bare call and a bare put both count in full,
which is more than the rule asks for a straddle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from terminal.core.instruments import Instrument, InstrumentKind, InstrumentTable
from terminal.core.money import ABSENT_PX, MONEY_SCALE, notional_e4
from terminal.core.orders import Effect, OrderType, Side
from terminal.core.osi import Right
from terminal.portfolio.valuation import mark_of
from terminal.risk.cover import Cover, ShortSpread, never_lost_twice
from terminal.risk.holdings import Holdings, MarketView, WorkingLeg

FeeEstimate = Callable[[Instrument, int], int]
"""What a venue would charge, in 1/10,000, for a quantity of an instrument."""

_EQUITY_PERCENT, _INDEX_PERCENT, _LEAST_PERCENT, _SHORT_SHARES_PERCENT = 20, 15, 10, 150


class UnpricedError(LookupError):
    """A requirement cannot be reckoned because a price is missing; the message names the instrument."""


@dataclass(frozen=True, slots=True)
class BuyingPower:
    """Where the money is: ``available_e4 = cash - requirement - reserved``."""

    cash_e4: int
    requirement_e4: int
    reserved_e4: int

    @property
    def available_e4(self) -> int:
        """What may still be spent; negative when the account is over its limit."""
        return self.cash_e4 - self.requirement_e4 - self.reserved_e4


class Margin:
    """Reckons buying power at the latest quotes."""

    def __init__(self, table: InstrumentTable, quotes: MarketView, fees: FeeEstimate) -> None:
        self._table = table
        self._quotes = quotes
        self._fees = fees

    def buying_power(self, holdings: Holdings) -> BuyingPower:
        """Buying power with all working opening orders counted as if they were filled.

        Raises UnpricedError when a short position or an order at market has no price.
        """
        return self.before_and_after(holdings, ())[0]

    def before_and_after(self, holdings: Holdings, more: Sequence[WorkingLeg]) -> tuple[BuyingPower, BuyingPower]:
        """Buying power as it is, and as it would be with the order ``more``; see :meth:`buying_power`.

        Legs of ``more`` that close count as done: what they sell covers nothing and brings its price.
        """
        reserved_e4, _ = self._working(holdings.working)
        more_e4, _ = self._working(more)
        cash_e4 = holdings.cash_e4
        before = BuyingPower(cash_e4, sum(self._requirements(holdings, ()).values()), reserved_e4)
        requirement_e4 = sum(self._requirements(holdings, more).values()) if more else before.requirement_e4
        closing_e4 = sum(self._closing_cash_e4(leg) for leg in more if leg.effect is Effect.CLOSE)
        return before, BuyingPower(cash_e4 + closing_e4, requirement_e4, reserved_e4 + more_e4)

    def uncovered(self, holdings: Holdings, more: Sequence[WorkingLeg]) -> dict[int, int]:
        """By instrument id of what is short: by how much, in 1/10,000, the order ``more`` raises its requirement."""
        before, after = self._requirements(holdings, ()), self._requirements(holdings, more)
        return {each: need_e4 - before.get(each, 0) for each, need_e4 in after.items() if need_e4 > before.get(each, 0)}

    def _working(self, legs: Iterable[WorkingLeg]) -> tuple[int, dict[int, int]]:
        """What opening orders will cost, fees too, and the quantities that they sell short, by instrument id."""
        reserved_e4 = 0
        pending: dict[int, int] = {}
        for leg in legs:
            if leg.effect is Effect.CLOSE:
                continue
            row = self._table.get(leg.instrument)
            reserved_e4 += self._fees(row, leg.remaining)
            if leg.side is Side.BUY:
                reserved_e4 += self._cost_e4(row, leg)
            else:
                pending[row.id] = pending.get(row.id, 0) + leg.remaining
        return reserved_e4, pending

    def _closing_cash_e4(self, leg: WorkingLeg) -> int:
        """What a closing leg brings when it fills, after fees; negative when it costs.

        A sale counts at no more than the market pays now: a limit far above it would cover anything on paper.
        """
        row = self._table.get(leg.instrument)
        fees_e4 = self._fees(row, leg.remaining)
        if leg.side is Side.BUY:
            return -self._cost_e4(row, leg) - fees_e4
        quote = self._quotes.read_one(row.id)
        bid_px = int(quote["bid_px"])
        market_px = bid_px if bid_px != ABSENT_PX else mark_of(quote, is_option=row.option is not None).mark_px
        px = min((each for each in (leg.limit_px, market_px) if each is not None), default=0)
        return notional_e4(px, leg.remaining, row.multiplier, row.price_scale) - fees_e4

    def _cost_e4(self, row: Instrument, leg: WorkingLeg) -> int:
        px = leg.limit_px
        if leg.order_type is OrderType.MARKET or px is None:
            px = int(self._quotes.read_one(row.id)["ask_px"])
            if px == ABSENT_PX:
                raise UnpricedError(f"{row.label} has no ask, so the cost of a market order is not known")
        return notional_e4(px, leg.remaining, row.multiplier, row.price_scale)

    def _requirements(self, holdings: Holdings, more: Sequence[WorkingLeg]) -> dict[int, int]:
        """What each short instrument ties up, by id, with the order ``more`` on its way."""
        working = [*holdings.working, *more]
        # Held shorts have brought their premium, those on their way have not.
        shorts = {each: -position.quantity for each, position in holdings.positions.items() if position.quantity < 0}
        for leg in more:
            if leg.side is Side.BUY and leg.effect is Effect.CLOSE and leg.instrument in shorts:
                shorts[leg.instrument] = max(0, shorts[leg.instrument] - leg.remaining)
        _, pending = self._working(working)
        cover = Cover(self._table, replace(holdings, working=working))
        needs_e4: dict[int, int] = {}
        spreads: list[ShortSpread] = []
        for instrument in sorted({*shorts, *pending}):
            row = self._table.get(instrument)
            held, coming = shorts.get(instrument, 0), pending.get(instrument, 0)
            if row.option is None:
                needs_e4[instrument] = self._short_shares_e4(row, held, coming)
                continue
            covered = cover.take_shares(row, held + coming)
            bare_held = max(0, held - covered)
            bare_coming = held + coming - covered - bare_held
            # The premium that came in is no money to spend until the option is bought back.
            needs_e4[instrument] = self._short_options_e4(
                row, bare_held, cover, spreads, with_value=True
            ) + self._short_options_e4(row, bare_coming, cover, spreads, with_value=False)
        for instrument, spared_e4 in never_lost_twice(spreads).items():
            needs_e4[instrument] -= spared_e4
        return needs_e4

    def _short_options_e4(
        self, row: Instrument, contracts: int, cover: Cover, spreads: list[ShortSpread], *, with_value: bool
    ) -> int:
        """What contracts without shares behind them need: the width of a spread where a long option stands by.

        The spreads are added to ``spreads``.
        """
        if not contracts:
            return 0
        each_e4 = self._short_option_e4(row) + (self._value_e4(row, 1) if with_value else 0)
        total_e4 = 0
        while contracts:
            paired, loss_e4 = cover.take_spread(row, contracts, each_e4)
            if not paired:
                return total_e4 + contracts * each_e4
            spreads.append(ShortSpread(row, paired, loss_e4))
            total_e4 += paired * loss_e4
            contracts -= paired
        return total_e4

    def _short_shares_e4(self, row: Instrument, held: int, coming: int) -> int:
        """150 % of the value (12 CFR 220.12), of which 100 % are the proceeds, once they are in the cash."""
        value_e4 = self._value_e4(row, 1)
        return value_e4 * (held * _SHORT_SHARES_PERCENT + coming * (_SHORT_SHARES_PERCENT - 100)) // 100

    def _short_option_e4(self, row: Instrument) -> int:
        """The requirement of one uncovered short contract, beside its own value."""
        terms = row.option
        if terms is None:
            raise ValueError(f"{row.symbol} is no option")
        under = self._table.get(terms.underlying)
        spot_px = self._mark_px(under)
        is_call = terms.symbol.right is Right.CALL
        out_px = max(0, (terms.strike_px - spot_px) if is_call else (spot_px - terms.strike_px))
        percent = _INDEX_PERCENT if under.kind is InstrumentKind.INDEX else _EQUITY_PERCENT
        least_px = (spot_px if is_call else terms.strike_px) * _LEAST_PERCENT // 100
        need_px = max(spot_px * percent // 100 - out_px, least_px)
        if not is_call:
            need_px = min(need_px, max(0, terms.strike_px - self._option_mark_px(row)))
        return need_px * row.multiplier * MONEY_SCALE // row.price_scale

    def _value_e4(self, row: Instrument, quantity: int) -> int:
        px = self._mark_px(row) if row.option is None else self._option_mark_px(row)
        return notional_e4(px, quantity, row.multiplier, row.price_scale)

    def _option_mark_px(self, row: Instrument) -> int:
        quote = self._quotes.read_one(row.id)
        mark = mark_of(quote, is_option=True)
        px = mark.ask_px if mark.ask_px is not None else mark.mark_px
        if px is not None:
            return px
        last_px, prior_px = int(quote["last_px"]), int(quote["prior_close_px"])
        if last_px != ABSENT_PX or prior_px != ABSENT_PX:
            return last_px if last_px != ABSENT_PX else prior_px
        return self._intrinsic_px(row)

    def _intrinsic_px(self, row: Instrument) -> int:
        if row.option is None:
            return 0
        spot_px = self._mark_px(self._table.get(row.option.underlying))
        return max(0, row.option.symbol.right * (spot_px - row.option.strike_px))

    def _mark_px(self, row: Instrument) -> int:
        quote: Any = self._quotes.read_one(row.id)
        mark = mark_of(quote, is_option=row.option is not None)
        if mark.mark_px is not None:
            return mark.mark_px
        for name in ("last_px", "official_px", "prior_close_px"):
            if int(quote[name]) != ABSENT_PX:
                return int(quote[name])
        raise UnpricedError(f"{row.label} has no price, so a short position's requirement is not known")
