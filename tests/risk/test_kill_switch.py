"""The kill flag: set by any process, read before every send, and never clear by mistake."""

from __future__ import annotations

from pathlib import Path

from terminal.risk.kill_switch import KillState, KillSwitch


def test_set_read_and_clear(tmp_path: Path) -> None:
    flag = tmp_path / "state" / "kill.flag"
    switch, other = KillSwitch(flag), KillSwitch(flag)
    assert switch.state() is KillState.CLEAR
    other.set()
    assert switch.state() is KillState.STOP
    other.set(flatten=True)
    assert switch.state() is KillState.FLATTEN
    switch.clear()
    switch.clear()
    assert other.state() is KillState.CLEAR


def test_whatever_else_is_there_counts_as_set(tmp_path: Path) -> None:
    flag = tmp_path / "kill.flag"
    flag.write_bytes(b"\xff\xfe")
    assert KillSwitch(flag).state() is KillState.STOP
    flag.unlink()
    flag.mkdir()
    assert KillSwitch(flag).state() is KillState.STOP
