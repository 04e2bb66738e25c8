"""Which keys run which command: defaults in the commands, changes in a TOML file of the profile, conflicts found."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from terminal.app.commands import Command
from terminal.infra import atomic_file

_MODIFIERS = ("Ctrl", "Alt", "Shift", "Meta")
_ALIASES = {
    "control": "Ctrl", "ctrl": "Ctrl", "cmd": "Ctrl", "alt": "Alt", "option": "Alt", "shift": "Shift", "meta": "Meta",
    "enter": "Enter", "return": "Return", "escape": "Esc", "esc": "Esc", "del": "Del", "delete": "Del",
    "backspace": "Backspace", "space": "Space", "up": "Up", "down": "Down", "left": "Left", "right": "Right",
    "tab": "Tab", "home": "Home", "end": "End", "pageup": "PgUp", "pgup": "PgUp", "pagedown": "PgDown",
    "pgdown": "PgDown", "insert": "Ins", "ins": "Ins",
}  # fmt: skip


class BadKeyError(ValueError):
    """A key sequence that nobody can press."""


def normalise(text: str) -> str:
    """One spelling for a key sequence: ``ctrl + k`` is ``Ctrl+K``; BadKeyError with a sentence when it is none."""
    spelled = "Plus" if text.strip() == "+" else text.replace("++", "+Plus")
    parts = [part.strip() for part in spelled.split("+")]
    if not parts or not all(parts):
        raise BadKeyError(f"{text!r} is not a key; write it like Ctrl+K")
    *held, key = parts
    modifiers = []
    for each in held:
        name = _ALIASES.get(each.casefold(), "")
        if name not in _MODIFIERS:
            raise BadKeyError(f"{text!r} is not a key; {each!r} is not Ctrl, Alt, Shift or Meta")
        modifiers.append(name)
    name = _ALIASES.get(key.casefold(), key.upper() if len(key) == 1 else key[:1].upper() + key[1:])
    if name in _MODIFIERS:
        raise BadKeyError(f"{text!r} is not a key; it has no key beside its modifiers")
    is_function = name[0] == "F" and name[1:].isdecimal() and 1 <= int(name[1:]) <= 35
    if len(name) > 1 and not is_function and name not in _ALIASES.values() and name != "Plus":
        raise BadKeyError(f"{text!r} is not a key; there is no key {key!r}")
    return "+".join([each for each in _MODIFIERS if each in modifiers] + [name.replace("Plus", "+")])


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two commands on one key in places that overlap; Qt would run neither."""

    key: str
    first: str
    second: str

    def sentence(self) -> str:
        """What a person reads."""
        return f"The key {self.key} is given to {self.first} and to {self.second}; the second has lost it."


def conflicts(commands: Iterable[Command]) -> list[Conflict]:
    """Keys that two commands share in the same scope, or one in the whole window and one in a panel."""
    seen: dict[str, list[Command]] = {}
    found = []
    for command in commands:
        for key in command.keys:
            found += [
                Conflict(key, other.id, command.id)
                for other in seen.get(key, [])
                if other.scope == command.scope or not other.scope or not command.scope
            ]
            seen.setdefault(key, []).append(command)
    return found


class Keymap:
    """A person's changes to the default keys: ``[keys]`` with ``"command.id" = ["Ctrl+K"]`` (an empty list takes all
    away). Anything wrong in the file costs its own line only and is told in :attr:`problems`."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._changes: dict[str, tuple[str, ...]] = {}
        self.problems: list[str] = []
        if path is not None and path.is_file():
            self._load(path)

    @property
    def changes(self) -> Mapping[str, tuple[str, ...]]:
        """Keys by command id, where they differ from the default."""
        return dict(self._changes)

    def apply(self, commands: Iterable[Command]) -> list[Command]:
        """The commands with their keys of now; a key that is taken already is dropped from the later command."""
        made: list[Command] = []
        for command in commands:
            keys = self._changes.get(command.id, tuple(normalise(key) for key in command.keys))
            keys = tuple(dict.fromkeys(keys))
            if not command.scope:
                keys = tuple(key for key in keys if self._is_safe(command, key))
            changed = replace(command, keys=keys)
            for clash in conflicts([*made, changed]):
                self.problems.append(clash.sentence())
                changed = replace(changed, keys=tuple(key for key in changed.keys if key != clash.key))
            made.append(changed)
        return made

    def set(self, command_id: str, keys: Iterable[str]) -> None:
        """Changes a command's keys; BadKeyError for one that nobody can press."""
        self._changes[command_id] = tuple(normalise(key) for key in keys)

    def reset(self, command_id: str) -> None:
        """Back to the default."""
        self._changes.pop(command_id, None)

    def save(self) -> None:
        """Writes the changes; raises OSError and keeps the old file when that fails."""
        if self._path is None:
            return
        lines = ["# Keys that differ from the defaults; an empty list takes a command's keys away.", "[keys]"]
        for command_id, keys in sorted(self._changes.items()):
            quoted = ", ".join('"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"' for key in keys)
            lines.append(f'"{command_id}" = [{quoted}]')
        self._path.parent.mkdir(parents=True, exist_ok=True)
        atomic_file.write_text(self._path, "\n".join(lines) + "\n")

    def _is_safe(self, command: Command, key: str) -> bool:
        if len(key) > 1:
            return True
        self.problems.append(f"{command.id} works in the whole window, so a single letter ({key}) cannot be its key.")
        return False

    def _load(self, path: Path) -> None:
        try:
            body = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self.problems.append(f"The key map {path} cannot be read ({error}); the default keys are used.")
            return
        rows = body.get("keys", {})
        if not isinstance(rows, dict):
            self.problems.append(f"The key map {path} has no [keys] table; the default keys are used.")
            return
        for command_id, keys in rows.items():
            if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
                self.problems.append(f"{path}: the keys of {command_id} are not a list of texts.")
                continue
            try:
                self.set(command_id, keys)
            except BadKeyError as error:
                self.problems.append(f"{path}: {error}.")
