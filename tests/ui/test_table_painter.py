"""How a table paints: any part of it as the whole, only what changed, never what is behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QRegion
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from terminal.app import formats
from terminal.ui.bridge.frame_clock import FrameClock, Pulse
from terminal.ui.theme.theme import theme
from terminal.ui.widgets.columns import Align, Column, Tone, as_is, plain
from terminal.ui.widgets.painted_text import At, PaintedTexts
from terminal.ui.widgets.table import DataTable

COLUMNS = (
    Column("name", "Name", "The name", as_is, 80, Align.LEFT, bold=True),
    Column("bid", "Bid", "Bid, USD", plain(formats.size), tint=True, bar="bid"),
    Column("chg", "Chg", "Change", plain(formats.percent), tone=Tone.SIGN),
    Column("note", "Note", "Note", as_is, 90, Align.CENTRE, tone=Tone.LABEL),
)
ROWS = 9


@pytest.fixture
def table(qtbot: QtBot) -> Iterator[DataTable]:
    clock = FrameClock(Pulse)
    window = QWidget()
    layout = QVBoxLayout(window)
    layout.setContentsMargins(0, 0, 0, 0)
    made = DataTable(COLUMNS, clock, theme("dark"), "Test")
    layout.addWidget(made)
    qtbot.addWidget(window)
    window.resize(420, 240)
    window.show()
    fill(made, 5)
    QApplication.processEvents()
    yield made
    clock.remove(made)


def fill(table: DataTable, fifth: int) -> None:
    keys = [f"row {n}" for n in range(ROWS)]
    table.set_rows(
        keys,
        {"name": keys, "bid": [n if n != 5 else fifth for n in range(ROWS)],
         "chg": [n / 100 - 0.04 for n in range(ROWS)],
         "note": ["a word that is too long for its column" if n == 2 else "short" for n in range(ROWS)]},
        stale=[n == 3 for n in range(ROWS)],
        shade={"note": ["itm" if n == 6 else "" for n in range(ROWS)]},
        bars={"bid": [n / ROWS for n in range(ROWS)]},
        tones={"name": ["warn" if n == 1 else "" for n in range(ROWS)]},
    )  # fmt: skip


def picture(table: DataTable, part: QRect | None = None) -> QImage:
    view = table.viewport()
    image = QImage(view.size(), QImage.Format.Format_RGB32)
    image.fill(QColor("magenta"))
    view.render(image, QPoint() if part is None else part.topLeft(), QRegion() if part is None else QRegion(part))
    return image


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 400), st.integers(0, 200), st.integers(1, 400), st.integers(1, 200))
def test_any_part_is_painted_as_in_the_whole(table: DataTable, left: int, top: int, width: int, height: int) -> None:
    table.choose_key("row 4")
    whole = picture(table)
    part = QRect(left, top, width, height) & table.viewport().rect()
    if part.isEmpty():
        return
    assert picture(table, part).copy(part) == whole.copy(part)
    assert not any(whole.pixelColor(x, y) == QColor("magenta") for x in range(0, 400, 7) for y in range(0, 200, 7)), (
        "every pixel is covered, so that nothing behind has to be painted"
    )


class Paints(QObject):
    """Notes where widgets were painted."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[QObject, QRect]] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.seen.append((watched, event.region().boundingRect()))  # type: ignore[attr-defined]
        return False


def test_a_changed_cell_repaints_itself_and_nothing_behind_it(table: DataTable) -> None:
    fill(table, 5)
    QApplication.processEvents()
    paints = Paints()
    watched = (table.viewport(), table, table.window())
    for each in watched:
        each.installEventFilter(paints)
    fill(table, 77)
    QApplication.processEvents()
    for each in watched:
        each.removeEventFilter(paints)
    assert [each for each, _ in paints.seen] == [table.viewport()]
    place = table.table_model.place_of["bid"]
    assert paints.seen[0][1] == table.visualRect(table.table_model.index(5, place))


def test_moved_and_hidden_columns_are_painted_where_they_are(table: DataTable, qtbot: QtBot) -> None:
    picture(table)
    table.setColumnHidden(0, True)
    table.horizontalHeader().moveSection(table.horizontalHeader().visualIndex(2), 1)
    table.setColumnWidth(2, 100)
    other = DataTable(COLUMNS, FrameClock(Pulse), theme("dark"), "Other")
    qtbot.addWidget(other)
    other.resize(table.size())
    other.restore_state(table.save_state())
    fill(other, 5)
    other.show()
    assert picture(table) == picture(other)


def test_the_chosen_row_is_marked_over_its_shade(table: DataTable) -> None:
    table.choose_key("row 6")
    note = table.visualRect(table.table_model.index(6, 3))
    assert picture(table).pixelColor(note.left() + 1, note.top() + 1) == theme("dark").colour("selection")
    table.choose_key("row 7")
    assert picture(table).pixelColor(note.left() + 1, note.top() + 1) == theme("dark").colour("itm")


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_a_text_has_the_same_pixels_at_first_sight_and_when_it_is_laid_out(qapp: object, ratio: float) -> None:
    for font in (theme("dark").value_font(bold=True), theme("dark").label_font(), theme("dark").mono_font()):
        texts = PaintedTexts(font, 20)
        for text in ("1,234.50", "−0.58%", "▲ +14.67", "AVAX Tea", "09:30:22.123"):
            drawn = []
            for _ in range(3):
                image = QImage(round(120 * ratio), round(20 * ratio), QImage.Format.Format_RGB32)
                image.setDevicePixelRatio(ratio)
                image.fill(Qt.GlobalColor.black)
                painter = QPainter(image)
                painter.setFont(font)
                painter.setPen(Qt.GlobalColor.white)
                texts.draw(painter, 4, 0, 110, At.RIGHT, text)
                painter.end()
                drawn.append(image)
            assert drawn[0] == drawn[1] == drawn[2], f"{text} in {font.family()}"
