"""The bar of the day under a real mouse: the past comes while it is dragged, and the market goes on behind it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from terminal.app import ages
from terminal.app.arming import ArmingBlock, ArmingRefused, DisarmReason
from terminal.app.looking_back import NO_ORDERS
from terminal.app.shown_market import ShownClock, ShownMarket
from terminal.app.time_machine import TimeMachine
from terminal.core.clock import NS_PER_S, MarketClock, at_ns
from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, Kind, empty_batch
from terminal.ui.panel import Panel
from terminal.ui.shell.main_window import MainWindow
from terminal.ui.shell.time_bar import TimeBar
from tests.ui.face import DAY, FaceDesk
from tests.ui.sample_panels import ListPanel
from tests.ui.shell.hands import ALT, OpenWindow, panel_of, press

OPEN_NS = at_ns(DAY, 9, 30)
MINUTE_NS = 60 * NS_PER_S
LEFT = Qt.MouseButton.LeftButton


class PastDesk(FaceDesk):
    """ACME's bid is 100.00 at the open and a cent higher with every minute; a time machine keeps the day."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.live_clock = MarketClock()
        self.past = TimeMachine(self.table, "test", self.live_clock, folder)
        self.state = self.live_market = self.market
        self.market = ShownMarket(self.state, self.past)  # type: ignore[assignment]
        self.clock = ShownClock(self.live_clock, self.past)  # type: ignore[assignment]
        self.arming._blocked = self._blocked
        self.minutes = 0
        self.past.start()
        for _ in range(60):
            self.go_on()

    def _blocked(self) -> ArmingBlock | None:
        return ArmingBlock(DisarmReason.PAST, NO_ORDERS) if self.past.is_past else None

    def go_on(self) -> None:
        """The market goes on for a minute."""
        batch = empty_batch(1)
        batch["kind"], batch["instrument"], batch["ts_ns"] = Kind.QUOTE, 0, OPEN_NS + self.minutes * MINUTE_NS
        bid_px = 1_000_000 + 100 * self.minutes
        batch[BID], batch[ASK], batch[BID_SIZE], batch[ASK_SIZE] = bid_px, bid_px + 100, 10, 12
        self.state.apply(batch)
        self.live_clock.advance(int(batch["ts_ns"][0]))
        self.past.record(batch)
        self.minutes += 1


@pytest.fixture
def desk() -> Iterator[PastDesk]:
    with tempfile.TemporaryDirectory() as folder:
        made = PastDesk(Path(folder))
        yield made
        made.past.stop()


@pytest.fixture
def window(open_window: OpenWindow, desk: PastDesk, qtbot: QtBot) -> MainWindow:
    made: MainWindow = open_window(desk)
    qtbot.waitUntil(lambda: desk.past.first_ns == OPEN_NS)
    qtbot.waitUntil(lambda: bar_of(made)._live_ns == OPEN_NS + 59 * MINUTE_NS)
    return made


def bar_of(window: MainWindow) -> TimeBar:
    assert window.playback_bar is not None
    return window.playback_bar.bar


