"""The parts of a desk on their own: script lines, watch, health, recording, report targets, sessions to go on with."""

from __future__ import annotations

import errno
import json
import signal
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from terminal.app.arming import ArmState
from terminal.app.ports import DeskMode, HealthState, OrderDraft
from terminal.app.recording import SourceRecorder
from terminal.app.report import check_target, write_json
from terminal.app.sessions import plan_session
from terminal.core.clock import at_ns
from terminal.core.messages import Kind, empty_batch
from terminal.core.orders import OrderState, OrderType, Origin, Side, TimeInForce
from terminal.infra import stop_signals
from terminal.infra.failures import UsageError, WorkFailed
from terminal.infra.paths import Profile
from terminal.market.importers.sources import SourceTable
from terminal.store.journal import Journal
from tests.app.small_desk import MONDAY, SmallDesk


def draft(instrument: int, side: Side, quantity: int, limit_px: int | None = None) -> OrderDraft:
    kind = OrderType.MARKET if limit_px is None else OrderType.LIMIT
    # A market order may not rest overnight, so only a limit is good till it is cancelled.
    lasts = TimeInForce.DAY if limit_px is None else TimeInForce.GTC
    return OrderDraft(instrument, side, quantity, kind, limit_px, lasts, origin=Origin.TICKET)


def test_every_command_of_a_script_does_what_it_says(tmp_path: Path) -> None:
    script = """\
        +60 buy 5 XYZ market
        +61 buy 1 XYZ limit 50.00 gtc
        +62 buy 2 XYZ limit 51.00 gtc
        +63 buy 3 XYZ limit 52.00 gtc
        +64 cancel 2
        +65 cancel 99
        +66 buy 1 NOPE market
        +67 cancel all
        +68 buy 1 XYZ limit 53.00 gtc
        +69 flatten
        +70 quit
        +70 buy 1 XYZ market
        08:00:00 buy 1 XYZ market
        03:00:00 buy 1 XYZ market
    """
    report = SmallDesk(tmp_path / "profile", script).run()
    orders = [(order["side"], order["quantity"], order["state"]) for order in report["orders"]]
    assert orders == [
        ("buy", 1, "denied"),
        ("buy", 5, "filled"),
        ("buy", 1, "cancelled"),
        ("buy", 2, "cancelled"),
        ("buy", 3, "cancelled"),
        ("buy", 1, "cancelled"),
        ("sell", 5, "filled"),
    ]
    assert report["positions"] == []
    assert report["market"]["last_time"] <= "2026-01-05T09:31:10"
    said = report["problems"]
    assert [number for number in (6, 7, 12, 14) if not any(f"line {number}" in each for each in said)] == []
    assert len(said) == 4


def test_a_person_trades_through_the_desk_while_armed(tmp_path: Path) -> None:
    desk = SmallDesk(tmp_path / "profile", "", ("--speed", "1"))
    desk.open()
    desk.start()
    rooms, stock = desk.rooms, desk.feed.stock
    desk.until(lambda: rooms.state.read_one(stock)["ask_px"] > 0)
    trading = rooms.trading

    def state_of(order_id: str) -> OrderState:
        assert rooms.road.quiesce(10)
        return next(order.state for order in trading.snapshot().orders if order.order_id == order_id)

    verdict = trading.judge(draft(stock, Side.BUY, 10))
    assert verdict.ok
    assert trading.snapshot().orders == ()
    assert state_of(trading.submit(draft(stock, Side.BUY, 10))) is OrderState.DENIED
    rooms.arming.arm()
    assert rooms.arming.state is ArmState.ARMED_PAPER
    assert state_of(trading.submit(draft(stock, Side.BUY, 10))) is OrderState.FILLED
    resting = trading.submit(draft(stock, Side.BUY, 1, 500_000))
    others = [trading.submit(draft(stock, Side.BUY, 1, 500_000 + 100 * n)) for n in range(2)]
    trading.cancel(resting)
    assert state_of(resting) is OrderState.CANCELLED
    before = trading.snapshot()
    assert before is trading.snapshot(), "the same picture until something changes"
    assert before.account.buying_power_e4 is not None
    assert trading.cancel_all() == 2
    assert [state_of(each) for each in others] == [OrderState.CANCELLED] * 2
    assert trading.version > before.version
    assert trading.flatten() == 1
    desk.until(lambda: not [each for each in trading.snapshot().positions if each.quantity])
    rows = {row.key: row for row in rooms.health.rows()}
    assert {row.state for key, row in rows.items() if key in {"feed", "engine", "orders", "recorder"}} == {
        HealthState.OK
    }
    assert "ms" in rows["orders"].value
    assert rooms.playback is not None
    rooms.playback.pause()
    assert rooms.health.rows()[0].value == "paused"
    desk.stop()
    rows = {row.key: row for row in rooms.health.rows()}
    assert (rows["engine"].value, rows["orders"].value) == ("ended", "ended")


