"""Where prices and bars stand in the chart's pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRect

_READOUT_PX = 20
_VOLUME_SHARE = 0.17
_LEAST_HEIGHT_FOR_VOLUME = 150


@dataclass(frozen=True, slots=True)
class Geometry:
    """The panes and the scales. ``right`` and ``in_view`` in bars, ``low`` and ``high`` in the price's integers."""

    width: int
    height: int
    axis_width: int
    axis_height: int
    right: float
    in_view: float
    low: float
    high: float
    has_volume: bool = True

    @property
    def plot_width(self) -> int:
        """Pixels left of the price axis."""
        return max(1, self.width - self.axis_width)

    @property
    def price_top(self) -> int:
        """First pixel row of the prices, below the read-out."""
        return _READOUT_PX

    @property
    def volume_top(self) -> int:
        """First pixel row of the volume pane; of the time axis when there is no volume or no room for it."""
        bottom = self.height - self.axis_height
        if not self.has_volume or self.height < _LEAST_HEIGHT_FOR_VOLUME:
            return bottom
        return int(bottom - _VOLUME_SHARE * bottom)

    @property
    def price_height(self) -> int:
        """Pixel rows of the prices."""
        return max(1, self.volume_top - self.price_top - 4)

    @property
    def volume_height(self) -> int:
        """Pixel rows of the volume pane."""
        return self.height - self.axis_height - self.volume_top

    @property
    def bar_width(self) -> float:
        """Pixels a bar."""
        return self.plot_width / self.in_view

    def x(self, place: Any) -> Any:
        """Middle of a bar, a number or an array."""
        return (place - (self.right - self.in_view)) * self.bar_width

    def y(self, px: Any) -> Any:
        """Pixel row of a price, a number or an array."""
        return self.price_top + (self.high - px) * self.price_height / (self.high - self.low)

    def place(self, x: float) -> float:
        """The place under a pixel column."""
        return x / self.bar_width + self.right - self.in_view

    def price(self, y: float) -> float:
        """The price at a pixel row."""
        return self.high - (y - self.price_top) * (self.high - self.low) / self.price_height

    def plot(self) -> QRect:
        """Prices and volume, without the axes."""
        return QRect(0, 0, self.plot_width, self.height - self.axis_height)
