"""Named workspaces as versioned JSON, one file each: saved whole or not at all, and never able to stop a start."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terminal.app.layouts import DEFAULTS, Layout, PanelState, WorkspaceDefault
from terminal.app.links import GROUPS, UNLINKED
from terminal.infra import atomic_file
from terminal.infra.disk import explain

VERSION = 2
MAX_BYTES = 1 << 20
MAX_PANELS = 64
MAX_NAME = 40
_LAST = "last-used.txt"


class WorkspaceError(Exception):
    """A workspace file that cannot be used; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class WindowState:
    """The main window: Qt's geometry blob, the screen's name and its size when the workspace was saved."""

    geometry: bytes = b""
    screen: str = ""
    screen_size: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Workspace:
    """``docks``: the docking library's blob, empty for a default, which has ``layout`` instead. ``links``: symbols by
    link group."""

    name: str
    panels: tuple[PanelState, ...]
    docks: bytes = b""
    layout: Layout | None = None
    links: dict[int, str] = field(default_factory=dict)
    window: WindowState = WindowState()


def from_default(default: WorkspaceDefault) -> Workspace:
    """A workspace as the house ships it."""
    return Workspace(default.name, default.panels, layout=default.layout)


def encode(workspace: Workspace) -> str:
    """The file's text."""
    body = {
        "version": VERSION,
        "name": workspace.name,
        "docks": base64.b64encode(workspace.docks).decode("ascii"),
        "panels": [
            {"id": p.id, "type": p.type, "link_group": p.link_group, "symbol": p.symbol, "settings": p.settings}
            for p in workspace.panels
        ],
        "links": {str(group): symbol for group, symbol in sorted(workspace.links.items())},
        "window": {
            "geometry": base64.b64encode(workspace.window.geometry).decode("ascii"),
            "screen": workspace.window.screen,
            "screen_size": list(workspace.window.screen_size),
        },
    }
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def decode(text: str) -> Workspace:
    """The workspace of a file's text, of this version or an older one; WorkspaceError with one sentence otherwise."""
    try:
        body = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise WorkspaceError("it is not JSON") from error
    if not isinstance(body, dict):
        raise WorkspaceError("it is not a JSON object")
    version = body.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise WorkspaceError("it has no version")
    if version > VERSION:
        raise WorkspaceError(f"it is of version {version}, newer than this program's {VERSION}")
    while version < VERSION:
        body, version = _MIGRATIONS[version](body), version + 1
    return _decode_current(body)


def _decode_current(body: Mapping[str, Any]) -> Workspace:
    name = _text(body, "name", MAX_NAME)
    if not name:
        raise WorkspaceError("it has no name")
    rows = body.get("panels")
    if not isinstance(rows, list) or len(rows) > MAX_PANELS:
        raise WorkspaceError(f"its panels are not a list of at most {MAX_PANELS}")
    panels = tuple(_panel(row) for row in rows)
    if len({panel.id for panel in panels}) != len(panels):
        raise WorkspaceError("two of its panels have the same id")
    links = body.get("links", {})
    if not isinstance(links, dict):
        raise WorkspaceError("its links are not an object")
    window = body.get("window", {})
    if not isinstance(window, dict):
        raise WorkspaceError("its window is not an object")
    size = window.get("screen_size", [0, 0])
    is_size = isinstance(size, list) and len(size) == 2 and all(isinstance(each, int) for each in size)
    return Workspace(
        name,
        panels,
        _blob(body, "docks"),
        None,
        {int(g): s for g, s in links.items() if g.isdecimal() and int(g) in GROUPS and isinstance(s, str)},
        WindowState(_blob(window, "geometry"), _text(window, "screen", 200), (size[0], size[1]) if is_size else (0, 0)),
    )


def _panel(row: object) -> PanelState:
    if not isinstance(row, dict):
        raise WorkspaceError("one of its panels is not an object")
    group = row.get("link_group", UNLINKED)
    settings = row.get("settings", {})
    panel_id, kind = _text(row, "id", 80), _text(row, "type", 80)
    if not panel_id or not kind:
        raise WorkspaceError("one of its panels has no id or no type")
    return PanelState(
        panel_id,
        kind,
        group if group in GROUPS else UNLINKED,
        _text(row, "symbol", 80),
        settings if isinstance(settings, dict) else {},
    )


