"""Where the chart's history begins, and whether more of it is on its way."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter

from terminal.app.views.chart_frames import FrameUnit
from terminal.app.views.chart_history import HistoryState
from terminal.core.clock import NEW_YORK, from_ns
from terminal.ui.panels.chart.layers import ChartSpace, Layer

_GAP_PX = 10


class HistoryLayer(Layer):
    """Words at the left of the first bar, while there is room for them."""

    Z: ClassVar[int] = 5

    def __init__(self) -> None:
        super().__init__()
        self.said = ""
        """What was painted last."""

    def paint(self, painter: QPainter, space: ChartSpace) -> None:
        """One line in the middle of the empty room; nothing while that is out of sight."""
        room = space.geometry.x(-0.5) - 2 * _GAP_PX
        text, metrics = self._words(space), QFontMetrics(space.font)
        self.said = text if room >= metrics.horizontalAdvance(text) else ""
        if not self.said:
            return
        painter.setFont(space.font)
        painter.setPen(space.theme.colour("text2"))
        box = QRectF(_GAP_PX, space.geometry.price_scale.top, room, space.geometry.price_scale.height)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)

    @staticmethod
    def _words(space: ChartSpace) -> str:
        view = space.view
        if view.history.state is HistoryState.LOADING:
            return "loading…"
        if view.history.state is HistoryState.FAILED:
            return "older bars cannot be read, see the log"
        if view.history.state is not HistoryState.ENDED and view.frame_now.unit is FrameUnit.TIME:
            return ""
        begin = from_ns(int(view.bars["ts_ns"][0]), NEW_YORK)
        return f"history begins {begin:%d %b %Y}" + ("" if view.seconds >= 86_400 else f" {begin:%H:%M}")
