"""A panel that raises is shown its own traceback in its place; everything else goes on."""

from __future__ import annotations

import functools
import logging
import traceback
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

_log = logging.getLogger("moneyness.ui")
_F = TypeVar("_F", bound=Callable[..., Any])


@runtime_checkable
class Quarantinable(Protocol):
    """A panel, seen from a widget inside it."""

    def quarantine(self, details: str) -> None:
        """Shows the traceback in the panel's place."""
        ...


class QuarantineView(QWidget):
    """What stands in a failed panel's place: a sentence, the traceback, and buttons to try again or copy it."""

    def __init__(self, title: str, details: str, retry: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("quarantine")
        self._details = details
        sentence = QLabel(f"{title} stopped after an error. The rest of the desk goes on.")
        sentence.setWordWrap(True)
        sentence.setObjectName("sentence")
        text = QPlainTextEdit(details)
        text.setReadOnly(True)
        text.setObjectName("mono")
        text.setAccessibleName(f"Error of {title}")
        again = QPushButton("Start it again")
        again.clicked.connect(retry)
        copy = QPushButton("Copy the error")
        copy.clicked.connect(self._copy)
        row = QHBoxLayout()
        row.addWidget(again)
        row.addWidget(copy)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(sentence)
        layout.addLayout(row)
        layout.addWidget(text, 1)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._details)


def guarded(method: _F) -> _F:
    """Wraps a paintEvent, event handler or slot of a panel or of a widget inside one.

    An exception quarantines the panel instead of repeating itself with every paint.
    """

    @functools.wraps(method)
    def wrapper(self: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return method(self, *arguments, **named)
        except Exception:  # noqa: BLE001 - a failure stays in its panel
            quarantine_owner(self, traceback.format_exc())
            return None

    return wrapper  # type: ignore[return-value]


def quarantine_owner(start: QObject, details: str) -> None:
    """Quarantines the panel that ``start`` is or lies in; logs the error when there is none."""
    here: QObject | None = start
    while here is not None and not isinstance(here, Quarantinable):
        here = here.parent()
    if here is None:
        _log.error("a widget outside a panel failed\n%s", details)
    else:
        here.quarantine(details)
