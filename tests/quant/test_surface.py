"""The fitted surface: no arbitrage whatever the quotes, honest about those it misses, the same from four threads."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from terminal.quant import european, surface, svi
from terminal.quant.essvi_kernel import WING_LIMIT
from terminal.quant.surface import QuoteStatus, SliceStatus, SurfaceFit
from tests.quant.surface_quotes_samples import YEAR_MINUTES, index_chain, skewed_vol

Floats = npt.NDArray[np.float64]
WIDE = np.concatenate([-np.geomspace(60.0, 1e-3, 150), [0.0], np.geomspace(1e-3, 60.0, 150)])


def assert_no_arbitrage(fitted: SurfaceFit) -> None:
    """Butterflies on a fine grid, in the wings and exactly at the nodes; calendars on a fine grid, also beyond."""
    assert fitted.times.size
    last = fitted.times[-1]
    inner = np.concatenate([[last], *(np.linspace(low, high, 6) for low, high in pairwise(fitted.times))])
    beyond = np.concatenate([fitted.times[0] * np.array([1e-3, 0.3, 1.0]), last * np.array([1.5, 40.0])])
    times = np.unique(np.concatenate([inner, beyond]))
    near = np.sinh(np.linspace(-6.0, 6.0, 501))
    for k in (WIDE, *(near * np.sqrt(theta) for theta in fitted.nodes[:, 0])):
        w = fitted.total_variance(k, times[:, None])
        assert (w > 0.0).all()
        assert (np.diff(w, axis=0) >= -1e-12 * w[1:]).all()
        assert (fitted.time_slope(k, times[:, None]) >= -1e-9 * w / times[:, None]).all()
        assert fitted.durrleman_g(k, times[:, None]).min() >= -1e-9
    raw = fitted.raw_svi()
    assert not np.any(svi.has_butterfly_arbitrage(raw.a, raw.b, raw.rho, raw.m, raw.sigma))
    rows = (np.asarray(each)[:, None] for each in (raw.a, raw.b, raw.rho, raw.m, raw.sigma))
    plain = dataclasses.replace(fitted, splines=np.zeros_like(fitted.splines))
    np.testing.assert_allclose(
        svi.total_variance(WIDE, *rows), plain.total_variance(WIDE, fitted.times[:, None]), rtol=1e-6, atol=1e-14
    )


ORDERED = st.tuples(
    st.floats(-9.0, 1.5), st.floats(0.0, 1.0), st.floats(5e-4, 0.9995), st.floats(0.0, 1.0), st.floats(0.0, 1.0)
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(ORDERED, st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3))
@example((1.0, 1.0, 0.5, 0.0, 0.0), [0.0, 0.0, 0.0])
def test_the_conditions_are_enough(draw: tuple[float, ...], grow: list[float]) -> None:
    """Random slices that meet the conditions of the module's text, wings within the fit's limit, have no butterflies
    and do not cross."""
    log_theta, size, share, part_u, part_v = draw
    theta = 10.0**log_theta
    most = np.sqrt(8.0 * theta / max(share, 1 - share))
    psi2 = size * min(most, WING_LIMIT / max(share, 1 - share))
    u, v = share * psi2, (1 - share) * psi2
    theta_later = theta * (1.0 + 3.0 * grow[0])
    more = (theta_later / theta - 1.0) * psi2
    later = np.array([u + more * part_u * grow[1], v + more * part_v * (1 - grow[1])])
    later = np.minimum(later, WING_LIMIT)
    if later.sum() * later.max() > 8.0 * theta_later:
        later = np.array([u, v])
    first, second = np.array([theta, u, v]), np.array([theta_later, *later])
    empty = surface.fit(surface.from_vols([], [], [], [], []))
    both = SurfaceFit(np.array([1.0, 2.0]), np.array([first, second]), np.zeros((2, 14)), empty.slices, empty.report)
    w = both.total_variance(WIDE * (theta / max(psi2, 1e-12)) ** 0.5, np.linspace(0.5, 3.0, 11)[:, None])
    assert (np.diff(w, axis=0) >= -1e-13 * w[1:]).all()
    g = both.durrleman_g(WIDE * max(theta, 1e-3), np.linspace(0.5, 3.0, 11)[:, None])
    assert np.nanmin(g) >= -1e-9


def test_an_index_chain_is_honoured() -> None:
    times = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5])
    quotes, _, _ = index_chain(times, half_spread=0.05)
    fitted = surface.fit(quotes)
    assert_no_arbitrage(fitted)
    assert fitted.report.share_inside() > 0.99
    tight, _, _ = index_chain(times, half_spread=0.005)
    refined, plain = surface.fit(tight), surface.fit(tight, refine=False)
    assert_no_arbitrage(refined)
    assert refined.report.share_inside() > 0.97 > 0.75 > plain.report.share_inside()
    assert refined.slices.refined.sum() > 4
    assert not plain.splines.any()
    strike = np.array([4500.0, 5000.0, 5300.0])
    vol = fitted.implied_vol(strike, 0.4)
    np.testing.assert_allclose(vol, skewed_vol(np.log(strike / fitted.forward(0.4)), 0.4), atol=0.01)


def test_zero_days_to_expiry() -> None:
    """An SPX-like chain of one day: quotes in ticks of 0.05 from the morning to the last minutes."""
    for minutes in (390.0, 120.0, 15.0, 1.0):
        times = np.array([minutes, minutes + 1440.0, minutes + 3 * 1440.0]) / YEAR_MINUTES
        quotes, bid, ask = index_chain(times, strikes=80)
        fitted = surface.fit(quotes)
        assert_no_arbitrage(fitted)
        assert fitted.slices.status.tolist() == [0, 0, 0]
        assert fitted.report.share_inside() > 0.99, minutes
        assert (fitted.report.status[(bid == 0) & (ask > 0)] <= QuoteStatus.ABOVE_ASK).all()


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(3, 40), st.floats(0.0, 0.5), st.floats(0.001, 0.5),
    st.booleans(),
)  # fmt: skip
def test_noise_never_makes_arbitrage(
    seed: int, expiries: int, strikes: int, noise: float, spread: float, is_warm: bool
) -> None:
    chance = np.random.default_rng(seed)
    times = np.unique(10.0 ** chance.uniform(-4.0, 0.7, expiries))
    time = np.repeat(times, strikes)
    k = chance.normal(0.0, 1.5, time.size) * np.sqrt(time)
    vol = 0.4 * np.exp(chance.normal(0.0, 2.0 * noise, times.size)).repeat(strikes) + 0.3 * chance.normal() * k
    vol = np.abs(vol * np.exp(noise * chance.standard_normal(time.size))) + 1e-3
    quotes = surface.from_vols(time, 100.0, 100.0 * np.exp(k), vol * (1 - spread), vol * (1 + spread))
    fitted = surface.fit(quotes)
    assert_no_arbitrage(fitted)
    if is_warm:
        vol = vol * np.exp(chance.normal(0.0, 0.3, vol.size))
        moved = surface.from_vols(time * 0.97, 101.0, 100.0 * np.exp(k), vol * (1 - spread), vol * (1 + spread))
        assert_no_arbitrage(surface.fit(moved, fitted))


def test_every_bad_quote_is_named() -> None:
    n = 40
    strike = np.linspace(80.0, 120.0, n)
    columns = {
        "time": np.full(n, 0.5), "forward": np.full(n, 100.0), "discount": np.full(n, 0.98), "strike": strike,
        "bid": np.full(n, np.nan), "ask": np.full(n, np.nan), "is_call": strike > 100.0,
    }  # fmt: skip
    clean = surface.from_vols(columns["time"], 100.0, strike, 0.19, 0.21)
    price = 0.98 * european.price(100.0, strike, 0.5, 0.2, 0.0, 0.0, columns["is_call"])
    columns["bid"], columns["ask"] = price - 0.1, price + 0.1
    columns["bid"][0] = columns["ask"][0] + 0.5
    columns["ask"][1] = np.inf
    columns["forward"][2] = -1.0
    columns["time"][3] = 0.0
    columns["bid"][4], columns["ask"][4] = 0.0, 0.0
    columns["is_call"][5], columns["bid"][5], columns["ask"][5] = True, 1.0, 1.0
    columns["bid"][6], columns["ask"][6] = 99.0, 99.5
    columns["bid"][12] = 0.0
    columns["bid"][9], columns["ask"][9] = columns["ask"][9] + 2.0, columns["ask"][9] + 2.1
    fitted = surface.fit(surface.from_prices(**columns))
    why = [QuoteStatus(code) for code in fitted.report.status]
    assert why[:7] == [
        QuoteStatus.CROSSED, QuoteStatus.INVALID, QuoteStatus.INVALID, QuoteStatus.EXPIRED, QuoteStatus.INVALID,
        QuoteStatus.BELOW_INTRINSIC, QuoteStatus.ABOVE_MAXIMUM,
    ]  # fmt: skip
    assert why[9] is QuoteStatus.BELOW_BID
    assert fitted.report.excess_vol[9] < 0.0
    assert why[12] is QuoteStatus.INSIDE
    assert not fitted.report.is_two_sided[12]
    assert set(why[7:9] + why[10:]) == {QuoteStatus.INSIDE}
    assert fitted.report.not_honoured.tolist() == [0, 1, 2, 3, 4, 5, 6, 9]
    assert sum(fitted.report.counts().values()) == n
    assert surface.fit(clean).report.share_inside() == 1.0


@pytest.mark.parametrize(("bid", "ask"), [(0.2, np.nan), (0.0, 0.2)])
def test_one_side_alone_is_no_slice(bid: float, ask: float) -> None:
    strike = np.tile(np.linspace(80.0, 120.0, 9), 2)
    time = np.repeat([0.25, 0.5], 9)
    first = time < 0.3
    fitted = surface.fit(surface.from_vols(time, 100.0, strike, np.where(first, bid, 0.19), np.where(first, ask, 0.21)))
    assert fitted.slices.status.tolist() == [SliceStatus.TOO_FEW_QUOTES, SliceStatus.FITTED]
    assert (fitted.report.status[first] == QuoteStatus.TOO_FEW_QUOTES).all()
    assert 0.19 < fitted.implied_vol(100.0, 0.25) < 0.21


def test_too_few_quotes_are_a_status() -> None:
    fitted = surface.fit(surface.from_vols([0.1, 0.1, 0.5, 0.5, 0.5], 100.0, [90, 110, 90, 100, 110], 0.19, 0.2))
    assert fitted.slices.status.tolist() == [SliceStatus.TOO_FEW_QUOTES, SliceStatus.FITTED]
    assert fitted.report.status.tolist() == [QuoteStatus.TOO_FEW_QUOTES] * 2 + [QuoteStatus.INSIDE] * 3
    assert np.isnan(fitted.slices.theta).tolist() == [True, False]
    assert_no_arbitrage(fitted)
    empty = surface.fit(surface.from_vols([0.1], 100.0, 100.0, 0.2, 0.21))
    assert empty.times.size == 0
    assert np.isnan(empty.total_variance(0.0, 0.1))
    assert np.isnan(empty.implied_vol(100.0, 0.1))
    assert surface.fit(surface.from_vols([], [], [], [], []), fitted).times.size == 0
    assert surface.fit(surface.from_vols([0.2] * 4, 100.0, [80, 90, 100, 110], 0.19, 0.2), empty).times.size == 1


def test_a_warm_start_stays_where_it_is_and_takes_other_expiries() -> None:
    times = np.array([0.05, 0.1, 0.3, 1.0])
    quotes, _, _ = index_chain(times, strikes=40)
    cold = surface.fit(quotes)
    warm = surface.fit(quotes, cold)
    np.testing.assert_allclose(warm.nodes, cold.nodes, rtol=1e-2)
    assert warm.report.share_inside() >= cold.report.share_inside() - 0.02
    far = surface.from_vols(quotes.time, quotes.forward, quotes.strike, 2.5 * quotes.bid_vol, 2.5 * quotes.ask_vol)
    assert surface.fit(far, cold).report.share_inside() > surface.fit(far).report.share_inside() - 0.02
    other, _, _ = index_chain(np.array([0.02, 0.07, 0.3, 2.0]), strikes=40)
    moved = surface.fit(other, cold)
    assert_no_arbitrage(moved)
    assert moved.report.share_inside() > surface.fit(other).report.share_inside() - 0.05


def test_noise_over_the_last_hours_is_no_forward_variance() -> None:
    """The same day's morning and afternoon settlement, a tick apart in vol, as the last two expiries."""
    k = np.linspace(-0.3, 0.3, 41)
    for tick in (-0.001, 0.001, 0.003):
        vol = np.repeat([0.2, 0.2, 0.2 + tick], k.size) - 0.1 * np.tile(k, 3)
        times = np.array([0.25, 1.0, 1.0 + 6.5 / 24.0 / 365.0])
        strike = 100.0 * np.exp(np.tile(k, 3))
        fitted = surface.fit(surface.from_vols(times.repeat(k.size), 100.0, strike, vol - 0.002, vol + 0.002))
        np.testing.assert_allclose(fitted.implied_vol(100.0, np.array([1.1, 2.0, 5.0])), 0.2, atol=0.006)
        assert_no_arbitrage(fitted)


