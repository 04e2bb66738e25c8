"""Least-squares Monte Carlo against exact American values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from terminal.quant import american_dividends, european, longstaff_schwartz
from terminal.quant.monte_carlo import Draws, Sampling


def test_exact_american_values(shared_reference: Path) -> None:
    """From below; and twice the dates less the half of the missing exercise, so that extrapolation hits the value."""
    seen = 0
    for case in json.loads((shared_reference / "american.json").read_text()):
        inputs = case["inputs"]
        if not case["id"].startswith(("ls01-exact", "alo-grid-182-0.04-0.08-0.6", "alo-grid-182-0.1-0.04-0.25")):
            continue
        arguments = [inputs[axis] for axis in ("S", "K", "T", "vol", "r", "q")]
        few, many = (
            longstaff_schwartz.price(*[*arguments, inputs["type"] == "call", Draws(16384, 2), dates])
            for dates in (20, 40)
        )
        exact = case["expected"]
        assert many.value <= exact + 4.0 * many.standard_error, case["id"]
        assert many.value >= 0.995 * exact, case["id"]
        extrapolated = 2.0 * many.value - few.value
        error = 2.0 * many.standard_error + few.standard_error
        assert abs(extrapolated - exact) <= 3.0 * error + 2e-4 * exact, (case["id"], extrapolated, exact, error)
        seen += 1
    assert seen >= 8


def test_the_grid_and_the_paths_agree() -> None:
    """Calls with a yield, on a grid without dividends and by regression."""
    for spot in (90.0, 110.0):
        grid = american_dividends.price(spot, 100.0, 0.5, 0.3, 0.02, 0.08, True, ())
        found = longstaff_schwartz.price(spot, 100.0, 0.5, 0.3, 0.02, 0.08, True, Draws(16384, 3), 50)
        assert found.value <= grid + 4.0 * found.standard_error
        assert found.value >= 0.997 * grid


def test_without_reason_to_exercise_it_is_the_european_price() -> None:
    found = longstaff_schwartz.price(100.0, 100.0, 1.0, 0.3, 0.05, 0.0, True, Draws(8192, 1, Sampling.PSEUDO), 12)
    exact = european.price(100.0, 100.0, 1.0, 0.3, 0.05, 0.0, True)
    assert abs(found.value - exact) <= 4.0 * found.standard_error + 1e-3 * exact


def test_deep_in_the_money_it_is_exercised_at_once() -> None:
    found = longstaff_schwartz.price(50.0, 100.0, 1.0, 0.2, 0.08, 0.0, False, Draws(4096, 1), 12)
    assert found.value == 50.0
    assert found.standard_error == 0.0


def test_threads_change_nothing() -> None:
    one, four = (
        longstaff_schwartz.price(95.0, 100.0, 0.5, 0.3, 0.05, 0.0, False, Draws(8192, 1, threads=count), 12)
        for count in (1, 4)
    )
    assert one == four


def test_what_cannot_be_priced_raises() -> None:
    for strike, time, dates in ((-1.0, 1.0, 10), (100.0, 0.0, 10), (100.0, np.nan, 10), (100.0, 1.0, 1)):
        with pytest.raises(ValueError, match="positive"):
            longstaff_schwartz.price(100.0, strike, time, 0.2, 0.0, 0.0, False, Draws(16), dates)
