"""The settings file: TOML that the user reads and edits, explained by comments, never overwritten when it is broken."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import get_type_hints

import msgspec

from terminal.infra import atomic_file, disk
from terminal.infra.failures import UsageError
from terminal.infra.settings import FORMAT, Section, Settings

Scalar = bool | int | float | str | date
_HEADER = re.compile(r"^\s*\[\s*([A-Za-z0-9_-]+)\s*\]\s*(#.*)?$")
_ASSIGNMENT = re.compile(r"^(\s*)([A-Za-z0-9_-]+)(\s*=\s*)([^#\n]*?)(\s*(?:#.*)?)$")
_MOST_BYTES = 1_000_000
_PLAIN_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "str": 'text in "quotes"',
    "bool": "true or false",
    "object": "a [table]",
    "array": "a list",
}


class SettingsError(UsageError):
    """The settings file cannot be used; it is left as it is."""


class SettingsFile:
    """The settings at one path."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Settings:
        """The settings; writes the file with the defaults when there is none.

        Raises SettingsError with file, line or key when it cannot be read or does not fit, WorkFailed when the
        defaults cannot be written.
        """
        text = self._read()
        if text is None:
            settings = Settings()
            self._write(render(settings))
            return settings
        return parse(text, self.path)

    def save(self, settings: Settings) -> None:
        """Writes what differs from the file, keeping the user's own comments and order.

        Raises SettingsError, and writes nothing, when the file does not parse; WorkFailed when it cannot be written.
        """
        text = self._read()
        if text is None:
            self._write(render(settings))
            return
        old = parse(text, self.path)
        if old == settings:
            return
        changed = _patch(text, old, settings)
        self._write(changed if _gives(changed, settings) else render(settings))

    def _read(self) -> str | None:
        try:
            if self.path.stat().st_size > _MOST_BYTES:
                raise SettingsError(
                    f"The settings file {self.path} is too large to be one; move it away and start again."
                )
            return self.path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise SettingsError(f"{self.path}, line {line}: not UTF-8 text; save the file as UTF-8.") from error
        except OSError as error:
            raise SettingsError(f"The settings file {self.path} cannot be read: {error.strerror}.") from error

    def _write(self, text: str) -> None:
        try:
            atomic_file.write_text(self.path, text)
        except OSError as error:
            raise disk.explain(error, "saving the settings", self.path) from error


def parse(text: str, path: Path) -> Settings:
    """The settings that ``text`` holds; SettingsError names ``path`` and the line or key that is wrong."""
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(
            f"{path} does not parse: {_toml_reason(error)}. Mend it, or delete it for defaults."
        ) from error
    found_format = tables.get("format", FORMAT)
    if isinstance(found_format, int) and not isinstance(found_format, bool) and found_format > FORMAT:
        raise SettingsError(
            f"{path} was written by a newer Moneyness (format {found_format}, this one knows {FORMAT}); "
            "install the newer version or use another profile."
        )
    try:
        return msgspec.convert(tables, Settings, strict=True)
    except msgspec.ValidationError as error:
        raise SettingsError(_validation_sentence(text, path, str(error))) from error


def render(settings: Settings) -> str:
    """The whole file, each key under its explanation."""
    lines = [
        "# Settings of Moneyness. Read at start; a key that is left out has its default.",
        "",
        *_explained(settings, "format"),
    ]
    for name, section in _sections(settings):
        lines += ["", *_comment(type(section).__doc__ or ""), f"[{name}]"]
        for field in section.__struct_fields__:
            lines += _explained(section, field)
    return "\n".join(lines) + "\n"


def _explained(owner: msgspec.Struct, field: str) -> list[str]:
    return [*_comment(_description(type(owner), field)), f"{field} = {_toml(getattr(owner, field))}"]


def _comment(text: str) -> list[str]:
    return [f"# {line.strip()}" for line in text.strip().splitlines() if line.strip()]


def _description(owner: type, field: str) -> str:
    found = ""
    for note in getattr(get_type_hints(owner, include_extras=True)[field], "__metadata__", ()):
        found = note.description or found
    return found


