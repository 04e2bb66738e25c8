"""The kill switch and the journal from the command line, in processes of their own."""

from __future__ import annotations

import json
from pathlib import Path

from terminal.core.events import EventKind, JournalEvent
from terminal.infra.paths import Profile
from terminal.risk.kill_switch import KillState, KillSwitch
from terminal.store.journal import Journal
from tests.conftest import RunMoneyness


def test_kill_sets_a_flag_that_release_takes_back(run_moneyness: RunMoneyness, profile: Path) -> None:
    switch = KillSwitch(Profile(profile).kill_flag_file)
    seen = []
    for arguments in (["kill"], ["kill", "--flatten"], ["kill", "--release"]):
        done = run_moneyness(*arguments)
        assert done.returncode == 0, done.stderr
        seen.append(switch.state())
    assert seen == [KillState.STOP, KillState.FLATTEN, KillState.CLEAR]


def test_the_journal_is_shown_and_verified(run_moneyness: RunMoneyness, profile: Path) -> None:
    places = Profile(profile)
    places.ensure()
    journal = Journal(places.journal_file, places.journal_head_file)
    journal.open()
    journal.append([JournalEvent(EventKind.NOTE, "s", number, {"text": str(number)}) for number in range(3)])
    journal.close()
    shown = run_moneyness("journal", "show")
    assert [json.loads(line)["seq"] for line in shown.stdout.splitlines()] == [1, 2, 3]
    assert run_moneyness("journal", "verify").returncode == 0
    content = places.journal_file.read_bytes()
    places.journal_file.write_bytes(content.replace(b'"text":"1"', b'"text":"9"'))
    broken = run_moneyness("journal", "verify")
    assert broken.returncode == 1
    assert "event 2" in broken.stderr
