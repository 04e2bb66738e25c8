"""Where state lies, and that it is private."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from terminal import __version__
from terminal.infra import paths
from terminal.infra.failures import UsageError
from terminal.infra.paths import Profile

ALL = [
    "settings_file", "journal_file", "journal_head_file", "database_file", "logs_dir", "workspaces_dir",
    "drawings_dir", "indicators_dir", "watchlists_dir",
    "recordings_dir", "spill_dir", "crash_dir", "runtime_dir", "lock_file", "kill_flag_file", "channel_file",
]  # fmt: skip


def test_a_profile_holds_all_of_its_state(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "p")
    found = [getattr(profile, name) for name in ALL]
    assert all(path.is_relative_to(tmp_path / "p") for path in found)
    assert len(set(found)) == len(ALL)
    assert not (tmp_path / "p").exists(), "asking for a path made it"


def test_the_journal_and_its_head_do_not_share_a_folder(tmp_path: Path) -> None:
    for profile in (Profile(tmp_path), Profile(None)):
        assert profile.journal_head_file.parent != profile.journal_file.parent
        assert profile.journal_head_file.name != profile.journal_file.name


def test_a_relative_profile_stays_where_it_was_when_the_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    profile = Profile(Path("p"))
    monkeypatch.chdir("/")
    assert profile.settings_file == tmp_path / "p" / "settings.toml"


def test_without_a_profile_the_users_folders_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    profile = Profile(None)
    assert profile.settings_file == tmp_path / "config" / "moneyness" / "settings.toml"
    assert profile.database_file.is_relative_to(tmp_path / "data" / "moneyness")
    assert profile.journal_head_file.is_relative_to(tmp_path / "state" / "moneyness")
    profile.ensure()
    assert profile.logs_dir.is_dir()


def test_ensure_makes_private_folders_whatever_the_umask(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "new" / "p")
    before = os.umask(0)
    try:
        profile.ensure()
        profile.ensure()
    finally:
        os.umask(before)
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in profile.folders()} == {0o700}


def test_ensure_leaves_the_mode_of_a_folder_that_was_there(tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir(mode=0o755)
    root.chmod(0o755)
    Profile(root).ensure()
    assert stat.S_IMODE(root.stat().st_mode) == 0o755


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("")
    with pytest.raises(UsageError, match="--profile DIR") as failure:
        Profile(tmp_path / "p").ensure()
    assert str(tmp_path / "p") in str(failure.value)
    with pytest.raises(UsageError, match="--profile DIR"):
        Profile(tmp_path / "p" / "below").ensure()
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "logs").write_text("")
    with pytest.raises(UsageError, match="logs is a file"):
        Profile(tmp_path / "q").ensure()


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs a file system that refuses root too")
def test_a_place_that_cannot_be_written_is_named() -> None:
    with pytest.raises(UsageError, match="/proc"):
        Profile(Path("/proc/moneyness")).ensure()


def test_a_long_profile_gets_a_short_private_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(paths, "_MOST_TEMPORARY_BYTES", 1_000)
    short, long = Profile(Path("/p")), Profile(tmp_path / ("x" * 90))
    other = Profile(tmp_path / ("y" * 90))
    assert short.socket_path == Path("/p/run/desk.sock")
    assert long.socket_path.parent.parent == tmp_path
    assert long.socket_path != other.socket_path
    assert long.socket_path == Profile(tmp_path / ("x" * 90)).socket_path
    long.ensure()
    assert stat.S_IMODE(long.socket_path.parent.stat().st_mode) == 0o700


def test_a_socket_folder_that_others_can_open_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(paths, "_MOST_TEMPORARY_BYTES", 1_000)
    profile = Profile(tmp_path / ("x" * 90))
    profile.socket_path.parent.mkdir()
    profile.socket_path.parent.chmod(0o777)
    with pytest.raises(UsageError, match="open to others"):
        profile.ensure()


def test_the_socket_path_fits_the_operating_system(tmp_path: Path) -> None:
    for length in (1, 50, 80, 200):
        path = Profile(tmp_path / ("x" * length)).socket_path
        assert len(os.fsencode(path)) <= 103


def test_kernels_are_cached_by_version_and_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = paths.kernel_cache_dir()
    assert found.parent == tmp_path / "moneyness" / "kernels"
    assert found.name.startswith(f"{__version__}-")
    assert paths.kernel_cache_dir() == found
