"""The pages in docs/ against the program: tables, links, commands, queries and scripts are what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from terminal.app.ports import DeskMode
from terminal.app.report import RunFigures, build_report
from terminal.app.script import parse_script
from terminal.cli.arguments import desk_options, parse, split_profile
from terminal.core.events import EventKind
from terminal.core.instruments import InstrumentTable
from terminal.market.state import MarketState
from terminal.store.market_db import MarketDatabase
from terminal.store.query import run_query

PAGES = ("desk.md", "replay.md", "data.md")
LINKED = (*PAGES, "market.md", "panels.md", "quant.md")
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"`([a-z_0-9]+)`")


@pytest.fixture(scope="module")
def docs(repository: Path) -> Path:
    """The folder of the pages."""
    return repository / "docs"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[MarketDatabase]:
    """A market database of today's schema with nothing in it."""
    opened = MarketDatabase.open(tmp_path / "market.duckdb")
    yield opened
    opened.close()


def _blocks(page: Path, language: str) -> list[str]:
    return [body for found, body in BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


def _anchors(page: Path) -> set[str]:
    headings = HEADING.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _names_in_row(page: Path, first: str) -> set[str]:
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{first}`")]
    assert rows, f"{page.name} has no row for {first}"
    return set(NAME.findall(" ".join(rows)))


def test_tables_from_the_code_are_those_of_the_code(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, repository / "packaging" / "doc_tables.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", LINKED)
def test_every_link_leads_somewhere(docs: Path, name: str) -> None:
    lost = []
    for target in LINK.findall((docs / name).read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        page = docs / (file or name)
        if not page.is_file() or (anchor and anchor not in _anchors(page)):
            lost.append(target)
    assert not lost


@pytest.mark.parametrize("name", [*PAGES, "market.md"])
def test_every_command_shown_is_one(docs: Path, name: str) -> None:
    lines = [line for block in _blocks(docs / name, "") for line in block.splitlines()]
    assert lines
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "moneyness", line
        _, rest = split_profile(words)
        found = parse(rest)
        if found.command == "desk":
            desk_options(found)


def test_every_query_shown_can_be_asked(docs: Path, database: MarketDatabase) -> None:
    queries = [text for block in _blocks(docs / "data.md", "sql") for text in block.split("\n\n")]
    assert len(queries) >= 5
    for text in queries:
        run_query(database, text, lambda _piece: None)


def test_the_views_have_the_columns_that_are_named(docs: Path, database: MarketDatabase) -> None:
    connection = database.connect()
    always = {"new_york", "utc", "ts_ns", "source", "seq", "instrument"}
    contract = {"underlying", "root", "expiry", "strike", "call_put"}
    rolled = {"equity_depth", "open_interest", "official", "phase_change"}
    try:
        for view in (
            "equity_quote",
            "index_quote",
            "equity_trade",
            "index_trade",
            *rolled,
            "bar_1s",
            "bar_1m",
            "bar_1d",
        ):
            columns = {row[0] for row in connection.execute(f"DESCRIBE {view}").fetchall()}
            row_of = {"index_quote": "equity_quote", "index_trade": "equity_trade"}.get(view, view)
            first = "bar_1s" if view.startswith("bar_") else row_of
            named = _names_in_row(docs / "data.md", first) - {view, row_of, first, "bar_1m", "bar_1d", "seq"}
            named -= {"index_quote", "index_trade"}
            assert named | always >= columns, f"{view}: {columns - named - always} is not named"
            assert named <= columns, f"{view} has no {named - columns}"
        for view, like in (("option_quote", "equity_quote"), ("option_trade", "equity_trade")):
            columns = {row[0] for row in connection.execute(f"DESCRIBE {view}").fetchall()}
            plain = {row[0] for row in connection.execute(f"DESCRIBE {like}").fetchall()}
            assert columns == plain | contract
        assert contract <= _names_in_row(docs / "data.md", "option_quote")
        for table in ("instrument", "session", "source"):
            columns = {row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()}
            rows = (docs / "data.md").read_text(encoding="utf-8").partition("| Table | Columns to know |")[2]
            line = next(line for line in rows.splitlines() if line.startswith(f"| `{table}`"))
            named = set(NAME.findall(line)) - {table}
            assert named <= columns, f"{table} has no {named - columns}"
    finally:
        connection.close()


def test_the_script_shown_can_be_read(docs: Path) -> None:
    (block,) = _blocks(docs / "replay.md", "script")
    assert len(parse_script(block)) == 7


def test_every_key_of_the_report_is_explained(docs: Path) -> None:
    account = SimpleNamespace(cash_e4=0, equity_e4=0)
    nothing: Any = SimpleNamespace(orders=(), fills=(), positions=(), account=account)
    table = InstrumentTable()
    report = build_report(RunFigures(DeskMode.SIMULATED, 1, 0, 0), table, MarketState(table, "none"), nothing)
    named = set(re.findall(r"`([a-z_0-9.]+)`", (docs / "replay.md").read_text(encoding="utf-8")))
    expected = {key for key in report if key != "market"} | {f"market.{key}" for key in report["market"]}
    expected |= {*report["latency"], *report["latency"]["feed_to_state"], *report["ui"]}
    assert expected <= named, f"not explained: {expected - named}"


def test_every_kind_of_event_is_explained(docs: Path) -> None:
    text = (docs / "data.md").read_text(encoding="utf-8").partition("## The journal")[2]
    missing = {kind.value for kind in EventKind} - set(NAME.findall(text))
    assert not missing
