"""Colour link groups: choosing a symbol in one panel moves the others of its group."""

from __future__ import annotations

from collections.abc import Callable

UNLINKED = 0
GROUPS = (1, 2, 3, 4, 5, 6)

SymbolListener = Callable[[int], None]
PointerListener = Callable[[int | None], None]


class LinkGroups:
    """The instrument of each group 1 to 6; group 0 is no group and remembers nothing. UI thread only."""

    def __init__(self) -> None:
        self._instruments: dict[int, int] = {}
        self._lists: dict[int, tuple[int, ...]] = {}
        self._listeners: dict[int, list[SymbolListener]] = {group: [] for group in GROUPS}
        self._pointers: dict[int, list[PointerListener]] = {group: [] for group in GROUPS}

    def instrument(self, group: int) -> int | None:
        """The instrument that a group shows, or None."""
        return self._instruments.get(group)

    def choose(self, group: int, instrument: int) -> None:
        """Shows ``instrument`` in every panel of ``group``; nothing happens when it is shown already.

        Raises ValueError for a group that does not exist.
        """
        _check(group)
        if group == UNLINKED or self._instruments.get(group) == instrument:
            return
        self._instruments[group] = instrument
        for listener in tuple(self._listeners[group]):
            listener(instrument)

    def subscribe(self, group: int, listener: SymbolListener) -> Callable[[], None]:
        """Calls ``listener`` with each instrument chosen in ``group``; the result ends that."""
        _check(group)
        if group == UNLINKED:
            return lambda: None
        listeners = self._listeners[group]
        listeners.append(listener)
        return lambda: listeners.remove(listener) if listener in listeners else None

    def point(self, group: int, ts_ns: int | None, own: PointerListener) -> None:
        """Shows an instant in the other charts of ``group`` (None: the pointer has left); ``own`` is not called."""
        _check(group)
        for listener in tuple(self._pointers.get(group, ())):
            if listener != own:
                listener(ts_ns)

    def subscribe_pointer(self, group: int, listener: PointerListener) -> Callable[[], None]:
        """Calls ``listener`` with each instant pointed at in ``group``; the result ends that."""
        _check(group)
        if group == UNLINKED:
            return lambda: None
        listeners = self._pointers[group]
        listeners.append(listener)
        return lambda: listeners.remove(listener) if listener in listeners else None

    def list_instruments(self, group: int, instruments: tuple[int, ...]) -> None:
        """What a watchlist of ``group`` (0: of none) holds, for panels that show the whole list."""
        _check(group)
        self._lists[group] = instruments

    def listed(self, group: int) -> tuple[int, ...]:
        """The group's watchlist, else the newest of any group; empty before there is one."""
        found = self._lists.get(group)
        return next(reversed(self._lists.values()), ()) if found is None else found

    def state(self) -> dict[int, int]:
        """Instruments by group, for a workspace's file."""
        return dict(self._instruments)

    def clear(self) -> None:
        """Forgets the instruments; subscriptions stay."""
        self._instruments.clear()
        self._lists.clear()


def _check(group: int) -> None:
    if group != UNLINKED and group not in GROUPS:
        raise ValueError(f"link groups are 0 (none) to {GROUPS[-1]}, was {group}")
