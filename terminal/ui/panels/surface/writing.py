"""What is written around the surface, on a clear sheet over it: it is painted when it changes, not with each tick."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from terminal.app.views.surface_camera import Camera
from terminal.app.views.surface_quotes import Quotes
from terminal.app.views.surface_scene import SurfaceScene
from terminal.ui.panels.surface import labels
from terminal.ui.panels.surface.palette import colour_map, map_picture
from terminal.ui.theme.theme import Theme

_LEGEND_FROM_PX = 420


class SurfaceWriting(QWidget):
    """Axes, colour bar, legend and signs; the mouse goes through it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._theme = theme
        self._scene: SurfaceScene | None = None
        self._camera = Camera()
        self._quotes = Quotes.OUT
        self._state: tuple[tuple[str, str], ...] = ()
        self._bar = QImage()

    def write(self, scene: SurfaceScene | None, camera: Camera, quotes: Quotes) -> None:
        """The words of a scene."""
        before, self._scene = self._scene, scene
        is_same = before is not None and scene is not None and (
            (before.box, before.colour, before.grid.axis) == (scene.box, scene.colour, scene.grid.axis)
        )  # fmt: skip
        if not is_same or camera != self._camera or quotes is not self._quotes:
            self._camera, self._quotes = camera, quotes
            if scene is not None:
                self._bar = map_picture(colour_map(self._theme, scene.colour))
            self.update()

    def look(self, camera: Camera) -> None:
        """From somewhere else."""
        self._camera = camera
        self.update()

    def show_state(self, texts: tuple[tuple[str, str], ...]) -> None:
        """Signs over the picture."""
        if texts != self._state:
            self._state = texts
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """New colours."""
        self._theme = theme
        if self._scene is not None:
            self._bar = map_picture(colour_map(theme, self._scene.colour))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Everything that is written."""
        scene = self._scene
        if scene is None:
            return
        painter, theme, top = QPainter(self), self._theme, 6
        labels.paint_axes(painter, scene, self._camera, self.width(), self.height(), theme)
        labels.paint_bar(painter, scene, self._bar, self.width() - 10, top, theme)
        if self._state:
            labels.paint_state(painter, 8, top, self._state, theme)
            top += 22
        if self.width() > _LEGEND_FROM_PX:
            labels.paint_legend(painter, 8, top, self._quotes, scene.colour, theme)
        painter.end()