def test_four_threads_agree() -> None:
    chains = [index_chain(np.array([0.01, 0.1, 0.5]), strikes=60, noise=0.004, seed=seed)[0] for seed in range(8)]
    alone = [surface.fit(chain).nodes for chain in chains]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda chain: surface.fit(chain).nodes, chains * 4))
    for number, nodes in enumerate(together):
        np.testing.assert_array_equal(nodes, alone[number % 8])


def test_reading_a_surface() -> None:
    quotes, _, _ = index_chain(np.array([0.1, 0.4]), strikes=30)
    fitted = surface.fit(quotes)
    assert isinstance(fitted.total_variance(0.0, 0.2), float)
    assert fitted.total_variance(0.1, 0.0) == 0.0
    assert fitted.implied_vol(5000.0, 0.0) == pytest.approx(fitted.implied_vol(5000.0, 1e-9), rel=1e-6)
    assert fitted.total_variance(np.zeros((3, 1)), np.array([0.1, 0.2])).shape == (3, 2)
    found = fitted.total_variance([0.0, np.nan, 0.0, np.inf], [0.2, 0.2, -1.0, 0.2])
    assert np.isnan(found).tolist() == [False, True, True, True]
    slope = (fitted.total_variance(0.1, 0.2 + 1e-6) - fitted.total_variance(0.1, 0.2 - 1e-6)) / 2e-6
    assert fitted.time_slope(0.1, 0.2) == pytest.approx(slope, rel=1e-6)
    smile = fitted.smile(np.linspace(-0.3, 0.3, 13), 0.25)
    h = 1e-4
    up, down = (fitted.total_variance(np.linspace(-0.3, 0.3, 13) + d, 0.25) for d in (h, -h))
    np.testing.assert_allclose(smile.dw, (up - down) / (2 * h), rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(smile.d2w, (up - 2 * smile.w + down) / h**2, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="broadcast"):
        surface.from_vols(np.ones(2), np.ones(3), 1.0, 0.1, 0.2)
    with pytest.raises(ValueError, match="broadcast"):
        fitted.total_variance(np.ones(2), np.ones(3))
