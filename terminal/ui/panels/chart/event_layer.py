"""Small flags at the days of earnings, dividends, splits and releases, along the chart's lower edge."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from terminal.app.event_book import EventBook
from terminal.core.clock import NS_PER_S, from_ns
from terminal.core.instruments import InstrumentTable
from terminal.store.events import EventKind
from terminal.ui.panels.chart.layers import ChartSpace, Layer

_LETTERS = {EventKind.EARNINGS: "E", EventKind.DIVIDEND: "D", EventKind.SPLIT: "S", EventKind.MACRO: "M"}
_TONES = {EventKind.EARNINGS: "accent", EventKind.DIVIDEND: "up", EventKind.SPLIT: "mode_sim", EventKind.MACRO: "text1"}
_SIZE_PX = 13


class EventLayer(Layer):
    """What was known at the moment shown, at the bar in which it happened."""

    Z: ClassVar[int] = 4

    def __init__(self, book: EventBook, now_ns: Callable[[], int], table: InstrumentTable) -> None:
        super().__init__()
        self._book, self._now_ns, self._table = book, now_ns, table

    def flags(self, space: ChartSpace) -> list[tuple[int, EventKind]]:
        """Bars in view with an event in them, ascending; of several of a kind in one bar one."""
        bars = space.view.bars["ts_ns"]
        first, last = space.view.visible()
        shown = bars[max(first, 0) : last]
        if not len(shown):
            return []
        now_ns = self._now_ns()
        begins, ends = int(shown[0]), int(shown[-1]) + space.view.seconds * NS_PER_S
        terms = space.instrument.option
        symbol = (space.instrument if terms is None else self._table.get(terms.underlying)).symbol
        events = self._book.between(symbol, from_ns(begins).date(), from_ns(ends).date(), now_ns, frozenset(_LETTERS))
        found = set()
        for event in events:
            at = _bar_of(bars, space.view.seconds, self._book.instant_ns(event), now_ns)
            if at is not None and max(first, 0) <= at < last:
                found.add((at, event.kind))
        return sorted(found, key=lambda each: (each[0], each[1].value))

    def paint(self, painter: QPainter, space: ChartSpace) -> None:
        """One square a flag; several in one bar stand on each other."""
        geometry, theme = space.geometry, space.theme
        painter.setFont(theme.column_font())
        heights: dict[int, int] = {}
        for bar, kind in self.flags(space):
            level = heights.get(bar, 0)
            heights[bar] = level + 1
            left = float(geometry.x(bar)) - _SIZE_PX / 2
            place = QRectF(left, geometry.volume_top - (level + 1) * (_SIZE_PX + 2), _SIZE_PX, _SIZE_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(_TONES[kind]))
            painter.drawRoundedRect(place, 2, 2)
            painter.setPen(theme.ink_on(_TONES[kind]))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), _LETTERS[kind])
        painter.setBrush(Qt.BrushStyle.NoBrush)


def _bar_of(bars: npt.NDArray[np.int64], seconds: int, instant_ns: int, now_ns: int) -> int | None:
    """The bar over an instant; between bars the last one before it on its day, else the first one after it on its day.
    None where its day has no bar, or is not so far yet."""
    at = int(np.searchsorted(bars, instant_ns, "right")) - 1
    if at >= 0 and instant_ns < int(bars[at]) + seconds * NS_PER_S:
        return at
    day = from_ns(instant_ns).date()
    if at >= 0 and from_ns(int(bars[at])).date() == day:
        return at if at + 1 < len(bars) or instant_ns <= now_ns else None
    is_next = at + 1 < len(bars) and from_ns(int(bars[at + 1])).date() == day
    return at + 1 if is_next else None
