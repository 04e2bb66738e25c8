"""Captures of Binance's raw messages, replayed and imported by the whole program."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.desk_process import Report, bodies, normal, read_report, sql
from tests.conftest import RunMoneyness, run_program
from tests.market.importers import dbn_files

FUTURES = "binance_usdm_btcusdt_20240808_raw_ws.gz"
SPOT = "binance_spot_btcusdt_20240808_raw_ws.gz"
SNAPSHOT_LEVELS = 2_013
MESSAGES = {
    "crypto_perpetual_quote": 66_089,
    "crypto_perpetual_trade": 21_313,
    "crypto_perpetual_depth": 443_521 + SNAPSHOT_LEVELS,
    "book_update": 6_551 + 1,
}
"""Messages and level changes of the futures capture, and its snapshot brought up to date."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One finished run."""

    profile: Path
    folder: Path
    report: Report


def replay(folder: Path, path: Path, *more: str | Path, program: list[str] | None = None) -> Replay:
    (folder / "run").mkdir(parents=True)
    ended = run_program(
        "desk", "--replay", path, "--underlying", "BTCUSDT", "--date", "2024-08-08", "--headless", "--speed", "max",
        "--report", "report.json", *more, profile=folder / "profile", folder=folder / "run",
        program=program or ("-m", "terminal"),
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return Replay(folder / "profile", folder / "run", read_report(folder / "run" / "report.json"))


@pytest.fixture(scope="session")
def futures(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Replay:
    """The futures capture with a screenshot and an order that must be refused, in a new profile."""
    folder = tmp_path_factory.mktemp("futures")
    script = folder / "script.txt"
    script.write_text("19:56:00 buy 1 BTCUSDT.P market\n", encoding="utf-8")
    return replay(
        folder, shared_data / "crypto" / FUTURES, "--screenshot", "desk.png", "--size", "1600x900", "--script", script
    )


def test_every_message_and_level_change_of_the_capture_arrives(futures: Replay) -> None:
    market = futures.report["market"]
    assert market["messages"] == MESSAGES
    assert (market["refused"], market["instruments"]) == ({}, 1)
    assert (market["first_time"][:23], market["last_time"][:23]) == (
        "2024-08-08T19:54:15.030",
        "2024-08-08T19:59:59.833",
    )
    assert futures.report["mode"] == "replay"
    assert futures.report["problems"] == []
    picture = (futures.folder / "desk.png").read_bytes()
    assert struct.unpack(">II", picture[16:24]) == (1600, 900)


def test_an_order_in_coins_is_refused_with_a_sentence(futures: Replay) -> None:
    (order,) = futures.report["orders"]
    assert (order["state"], futures.report["fills"], futures.report["cash"]) == ("denied", [], "100000.00")
    (denied,) = bodies(futures.profile, "denied")
    assert denied["sentence"].startswith("BTCUSDT.P is quoted in USDT; the paper account trades")


def test_the_digest_is_the_same_however_messages_are_cut(futures: Replay, shared_data: Path, tmp_path: Path) -> None:
    """In batches of 333 records over a tape of 4,096, which holds the feed back all the time."""
    program = (
        "import sys, functools\n"
        "import terminal.market.importers.binance.capture as capture, terminal.app.rooms as rooms\n"
        "import terminal.__main__ as main\n"
        "capture._RECORDS_A_BATCH = 333\n"
        "rooms.Tape = functools.partial(rooms.Tape, 4096)\n"
        "sys.exit(main.main(sys.argv[1:]))\n"
    )
    script = futures.folder.parent / "script.txt"
    again = replay(tmp_path, shared_data / "crypto" / FUTURES, "--script", script, program=["-c", program])
    assert normal(again.report) == normal(futures.report)


def test_both_markets_of_the_folder_are_one_replay(shared_data: Path, tmp_path: Path) -> None:
    both = replay(tmp_path, shared_data / "crypto")
    messages = both.report["market"]["messages"]
    assert both.report["market"]["instruments"] == 2
    assert messages["crypto_spot_quote"] == 28_040
    assert messages["crypto_spot_trade"] == 9_757
    assert {name: messages[name] for name in MESSAGES if name != "book_update"} == {
        name: count for name, count in MESSAGES.items() if name != "book_update"
    }
    assert sql(both.profile, "SELECT kind, name, complete FROM source WHERE kind <> 'session' ORDER BY name") == [
        ("binance", SPOT, True),
        ("binance", FUTURES, True),
    ]


def test_an_import_writes_every_row_once(
    futures: Replay, run_moneyness: RunMoneyness, shared_data: Path, tmp_path: Path
) -> None:
    path = shared_data / "crypto" / FUTURES
    done = run_moneyness("import", "binance", path, "--json", "first.json")
    assert done.returncode == 0, done.stderr
    assert "93,954 rows read, 93,954 kept, 0 refused." in done.stdout
    again = run_moneyness(
        "import", "binance", shared_data / "crypto", "--underlying", "BTCUSDT.P", "--json", "second.json"
    )
    assert again.returncode == 0, again.stderr
    first, second = read_report(tmp_path / "first.json"), read_report(tmp_path / "second.json")
    assert (first["rows"]["read"], second["rows"]["read"]) == (93_954, 0)
    assert [file["skipped"] for file in second["files"]] == [True]
    assert first["days"] == ["2024-08-08"]
    profile = tmp_path / "profile"
    counts = {name: sql(profile, f"SELECT count(*) FROM {name}")[0][0] for name in MESSAGES}
    assert counts == MESSAGES
    recorded = {name: sql(futures.profile, f"SELECT count(*) FROM {name}")[0][0] for name in MESSAGES}
    assert recorded == MESSAGES, "a replay records what an import writes"
    rows = sql(profile, "SELECT price, size, aggressor FROM crypto_perpetual_trade ORDER BY seq LIMIT 1")
    assert [(str(price), str(size), side) for price, size, side in rows] == [("61800.30000000", "0.00600000", "buyer")]


def test_a_recorded_replay_can_be_replayed(futures: Replay, tmp_path: Path) -> None:
    played = run_program(
        "desk", "--replay", futures.profile, "--underlying", "BTCUSDT.P", "--date", "2024-08-08", "--headless",
        "--speed", "max", "--report", "report.json", profile=tmp_path / "profile", folder=tmp_path,
    )  # fmt: skip
    assert played.returncode == 0, played.stderr
    assert read_report(tmp_path / "report.json")["market"]["messages"] == MESSAGES


def test_what_cannot_be_replayed_or_imported_is_one_sentence(
    run_moneyness: RunMoneyness, shared_data: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("nothing of the kind\n", encoding="utf-8")
    crypto = shared_data / "crypto"
    for words, said in (
        (("desk", "--headless", "--replay", tmp_path / "notes.txt", "--underlying", "X", "--date", "2024-08-08"),
         "holds no market data that can be replayed"),
        (("desk", "--headless", "--replay", crypto, "--underlying", "ETHUSDT", "--date", "2024-08-08"),
         "has no capture of ETHUSDT; it has BTCUSDT, BTCUSDT.P."),
        (("desk", "--headless", "--replay", crypto, "--underlying", "BTCUSDT", "--date", "2024-08-07"),
         "has nothing of BTCUSDT then; it has 2024-08-08 (UTC)."),
        (("import", "binance", tmp_path / "notes.txt"), "is no capture"),
    ):  # fmt: skip
        done = run_moneyness(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_a_dbn_file_is_replayed_and_imported(run_moneyness: RunMoneyness, tmp_path: Path) -> None:
    orders = [dbn_files.order(n, "A", "B", 5_600 - n % 40 / 4, 1 + n % 3, n + 1) for n in range(400)]
    asks = [dbn_files.order(400 + n, "A", "A", 5_600.25 + n % 40 / 4, 2, 1_000 + n) for n in range(400)]
    trades = [dbn_files.order(1_000 + n, "T", "B", 5_600.25, 1, 0) for n in range(50)]
    path = dbn_files.write(tmp_path / "es.dbn", "mbo", [dbn_files.definition(), *orders, *asks, *trades])
    words = ("--underlying", "ES", "--date", "2024-08-09")
    reports = []
    for name in ("one", "two"):
        done = run_moneyness(
            "desk", "--replay", path, *words, "--headless", "--speed", "max", "--report", f"{name}.json",
            profile=tmp_path / name,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        reports.append(read_report(tmp_path / f"{name}.json"))
    assert normal(reports[0]) == normal(reports[1])
    messages = reports[0]["market"]["messages"]
    assert (messages["order_add"], messages["future_trade"]) == (800, 50)
    assert reports[0]["problems"] == []
    done = run_moneyness("import", "dbn", path, profile=tmp_path / "imported")
    assert done.returncode == 0, done.stderr
    assert "851 rows read, 851 kept, 0 refused." in done.stdout
    assert sql(tmp_path / "imported", "SELECT count(*), min(price) FROM order_add") == [(800, 5590.25)]
    again = run_moneyness("import", "dbn", tmp_path, *words, profile=tmp_path / "imported")
    assert "0 rows read, 0 kept, 0 refused." in again.stdout
