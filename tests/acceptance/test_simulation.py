"""The simulated market in the whole program: the same seed is the same day, and a session goes on where it was."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.acceptance.desk_process import Report, StartDesk, bodies, journal_rows, kinds, normal, read_report, sql
from tests.conftest import RunMoneyness, run_program

SCRIPT = """\
+0.5 buy 10 ACME market
+1 buy 5 ACME limit 1.00 gtc
+1 sell 4 ACME market
+1.5 buy 1 SIMXW 2026-01-05 5000 C market
+2 sell 1 SIMXW 2026-01-05 5000 C market
+2.5 buy 100000 ACME market
+3 cancel all
"""


def simulate(folder: Path, name: str, *arguments: str, script: str = SCRIPT) -> Report:
    (folder / f"{name}.txt").write_text(script, encoding="utf-8")
    done = run_program(
        "desk", "--headless", "--report", f"{name}.json", "--script", f"{name}.txt", *arguments,
        profile=folder / name, folder=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return read_report(folder / f"{name}.json")


@pytest.fixture(scope="session")
def seven(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Four seconds of the market with seed 7, as fast as possible."""
    return simulate(tmp_path_factory.mktemp("seven"), "seven", "--seconds", "4", "--speed", "max", "--seed", "7")


def test_the_report_says_what_happened(seven: Report) -> None:
    assert (seven["mode"], seven["seed"]) == ("sim", 7)
    assert [order["state"] for order in seven["orders"]] == [
        "filled", "cancelled", "filled", "filled", "filled", "denied",
    ]  # fmt: skip
    assert seven["orders"][-1]["reason"]
    assert {"equity_quote", "equity_trade", "equity_depth", "index_trade", "option_quote"} <= set(
        seven["market"]["messages"]
    )
    assert seven["market"]["instruments"] >= 3000
    assert seven["market"]["first_time"].startswith("2026-01-05T09:30:00")
    assert "2026-01-05T09:30:03.5" < seven["market"]["last_time"] <= "2026-01-05T09:30:04.000-05:00"
    assert [(each["symbol"], each["quantity"]) for each in seven["positions"]] == [("ACME", 6)]
    cents = 100_000_00
    for fill in seven["fills"]:
        multiplier = 100 if " " in fill["symbol"] else 1
        signed = -1 if fill["side"] == "buy" else 1
        cents += signed * fill["quantity"] * multiplier * round(float(fill["price"]) * 100)
        cents -= round(float(fill["fee"]) * 100)
    assert seven["cash"] == f"{cents / 100:.2f}"
    assert seven["latency"]["command_to_venue"]["max"] > 0
    assert seven["problems"] == []


def test_the_same_seed_gives_the_same_day(seven: Report, tmp_path: Path) -> None:
    again = simulate(tmp_path, "again", "--seconds", "4", "--speed", "max", "--seed", "7")
    assert normal(again) == normal(seven)


def test_the_speed_changes_nothing(seven: Report, tmp_path: Path) -> None:
    slow = simulate(tmp_path, "slow", "--seconds", "4", "--speed", "1", "--seed", "7")
    assert normal(slow) == normal(seven)


def test_another_seed_gives_another_day(seven: Report, tmp_path: Path) -> None:
    other = simulate(tmp_path, "other", "--seconds", "4", "--speed", "max", "--seed", "8")
    assert other["digest"] != seven["digest"]
    assert other["seed"] == 8


def test_quit_ends_the_run_at_its_instant(tmp_path: Path) -> None:
    script = "+1 buy 1 ACME market\n+2 quit\n+2 buy 2 ACME market\n"
    reports = [simulate(tmp_path, name, "--speed", "max", "--seed", "7", script=script) for name in ("one", "two")]
    assert normal(reports[0]) == normal(reports[1])
    assert reports[0]["market"]["last_time"] <= "2026-01-05T09:30:02.000-05:00"
    assert len(reports[0]["orders"]) == 1
    assert reports[0]["problems"] == ["The run ended before script line 3: +2 buy 2 ACME market."]


