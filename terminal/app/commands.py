"""Commands as data. Menus, keys, the palette and context menus offer these and nothing else."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from terminal.app.palette_search import Match, match


class CommandError(Exception):
    """A command that is unknown or was registered twice."""


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that a person can make the desk do.

    ``keys``: default key sequences ("Ctrl+K", "Shift+B"). ``scope``: "" for the whole window, else the panel type in
    which the keys work. ``is_order``: can lead to an order, so its keys never repeat while held. ``is_on``: for a
    command that switches something, whether it is on now.
    """

    id: str
    title: str
    group: str
    handler: Callable[[], None]
    keys: tuple[str, ...] = ()
    enabled: Callable[[], bool] = _always
    is_order: bool = False
    scope: str = ""
    help: str = ""
    is_on: Callable[[], bool] | None = None

    @property
    def repeats(self) -> bool:
        """Whether a held key fires again."""
        return not self.is_order


@dataclass(frozen=True, slots=True)
class Found:
    """A palette hit."""

    command: Command
    match: Match


Listener = Callable[[], None]
FailureListener = Callable[[Command, str], None]


class CommandRegistry:
    """All commands by id, in the order they were added. Used from the UI thread."""

    def __init__(self) -> None:
        self._commands: dict[str, Command] = {}
        self._listeners: list[Listener] = []
        self._failed: list[FailureListener] = []
        self._recent: list[str] = []

    def add(self, *commands: Command) -> None:
        """Adds commands; CommandError when an id is taken."""
        for command in commands:
            if command.id in self._commands:
                raise CommandError(f"the command {command.id!r} exists already")
            self._commands[command.id] = command
        self._notify()

    def remove(self, *ids: str) -> None:
        """Forgets commands; unknown ids are ignored."""
        for each in ids:
            self._commands.pop(each, None)
        self._notify()

    def get(self, command_id: str) -> Command:
        """The command of an id; CommandError when there is none."""
        try:
            return self._commands[command_id]
        except KeyError:
            raise CommandError(f"there is no command {command_id!r}") from None

    def __contains__(self, command_id: str) -> bool:
        return command_id in self._commands

    def all(self) -> tuple[Command, ...]:
        """Every command, in the order they were added."""
        return tuple(self._commands.values())

    def groups(self) -> dict[str, list[Command]]:
        """Commands by group, both in the order they were added."""
        found: dict[str, list[Command]] = {}
        for command in self._commands.values():
            found.setdefault(command.group, []).append(command)
        return found

    def run(self, command_id: str) -> bool:
        """Runs a command if it is enabled; True when it ran to its end.

        A handler that raises does not take the window with it: failure listeners get the command and the traceback.
        """
        command = self.get(command_id)
        if not command.enabled():
            return False
        self._recent = [command_id, *(each for each in self._recent if each != command_id)][:20]
        try:
            command.handler()
        except Exception:  # noqa: BLE001 - a failing command must not take the window with it
            text = traceback.format_exc()
            for listener in tuple(self._failed):
                listener(command, text)
            return False
        return True

    def search(self, query: str) -> list[Found]:
        """Enabled commands that match, best first; without a query the recent ones first.

        Letters scattered inside words count only when nothing matches at the beginnings of words.
        """
        commands: Iterable[Command] = (each for each in self._commands.values() if each.enabled())
        if not query.strip():
            rank = {command_id: place for place, command_id in enumerate(self._recent)}
            ordered = sorted(commands, key=lambda each: rank.get(each.id, len(rank)))
            return [Found(each, Match(0, ())) for each in ordered]
        found = []
        for each in commands:
            hit = match(query, each.title)
            if hit is None or not hit.is_tight:
                wide = match(query, f"{each.group} {each.title}")
                if wide is not None and wide.is_tight:
                    hit = Match(wide.score // 2, ())
            if hit is not None:
                found.append(Found(each, hit))
        if any(each.match.is_tight for each in found):
            found = [each for each in found if each.match.is_tight]
        return sorted(found, key=lambda each: -each.match.score)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls ``listener`` when commands come or go; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def on_failure(self, listener: FailureListener) -> None:
        """Calls ``listener`` with the command and the traceback when a handler raises."""
        self._failed.append(listener)

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            listener()
