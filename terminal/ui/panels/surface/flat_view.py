"""The surface without OpenGL: a picture of strikes by time whose colour is that of the surface."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from terminal.app.views.surface_axes import depth_of
from terminal.app.views.surface_scene import SurfaceScene
from terminal.ui.panels.surface import labels
from terminal.ui.panels.surface.palette import STEPS, colour_map, map_picture
from terminal.ui.theme.theme import Theme

_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 34, 10, 46, 32
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_ROWS = 160


class FlatView(QWidget):
    """Shows a :class:`SurfaceScene` from above; a click picks a place."""

    picked_place = Signal(float, float)
    """Strike and years to expiry."""

    def __init__(self, theme: Theme, why: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Volatility surface from above")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme, self.why = theme, why
        self._scene: SurfaceScene | None = None
        self._state: tuple[tuple[str, str], ...] = ()
        self._picture = self._bar = QImage()

    def show_scene(self, scene: SurfaceScene | None) -> None:
        """Another scene."""
        self._scene = scene
        if scene is not None:
            self._colour(scene)
        self.update()

    def show_state(self, texts: tuple[tuple[str, str], ...]) -> None:
        """Signs over the picture."""
        if texts != self._state:
            self._state = texts
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """New colours."""
        self._theme = theme
        self.show_scene(self._scene)

    @property
    def plot(self) -> QRectF:
        """Where the picture is: strikes to the right, time upwards."""
        return QRectF(
            _LEFT_PX, _TOP_PX, max(10, self.width() - _LEFT_PX - _RIGHT_PX),
            max(10, self.height() - _TOP_PX - _BOTTOM_PX),
        )  # fmt: skip

    def _colour(self, scene: SurfaceScene) -> None:
        """Rows evenly by the root of time, the longest on top; nothing where there is no market."""
        shades, grid = colour_map(self._theme, scene.colour), scene.grid
        depth = depth_of(grid.time)
        wanted = np.linspace(depth[-1], depth[0], _ROWS if len(depth) > 1 else 1)
        rows = np.clip(np.searchsorted((depth[1:] + depth[:-1]) / 2, wanted), 0, len(depth) - 1)
        shade = scene.vertices[:, 6].reshape(grid.vol.shape)[rows]
        ink = shades[np.clip(np.rint(shade * (STEPS - 1)), 0, STEPS - 1).astype(np.int64)]
        ink[~grid.is_market[rows]] = 0
        ink = np.ascontiguousarray(ink)
        self._picture = QImage(ink.data, ink.shape[1], ink.shape[0], ink.shape[1] * 4,
                               QImage.Format.Format_ARGB32).copy()  # type: ignore[call-overload]  # fmt: skip
        self._bar = map_picture(shades)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, its axes, the expiries, the colour bar, and why it is flat."""
        painter, theme, scene = QPainter(self), self._theme, self._scene
        painter.fillRect(self.rect(), theme.colour("bg1"))
        if scene is not None:
            plot = self.plot
            painter.fillRect(plot, theme.colour("bg0"))
            painter.drawImage(plot, self._picture)
            self._paint_axes(painter, scene)
            labels.paint_bar(painter, scene, self._bar, self.width() - 10, 3, theme)
            room = self.width() - 10 - labels.BAR_WIDTH_PX - 50
            painter.setFont(theme.label_font())
            painter.setPen(theme.colour("text2"))
            metrics = QFontMetrics(theme.label_font())
            why = metrics.elidedText(f"From above: {self.why}", Qt.TextElideMode.ElideRight, int(room))
            painter.drawText(QRectF(8, 4, room, 15), _LEFT, why)
            labels.paint_state(painter, 8, 23, self._state, theme)
        painter.end()

    def _paint_axes(self, painter: QPainter, scene: SurfaceScene) -> None:
        theme, plot = self._theme, self.plot
        painter.setFont(theme.label_font())
        metrics = QFontMetrics(theme.label_font())
        painter.setPen(theme.colour("text1"))
        for mark in scene.across_marks:
            x = plot.left() + float(scene.box.across.place(np.array(mark.at))) * plot.width()
            width = metrics.horizontalAdvance(mark.text)
            painter.drawText(QRectF(x - width / 2 - 2, plot.bottom() + 2, width + 4, 14), _CENTRE, mark.text)
        painter.setPen(theme.colour("text2"))
        painter.drawText(QRectF(plot.left(), plot.bottom() + 16, plot.width(), 14), _CENTRE, scene.grid.axis.title)
        last = 1e9
        for mark in scene.time_marks:
            y = self._y(scene, mark.at)
            if last - y >= metrics.height():
                painter.setPen(theme.colour("text1"))
                painter.drawText(QRectF(0, y - 7, _LEFT_PX - 4, 14), _RIGHT, mark.text)
                last = y
        painter.setPen(QPen(theme.colour("bg1"), 1.0, Qt.PenStyle.DotLine))
        for smile in scene.grid.smiles:
            y = self._y(scene, smile.time)
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))

    def _y(self, scene: SurfaceScene, time: float) -> float:
        low, high = np.sqrt(scene.box.time.low), np.sqrt(scene.box.time.high)
        plot = self.plot
        return float(plot.bottom() - (np.sqrt(time) - low) / (high - low) * plot.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tells which place was clicked."""
        scene, plot, at = self._scene, self.plot, event.position()
        if scene is None or not plot.contains(at):
            return
        low, high = np.sqrt(scene.box.time.low), np.sqrt(scene.box.time.high)
        time = float((low + (plot.bottom() - at.y()) / plot.height() * (high - low)) ** 2)
        row = int(np.argmin(np.abs(scene.grid.time - time)))
        column = round((at.x() - plot.left()) / plot.width() * (len(scene.grid.columns) - 1))
        fit = scene.values.surface
        if fit is not None and scene.grid.is_market[row, column]:
            forward = fit.forward(scene.grid.time[row])
            self.picked_place.emit(float(forward * np.exp(scene.grid.k[row, column])), float(scene.grid.time[row]))
