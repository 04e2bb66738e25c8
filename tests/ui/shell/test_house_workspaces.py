"""The house's workspaces with the house's panels, at the smallest size that is promised: enough prices, no word cut."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QStyle, QStyleOptionComboBox, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from terminal.app.workspaces import WorkspaceStore
from terminal.ui.panel import Panel
from terminal.ui.panel_registry import PanelRegistry
from terminal.ui.panels import PANEL_TYPES, register
from terminal.ui.panels.chart.panel import ChartPanel
from terminal.ui.panels.ladder.panel import LadderPanel
from terminal.ui.panels.ticket.panel import TicketPanel
from terminal.ui.panels.time_and_sales.panel import TimeAndSalesPanel
from terminal.ui.shell.main_window import MainWindow
from terminal.ui.theme.fonts import load_fonts
from terminal.ui.theme.theme import ThemeSwitch
from tests.ui.face import FaceDesk
from tests.ui.shell.hands import OpenWindow, panel_of

FONTS = Path(__file__).parents[3] / "resources" / "fonts"


@pytest.fixture(params=["Market", "Trade"])
def window(request: pytest.FixtureRequest, open_house: OpenWindow) -> MainWindow:
    return open_house(request.param)


@pytest.fixture
def open_house(qtbot: QtBot, tmp_path: Path) -> OpenWindow:
    def make(workspace: str) -> MainWindow:
        load_fonts(FONTS)
        themes = ThemeSwitch()
        themes.apply()
        registry = PanelRegistry()
        register(registry)
        store = WorkspaceStore(tmp_path / "ws")
        made = MainWindow(FaceDesk(), registry, PANEL_TYPES, store, themes, workspace=workspace)
        qtbot.addWidget(made)
        made.resize(1280, 800)
        made.show()
        with qtbot.waitActive(made):
            made.activateWindow()
        qtbot.wait(100)
        return made

    return make


def cut(button: QAbstractButton) -> bool:
    """Whether a button's words do not fit into it."""
    return button.fontMetrics().horizontalAdvance(button.text()) > button.contentsRect().width() + 1


def box_cut(box: QComboBox) -> bool:
    """Whether any choice of a box is longer than its field."""
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    field = QStyle.SubControl.SC_ComboBoxEditField
    room = box.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, box).width()
    words = [box.itemText(place) for place in range(box.count())]
    return any(box.fontMetrics().horizontalAdvance(each) > room for each in words)


def test_the_ladder_has_eighteen_rows_at_1280x800_and_says_its_arming_in_full(window: MainWindow) -> None:
    ladder = panel_of(window, LadderPanel)
    assert ladder.canvas.row_count() >= 18
    controls = ladder.controls
    assert controls.armed.text() == "DISARMED"
    for button in (*controls.findChildren(QToolButton), *ladder.foot.findChildren(QToolButton)):
        assert not cut(button), (button.text(), button.width())
        assert button.geometry().right() <= button.parentWidget().width(), button.text()
    assert controls.quantity.geometry().bottom() <= controls.height()


def test_the_ticket_has_room_for_all_it_says(window: MainWindow) -> None:
    ticket = panel_of(window, TicketPanel)
    form = ticket.form
    form.sentence.setText("Would be denied: BTCUSDT is quoted in USDT; the paper account trades shares, options only.")
    form.layout().activate()
    assert ticket.height() >= ticket.minimumSizeHint().height()
    assert form.go.geometry().bottom() <= form.height()
    assert not cut(form.go)
    assert form.sentence.height() >= form.sentence.heightForWidth(form.sentence.width())
    fields = (form.buy, form.kind, form.tif, form.quantity, form.limit, form.figures, form.sentence, form.go)
    for first, second in itertools.combinations(fields, 2):
        assert not first.geometry().intersects(second.geometry()), (first.geometry(), second.geometry())


def test_the_tape_s_boxes_hold_their_words(open_house: OpenWindow) -> None:
    controls = panel_of(open_house("Market"), TimeAndSalesPanel).controls
    assert not box_cut(controls.scope)
    assert not box_cut(controls.joining)
    assert not cut(controls.pause)


@pytest.mark.parametrize("workspace", ["Market", "Options", "Trade", "Volatility", "Flow"])
def test_every_panel_of_a_workspace_opens(open_house: OpenWindow, workspace: str) -> None:
    made = open_house(workspace)
    panels: list[Panel] = list(made.switcher.view.panels.values())
    assert len(panels) >= 6
    assert not [panel.panel_id for panel in panels if panel.is_quarantined]


@pytest.mark.parametrize("workspace", ["Market", "Options", "Trade"])
def test_the_chart_s_words_are_whole(open_house: OpenWindow, workspace: str) -> None:
    head = panel_of(open_house(workspace), ChartPanel).head
    words = [each for each in head.findChildren(QToolButton) if each.isVisible()]
    assert len(words) >= 6
    for button in words:
        assert not cut(button), (button.text(), button.width())
        assert button.geometry().right() <= head.width(), button.text()


@pytest.mark.parametrize("workspace", ["Market", "Options", "Trade"])
def test_tab_goes_through_every_panel_in_sight_and_is_caught_by_none(
    open_house: OpenWindow, qtbot: QtBot, workspace: str
) -> None:
    made = open_house(workspace)
    in_sight = {panel.panel_id for panel in made.switcher.view.panels.values() if panel.isVisible()}
    seen: list[QWidget] = []
    for _ in range(150):
        qtbot.keyClick(made.focusWidget() or made, Qt.Key.Key_Tab)
        focused = made.focusWidget()
        assert focused is not None
        assert not seen or focused is not seen[-1], f"Tab stays at {focused.accessibleName()}"
        seen.append(focused)
        if len(seen) > 1 and focused is seen[0]:
            break
    panels = made.switcher.view.panels.values()
    visited = {panel.panel_id for panel in panels for each in seen if panel.isAncestorOf(each)}
    assert visited >= in_sight - {"chart-1", "heatmap-1", "chain-1", "ladder-1", "ladder-2"}
    assert len(visited) >= 4
    assert all(each.isVisible() and each.isEnabled() for each in seen)
