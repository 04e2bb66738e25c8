"""A bench for panels: real market state, driven frame by frame."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from tests.app.views.small_market import opened_market
from tests.ui.panels.panel_desk import Bench


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Bench]:
    """ACME at 100 with depth, options quoted around it, SIMX with trades only."""
    market = opened_market()
    market.prior_close(market.acme.id, 990_000)
    market.quote(market.acme.id, 999_900, 1_000_100, 300, 200)
    market.trade(market.acme.id, 1_000_000, 100)
    market.trade(market.index.id, 50_000_000, 1)
    for level in range(10):
        market.depth(market.acme.id, 1, 999_900 - 100 * level, 300 + 10 * level)
        market.depth(market.acme.id, -1, 1_000_100 + 100 * level, 200 + 10 * level)
    for place, option in enumerate(market.options):
        market.quote(option, 20_000 + 500 * place, 21_000 + 500 * place, 10, 12)
    found = Bench(market)
    yield found
    for panel in found.panels:
        panel.close_panel()
