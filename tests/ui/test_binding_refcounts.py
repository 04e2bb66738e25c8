"""PySide6 6.12.0 lost a reference of None or True with every call on Python 3.11, and aborted after some hundreds.

Runs in a process of its own, since a binding with that fault ends the interpreter. Run it before any bump of PySide6.
"""

from __future__ import annotations

import subprocess
import sys

PROBE = """
import sys
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget

CALLS = 5000
application = QApplication([])

class Sender(QObject):
    fired = Signal(int)

def emit(sender=Sender()):
    sender.fired.emit(1)

image = QImage(8, 8, QImage.Format.Format_ARGB32)
image.fill(0)
painter = QPainter(image)
widget = QWidget()

def paint():
    painter.drawPoint(1, 1)

def give_none():
    widget.setObjectName("name")

def give_true():
    if not widget.isEnabled():
        raise SystemExit("a fresh widget is enabled")

def give_false():
    if widget.isVisible():
        raise SystemExit("a widget that was not shown is not visible")

for call in (emit, paint, give_none, give_true, give_false):
    call()
    for constant in (None, True, False):
        before = sys.getrefcount(constant)
        for _ in range(CALLS):
            call()
        lost = before - sys.getrefcount(constant)
        if abs(lost) > CALLS // 50:
            raise SystemExit(f"{call.__name__} changed the references of {constant} by {-lost} in {CALLS} calls")
painter.end()
print("sound")
"""


def test_calls_into_qt_neither_lose_nor_leak_references() -> None:
    finished = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished.stderr[-2000:]
    assert finished.stdout.strip() == "sound"
