"""The surface panel without OpenGL: the flat picture, the two cuts, keys, and the ticket."""

from __future__ import annotations

import dataclasses
import time

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from terminal.app.views.surface_axes import Across
from terminal.app.views.surface_scene import Colour
from terminal.core.orders import Side
from terminal.ui.opengl import OFF
from terminal.ui.panels.surface import panel as panel_module
from terminal.ui.panels.surface.panel import SurfacePanel
from terminal.ui.theme.theme import Theme
from tests.app.views.surfaces import GivenAnalytics, reckoned
from tests.market.analytics.chains import NOW_NS
from tests.ui.panels.panel_desk import Bench


def settle(bench: Bench, panel: SurfacePanel) -> None:
    """Frames until the picture that is due is made and shown."""
    bench.frame()
    until = time.monotonic() + 30.0
    while panel.view.is_busy and time.monotonic() < until:
        time.sleep(0.001)
        bench.frame()


@pytest.fixture
def panel(bench: Bench) -> SurfacePanel:
    """The tilted chain on the screen."""
    table, stock, values = reckoned()
    analytics = GivenAnalytics()
    analytics.found = values
    bench.desk.table, bench.desk.analytics = table, analytics  # type: ignore[assignment]
    bench.market.ts_ns = NOW_NS
    made: SurfacePanel = bench.make(SurfacePanel, 900, 640)
    bench.context.links.choose(1, stock.id)
    settle(bench, made)
    return made


def click(panel: SurfacePanel, share_x: float, share_y: float) -> None:
    """A click at a share of the flat picture, from its lower left corner."""
    plot = panel.flat.plot
    at = QPoint(round(plot.left() + share_x * plot.width()), round(plot.bottom() - share_y * plot.height()))
    QTest.mouseClick(panel.flat, Qt.MouseButton.LeftButton, pos=at)


def test_without_opengl_the_surface_is_seen_from_above_and_says_so(panel: SurfacePanel, bench: Bench) -> None:
    assert panel.gl is None
    assert panel.picture.currentWidget() is panel.flat
    assert "has no OpenGL" in panel.flat.why
    picture = panel.flat.grab().toImage()
    plot, theme = panel.flat.plot, bench.context.theme
    ground = theme.colour("bg0").rgb()

    def ink(share_x: float, share_y: float) -> int:
        x, y = plot.left() + share_x * plot.width(), plot.bottom() - share_y * plot.height()
        return int(picture.pixel(round(x), round(y)))

    assert ink(0.5, 0.97) != ground
    assert ink(0.03, 0.02) == ground, "the nearest expiry has no market so far out"
    assert ink(0.2, 0.97) != ink(0.9, 0.97), "a skew has colours"
    assert panel.slices.isVisible()
    assert panel.smile.grab().toImage().pixel(450, 60) is not None


def test_a_click_tells_the_contract_and_enter_drafts_it(panel: SurfacePanel, bench: Bench) -> None:
    click(panel, 0.8, 0.99)
    settle(bench, panel)
    assert panel.view.contract is not None
    chosen = bench.desk.table.get(panel.view.contract)
    assert chosen.option is not None
    assert chosen.option.symbol.right.name == "CALL"
    assert chosen.label in panel.head.words.toolTip() + panel.head.words.text() + "".join(panel.view.words(NOW_NS))
    bench.shell.run("surface.buy")
    draft = bench.context.draft.draft
    assert draft is not None
    assert (draft.instrument, draft.side, draft.limit_px) == (chosen.id, Side.BUY, None)
    bench.shell.run("surface.sell")
    assert bench.context.draft.draft.side is Side.SELL  # type: ignore[union-attr]
    assert bench.shell.opened[-1] == ("ticket", None)
    bench.shell.run("surface.sold_leg")
    assert [each.quantity for each in bench.context.legs.legs(chosen.option.underlying)] == [-1]
    assert bench.desk.trading.submitted == []


def test_keys_go_through_expiries_and_strikes(panel: SurfacePanel, bench: Bench) -> None:
    first = panel.view.chosen_key
    bench.shell.run("surface.next")
    settle(bench, panel)
    assert panel.view.chosen_key > first
    assert panel.head.expiry.currentData() == panel.view.chosen_key
    bench.shell.run("surface.higher")
    settle(bench, panel)
    here = bench.desk.table.get(panel.view.contract).option.symbol.strike_mills  # type: ignore[arg-type, union-attr]
    bench.shell.run("surface.higher")
    settle(bench, panel)
    above = bench.desk.table.get(panel.view.contract).option.symbol.strike_mills  # type: ignore[arg-type, union-attr]
    assert above == here + 5_000
    bench.shell.run("surface.show")
    assert panel.view.contract == bench.context.links.instrument(1)


def test_axis_colour_and_quotes_change_by_key_and_are_kept(panel: SurfacePanel, bench: Bench) -> None:
    for name in ("axis", "axis", "colour", "quotes", "view"):
        bench.shell.run(f"surface.{name}")
    settle(bench, panel)
    scene = panel.view.scene
    assert scene is not None
    assert (scene.grid.axis, scene.colour) == (Across.DELTA, Colour.RESIDUAL)
    saved = panel.save_settings()
    other = SurfacePanel(bench.context, "surface-2")
    other.restore_settings(saved)
    assert other.save_settings() == saved
    other.restore_settings({"axis": "sideways", "zero_days": "yes", "view": 3})
    assert other.save_settings() == saved, "what does not fit is left out"
    other.close_panel()


