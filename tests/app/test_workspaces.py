"""Workspaces: saved whole, read with suspicion, never in the way of a start."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.app.layouts import DEFAULTS, PanelState, Split, Tabs, columns, keep_only, rows, tabs
from terminal.app.workspaces import (
    MAX_BYTES,
    VERSION,
    WindowState,
    Workspace,
    WorkspaceError,
    WorkspaceStore,
    decode,
    encode,
)
from terminal.infra.failures import WorkFailed

SAMPLE = Workspace(
    "Mine / 2",
    (PanelState("chart-1", "chart", 1, "ACME", {"minutes": 5}), PanelState("log-1", "log")),
    b"\x00\xffblob",
    None,
    {1: "ACME", 4: "BOLT"},
    WindowState(b"geo", "DP-1", (2560, 1440)),
)

_names = st.text(min_size=1, max_size=40)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_panels = st.lists(
    st.builds(
        PanelState, st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20), st.integers(0, 6),
        st.text(max_size=20), st.dictionaries(st.text(max_size=5), _json, max_size=3),
    ),
    max_size=6,
    unique_by=lambda panel: panel.id,
)  # fmt: skip


@given(st.builds(Workspace, _names, _panels.map(tuple), st.binary(max_size=64), st.none(),
                 st.dictionaries(st.integers(1, 6), st.text(max_size=12), max_size=3)))  # fmt: skip
def test_what_is_saved_comes_back(workspace: Workspace) -> None:
    assert decode(encode(workspace)) == workspace


@given(st.text(max_size=200) | _json.map(json.dumps))
def test_any_other_text_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(WorkspaceError) as refusal:
        decode(text)
    assert str(refusal.value).startswith(("it ", "its ", "one ", "two "))


@given(st.dictionaries(st.sampled_from(["version", "name", "panels", "docks", "links", "window"]), _json))
def test_any_object_is_read_or_refused(body: dict[str, object]) -> None:
    with contextlib.suppress(WorkspaceError):
        assert decode(json.dumps({"version": VERSION, **body})).name == body["name"]


def test_an_older_version_is_brought_up_to_date() -> None:
    old = {"version": 1, "name": "Old", "docks": "", "panels": [{"id": "c", "type": "chart", "link": 3}]}
    found = decode(json.dumps(old))
    assert found.panels == (PanelState("c", "chart", 3),)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"version": VERSION + 1}, "newer"),
        ({"version": "2"}, "no version"),
        ({"name": ""}, "no name"),
        ({"panels": {}}, "panels"),
        ({"panels": [{"id": "a"}]}, "no id or no type"),
        ({"panels": [{"id": "a", "type": "b"}] * 2}, "same id"),
        ({"docks": "***"}, "docks is damaged"),
    ],
)
def test_refusals_name_the_reason(change: dict[str, object], why: str) -> None:
    body = {"version": VERSION, "name": "N", "docks": "", "panels": [], **change}
    with pytest.raises(WorkspaceError, match=why):
        decode(json.dumps(body))


def test_a_store_saves_and_loads_by_name(tmp_path: Path) -> None:
    store = WorkspaceStore(tmp_path / "workspaces")
    store.save(SAMPLE)
    assert store.load("Mine / 2") == SAMPLE
    assert store.names() == [each.name for each in DEFAULTS] + ["Mine / 2"]
    assert store.has("mine / 2")
    store.forget("Mine / 2")
    assert not store.has("Mine / 2")
    assert [path.suffix for path in (tmp_path / "workspaces").iterdir()] == []


def test_the_workspace_in_use_is_remembered(tmp_path: Path) -> None:
    store = WorkspaceStore(tmp_path / "ws")
    assert store.last() == DEFAULTS[0].name
    store.remember("Trade")
    assert store.last() == "Trade"
    store.remember("Gone")
    assert store.last() == DEFAULTS[0].name
    (tmp_path / "ws" / "last-used.txt").write_bytes(b"\xff\xfe")
    assert store.last() == DEFAULTS[0].name


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00", b'{"version": 99}', b"x" * (MAX_BYTES + 1)])
def test_a_broken_file_is_kept_aside_and_the_default_used(tmp_path: Path, content: bytes) -> None:
    store = WorkspaceStore(tmp_path)
    path = store.path_of("Market")
    path.write_bytes(content)
    assert store.load("Market") == WorkspaceStore.default("Market")
    assert path.with_name(f"{path.name}.broken").read_bytes() == content
    assert not path.exists()
    assert len(store.problems) == 1
    assert "the default is used" in store.problems[0]


def test_a_workspace_that_is_too_large_is_not_written(tmp_path: Path) -> None:
    store = WorkspaceStore(tmp_path)
    huge = Workspace("Huge", (PanelState("a", "b", settings={"text": "x" * MAX_BYTES}),))
    with pytest.raises(WorkspaceError, match="larger than"):
        store.save(huge)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_gives_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(WorkFailed, match="saving the workspace"):
        WorkspaceStore(tmp_path / "file" / "workspaces").save(SAMPLE)


def test_defaults_place_each_of_their_panels_once() -> None:
    for default in DEFAULTS:
        placed = _leaves(default.layout)
        assert sorted(placed) == sorted(panel.id for panel in default.panels)


def _leaves(layout: Tabs | Split) -> list[str]:
    if isinstance(layout, Tabs):
        return list(layout.panels)
    return [leaf for part in layout.parts for leaf in _leaves(part)]


def test_unknown_panels_leave_no_holes() -> None:
    layout = columns((1, tabs("a")), (2, rows((1, tabs("b", "c")), (1, tabs("d")))))
    assert keep_only(layout, frozenset("ac")) == columns((1, tabs("a")), (2, tabs("c")))
    assert keep_only(layout, frozenset("d")) == tabs("d")
    assert keep_only(layout, frozenset()) is None
    with pytest.raises(ValueError, match="one share a part"):
        Split(True, (tabs("a"),), (1, 2))
