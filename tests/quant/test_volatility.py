"""Realised volatility: hand-worked bars, unbiasedness on simulated days, missing bars, windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.quant import volatility
from terminal.quant.columns import Floats

VOL, DAYS = 0.3, 252.0
Estimate = Callable[..., Any]


def days(count: int, seed: int, *, drift: float = 0.0, gap: float = 0.0, steps: int = 60) -> list[Floats]:
    """Open, high, low, close of a Brownian logarithm: steps of a day with the extremes that a bridge between them has.

    ``drift`` a day; ``gap``: the share of the variance that comes overnight.
    """
    random = np.random.default_rng(seed)
    variance = VOL * VOL / DAYS
    day = variance * (1.0 - gap) / steps
    moves = random.normal(drift / steps, np.sqrt(day), (count, steps))
    ends = np.cumsum(moves, axis=1)
    starts = ends - moves
    # The maximum of a bridge (Glasserman 2003, section 6.4).
    reach = np.sqrt(moves**2 - 2.0 * day * np.log(random.random((2, count, steps))))
    top = np.max(starts + 0.5 * (moves + reach[0]), axis=1)
    bottom = np.min(starts + 0.5 * (moves - reach[1]), axis=1)
    nights = random.normal(0.0, np.sqrt(variance * gap), count)
    base = np.cumsum(nights) + np.concatenate(([0.0], np.cumsum(ends[:-1, -1])))
    return [100.0 * np.exp(base + each) for each in (0.0, top, bottom, ends[:, -1])]


def test_one_bar_by_hand() -> None:
    # O 100, H 110, L 95, C 105; logs of 1.1, 0.95, 1.05 are 0.09531018, -0.05129329, 0.04879016.
    bar = ([100.0], [110.0], [95.0], [105.0])
    up, down, through = np.log([1.1, 0.95, 1.05])
    root = np.sqrt(DAYS)
    assert volatility.parkinson(bar[1], bar[2]) == pytest.approx(root * 0.14660347 / np.sqrt(4 * np.log(2)), rel=1e-7)
    variance = 0.5 * (0.09531018 + 0.05129329) ** 2 - 0.38629436 * 0.04879016**2
    assert volatility.garman_klass(*bar) == pytest.approx(root * np.sqrt(variance), rel=1e-7)
    variance = up * (up - through) + down * (down - through)
    assert volatility.rogers_satchell(*bar) == pytest.approx(root * np.sqrt(variance), rel=1e-14)
    assert volatility.rogers_satchell(*bar, periods=1.0) == pytest.approx(np.sqrt(variance), rel=1e-14)


def test_closes_by_hand() -> None:
    logs = np.diff(np.log([100.0, 102.0, 101.0, 105.0]))
    expected = np.sqrt(DAYS * np.var(logs, ddof=1))
    assert volatility.close_to_close([100.0, 102.0, 101.0, 105.0]) == pytest.approx(expected, rel=1e-14)


def test_yang_zhang_by_its_definition() -> None:
    first, top, bottom, last = days(40, 3, gap=0.2)
    gap, inside = np.log(first[1:] / last[:-1]), np.log(last[1:] / first[1:])
    up, down = np.log(top / first)[1:], np.log(bottom / first)[1:]
    n = len(gap)
    share = 0.34 / (1.34 + (n + 1) / (n - 1))
    satchell = np.mean(up * (up - inside) + down * (down - inside))
    expected = np.var(gap, ddof=1) + share * np.var(inside, ddof=1) + (1 - share) * satchell
    assert volatility.yang_zhang(first, top, bottom, last) == pytest.approx(np.sqrt(DAYS * expected), rel=1e-12)


def test_estimators_are_right_on_average_and_ranges_are_sharper() -> None:
    bars = np.array(days(60_000, 5)).reshape(4, 2000, 30)
    found = {
        "close": volatility.close_to_close(bars[3]),
        "parkinson": volatility.parkinson(bars[1], bars[2]),
        "garman_klass": volatility.garman_klass(*bars),
        "rogers_satchell": volatility.rogers_satchell(*bars),
        "yang_zhang": volatility.yang_zhang(*bars),
    }
    variances = {name: each**2 for name, each in found.items()}
    for name, each in variances.items():
        assert each.mean() == pytest.approx(VOL * VOL, rel=0.02), name
    # Efficiencies against closes: 4.9 Parkinson, 7.4 Garman-Klass, 6.0 Rogers-Satchell; Yang-Zhang above 6 of 30 days.
    gain = {name: variances["close"].var() / each.var() for name, each in variances.items()}
    assert 4.2 < gain["parkinson"] < 5.8
    assert 6.2 < gain["garman_klass"] < 8.6
    assert 5.0 < gain["rogers_satchell"] < 7.2
    assert gain["yang_zhang"] > 4.5


def test_drift_and_gaps_are_seen_by_those_that_claim_it() -> None:
    drift = np.array(days(20_000, 6, drift=0.02)).reshape(4, 400, 50)
    exact = pytest.approx(VOL * VOL, rel=0.03)
    assert np.mean(volatility.rogers_satchell(*drift) ** 2) == exact
    assert np.mean(volatility.yang_zhang(*drift) ** 2) == exact
    assert np.mean(volatility.parkinson(drift[1], drift[2]) ** 2) > 1.2 * VOL * VOL
    gaps = np.array(days(20_000, 7, gap=0.3)).reshape(4, 400, 50)
    assert np.mean(volatility.yang_zhang(*gaps) ** 2) == exact
    assert np.mean(volatility.close_to_close(gaps[3]) ** 2) == exact
    assert np.mean(volatility.garman_klass(*gaps) ** 2) == pytest.approx(0.7 * VOL * VOL, rel=0.03)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60), st.integers(3, 20), st.integers(0, 1000), st.lists(st.integers(0, 59), max_size=6))
def test_windows_are_the_whole_of_their_bars(count: int, window: int, seed: int, holes: list[int]) -> None:
    bars = [each.copy() for each in days(max(count, 1), seed)]
    bars = [each[:count] for each in bars]
    for hole in holes:
        if hole < count:
            bars[hole % 4][hole] = [np.nan, -1.0, np.inf, 0.0][hole % 4]
    estimates: list[tuple[Estimate, list[Floats]]] = [
        (volatility.close_to_close, bars[3:]), (volatility.parkinson, bars[1:3]), (volatility.garman_klass, bars),
        (volatility.rogers_satchell, bars), (volatility.yang_zhang, bars),
    ]  # fmt: skip
    for estimate, columns in estimates:
        rolled = estimate(*columns, window=window)
        assert rolled.shape == (count,)
        assert np.isnan(rolled[: window - 1]).all()
        for end in range(window, count + 1, 7):
            alone = estimate(*(each[end - window : end] for each in columns))
            assert rolled[end - 1] == pytest.approx(alone, rel=1e-9, abs=1e-9, nan_ok=True)


def test_ewma_is_the_weighted_mean_of_squares() -> None:
    returns = np.random.default_rng(4).normal(0.0, 0.01, 50)
    weights = 0.94 ** np.arange(50)[::-1]
    expected = np.sqrt(252.0 * np.average(returns**2, weights=weights))
    found = volatility.ewma(returns)
    assert found[-1] == pytest.approx(expected, rel=1e-12)
    assert found[0] == pytest.approx(np.sqrt(252.0) * abs(returns[0]))
    holed = np.insert(returns, 20, [np.nan, np.nan])
    again = volatility.ewma(holed)
    assert again[-1] == pytest.approx(expected, rel=1e-12)
    assert again[19] == again[20] == again[21]
    assert np.isnan(volatility.ewma([np.nan, 0.01])).tolist() == [True, False]
    assert volatility.ewma([]).shape == (0,)
    assert volatility.ewma(np.tile(holed, (2, 1)))[1] == pytest.approx(again, nan_ok=True)
    many = np.random.default_rng(5).normal(0.0, 0.01, (20_000, 30))
    assert np.mean(volatility.ewma(many)[:, -1] ** 2) == pytest.approx(252.0 * 1e-4, rel=0.01)


def test_shapes_and_bad_input() -> None:
    bars = np.array(days(60, 1)).reshape(4, 3, 20)
    assert volatility.yang_zhang(*bars).shape == (3,)
    first, top, bottom, last = bars
    assert volatility.yang_zhang(first, top, bottom, last, 5).shape == (3, 20)
    assert volatility.parkinson(bars[1], bars[2], window=99).shape == (3, 20)
    assert np.isnan(volatility.close_to_close([100.0]))
    assert np.isnan(volatility.close_to_close([]))
    assert np.isnan(volatility.parkinson([90.0], [100.0]))
    assert np.isnan(volatility.garman_klass([100.0], [101.0], [99.0], [102.0]))
    assert volatility.close_to_close([100.0, 100.0, 100.0]) == 0.0
    with pytest.raises(ValueError, match="shape"):
        volatility.parkinson(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="series"):
        volatility.close_to_close(100.0)
    with pytest.raises(ValueError, match="window"):
        volatility.close_to_close([1.0, 2.0], window=1)
    with pytest.raises(ValueError, match="decay"):
        volatility.ewma([0.1], 1.0)
