"""A process of its own that trades as fast as it can and says what it has shown and sent. Run by other tests.

``python -m tests.trading.order_storm FOLDER COUNT`` trades COUNT times (0: until it is killed), going on with the
session when the folder has one. Standard output: ``ORDER id state filled`` and ``FILL execution`` for what a snapshot
showed, and ``SEND id`` at the moment of a send, written without a buffer by the orders thread.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from terminal.core.orders import OrderIntent, Side
from terminal.trading.book_of_record import BookOfRecord
from tests.trading.rig import Desk


def say(line: str) -> None:
    """One line in one system call."""
    os.write(1, f"{line}\n".encode())


class StormDesk(Desk):
    """A desk that goes on with its session when there is one, and says what it sends."""

    def begin(self) -> None:
        """Begins or goes on."""
        if not (self.folder / "journal.sqlite3").exists():
            super().begin()
            return
        self.journal_was_there = True
        self.restart()

    def stop(self) -> None:
        """Nothing to stop before the first road."""
        if hasattr(self, "road"):
            super().stop()

    def _attach(self) -> None:
        super()._attach()
        submit = self.paper.submit

        def said(intent: OrderIntent) -> None:
            say(f"SEND {intent.order_id}")
            submit(intent)

        self.paper.submit = said  # type: ignore[method-assign]


def show(book: BookOfRecord, shown: dict[str, str]) -> None:
    """Says what is new in a picture, as a panel would paint it."""
    for order in book.orders:
        line = f"ORDER {order.order_id} {order.state.value} {order.filled}"
        if shown.get(order.order_id) != line:
            shown[order.order_id] = line
            say(line)
    for fill in book.fills:
        if fill.execution_id not in shown:
            shown[fill.execution_id] = ""
            say(f"FILL {fill.execution_id}")


def main() -> None:
    """Trades."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    desk = StormDesk(folder)
    desk.market.open()
    ids = desk.market.ids
    shown: dict[str, str] = {}
    number = 0
    while count == 0 or number < count:
        number += 1
        desk.market.step()
        desk.market.quote(ids.call, f"1.{40 - number % 7}", f"1.{50 + number % 20}", 9, 3)
        desk.match()
        if number % 5 == 0:
            desk.road.cancel_all()
        held = desk.book().account.position(ids.call).quantity
        side, quantity = (Side.SELL, held) if held >= 6 else (Side.BUY, 2)
        limit = None if number % 3 else ("1.45" if side is Side.BUY else "1.60")
        order = desk.order(side, quantity, ids.call, limit)
        if number % 4 == 0:
            desk.road.cancel(order.order_id)
        show(desk.book(), shown)
    desk.stop()


if __name__ == "__main__":
    main()
