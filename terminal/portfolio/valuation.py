"""Marks and profit and loss: what positions are worth at mid and what they would bring now.

A price that no quote supports is None and never 0, and a sum with a None in it is None.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from terminal.core.clock import from_ns
from terminal.core.instruments import Instrument, InstrumentTable
from terminal.core.messages import Phase
from terminal.core.money import ABSENT_PX, notional_e4
from terminal.market.rows import Quality
from terminal.portfolio.account import AccountView
from terminal.portfolio.currency import RateTable
from terminal.portfolio.position import Position, divide_rounded


class QuoteReader(Protocol):
    """Latest quotes by instrument id: rows with the fields of ``market.rows.QUOTE_ROW``."""

    def read_one(self, instrument: int) -> Any:
        """A copy of one row."""
        ...


class MarkSource(Enum):
    """What a mark rests on."""

    MID = "mid"
    ONE_SIDE = "one side"
    OFFICIAL = "official close"
    LAST = "last trade, spread unknown"
    PRIOR = "prior settlement"
    NONE = "no price"


@dataclass(frozen=True, slots=True)
class Mark:
    """The prices of one instrument: at mid, and what a long (bid) and a short (ask) would get; None is unknown."""

    mark_px: int | None
    bid_px: int | None
    ask_px: int | None
    source: MarkSource
    is_closed: bool
    is_stale: bool


@dataclass(frozen=True, slots=True)
class ValuedPosition:
    """One position with its marks. ``is_closed``: the market is; its quotes are then closed, not stale."""

    instrument: int
    quantity: int
    average_px: int
    mark_px: int | None
    liquidation_px: int | None
    one_sided: bool
    source: MarkSource
    is_closed: bool
    is_stale: bool
    value_e4: int | None
    liquidation_e4: int | None
    unrealised_e4: int | None
    realised_e4: int
    day_pnl_e4: int | None
    fees_e4: int


@dataclass(frozen=True, slots=True)
class Valuation:
    """An account at one moment, in its own currency; day P&L is from the prior settlement and after fees."""

    ts_ns: int
    account: str
    currency: str
    cash_e4: int
    equity_e4: int | None
    liquidation_equity_e4: int | None
    unrealised_e4: int | None
    realised_e4: int
    fees_e4: int
    day_pnl_e4: int | None
    positions: tuple[ValuedPosition, ...]


def mark_of(row: Any, *, is_option: bool, is_stale: bool = False, prior_px: int | None = None) -> Mark:
    """The marks of a quote row; ``prior_px`` is used when there is nothing of today."""
    quality = Quality(int(row["quality"]))
    phase = Phase(int(row["phase"]))
    is_closed = phase in {Phase.CLOSED, Phase.AFTER_HOURS, Phase.PRE_MARKET}
    bid_px = _known(row["bid_px"]) if quality.fills else None
    ask_px = _known(row["ask_px"]) if quality.fills else None
    official_px, last_px = _known(row["official_px"]), _known(row["last_px"])
    stale = is_stale and not is_closed
    sellable_px = bid_px or None
    if official_px is not None and is_closed and not is_option:
        return Mark(official_px, sellable_px, ask_px, MarkSource.OFFICIAL, True, False)
    if bid_px and ask_px is not None:
        return Mark(divide_rounded(bid_px + ask_px, 2), bid_px, ask_px, MarkSource.MID, is_closed, stale)
    if ask_px is not None:
        # Nobody bids for a worthless option: its market lies between nothing and the ask, quoted as zero or not at all.
        is_bid_zero = bid_px is not None or is_option
        mark_px = divide_rounded(ask_px, 2) if is_bid_zero else ask_px
        return Mark(mark_px, None, ask_px, MarkSource.ONE_SIDE, is_closed, stale)
    if sellable_px is not None:
        return Mark(sellable_px, sellable_px, None, MarkSource.ONE_SIDE, is_closed, stale)
    if last_px is not None and not is_option and quality is Quality.NONE:
        return Mark(last_px, None, None, MarkSource.LAST, is_closed, stale)
    if prior_px is not None and quality is Quality.NONE:
        return Mark(prior_px, None, None, MarkSource.PRIOR, is_closed, stale)
    return Mark(None, None, None, MarkSource.NONE, is_closed, stale)


def net_change_px(row: Any, mark_px: int | None = None) -> int | None:
    """Last price (or ``mark_px``) less the prior close; None when one of them is not known."""
    now_px = mark_px if mark_px is not None else _known(row["last_px"])
    prior_px = _known(row["prior_close_px"])
    return None if now_px is None or prior_px is None else now_px - prior_px


def value_position(position: Position, row: Instrument, mark: Mark) -> ValuedPosition:
    """One position at ``mark``, in the instrument's currency."""
    liquidation_px = mark.bid_px if position.quantity > 0 else mark.ask_px
    if position.quantity == 0:
        liquidation_px = None

    def worth(px: int | None) -> int | None:
        if position.quantity == 0:
            return 0
        return None if px is None else notional_e4(px, position.quantity, row.multiplier, row.price_scale)

    value_e4 = worth(mark.mark_px)
    day_pnl_e4 = None
    if value_e4 is not None and position.day_start_value_e4 is not None:
        day_pnl_e4 = value_e4 - position.day_start_value_e4 + position.day_flow_e4
    return ValuedPosition(
        instrument=position.instrument,
        quantity=position.quantity,
        average_px=position.average_px(row.multiplier, row.price_scale),
        mark_px=mark.mark_px,
        liquidation_px=liquidation_px,
        one_sided=mark.source is MarkSource.ONE_SIDE,
        source=mark.source,
        is_closed=mark.is_closed,
        is_stale=mark.is_stale,
        value_e4=value_e4,
        liquidation_e4=worth(liquidation_px),
        unrealised_e4=None if value_e4 is None else value_e4 - position.cost_e4,
        realised_e4=position.realised_e4,
        day_pnl_e4=day_pnl_e4,
        fees_e4=position.fees_e4,
    )


