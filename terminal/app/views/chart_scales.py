"""Which values a chart's vertical axes show: prices with what lies on them, and each pane's own numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from terminal.app.views.chart import ChartView
from terminal.app.views.chart_indicators import ChartIndicator
from terminal.market.indicators.spec import OutputStyle
from terminal.market.pyramid import group_for

_LOOKED_AT = 2_048
_MOST_GROWTH = 0.5
"""Overlays may stretch the prices by so much of the bars' own range, above and below."""
_AIR = 0.08


def values_range(item: ChartIndicator, first: int, last: int) -> tuple[float, float] | None:
    """Least and most value of an indicator's drawn outputs over the bars ``first`` to ``last``; None for none."""
    series = item.series
    if series is None or series.error is not None or not len(series):
        return None
    group = group_for(max(1.0, (last - first) / _LOOKED_AT))
    lows, highs = [], []
    for output, spec in enumerate(item.spec.outputs):
        if spec.style is OutputStyle.HIDDEN:
            continue
        _, low, high = series.extremes(output, first, last, group)
        low, high = low[np.isfinite(low)], high[np.isfinite(high)]
        if len(low) and len(high):
            lows.append(float(low.min()))
            highs.append(float(high.max()))
    return (min(lows), max(highs)) if lows else None


def price_range(
    view: ChartView, overlays: Iterable[ChartIndicator], wishes: Iterable[tuple[float, float]]
) -> tuple[float, float]:
    """Lowest and highest price of the plot, in the price's integers: the bars' own range and, within limits, that of
    what lies on them. Of overlays only finished bars count, so that a tick does not move the axis."""
    low, high = view.prices()
    if view.fixed_prices is not None or view.instrument is None or not len(view.bars):
        return low, high
    first, last = view.visible()
    most = (high - low) * _MOST_GROWTH
    unit = float(view.instrument.price_scale)
    found = [values_range(each, first, min(last, len(view.bars) - 1)) for each in overlays]
    wanted = [(each[0] * unit, each[1] * unit) for each in found if each is not None]
    grown_low, grown_high = low, high
    for below, above in (*wanted, *wishes):
        grown_low = min(grown_low, max(below, low - most))
        grown_high = max(grown_high, min(above, high + most))
    if view.is_log and grown_low <= 0:
        grown_low = low
    return grown_low, grown_high


def pane_range(item: ChartIndicator, first: int, last: int) -> tuple[float, float]:
    """The scale of a pane: its values and guide lines with some air, on steps so coarse that it seldom moves."""
    spec = item.spec
    found = values_range(item, first, last)
    if found is None:
        return spec.bounds or (0.0, 1.0)
    low, high = min(found[0], *spec.guides, found[0]), max(found[1], *spec.guides, found[1])
    if any(each.style is OutputStyle.HISTOGRAM for each in spec.outputs):
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        size = abs(high) or 1.0
        low, high = low - size * 0.01, high + size * 0.01
    air = (high - low) * _AIR
    step = 10.0 ** math.floor(math.log10(high - low)) / 4
    low, high = math.floor((low - air) / step) * step, math.ceil((high + air) / step) * step
    if spec.bounds is not None:
        air = (spec.bounds[1] - spec.bounds[0]) * 0.02
        low, high = max(low, spec.bounds[0] - air), min(high, spec.bounds[1] + air)
    return low, high
