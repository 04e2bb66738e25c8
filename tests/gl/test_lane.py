"""The lane itself: a core context that draws, so that a green run means that something was drawn."""

from __future__ import annotations

from PySide6.QtGui import QColor, QOpenGLContext
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from pytestqt.qtbot import QtBot


class _Clear(QOpenGLWidget):
    """Clears to one colour."""

    def __init__(self) -> None:
        super().__init__()
        self.painted = 0

    def paintGL(self) -> None:
        functions = QOpenGLContext.currentContext().functions()
        functions.glClearColor(0.2, 0.4, 0.6, 1.0)
        functions.glClear(0x4000)
        self.painted += 1


def test_a_gl_widget_paints_what_it_was_told(qtbot: QtBot) -> None:
    widget = _Clear()
    qtbot.addWidget(widget)
    widget.resize(64, 48)
    widget.show()
    qtbot.waitExposed(widget)
    picture = widget.grabFramebuffer()
    assert widget.painted >= 1
    seen = QColor(picture.pixel(10, 10))
    assert [seen.red(), seen.green(), seen.blue()] == [51, 102, 153]
    assert widget.format().version() >= (3, 3)
