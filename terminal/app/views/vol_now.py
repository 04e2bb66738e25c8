"""What the market of now adds to a history: its smile at the constant maturities."""

from __future__ import annotations

import importlib

from terminal.market.analytics.chain_values import ChainValues
from terminal.quant.vol_measures import SmilePoints


def points_now(values: ChainValues | None) -> SmilePoints | None:
    """None without a surface. Values exist once the analytics thread has loaded the models, so that the import here
    compiles nothing."""
    if values is None or values.surface is None:
        return None
    found: SmilePoints = importlib.import_module("terminal.market.analytics.vol_day").points(values)
    return found