def at(window: MainWindow, minute: float) -> QPoint:
    """Where on the bar a minute of the day is."""
    bar = bar_of(window)
    return QPoint(bar.x_of(OPEN_NS + int(minute * MINUTE_NS)), bar.height() // 2)


def shown_bid(window: MainWindow) -> int:
    """What a panel shows for ACME, once its frame has come."""
    table = panel_of(window, ListPanel).table
    row = table.table_model.row_of(0)
    assert row is not None
    return int(table.table_model.texts[1][row].replace(".", "")) * 100


def shows(window: MainWindow, ts_ns: int) -> bool:
    """Whether the time machine and the panel are at a moment."""
    return window.desk.clock.now_ns() == ts_ns and shown_bid(window) == bid_at(ts_ns)


def bid_at(ts_ns: int) -> int:
    return 1_000_000 + 100 * ((ts_ns - OPEN_NS) // MINUTE_NS)


def test_the_panels_follow_the_mouse_while_it_drags_and_stay_where_it_lets_go(
    window: MainWindow, desk: PastDesk, qtbot: QtBot
) -> None:
    bar, past = bar_of(window), desk.past
    qtbot.mousePress(bar, LEFT, pos=at(window, 30))
    assert past.is_past
    seen = []
    for minute in (28, 20, 10, 5):
        qtbot.mouseMove(bar, at(window, minute))
        wanted_ns = bar.time_at(at(window, minute).x())
        qtbot.waitUntil(partial(shows, window, wanted_ns))
        seen.append(shown_bid(window))
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 4
    qtbot.mouseRelease(bar, LEFT, pos=at(window, 5))
    assert not bar.is_dragged
    qtbot.waitUntil(lambda: window.windowTitle().startswith("PAST"))
    assert past.is_past
    assert desk.playback.calls == []


def test_new_data_do_not_move_what_is_looked_at(window: MainWindow, desk: PastDesk, qtbot: QtBot) -> None:
    bar, past = bar_of(window), desk.past
    qtbot.mousePress(bar, LEFT, pos=at(window, 20))
    held_ns = bar.time_at(at(window, 20).x())
    qtbot.waitUntil(lambda: past.shown_ns == held_ns)
    live_before = bar.x_of(past.live_ns)
    for _ in range(30):
        desk.go_on()
        qtbot.wait(5)
    assert past.shown_ns == held_ns
    qtbot.waitUntil(lambda: shown_bid(window) == bid_at(held_ns))
    qtbot.waitUntil(lambda: bar._live_ns == OPEN_NS + 89 * MINUTE_NS)
    assert bar.x_of(past.live_ns) > live_before
    qtbot.mouseMove(bar, at(window, 40))
    qtbot.waitUntil(lambda: shown_bid(window) == bid_at(bar.time_at(at(window, 40).x())))
    qtbot.mouseRelease(bar, LEFT, pos=at(window, 40))
    row = desk.state.read(np.array([0], np.int32))[0]
    assert row["bid_px"] == 1_000_000 + 100 * 89
    assert desk.state.read(np.array([0], np.int32))["messages"][0] >= 90


@pytest.mark.parametrize("way", ["button", "key", "badge"])
def test_now_goes_back_at_once(window: MainWindow, desk: PastDesk, qtbot: QtBot, way: str) -> None:
    playback_bar = window.playback_bar
    assert playback_bar is not None
    qtbot.mouseClick(bar_of(window), LEFT, pos=at(window, 10))
    qtbot.waitUntil(lambda: playback_bar.live.isEnabled() and window.windowTitle().startswith("PAST"))
    if way == "button":
        assert playback_bar.live.text() == "NOW"
        qtbot.mouseClick(playback_bar.live, LEFT)
    elif way == "key":
        press(qtbot, window, Qt.Key.Key_Home, ALT)
    else:
        qtbot.waitUntil(lambda: "PAST" in window.status.text())
        place = next(each for each in window.status._places if each.segment.key == "mode")
        qtbot.mouseClick(window.status, LEFT, pos=place.rect.center())
    assert not desk.past.is_past
    qtbot.waitUntil(lambda: shown_bid(window) == 1_000_000 + 100 * 59)
    qtbot.waitUntil(lambda: window.windowTitle().startswith("SIMULATED"))


def test_escape_takes_a_drag_back_and_reaches_nobody_else(window: MainWindow, desk: PastDesk, qtbot: QtBot) -> None:
    bar, past = bar_of(window), desk.past
    panel_of(window, ListPanel).table.setFocus()
    qtbot.mousePress(bar, LEFT, pos=at(window, 30))
    qtbot.mouseMove(bar, at(window, 10))
    qtbot.waitUntil(lambda: past.shown_ns == bar.time_at(at(window, 10).x()))
    qtbot.keyClick(window.focusWidget() or window, Qt.Key.Key_Escape)
    assert not bar.is_dragged
    assert not past.is_past
    qtbot.mouseMove(bar, at(window, 20))
    qtbot.mouseRelease(bar, LEFT, pos=at(window, 20))
    assert not past.is_past
    # A drag that began in the past goes back to where it began.
    qtbot.mouseClick(bar, LEFT, pos=at(window, 40))
    began_ns = past.wanted_ns
    qtbot.mousePress(bar, LEFT, pos=at(window, 40))
    qtbot.mouseMove(bar, at(window, 3))
    qtbot.keyClick(window.focusWidget() or window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: past.shown_ns == began_ns)
    # With no drag under way the key is anybody's again.
    window.palette_overlay.open_with("")
    qtbot.keyClick(window.focusWidget() or window, Qt.Key.Key_Escape)
    assert not window.palette_overlay.isVisible()
    assert past.is_past


def test_a_drag_to_the_future_moves_the_market_when_it_is_let_go(
    window: MainWindow, desk: PastDesk, qtbot: QtBot
) -> None:
    bar = bar_of(window)
    qtbot.mousePress(bar, LEFT, pos=at(window, 200))
    qtbot.mouseMove(bar, at(window, 250))
    assert desk.playback.calls == []
    assert not desk.past.is_past
    assert window.playback_bar is not None
    assert window.playback_bar.target.text() == ages.time_of_day(bar.time_at(at(window, 250).x()))
    qtbot.mouseRelease(bar, LEFT, pos=at(window, 250))
    assert desk.playback.calls == [bar.time_at(at(window, 250).x())]


def test_the_wheel_and_the_keys_go_by_their_steps(window: MainWindow, desk: PastDesk, qtbot: QtBot) -> None:
    past = desk.past
    press(qtbot, window, Qt.Key.Key_Left, ALT)
    assert past.wanted_ns == OPEN_NS + 59 * MINUTE_NS - NS_PER_S
    press(qtbot, window, Qt.Key.Key_Left, ALT)
    press(qtbot, window, Qt.Key.Key_Right, ALT)
    assert past.wanted_ns == OPEN_NS + 59 * MINUTE_NS - NS_PER_S
    press(qtbot, window, Qt.Key.Key_Right, ALT)
    assert not past.is_past


def test_the_desk_disarms_and_stays_so_in_the_past(window: MainWindow, desk: PastDesk, qtbot: QtBot) -> None:
    desk.arming.arm()
    qtbot.mouseClick(bar_of(window), LEFT, pos=at(window, 10))
    qtbot.waitUntil(lambda: not desk.arming.is_armed)
    assert desk.arming.reason is DisarmReason.PAST
    with pytest.raises(ArmingRefused):
        desk.arming.arm()
    assert all(not panel.now_mark.isVisible() for panel in window.findChildren(Panel) if not panel.STAYS_NOW)
