"""Runs a script's lines at their market times through the same road as a person's orders."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from terminal.app.day_timers import Conductor
from terminal.app.ports import OrderDraft
from terminal.app.script import Cancel, Flatten, PlaceOrder, ScriptLine
from terminal.app.trading_desk import TradingDesk
from terminal.core.clock import from_ns, midnight_ns
from terminal.core.instruments import InstrumentTable, UnknownInstrumentError
from terminal.core.orders import Origin
from terminal.market.engine import Rank


class ScriptRunner:
    """Schedules lines with the conductor. ``problems``: sentences about lines that could not run.

    ``quit_desk`` is called on the engine thread and ends the run at that instant.
    """

    def __init__(self, trading: TradingDesk, table: InstrumentTable, quit_desk: Callable[[], None]) -> None:
        self.problems: deque[str] = deque(maxlen=1000)
        self._waiting: dict[int, ScriptLine] = {}
        self._trading = trading
        self._table = table
        self._quit = quit_desk

    def schedule(self, lines: Sequence[ScriptLine], conductor: Conductor, start_ns: int, earliest_ns: int) -> None:
        """Times of day are those of the New York day of ``start_ns``; ``+SECONDS`` counts from ``start_ns``.

        Times of day before ``earliest_ns``, where the market begins or a resumed session goes on, cannot run and are
        named among the problems.
        """
        midnight = midnight_ns(from_ns(start_ns).date())
        for line in lines:
            if line.time_of_day_ns is not None:
                ts_ns = midnight + line.time_of_day_ns
            else:
                ts_ns = start_ns + (line.after_ns or 0)
            if ts_ns < earliest_ns:
                self.problems.append(f"Script line {line.number} lies before this run and was not run: {line.text}.")
                continue
            self._waiting[line.number] = line
            conductor.at(ts_ns, Rank.COMMAND, partial(self._run, line))

    def unreached(self) -> list[str]:
        """Sentences about lines whose time had not come when the run ended."""
        return [f"The run ended before script line {line.number}: {line.text}." for line in self._waiting.values()]

    def _run(self, line: ScriptLine, _ts_ns: int) -> None:
        self._waiting.pop(line.number, None)
        command = line.command
        if isinstance(command, PlaceOrder):
            self._place(line, command)
        elif isinstance(command, Cancel):
            self._cancel(line, command)
        elif isinstance(command, Flatten):
            self._trading.flatten()
        else:
            self._quit()

    def _place(self, line: ScriptLine, command: PlaceOrder) -> None:
        try:
            instrument = self._table.find(command.symbol)
        except UnknownInstrumentError as problem:
            self.problems.append(f"Script line {line.number}: {problem}.")
            return
        self._trading.submit(
            OrderDraft(
                instrument.id,
                command.side,
                command.quantity,
                command.order_type,
                command.limit_px,
                command.time_in_force,
                origin=Origin.SCRIPT,
            )
        )

    def _cancel(self, line: ScriptLine, command: Cancel) -> None:
        if command.order_id is None:
            self._trading.cancel_all()
            return
        known = [order.order_id for order in self._trading.snapshot().orders]
        # A script cannot know its session's name beforehand, so the number alone will do.
        found = [each for each in known if command.order_id in {each, each.rpartition("-")[2]}]
        if not found:
            self.problems.append(f"Script line {line.number}: there is no order {command.order_id}.")
            return
        self._trading.cancel(found[-1])