def test_a_feed_that_falls_silent_is_stale(tmp_path: Path) -> None:
    desk = SmallDesk(tmp_path / "profile", "")
    desk.open()
    desk.rooms.open()
    health, rooms = desk.rooms.health, desk.rooms
    assert health.silent_ns() == 0
    rooms.state.apply(desk.feed.messages[desk.feed.messages["ts_ns"] <= at_ns(MONDAY, 9, 30)])
    rooms.clock.advance(at_ns(MONDAY, 9, 31))
    assert not health.is_stale()
    rooms.clock.advance(at_ns(MONDAY, 9, 31, 31))
    assert health.is_stale()
    feed = health.rows()[0]
    assert feed.state is HealthState.BAD
    assert "silent" in feed.note
    rooms.clock.advance(at_ns(MONDAY, 17))
    assert not health.is_stale(), "after the close a feed may be silent"
    rooms.runner.ended = True
    assert health.rows()[0].value == "ended"
    desk.stop()


def test_a_desk_has_caught_up_when_nothing_waits_on_the_tape(tmp_path: Path) -> None:
    desk = SmallDesk(tmp_path / "profile", "")
    desk.open()
    desk.rooms.open()
    face, tape = desk.run_.desk, desk.rooms.tape
    assert face.has_caught_up()
    tape.write(desk.feed.messages[:10])
    assert not face.has_caught_up()
    tape.release(10)
    assert face.has_caught_up()
    desk.stop()


def test_the_kill_flag_disarms_cancels_and_flattens(tmp_path: Path) -> None:
    desk = SmallDesk(tmp_path / "profile", "", ("--speed", "1"))
    desk.open()
    desk.start()
    rooms, stock = desk.rooms, desk.feed.stock
    desk.until(lambda: rooms.state.read_one(stock)["ask_px"] > 0)
    rooms.arming.arm()
    rooms.trading.submit(draft(stock, Side.BUY, 10))
    rooms.trading.submit(draft(stock, Side.BUY, 1, 500_000))
    assert rooms.road.quiesce(10)
    rooms.kill_switch.set()
    desk.until(lambda: not rooms.road.snapshot().live_orders)
    assert rooms.arming.state is ArmState.DISARMED
    assert [each.quantity for each in rooms.trading.snapshot().positions] == [10]
    rooms.kill_switch.set(flatten=True)
    desk.until(lambda: not rooms.road.snapshot().account.open_positions)
    rooms.kill_switch.clear()
    rooms.arming.arm()
    order_id = rooms.trading.submit(draft(stock, Side.BUY, 1))
    assert rooms.road.quiesce(10)
    found = rooms.road.snapshot().order(order_id)
    assert found is not None
    assert found.state is OrderState.FILLED
    desk.stop()


def test_a_look_at_the_kill_flag_that_fails_does_not_end_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = SmallDesk(tmp_path / "profile", "")
    desk.open()
    real, failures = desk.rooms.kill_switch.state, iter([OSError("no such device")])

    def state() -> Any:
        for failure in failures:
            raise failure
        return real()

    monkeypatch.setattr(desk.rooms.kill_switch, "state", state)
    desk.start()
    desk.wait()
    desk.stop()
    assert next(failures, None) is None


