"""The support archive helps, and gives nothing away."""

from __future__ import annotations

import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import pytest

from terminal.infra import support_bundle
from terminal.infra.crash import CrashReporter
from terminal.infra.failures import UsageError, WorkFailed
from terminal.infra.logs import Logs
from terminal.infra.paths import Profile
from terminal.infra.process_lock import ProcessLock
from terminal.infra.redaction import Redactor
from terminal.infra.settings_file import SettingsFile
from terminal.infra.support_bundle import collect, write_bundle

PLANTED = {
    "registered": "c0rrect-horse-battery",
    "key": "PKPLANTED0123456789X",
    "account": "DU9876543",
    "bearer": "abcdefgh.ijklmnop",
    "email": "jane@planted.example",
    "environment": "planted-from-env",
}


@pytest.fixture
def used(tmp_path: Path) -> Profile:
    """A profile with settings, logs, a crash and a fault log, with secrets in each."""
    profile = Profile(tmp_path / "janedoe" / "p")
    profile.ensure()
    SettingsFile(profile.settings_file).load()
    with profile.settings_file.open("a") as file:
        file.write(f"# my key is {PLANTED['key']}, account {PLANTED['account']}\n")
    lines = [
        {"message": f"Bearer {PLANTED['bearer']} of {PLANTED['email']}"},
        {"password": PLANTED["registered"] + " x"},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines) + f"torn line {PLANTED['key']}"
    (profile.logs_dir / "desk.jsonl").write_text(text)
    (profile.logs_dir / "desk.1.jsonl").write_bytes(b"\xff\xfe" + PLANTED["account"].encode())
    found = CrashReporter(profile.crash_dir, redactor=Redactor(Path("/none/here"), "nobody-here"))
    found.report("test", ValueError(f"{PLANTED['registered']} in {tmp_path}/janedoe/p"))
    (profile.crash_dir / "fault-1.log").write_text(f"Fatal: {PLANTED['registered']}\n")
    (profile.journal_file).write_bytes(b"PLANTED-ORDERS")
    return profile


def redactor_of(tmp_path: Path) -> Redactor:
    found = Redactor(tmp_path / "janedoe", "janedoe")
    found.register([PLANTED["registered"]])
    return found


def test_the_archive_holds_what_helps_and_no_secret(
    used: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONEYNESS_ALPACA_PAPER_KEY_ID", PLANTED["environment"])
    monkeypatch.setenv("TZ", f"x-{PLANTED['environment']}")
    target = tmp_path / "bundle.zip"
    names = write_bundle(target, used, {"renderer": "llvmpipe"}, redactor=redactor_of(tmp_path))
    assert target.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == names
        contents = {name: archive.read(name).decode() for name in names}
    crashes = [name for name in names if name.startswith("crashes/")]
    assert {"report.json", "settings.toml", "logs/desk.jsonl", "logs/desk.1.jsonl", "crashes/fault-1.log"} <= set(names)
    assert len(crashes) == 2
    everything = "\n".join(contents.values())
    for what, secret in {**PLANTED, "person": "janedoe", "home": str(tmp_path / "janedoe")}.items():
        assert secret not in everything, what
    assert "PLANTED-ORDERS" not in everything, "the journal is in the archive"
    report = json.loads(contents["report.json"])
    assert report["graphics"] == {"renderer": "llvmpipe"}
    assert report["places"]["journal"]["path"] == "~/p/journal/journal.sqlite3"
    assert "[desk]" in contents["settings.toml"]
    assert json.loads(contents["logs/desk.jsonl"].splitlines()[0])["message"].startswith("Bearer [secret]")


def test_an_empty_profile_gives_an_archive_too(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "p")
    names = write_bundle(tmp_path / "b.zip", profile)
    assert names == ["report.json"]
    assert not (tmp_path / "p").exists()


def test_real_logs_and_crashes_go_in(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "p")
    profile.ensure()
    running = Logs(profile.logs_dir)
    running.start()
    logging.getLogger("x").warning("a telling message")
    running.stop()
    write_bundle(tmp_path / "b.zip", profile)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert b"a telling message" in archive.read("logs/desk.jsonl")


def test_only_the_end_of_a_long_log_goes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support_bundle, "MOST_LOG_BYTES", 1_000)
    profile = Profile(tmp_path / "p")
    profile.ensure()
    (profile.logs_dir / "desk.jsonl").write_text("".join(f'{{"n": {number}}}\n' for number in range(1_000)))
    write_bundle(tmp_path / "b.zip", profile)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        kept = [json.loads(line)["n"] for line in archive.read("logs/desk.jsonl").splitlines()]
    assert kept == list(range(kept[0], 1_000))
    assert 50 < len(kept) < 120


def test_a_target_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "p")
    with pytest.raises(UsageError, match="is a folder"):
        write_bundle(tmp_path, profile)
    with pytest.raises(UsageError, match="does not exist"):
        write_bundle(tmp_path / "no" / "b.zip", profile)


def test_a_write_that_fails_leaves_the_old_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "b.zip"
    target.write_bytes(b"old")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(WorkFailed, match="No permission for writing the support archive"):
        write_bundle(target, Profile(tmp_path / "p"))
    assert target.read_bytes() == b"old"


def test_collect_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = Profile(tmp_path / "p")
    profile.ensure()
    sound = collect(profile)
    assert sound["problems"] == []
    assert sound["settings"] == "none yet, the defaults apply"
    assert sound["desk"] == "not running on this profile"
    assert sound["packages"]["numpy"] != "missing"
    assert json.loads(json.dumps(sound)) == sound
    SettingsFile(profile.settings_file).load()
    assert collect(profile)["settings"] == "sound"
    profile.settings_file.write_text("[risk")
    monkeypatch.setattr(support_bundle, "PACKAGES", ("numpy", "no-such-package"))
    monkeypatch.setattr(support_bundle, "EXTRAS", {"there": ("json",), "gone": ("no_such_module",)})
    monkeypatch.setattr("terminal.infra.disk.free_bytes", lambda path: 5 * 2**20)
    monkeypatch.setattr("terminal.infra.resources.candidates", lambda: (tmp_path,))
    with ProcessLock(profile.lock_file):
        found: dict[str, Any] = collect(profile)
    problems = "\n".join(found["problems"])
    for part in (
        "does not parse",
        "no-such-package is missing",
        "Only 5 MiB",
        "fonts and icons of Moneyness are missing",
    ):
        assert part in problems
    assert found["extras"]["there"] == "installed"
    assert "'.[gone]'" in found["extras"]["gone"]
    assert found["desk"].startswith("running, pid ")
    profile.settings_file.write_bytes(b"\xff")
    assert "cannot be read" in collect(profile)["settings"]
