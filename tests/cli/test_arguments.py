"""The command line's grammar."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from terminal.cli.arguments import desk_options, parse, split_profile
from terminal.infra.failures import UsageError


@pytest.mark.parametrize(
    "words",
    [
        ["--profile", "P", "desk", "--headless"],
        ["desk", "--headless", "--profile", "P"],
        ["desk", "--profile=P", "--headless"],
        ["--headless", "--profile", "P"],
    ],
)
def test_the_profile_may_stand_anywhere_and_desk_is_the_default(words: list[str]) -> None:
    profile, rest = split_profile(words)
    assert profile == Path("P")
    found = parse(rest)
    assert found.command == "desk"
    assert desk_options(found).headless


def test_a_replay_over_days() -> None:
    line = "desk --replay R --underlying goog --date 2015-12-23..2015-12-28 --speed max --size 2560x1440"
    options = desk_options(parse(line.split(" ")))
    assert options.underlying == "GOOG"
    assert options.dates[0] == date(2015, 12, 23)
    assert len(options.dates) == 6
    assert options.speed is None
    assert options.is_speed_given
    assert not desk_options(parse(["desk"])).is_speed_given
    assert options.size == (2560, 1440)


@pytest.mark.parametrize(
    "line",
    [
        "dance",
        "desk --replay R",
        "desk --replay R --underlying GOOG",
        "desk --underlying GOOG --date 2015-12-24",
        "desk --replay R --underlying GOOG --date 2015-12-24 --resume",
        "desk --replay R --underlying GOOG --date 24.12.2015",
        "desk --replay R --underlying GOOG --date 2015-12-24..2015-12-23",
        "desk --speed 0",
        "desk --speed nan",
        "desk --seconds -1",
        "desk --seed -1",
        "desk --size 10x10",
        "desk --theme pink",
        "import csv X",
        "query",
        "journal burn",
        "backup",
    ],
)
def test_wrong_usage_is_one_sentence(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        desk_options(parse(line.split()))
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_a_profile_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        split_profile(["--profile"])
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="not a folder"):
        split_profile(["--profile", str(tmp_path / "file")])