def _sections(settings: Settings) -> Iterator[tuple[str, Section]]:
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        if isinstance(value, Section):
            yield name, value


def _toml(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
    return repr(value)


def _patch(text: str, old: Settings, new: Settings) -> str:
    """``text`` with only the changed keys replaced on their lines, or added below their table's header."""
    changes = {
        (name, field): _toml(getattr(after, field))
        for (name, before), (_, after) in zip(_sections(old), _sections(new), strict=True)
        for field in after.__struct_fields__
        if getattr(before, field) != getattr(after, field)
    }
    lines = text.splitlines()
    for (section, field), value in changes.items():
        place = _line_of(lines, section, field)
        if place is not None:
            lines[place] = _ASSIGNMENT.sub(lambda m, v=value: f"{m[1]}{m[2]}{m[3]}{v}{m[5]}", lines[place])  # type: ignore[misc]
            continue
        header = _line_of(lines, section, None)
        if header is None:
            lines += ["", f"[{section}]", f"{field} = {value}"]
        else:
            lines.insert(header + 1, f"{field} = {value}")
    return "\n".join(lines) + "\n"


def _gives(text: str, wanted: Settings) -> bool:
    """Whether ``text`` holds exactly ``wanted``: a layout that the line patch cannot follow gives something else."""
    try:
        return msgspec.convert(tomllib.loads(text), Settings, strict=True) == wanted
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError):
        return False


def _plain_reason(reason: str, keys: list[str]) -> str:
    """The checker's words in a trader's, with what the setting is for."""
    reason = reason[:1].lower() + reason[1:].replace("`", "")
    reason = re.sub(r"expected str matching regex .*", "does not have the right form", reason)
    reason = re.sub(r"invalid enum value (.*)", r"\1 is none of its values", reason)
    for word, plain in _PLAIN_TYPES.items():
        reason = re.sub(rf"\b{word}\b", plain, reason)
    if len(keys) == 2 and keys[0] in Settings.__struct_fields__:
        owner = get_type_hints(Settings)[keys[0]]
        if keys[1] in owner.__struct_fields__:
            return f"{reason} ({_description(owner, keys[1]).rstrip('.')})"
    return reason


def _line_of(lines: list[str], section: str, field: str | None) -> int | None:
    """Index of the line of ``field`` in ``section`` ("" is the top), or of the section's header."""
    current = ""
    for index, line in enumerate(lines):
        header = _HEADER.match(line)
        if header:
            current = header[1]
            if field is None and current == section:
                return index
        elif field is not None and current == section:
            assignment = _ASSIGNMENT.match(line)
            if assignment and assignment[2] == field:
                return index
    return None


def _toml_reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "its values are nested too deep"
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
    if found:
        return f"line {found[2]}, column {found[3]}: {found[1][0].lower()}{found[1][1:]}"
    return str(error).replace("(at end of document)", "at the end of the file")


def _validation_sentence(text: str, path: Path, message: str) -> str:
    """msgspec says "Expected `int`, got `str` - at `$.risk.max_order_contracts`"; a person wants line and key."""
    reason, _, place = message.partition(" - at `$")
    keys = [key for key in place.rstrip("`").split(".") if key]
    unknown = re.search(r"unknown field `([^`]*)`", reason)
    own_check = re.match(r"(\w+): ", reason)
    if unknown:
        keys.append(unknown[1])
        reason = "is no setting; remove it or check its spelling"
    elif own_check and len(keys) == 1:
        keys.append(own_check[1])
        reason = reason[own_check.end() :]
    else:
        reason = _plain_reason(reason, keys)
    lines = text.splitlines()
    number = _line_of(lines, keys[0], keys[1]) if len(keys) > 1 else _line_of(lines, "", keys[0]) if keys else None
    if number is None and len(keys) == 1:
        number = _line_of(lines, keys[0], None)
    where = f"{path}, line {number + 1}" if number is not None else str(path)
    return f"{where}: {'.'.join(keys) or 'the file'}: {reason}."
