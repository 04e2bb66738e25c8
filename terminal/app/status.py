"""What the status bar says, as data: segments with a tone and a rank, from the desk's own words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from terminal.app import ages, formats
from terminal.app.desk_port import DeskPort
from terminal.app.looking_back import looks_back
from terminal.app.ports import AccountRow, HealthState
from terminal.core.clock import NS_PER_DAY
from terminal.core.messages import Phase


class StatusTone(Enum):
    """The value is the token of the text's colour."""

    VALUE = "text0"
    LABEL = "text1"
    FAINT = "text2"
    UP = "up"
    DOWN = "down"
    WARN = "warn"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece. ``group``: pieces of another group stand behind a hairline. ``rank``: when the room is short the
    highest rank goes first. ``widest``: a text as wide as this piece ever gets, so that nothing moves.
    ``command``: what a click runs."""

    key: str
    label: str
    text: str
    group: int
    rank: int
    tone: StatusTone = StatusTone.VALUE
    widest: str = ""
    tip: str = ""
    command: str = ""
    badge: str = ""
    """Token of a filled badge behind the text, or empty."""
    mark: str = ""
    """Token of a badge that says NOW before the label, since the market that is shown is another; or empty."""


_HEALTH_TONES = {
    HealthState.OK: StatusTone.VALUE,
    HealthState.WARN: StatusTone.WARN,
    HealthState.BAD: StatusTone.CRITICAL,
    HealthState.OFF: StatusTone.FAINT,
}
_PHASES = {
    Phase.CLOSED: "closed",
    Phase.PRE_MARKET: "pre-market",
    Phase.OPEN: "open",
    Phase.CURB: "curb",
    Phase.AFTER_HOURS: "after hours",
    Phase.HALTED: "halted",
}


def segments(desk: DeskPort, frame_ms: float, ready: bool) -> tuple[Segment, ...]:
    """The status bar of now, from left to right."""
    account = desk.trading.snapshot().account
    # The clock is of what is shown; the feed, the recording and the money always are of this moment.
    mark = f"mode_{desk.mode.value}" if looks_back(desk.past) else ""
    return (
        *_identity(desk, account, ready), *_time(desk), *_lags(desk, frame_ms, mark), *_money(account, mark),
        _bell(desk),
    )  # fmt: skip


def _identity(desk: DeskPort, account: AccountRow, ready: bool) -> tuple[Segment, ...]:
    state = desk.arming.state
    return (
        _mode(desk),
        Segment("account", "", account.account, 0, 3, StatusTone.LABEL,
                tip="Paper account: no real money." if account.is_paper else "Live account: real money."),
        Segment("armed", "", state.word, 0, 0, StatusTone.LABEL, "ARMED LIVE" if not account.is_paper else "DISARMED",
                "Order keys and clicks are live." if state.is_armed else desk.arming.reason.value, "trade.arm",
                "armed" if state.is_armed else ""),
        Segment("ready", "", "ready" if ready else "starting", 0, 5, StatusTone.FAINT if ready else StatusTone.WARN,
                "starting"),
    )  # fmt: skip


def _mode(desk: DeskPort) -> Segment:
    if looks_back(desk.past):
        tip = "The panels show the past; orders, positions and the recording are live. Alt+Home goes back."
        return Segment("mode", "", "PAST", 0, 0, widest=desk.mode.word, tip=tip, command="past.live", badge="warn")
    return Segment("mode", "", desk.mode.word, 0, 0, badge=f"mode_{desk.mode.value}",
                   tip="Where the prices of this desk come from.")  # fmt: skip


def _time(desk: DeskPort) -> tuple[Segment, ...]:
    now_ns, day = desk.clock.now_ns(), desk.day
    if now_ns < day.open_ns:
        to_close = Segment("close", "open in", ages.countdown(day.open_ns - now_ns), 1, 2, widest="0:00:00")
    elif now_ns < day.close_ns and day.close_ns - day.open_ns >= NS_PER_DAY:
        to_close = Segment("close", "day ends in", ages.countdown(day.close_ns - now_ns), 1, 2, widest="0:00:00",
                           tip="This market never closes; statistics begin anew at midnight UTC.")  # fmt: skip
    elif now_ns < day.close_ns:
        left_ns = day.close_ns - now_ns
        tone = StatusTone.WARN if left_ns < 15 * 60 * 1_000_000_000 else StatusTone.VALUE
        to_close = Segment("close", "close in", ages.countdown(left_ns), 1, 2, tone, "0:00:00",
                           "Time to the close of the regular session.")  # fmt: skip
    else:
        to_close = Segment("close", "", _PHASES[day.phase], 1, 2, StatusTone.LABEL, tip="The regular session is over.")
    expiry_ns = day.next_expiry_ns
    tone, which = (StatusTone.WARN, " of the past that is shown") if looks_back(desk.past) else (StatusTone.VALUE, "")
    return (
        Segment("time", "", ages.time_of_day(now_ns), 1, 0, tone, "00:00:00",
                f"Exchange time{which}, New York, {ages.day_text(now_ns)}."),
        to_close,
        Segment("expiry", "expiry in", ages.countdown(expiry_ns - now_ns if expiry_ns is not None else None), 1, 6,
                widest="0:00:00", tip="Time to the next expiry of a listed option."),
    )  # fmt: skip


def _lags(desk: DeskPort, frame_ms: float, mark: str) -> tuple[Segment, ...]:
    rows = {row.key: row for row in desk.health.rows()}
    made: list[Segment] = []
    for key, label, rank, widest in (("feed", "feed", 4, "000 ms"), ("recorder", "rec", 7, "00,000 msgs")):
        row = rows.get(key)
        if row is not None:
            made.append(Segment(key, label, row.value, 2, rank, _HEALTH_TONES[row.state], widest,
                                row.note or f"{row.label}: {row.value}", "panel.health",
                                mark="" if made else mark))  # fmt: skip
    tone = StatusTone.WARN if frame_ms > 8 else StatusTone.VALUE
    made.append(Segment("frame", "frame", f"{frame_ms:.{0 if frame_ms >= 99.95 else 1}f} ms", 2, 8, tone, "00.0 ms",
                        "Work of the window's thread a frame, moving average; 8 ms is the budget.",
                        "panel.health"))  # fmt: skip
    return tuple(made)


def _money(account: AccountRow, mark: str) -> tuple[Segment, ...]:
    pnl = account.day_pnl_e4
    tone = StatusTone.VALUE if not pnl else StatusTone.UP if pnl > 0 else StatusTone.DOWN
    return (
        Segment("pnl", "day P&L", formats.money_overview(pnl, sign=True), 3, 1, tone, "+00,000.00",
                "Profit and loss since the prior settlement, at the mark, after fees, USD"
                + (", of now and not of the past that is shown." if mark else "."), mark=mark),
        Segment("power", "buying power", formats.money_overview(account.buying_power_e4), 3, 4, StatusTone.VALUE,
                "000,000", "What may be spent now, USD."),
    )  # fmt: skip


def _bell(desk: DeskPort) -> Segment:
    unread = desk.alerts.unread
    tone = StatusTone.WARN if unread else StatusTone.FAINT
    return Segment("alerts", "alerts", str(unread), 4, 3, tone, "00", "Alerts nobody has read yet.", "desk.alerts")
