"""The recorded GOOG day of 2015-12-24, replayed by the whole program: counts, the database, fills, digests, expiry."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.desk_process import Ended, Report, bodies, kinds, normal, read_report, sql
from tests.conftest import RunMoneyness, run_program

WORKED_CASE = """\
09:36:30 buy 1 GOOG 2015-12-24 750 C market
12:00:00 sell 1 GOOG  151224C00750000 market
"""

EXPIRY = """\
12:05:00 buy 2 GOOG 2015-12-24 740 C limit 11.10       # in the money: exercised
12:05:00 sell 1 GOOG 2015-12-24 745 C limit 5.00       # short and in the money: assigned
12:05:00 buy 1 GOOG 2015-12-24 750 C limit 1.35        # out of the money: worthless
12:05:30 sell 1 GOOG 2015-12-24 755 P limit 3.40       # short and in the money: assigned
12:59:30 sell 1 GOOG 2016-03-18 500 C limit 248.40 gtc # only the row stamped 13:00 bids 248.40
12:59:30 sell 1 GOOG 2016-03-18 500 C limit 248.40 day
13:01:30 buy 1 GOOG 2016-03-18 700 C market
17:30:00 buy 1 GOOG market
"""

MESSAGES = {
    "equity_quote": 260,
    "equity_trade": 227,
    "option_quote": 275_552,
    "option_trade": 958,
    "open_interest": 2058,
}
"""Rows of the files: counted from the zips; ``official`` comes from the daily and universe files."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One finished run."""

    profile: Path
    report: Report
    ended: Ended


