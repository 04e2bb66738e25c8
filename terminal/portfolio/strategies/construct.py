"""A named strategy made of listed contracts, by the rules of the catalog, on the values of one moment."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from terminal.core.clock import NS_PER_S
from terminal.market.analytics.chain_values import ChainValues
from terminal.market.analytics.contracts import Expiry
from terminal.portfolio.strategies.catalog import LETTERS, Strategy
from terminal.portfolio.strategies.legs import ROUND_LOT, Kind, Place, StrategyLeg
from terminal.portfolio.strategies.recognise import fits

NEAR_DAYS, APART_DAYS = 30, 21
"""The near expiry is the one nearest to NEAR_DAYS away; the far one the first at least APART_DAYS after it, else the
next there is."""
_DAY_NS = 86_400 * NS_PER_S
_CANDIDATES = 12
"""Strikes tried around the one a rule asks for, where the nearest gives no strategy."""


class CannotBuild(LookupError):
    """The chain has not what a strategy needs; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """Strikes of one right and series, ascending, with their rows in the chain."""

    strikes: tuple[float, ...]
    rows: tuple[int, ...]
    deltas: tuple[float, ...]


def construct(strategy: Strategy, values: ChainValues, near: int | None = None) -> tuple[StrategyLeg, ...]:
    """The legs of one unit of ``strategy``: the stock first, then by expiry and strike. ``near``: the row of its near
    expiry; None takes the usual one.

    Raises CannotBuild where strikes, expiries or deltas are missing.
    """
    expiries = expiries_for(strategy, values, near) if strategy.expiries else ()
    places = [place for place in strategy.shape if place[1] != Kind.STOCK.value]
    listed = {(kind, expiry): _listed(values, expiries[expiry], kind) for _, kind, _, expiry in places}
    if not places:
        return tuple(_stock(values, place) for place in strategy.shape)
    slots = [_slot(strategy, slot, listed) for slot in range(len(strategy.rules))]
    centre = float(values.forward[expiries[0]])
    for strikes in _in_order(strategy, slots, listed, centre):
        if all(low < high for low, high in itertools.pairwise(strikes)) and fits(strategy, strikes):
            legs = (_leg(values, place, strikes, expiries) for place in strategy.shape)
            return tuple(sorted(legs, key=lambda each: (each.expires_ns, each.strike, each.kind is Kind.CALL)))
    raise CannotBuild(f"{strategy.name}: the expiry has not enough strikes around the money at the right distances.")


def expiries_for(strategy: Strategy, values: ChainValues, near: int | None = None) -> tuple[int, ...]:
    """Rows of the near expiry and, where the strategy needs one, of the far one.

    Raises CannotBuild where they are not listed.
    """
    alive = [row for row, time in enumerate(values.time) if time > 0.0 and _is_standard(values, row)]
    if near is None:
        near = min(alive, key=lambda row: abs(_days(values, row) - NEAR_DAYS), default=None)
    if near not in alive:
        raise CannotBuild(f"{strategy.name}: no expiry is alive.")
    if strategy.expiries < 2:
        return (near,)
    later = [row for row in alive if values.time[row] > values.time[near]]
    same_root = [row for row in later if _expiry(values, row).root == _expiry(values, near).root]
    later = same_root or later
    if not later:
        raise CannotBuild(f"{strategy.name} needs an expiry after the one chosen, and there is none.")
    far = [row for row in later if _days(values, row) - _days(values, near) >= APART_DAYS]
    return near, (far or later)[0]


def _expiry(values: ChainValues, row: int) -> Expiry:
    return values.contracts.expiries[row]


def _days(values: ChainValues, row: int) -> float:
    return (_expiry(values, row).expires_ns - values.now_ns) / _DAY_NS


def _is_standard(values: ChainValues, row: int) -> bool:
    return bool(values.contracts.is_standard[_expiry(values, row).rows].any())


def _listed(values: ChainValues, expiry: int, kind: str) -> _Listed:
    contracts = values.contracts
    rows = np.arange(_expiry(values, expiry).first, _expiry(values, expiry).past)
    rows = rows[contracts.is_standard[rows] & (contracts.is_call[rows] == (kind == Kind.CALL.value))]
    strikes, deltas = contracts.strike[rows], values.values["delta"][rows]
    return _Listed(tuple(strikes.tolist()), tuple(rows.tolist()), tuple(deltas.tolist()))


