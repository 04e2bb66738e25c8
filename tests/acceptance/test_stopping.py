"""Signals, the kill switch and finished runs: the desk ends gracefully, and leaves a report and a closed session."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.acceptance.desk_process import StartDesk, bodies, journal_rows, kinds, read_report, sql
from tests.conftest import RunMoneyness

GRACE_S = 3.0
"""The design's promise. Asserted with room for a busy machine, where the figure itself would fail by chance."""


def states(folder: Path) -> list[str]:
    return [order["state"] for order in read_report(folder / "report.json")["orders"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_desk_gracefully(
    number: signal.Signals, start_desk: StartDesk, run_moneyness: RunMoneyness, profile: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script.txt"
    script.write_text("+0.2 buy 3 ACME market\n+0.3 buy 1 FLUX limit 1.00 gtc\n", encoding="utf-8")
    desk = start_desk(
        "--headless", "--script", script, "--report", "report.json", "--screenshot", "desk.png", "--seed", "7"
    )
    desk.wait_for(lambda: kinds(profile).count("sent") == 2, "two orders")
    begun = time.monotonic()
    desk.send(number)
    ended = desk.ended()
    assert ended.code == 0, ended.errors
    assert time.monotonic() - begun < GRACE_S * 10
    report = read_report(tmp_path / "report.json")
    assert [order["state"] for order in report["orders"]] == ["filled", "working"]
    assert report["problems"] == []
    assert (tmp_path / "desk.png").stat().st_size > 10_000
    assert kinds(profile)[-1] == "session_closed"
    assert sql(profile, "SELECT count(*) FROM source WHERE NOT complete") == [(0,)]
    recorded = {name: sql(profile, f"SELECT count(*) FROM {name}")[0][0] for name in ("option_quote", "equity_trade")}
    assert recorded == {name: report["market"]["messages"][name] for name in recorded}
    again = run_moneyness("desk", "--headless", "--seconds", "0.5", "--speed", "max")
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("delay_s", [0.6, 1.6])
def test_a_signal_while_the_desk_starts_is_graceful_too(
    delay_s: float, start_desk: StartDesk, shared_data: Path, profile: Path, tmp_path: Path
) -> None:
    desk = start_desk(
        "--replay", shared_data / "lean", "--underlying", "GOOG", "--date", "2015-12-24", "--headless", "--report",
        "report.json",
    )  # fmt: skip
    time.sleep(delay_s)
    desk.send(signal.SIGTERM)
    ended = desk.ended()
    if ended.code == -signal.SIGTERM:
        assert not profile.exists(), "only before anything was made may the signal end the process at once"
        return
    assert (ended.code, ended.errors) == (0, "")
    assert read_report(tmp_path / "report.json")["mode"] == "replay"
    assert kinds(profile)[-1] == "session_closed"
    # What was cut short is not called complete, so that the next run writes it whole.
    assert sql(profile, "SELECT count(*) FROM source WHERE kind = 'lean' AND complete") == [(0,)]


def test_a_replay_that_was_cut_short_is_written_whole_by_the_next(
    run_moneyness: RunMoneyness, profile: Path, tmp_path: Path, shared_data: Path
) -> None:
    replay = [
        "desk", "--replay", shared_data / "lean", "--underlying", "GOOG", "--date", "2015-12-28", "--headless",
        "--speed", "max", "--report", "report.json",
    ]  # fmt: skip
    done = run_moneyness(*replay, "--seconds", "3600")
    assert done.returncode == 0, done.stderr
    part = read_report(tmp_path / "report.json")["market"]["messages"]["option_quote"]
    stored = "SELECT count(*), count(DISTINCT (source, seq)) FROM option_quote"
    assert sql(profile, stored) == [(part, part)]
    assert not any(row[0] for row in sql(profile, "SELECT complete FROM source WHERE name LIKE '%quote%'"))
    done = run_moneyness(*replay)
    assert done.returncode == 0, done.stderr
    whole = read_report(tmp_path / "report.json")["market"]["messages"]["option_quote"]
    assert whole > part
    assert sql(profile, stored) == [(whole, whole)]
    assert all(row[0] for row in sql(profile, "SELECT complete FROM source WHERE name LIKE '%quote%'"))


def test_the_kill_switch_cancels_blocks_flattens_and_is_released(
    start_desk: StartDesk, run_moneyness: RunMoneyness, profile: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script.txt"
    lines = ["+0.2 buy 5 ACME market", "+0.3 buy 1 FLUX limit 1.00 gtc"]
    lines += [f"+{second} buy 1 BOLT limit 1.00 gtc" for second in range(1, 200)]
    script.write_text("\n".join(lines), encoding="utf-8")
    desk = start_desk("--headless", "--script", script, "--report", "report.json", "--seed", "7")

    def reports(kind: str) -> int:
        return sum(body["kind"] == kind for body in bodies(profile, "report"))

    desk.wait_for(lambda: reports("fill") == 1 and reports("accepted") >= 2, "a fill and a resting order")
    stopped = run_moneyness("kill")
    assert stopped.returncode == 0
    assert "the desk cancels its working orders" in stopped.stdout
    desk.wait_for(lambda: reports("cancelled") == reports("accepted") - 1, "every working order to be cancelled")
    desk.wait_for(lambda: "denied" in kinds(profile), "a new order to be denied")
    reasons = {body["reason"] for body in bodies(profile, "denied")}
    assert reasons == {"kill_switch"}

    assert run_moneyness("kill", "--flatten").returncode == 0
    desk.wait_for(lambda: reports("fill") == 2, "the position to be closed")

    assert run_moneyness("kill", "--release").returncode == 0
    accepted = reports("accepted")
    desk.wait_for(lambda: reports("accepted") > accepted, "orders to work again")
    desk.send(signal.SIGTERM)
    assert desk.ended().code == 0
    report = read_report(tmp_path / "report.json")
    assert report["positions"] == []
    assert [(fill["side"], fill["quantity"], fill["symbol"]) for fill in report["fills"]] == [
        ("buy", 5, "ACME"),
        ("sell", 5, "ACME"),
    ]


def test_a_desk_that_starts_under_the_kill_switch_sends_nothing(
    run_moneyness: RunMoneyness, profile: Path, tmp_path: Path
) -> None:
    assert "no desk runs" in run_moneyness("kill").stdout
    (tmp_path / "script.txt").write_text("+0.5 buy 1 ACME market\n", encoding="utf-8")
    done = run_moneyness(
        "desk", "--headless", "--speed", "max", "--seconds", "2", "--script", "script.txt", "--report", "report.json"
    )
    assert done.returncode == 0, done.stderr
    assert states(tmp_path) == ["denied"]
    assert "sent" not in kinds(profile)


def test_working_orders_are_cancelled_at_the_stop_when_the_setting_says_so(
    run_moneyness: RunMoneyness, profile: Path, tmp_path: Path
) -> None:
    profile.mkdir()
    (profile / "settings.toml").write_text('[desk]\nworking_orders_on_stop = "cancel"\n', encoding="utf-8")
    (tmp_path / "script.txt").write_text("+0.5 buy 1 FLUX limit 1.00 gtc\n", encoding="utf-8")
    done = run_moneyness(
        "desk", "--headless", "--speed", "max", "--seconds", "1", "--script", "script.txt", "--report", "report.json"
    )
    assert done.returncode == 0, done.stderr
    assert states(tmp_path) == ["cancelled"]
    assert journal_rows(profile)[-1][3] == "session_closed"


def test_the_window_keeps_painting_while_the_market_runs(run_moneyness: RunMoneyness, tmp_path: Path) -> None:
    seconds = 20
    done = run_moneyness("desk", "--headless", "--seconds", str(seconds), "--speed", "1", "--report", "report.json")
    assert done.returncode == 0, done.stderr
    report = read_report(tmp_path / "report.json")
    print(f"{seconds} s at speed 1: {report['ui']}, {report['latency']}")
    assert report["ui"]["frames"] > 0
    assert report["ui"]["p99_frame_ms"] > 0
    assert report["latency"]["state_to_paint"]["p99"] > 0
    assert report["problems"] == []
