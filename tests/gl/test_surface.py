"""The surface on the graphics card: which way up it is, its holes, what a click picks, contexts that come and go."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from terminal.app.layouts import tabs
from terminal.app.views.surface_axes import Across
from terminal.app.views.surface_camera import PRESETS, Camera
from terminal.app.views.surface_grid import SurfaceGrid, make_grid
from terminal.app.views.surface_quotes import Quotes, quote_points
from terminal.app.views.surface_scene import Colour, SurfaceScene, make_scene, vol_range
from terminal.market.analytics.chain_values import ChainValues
from terminal.ui.opengl import why_no_gl
from terminal.ui.panels.surface.gl_view import SurfaceGLView
from terminal.ui.panels.surface.palette import colour_map
from terminal.ui.shell.docks import Docks
from terminal.ui.theme.theme import theme
from tests.app.views.surfaces import reckoned

WIDTH, HEIGHT = 640, 480


@pytest.fixture(scope="module")
def found() -> tuple[ChainValues, SurfaceGrid]:
    _table, _stock, values = reckoned()
    grid = make_grid(values, Across.MONEYNESS, zero_days=False)
    assert grid is not None
    return values, grid


def scene_of(values: ChainValues, grid: SurfaceGrid, quotes: Quotes = Quotes.NONE) -> SurfaceScene:
    points = quote_points(values, grid, quotes)
    return make_scene(values, grid, points, Colour.VOL, vol_span=vol_range(grid, points, None))


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[SurfaceGLView]:
    made = SurfaceGLView(theme("dark"))
    qtbot.addWidget(made)
    made.resize(WIDTH, HEIGHT)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.release()


def picture(view: SurfaceGLView) -> QImage:
    return view.grabFramebuffer()


def shade(image: QImage, at: np.ndarray) -> float:
    """The place in the colour map of what is painted at a pixel: by hue, since light changes the brightness."""
    ink = QColor(image.pixel(round(float(at[0])), round(float(at[1]))))
    rgb = np.array([ink.redF(), ink.greenF(), ink.blueF()])
    shades = colour_map(theme("dark"), Colour.VOL)
    known = np.stack([shades >> 16 & 255, shades >> 8 & 255, shades & 255], axis=1).astype(float)
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    return float(np.argmax(known @ (rgb / np.linalg.norm(rgb)))) / 255


def place(scene: SurfaceScene, row: int, column: int, camera: Camera, by: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Where the middle of a square of the grid is on the screen, so that no line is hit."""
    columns = scene.grid.vol.shape[1]
    corners = [row * columns + column, row * columns + column + 1, (row + 1) * columns + column]
    middle = scene.vertices[corners, :3].mean(axis=0)
    return np.asarray(camera.project(middle, WIDTH, HEIGHT)[0, :2] + by)


def is_ground(image: QImage, at: np.ndarray) -> bool:
    return QColor(image.pixel(round(float(at[0])), round(float(at[1])))).name() == theme("dark").colour("bg1").name()


def test_low_strikes_are_left_and_high_and_have_the_colour_of_much(
    view: SurfaceGLView, found: tuple[ChainValues, SurfaceGrid]
) -> None:
    scene = scene_of(*found)
    view.look(PRESETS["Map"])
    view.show_scene(scene, Quotes.NONE)
    image = picture(view)
    row = scene.grid.vol.shape[0] - 4
    inside = np.flatnonzero(scene.grid.is_market[row])
    left, right = int(inside[3]), int(inside[-5])
    at_left, at_right = (place(scene, row, each, view.camera) for each in (left, right))
    assert at_left[0] < at_right[0]
    expected = [scene.vertices[row * scene.grid.vol.shape[1] + each, 6] for each in (left, right)]
    seen = [shade(image, each) for each in (at_left, at_right)]
    assert seen[0] > seen[1] + 0.3
    np.testing.assert_allclose(seen, expected, atol=0.08)
    view.look(PRESETS["Smiles"])
    up = [view.camera.project(scene.vertices[row * scene.grid.vol.shape[1] + each, :3], WIDTH, HEIGHT)[0, 1]
          for each in (left, right)]  # fmt: skip
    assert up[0] < up[1], "the higher vol is higher on the screen"
    front = picture(view)
    assert not is_ground(front, place(scene, row, left, view.camera))


