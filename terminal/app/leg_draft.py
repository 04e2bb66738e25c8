"""The legs that a person is putting together, by underlying: chain and surface add to them, the builder shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from terminal.core.instruments import Instrument

MOST_LEGS = 8
ROUND_LOT = 100
"""Shares that one option contract delivers: what one step of a stock leg is."""

LegsListener = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class DraftLeg:
    """One leg: contracts, or shares of the underlying itself; ``quantity`` is negative for what is sold, never 0."""

    instrument: int
    quantity: int


class LegsRefused(ValueError):
    """Legs that cannot be put together; the message is a sentence for the trader."""


class SharedLegs:
    """One list of legs for each underlying; nothing here prices or sends them. UI thread only."""

    def __init__(self) -> None:
        self._legs: dict[int, tuple[DraftLeg, ...]] = {}
        self._listeners: list[LegsListener] = []

    def legs(self, underlying: int) -> tuple[DraftLeg, ...]:
        """The legs on an underlying, in the order in which they were added."""
        return self._legs.get(underlying, ())

    def add(self, instrument: Instrument, quantity: int) -> None:
        """Adds contracts of an option, or shares of an underlying, to what is there already.

        What comes to nothing goes away. Raises LegsRefused for an index, a coin or a ninth leg.
        """
        underlying = underlying_of(instrument)
        if not instrument.is_tradable:
            raise LegsRefused(f"{instrument.label} is an index and cannot be a leg; choose one of its options.")
        if instrument.is_coin:
            raise LegsRefused(f"{instrument.label} is counted in coins and cannot be a leg.")
        legs = list(self.legs(underlying))
        place = next((i for i, each in enumerate(legs) if each.instrument == instrument.id), None)
        if place is None:
            legs.append(DraftLeg(instrument.id, quantity))
        else:
            legs[place] = DraftLeg(instrument.id, legs[place].quantity + quantity)
        self.replace(underlying, legs)

    def replace(self, underlying: int, legs: Iterable[DraftLeg]) -> None:
        """Other legs on an underlying. Those of one contract become one; those of no quantity go away.

        Raises LegsRefused for more than MOST_LEGS; then nothing has changed.
        """
        merged: dict[int, int] = {}
        for leg in legs:
            merged[leg.instrument] = merged.get(leg.instrument, 0) + leg.quantity
        found = tuple(DraftLeg(instrument, quantity) for instrument, quantity in merged.items() if quantity)
        if len(found) > MOST_LEGS:
            raise LegsRefused(f"A strategy has at most {MOST_LEGS} legs; remove one before you add another.")
        if found == self.legs(underlying):
            return
        self._legs[underlying] = found
        for listener in tuple(self._listeners):
            listener(underlying)

    def clear(self, underlying: int) -> None:
        """No legs on an underlying."""
        self.replace(underlying, ())

    def subscribe(self, listener: LegsListener) -> Callable[[], None]:
        """Calls ``listener`` with each underlying whose legs changed; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None


def underlying_of(instrument: Instrument) -> int:
    """The id under which an instrument's legs stand."""
    return instrument.id if instrument.option is None else instrument.option.underlying
