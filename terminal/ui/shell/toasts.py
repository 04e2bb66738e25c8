"""Short messages above the status bar: three at most, errors stay until somebody has read them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from terminal.app.alerts import Alert, Alerts, Level
from terminal.ui.bridge.frame_clock import Frame, Needs

_WIDTH_PX = 360
_MARGIN_PX = 12


class Toast(QFrame):
    """One message; ``closed`` carries its number, ``command`` the id of the command that its button runs."""

    closed = Signal(int)
    command = Signal(str)

    def __init__(self, alert: Alert, parent: QWidget) -> None:
        super().__init__(parent)
        self.alert = alert
        self.setObjectName("toast")
        self.setProperty("level", alert.level.value)
        self.setFixedWidth(_WIDTH_PX)
        text = QLabel(alert.text)
        text.setWordWrap(True)
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = QToolButton()
        close.setText("\u00d7")
        close.setProperty("role", "flat")
        close.setAccessibleName("Dismiss")
        close.clicked.connect(self._close)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 7, 5, 7)
        row.addWidget(text, 1)
        if alert.command:
            button = QToolButton()
            button.setText(alert.command_title)
            button.clicked.connect(self._run)
            row.addWidget(button)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)

    def _close(self) -> None:
        self.closed.emit(self.alert.number)

    def _run(self) -> None:
        self.command.emit(self.alert.command)
        self.closed.emit(self.alert.number)


class ToastStack(QWidget):
    """Follows the alerts; announces each to screen readers."""

    command_wanted = Signal(str)

    needs = Needs.ALWAYS
    min_interval_ms = 150

    def __init__(self, alerts: Alerts, parent: QWidget) -> None:
        super().__init__(parent)
        self._alerts = alerts
        self._numbers: tuple[int, ...] = ()
        self._toasts: dict[int, Toast] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self.hide()

    def shown(self) -> list[str]:
        """The texts in sight, oldest first."""
        return [self._toasts[number].alert.text for number in self._numbers]

    def is_on_screen(self) -> bool:
        """The stack looks for alerts while its window can be seen."""
        return self.parentWidget().isVisible()

    def run_frame(self, frame: Frame) -> None:
        """Follows the model."""
        wanted = self._alerts.in_sight()
        numbers = tuple(each.number for each in wanted)
        if numbers == self._numbers:
            return
        for number in set(self._toasts) - set(numbers):
            toast = self._toasts.pop(number)
            self._column.removeWidget(toast)
            toast.hide()
            toast.deleteLater()
        for alert in wanted:
            if alert.number not in self._toasts:
                self._show(alert)
        self._numbers = numbers
        self.settle()

    def settle(self) -> None:
        """Stands in the lower left corner, away from ladder and ticket; the window calls it when its size changes."""
        self.setVisible(bool(self._numbers))
        if not self._numbers:
            return
        self._column.activate()
        height = sum(
            toast.heightForWidth(_WIDTH_PX) if toast.hasHeightForWidth() else toast.sizeHint().height()
            for toast in self._toasts.values()
        ) + 6 * (len(self._toasts) - 1)
        parent = self.parentWidget()
        self.setGeometry(_MARGIN_PX, parent.height() - height - 24 - _MARGIN_PX, _WIDTH_PX, height)
        self.raise_()

    def _show(self, alert: Alert) -> None:
        toast = Toast(alert, self)
        toast.closed.connect(self._alerts.dismiss)
        toast.command.connect(self.command_wanted)
        self._toasts[alert.number] = toast
        self._column.addWidget(toast)
        announcement = QAccessibleAnnouncementEvent(self, alert.text)
        if alert.level is Level.ERROR:
            announcement.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(announcement)
