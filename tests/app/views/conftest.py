"""Fixtures of the view models' tests."""

from __future__ import annotations

import pytest

from tests.app.views.small_market import SmallMarket, opened_market


@pytest.fixture
def small_market() -> SmallMarket:
    """Open, and nothing quoted yet."""
    return opened_market()
