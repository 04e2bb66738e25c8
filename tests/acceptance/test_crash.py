"""``kill -9`` at any moment: what had been shown is there after a restart, and the session goes on.

``MONEYNESS_KILLS`` sets how many times the desk is killed; the default is short.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from tests.acceptance.desk_process import StartDesk, journal_rows, read_report, sql
from tests.conftest import RunMoneyness

KILLS = int(os.environ.get("MONEYNESS_KILLS", "6"))


def write_many_orders(file: Path) -> None:
    """Orders, resting orders and cancels, twenty a second for half a minute."""
    lines = []
    for number in range(600):
        at = f"+{(number + 1) / 20:.2f}"
        if number % 5 == 4:
            lines.append(f"{at} buy {1 + number % 3} FLUX limit {1 + number % 7}.00 gtc")
        elif number % 31 == 30:
            lines.append(f"{at} cancel all")
        else:
            lines.append(f"{at} {'sell' if number % 3 == 2 else 'buy'} {1 + number % 4} ACME market")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def booked(rows: list[tuple[int, bytes, str, str, str]]) -> tuple[Counter[str], set[str]]:
    """Positions by symbol and ids of orders, added up from the journal's rows without the program's own code."""
    symbols: dict[str, tuple[str, int]] = {}
    held: Counter[str] = Counter()
    for _, _, _, kind, text in rows:
        body = json.loads(text)
        if kind == "intent":
            leg = body["legs"][0]
            symbols[body["order_id"]] = (leg["symbol"], 1 if leg["side"] == "BUY" else -1)
        elif kind == "report" and body["kind"] == "fill":
            symbol, sign = symbols[body["order_id"]]
            held[symbol] += sign * body["quantity"]
    return held, set(symbols)


def test_what_was_shown_survives_kill_9(
    start_desk: StartDesk, run_moneyness: RunMoneyness, profile: Path, tmp_path: Path
) -> None:
    script = tmp_path / "many.txt"
    write_many_orders(script)
    chance = random.Random(20260105)
    for kill in range(KILLS):
        resume = ["--resume"] if kill and kill % 4 else []
        desk = start_desk("--headless", "--speed", "2", "--seconds", "60", "--script", script, *resume)
        shown: list[tuple[int, bytes, str, str, str]] = []
        if kill % 3 == 2:
            # While it starts: before, between or after its first writes.
            time.sleep(chance.uniform(0.2, 3.0))
            shown = journal_rows(profile)
        else:
            before = len(journal_rows(profile))
            desk.wait_for(lambda before=before: len(journal_rows(profile)) > before + 5, "its first orders")  # type: ignore[misc]
            until = time.monotonic() + chance.uniform(0.0, 1.5)
            while time.monotonic() < until:
                shown = journal_rows(profile)
        desk.send(signal.SIGKILL)
        assert desk.ended().code == -signal.SIGKILL
        after = journal_rows(profile)
        assert after[: len(shown)] == shown, f"kill {kill}: something that had been shown is gone"
        verified = run_moneyness("journal", "verify")
        assert verified.returncode == 0, f"kill {kill}: {verified.stderr}"
        if (profile / "market" / "market.duckdb").exists():
            assert sql(profile, "SELECT count(*) >= 0 FROM equity_quote WHERE ask > 0")

    session = journal_rows(profile)[-1][2]
    mine = [row for row in journal_rows(profile) if row[2] == session]
    held, order_ids = booked(mine)
    done = run_moneyness(
        "desk", "--headless", "--speed", "max", "--resume", "--seconds", "0.2", "--report", "report.json"
    )
    assert done.returncode == 0, done.stderr
    report = read_report(tmp_path / "report.json")
    assert {order["id"] for order in report["orders"]} == order_ids
    assert len(report["orders"]) == len(order_ids)
    assert {each["symbol"]: each["quantity"] for each in report["positions"]} == {k: n for k, n in held.items() if n}
    assert {order["state"] for order in report["orders"]} <= {
        "filled", "working", "cancelled", "denied", "rejected", "expired",
    }, "nothing stays unknown or on its way"  # fmt: skip
    assert held, "the campaign traded"
    assert run_moneyness("journal", "verify").returncode == 0


def test_a_crashed_session_is_shown_closed_and_kept(
    start_desk: StartDesk, run_moneyness: RunMoneyness, profile: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script.txt"
    script.write_text("+0.2 buy 3 ACME market\n", encoding="utf-8")
    desk = start_desk("--headless", "--speed", "1", "--script", script)
    desk.wait_for(lambda: any(row[3] == "report" and '"fill"' in row[4] for row in journal_rows(profile)), "a fill")
    desk.send(signal.SIGKILL)
    desk.ended()
    crashed = journal_rows(profile)
    session = crashed[0][2]
    done = run_moneyness("desk", "--headless", "--speed", "max", "--seconds", "1", "--report", "report.json")
    assert done.returncode == 0, done.stderr
    report = read_report(tmp_path / "report.json")
    assert [problem for problem in report["problems"] if session in problem and "kept" in problem]
    assert (report["orders"], report["positions"], report["cash"]) == ([], [], "100000.00")
    rows = journal_rows(profile)
    assert rows[: len(crashed)] == crashed
    assert rows[len(crashed)][2:4] == (session, "session_closed")
    done = run_moneyness("desk", "--headless", "--speed", "max", "--seconds", "1", "--report", "report.json")
    assert read_report(tmp_path / "report.json")["problems"] == [], "it is said once"


def test_resume_without_a_session_is_wrong_usage(run_moneyness: RunMoneyness) -> None:
    done = run_moneyness("desk", "--headless", "--resume", "--seconds", "1")
    assert done.returncode == 2
    assert "start without --resume" in done.stderr


def test_resume_with_another_seed_is_wrong_usage(run_moneyness: RunMoneyness) -> None:
    assert run_moneyness("desk", "--headless", "--seconds", "1", "--speed", "max", "--seed", "7").returncode == 0
    done = run_moneyness("desk", "--headless", "--resume", "--seed", "8", "--seconds", "1")
    assert done.returncode == 2
    assert "the seed 7" in done.stderr
