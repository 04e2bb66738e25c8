"""What the status bar says."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from terminal.app.alerts import Level
from terminal.app.health import SharedHealth
from terminal.app.ports import DeskMode, HealthRow, HealthState
from terminal.app.status import Segment, StatusTone, segments
from terminal.core.clock import NS_PER_DAY, at_ns
from terminal.core.messages import Phase
from tests.app.days import DAY
from tests.ui.face import FaceDesk


def _by_key(desk: FaceDesk, frame_ms: float = 3.14) -> dict[str, Segment]:
    return {each.key: each for each in segments(desk, frame_ms, True)}


def test_mode_account_time_lags_and_money() -> None:
    found = _by_key(FaceDesk())
    assert found["mode"].text == "SIMULATED"
    assert found["account"].text == "paper-1"
    assert found["armed"].text == "DISARMED"
    assert found["time"].text == "10:15:00"
    assert (found["close"].label, found["close"].text) == ("close in", "5:45:00")
    assert found["expiry"].text == "5:45:00"
    assert found["feed"].text == "0.4 ms"
    assert found["frame"].text == "3.1 ms"
    assert (found["pnl"].text, found["pnl"].tone) == ("+123.40", StatusTone.UP)
    assert found["power"].text == "98,765.43"
    assert found["alerts"].text == "0"


@pytest.mark.parametrize(
    ("hour", "minute", "label", "text", "tone"),
    [(9, 0, "open in", "30:00", StatusTone.VALUE), (15, 50, "close in", "10:00", StatusTone.WARN),
     (16, 5, "", "closed", StatusTone.LABEL)],
)  # fmt: skip
def test_the_countdown_follows_the_day(hour: int, minute: int, label: str, text: str, tone: StatusTone) -> None:
    desk = FaceDesk()
    desk.day.phase = Phase.CLOSED
    desk.clock.reset(at_ns(DAY, hour, minute))
    close = _by_key(desk)["close"]
    assert (close.label, close.text, close.tone) == (label, text, tone)


def test_a_market_that_never_closes_counts_to_the_end_of_its_day_and_warns_of_nothing() -> None:
    desk = FaceDesk()
    desk.day.open_ns, desk.day.close_ns = at_ns(DAY, 0), at_ns(DAY, 0) + NS_PER_DAY
    desk.clock.reset(at_ns(DAY, 23, 59))
    close = _by_key(desk)["close"]
    assert (close.label, close.text, close.tone) == ("day ends in", "1:00", StatusTone.VALUE)


def test_what_stays_of_now_says_so_while_the_past_is_shown() -> None:
    desk = FaceDesk(DeskMode.REPLAY)
    desk.past = SimpleNamespace(is_past=True)
    found = _by_key(desk)
    assert (found["mode"].text, found["time"].tone) == ("PAST", StatusTone.WARN)
    marked = {key for key, each in found.items() if each.mark}
    assert marked == {"feed", "pnl"}, "the first of each group of what is of now"
    assert found["pnl"].mark == "mode_replay"
    desk.past.is_past = False
    assert not any(each.mark for each in _by_key(desk).values())


def test_what_is_wrong_is_coloured_and_unknown_money_is_a_dash() -> None:
    desk = FaceDesk(DeskMode.REPLAY)
    desk.health.rows_now = (HealthRow("feed", "Feed", "9 s", HealthState.BAD, "Silent."),)
    desk.trading.account.day_pnl_e4 = -5_000
    desk.trading.account.buying_power_e4 = None
    desk.alerts.raise_(Level.ERROR, "x")
    desk.day.next_expiry_ns = None
    desk.arming.arm()
    found = _by_key(desk, 12)
    assert (found["feed"].tone, found["feed"].tip) == (StatusTone.CRITICAL, "Silent.")
    assert "recorder" not in found
    assert (found["pnl"].text, found["pnl"].tone) == ("\u22120.50", StatusTone.DOWN)
    assert found["power"].text == "\u2013"
    assert found["expiry"].text == "\u2013"
    assert found["frame"].tone is StatusTone.WARN
    assert found["alerts"].tone is StatusTone.WARN
    assert (found["armed"].text, found["armed"].badge) == ("ARMED", "armed")


class CountingHealth:
    """Says how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def rows(self) -> tuple[HealthRow, ...]:
        self.asked += 1
        return (HealthRow("feed", "Feed", str(self.asked), HealthState.OK),)


def test_all_who_ask_at_once_get_one_look_at_the_health(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [5.0]
    monkeypatch.setattr("terminal.app.health.time.monotonic", lambda: now[0])
    counting = CountingHealth()
    shared = SharedHealth(counting)
    assert [shared.rows()[0].value for _ in range(3)] == ["1", "1", "1"]
    now[0] += 0.11
    assert shared.rows()[0].value == "2"
    assert counting.asked == 2
