"""What each panel costs the UI thread: its refreshes always, its paints while somebody looks at the meter."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from terminal.app.meter import PanelCost

KEPT = 512
REST = "window"
"""Whom work belongs to that no panel does: status bar, menus, docks, toasts."""


class _Ring:
    """The last durations, and the sum of all since :meth:`restart`."""

    def __init__(self) -> None:
        self._kept_ns = np.zeros(KEPT, np.int64)
        self._count = 0
        self.sum_ns = 0

    def add(self, duration_ns: int) -> None:
        self._kept_ns[self._count % KEPT] = duration_ns
        self._count += 1
        self.sum_ns += duration_ns

    def quantiles_ms(self) -> tuple[float | None, float | None]:
        count = min(self._count, KEPT)
        if not count:
            return None, None
        kept = np.sort(self._kept_ns[:count])
        return float(kept[count // 2]) / 1e6, float(kept[count * 99 // 100]) / 1e6


def owner_of(client: object) -> str:
    """The id of the panel that a widget is or stands in, else :data:`REST`."""
    widget = client if isinstance(client, QWidget) else None
    while widget is not None:
        panel_id = getattr(widget, "panel_id", None)
        if isinstance(panel_id, str):
            return panel_id
        widget = widget.parentWidget()
    return REST


class PanelCosts(QObject):
    """UI thread only. Paints are seen through an event filter: Qt says when each paint of a widget begins and not when
    it ends, but widgets of one frame are painted one after the other, so that one ends where the next begins."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._refreshes: dict[str, _Ring] = {}
        self._paints: dict[str, _Ring] = {}
        self._owners: dict[int, str] = {}
        self._watched: list[QWidget] = []
        self._open: tuple[str, int] | None = None
        self._frame_ns: dict[str, int] = {}
        self._since_ns = time.perf_counter_ns()

    def refreshed(self, owner: str, duration_ns: int) -> None:
        """Books one refresh."""
        ring = self._refreshes.get(owner)
        if ring is None:
            ring = self._refreshes[owner] = _Ring()
        ring.add(duration_ns)

    @property
    def is_watching(self) -> bool:
        """Whether paints are measured."""
        return bool(self._watched)

    def watch(self, panels: dict[str, QWidget]) -> None:
        """Measures the paints of ``panels`` and what is inside them; called again as widgets come and go."""
        gone = [each for each in self._watched if not isValid(each)]
        for each in gone:
            self._watched.remove(each)
            self._owners.pop(id(each), None)
        for panel_id, panel in panels.items():
            for widget in (panel, *panel.findChildren(QWidget)):
                if id(widget) not in self._owners:
                    self._owners[id(widget)] = panel_id
                    self._watched.append(widget)
                    widget.installEventFilter(self)

    def unwatch(self) -> None:
        """Ends measuring paints; what was measured is forgotten."""
        for widget in self._watched:
            if isValid(widget):
                widget.removeEventFilter(self)
        self._watched.clear()
        self._owners.clear()
        self._paints.clear()
        self._open = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The beginning of a paint."""
        if event.type() == QEvent.Type.Paint:
            now_ns = time.perf_counter_ns()
            self._close(now_ns)
            self._open = (self._owners.get(id(watched), REST), now_ns)
        return False

    def frame_painted(self) -> None:
        """The window has painted: what is open ends here."""
        if not self._watched:
            return
        self._close(time.perf_counter_ns())
        for owner, spent_ns in self._frame_ns.items():
            ring = self._paints.get(owner)
            if ring is None:
                ring = self._paints[owner] = _Ring()
            ring.add(spent_ns)
        self._frame_ns.clear()

    def begin_frame(self) -> None:
        """A new frame: a paint that is still open was of a window of its own, whose end nobody has told."""
        self._open = None
        self._frame_ns.clear()

    def _close(self, now_ns: int) -> None:
        if self._open is not None:
            owner, begun_ns = self._open
            self._frame_ns[owner] = self._frame_ns.get(owner, 0) + now_ns - begun_ns
            self._open = None

    def rows(self) -> list[PanelCost]:
        """The dearest first; shares are of the time since the last call. Panels that did nothing since are left out."""
        now_ns = time.perf_counter_ns()
        passed_ns = max(1, now_ns - self._since_ns)
        self._since_ns = now_ns
        found = []
        nothing = _Ring()
        for owner in {*self._refreshes, *self._paints}:
            refresh, paint = self._refreshes.get(owner, nothing), self._paints.get(owner, nothing)
            spent_ns = refresh.sum_ns + paint.sum_ns
            refresh.sum_ns = paint.sum_ns = 0
            if spent_ns:
                found.append(
                    PanelCost(owner, *refresh.quantiles_ms(), *paint.quantiles_ms(), share=spent_ns / passed_ns)
                )
        return sorted(found, key=lambda each: -each.share)