def value_account(
    account: AccountView,
    table: InstrumentTable,
    quotes: QuoteReader,
    ts_ns: int,
    *,
    is_stale: bool = False,
    rates: RateTable | None = None,
) -> Valuation:
    """The account at the latest quotes. ``is_stale``: the feed has been silent for too long.

    Raises MissingRateError when something is in a currency without a rate.
    """
    rates = rates or RateTable(account.currency)
    day = from_ns(ts_ns).date()
    valued: list[ValuedPosition] = []
    sums: dict[str, list[int | None]] = {"value": [], "liquidation": [], "unrealised": [], "realised": [], "day": []}
    day_fees_e4 = 0
    for position in account.positions:
        row = table.get(position.instrument)
        mark = mark_of(
            quotes.read_one(row.id),
            is_option=row.option is not None,
            is_stale=is_stale,
            prior_px=position.day_start_px,
        )
        each = value_position(position, row, mark)
        valued.append(each)
        amounts = (each.value_e4, each.liquidation_e4, each.unrealised_e4, each.realised_e4, each.day_pnl_e4)
        for column, amount_e4 in zip(sums.values(), amounts, strict=True):
            column.append(None if amount_e4 is None else rates.to_base_e4(amount_e4, row.currency, day))
        day_fees_e4 += rates.to_base_e4(position.day_fees_e4, row.currency, day)
    cash_e4 = sum(rates.to_base_e4(amount, currency, day) for currency, amount in account.cash_by_currency)
    value_e4, liquidation_e4 = _total(sums["value"]), _total(sums["liquidation"])
    day_e4 = _total(sums["day"])
    return Valuation(
        ts_ns=ts_ns,
        account=account.account,
        currency=account.currency,
        cash_e4=cash_e4,
        equity_e4=None if value_e4 is None else cash_e4 + value_e4,
        liquidation_equity_e4=None if liquidation_e4 is None else cash_e4 + liquidation_e4,
        unrealised_e4=_total(sums["unrealised"]),
        realised_e4=_total(sums["realised"]) or 0,
        fees_e4=account.fees_e4,
        day_pnl_e4=None if day_e4 is None else day_e4 - day_fees_e4,
        positions=tuple(valued),
    )


def settlement_marks(account: AccountView, table: InstrumentTable, quotes: QuoteReader) -> dict[int, int]:
    """The prices on which a trading day is closed, by instrument id; an instrument without any is left out."""
    marks: dict[int, int] = {}
    for position in account.open_positions:
        row = table.get(position.instrument)
        quote = quotes.read_one(row.id)
        official_px = _known(quote["official_px"])
        mark = mark_of(quote, is_option=row.option is not None, prior_px=position.day_start_px)
        price_px = official_px if official_px is not None else mark.mark_px
        if price_px is not None:
            marks[row.id] = price_px
    return marks


def _known(px: Any) -> int | None:
    return None if int(px) == ABSENT_PX else int(px)


def _total(amounts: Iterable[int | None]) -> int | None:
    total = 0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