def test_nothing_is_painted_in_a_hole(view: SurfaceGLView, found: tuple[ChainValues, SurfaceGrid]) -> None:
    values, grid = found
    row, column = grid.vol.shape[0] - 8, 30
    view.look(PRESETS["Map"])
    whole = scene_of(values, grid)
    view.show_scene(whole, Quotes.NONE)
    at = place(whole, row, column, view.camera)
    assert not is_ground(picture(view), at)
    vol = grid.vol.copy()
    vol[row - 3 : row + 4, column - 3 : column + 4] = np.nan
    holed = scene_of(values, dataclasses.replace(grid, vol=vol))
    view.show_scene(holed, Quotes.NONE)
    image = picture(view)
    wires = QColor(theme("dark").colour("line")).name()
    around = {QColor(image.pixel(round(at[0]) + x, round(at[1]) + y)).name() for x in (-3, 0, 3) for y in (-3, 0, 3)}
    assert around <= {theme("dark").colour("bg1").name(), wires}
    assert not is_ground(image, place(holed, row - 7, column, view.camera))


def test_a_click_on_a_quote_picks_it_and_on_the_surface_its_place(
    view: SurfaceGLView, found: tuple[ChainValues, SurfaceGrid], qtbot: QtBot
) -> None:
    values, grid = found
    scene = scene_of(values, grid, Quotes.OUT)
    view.show_scene(scene, Quotes.OUT)
    dots = view.camera.project(scene.points[:, :3], WIDTH, HEIGHT)
    number = len(dots) - 3
    rows: list[int] = []
    view.picked_row.connect(rows.append)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPointF(*dots[number, :2]).toPoint())
    assert rows == [int(scene.quotes.row[number])]
    view.show_scene(scene_of(values, grid), Quotes.NONE)
    places: list[tuple[float, float]] = []
    view.picked_place.connect(lambda strike, time: places.append((strike, time)))
    row, column = grid.vol.shape[0] - 10, 25
    at = place(scene, row, column, view.camera)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPointF(*at).toPoint())
    assert values.surface is not None
    strike = float(values.surface.forward(grid.time[row]) * np.exp(grid.k[row, column]))
    assert places[0][0] == pytest.approx(strike, rel=0.02)
    assert places[0][1] == pytest.approx(grid.time[row], rel=0.1)
    assert not view.pick(QPointF(2, 2))


def test_mouse_and_keys_move_the_camera(view: SurfaceGLView, found: tuple[ChainValues, SurfaceGrid]) -> None:
    view.show_scene(scene_of(*found), Quotes.NONE)
    begun = view.camera
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.camera.azimuth_deg == begun.azimuth_deg + 5
    QTest.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert view.camera.pan_y > 0
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.camera.zoom > 1
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert view.camera == begun
    middle = view.rect().center()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(view, middle + QPointF(50, 20).toPoint())
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=middle + QPointF(50, 20).toPoint())
    assert view.camera != begun


def test_a_lost_context_comes_back_with_the_same_picture(
    view: SurfaceGLView, found: tuple[ChainValues, SurfaceGrid], qtbot: QtBot
) -> None:
    view.show_scene(scene_of(*found), Quotes.OUT)
    before, context = picture(view), view.context()
    shared = Qt.ApplicationAttribute.AA_ShareOpenGLContexts
    lost: list[bool] = []
    context.aboutToBeDestroyed.connect(lambda: lost.append(True))
    QCoreApplication.setAttribute(shared, False)  # then a widget that changes its window loses its context
    try:
        window = QWidget()
        qtbot.addWidget(window)
        layout = QVBoxLayout(window)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(view)
        window.resize(WIDTH, HEIGHT)
        window.show()
        qtbot.waitExposed(window)
        view.update()
        qtbot.waitUntil(lambda: view.isValid() and view._renderer is not None)
    finally:
        QCoreApplication.setAttribute(shared, True)
    assert lost
    after = picture(view)
    assert after.size() == before.size()
    assert after == before
    view.release()
    view.setParent(None)


def test_floating_and_docking_fifty_times(qtbot: QtBot, found: tuple[ChainValues, SurfaceGrid]) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    docks = Docks(window)
    window.setCentralWidget(docks.widget)
    view, other = SurfaceGLView(theme("dark")), QWidget()
    docks.build({"surface-1": (view, "Surface"), "other-1": (other, "Other")}, tabs("surface-1", "other-1"))
    window.resize(800, 600)
    window.show()
    qtbot.waitExposed(window)
    view.show_scene(scene_of(*found), Quotes.OUT)
    qtbot.waitUntil(view.isValid)
    home = docks.save()
    failures: list[str] = []
    view.failed.connect(failures.append)
    for _ in range(50):
        docks.float("surface-1")
        qtbot.wait(5)
        assert docks.restore(home)
        qtbot.wait(5)
    qtbot.waitUntil(lambda: view.isValid() and view.isVisible())
    assert failures == []
    image = picture(view)
    inks = {image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}
    assert len(inks) > 20, "the surface is still painted"
    view.release()


def test_this_machine_has_what_the_panel_asks_for() -> None:
    assert why_no_gl() == ""
