"""The chart's pixels as drawings see them: prices in currency instead of the instrument's integers."""

from __future__ import annotations

from terminal.app import formats
from terminal.app.drawings.outline import Words
from terminal.ui.panels.chart.layers import ChartSpace


class SpaceView:
    """Implements ``drawings.outline.View`` for one event or paint."""

    def __init__(self, space: ChartSpace) -> None:
        self._space = space
        self._scale = space.instrument.price_scale
        self.width = float(space.geometry.plot_width)
        self.height = float(space.geometry.price_scale.bottom)

    def x(self, ts_ns: int) -> float:
        """Pixels of a time."""
        return self._space.x_of(ts_ns)

    def y(self, price: float) -> float:
        """Pixels of a price."""
        return self._space.y_of(price * self._scale)

    def ts_ns(self, x: float) -> int:
        """Time at a pixel."""
        return self._space.ts_of(x)

    def price(self, y: float) -> float:
        """Price at a pixel."""
        return self._space.px_of(y) / self._scale


def words_of(space: ChartSpace) -> Words:
    """Figures as this chart writes them."""
    instrument = space.instrument
    scale = instrument.price_scale

    def bars(begin_ns: int, end_ns: int) -> int:
        return round(space.view.place_at(end_ns)) - round(space.view.place_at(begin_ns))

    return Words(
        lambda price: space.price_text(price * scale),
        lambda change: formats.change(round(change * scale), instrument),
        bars,
    )