def test_a_ghost_is_kept_and_dropped(panel: SurfacePanel, bench: Bench) -> None:
    bench.shell.run("surface.ghost")
    settle(bench, panel)
    assert panel.head.ghost.isChecked()
    assert panel.view.scene is not None
    assert panel.view.scene.ghost
    bench.shell.run("surface.ghost")
    settle(bench, panel)
    assert not panel.head.ghost.isChecked()


def test_nothing_is_reckoned_for_a_hidden_panel_and_nothing_made_anew_for_the_same_values(
    panel: SurfacePanel, bench: Bench
) -> None:
    analytics = bench.desk.analytics
    assert list(analytics.wants) == [panel.panel_id]  # type: ignore[attr-defined]
    scene = panel.view.scene
    settle(bench, panel)
    assert panel.view.scene is scene
    analytics.found = dataclasses.replace(analytics.found)  # type: ignore[attr-defined]
    settle(bench, panel)
    assert panel.view.scene is not scene
    panel.hide()
    assert analytics.wants == {}  # type: ignore[attr-defined]


def test_a_chain_without_values_says_why(panel: SurfacePanel, bench: Bench) -> None:
    bench.desk.analytics.found = None  # type: ignore[attr-defined]
    bench.desk.analytics.reason = "The option models are being made ready; values follow."  # type: ignore[attr-defined]
    settle(bench, panel)
    assert panel.pages.currentIndex() == 0
    assert panel.empty.sentence.text().startswith("The option models are being made ready")
    assert panel.export_rows() is None


def test_an_option_of_the_group_shows_its_smile(panel: SurfacePanel, bench: Bench) -> None:
    values = bench.desk.analytics.found  # type: ignore[attr-defined]
    option = int(values.contracts.ids[values.contracts.expiries[2].first + 4])
    bench.context.links.choose(1, option)
    settle(bench, panel)
    assert panel.view.chosen_expiry == 2
    assert panel.view.contract == option
    assert panel.view.underlying is not None
    assert panel.view.underlying.label == "XYZ"


def test_a_small_panel_has_no_cuts(panel: SurfacePanel, bench: Bench) -> None:
    panel.resize(480, 280)
    settle(bench, panel)
    assert not panel.slices.isVisible()
    assert panel.flat.isVisible()


def test_a_click_on_the_term_structure_chooses_its_expiry(panel: SurfacePanel, bench: Bench) -> None:
    assert panel.view.term is not None
    x, y = panel.term.place(panel.view.term, panel.view.term.dots.x, panel.view.term.dots.mid)
    QTest.mouseClick(panel.term, Qt.MouseButton.LeftButton, pos=QPoint(round(x[2]), round(y[2])))
    settle(bench, panel)
    assert panel.view.chosen_expiry == 2


def test_with_opengl_off_in_the_settings_the_driver_is_not_asked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> str:
        raise AssertionError("the driver was asked")

    monkeypatch.setattr(panel_module, "why_no_gl", asked)
    made = SurfacePanel(dataclasses.replace(bench.context, opengl=False), "surface-9")
    assert made.flat.why == OFF
    assert made.gl is None
    made.close_panel()


def test_a_contract_that_the_chain_does_not_have_is_not_drafted(panel: SurfacePanel, bench: Bench) -> None:
    click(panel, 0.8, 0.99)
    assert panel.has_contract()
    other = bench.desk.table.get(panel.view.contract)
    panel.view.contract = 10**6
    settle(bench, panel)
    assert not panel.has_contract()
    panel.buy()
    panel.add_bought()
    assert bench.context.draft.draft is None
    assert bench.context.legs.legs(other.option.underlying) == ()  # type: ignore[union-attr]


def test_a_card_that_fails_gives_way_to_the_flat_picture_at_once(panel: SurfacePanel, bench: Bench) -> None:
    class Card(QWidget):
        released = False

        def release(self) -> None:
            self.released = True

        def apply_theme(self, theme: Theme) -> None: ...

    card = Card()
    panel.gl = card  # type: ignore[assignment]
    panel.picture.addWidget(card)
    panel.picture.setCurrentWidget(card)
    panel.flat.show_scene(None)
    panel._gl_failed("Its painting failed.")
    assert card.released
    assert panel.gl is None
    assert panel.picture.currentWidget() is panel.flat
    assert panel.flat._scene is panel.view.scene is not None, "no other values are needed for the picture"
    assert panel.flat.why == "Its painting failed."
    assert not panel.head.views.isVisibleTo(panel.head)
    settle(bench, panel)


def test_the_thread_ends_with_the_panel(panel: SurfacePanel, bench: Bench) -> None:
    pool = panel.view._work._pool
    assert pool is not None
    (thread,) = pool._threads
    assert thread.is_alive()
    bench.panels.remove(panel)
    panel.close_panel()
    thread.join(10.0)
    assert not thread.is_alive()
    assert bench.desk.analytics.wants == {}  # type: ignore[attr-defined]
