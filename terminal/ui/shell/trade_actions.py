"""Arming, cancel all and flatten, as a person triggers them."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from terminal.app.alerts import Level
from terminal.app.arming import ArmingRefused
from terminal.app.desk_port import DeskPort
from terminal.ui.shell.confirm import Confirm


class TradeActions:
    """A refusal is said in a toast; what risks money without arming is asked first."""

    def __init__(self, desk: DeskPort, window: QWidget) -> None:
        self._desk, self._window = desk, window

    def arm_or_disarm(self) -> None:
        """Disarms at once; arms a paper account at once and a live one after a question."""
        arming = self._desk.arming
        if arming.is_armed:
            arming.disarm()
            return
        account = self._desk.trading.snapshot().account
        if account.is_paper:
            self._arm(confirmed=False)
            return
        Confirm(
            "Arm the live account?",
            f"Order keys and clicks will send real orders to {account.account} at once.",
            "Arm it",
            self._arm_confirmed,
            self._window,
        ).open()

    def _arm_confirmed(self) -> None:
        self._arm(confirmed=True)

    def _arm(self, *, confirmed: bool) -> None:
        try:
            self._desk.arming.arm(confirmed=confirmed)
        except ArmingRefused as refusal:
            self._say(Level.WARN, f"Not armed: {refusal}")

    def cancel_all(self) -> None:
        """Asks to cancel everything that works; needs no arming."""
        count = self._desk.trading.cancel_all()
        self._say(Level.INFO, f"Cancelling {count} working {_orders(count)}." if count else "No order is working.")

    def flatten(self) -> None:
        """Closes every position at market: at once when armed, after a question otherwise."""
        positions = [row for row in self._desk.trading.snapshot().positions if row.quantity]
        if not positions:
            self._say(Level.INFO, "There is no position to close.")
        elif self._desk.arming.is_armed:
            self._flatten()
        else:
            count = len(positions)
            Confirm(
                "Close every position?",
                f"All working orders are cancelled and {count} {'position' if count == 1 else 'positions'} "
                "closed at market.",
                "Close them",
                self._flatten,
                self._window,
            ).open()

    def _flatten(self) -> None:
        count = self._desk.trading.flatten()
        self._say(Level.INFO, f"Sending {count} closing {_orders(count)}.")

    def _say(self, level: Level, text: str) -> None:
        self._desk.alerts.raise_(level, text, market_ns=self._desk.clock.now_ns())


def _orders(count: int) -> str:
    return "order" if count == 1 else "orders"
