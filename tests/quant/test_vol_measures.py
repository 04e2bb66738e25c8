"""Constant maturities, quarter deltas, rank and cone: against smiles and series whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from terminal.quant import vol_measures
from terminal.quant.vol_measures import cone, reachable, smile_points, standing, standings

YEARS = np.array([7.0, 30.0, 365.0]) / 365.0


def test_a_flat_smile_has_neither_skew_nor_butterfly() -> None:
    found = smile_points(lambda k: 0.09 * YEARS + 0.0 * k, YEARS)
    np.testing.assert_allclose(found.at_the_money, 0.3)
    np.testing.assert_allclose(found.skew, 0.0, atol=1e-12)
    np.testing.assert_allclose(found.butterfly, 0.0, atol=1e-12)


@given(st.floats(0.08, 1.2), st.floats(-0.8, 0.8), st.floats(0.1, 1.0))
def test_quarter_deltas_are_where_the_delta_is_a_quarter(vol: float, rho: float, eta: float) -> None:
    theta = vol * vol * YEARS
    phi = eta / np.sqrt(theta)

    def total_variance(k: np.ndarray) -> np.ndarray:
        bent = phi * k + rho
        w: np.ndarray = 0.5 * theta * (1.0 + rho * phi * k + np.sqrt(bent * bent + 1.0 - rho * rho))
        return w

    found = smile_points(total_variance, YEARS)
    for wing, delta in ((found.put, 0.75), (found.call, 0.25)):
        # The strike of that vol and delta lies on the smile.
        w = wing**2 * YEARS
        k = 0.5 * w - norm.ppf(delta) * np.sqrt(w)
        np.testing.assert_allclose(np.sqrt(total_variance(k) / YEARS), wing, rtol=1e-6)


def test_maturities_beyond_the_expiries_are_told_only_nearby() -> None:
    assert reachable([7, 30, 60, 365], 8.0, 50.0).tolist() == [True, True, True, False]
    assert not reachable(7, 20.0, 400.0)


def test_rank_and_percentile_by_hand_and_none_with_fewer_days() -> None:
    values = np.array([*np.linspace(0.2, 0.4, 21), 0.3])
    found = standing(values)
    assert found.rank == pytest.approx(50.0)
    assert found.percentile == pytest.approx(100.0 * 10 / 21)
    assert found.days == 22
    assert standing(values[:19]).rank is None
    assert standing(np.append(values, np.nan)).rank is None
    assert standing(np.full(30, 0.2)).rank is None  # all days alike: there is no range to stand in
    assert standing(np.full(30, 0.2)).percentile == 0.0


def test_only_a_year_counts() -> None:
    values = np.concatenate(([5.0], np.linspace(0.1, 0.3, vol_measures.YEAR_DAYS)))
    assert standing(values).rank == pytest.approx(100.0)


def test_every_days_standing_is_that_of_the_days_up_to_it() -> None:
    values = np.random.default_rng(5).uniform(0.1, 0.5, 300)
    values[[3, 40, 270]] = np.nan
    rank, percentile = standings(values)
    for at in (0, 18, 20, 21, 40, 251, 252, 270, 299):
        found = standing(values[: at + 1])
        assert rank[at] == pytest.approx(np.nan if found.rank is None else found.rank, nan_ok=True)
        assert percentile[at] == pytest.approx(np.nan if found.percentile is None else found.percentile, nan_ok=True)


def test_a_cone_is_quantiles_or_nothing() -> None:
    found = cone({10: np.linspace(0.1, 0.2, 101), 252: np.full(30, np.nan)})
    assert found[10] == pytest.approx([0.1, 0.11, 0.125, 0.15, 0.175, 0.19, 0.2])
    assert found[252] is None
