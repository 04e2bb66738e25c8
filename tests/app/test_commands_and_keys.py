"""Commands as data, fuzzy search, and the key map."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.app.commands import Command, CommandError, CommandRegistry
from terminal.app.keymap import BadKeyError, Keymap, conflicts, normalise
from terminal.app.palette_search import match, ranked


def _nothing() -> None:
    return None


def test_a_command_runs_only_when_enabled_and_its_failure_is_told() -> None:
    registry, ran, told = CommandRegistry(), [], []
    registry.on_failure(lambda command, text: told.append((command.id, text)))
    allowed = [False]

    def fail() -> None:
        raise ZeroDivisionError("no")

    registry.add(
        Command("a", "Cancel all orders", "Trade", lambda: ran.append("a"), enabled=lambda: allowed[0]),
        Command("b", "Break", "Trade", fail),
    )
    assert registry.run("a") is False
    allowed[0] = True
    assert registry.run("a") is True
    assert ran == ["a"]
    assert registry.run("b") is False
    assert told[0][0] == "b"
    assert "ZeroDivisionError" in told[0][1]
    with pytest.raises(CommandError, match="no command 'c'"):
        registry.run("c")
    with pytest.raises(CommandError, match="exists already"):
        registry.add(Command("a", "Again", "Trade", _nothing))


def test_the_palette_lists_recent_commands_first_and_hides_disabled_ones() -> None:
    registry = CommandRegistry()
    for name in ("one", "two", "three"):
        registry.add(Command(name, name.title(), "G", _nothing))
    registry.add(Command("off", "Off", "G", _nothing, enabled=lambda: False))
    registry.run("three")
    registry.run("two")
    assert [found.command.id for found in registry.search("")] == ["two", "three", "one"]
    registry.remove("two")
    assert [found.command.id for found in registry.search("t")] == ["three"]


def test_scattered_letters_count_only_when_no_word_begins_so() -> None:
    registry = CommandRegistry()
    registry.add(
        Command("pause", "Pause or go on", "Playback", _nothing),
        Command("chain", "Show the chain", "Panels", _nothing),
        Command("light", "Light theme", "View", _nothing),
    )
    assert [found.command.id for found in registry.search("pan")] == ["chain"]
    assert [found.command.id for found in registry.search("go")] == ["pause"]
    assert {found.command.id for found in registry.search("so")} == {"chain", "pause"}
    assert [found.command.id for found in registry.search("lt")] == ["light"]
    assert registry.search("xyz") == []


def test_listeners_hear_of_changes_until_they_leave() -> None:
    registry, heard = CommandRegistry(), []
    leave = registry.subscribe(lambda: heard.append(1))
    registry.add(Command("a", "A", "G", _nothing))
    leave()
    leave()
    registry.add(Command("b", "B", "G", _nothing))
    assert heard == [1]


def test_beginnings_of_words_win() -> None:
    texts = ["Close every position", "Cancel all orders", "Scale all"]
    assert ranked("ca", texts)[0][0] == 1
    assert match("CAO", "Cancel all orders") is not None
    assert match("zz", "Cancel all orders") is None
    found = match("all", "Cancel all orders")
    assert found is not None
    assert found.places == (7, 8, 9)


@given(st.text(max_size=12), st.text(max_size=30))
def test_matched_letters_are_in_order_and_are_those_typed(query: str, text: str) -> None:
    found = match(query, text)
    if found is not None:
        assert list(found.places) == sorted(set(found.places))
        assert all(0 <= place < len(text) for place in found.places)


@given(st.text("abcde", min_size=1, max_size=20), st.data())
def test_any_subsequence_is_found(text: str, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(text) - 1), unique=True, min_size=1).map(sorted))
    assert match("".join(text[place] for place in places), text) is not None


@pytest.mark.parametrize(
    ("text", "key"),
    [("ctrl+k", "Ctrl+K"), ("Shift + ctrl + F", "Ctrl+Shift+F"), ("enter", "Enter"), ("F12", "F12"), ("b", "B"),
     ("return", "Return"), ("Ctrl++", "Ctrl++"), ("cmd+backspace", "Ctrl+Backspace"), ("Ctrl+.", "Ctrl+.")],
)  # fmt: skip
def test_keys_have_one_spelling(text: str, key: str) -> None:
    assert normalise(text) == key
    assert normalise(key) == key


@pytest.mark.parametrize("text", ["", "Ctrl+", "Hyper+K", "Ctrl+Shift", "Ctrl+Foo", "F99"])
def test_a_key_that_nobody_can_press_is_refused(text: str) -> None:
    with pytest.raises(BadKeyError, match="is not a key"):
        normalise(text)


def test_conflicts_are_found_where_scopes_overlap() -> None:
    commands = [
        Command("a", "A", "G", _nothing, ("Ctrl+K",)),
        Command("b", "B", "G", _nothing, ("Ctrl+K",), scope="ladder"),
        Command("c", "C", "G", _nothing, ("B",), scope="ladder"),
        Command("d", "D", "G", _nothing, ("B",), scope="ticket"),
    ]
    assert [(each.first, each.second) for each in conflicts(commands)] == [("a", "b")]


def test_the_file_changes_keys_and_its_mistakes_cost_one_line_each(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(
        '[keys]\n"a" = ["ctrl+j"]\n"b" = ["Hyper+X"]\n"c" = "Ctrl+L"\n"d" = ["Z"]\n"e" = []\n', encoding="utf-8"
    )
    keymap = Keymap(path)
    applied = keymap.apply(
        [Command(name, name, "G", _nothing, (key,)) for name, key in
         (("a", "Ctrl+A"), ("b", "Ctrl+B"), ("c", "Ctrl+C"), ("d", "Ctrl+D"), ("e", "Ctrl+E"))]
    )  # fmt: skip
    assert [command.keys for command in applied] == [("Ctrl+J",), ("Ctrl+B",), ("Ctrl+C",), (), ()]
    assert len(keymap.problems) == 3
    assert any("single letter" in problem for problem in keymap.problems)


def test_a_taken_key_is_dropped_from_the_later_command() -> None:
    keymap = Keymap()
    applied = keymap.apply([Command(name, name, "G", _nothing, ("Ctrl+K",)) for name in "ab"])
    assert [command.keys for command in applied] == [("Ctrl+K",), ()]
    assert "given to a and to b" in keymap.problems[0]


def test_one_key_given_twice_to_one_command_is_no_conflict() -> None:
    keymap = Keymap()
    applied = keymap.apply([Command("a", "A", "G", _nothing, ("Return", "Enter", "return"), scope="ticket")])
    assert applied[0].keys == ("Return", "Enter")
    assert keymap.problems == []


def test_changes_survive_saving(tmp_path: Path) -> None:
    keymap = Keymap(tmp_path / "keys.toml")
    keymap.set("a", ["ctrl+alt+\\"])
    keymap.set("b", [])
    keymap.set("c", ["F1"])
    keymap.reset("c")
    keymap.save()
    again = Keymap(tmp_path / "keys.toml")
    assert again.problems == []
    assert again.changes == {"a": ("Ctrl+Alt+\\",), "b": ()}


@pytest.mark.parametrize("text", ["not toml [", "[keys]\nx = 1 = 2", "keys = 3"])
def test_a_broken_file_leaves_the_defaults(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.toml").write_text(text, encoding="utf-8")
    keymap = Keymap(tmp_path / "keys.toml")
    assert keymap.changes == {}
    assert len(keymap.problems) == 1
    assert keymap.apply([Command("a", "A", "G", _nothing, ("Ctrl+K",))])[0].keys == ("Ctrl+K",)
