"""Where prices and profits stand on the payoff picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRect

from terminal.app.views.builder_reckoning import Curves, round_step

AXIS_PX, TOP_PX, TAG_PX, GAP_PX = 62, 18, 16, 18
_ROOM = 0.08


@dataclass(frozen=True, slots=True)
class Geometry:
    """``plot`` in pixels; prices ``low`` to ``high`` from left to right, profits ``bottom`` to ``top`` upwards."""

    plot: QRect
    low: float
    high: float
    bottom: float
    top: float

    def x(self, price: float) -> float:
        """Pixels of a price."""
        return self.plot.left() + (price - self.low) / (self.high - self.low) * self.plot.width()

    def y(self, profit: float) -> float:
        """Pixels of a profit."""
        return self.plot.bottom() - (profit - self.bottom) / (self.top - self.bottom) * self.plot.height()

    def price(self, x: float) -> float:
        """The price at a pixel."""
        return self.low + (x - self.plot.left()) / max(self.plot.width(), 1) * (self.high - self.low)

    def price_marks(self) -> list[float]:
        """Round prices for the axis."""
        return marks(self.low, self.high, max(self.plot.width() // 64, 2))

    def profit_marks(self) -> list[float]:
        """Round profits for the axis."""
        return marks(self.bottom, self.top, max(self.plot.height() // 40, 2))


def geometry(width: int, height: int, tags: int, curves: Curves) -> Geometry:
    """``tags``: rows of strike tags under the axis."""
    below = GAP_PX + max(tags, 1) * TAG_PX + 2
    plot = QRect(AXIS_PX, TOP_PX, max(width - AXIS_PX - 8, 10), max(height - TOP_PX - below, 10))
    everything = np.concatenate([curves.expiry, curves.today, curves.chosen, [0.0]])
    bottom, top = float(everything.min()), float(everything.max())
    room = max(top - bottom, 1.0) * _ROOM
    return Geometry(plot, float(curves.spots[0]), float(curves.spots[-1]), bottom - room, top + room)


def marks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two, ``most`` or fewer."""
    step = round_step((high - low) / most)
    first = math.ceil(low / step)
    return [place * step for place in range(first, math.floor(high / step) + 1)]
