"""A volatility history that a test fills."""

from __future__ import annotations

from dataclasses import dataclass, field

from terminal.app.vol_history import VolSeries
from terminal.store.vol_days import RECORDED, VolOrigin


@dataclass
class SmallVolHistory:
    """Series that a test put there; a symbol without one is being read for ever."""

    kept: dict[str, VolSeries] = field(default_factory=dict)
    version: int = 0
    origin: VolOrigin = RECORDED

    def series(self, symbol: str) -> VolSeries | None:
        return self.kept.get(symbol)
