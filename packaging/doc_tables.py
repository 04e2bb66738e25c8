#!/usr/bin/env python3
"""Writes the tables of the docs that come from the code: python packaging/doc_tables.py [--check]

Keys, refusals and settings are read from the program and put between their marks in docs/. With --check nothing is
written, and the exit code is 1 when a table differs from the program.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from terminal.app.commands import Command
from terminal.app.layouts import DEFAULTS
from terminal.core.orders import DenyReason
from terminal.infra.settings import Settings
from terminal.infra.settings_file import render

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


class _Anybody:
    """Stands where a command wants a window or a desk: the commands are read here and never run."""

    def __getattr__(self, name: str) -> Any:
        return _Anybody()

    def __call__(self, *arguments: Any) -> Any:
        return _Anybody()


def keys() -> str:
    """Every default key: first those of the whole window, then those of each panel."""
    from terminal.ui.panels import PANEL_TYPES
    from terminal.ui.shell import standard_commands

    anybody: Any = _Anybody()
    window: list[Command] = standard_commands.window_commands(anybody, anybody, anybody)
    window += standard_commands.workspace_commands([each.name for each in DEFAULTS], anybody)
    window += standard_commands.playback_commands(anybody, (1.0,))
    window += standard_commands.past_commands(anybody, anybody, anybody)
    rows = [("Whole window", each.keys, each.title) for each in window if each.keys]
    rows += [(panel.TITLE, each.keys, each.title) for panel in PANEL_TYPES for each in panel.COMMANDS if each.keys]
    return _table(("Where", "Key", "What it does"), ((where, _keys(held), title) for where, held, title in rows))


def refusals() -> str:
    """Every reason of the gate with its plain sentence."""
    return _table(("Code", "What it says"), ((f"`{each.value}`", each.sentence) for each in DenyReason))


def settings() -> str:
    """The settings file as a first start writes it."""
    return f"```toml\n{render(Settings())}```\n"


TABLES: dict[str, Callable[[], str]] = {"keys": keys, "refusals": refusals, "settings": settings}


def renewed(text: str) -> str:
    """A page with its tables as the program has them now; KeyError for a table that nothing here makes."""
    return BLOCK.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[3]}", text)


def main(arguments: Sequence[str]) -> int:
    """Renews every page, or says which are out of date; the exit code."""
    stale = []
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        new = renewed(text)
        if new == text:
            continue
        stale.append(page.name)
        if "--check" not in arguments:
            page.write_text(new, encoding="utf-8")
            print(f"docs/{page.name} is renewed.")
    if stale and "--check" in arguments:
        names = ", ".join(f"docs/{name}" for name in stale)
        print(f"The tables in {names} differ from the program; run: python packaging/doc_tables.py", file=sys.stderr)
        return 1
    return 0


def _keys(held: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in held)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
