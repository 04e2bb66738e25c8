"""What the io thread looks after while a desk runs, whatever its window does: the kill flag and the feed's end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from terminal.app.arming import DisarmReason
from terminal.app.rooms import Rooms
from terminal.risk.kill_switch import KillState

log = logging.getLogger(__name__)
KILL_POLL_S = 0.2
"""How soon the kill flag is seen by the desk; the gate itself reads it before every send."""


class DeskWatch:
    """An asyncio task. ``end``: called when there is nothing left to run for; None for a desk that somebody watches."""

    def __init__(self, rooms: Rooms, end: Callable[[], None] | None) -> None:
        self._rooms = rooms
        self._end = end
        self._seen = KillState.CLEAR

    async def run(self) -> None:
        """Looks until it is cancelled; a look that fails is logged and the next one is taken."""
        while True:
            try:
                self._look_at_kill_flag()
                if self._end is not None and self._is_over():
                    self._end()
            except Exception:  # the kill switch must be watched to the last
                log.exception("a look at the kill flag failed")
            await asyncio.sleep(KILL_POLL_S)

    def _look_at_kill_flag(self) -> None:
        state = self._rooms.kill_switch.state()
        if state is self._seen:
            return
        self._seen = state
        if state is KillState.CLEAR:
            return
        self._rooms.arming.disarm(DisarmReason.KILL_SWITCH)
        self._rooms.road.cancel_all("The kill switch is set.")
        if state is KillState.FLATTEN:
            self._rooms.road.flatten()

    def _is_over(self) -> bool:
        rooms = self._rooms
        return rooms.engine.failure is not None or (rooms.runner.ended and rooms.tape.lag == 0)