def _slot(strategy: Strategy, slot: int, listed: dict[tuple[str, int], _Listed]) -> tuple[float, ...]:
    """Strikes that are listed for every leg of a slot, ascending."""
    sets = [set(listed[kind, expiry].strikes) for _, kind, strike, expiry in strategy.shape if strike == slot]
    return tuple(sorted(set.intersection(*sets)))


def _in_order(
    strategy: Strategy, slots: Sequence[tuple[float, ...]], listed: dict[tuple[str, int], _Listed], centre: float
) -> Iterator[list[float]]:
    """Strikes for all slots, the nearest to what the rules ask for first."""
    free = [slot for slot, rule in enumerate(strategy.rules) if _is_free(rule)]
    wanted = {slot: _nearest(strategy, slot, slots[slot], listed, centre) for slot in free}
    choices = sorted(
        itertools.product(*(range(len(wanted[slot])) for slot in free)), key=lambda ranks: (sum(ranks), ranks)
    )
    for ranks in choices:
        found: list[float] = [0.0] * len(slots)
        for slot, rank in zip(free, ranks, strict=True):
            found[slot] = wanted[slot][rank]
        for slot, rule in enumerate(strategy.rules):
            if not _is_free(rule):
                found[slot] = _mirrored(rule, found)
        if all(strike in slots[slot] for slot, strike in enumerate(found)):
            yield found


def _is_free(rule: str) -> bool:
    return rule[0] not in LETTERS


def _mirrored(rule: str, found: Sequence[float]) -> float:
    """``c+b-a``, rounded to the tenth of a cent, since listed strikes are decimals."""
    base, more, less = (found[LETTERS.index(rule[place])] for place in (0, 2, 4))
    return round(base + more - less, 3)


def _nearest(
    strategy: Strategy, slot: int, strikes: tuple[float, ...], listed: dict[tuple[str, int], _Listed], centre: float
) -> list[float]:
    """The strikes of a slot, those that its rule asks for first."""
    rule = strategy.rules[slot]
    if rule == "@":
        distance = {strike: abs(strike - centre) for strike in strikes}
    else:
        wanted = int(rule[1:]) / 100.0
        kind, expiry = next((kind, expiry) for _, kind, strike, expiry in strategy.shape if strike == slot)
        chain = listed[kind, expiry]
        distance = {}
        for strike, delta in zip(chain.strikes, chain.deltas, strict=True):
            size = abs(delta) if kind == rule[0] else 1.0 - abs(delta)
            if strike in strikes and np.isfinite(size):
                distance[strike] = abs(size - wanted)
    if not distance:
        raise CannotBuild(f"{strategy.name}: the chain has no vols from which to find its strikes.")
    return sorted(distance, key=lambda strike: (distance[strike], strike))[:_CANDIDATES]


def _leg(values: ChainValues, place: Place, strikes: Sequence[float], expiries: Sequence[int]) -> StrategyLeg:
    ratio, letter, slot, expiry = place
    if letter == Kind.STOCK.value:
        return _stock(values, place)
    found = contract_row(values, Kind(letter), strikes[slot], expiries[expiry])
    if found is None:
        raise CannotBuild(f"{strikes[slot]:g} {letter} is not listed.")
    contracts = values.contracts
    return StrategyLeg(ratio, Kind(letter), strikes[slot], int(contracts.expires_ns[found]), int(contracts.ids[found]))


def _stock(values: ChainValues, place: Place) -> StrategyLeg:
    return StrategyLeg(place[0] * ROUND_LOT, Kind.STOCK, instrument=values.contracts.underlying)


def contract_row(values: ChainValues, kind: Kind, strike: float, expiry: int) -> int | None:
    """The chain's row of a contract; None where it is not listed."""
    rows = np.arange(_expiry(values, expiry).first, _expiry(values, expiry).past)
    contracts = values.contracts
    is_it = (contracts.strike[rows] == strike) & (contracts.is_call[rows] == (kind is Kind.CALL))
    found = rows[is_it & contracts.is_standard[rows]]
    return int(found[0]) if len(found) else None
