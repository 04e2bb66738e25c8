"""Bad input to the whole program: one sentence on standard error, the contract's exit code, nothing half-written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.acceptance.desk_process import StartDesk, journal_rows, kinds, one_sentence, read_report
from tests.conftest import RunMoneyness

QUICK = ("desk", "--headless", "--speed", "max", "--seconds", "0.5")
GOOG = ("--underlying", "GOOG", "--date", "2015-12-24")


def goog_folder(target: Path, shared_data: Path) -> Path:
    """The parts of the Lean folder that the GOOG day needs, to be damaged."""
    lean = shared_data / "lean"
    parts = ["equity/usa/daily/goog.zip", "option/usa/universes/goog/20151224.csv"]
    parts += [str(file.relative_to(lean)) for file in (lean / "equity/usa/minute/goog").glob("20151224_*")]
    parts += [str(file.relative_to(lean)) for file in (lean / "option/usa/minute/goog").glob("20151224_*")]
    parts += [str(file.relative_to(lean)) for file in (lean / "equity/usa").glob("*_files/goog*")]
    for part in parts:
        file = target / part
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(lean / part, file)
    return target


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["desk", "--bogus"], "--bogus"),
        (["frobnicate"], "not a command"),
        (["desk", "--headless", "--seconds", "0"], "above zero"),
        (["desk", "--headless", "--seed", "-1"], "seed"),
        (["desk", "--headless", "--date", "2015-12-24"], "--replay"),
        (["desk", "--replay", "x", "--underlying", "GOOG", "--date", "2015-12-24..2015-12-23"], "forward"),
        (["desk", "--headless", "--replay", "x", *GOOG, "--resume"], "--resume"),
        (["desk", "--headless", "--script", "missing.txt"], "missing.txt"),
        (["desk", "--headless", "--report", "missing/report.json"], "missing"),
        (["desk", "--headless", "--report", "."], "folder"),
    ],
)  # fmt: skip
def test_wrong_usage_is_said_before_anything_is_made(
    arguments: list[str], said: str, run_moneyness: RunMoneyness, profile: Path
) -> None:
    done = run_moneyness(*arguments)
    assert done.returncode == 2
    assert one_sentence(done.stderr), done.stderr
    assert said in done.stderr
    assert done.stdout == ""
    assert not profile.exists()


@pytest.mark.parametrize(
    "line",
    [
        "+1 hold",
        "9:30 quit",
        "+1 buy 1 GOOG 2015-13-24 750 C market",
    ],
)
def test_a_bad_script_line_stops_the_run_before_it_begins(
    line: str, run_moneyness: RunMoneyness, tmp_path: Path, profile: Path
) -> None:
    (tmp_path / "script.txt").write_text(f"# fine\n+0.1 buy 1 ACME market\n{line}\n", encoding="utf-8")
    done = run_moneyness(*QUICK, "--script", "script.txt")
    assert done.returncode == 2
    assert one_sentence(done.stderr)
    assert "script.txt, line 3" in done.stderr
    assert not profile.exists()


def test_without_a_display_the_desk_says_so(run_moneyness: RunMoneyness, profile: Path) -> None:
    done = run_moneyness("desk", "--seconds", "1", env={"QT_QPA_PLATFORM": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""})
    assert done.returncode == 2
    assert one_sentence(done.stderr)
    assert "--headless" in done.stderr
    assert not profile.exists()


@pytest.mark.parametrize(
    ("underlying", "day", "said"),
    [("GOOG", "2015-12-25", "2015-12-24"), ("NOPE", "2015-12-24", "GOOG"), ("GOOG", "2031-01-01..2031-01-05", "GOOG")],
)
def test_a_replay_of_what_is_not_there_names_what_is(
    underlying: str, day: str, said: str, run_moneyness: RunMoneyness, shared_data: Path, profile: Path
) -> None:
    done = run_moneyness(
        "desk", "--headless", "--replay", shared_data / "lean", "--underlying", underlying, "--date", day
    )
    assert done.returncode in {1, 2}
    assert one_sentence(done.stderr)
    assert underlying in done.stderr
    assert said in done.stderr
    assert journal_rows(profile) == []


@pytest.mark.parametrize("path", ["nowhere", "file.txt", "empty"])
def test_a_replay_path_that_holds_nothing(
    path: str, run_moneyness: RunMoneyness, tmp_path: Path, profile: Path
) -> None:
    (tmp_path / "file.txt").write_text("no market", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    done = run_moneyness("desk", "--headless", "--replay", tmp_path / path, *GOOG)
    assert done.returncode in {1, 2}
    assert one_sentence(done.stderr)
    assert path in done.stderr
    assert journal_rows(profile) == []


def test_a_zip_that_is_no_zip(run_moneyness: RunMoneyness, tmp_path: Path, shared_data: Path, profile: Path) -> None:
    folder = goog_folder(tmp_path / "lean", shared_data)
    (folder / "option/usa/minute/goog/20151224_quote_american.zip").write_bytes(b"PK, but not really a zip")
    done = run_moneyness("desk", "--headless", "--speed", "max", "--replay", folder, *GOOG, "--report", "report.json")
    assert done.returncode == 1
    assert one_sentence(done.stderr)
    assert "20151224_quote_american.zip" in done.stderr
    assert journal_rows(profile) == []
    assert not (tmp_path / "report.json").exists()


def test_a_later_day_that_cannot_be_read_fails_the_run_and_keeps_what_was_read(
    run_moneyness: RunMoneyness, tmp_path: Path, shared_data: Path, profile: Path
) -> None:
    folder = goog_folder(tmp_path / "lean", shared_data)
    (folder / "option/usa/minute/goog/20151228_quote_american.zip").write_bytes(b"no zip")
    done = run_moneyness(
        "desk", "--headless", "--speed", "max", "--replay", folder, "--underlying", "GOOG", "--date",
        "2015-12-24..2015-12-28", "--report", "report.json",
    )  # fmt: skip
    assert done.returncode == 1
    assert one_sentence(done.stderr)
    assert "20151228_quote_american.zip" in done.stderr
    report = read_report(tmp_path / "report.json")
    assert [problem for problem in report["problems"] if "20151228_quote_american.zip" in problem]
    assert report["market"]["messages"]["option_quote"] == 275_552
    assert kinds(profile)[-1] == "session_closed"


@pytest.mark.parametrize(
    ("text", "said"),
    [("this is not toml", "settings.toml"), ("[risk]\nmax_ordr_contracts = 5\n", "max_ordr_contracts"),
     ('[account]\npaper_cash = "a lot"\n', "paper_cash"), ("format = 99\n", "newer")],
)  # fmt: skip
def test_settings_that_do_not_parse_are_named_and_kept(
    text: str, said: str, run_moneyness: RunMoneyness, profile: Path
) -> None:
    profile.mkdir()
    (profile / "settings.toml").write_text(text, encoding="utf-8")
    done = run_moneyness(*QUICK)
    assert done.returncode in {1, 2}
    assert one_sentence(done.stderr), done.stderr
    assert said in done.stderr
    assert (profile / "settings.toml").read_text(encoding="utf-8") == text
    assert journal_rows(profile) == []


def test_a_journal_from_a_newer_version_is_left_alone(run_moneyness: RunMoneyness, profile: Path) -> None:
    assert run_moneyness(*QUICK).returncode == 0
    file = profile / "journal" / "journal.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = journal_rows(profile)
    done = run_moneyness(*QUICK)
    assert done.returncode in {1, 2}
    assert one_sentence(done.stderr)
    assert "newer version" in done.stderr
    assert journal_rows(profile) == before


def test_a_database_from_a_newer_version_is_left_alone(run_moneyness: RunMoneyness, profile: Path) -> None:
    assert run_moneyness(*QUICK).returncode == 0
    file = profile / "market" / "market.duckdb"
    with duckdb.connect(str(file)) as connection:
        (schema,) = connection.execute(
            "SELECT schema_name FROM duckdb_tables() WHERE table_name = 'schema_version'"
        ).fetchall()[0]
        connection.execute(f"UPDATE {schema}.schema_version SET version = 99")
    before, events = file.read_bytes(), journal_rows(profile)
    done = run_moneyness(*QUICK)
    assert done.returncode in {1, 2}
    assert one_sentence(done.stderr), done.stderr
    assert "newer" in done.stderr
    assert file.read_bytes() == before
    assert journal_rows(profile) == events, "no session begins"


def test_a_journal_that_was_cut_is_not_written_to(run_moneyness: RunMoneyness, profile: Path) -> None:
    assert run_moneyness(*QUICK).returncode == 0
    (profile / "journal" / "journal.sqlite3").unlink()
    done = run_moneyness(*QUICK)
    assert done.returncode == 1
    assert one_sentence(done.stderr)
    assert "cut off" in done.stderr
    verified = run_moneyness("journal", "verify")
    assert verified.returncode == 1
    assert one_sentence(verified.stderr)


def test_a_second_desk_on_one_profile_is_refused(
    start_desk: StartDesk, run_moneyness: RunMoneyness, profile: Path
) -> None:
    first = start_desk("--headless", "--speed", "1")
    first.wait_for(lambda: "session_started" in kinds(profile), "its session")
    done = run_moneyness(*QUICK)
    assert done.returncode == 2
    assert one_sentence(done.stderr)
    assert "uses this profile" in done.stderr
    assert kinds(profile).count("session_started") == 1
    assert run_moneyness("journal", "verify").returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("only root can mount a small disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let a small disk be mounted")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_fills_up_is_said_and_loses_no_event(
    small_disk: Path, run_moneyness: RunMoneyness, tmp_path: Path
) -> None:
    profile = small_disk / "profile"
    (tmp_path / "script.txt").write_text("+0.5 buy 1 ACME market\n", encoding="utf-8")
    done = run_moneyness(
        "desk", "--headless", "--speed", "max", "--seconds", "600", "--seed", "7", "--script", "script.txt", "--report",
        tmp_path / "report.json", profile=profile,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "full" in done.stderr
    assert str(small_disk) in done.stderr
    report = read_report(tmp_path / "report.json")
    assert [problem for problem in report["problems"] if "full" in problem]
    assert [fill["quantity"] for fill in report["fills"]] == [1]
    verified = run_moneyness("journal", "verify", profile=profile)
    assert verified.returncode == 0, verified.stderr
    with duckdb.connect(str(profile / "market" / "market.duckdb"), read_only=True) as connection:
        stored = connection.execute("SELECT count(*) FROM option_quote").fetchall()[0][0]
    assert stored < report["market"]["messages"]["option_quote"]


def test_a_disk_that_is_full_from_the_start(small_disk: Path, run_moneyness: RunMoneyness) -> None:
    subprocess.run(["dd", "if=/dev/zero", f"of={small_disk / 'filler'}", "bs=1M"], check=False, capture_output=True)
    done = run_moneyness(*QUICK, profile=small_disk / "profile")
    assert done.returncode in {1, 2}
    assert one_sentence(done.stderr), done.stderr
    assert "full" in done.stderr


@pytest.fixture
def read_only_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that nobody can write to, root included."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
        yield folder
        folder.chmod(stat.S_IRWXU)
        return
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=1m", "none", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let a sealed folder be mounted")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_profile_that_cannot_be_written(read_only_folder: Path, run_moneyness: RunMoneyness) -> None:
    done = run_moneyness(*QUICK, profile=read_only_folder / "profile")
    assert done.returncode in {1, 2}
    assert one_sentence(done.stderr), done.stderr
    assert str(read_only_folder) in done.stderr


def test_targets_that_cannot_be_written_are_refused_before_the_run(
    read_only_folder: Path, run_moneyness: RunMoneyness, profile: Path
) -> None:
    for option in ("--report", "--screenshot"):
        done = run_moneyness(*QUICK, option, read_only_folder / "file.png")
        assert done.returncode in {1, 2}
        assert one_sentence(done.stderr), done.stderr
        assert "file.png" in done.stderr
    assert not profile.exists()


def test_a_profile_that_is_a_file(run_moneyness: RunMoneyness, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = run_moneyness(*QUICK, profile=tmp_path / "file")
    assert done.returncode == 2
    assert one_sentence(done.stderr)


def test_an_order_in_what_is_not_listed_is_named_and_the_run_goes_on(
    run_moneyness: RunMoneyness, tmp_path: Path
) -> None:
    (tmp_path / "script.txt").write_text("+0.1 buy 1 NOPE market\n+0.2 buy 1 ACME market\n", encoding="utf-8")
    done = run_moneyness(*QUICK, "--script", "script.txt", "--report", "-")
    assert done.returncode == 0, done.stderr
    (tmp_path / "report.json").write_text(done.stdout, encoding="utf-8")
    report = read_report(tmp_path / "report.json")
    assert [order["symbol"] for order in report["orders"]] == ["ACME"]
    assert len(report["problems"]) == 1
    assert "line 1" in report["problems"][0]
    assert "NOPE" in report["problems"][0]