def replay(profile: Path, folder: Path, shared_data: Path, script: str, *more: str | Path) -> Replay:
    folder.mkdir()
    (folder / "script.txt").write_text(script, encoding="utf-8")
    ended = run_program(
        "desk", "--replay", shared_data / "lean", "--underlying", "GOOG", "--date", "2015-12-24", "--headless",
        "--speed", "max", "--report", "report.json", "--script", "script.txt", *more, profile=profile, folder=folder,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    report = read_report(folder / "report.json")
    return Replay(profile, report, Ended(ended.returncode, ended.stdout, ended.stderr))


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Replay:
    """The worked case with a screenshot, in a new profile."""
    folder = tmp_path_factory.mktemp("worked")
    return replay(
        folder / "profile", folder / "run", shared_data, WORKED_CASE, "--screenshot", "desk.png", "--size", "1440x900"
    )


@pytest.fixture(scope="session")
def worked_again(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Replay:
    """The same in another profile."""
    folder = tmp_path_factory.mktemp("again")
    return replay(folder / "profile", folder / "run", shared_data, WORKED_CASE)


@pytest.fixture(scope="session")
def held(worked: Replay, shared_data: Path) -> Replay:
    """A second run in the first profile, with a richer account and positions that are held to expiry."""
    (worked.profile / "settings.toml").write_text('[account]\npaper_cash = "1000000.00"\n', encoding="utf-8")
    return replay(worked.profile, worked.profile.parent / "held", shared_data, EXPIRY)


def test_every_row_arrives_and_is_counted_by_its_kind(worked: Replay) -> None:
    market = worked.report["market"]
    assert {name: market["messages"][name] for name in MESSAGES} == MESSAGES
    assert set(market["messages"]) == {*MESSAGES, "official"}
    assert market["refused"] == {}
    assert market["instruments"] == 2192 + 1
    assert market["first_time"] == "2015-12-24T04:00:00.000-05:00"
    assert worked.report["mode"] == "replay"
    assert worked.report["problems"] == []
    assert worked.ended.output == ""


def test_the_database_holds_each_row_once_even_after_a_second_run(worked: Replay, held: Replay) -> None:
    counts = {name: sql(held.profile, f"SELECT count(*) FROM {name}")[0][0] for name in MESSAGES}
    assert counts == MESSAGES
    assert sql(held.profile, "SELECT count(DISTINCT symbol) FROM option_quote") == [(2192,)]
    assert sql(held.profile, "SELECT count(*) FROM (SELECT DISTINCT symbol, ts_ns FROM option_quote)") == [(275_552,)]
    assert sql(held.profile, "SELECT count(*) FROM option_quote WHERE new_york > '2015-12-24 13:00:00'") == [(165,)]
    sources = sql(held.profile, "SELECT name, complete FROM source WHERE kind = 'lean'")
    assert len(sources) == len(set(sources)) == 6
    assert all(complete for _, complete in sources)


def test_the_recorded_rows_are_those_of_the_files(worked: Replay) -> None:
    rows = sql(
        worked.profile,
        "SELECT strftime(new_york, '%H:%M'), bid, ask FROM option_quote WHERE symbol = 'GOOG  151224C00750000' "
        "AND new_york BETWEEN '2015-12-24 09:36' AND '2015-12-24 09:37' ORDER BY new_york",
    )
    # At 09:36 only the ask was updated: a side without a value has not changed.
    assert [(at, bid and str(bid), str(ask)) for at, bid, ask in rows] == [
        ("09:36", None, "1.6000"),
        ("09:37", "1.5500", "2.1000"),
    ]


def test_the_worked_case_fills_to_the_cent(worked: Replay) -> None:
    report = worked.report
    fills = [(fill["time"], fill["side"], fill["quantity"], fill["price"], fill["fee"]) for fill in report["fills"]]
    assert fills == [
        ("2015-12-24T09:36:30.000-05:00", "buy", 1, "1.60", "0.65"),
        ("2015-12-24T12:00:00.000-05:00", "sell", 1, "1.10", "0.65"),
    ]
    assert [(order["state"], order["reason"], order["price"]) for order in report["orders"]] == [
        ("filled", "", "1.60"),
        ("filled", "", "1.10"),
    ]
    assert {fill["order_id"] for fill in report["fills"]} == {order["id"] for order in report["orders"]}
    assert report["positions"] == []
    assert (report["cash"], report["equity"]) == ("99948.70", "99948.70")


def test_the_digest_is_the_same_in_another_profile(worked: Replay, worked_again: Replay) -> None:
    assert normal(worked.report) == normal(worked_again.report)


def test_the_digest_tells_other_orders_apart(worked: Replay, held: Replay) -> None:
    assert held.report["market"] == worked.report["market"]
    assert held.report["digest"] != worked.report["digest"]


def test_how_messages_are_cut_changes_nothing(worked: Replay, tmp_path: Path, profile: Path, shared_data: Path) -> None:
    """The same day in chunks of 1,777 messages over a tape of 4,096, which holds the feed back all the time."""
    (tmp_path / "script.txt").write_text(WORKED_CASE, encoding="utf-8")
    program = (
        "import sys, functools\n"
        "import terminal.venues.replay.lean_feed as feed, terminal.app.rooms as rooms, terminal.__main__ as main\n"
        "feed.CHUNK = 1777\n"
        "rooms.Tape = functools.partial(rooms.Tape, 4096)\n"
        "sys.exit(main.main(sys.argv[1:]))\n"
    )
    ended = run_program(
        "desk", "--replay", shared_data / "lean", "--underlying", "GOOG", "--date", "2015-12-24", "--headless",
        "--speed", "max", "--report", "report.json", "--script", "script.txt",
        profile=profile, folder=tmp_path, program=["-c", program],
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert normal(read_report(tmp_path / "report.json")) == normal(worked.report)


def test_the_screenshot_has_the_size_that_was_asked_for(worked: Replay) -> None:
    picture = (worked.profile.parent / "run" / "desk.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n")
    assert struct.unpack(">II", picture[16:24]) == (1440, 900)


def test_options_held_to_expiry_settle_on_the_official_close(held: Replay) -> None:
    settled = {body["symbol"]: body for body in bodies(held.profile, "settlement")}
    outcome = {symbol: (body["kind"], body["quantity"], body["delivered_quantity"]) for symbol, body in settled.items()}
    assert outcome == {
        "GOOG  151224C00740000": ("exercised", 2, 200),
        "GOOG  151224C00745000": ("assigned", -1, -100),
        "GOOG  151224C00750000": ("worthless", 1, 0),
        "GOOG  151224P00755000": ("assigned", -1, 100),
    }
    assert {body["official_px"] for body in settled.values()} == {7_484_000}
    # 1,000,000.00, less two at 11.10, plus 5.00, less 1.35, plus 3.40, less five fees; then the strikes of 200 shares.
    premiums = -2 * 1110_00 + 500_00 - 135_00 + 340_00 - 5 * 65
    strikes = -200 * 740_00 + 100 * 745_00 - 100 * 755_00
    cents = 1_000_000_00 + premiums + strikes
    assert held.report["cash"] == f"{cents / 100:.2f}" == "849481.75"
    assert [(each["symbol"], each["quantity"]) for each in held.report["positions"]] == [("GOOG", 200)]
    assert held.report["positions"][0]["mark"] == "748.40"
    assert held.report["equity"] == f"{(cents + 200 * 748_40) / 100:.2f}"


def test_rows_that_become_visible_after_the_close_fill_nothing(held: Replay) -> None:
    states = [(order["symbol"], order["state"]) for order in held.report["orders"]][4:]
    assert states[:2] == [("GOOG  160318C00500000", "working"), ("GOOG  160318C00500000", "expired")]
    assert states[2][1] in {"denied", "rejected"}
    assert len(states) == 3
    assert not [fill for fill in held.report["fills"] if fill["time"] >= "2015-12-24T13:00:00"]
    best = sql(
        held.profile,
        "SELECT max(bid) FILTER (new_york > '2015-12-24 13:00:00'), "
        "max(bid) FILTER (new_york BETWEEN '2015-12-24 12:59:30' AND '2015-12-24 13:00:00') "
        "FROM option_quote WHERE symbol = 'GOOG  160318C00500000'",
    )
    assert float(best[0][0]) == 248.40, "the order rests where only the late row would fill it"
    assert best[0][1] is None or float(best[0][1]) < 248.40


def test_lines_that_the_run_did_not_reach_are_named(held: Replay) -> None:
    assert held.report["problems"] == ["The run ended before script line 8: 17:30:00 buy 1 GOOG market."]


def test_the_journal_of_both_runs_verifies(held: Replay, run_moneyness: RunMoneyness) -> None:
    done = run_moneyness("journal", "verify", profile=held.profile)
    assert done.returncode == 0, done.stderr
    assert "every link holds" in done.stdout
    found = kinds(held.profile)
    assert (found.count("session_started"), found.count("session_closed")) == (2, 2)
    shown = run_moneyness("journal", "show", profile=held.profile)
    assert shown.returncode == 0
    assert len(shown.stdout.splitlines()) == len(found)


def test_an_expiring_index_option_settles_in_cash(
    run_moneyness: RunMoneyness, tmp_path: Path, shared_data: Path
) -> None:
    (tmp_path / "script.txt").write_text(
        "10:00:00 buy 1 SPXW 2021-01-04 3700 C market\n"
        "10:00:01 sell 1 SPXW 2021-01-04 3800 P market\n"
        "10:00:02 buy 1 SPXW 2021-01-04 3800 C market\n",
        encoding="utf-8",
    )
    done = run_moneyness(
        "desk", "--replay", shared_data / "lean", "--underlying", "SPX", "--date", "2021-01-04", "--headless",
        "--speed", "max", "--report", "report.json", "--script", "script.txt",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = read_report(tmp_path / "report.json")
    prices = [fill["price"] for fill in report["fills"]]
    assert prices == ["51.70", "49.30", "0.20"]
    # The index closed at 3,700.65: the 3700 call is worth 0.65, the 3800 put 99.35, the 3800 call nothing.
    cents = 100_000_00 - 5170_00 + 4930_00 - 20_00 - 3 * 65 + 65_00 - 9935_00
    assert report["cash"] == f"{cents / 100:.2f}"
    assert report["positions"] == []
    assert report["problems"] == []
    assert {roots[0] for roots in sql_roots(tmp_path)} == {"SPX", "SPXW"}


def sql_roots(folder: Path) -> list[tuple[str]]:
    return [(root,) for (root,) in sql(folder / "profile", "SELECT DISTINCT root FROM option_quote")]


def test_days_without_data_are_skipped_and_the_day_rolls(
    run_moneyness: RunMoneyness, tmp_path: Path, profile: Path, shared_data: Path
) -> None:
    (tmp_path / "script.txt").write_text("12:00:00 buy 1 GOOG 2016-01-15 750 C limit 0.05 gtc\n", encoding="utf-8")
    done = run_moneyness(
        "desk", "--replay", shared_data / "lean", "--underlying", "GOOG", "--date", "2015-12-23..2015-12-28",
        "--headless", "--speed", "max", "--report", "report.json", "--script", "script.txt",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = read_report(tmp_path / "report.json")
    assert report["market"]["messages"]["option_quote"] > MESSAGES["option_quote"]
    assert [body["day"] for body in bodies(profile, "day_rolled")] == ["2015-12-24", "2015-12-28"]
    assert sql(profile, "SELECT count(DISTINCT CAST(new_york AS DATE)) FROM option_quote") == [(3,)]
