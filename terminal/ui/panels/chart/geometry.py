"""Where prices, values and bars stand in the chart's pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QRect

READOUT_PX = 20
_VOLUME_SHARE = 0.17
_LEAST_HEIGHT_FOR_VOLUME = 110
_LEAST_PRICE_SHARE = 0.35
_LEAST_PANE_PX = 36
PANE_GAP_PX = 5
"""Between two panes; its middle row is the line that a person drags."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A vertical axis: pixel rows ``top`` to ``top + height`` show ``high`` to ``low``."""

    top: int
    height: int
    low: float
    high: float
    is_log: bool = False

    @property
    def bottom(self) -> int:
        """First pixel row below."""
        return self.top + self.height

    def y(self, value: Any) -> Any:
        """Pixel row of a value, a number or an array."""
        if self.is_log:
            low, high = math.log(self.low), math.log(self.high)
            return self.top + (high - np.log(np.maximum(value, self.low * 1e-6))) * (self.height / (high - low))
        return self.top + (self.high - value) * (self.height / (self.high - self.low))

    def value(self, y: float) -> float:
        """The value at a pixel row."""
        share = (y - self.top) / self.height
        if self.is_log:
            return math.exp(math.log(self.high) - share * math.log(self.high / self.low))
        return self.high - share * (self.high - self.low)

    def holds(self, y: float) -> bool:
        """Whether a pixel row lies on it."""
        return self.top <= y <= self.bottom


@dataclass(frozen=True, slots=True)
class Frame:
    """The panes as pixels, before their scales are known: (top, height) each."""

    price: tuple[int, int]
    volume: tuple[int, int]
    panes: tuple[tuple[int, int], ...]


def lay_out(height: int, *, has_volume: bool, shares: Sequence[float], legend: int = READOUT_PX) -> Frame:
    """Cuts ``height`` pixel rows (without the time axis) into prices, volume and one pane for each of ``shares``.

    ``shares`` are wished parts of the height; prices keep a third of it whatever is wished. A pane without room has the
    height 0. ``legend``: rows above the prices that belong to the legend.
    """
    wished = sum(shares)
    most = max(0.0, 1.0 - _LEAST_PRICE_SHARE)
    factor = min(1.0, most / wished) if wished else 1.0
    heights = [int(height * share * factor) for share in shares]
    heights = [each if each >= _LEAST_PANE_PX else 0 for each in heights]
    bottom = height
    found: list[tuple[int, int]] = []
    for each in reversed(heights):
        bottom -= each
        found.append((bottom + min(PANE_GAP_PX, each), max(0, each - PANE_GAP_PX)))
    volume = int(_VOLUME_SHARE * bottom) if has_volume and bottom >= _LEAST_HEIGHT_FOR_VOLUME else 0
    top = min(legend, max(0, bottom // 4))
    return Frame((top, max(1, bottom - volume - top - 4)), (bottom - volume, volume), tuple(reversed(found)))


@dataclass(frozen=True, slots=True)
class Geometry:
    """The panes and the scales. ``right`` and ``in_view`` in bars, prices in the price's integers."""

    width: int
    height: int
    axis_width: int
    axis_height: int
    right: float
    in_view: float
    price_scale: Scale
    volume_top: int
    volume_height: int
    panes: tuple[Scale, ...] = ()

    @property
    def plot_width(self) -> int:
        """Pixels left of the price axis."""
        return max(1, self.width - self.axis_width)

    @property
    def plot_bottom(self) -> int:
        """First pixel row of the time axis."""
        return self.height - self.axis_height

    @property
    def price_bottom(self) -> int:
        """First pixel row below the pane of prices and volume."""
        return self.volume_top + self.volume_height

    @property
    def bar_width(self) -> float:
        """Pixels a bar."""
        return self.plot_width / self.in_view

    def x(self, place: Any) -> Any:
        """Middle of a bar, a number or an array."""
        return (place - (self.right - self.in_view)) * self.bar_width

    def y(self, px: Any) -> Any:
        """Pixel row of a price, a number or an array."""
        return self.price_scale.y(px)

    def place(self, x: float) -> float:
        """The place under a pixel column."""
        return x / self.bar_width + self.right - self.in_view

    def price(self, y: float) -> float:
        """The price at a pixel row."""
        return self.price_scale.value(y)

    def plot(self) -> QRect:
        """All panes, without the axes."""
        return QRect(0, 0, self.plot_width, self.plot_bottom)

    def price_plot(self) -> QRect:
        """Prices and volume."""
        return QRect(0, 0, self.plot_width, self.price_bottom)

    def pane_at(self, y: float) -> int:
        """Number of the indicator pane at a pixel row; -1 for prices and volume."""
        if y < self.price_bottom:
            return -1
        return next((number for number, scale in enumerate(self.panes) if scale.height and y < scale.bottom), -1)

    def border_at(self, y: float) -> int:
        """Number of the indicator pane whose upper border is at a pixel row; -1 for none."""
        return next(
            (n for n, scale in enumerate(self.panes) if scale.height and abs(y - (scale.top - 3)) <= 3),
            -1,
        )
