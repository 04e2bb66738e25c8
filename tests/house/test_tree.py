"""What every file in the tree keeps to: size, names, no leftovers, nothing that only one machine has."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

MOST_LINES = 400
TEXT = {
    ".py",
    ".toml",
    ".md",
    ".txt",
    ".cfg",
    ".yaml",
    ".yml",
    ".spec",
    ".qss",
    ".vert",
    ".frag",
    ".glsl",
    ".sql",
    ".json",
    "",
}
# In two parts, so that this file does not find itself.
LEFTOVERS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
PLACES = re.compile(
    r"(?<![\w.{}$*/-])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me/\w|Us" + r"ers/\w|op" + r"t/\w|tm" + r"p/\w)"
)
REGISTRIES = re.compile(r"pyp" + r"i\.org|pythonho" + r"sted\.org|file:/" + r"/|index-" + r"url", re.IGNORECASE)


def _files(repository: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        capture_output=True,
        check=True,
    )
    names = [name.decode() for name in listed.stdout.split(b"\0") if name]
    return [repository / name for name in names if (repository / name).is_file()]


@pytest.fixture(scope="module")
def texts(repository: Path) -> dict[str, str]:
    """The text files under version control (or about to be), by their path in the repository."""
    found = {}
    for path in _files(repository):
        name = path.relative_to(repository).as_posix()
        if path.suffix in TEXT and not name.startswith("resources/") and name != ".secrets.baseline":
            found[name] = path.read_text(encoding="utf-8")
    assert len(found) > 50, "the listing of the tree came back nearly empty"
    return found


PRETENDS = {"tests/infra/test_redaction.py"}
"""Tests that need made-up places of made-up people: they check that such are taken out."""


@pytest.fixture(scope="module")
def sources(texts: dict[str, str]) -> dict[str, str]:
    """The Python files among them."""
    return {name: text for name, text in texts.items() if name.endswith((".py", ".spec"))}


def test_no_file_is_longer_than_a_reader_can_hold(sources: dict[str, str]) -> None:
    long = {name: text.count("\n") for name, text in sources.items() if text.count("\n") > MOST_LINES}
    assert not long, f"more than {MOST_LINES} lines; split along what it does: {long}"


def test_nothing_is_left_for_later(texts: dict[str, str]) -> None:
    found = [
        f"{name}: {line.strip()}"
        for name, text in texts.items()
        for line in text.splitlines()
        if LEFTOVERS.search(line)
    ]
    assert not found, "\n".join(found)


def test_nothing_names_a_place_of_one_machine(texts: dict[str, str]) -> None:
    found = [
        f"{name}: {line.strip()}"
        for name, text in texts.items()
        for line in text.splitlines()
        if PLACES.search(line) and name not in PRETENDS
    ]
    assert not found, "\n".join(found)


def test_nothing_names_a_package_registry(texts: dict[str, str]) -> None:
    found = [
        f"{name}: {line.strip()}"
        for name, text in texts.items()
        for line in text.splitlines()
        if REGISTRIES.search(line) and name not in PRETENDS
    ]
    assert not found, "\n".join(found)


def test_no_module_is_a_drawer_for_everything(sources: dict[str, str]) -> None:
    drawers = {"utils", "util", "helpers", "helper", "misc", "common"}
    found = [
        name for name in sources if name.startswith("terminal/") and drawers & set(Path(name).with_suffix("").parts)
    ]
    assert not found, f"name these after what they do: {found}"


def test_a_panel_file_has_one_public_class(sources: dict[str, str]) -> None:
    crowded = {}
    for name, text in sources.items():
        if re.match(r"terminal/ui/panels/\w+\.py$", name):
            public = [
                node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name[0] != "_"
            ]
            if len(public) > 1:
                crowded[name] = public
    assert not crowded, crowded


def test_every_room_and_public_function_says_what_it_is(sources: dict[str, str]) -> None:
    silent = []
    for name, text in sources.items():
        if not name.startswith("terminal/"):
            continue
        tree = ast.parse(text)
        if tree.body and not ast.get_docstring(tree):
            silent.append(name)
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                silent.append(f"{name}: {node.name}")
    assert not silent, "without a docstring: " + ", ".join(silent)


def test_fast_math_stays_off(sources: dict[str, str]) -> None:
    """``fastmath=True`` gave prices wrong by dollars; at most contract, nsz and arcp are allowed."""
    wrong = []
    for name, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.keyword) or node.arg != "fastmath":
                continue
            flags = {c.value for c in ast.walk(node.value) if isinstance(c, ast.Constant)}
            if not flags <= {"contract", "nsz", "arcp", False}:
                wrong.append(f"{name}:{node.value.lineno}")
    assert not wrong, wrong
