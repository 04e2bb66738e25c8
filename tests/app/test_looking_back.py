"""What the strip says while the past is on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from terminal.app.looking_back import PastWords
from terminal.core.clock import NS_PER_MS, NS_PER_S, at_ns
from tests.app.small_desk import MONDAY

NOW_NS = at_ns(MONDAY, 10, 29)


@dataclass
class _Past:
    is_past: bool = False
    wanted_ns: int = NOW_NS
    shown_ns: int = NOW_NS


def test_a_moment_that_does_not_come_is_not_said_to_be_there() -> None:
    words, past = PastWords(), _Past()
    shown: Any = past
    assert words.say(None, 0) == words.say(shown, 0) == ""
    past.is_past, past.wanted_ns = True, at_ns(MONDAY, 9, 49)
    assert words.say(shown, 10 * NS_PER_MS) == "09:49:00"
    # Dragged on while it waits: the patience is for the panels, not for each wish.
    past.wanted_ns -= 60 * NS_PER_S
    assert words.say(shown, 200 * NS_PER_MS) == "09:48:00"
    assert words.say(shown, 310 * NS_PER_MS) == "09:48:00 on its way, still 10:29:00"
    past.shown_ns = past.wanted_ns
    assert words.say(shown, 320 * NS_PER_MS) == "09:48:00"
    past.wanted_ns += NS_PER_S
    assert words.say(shown, 330 * NS_PER_MS) == "09:48:01"
    past.is_past = False
    assert words.say(shown, 9 * NS_PER_S) == ""
