"""Backup of a profile, with and without a desk, and the way back into an empty one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.core.events import EventKind, JournalEvent
from terminal.infra.failures import UserFacingError
from terminal.infra.paths import Profile
from terminal.store import backup as backups
from terminal.store import restore as restores
from terminal.store.batch_writer import SessionRow
from terminal.store.failures import BackupRefused
from terminal.store.journal import Journal
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder, RecorderLimits
from tests.store.market_messages import make_table, quote_batch


def filled(root: Path, rows: int = 5000) -> Profile:
    profile = Profile(root)
    profile.ensure()
    profile.settings_file.write_text('[desk]\ntheme = "dark"\n')
    profile.settings_file.with_name("keys.toml").write_text("# keys\n")
    for folder in profile.handiwork().values():
        (folder / "main.json").write_text("{}")
    journal = Journal(profile.journal_file, profile.journal_head_file)
    journal.open()
    journal.append([JournalEvent(EventKind.NOTE, "s1", number, {"text": str(number)}) for number in range(20)])
    journal.close()
    database = MarketDatabase.open(profile.database_file)
    recorder = Recorder(database, make_table(), profile.spill_dir, SessionRow("s1", "sim", "sim"))
    recorder.start()
    recorder.offer(quote_batch(rows, 0))
    assert recorder.stop()
    database.close()
    return profile


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backup")
    backups.backup(filled(folder / "profile"), folder / "one.zip")
    return folder / "one.zip"


def tree(root: Path) -> dict[str, str]:
    files = [path for path in root.rglob("*") if path.is_file()] if root.exists() else []
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def quotes_in(profile: Profile) -> int:
    database = MarketDatabase.open(profile.database_file)
    rows = database.connect().execute("SELECT count(*), count(DISTINCT (source, seq)) FROM raw.quote").fetchall()
    database.close()
    assert rows[0][0] == rows[0][1]
    return int(rows[0][0])


def test_a_backup_comes_back_whole(archive: Path, tmp_path: Path) -> None:
    profile = Profile(tmp_path / "new")
    steps: list[tuple[int, int]] = []
    members = restores.restore(archive, profile, progress=lambda done, total: steps.append((done, total)))
    assert {each.name for each in members} == {
        "settings.toml", "keys.toml", "workspaces/main.json", "drawings/main.json",
        "indicators/main.json", "watchlists/main.json", "flow/main.json", "journal/head.json",
        "journal/journal.sqlite3", "market/market.duckdb",
    }  # fmt: skip
    assert steps[-1][0] == steps[-1][1]
    assert quotes_in(profile) == 5000
    assert profile.settings_file.read_text() == '[desk]\ntheme = "dark"\n'
    journal = Journal(profile.journal_file, profile.journal_head_file)
    assert [event.body["text"] for event in journal.read()] == [str(number) for number in range(20)]
    journal.open()
    journal.append([JournalEvent(EventKind.NOTE, "s2", 1, {"text": "after"})])
    verification = journal.verify()
    journal.close()
    assert verification.events == 21
    assert not list((tmp_path / "new").glob(".restor*"))


def test_a_running_desk_is_backed_up_while_it_records(tmp_path: Path) -> None:
    profile = filled(tmp_path / "profile", rows=10)
    database = MarketDatabase.open(profile.database_file)
    limits = RecorderLimits(ring_messages=1 << 14, flush_messages=1 << 12, flush_after_s=0.01)
    recorder = Recorder(database, make_table(), profile.spill_dir, SessionRow("s2", "sim", "sim"), limits)
    recorder.start()
    journal = Journal(profile.journal_file, profile.journal_head_file)
    journal.open()
    stop = threading.Event()
    offered = 0

    def trade() -> None:
        nonlocal offered
        while not stop.is_set():
            if recorder.offer(quote_batch(200, 0), 1.0):
                offered += 200
            journal.append([JournalEvent(EventKind.NOTE, "s2", offered, {"text": "x"})])
            time.sleep(0.005)

    market = threading.Thread(target=trade)
    market.start()
    time.sleep(0.1)
    for number in range(3):
        backups.backup(profile, tmp_path / f"{number}.zip", database=database, recorder=recorder)
    # Reading the file must not have opened the database to another process.
    check = """import sys, pathlib, terminal.store.market_db as m; m.MarketDatabase.open(pathlib.Path(sys.argv[1]))"""
    other = subprocess.run(
        [sys.executable, "-c", check, profile.database_file], capture_output=True, text=True, check=False
    )
    assert "Another program uses the market database" in other.stderr
    stop.set()
    market.join()
    assert recorder.stop()
    journal.close()
    database.close()
    for number in range(3):
        restored = Profile(tmp_path / f"restored{number}")
        restores.restore(tmp_path / f"{number}.zip", restored)
        database = MarketDatabase.open(restored.database_file)
        seqs = database.connect().execute("SELECT seq FROM raw.quote WHERE source = 2 ORDER BY seq").fetchnumpy()["seq"]
        np.testing.assert_array_equal(seqs, np.arange(len(seqs)))
        assert len(seqs) > 0
        database.close()
        copy = Journal(restored.journal_file, restored.journal_head_file)
        copy.verify()
    assert quotes_in(profile) == offered + 10


def test_a_profile_with_anything_in_it_is_refused(archive: Path, tmp_path: Path) -> None:
    for place in ("settings.toml", "workspaces/a.json", "journal/journal.sqlite3", "market/market.duckdb", "spill/x"):
        root = tmp_path / place.replace("/", "-")
        (root / place).parent.mkdir(parents=True)
        (root / place).write_text("mine")
        before = tree(root)
        with pytest.raises(BackupRefused, match="not empty"):
            restores.restore(archive, Profile(root))
        assert tree(root) == before


def test_logs_and_the_lock_do_not_make_a_profile_full(archive: Path, tmp_path: Path) -> None:
    profile = Profile(tmp_path / "new")
    profile.ensure()
    (profile.logs_dir / "desk.jsonl").write_text("{}\n")
    profile.lock_file.write_text("")
    restores.restore(archive, profile)
    assert quotes_in(profile) == 5000


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_torn_or_altered_backup_is_refused_and_leaves_nothing(archive: Path, data: st.DataObject) -> None:
    whole = archive.read_bytes()
    bad = archive.with_name("bad.zip")
    kind = data.draw(st.sampled_from(["cut", "flip", "zero", "swap"]))
    at = data.draw(st.integers(0, len(whole) - 1))
    if kind == "cut":
        content = whole[:at]
    elif kind == "flip":
        content = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    elif kind == "zero":
        content = whole[:at] + bytes(min(64, len(whole) - at)) + whole[at + 64 :]
    else:
        content = whole[at:] + whole[:at]
    bad.write_bytes(content)
    root = archive.with_name("target")
    try:
        restores.restore(bad, Profile(root))
    except UserFacingError as error:
        assert "\n" not in error.message  # noqa: PT017
        assert tree(root) == {}
        assert not root.exists()
        return
    # What is not covered by the manifest (times, attributes) may differ; the content may not.
    good = archive.with_name("good")
    if not good.exists():
        restores.restore(archive, Profile(good))
    assert tree(root) == tree(good)
    shutil.rmtree(root)


def rewritten(archive: Path, target: Path, change: dict[str, bytes], *, drop: str = "", extra: str = "") -> Path:
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if name != drop:
                new.writestr(name, change.get(name, old.read(name)))
        if extra:
            new.writestr(extra, b"x")
    return target


def test_members_that_do_not_fit_the_manifest_are_refused(archive: Path, tmp_path: Path) -> None:
    manifest = json.loads(zipfile.ZipFile(archive).read("manifest.json"))
    newer = json.dumps({**manifest, "format": 99}).encode()
    outside = [dict(each) for each in manifest["members"]]
    outside[0]["name"] = "../evil"
    cases = [
        rewritten(archive, tmp_path / "a.zip", {"settings.toml": b"altered"}),
        rewritten(archive, tmp_path / "b.zip", {}, drop="journal/head.json"),
        rewritten(archive, tmp_path / "c.zip", {}, extra="workspaces/evil.json"),
        rewritten(archive, tmp_path / "d.zip", {}, drop="manifest.json"),
        rewritten(archive, tmp_path / "e.zip", {"manifest.json": b"[]"}),
        rewritten(archive, tmp_path / "f.zip", {"manifest.json": b"\xff{"}),
        rewritten(archive, tmp_path / "g.zip", {"manifest.json": newer}),
    ]
    with zipfile.ZipFile(tmp_path / "h.zip", "w") as new:
        content = b"evil"
        said = [{"name": "workspaces/../../evil", "size": 4, "sha256": hashlib.sha256(content).hexdigest()}]
        new.writestr("workspaces/../../evil", content)
        new.writestr("manifest.json", json.dumps({"format": 1, "members": said}))
    (tmp_path / "i.zip").write_bytes(b"")
    cases += [tmp_path / "h.zip", tmp_path / "i.zip", tmp_path / "missing.zip", tmp_path]
    before = tree(tmp_path)
    for case in cases:
        with pytest.raises(BackupRefused):
            restores.restore(case, Profile(tmp_path / "deep" / "target"))
        assert not (tmp_path / "deep").exists()
    assert tree(tmp_path) == before


def test_targets_that_cannot_be_written(tmp_path: Path) -> None:
    profile = filled(tmp_path / "profile", rows=1)
    before = tree(tmp_path)
    with pytest.raises(UserFacingError, match="does not exist"):
        backups.backup(profile, tmp_path / "nowhere" / "b.zip")
    with pytest.raises(UserFacingError, match="is a folder"):
        backups.backup(profile, tmp_path)
    assert tree(tmp_path) == before


def test_a_failure_in_the_middle_keeps_the_old_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = filled(tmp_path / "profile", rows=1)
    target = tmp_path / "b.zip"
    target.write_bytes(b"older")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "_pack_folders", full)
    with pytest.raises(UserFacingError, match="disk is full"):
        backups.backup(profile, target)
    assert target.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.zip", "profile"]


_CHILD = """
import sys, pathlib
from terminal.infra.paths import Profile
from terminal.store import restore
real = {step}
def stop(*a, **k):
    print("there", flush=True)
    import time; time.sleep(60)
restore.{name} = stop if {count} == 0 else restore.{name}
seen = [0]
def later(*a, **k):
    seen[0] += 1
    return stop() if seen[0] > {count} else real(*a, **k)
restore.{name} = later
restore.restore(pathlib.Path(sys.argv[1]), Profile(pathlib.Path(sys.argv[2])))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize(
    ("name", "count", "whole"), [("_unpack_one", 2, False), ("_move", 0, True), ("_move", 2, True)]
)
def test_a_killed_restore_is_finished_or_forgotten(
    archive: Path, tmp_path: Path, name: str, count: int, whole: bool
) -> None:
    root = tmp_path / "new"
    code = _CHILD.format(name=name, count=count, step=f"restore.{name}")
    child = subprocess.Popen([sys.executable, "-c", code, archive, root], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "there"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert restores.finish_restore(Profile(root))
    if whole:
        assert quotes_in(Profile(root)) == 5000
        assert not (root / ".restoring").exists()
    else:
        assert tree(root) == {}
        restores.restore(archive, Profile(root))
        assert quotes_in(Profile(root)) == 5000
