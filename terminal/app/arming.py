"""Whether order keys are live. Disarmed is the state of rest; every doubt leads back to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from terminal.core.orders import Origin

DEFAULT_IDLE_S = 15 * 60


class ArmState(Enum):
    """``word`` is what stands on the frame, in the title and in the status bar."""

    DISARMED = "disarmed"
    ARMED_PAPER = "armed_paper"
    ARMED_LIVE = "armed_live"

    @property
    def is_armed(self) -> bool:
        """Whether a key or a click may send an order."""
        return self is not ArmState.DISARMED

    @property
    def word(self) -> str:
        """``DISARMED``, ``ARMED`` (paper) or ``ARMED LIVE``."""
        return _WORDS[self]


_WORDS = {ArmState.DISARMED: "DISARMED", ArmState.ARMED_PAPER: "ARMED", ArmState.ARMED_LIVE: "ARMED LIVE"}


class DisarmReason(Enum):
    """Why the desk disarmed; the value is the sentence that the toast says."""

    START = "The desk starts disarmed."
    PERSON = "Disarmed."
    STALE = "Disarmed because the market data are stale."
    IDLE = "Disarmed because nobody used the desk for a while."
    WORKSPACE = "Disarmed because the workspace changed."
    ACCOUNT = "Disarmed because the account changed."
    PAST = "Disarmed because the past is shown."
    KILL_SWITCH = "Disarmed because the kill switch is set."


class ArmingRefused(Exception):
    """The account cannot be armed now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ArmingBlock:
    """What stands in the way of arming: the reason for a desk that is armed, the sentence for one that would be."""

    reason: DisarmReason
    sentence: str


ArmingListener = Callable[[ArmState, DisarmReason | None], None]


class Arming:
    """The state, who may change it, and who hears of it. Any thread; listeners run on the thread that changed it.

    A live account is armed only with ``confirmed=True``. While ``blocked`` gives something (stale feed, kill
    switch) nothing can be armed.
    """

    def __init__(
        self,
        *,
        is_paper: bool = True,
        idle_s: float = DEFAULT_IDLE_S,
        blocked: Callable[[], ArmingBlock | None] = lambda: None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lock = threading.RLock()
        self._state = ArmState.DISARMED
        self._is_paper = is_paper
        self._script = False
        self._idle_s = idle_s
        self._blocked = blocked
        self._now_s = now_s
        self._used_s = now_s()
        self._reason = DisarmReason.START
        self._listeners: list[ArmingListener] = []

    @property
    def state(self) -> ArmState:
        """Where it stands."""
        return self._state

    @property
    def is_armed(self) -> bool:
        """Whether a person's order key is live."""
        return self._state.is_armed

    @property
    def reason(self) -> DisarmReason:
        """Why the desk was last disarmed."""
        return self._reason

    def permits(self, origin: Origin, *, closes: bool = False) -> bool:
        """What the gate asks before a send. ``closes``: every leg closes a position.

        A script's orders pass while the script has armed its paper account. Flattening and expiry reduce risk and pass
        always, as long as they close; cancels are never asked.
        """
        if closes and origin in {Origin.FLATTEN, Origin.EXPIRY}:
            return True
        if origin is Origin.SCRIPT:
            return self._script and self._is_paper
        return self._state.is_armed

    def arm(self, *, confirmed: bool = False) -> ArmState:
        """Makes order keys live; raises ArmingRefused with a sentence when that is not possible now."""
        block = self._blocked()
        if block is not None:
            raise ArmingRefused(block.sentence)
        with self._lock:
            if not self._is_paper and not confirmed:
                raise ArmingRefused("This is a live account: arm it with the confirmation.")
            wanted = ArmState.ARMED_PAPER if self._is_paper else ArmState.ARMED_LIVE
            self._used_s = self._now_s()
            changed = wanted is not self._state
            self._state = wanted
        if changed:
            self._tell(None)
        return wanted

    def disarm(self, reason: DisarmReason = DisarmReason.PERSON) -> None:
        """Makes order keys dead; always works."""
        with self._lock:
            changed = self._state.is_armed
            self._state = ArmState.DISARMED
            if changed:
                self._reason = reason
        if changed:
            self._tell(reason)

    def toggle(self) -> None:
        """Arms or disarms; ArmingRefused as :meth:`arm`. A live account needs :meth:`arm` with its confirmation."""
        if self._state.is_armed:
            self.disarm()
        else:
            self.arm()

    def allow_script(self, allowed: bool) -> None:
        """Arms or disarms the paper account for a script's own commands; ArmingRefused on a live account."""
        if allowed and not self._is_paper:
            raise ArmingRefused("A script cannot trade a live account.")
        self._script = allowed

    def set_account(self, *, is_paper: bool) -> None:
        """Another account: whatever was armed is not."""
        with self._lock:
            self._is_paper = is_paper
            self._script = False
        self.disarm(DisarmReason.ACCOUNT)

    def note_use(self) -> None:
        """A person pressed a key or a button: the idle time starts again."""
        self._used_s = self._now_s()

    def check(self) -> None:
        """Disarms when nobody used the desk for the idle time or arming is blocked; called about once a second."""
        if not self._state.is_armed:
            return
        block = self._blocked()
        if block is not None:
            self.disarm(block.reason)
        elif self._now_s() - self._used_s >= self._idle_s:
            self.disarm(DisarmReason.IDLE)

    def subscribe(self, listener: ArmingListener) -> Callable[[], None]:
        """Calls ``listener`` with the state and, after a disarm, the reason; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _tell(self, reason: DisarmReason | None) -> None:
        for listener in tuple(self._listeners):
            listener(self._state, reason)
