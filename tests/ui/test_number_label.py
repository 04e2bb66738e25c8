"""The figure that changes often: it grows, keeps its place, and a cut one says so."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from terminal.ui.theme.theme import theme
from terminal.ui.widgets.number_label import NumberLabel


def test_it_grows_and_never_shrinks(qtbot: QtBot) -> None:
    label = NumberLabel(theme("dark"), "A total")
    qtbot.addWidget(label)
    label.show_text("1,234", "up")
    wide = label.sizeHint().width()
    label.show_text("1,234,567", "up")
    assert label.sizeHint().width() > wide
    wider = label.sizeHint().width()
    label.show_text("9", "down")
    assert (label.text(), label.accessibleName(), label.sizeHint().width()) == ("9", "9", wider)


def test_without_room_the_last_digits_do_not_just_go(qtbot: QtBot) -> None:
    row = QWidget()
    qtbot.addWidget(row)
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    labels = [NumberLabel(theme("dark"), "A total") for _ in range(3)]
    for label in labels:
        layout.addWidget(label)
        label.show_text("123,456,789", "text0")
    row.resize(150, 30)
    row.show()
    QApplication.processEvents()
    assert labels[-1].geometry().right() < row.width()
    cut = labels[0].grab().toImage()
    whole = NumberLabel(theme("dark"), "A total")
    qtbot.addWidget(whole)
    whole.show_text("123,456,789", "text0")
    whole.resize(whole.sizeHint().width(), labels[0].height())
    assert cut.width() < whole.width()
    assert whole.grab().toImage().copy(cut.rect()) != cut, "it ends in an ellipsis"
