"""What a heatmap has painted of the market, for a recording of frames."""

from __future__ import annotations

import numpy as np

from terminal.app.views.heatmap import HeatmapView

PaintedColumn = list[int | None]
"""Time of the sample that the column ends with, best bid and best ask of its lines; None where none is drawn."""


class PaintedColumns:
    """Tells the columns of a :class:`HeatmapView` that are new, or may have changed, since the last time."""

    def __init__(self, view: HeatmapView) -> None:
        self._view = view
        self._told: tuple[object, ...] = ()
        self._settled = 0

    def take(self) -> list[PaintedColumn]:
        """From the left; the column of now is always among them. All of them after a change of zoom or symbol."""
        view, window = self._view, self._view.window
        samples = view.samples
        bid_px, ask_px, has_bid, has_ask = view.best()
        if not samples.count or not len(bid_px):
            return []
        ends = np.arange(window.end_column - len(bid_px), window.end_column) + 1
        stamps = samples.ts_ns[np.maximum(0, np.searchsorted(samples.ts_ns, ends * window.column_ns) - 1)]
        told = (view.instrument, window.column_ns, samples.version)
        first = int(np.searchsorted(ends, self._settled, side="right")) if told == self._told else 0
        # What the newest sample lies in may still grow, and so may what shows no sample of its own yet.
        self._told, self._settled = told, int(samples.ts_ns[-1]) // window.column_ns
        return [
            [int(stamps[at]), int(bid_px[at]) if has_bid[at] else None, int(ask_px[at]) if has_ask[at] else None]
            for at in range(min(first, len(ends) - 1), len(ends))
        ]