def _text(body: Mapping[str, Any], key: str, most: int) -> str:
    value = body.get(key, "")
    if not isinstance(value, str) or len(value) > most:
        raise WorkspaceError(f"its {key} is not a text of at most {most} characters")
    return value


def _blob(body: Mapping[str, Any], key: str) -> bytes:
    value = body.get(key, "")
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError) as error:
        raise WorkspaceError(f"its {key} is damaged") from error


def _from_1(body: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had the link group under ``link`` and no links by group."""
    rows = body.get("panels")
    if not isinstance(rows, list):
        raise WorkspaceError("its panels are not a list")
    panels = [{**row, "link_group": row.get("link", UNLINKED)} if isinstance(row, dict) else row for row in rows]
    return {**body, "version": 2, "panels": panels, "links": {}}


_MIGRATIONS = {1: _from_1}


class WorkspaceStore:
    """The workspaces of one profile, in ``folder``. A broken file is kept aside and the default used in its place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.problems: list[str] = []
        """Sentences about files that could not be used."""

    def names(self) -> list[str]:
        """The default workspaces, then the user's own in alphabetical order."""
        defaults = [each.name for each in DEFAULTS]
        own = set()
        if self._folder.is_dir():
            for path in self._folder.glob("*.json"):
                found = self._read(path)
                if found is not None:
                    own.add(found.name)
        return defaults + sorted(own - set(defaults), key=str.casefold)

    def load(self, name: str) -> Workspace:
        """The saved workspace, else the default of that name, else the first default."""
        path = self.path_of(name)
        if path.is_file():
            found = self._read(path)
            if found is not None:
                return found
        return self.default(name)

    @staticmethod
    def default(name: str) -> Workspace:
        """As the house ships it; the first default for an unknown name."""
        by_name = {each.name.casefold(): each for each in DEFAULTS}
        return from_default(by_name.get(name.casefold(), DEFAULTS[0]))

    def has(self, name: str) -> bool:
        """Whether ``name`` is a default or saved."""
        return name.casefold() in {each.name.casefold() for each in DEFAULTS} or self.path_of(name).is_file()

    def save(self, workspace: Workspace) -> None:
        """Writes the file whole or not at all; raises WorkFailed with a sentence when the disk does not take it and
        WorkspaceError when the workspace is too large."""
        text = encode(workspace)
        if len(text.encode()) > MAX_BYTES:
            raise WorkspaceError(f"The workspace {workspace.name} is larger than {MAX_BYTES // 1024} KiB.")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            atomic_file.write_text(self.path_of(workspace.name), text)
        except OSError as error:
            raise explain(error, f"saving the workspace {workspace.name}", self._folder) from error

    def forget(self, name: str) -> None:
        """Deletes the saved file, so that a default is as shipped again."""
        self.path_of(name).unlink(missing_ok=True)

    def remember(self, name: str) -> None:
        """Notes the workspace in use, for :meth:`last`; a disk that does not take the note is no reason to complain."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            atomic_file.write_text(self._folder / _LAST, f"{name}\n")

    def last(self) -> str:
        """The workspace that was last in use, if there is one of that name; the first default otherwise."""
        try:
            name = (self._folder / _LAST).read_text(encoding="utf-8")[: MAX_NAME + 1].strip()
        except (OSError, UnicodeDecodeError):
            name = ""
        return name if name and self.has(name) else DEFAULTS[0].name

    def path_of(self, name: str) -> Path:
        """The file of a workspace: its name, with what a file name cannot hold written as hex."""
        safe = re.sub(r"[^A-Za-z0-9_-]", lambda found: f"%{ord(found.group()):x}", name.casefold())
        return self._folder / f"{safe[:120]}.json"

    def _read(self, path: Path) -> Workspace | None:
        try:
            if path.stat().st_size > MAX_BYTES:
                raise WorkspaceError(f"it is larger than {MAX_BYTES // 1024} KiB")
            return decode(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            self._set_aside(path, "it is not text")
        except WorkspaceError as error:
            self._set_aside(path, str(error))
        except OSError as error:
            self.problems.append(f"The workspace file {path} cannot be read ({error.strerror}); the default is used.")
        return None

    def _set_aside(self, path: Path, why: str) -> None:
        aside = path.with_name(f"{path.name}.broken")
        try:
            path.replace(aside)
            self.problems.append(f"The workspace file {path.name} is kept as {aside}: {why}; the default is used.")
        except OSError:
            self.problems.append(f"The workspace file {path} is not used: {why}; delete or mend it.")
