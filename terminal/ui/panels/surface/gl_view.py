"""The surface on the graphics card: a widget that owns the context, the camera and what is under the pointer."""

from __future__ import annotations

import logging

import numpy as np
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QOpenGLContext, QResizeEvent, QWheelEvent
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QWidget

from terminal.app.views.surface_camera import PRESETS, Camera, nearest_point, nearest_triangle
from terminal.app.views.surface_quotes import Quotes
from terminal.app.views.surface_scene import SurfaceScene
from terminal.ui.opengl import core_format
from terminal.ui.panels.surface.palette import colour_map, map_picture, tone_colours
from terminal.ui.panels.surface.renderer import RenderError, SurfaceRenderer
from terminal.ui.panels.surface.writing import SurfaceWriting
from terminal.ui.theme.theme import Theme

_log = logging.getLogger("moneyness.ui")
_TURN_DEG = 0.4
"""By a pixel of a drag."""
_STEP_DEG, _STEP_PAN, _STEP_ZOOM = 5.0, 0.06, 1.12
_CLICK_PX = 4


class SurfaceGLView(QOpenGLWidget):
    """Shows a :class:`SurfaceScene`. Left drag turns, right or Shift drag moves, the wheel zooms, a click picks."""

    picked_row = Signal(int)
    """A quote: its place in the chain."""
    picked_place = Signal(float, float)
    """A place of the surface: strike and years to expiry."""
    failed = Signal(str)
    """The card cannot draw this; carries why."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFormat(core_format())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Volatility surface")
        self.camera = Camera()
        self._theme = theme
        self._scene: SurfaceScene | None = None
        self._writing = SurfaceWriting(theme, self)
        self._renderer: SurfaceRenderer | None = None
        self._context: QOpenGLContext | None = None
        self._is_new = self._is_recoloured = True
        self._pressed: QPointF | None = None
        self._dragged: QPointF | None = None

    def show_scene(self, scene: SurfaceScene | None, quotes: Quotes) -> None:
        """Another scene from the next paint on."""
        self._is_recoloured |= self._scene is None or scene is None or scene.colour is not self._scene.colour
        self._scene, self._is_new = scene, True
        self._writing.write(scene, self.camera, quotes)
        self.update()

    def show_state(self, texts: tuple[tuple[str, str], ...]) -> None:
        """Signs over the picture."""
        self._writing.show_state(texts)

    def apply_theme(self, theme: Theme) -> None:
        """New colours."""
        self._theme, self._is_recoloured = theme, True
        self._writing.apply_theme(theme)
        self.update()

    def look(self, camera: Camera) -> None:
        """Looks from somewhere else."""
        if camera != self.camera:
            self.camera = camera
            self._writing.look(camera)
            self.update()

    # The context comes and goes: with a window of its own, a driver that starts again, a dock that is torn off.

    def initializeGL(self) -> None:
        """A context, perhaps another one: everything is made anew."""
        context = self.context()
        if self._context is not context:
            self._context = context
            context.aboutToBeDestroyed.connect(self._context_lost, Qt.ConnectionType.DirectConnection)
        try:
            self._renderer = SurfaceRenderer()
        except RenderError as problem:
            _log.error("%s", problem)
            self.failed.emit(str(problem))
        self._is_new = self._is_recoloured = True

    def _context_lost(self) -> None:
        if self._renderer is not None:
            self.makeCurrent()
            self._renderer.release()
            self.doneCurrent()
        self._renderer = self._context = None

    def release(self) -> None:
        """Gives back what the card holds; before the widget goes."""
        context = self._context
        if context is not None:
            context.aboutToBeDestroyed.disconnect(self._context_lost)
            self._context_lost()

    def paintGL(self) -> None:
        """The scene; what fails is said, and the flat picture takes over."""
        renderer = self._renderer
        if renderer is None:
            return
        try:
            self._paint(renderer)
        except Exception as problem:  # noqa: BLE001 - a failure stays in its panel
            _log.exception("the surface cannot be painted")
            self.failed.emit(f"Its painting failed ({type(problem).__name__}); see the log.")

    def _paint(self, renderer: SurfaceRenderer) -> None:
        scene, theme = self._scene, self._theme
        if self._is_recoloured and scene is not None:
            renderer.set_colours(map_picture(colour_map(theme, scene.colour)), tone_colours(theme), theme.colour("bg0"))
            self._is_recoloured = False
        if self._is_new and scene is not None:
            renderer.upload(scene)
            self._is_new = False
        walls = self.camera.walls_behind if scene is not None else ()
        matrix = self.camera.matrix(max(self.width(), 1) / max(self.height(), 1))
        renderer.draw(matrix, walls, theme.colour("bg1"), self._point_px(), is_empty=scene is None)

    def _point_px(self) -> float:
        """Device pixels of a quote: smaller where the picture is small, so that they do not cover it."""
        room = min(self.width() / 1.6, self.height())
        return self.devicePixelRatioF() * min(6.0, max(3.0, room / 80.0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The writing is as large as the picture."""
        super().resizeEvent(event)
        self._writing.setGeometry(self.rect())

    # Mouse and keys.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begins a drag, or a click."""
        self._pressed = self._dragged = event.position()
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turns or moves the picture."""
        if self._dragged is None or self._pressed is None:
            return
        by = event.position() - self._dragged
        self._dragged = event.position()
        moves = event.modifiers() & Qt.KeyboardModifier.ShiftModifier or not event.buttons() & Qt.MouseButton.LeftButton
        if moves:
            self.look(self.camera.panned(2 * by.x() / max(self.width(), 1), -2 * by.y() / max(self.height(), 1)))
        else:
            self.look(self.camera.rotated(-by.x() * _TURN_DEG, by.y() * _TURN_DEG))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A press that did not move picks what is there."""
        begun, self._pressed, self._dragged = self._pressed, None, None
        if begun is None or event.button() is not Qt.MouseButton.LeftButton:
            return
        if (event.position() - begun).manhattanLength() <= _CLICK_PX:
            self.pick(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The first view again, when nothing is there to be picked."""
        if not self.pick(event.position()):
            self.look(Camera())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms."""
        self.look(self.camera.zoomed(_STEP_ZOOM ** (event.angleDelta().y() / 120)))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows turn (with Shift they move), plus and minus zoom, Home is the first view."""
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        arrows = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
        other = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        if other:
            super().keyPressEvent(event)
        elif key in arrows:
            right, up = arrows[Qt.Key(key)]
            self.look(
                self.camera.panned(right * _STEP_PAN, up * _STEP_PAN)
                if shift
                else self.camera.rotated(right * _STEP_DEG, up * _STEP_DEG)
            )
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.look(self.camera.zoomed(_STEP_ZOOM))
        elif key == Qt.Key.Key_Minus:
            self.look(self.camera.zoomed(1 / _STEP_ZOOM))
        elif key == Qt.Key.Key_Home:
            self.look(next(iter(PRESETS.values())))
        else:
            super().keyPressEvent(event)

    def pick(self, at: QPointF) -> bool:
        """Tells which quote is at a pixel, else which place of the surface; False where there is nothing."""
        scene = self._scene
        if scene is None:
            return False
        size = (self.width(), self.height())
        seen = self.camera.project(scene.vertices[:, :3], *size)
        under = nearest_triangle(seen, scene.triangles, at.x(), at.y())
        shown = np.flatnonzero(scene.points[:, 3] >= 0.0)
        dots = self.camera.project(scene.points[shown, :3], *size)
        dot = nearest_point(dots, at.x(), at.y(), 1.0 if under is None else under[2])
        if dot is not None:
            self.picked_row.emit(int(scene.quotes.row[shown[dot]]))
            return True
        if under is None:
            return False
        triangle, shares, _depth = under
        strike, time = scene.place_at(scene.triangles[triangle], shares)
        self.picked_place.emit(strike, time)
        return True
