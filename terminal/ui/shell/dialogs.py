"""The small windows of the shell; all open without a nested event loop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QInputDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from terminal import __version__
from terminal.app import ages
from terminal.app.alerts import Alerts, Level

_MARKS = {Level.INFO: " ", Level.GOOD: "+", Level.WARN: "!", Level.ERROR: "x"}


def about_dialog(parent: QWidget) -> QDialog:
    """Name, version, licences."""
    dialog = _dialog("About Moneyness", parent)
    heading = QLabel(f"Moneyness {__version__}")
    text = QLabel(
        "An options trading terminal for one trader at one workstation. MIT licence.\n\n"
        f"Qt {qVersion()} and PySide6 (LGPL v3), Qt Advanced Docking System (LGPL v2.1), NumPy, Numba, SciPy, DuckDB, "
        "pyqtgraph.\nInter and JetBrains Mono (SIL Open Font Licence), Lucide icons (ISC).\n\n"
        "Simulated and recorded markets are not the market of now. Nothing here is advice."
    )
    heading.setProperty("role", "heading")
    text.setWordWrap(True)
    text.setObjectName("sentence")
    text.setMinimumWidth(420)
    _fill(dialog, heading, text)
    return dialog


def alerts_dialog(alerts: Alerts, parent: QWidget) -> QDialog:
    """Everything that was raised, newest first."""
    dialog = _dialog("Alerts", parent)
    dialog.resize(620, 380)
    lines = [
        f"{ages.time_of_day(each.market_ns) if each.market_ns else '        '} {_MARKS[each.level]} {each.text}"
        for each in reversed(alerts.history())
    ]
    text = QPlainTextEdit("\n".join(lines) or "Nothing has been raised in this session.")
    text.setObjectName("mono")
    text.setReadOnly(True)
    text.setAccessibleName("Alerts")
    _fill(dialog, text)
    return dialog


def name_dialog(title: str, label: str, taken: Callable[[str], None], parent: QWidget) -> QDialog:
    """Asks for a name; ``taken`` gets it without surrounding spaces, never empty."""
    dialog = QInputDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    dialog.setLabelText(label)
    dialog.setTextEchoMode(QLineEdit.EchoMode.Normal)

    def take(text: str) -> None:
        if text.strip():
            taken(text.strip())

    dialog.textValueSelected.connect(take)
    return dialog


def save_dialog(title: str, name: str, taken: Callable[[str], None], parent: QWidget) -> QDialog:
    """Asks where to save."""
    dialog = QFileDialog(parent, title, name)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.fileSelected.connect(taken)
    return dialog


def _dialog(title: str, parent: QWidget) -> QDialog:
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return dialog


def _fill(dialog: QDialog, *widgets: QWidget) -> None:
    column = QVBoxLayout(dialog)
    column.setContentsMargins(16, 14, 16, 12)
    column.setSpacing(10)
    for each in widgets:
        column.addWidget(each)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    column.addWidget(buttons)
