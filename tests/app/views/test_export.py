"""Cells for a spreadsheet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.app import formats
from terminal.app.views.export import plain, plain_rows


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        ("▼ −1.23", "-1.23"),
        ("▲ +1,234.50", "1234.50"),
        ("–", ""),
        ("+1.01%", "1.01%"),
        ("unknown", "unknown"),
        ("denied: 900,00 is too far", "denied: 900,00 is too far"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("GOOG 2015-12-24 750 C", "GOOG 2015-12-24 750 C"),
    ],
)
def test_plain(shown: str, written: str) -> None:
    assert plain(shown) == written


@given(st.integers(-(10**15), 10**15))
def test_money_reads_back(amount: int) -> None:
    written = plain(formats.money(amount * 100, sign=True))
    assert round(float(written) * 100) == amount or abs(amount) > 2**53


def test_rows() -> None:
    assert plain_rows(("A", "B"), [("–", "1,000")]) == (["A", "B"], [["", "1000"]])