def test_a_file_that_the_database_cannot_begin_is_named_and_the_market_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = SmallDesk(tmp_path / "profile", "", mode=DeskMode.REPLAY, with_sources=True)
    desk.open()

    def full(*_: object, **__: object) -> None:
        raise WorkFailed("The disk is full: writing the market database needs more room.")

    monkeypatch.setattr(desk.rooms.recorder, "begin_source", full)
    desk.start()
    desk.wait()
    desk.stop()
    report = desk.report()
    sent = sum(report["market"]["messages"].values())
    assert report["market"]["last_time"].startswith("2026-01-06T16:00")
    (failure,) = desk.run_.failures
    assert failure.startswith(f"{sent:,} messages are missing in the recording: two days is not being recorded: ")
    assert failure.endswith("The disk is full: writing the market database needs more room.")
    with duckdb.connect(str(Profile(tmp_path / "profile").database_file), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM option_quote").fetchall() == [(0,)]


def test_the_recording_takes_a_batch_that_had_no_room_once(tmp_path: Path) -> None:
    taken: list[Any] = []
    room = iter([False, False, True, True])

    class Full:
        session_source = 41

        def offer(self, batch: Any) -> bool:
            if next(room):
                taken.append(batch.copy())
                return True
            return False

    recorder = SourceRecorder(Full(), None)  # type: ignore[arg-type]
    batch = empty_batch(3)
    batch["kind"] = [Kind.QUOTE, Kind.CLOCK, Kind.TRADE]
    assert [recorder.record(batch) for _ in range(3)] == [False, False, True]
    assert recorder.record(batch[1:2]), "what only says the time is not for the recording"
    assert [each["kind"].tolist() for each in taken] == [[Kind.QUOTE, Kind.TRADE]]
    assert taken[0]["source"].tolist() == [41, 41]
    assert batch["source"].tolist() == [0, 0, 0], "the batch belongs to the tape"


def test_numbers_of_files_become_rows_of_the_database() -> None:
    sources = SourceTable()
    numbers = [sources.add("lean", name, name * 8, 60).id for name in ("aaaaaaaa", "bbbbbbbb")]
    begun: list[str] = []
    expected: list[tuple[int, int]] = []

    class Handle:
        def __init__(self, number: int) -> None:
            self.id = number

    class Rows:
        session_source = 7

        def begin_source(self, kind: str, name: str, sha256: str, *, interval_s: int) -> Handle:
            begun.append(f"{kind} {name} {interval_s}")
            return Handle(100 + len(begun))

        def offer(self, batch: Any) -> bool:
            offered.extend(batch["source"].tolist())
            return True

        def complete_source(self, source: int, rows: int) -> None:
            expected.append((source, rows))

    offered: list[int] = []
    recorder = SourceRecorder(Rows(), sources)  # type: ignore[arg-type]
    batch = empty_batch(4)
    batch["kind"] = Kind.QUOTE
    batch["source"] = [0, numbers[0], numbers[1], numbers[1]]
    recorder.record(batch)
    recorder.complete()
    assert begun == ["lean aaaaaaaa 60", "lean bbbbbbbb 60"]
    assert offered == [7, 101, 102, 102]
    assert expected == [(101, 1), (102, 2)]


def test_targets_are_checked_before_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for fine in (None, "-", tmp_path / "report.json", str(tmp_path / "report.json")):
        check_target(fine)
    with pytest.raises(UsageError, match="is a folder"):
        check_target(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        check_target(tmp_path / "no" / "report.json")
    monkeypatch.setattr("terminal.app.report.os.access", lambda *_: False)
    with pytest.raises(UsageError, match="permissions"):
        check_target(tmp_path / "report.json")


def test_a_report_is_written_whole_or_not_at_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "report.json"
    write_json({"cash": "1.00", "name": "Ω"}, str(file))
    assert json.loads(file.read_text(encoding="utf-8")) == {"cash": "1.00", "name": "Ω"}
    write_json([1], "-")
    assert json.loads(capsys.readouterr().out) == [1]

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("terminal.app.report.atomic_file.write_text", full)
    with pytest.raises(WorkFailed, match="No space left"):
        write_json({}, str(file))
    assert json.loads(file.read_text(encoding="utf-8"))["cash"] == "1.00"


def journal_at(folder: Path) -> Journal:
    profile = Profile(folder)
    profile.ensure()
    journal = Journal(profile.journal_file, profile.journal_head_file)
    journal.open()
    return journal


def test_only_a_simulated_session_can_be_gone_on_with(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "profile")
    with pytest.raises(UsageError, match="no simulated session"):
        plan_session(journal, DeskMode.SIMULATED, None, MONDAY, resume=True)
    journal.close()
    SmallDesk(tmp_path / "profile", "", ("--seconds", "60")).run()
    SmallDesk(tmp_path / "profile", "", ("--seconds", "90"), mode=DeskMode.REPLAY).run()
    journal = journal_at(tmp_path / "profile")
    plan = plan_session(journal, DeskMode.SIMULATED, 1, date(2030, 1, 1), resume=True)
    assert (plan.seed, plan.start_date, plan.resume_ns) == (1, MONDAY, at_ns(MONDAY, 9, 31))
    with pytest.raises(UsageError, match="has the seed 1"):
        plan_session(journal, DeskMode.SIMULATED, 2, MONDAY, resume=True)
    assert plan_session(journal, DeskMode.SIMULATED, 2, MONDAY, resume=False).notes == ()
    journal.close()


def test_signals_ask_for_a_stop_and_insist_only_later(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        wanted = stop_signals.install()
        assert not wanted.is_set()
        signal.raise_signal(signal.SIGTERM)
        assert wanted.is_set()
        signal.raise_signal(signal.SIGINT)
        monkeypatch.setattr(stop_signals, "_AGAIN_AFTER_S", -1.0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
