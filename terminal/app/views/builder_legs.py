"""Moving legs on what is listed: the next strike, another expiry, the other side, more of all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from terminal.app.leg_draft import MOST_LEGS, DraftLeg, underlying_of
from terminal.core.instruments import Instrument, InstrumentTable, UnknownInstrumentError
from terminal.core.money import PRICE_SCALE
from terminal.core.osi import Right
from terminal.portfolio.strategies.legs import Kind, StrategyLeg

Legs = tuple[DraftLeg, ...]


def strategy_legs(table: InstrumentTable, legs: Sequence[DraftLeg]) -> tuple[StrategyLeg, ...]:
    """The same with what each contract is."""
    return tuple(_strategy_leg(table.get(each.instrument), each.quantity) for each in legs)


def _strategy_leg(row: Instrument, quantity: int) -> StrategyLeg:
    if row.option is None:
        return StrategyLeg(quantity, Kind.STOCK, instrument=row.id)
    kind = Kind.CALL if row.option.symbol.right is Right.CALL else Kind.PUT
    return StrategyLeg(quantity, kind, row.option.strike_px / PRICE_SCALE, row.option.expires_ns, row.id)


def strikes_of(table: InstrumentTable, instrument: int) -> list[Instrument]:
    """The contracts of one series and right, by strike; empty for the stock."""
    terms = table.get(instrument).option
    if terms is None:
        return []
    symbol = terms.symbol
    return [
        row for row in table.chain(terms.underlying, symbol.expiry)
        if row.option is not None and row.option.symbol.root == symbol.root and row.option.symbol.right is symbol.right
    ]  # fmt: skip


def stepped_strike(table: InstrumentTable, legs: Legs, place: int, steps: int) -> Legs:
    """A leg at the next listed strike (1 above, -1 below) that no other leg stands on; unchanged at the end."""
    if not 0 <= place < len(legs):
        return legs
    chain = [row.id for row in strikes_of(table, legs[place].instrument)]
    taken = {each.instrument for each in legs}
    if legs[place].instrument not in chain:
        return legs
    at = chain.index(legs[place].instrument) + steps
    while 0 <= at < len(chain) and chain[at] in taken:
        at += steps
    return _moved(legs, place, chain[at]) if 0 <= at < len(chain) else legs


def all_stepped(table: InstrumentTable, legs: Legs, steps: int) -> Legs:
    """Every option one listed strike on; unchanged where one of them has none."""
    moved = []
    for leg in legs:
        chain = [row.id for row in strikes_of(table, leg.instrument)]
        at = chain.index(leg.instrument) + steps if leg.instrument in chain else -1
        if chain and not 0 <= at < len(chain):
            return legs
        moved.append(DraftLeg(chain[at], leg.quantity) if chain else leg)
    return tuple(moved)


def dragged(table: InstrumentTable, legs: Legs, place: int, strike: float) -> Legs:
    """A leg at the listed strike nearest to ``strike`` that no other leg stands on."""
    if not 0 <= place < len(legs):
        return legs
    taken = {each.instrument for at, each in enumerate(legs) if at != place}
    free = [row for row in strikes_of(table, legs[place].instrument) if row.id not in taken]
    if not free:
        return legs
    nearest = min(free, key=lambda row: abs(row.option.strike_px / PRICE_SCALE - strike) if row.option else np.inf)
    return _moved(legs, place, nearest.id)


def stepped_expiry(table: InstrumentTable, legs: Legs, places: Sequence[int], steps: int) -> Legs:
    """Legs at the next expiry of their root that lists their strike; unchanged where one of them has none."""
    found = list(legs)
    for place in places:
        if not 0 <= place < len(legs):
            return legs
        other = _other_expiry(table, legs[place].instrument, steps)
        if other is None:
            if table.get(legs[place].instrument).option is None:
                continue
            return legs
        found[place] = DraftLeg(other, legs[place].quantity)
    # Legs on one contract would become one.
    return tuple(found) if len({each.instrument for each in found}) == len(found) else legs


def _other_expiry(table: InstrumentTable, instrument: int, steps: int) -> int | None:
    terms = table.get(instrument).option
    if terms is None:
        return None
    mine = terms.symbol
    same = {}
    for row in table.options(terms.underlying):
        if row.option is None:
            continue
        symbol = row.option.symbol
        if (symbol.root, symbol.right, symbol.strike_mills) == (mine.root, mine.right, mine.strike_mills):
            same[row.option.expires_ns] = row.id
    ends = sorted(same)
    at = ends.index(terms.expires_ns) + steps
    return same[ends[at]] if 0 <= at < len(ends) else None


def flipped(legs: Legs, place: int | None = None) -> Legs:
    """One leg, or all of them, on the other side."""
    return tuple(DraftLeg(leg.instrument, -leg.quantity) if place in {None, at} else leg for at, leg in enumerate(legs))


def scaled(legs: Legs, old_units: int, units: int) -> Legs:
    """As many units as asked for."""
    return tuple(DraftLeg(leg.instrument, leg.quantity // old_units * units) for leg in legs)


def removed(legs: Legs, place: int) -> Legs:
    """Without one leg."""
    return tuple(leg for at, leg in enumerate(legs) if at != place)


def saved(table: InstrumentTable, legs: Legs) -> list[list[object]]:
    """For a workspace's file: symbols and quantities."""
    return [[table.get(each.instrument).symbol, each.quantity] for each in legs]


def restored(table: InstrumentTable, underlying: int, rows: object) -> Legs | None:
    """Takes back :func:`saved`; None while one of the contracts is not listed, or nothing of use was saved."""
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_LEGS:
        return None
    legs = []
    for row in rows:
        if not (isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) and type(row[1]) is int and row[1]):
            return None
        try:
            instrument = table.find(row[0])
        except UnknownInstrumentError:
            return None
        if underlying_of(instrument) != underlying:
            return None
        legs.append(DraftLeg(instrument.id, row[1]))
    return tuple(legs)


def _moved(legs: Legs, place: int, instrument: int) -> Legs:
    return tuple(
        DraftLeg(instrument, leg.quantity) if at == place else leg for at, leg in enumerate(legs)
    )  # fmt: skip