def test_a_stopped_session_goes_on_where_it_was(tmp_path: Path, profile: Path, start_desk: StartDesk) -> None:
    script = tmp_path / "script.txt"
    script.write_text(
        "+0.5 buy 7 ACME market\n+0.6 buy 1 FLUX limit 1.00 gtc\n+0.7 sell 2 ACME market\n"
        "09:30:00.500 buy 1 BOLT market\n",
        encoding="utf-8",
    )
    first = start_desk("--headless", "--speed", "1", "--seed", "7", "--script", script, "--report", "1.json")
    first.wait_for(lambda: kinds(profile).count("sent") == 4, "four orders")
    first.send(signal.SIGTERM)
    assert first.ended().code == 0
    before = read_report(tmp_path / "1.json")
    assert [order["state"] for order in before["orders"]].count("working") == 1

    second = start_desk(
        "--headless", "--speed", "max", "--resume", "--seconds", "2", "--script", script, "--report", "2.json"
    )
    ended = second.ended()
    assert ended.code == 0, ended.errors
    after = read_report(tmp_path / "2.json")
    count = len(before["orders"])
    assert after["orders"][:count] == before["orders"]
    assert after["fills"][: len(before["fills"])] == before["fills"]
    assert after["seed"] == 7
    # The script runs anew by its seconds; what is due by the clock has run in the first part.
    assert [order["symbol"] for order in after["orders"][count:]] == ["ACME", "FLUX", "ACME"]
    held = {each["symbol"]: each["quantity"] for each in after["positions"]}
    assert held == {"ACME": 10, "BOLT": 1}
    assert len(after["orders"]) == len({order["id"] for order in after["orders"]})
    assert any("Goes on with session" in problem for problem in after["problems"])
    assert any("09:30:00.500 buy 1 BOLT market" in problem for problem in after["problems"])
    assert len({row[2] for row in journal_rows(profile)}) == 1


def test_a_resting_order_is_not_filled_by_the_market_before_it(
    tmp_path: Path, profile: Path, start_desk: StartDesk, run_moneyness: RunMoneyness
) -> None:
    """The market runs up to where the session was: prices of that time must not meet what rests now."""
    look = simulate(tmp_path, "look", "--seconds", "20", "--speed", "max", "--seed", "7", script="")
    assert look["orders"] == []
    cheaper = sql(
        tmp_path / "look",
        "SELECT symbol, min(ask) AS low FROM equity_quote WHERE ask > 0 GROUP BY symbol "
        "HAVING low < min(ask) FILTER (new_york > '2026-01-05 09:30:15') ORDER BY symbol",
    )
    assert cheaper, "some name's first seconds are cheaper than its last"
    symbol, low = cheaper[0]
    script = tmp_path / "script.txt"
    script.write_text(f"+18 buy 1 {symbol} limit {low:.2f} gtc\n", encoding="utf-8")
    done = run_moneyness("desk", "--headless", "--speed", "max", "--seed", "7", "--seconds", "19", "--script", script)
    assert done.returncode == 0, done.stderr
    assert [body["kind"] for body in bodies(profile, "report")] == ["accepted"]
    done = run_moneyness(
        "desk", "--headless", "--speed", "max", "--resume", "--seconds", "0.5", "--report", "report.json"
    )
    assert done.returncode == 0, done.stderr
    assert [order["state"] for order in read_report(tmp_path / "report.json")["orders"]] == ["working"]


def test_the_recording_can_be_replayed(seven: Report, tmp_path: Path, run_moneyness: RunMoneyness) -> None:
    """The simulated session, read back from the database as a replay of one name."""
    simulate(tmp_path, "made", "--seconds", "4", "--speed", "max", "--seed", "7")
    done = run_moneyness(
        "desk", "--replay", tmp_path / "made", "--underlying", "ACME", "--date", "2026-01-05", "--headless", "--speed",
        "max", "--report", "replayed.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    replayed = read_report(tmp_path / "replayed.json")["market"]
    assert (
        replayed["messages"]["equity_quote"]
        == sql(tmp_path / "made", "SELECT count(*) FROM equity_quote WHERE symbol = 'ACME'")[0][0]
    )
    assert 0 < replayed["instruments"] < seven["market"]["instruments"]
