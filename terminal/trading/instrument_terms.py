"""Instruments in the journal: their terms are written once, so that a session can be read without its market data."""

from __future__ import annotations

from collections.abc import Sequence

from terminal.core.events import Body
from terminal.core.instruments import (
    Delivery,
    Instrument,
    InstrumentKind,
    InstrumentTable,
    OptionTerms,
    SessionProduct,
    SettlementTime,
    Style,
    UnknownInstrumentError,
)
from terminal.core.osi import parse_option_symbol
from terminal.core.ticks import TickClass

ABOUT = "instrument"


def instrument_body(row: Instrument, table: InstrumentTable) -> Body:
    """The body of the NOTE that introduces ``row``."""
    option: Body | None = None
    if row.option is not None:
        option = {
            "underlying": table.get(row.option.underlying).symbol,
            "style": row.option.style.value,
            "delivery": row.option.delivery.value,
            "settlement": row.option.settlement.value,
            "expires_ns": row.option.expires_ns,
            "shares": row.option.shares,
        }
    return {
        "about": ABOUT,
        "symbol": row.symbol,
        "kind": row.kind.name,
        "session": row.session.value,
        "tick_class": row.tick_class.name,
        "currency": row.currency,
        "multiplier": row.multiplier,
        "price_scale": row.price_scale,
        "size_scale": row.size_scale,
        "calendar": row.calendar,
        "name": row.name,
        "option": option,
    }


def introduce(body: Body, table: InstrumentTable) -> int:
    """This run's id of the instrument that ``body`` introduces; added to the table when the market has not.

    A row that is there with another multiplier or currency is kept as it is and a ValueError says so.
    """
    symbol = body["symbol"]
    try:
        known = table.find(symbol)
    except UnknownInstrumentError:
        return _add(body, table).id
    if (known.multiplier, known.currency) != (body["multiplier"], body["currency"]):
        raise ValueError(
            f"{known.label} has a multiplier of {known.multiplier} now and had {body['multiplier']} in the journal"
        )
    return known.id


def introductions(rows: Sequence[Instrument], table: InstrumentTable, known: set[str]) -> list[Body]:
    """The bodies for those of ``rows`` that ``known`` lacks, underlyings first; adds them to ``known``."""
    bodies: list[Body] = []
    for row in rows:
        wanted = [table.get(row.option.underlying), row] if row.option is not None else [row]
        for each in wanted:
            if each.symbol not in known:
                known.add(each.symbol)
                bodies.append(instrument_body(each, table))
    return bodies


def _add(body: Body, table: InstrumentTable) -> Instrument:
    terms = body["option"]
    option = None
    if terms is not None:
        option = OptionTerms(
            parse_option_symbol(body["symbol"]),
            table.find(terms["underlying"]).id,
            Style(terms["style"]),
            Delivery(terms["delivery"]),
            SettlementTime(terms["settlement"]),
            terms["expires_ns"],
            terms["shares"],
        )
    return table.add(
        body["symbol"],
        InstrumentKind[body["kind"]],
        SessionProduct(body["session"]),
        TickClass[body["tick_class"]],
        currency=body["currency"],
        multiplier=body["multiplier"],
        price_scale=body["price_scale"],
        calendar=body["calendar"],
        option=option,
        name=body["name"],
        size_scale=body.get("size_scale", 0),
    )
