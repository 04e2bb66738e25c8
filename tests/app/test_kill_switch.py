"""The kill flag: its existence counts, whatever is in it."""

from __future__ import annotations

from pathlib import Path

from terminal.app.kill_switch import KillFlag


def test_set_read_and_release(tmp_path: Path) -> None:
    flag = KillFlag(tmp_path / "deep" / "kill.flag")
    seen = [flag.is_set()]
    assert flag.read() is None
    flag.set(flatten=True)
    seen.append(flag.is_set())
    order = flag.read()
    assert order is not None
    assert order.flatten
    assert flag.release()
    seen.append(flag.is_set())
    assert not flag.release()
    assert seen == [False, True, False]


def test_a_torn_flag_still_stops_everything(tmp_path: Path) -> None:
    path = tmp_path / "kill.flag"
    path.write_bytes(b"\xff{")
    flag = KillFlag(path)
    assert flag.is_set()
    order = flag.read()
    assert order is not None
    assert not order.flatten


def test_a_flag_that_cannot_be_looked_at_counts_as_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert KillFlag(tmp_path / "file" / "kill.flag").is_set()
