"""Windows of strikes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.app.views.chain_window import WINDOWS, By, StrikeWindow, is_off, rows_within

STRIKES = np.arange(50.0, 151.0, 5.0)
UNKNOWN = np.full((len(STRIKES), 2), np.nan)
BY_KEY = {each.key: each for each in WINDOWS}


def _deltas() -> np.ndarray:
    calls = np.linspace(0.999, 0.001, len(STRIKES))
    return np.column_stack([calls, calls - 1.0])


def test_so_many_strikes_on_either_side_of_the_spot() -> None:
    rows = rows_within(BY_KEY["count5"], STRIKES, 101.0, UNKNOWN, np.nan, np.nan)
    assert STRIKES[rows.start] == 75.0
    assert STRIKES[rows.stop - 1] == 125.0
    at_the_edge = rows_within(BY_KEY["count5"], STRIKES, 52.0, UNKNOWN, np.nan, np.nan)
    assert at_the_edge == range(6)


def test_within_deviations_of_the_forward() -> None:
    rows = rows_within(BY_KEY["sd2"], STRIKES, 100.0, UNKNOWN, 102.0, 8.0)
    assert [float(STRIKES[row]) for row in rows] == [90.0, 95.0, 100.0, 105.0, 110.0, 115.0]


def test_by_delta_of_the_call_or_where_it_has_none_of_the_put() -> None:
    deltas = _deltas()
    whole = rows_within(BY_KEY["delta10"], STRIKES, 100.0, deltas, np.nan, np.nan)
    assert all(0.1 <= deltas[row, 0] <= 0.9 for row in whole)
    assert whole.start > 0
    deltas[:, 0] = np.nan
    assert rows_within(BY_KEY["delta10"], STRIKES, 100.0, deltas, np.nan, np.nan) == whole


@pytest.mark.parametrize("key", ["delta10", "delta2", "sd1", "sd2", "sd3"])
def test_what_is_not_known_hides_nothing(key: str) -> None:
    assert rows_within(BY_KEY[key], STRIKES, 100.0, UNKNOWN, np.nan, np.nan) == range(len(STRIKES))
    assert rows_within(BY_KEY[key], STRIKES, np.nan, _deltas(), 100.0, 5.0) == range(len(STRIKES))


@given(st.sampled_from(WINDOWS), st.floats(1.0, 300.0), st.floats(0.01, 50.0))
def test_the_strike_at_the_spot_is_always_listed(window: StrikeWindow, spot: float, move: float) -> None:
    rows = rows_within(window, STRIKES, spot, _deltas(), spot, move)
    assert int(np.argmin(np.abs(STRIKES - spot))) in rows
    if window.by is By.ALL:
        assert rows == range(len(STRIKES))


def test_a_step_of_the_spot_moves_no_rows_and_a_quarter_of_the_window_does() -> None:
    shown = range(10, 21)
    assert not is_off(shown, range(11, 22))
    assert is_off(shown, range(12, 23))
    assert is_off(range(40), shown)
