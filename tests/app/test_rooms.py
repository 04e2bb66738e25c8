"""All rooms of a desk together, without its window: days, expiries, stops, resumes and what they leave behind."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import duckdb
import pytest

from terminal.app.arming import ArmingRefused, DisarmReason
from terminal.app.ports import DeskMode, OrderDraft
from terminal.app.rooms import limits_of
from terminal.app.sessions import new_session_name
from terminal.core.clock import at_ns, from_ns
from terminal.core.events import EventKind, JournalEvent
from terminal.core.messages import Phase
from terminal.core.orders import OrderState, OrderType, Origin, Side, TimeInForce
from terminal.infra.failures import UsageError
from terminal.infra.paths import Profile
from terminal.infra.settings import DeskSettings, RiskSettings, Settings
from terminal.store.journal import Journal
from tests.app.small_desk import MONDAY, TUESDAY, Report, SmallDesk

TWO_DAYS = """\
09:30:30 buy 100 XYZ market
09:31:00 buy 1 XYZ 2026-01-05 90 C market          # in the money: 100 shares at 90
09:31:01 sell 1 XYZ 2026-01-05 110 P limit 9.00    # short and in the money: 100 shares at 110
09:31:02 buy 2 XYZ 2026-01-05 110 C market         # out of the money: worthless
09:31:03 buy 1 IDX 2026-01-05 1000 C market        # 38.00 in cash
10:00:00 sell 10 XYZ limit 101.00 day
10:00:01 buy 1 XYZ limit 50.00 day
10:00:02 buy 1 XYZ limit 51.00 gtc
+30 sell 20 XYZ market
11:00:00 buy 7 XYZ 2026-01-06 100 C limit 1.45     # five are offered
"""
IDS = {"order_id", "id"}


def same(report: Report) -> dict[str, Any]:
    """A report without session ids and figures of speed."""
    kept = {name: report[name] for name in ("digest", "positions", "cash", "equity", "market")}
    kept["orders"] = [{k: v for k, v in order.items() if k not in IDS} for order in report["orders"]]
    kept["fills"] = [{k: v for k, v in fill.items() if k not in IDS} for fill in report["fills"]]
    return kept


def events(folder: Path, kind: EventKind | None = None) -> list[JournalEvent]:
    profile = Profile(folder)
    found = Journal(profile.journal_file, profile.journal_head_file).read()
    return [event for event in found if kind is None or event.kind is kind]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Both days in one run."""
    return SmallDesk(tmp_path_factory.mktemp("whole") / "profile", TWO_DAYS).run()


def test_two_days_of_orders_expiries_and_a_roll(whole: Report) -> None:
    assert [(order["symbol"], order["filled"], order["state"]) for order in whole["orders"]] == [
        ("XYZ", 100, "filled"),
        ("XYZ", 20, "filled"),
        ("XYZ   260105C00090000", 1, "filled"),
        ("XYZ   260105P00110000", 1, "filled"),
        ("XYZ   260105C00110000", 2, "filled"),
        ("IDX   260105C01000000", 1, "filled"),
        ("XYZ", 10, "filled"),
        ("XYZ", 0, "expired"),
        ("XYZ", 0, "working"),
        ("XYZ   260106C00100000", 5, "expired"),
    ]
    assert whole["orders"][6]["price"] == "101.09", "a resting order fills at the quote that it meets"
    # 70 + 100 + 100 shares, and 500 of Tuesday's call.
    assert [(each["symbol"], each["quantity"], each["mark"]) for each in whole["positions"]] == [("XYZ", 770, "103.80")]
    trades = -100 * 10_001 + 20 * 9_999 + 10 * 10_109
    premiums = 100 * (-1051 + 1049 - 2 * 51 - 5 * 141) - whole_index_premium(whole)
    settled = -100 * 9_000 - 100 * 11_000 + 100 * 3_800 - 500 * 10_000
    fees = 65 * (1 + 1 + 2 + 1 + 5)
    assert whole["cash"] == f"{(10_000_000 + trades + premiums + settled - fees) / 100:.2f}"
    assert whole["problems"] == []


def whole_index_premium(report: Report) -> int:
    """Cents paid for the index call."""
    (fill,) = [each for each in report["fills"] if each["symbol"].startswith("IDX")]
    return round(float(fill["price"]) * 100) * 100


