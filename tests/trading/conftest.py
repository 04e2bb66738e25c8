"""A desk of one's own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trading.rig import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A running order road over an open market."""
    desk = Desk(tmp_path)
    desk.market.open()
    yield desk
    desk.stop()