def test_the_journal_tells_of_the_days(tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    SmallDesk(folder, TWO_DAYS).run()
    assert [event.body["day"] for event in events(folder, EventKind.DAY_ROLLED)] == ["2026-01-06"]
    outcome = {each.body["symbol"]: each.body["kind"] for each in events(folder, EventKind.SETTLEMENT)}
    assert outcome == {
        "XYZ   260105C00090000": "exercised",
        "XYZ   260105P00110000": "assigned",
        "XYZ   260105C00110000": "worthless",
        "IDX   260105C01000000": "cash",
        "XYZ   260106C00100000": "exercised",
    }
    beats = [event.ts_ns for event in events(folder, EventKind.MARKET_TIME)]
    nights = [ts_ns for ts_ns in beats if at_ns(MONDAY, 16, 2) < ts_ns < at_ns(TUESDAY, 9, 30)]
    assert beats
    assert nights == [], "a night without a message needs no heartbeat"


@pytest.mark.parametrize("chunk", [1, 7, 5000])
def test_how_the_feed_is_cut_changes_nothing(chunk: int, whole: Report, tmp_path: Path) -> None:
    assert same(SmallDesk(tmp_path / "profile", TWO_DAYS, chunk=chunk).run()) == same(whole)


@pytest.mark.parametrize("seconds", [1, 1830, 9000, 23_400, 23_401, 40_000, 87_000])
def test_a_session_that_was_stopped_and_goes_on_ends_as_if_it_had_not(
    seconds: int, whole: Report, tmp_path: Path
) -> None:
    clock_only = "\n".join(line for line in TWO_DAYS.splitlines() if not line.startswith("+"))
    straight = SmallDesk(tmp_path / "straight", clock_only).run()
    SmallDesk(tmp_path / "profile", clock_only, ("--seconds", str(seconds))).run()
    # Times of day are those of the day that a run begins on, so a script for Monday has nothing to do on Tuesday.
    rest = clock_only if seconds < 80_000 else ""
    second = SmallDesk(tmp_path / "profile", rest, ("--resume",)).run()
    assert same(second) == same(straight)
    assert straight["digest"] != whole["digest"]


def crash_after(count: int, source: Path, target: Path) -> list[JournalEvent]:
    """A profile as a crash leaves it, whose journal holds the first ``count`` events of another's."""
    shutil.copytree(source, target)
    profile = Profile(target)
    kept = events(source)[:count]
    for file in (*profile.journal_file.parent.iterdir(), *profile.journal_head_file.parent.iterdir()):
        file.unlink()
    journal = Journal(profile.journal_file, profile.journal_head_file)
    journal.open()
    journal.append(kept)
    journal.close()
    return kept


def test_a_crash_after_any_event_loses_nothing_and_leaves_nothing_open(tmp_path: Path) -> None:
    source = tmp_path / "source"
    SmallDesk(source, TWO_DAYS).run()
    found = [number for number, event in enumerate(events(source)) if event.kind is not EventKind.MARKET_TIME]
    for count in [number + 1 for number in found[:-1]][::3]:
        target = tmp_path / f"crash-{count}"
        kept = crash_after(count, source, target)
        report = SmallDesk(target, TWO_DAYS, ("--resume",)).run()
        after = events(target)
        assert after[:count] == kept
        profile = Profile(target)
        assert Journal(profile.journal_file, profile.journal_head_file).verify().ok
        shown = {event.body["execution_id"] for event in kept if event.body.get("kind") == "fill"}
        fills = [event.body["execution_id"] for event in after if event.body.get("kind") == "fill"]
        assert shown <= set(fills)
        assert len(fills) == len(set(fills)), f"after {count} events a fill was booked twice"
        settled = [event.body["settlement_id"] for event in after if event.kind is EventKind.SETTLEMENT]
        assert len(settled) == len(set(settled))
        states = {order["state"] for order in report["orders"]}
        assert states <= {"filled", "working", "expired", "cancelled", "denied", "rejected"}, states
        assert all(order["filled"] <= order["quantity"] for order in report["orders"])
        assert not [each for each in report["positions"] if " " in each["symbol"]], "options that expired are gone"


def test_official_prices_that_come_late_are_waited_for(tmp_path: Path) -> None:
    desk = SmallDesk(tmp_path / "profile", "09:31:00 buy 1 XYZ 2026-01-05 90 C market\n", late_s=150)
    report = desk.run()
    assert report["problems"] == []
    settled = events(tmp_path / "profile", EventKind.SETTLEMENT)
    assert [from_ns(each.ts_ns).time().isoformat() for each in settled] == ["16:03:00"]
    assert [(each["symbol"], each["quantity"]) for each in report["positions"]] == [("XYZ", 100)]


def test_an_official_price_that_never_comes_is_a_problem_and_the_position_stays(tmp_path: Path) -> None:
    script = "09:31:00 buy 1 XYZ 2026-01-05 90 C market\n"
    desk = SmallDesk(tmp_path / "profile", script, ("--seconds", "23500"), late_s=4 * 3600)
    report = desk.run()
    assert len(report["problems"]) == 1
    assert "XYZ 2026-01-05 90 C has expired" in report["problems"][0]
    assert [each["symbol"] for each in report["positions"]] == ["XYZ   260105C00090000"]
    assert not [event for event in events(tmp_path / "profile", EventKind.NOTE) if event.body["about"] == "problem"]
    later = SmallDesk(tmp_path / "later", script, ("--seconds", "27000"), late_s=4 * 3600).run()
    assert len(later["problems"]) == 1
    notes = [event for event in events(tmp_path / "later", EventKind.NOTE) if event.body["about"] == "problem"]
    assert [from_ns(note.ts_ns).time().isoformat() for note in notes] == ["16:30:00"]


def test_a_replay_begins_at_the_open_for_its_script_at_any_speed(tmp_path: Path) -> None:
    script = "+60 buy 1 XYZ market\n"
    times = []
    for speed in ("max", "100000"):
        report = SmallDesk(tmp_path / speed, script, ("--speed", speed), mode=DeskMode.REPLAY).run()
        times.append(report["fills"][0]["time"])
    assert times == ["2026-01-05T09:31:00.000-05:00"] * 2


def test_a_file_that_came_whole_is_complete_and_one_that_was_cut_short_is_not(tmp_path: Path) -> None:
    def complete(folder: Path) -> list[tuple[bool, int]]:
        with duckdb.connect(str(Profile(folder).database_file), read_only=True) as connection:
            return connection.execute("SELECT complete, row_count FROM source WHERE kind = 'lean'").fetchall()

    folder = tmp_path / "profile"
    for seconds in ("30", "23400", "80000"):
        SmallDesk(folder, "", ("--seconds", seconds), mode=DeskMode.REPLAY, with_sources=True).run()
        assert [each[0] for each in complete(folder)] == [False]
    report = SmallDesk(folder, "", mode=DeskMode.REPLAY, with_sources=True).run()
    assert complete(folder) == [(True, sum(report["market"]["messages"].values()))]
    again = SmallDesk(folder, "", mode=DeskMode.REPLAY, with_sources=True).run()
    assert complete(folder) == [(True, sum(report["market"]["messages"].values()))]
    assert again["digest"] == report["digest"]


def test_a_feed_that_breaks_fails_the_run_and_says_so(tmp_path: Path) -> None:
    desk = SmallDesk(tmp_path / "profile", "")
    desk.open()
    desk.feed.broken_at = 400
    desk.start()
    desk.wait()
    desk.stop()
    assert desk.run_.failures == ["The feed small broke (the source went away); the log says where."]
    assert desk.rooms.health.is_stale()
    assert desk.rooms.health.rows()[0].value == "broken"
    assert "The feed small broke: the source went away" in desk.report()["problems"]


def test_an_engine_that_breaks_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = SmallDesk(tmp_path / "profile", "")
    desk.open()

    def broken(batch: object) -> None:
        raise RuntimeError("the kernel met its match")

    monkeypatch.setattr(desk.rooms.state, "apply", broken)
    desk.start()
    desk.wait()
    desk.stop()
    assert desk.run_.failures == ["The engine has ended (the kernel met its match); the log says where."]


def test_a_start_that_fails_half_way_closes_the_session(tmp_path: Path) -> None:
    desk = SmallDesk(tmp_path / "profile", "")
    desk.open()
    desk.stop()
    assert [event.kind for event in events(tmp_path / "profile")] == [
        EventKind.SESSION_STARTED,
        EventKind.SESSION_CLOSED,
    ]


def test_seeking_back_plays_the_day_again_and_its_close_comes_again(tmp_path: Path) -> None:
    desk = SmallDesk(tmp_path / "profile", "", mode=DeskMode.REPLAY, with_sources=True)
    desk.open()
    rooms = desk.rooms
    rooms.open()
    rooms.go_live(rooms.start_ns)
    rooms.engine.start()
    rooms.io.start()
    rooms.io.submit(rooms.runner.run())
    desk.until(lambda: rooms.runner.finished and rooms.tape.lag == 0)
    first = rooms.state.digest()
    playback = rooms.playback
    assert playback is not None
    playback.pause()
    playback.seek(at_ns(MONDAY, 12))
    desk.until(lambda: rooms.clock.now_ns() == at_ns(MONDAY, 12))
    may_go_back = [playback.can_seek]
    assert rooms.day.date == MONDAY
    assert rooms.state.read_one(desk.feed.stock)["phase"] == Phase.OPEN
    # An order that rests now must meet the close of this day, though it was played before.
    rooms.arming.allow_script(True)
    rooms.trading.submit(
        OrderDraft(desk.feed.stock, Side.BUY, 1, OrderType.LIMIT, 500_000, TimeInForce.DAY, origin=Origin.SCRIPT)
    )
    desk.until(lambda: bool(rooms.trading.snapshot().orders) and rooms.road.quiesce(1))
    may_go_back.append(playback.can_seek)
    assert may_go_back == [True, False]
    with pytest.raises(UsageError, match="only go forward"):
        playback.seek(at_ns(MONDAY, 11))
    playback.play()
    desk.until(lambda: rooms.runner.finished and rooms.tape.lag == 0)
    assert rooms.road.quiesce(5)
    (order,) = rooms.trading.snapshot().orders
    assert order.state is OrderState.EXPIRED
    assert from_ns(order.updated_ns).time().isoformat() == "16:00:00"
    assert rooms.state.digest() == first
    desk.stop()
    with closing(sqlite3.connect(Profile(tmp_path / "profile").journal_file)) as journal:
        assert journal.execute("SELECT count(*) FROM event WHERE kind = 'settlement'").fetchone() == (0,)
    with duckdb.connect(str(Profile(tmp_path / "profile").database_file), read_only=True) as connection:
        rows = connection.execute("SELECT complete, row_count FROM source WHERE kind = 'lean'").fetchall()
    assert rows == [(True, int((desk.feed.messages["source"] > 0).sum()))], "what is seen twice is recorded once"


def test_the_kill_switch_and_a_silent_feed_block_arming(tmp_path: Path) -> None:
    desk = SmallDesk(tmp_path / "profile", "")
    desk.open()
    arming = desk.rooms.arming
    arming.arm()
    desk.rooms.kill_switch.set()
    arming.check()
    reasons = [arming.reason]
    with pytest.raises(ArmingRefused, match="kill switch"):
        arming.arm()
    desk.rooms.kill_switch.clear()
    arming.arm()
    desk.rooms.runner.failure = OSError("gone")
    arming.check()
    reasons.append(arming.reason)
    assert reasons == [DisarmReason.KILL_SWITCH, DisarmReason.STALE]
    with pytest.raises(ArmingRefused, match="stale"):
        arming.arm()
    desk.stop()


def test_an_order_road_that_hangs_is_named_and_the_market_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("terminal.app.rooms.SETTLE_TIMEOUT_S", 0.01)
    desk = SmallDesk(tmp_path / "profile", "09:31:00 buy 1 XYZ market\n", ("--seconds", "7200"))
    desk.open()
    slow = desk.journal.append

    def hang(found: list[JournalEvent]) -> None:
        time.sleep(0.1)
        slow(found)

    monkeypatch.setattr(desk.journal, "append", hang)
    desk.start()
    desk.wait()
    desk.stop()
    report = desk.report()
    assert [problem for problem in report["problems"] if "did not come to rest" in problem]
    assert report["market"]["last_time"].startswith("2026-01-05T11:30")


def test_the_gate_takes_its_limits_from_the_settings() -> None:
    risk = RiskSettings(max_order_contracts=3, max_order_notional="1000.00", max_quote_age_s=2.5)
    limits = limits_of(Settings(risk=risk))
    assert (limits.max_contracts, limits.max_notional_e4) == (3, 10_000_000)
    assert limits.quote_age_ns == 2_500_000_000


def test_working_orders_are_cancelled_or_left_as_the_setting_says(tmp_path: Path) -> None:
    states = {}
    choices: tuple[Literal["leave", "cancel"], ...] = ("leave", "cancel")
    for choice in choices:
        settings = Settings(desk=DeskSettings(working_orders_on_stop=choice))
        script = "09:31:00 buy 1 XYZ limit 50.00 gtc\n"
        report = SmallDesk(tmp_path / choice, script, ("--seconds", "300"), settings).run()
        states[choice] = report["orders"][0]["state"]
    assert states == {"leave": "working", "cancel": "cancelled"}


def test_a_session_name_says_when_it_began() -> None:
    assert new_session_name(from_ns(0)).startswith("19691231-190000-")


def test_a_journal_that_is_down_at_the_end_fails_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from terminal.store.journal import JournalDownError

    desk = SmallDesk(tmp_path / "profile", "", ("--seconds", "300"))
    desk.open()
    desk.start()
    desk.wait()

    def down(found: object) -> None:
        raise JournalDownError("The disk is full: the journal cannot be written; free some space.")

    monkeypatch.setattr(desk.journal, "append", down)
    desk.stop()
    assert desk.run_.failures == ["The disk is full: the journal cannot be written; free some space."]
