"""European prices and Greeks over the whole plane: laws they obey, every road into the kernels, bad input, threads."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.quant import black76, european

Floats = npt.NDArray[np.float64]
COUNT = 400


def plane(seed: int, count: int = COUNT) -> list[Any]:
    """Spot, strike, time, vol, rate, yield and right of options from ordinary to absurd, zeros among them."""
    random = np.random.default_rng(seed)
    wide = random.random(count) < 0.5
    spot = np.where(wide, 10.0 ** random.uniform(-6, 6, count), random.uniform(50, 150, count))
    strike = spot * np.exp(random.normal(0, np.where(wide, 3.0, 0.3)))
    time = 10.0 ** random.uniform(-8, 1.5, count)
    vol = 10.0 ** random.uniform(-3, 1, count)
    for column, at in ((spot, 3), (strike, 5), (time, 7), (vol, 11)):
        column[at::37] = 0.0
    rate, dividend = random.uniform(-0.2, 0.3, count), random.uniform(-0.2, 0.3, count)
    return [spot, strike, time, vol, rate, dividend, random.random(count) < 0.5]


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_parity_of_price_and_greeks(seed: int) -> None:
    at = plane(seed)
    at[0][at[0] == 0.0] = 1.0
    spot, strike, time, _, rate, dividend = at[:6]
    call, put = european.greeks(*[*at[:6], True]), european.greeks(*[*at[:6], False])
    held, paid = spot * np.exp(-dividend * time), strike * np.exp(-rate * time)
    scale = held + paid
    differences = {
        "price": (held - paid, scale), "delta": (held / spot, held / spot), "gamma": (0.0, call.gamma),
        "vega": (0.0, call.vega), "theta": (dividend * held - rate * paid, scale + np.abs(call.theta)),
        "rho": (time * paid, time * paid),
        "vanna": (0.0, np.abs(call.vanna)), "volga": (0.0, np.abs(call.volga)),
        "charm": (dividend * held / spot, np.abs(call.charm) + held / spot),
    }  # fmt: skip
    for name, (expected, size) in differences.items():
        gap = getattr(call, name) - getattr(put, name) - expected
        assert np.all(np.abs(gap) <= 2e-14 * size + 1e-300), name


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_bounds_homogeneity_and_the_equation(seed: int) -> None:
    at = plane(seed)
    spot, strike, time, vol, rate, dividend, is_call = at
    found = european.greeks(*at)
    held, paid = spot * np.exp(-dividend * time), strike * np.exp(-rate * time)
    scale = held + paid
    least = np.where(is_call, held - paid, paid - held)
    most = np.where(is_call, held, paid)
    assert np.all(found.price >= np.maximum(least, 0.0) - 4e-16 * scale)
    assert np.all(found.price <= most + 4e-16 * scale)
    assert np.all(found.gamma >= 0.0)
    assert np.all(found.vega >= 0.0)
    doubled = european.price(1024.0 * spot, 1024.0 * strike, *at[2:])
    assert np.all(np.abs(doubled - 1024.0 * found.price) <= 1e-12 * doubled + 1e-14 * scale)
    # Merton's equation away from the limits, where a term may be infinite.
    inside = (spot > 0) & (strike > 0) & (time > 0) & (vol > 0)
    terms = np.array([
        found.theta, (rate - dividend) * spot * found.delta, 0.5 * vol**2 * spot**2 * found.gamma, -rate * found.price,
    ])[:, inside]  # fmt: skip
    assert np.all(np.abs(terms.sum(axis=0)) <= 1e-12 * np.abs(terms).sum(axis=0) + 1e-300)
    # Euler's relation of a homogeneous price.
    higher = european.higher_greeks(*at)
    euler = spot * found.delta + strike * higher.dual_delta
    assert np.all(np.abs(euler - found.price) <= 4e-15 * scale)
    curve = spot**2 * found.gamma - strike**2 * higher.dual_gamma
    assert np.all(np.abs(curve[inside]) <= 1e-9 * (spot**2 * found.gamma)[inside] + 1e-300)


@settings(max_examples=40, deadline=None)
@given(st.floats(1e-6, 3.0), st.floats(0.02, 2.0), st.floats(-0.1, 0.2), st.floats(-0.1, 0.2), st.booleans())
def test_price_falls_and_bends_along_strikes_and_rises_with_vol(
    time: float, vol: float, rate: float, dividend: float, is_call: bool
) -> None:
    strike = np.linspace(20.0, 300.0, 561)
    price = european.price(100.0, strike, time, np.full(strike.size, vol), rate, dividend, is_call)
    steps = np.diff(price) * (-1.0 if is_call else 1.0)
    assert np.all(steps >= -1e-12)
    assert np.all(np.diff(price, 2) >= -2e-13)
    vols = np.linspace(0.0, 4.0, 300)
    assert np.all(np.diff(european.price(100.0, 110.0, time, vols, rate, dividend, is_call)) >= -1e-13)


def test_greeks_against_differences_of_high_order() -> None:
    """Eighth-order central differences of the price or of a Greek below."""
    random = np.random.default_rng(3)
    count = 300
    at = [
        np.full(count, 100.0), 100 * np.exp(random.uniform(-0.5, 0.5, count)), random.uniform(0.2, 3.0, count),
        random.uniform(0.15, 0.8, count), random.uniform(-0.05, 0.1, count), random.uniform(-0.05, 0.1, count),
        random.random(count) < 0.5,
    ]  # fmt: skip
    weights = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])

    def values(arguments: list[Any], name: str) -> Floats:
        found = european.greeks(*arguments)._asdict() | european.higher_greeks(*arguments)._asdict()
        return np.asarray(found[name])

    for name, of, axis, sign in (
        ("delta", "price", 0, 1), ("gamma", "delta", 0, 1), ("vega", "price", 3, 1), ("theta", "price", 2, -1),
        ("rho", "price", 4, 1), ("vanna", "delta", 3, 1), ("volga", "vega", 3, 1), ("charm", "delta", 2, -1),
        ("speed", "gamma", 0, 1), ("colour", "gamma", 2, -1), ("zomma", "gamma", 3, 1), ("ultima", "volga", 3, 1),
        ("veta", "vega", 2, -1), ("phi", "price", 5, 1), ("dual_delta", "price", 1, 1),
        ("dual_gamma", "dual_delta", 1, 1),
    ):  # fmt: skip
        width = 0.005 * np.abs(at[axis]) if axis < 4 else np.full(count, 2e-3)
        total = np.zeros(count)
        for weight, step in zip(weights, range(-4, 5), strict=True):
            moved = list(at)
            moved[axis] = at[axis] + step * width
            total += weight * values(moved, of)
        expected = sign * total / width
        gap = np.abs(values(at, name) - expected)
        assert np.all(gap <= 1e-8 * np.abs(expected) + 1e-9 * np.max(np.abs(expected))), name


def test_every_road_gives_the_same_answer() -> None:
    """One by one, columns, a chain with scalars, a grid, other dtypes, strides, orders and read-only arrays."""
    spot, strike, time, vol, rate, dividend, is_call = plane(8, 700)
    rows = european.greeks(spot, strike, time, vol, rate, dividend, is_call)
    singles = [
        european.greeks(*row) for row in zip(spot, strike, time, vol, rate, dividend, is_call.tolist(), strict=True)
    ]
    np.testing.assert_allclose(np.array(rows), np.array(singles).T, rtol=1e-13, atol=0)
    assert all(type(value) is float for value in singles[0])
    frozen = [column.copy() for column in (spot, strike, time, vol, rate, dividend, is_call)]
    for column in frozen:
        column.flags.writeable = False
    strided = [np.repeat(column, 2)[::2] for column in frozen]
    for other in (frozen, strided):
        np.testing.assert_array_equal(np.array(european.greeks(*other)), np.array(rows))
    main = european.main_greeks(spot, strike, time, vol, rate, dividend, is_call)
    np.testing.assert_array_equal(np.array(main), np.array(rows)[:6])
    np.testing.assert_array_equal(european.price(spot, strike, time, vol, rate, dividend, is_call), rows.price)
    chain = european.greeks(100.0, strike, 0.25, vol, 0.03, 0.01, is_call)
    same = [np.full(strike.size, value) for value in (100.0, 0.25, 0.03, 0.01)]
    columns = european.greeks(same[0], strike, same[1], vol, same[2], same[3], is_call)
    np.testing.assert_allclose(np.array(chain), np.array(columns), rtol=1e-13, atol=0)
    grid = european.price(spot[:30, None, None], strike[:40, None], 1, np.float32(0.25), 0, 0, [True, False])
    assert grid.shape == (30, 40, 2)
    single = european.price(spot[7], strike[9], 1.0, 0.25, 0.0, 0.0, True)
    assert grid[7, 9, 0] == pytest.approx(single, rel=1e-13)
    big = european.price(spot[:2, None], np.tile(strike, 20)[None, :], 1.0, 0.3, 0.0, 0.0, np.array([[True], [False]]))
    assert big.shape == (2, 14_000)  # one index of the first axis is more than a slab
    apart = european.price(spot[1], strike, 1.0, 0.3, 0.0, 0.0, False)
    np.testing.assert_allclose(big[1, -700:], apart, rtol=1e-13, atol=0)


def test_out_holds_the_result() -> None:
    at = plane(4, 50)
    out, rows = np.empty(50), np.empty((9, 50))
    assert european.price(*at, out=out) is out
    np.testing.assert_array_equal(out, european.price(*at))
    found = european.greeks(*at, out=rows)
    assert np.shares_memory(found.charm, rows)
    np.testing.assert_array_equal(rows, np.array(european.greeks(*at)))
    unfit: list[Any] = [np.empty(49), np.empty(50, np.float32), np.empty(100)[::2]]
    for wrong in unfit:
        with pytest.raises(ValueError, match=r"\(50,\)"):
            european.price(*at, out=wrong)


def test_out_may_hold_the_inputs() -> None:
    spot = np.linspace(50.0, 150.0, 20_000)
    at = (100.0, 0.5, 0.2, 0.03, 0.01, True)
    expected = european.price(spot, *at)
    for shift in (0, 1):
        room = np.empty(spot.size + 1)
        room[: spot.size] = spot
        np.testing.assert_array_equal(
            european.price(room[: spot.size], *at, out=room[shift : shift + spot.size]), expected
        )
    rows = np.zeros((40, 500))
    rows[0] = spot[::40]
    expected = european.price(np.tile(rows[0], (40, 1)), *at)
    np.testing.assert_array_equal(european.price(rows[0], 100.0, np.full((40, 1), 0.5), *at[2:], out=rows), expected)
    with pytest.raises(ValueError, match="float64"):
        european.price(spot, *at, out=spot.tolist())


def test_what_is_masked_or_on_no_side_is_unknown() -> None:
    at = (100.0, 0.5, 0.2, 0.03, 0.01)
    masked = np.ma.masked_array([100.0, 1.0, 100.0], mask=[False, True, False])
    sides = np.array([1.0, 1.0, np.nan])
    price = european.price(masked, *at, sides)
    assert np.isnan(price).tolist() == [False, True, True]
    assert price[0] == european.price(100.0, *at, True)
    assert np.isnan(european.price(100.0, *at, [True, None]))[1]
    assert np.isnan(black76.price(100.0, 100.0, 0.5, 0.2, masked / 100.0, True)).tolist() == [False, True, False]
    assert np.isnan(european.greeks(100.0, *at, np.nan)).all()
    for text in ("P", ["C", "P"]):
        with pytest.raises(TypeError, match="boolean"):
            european.price(100.0, *at, text)


def test_shapes_that_do_not_broadcast_are_named() -> None:
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        european.greeks(np.ones(2), np.ones(3), 1.0, 0.2, 0.0, 0.0, True)
    assert european.greeks(np.ones((0, 3)), 1.0, 1.0, 0.2, 0.0, 0.0, True).vega.shape == (0, 3)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf, -np.inf])
def test_a_bad_row_spoils_no_neighbour(bad: float) -> None:
    good = [np.full(21, value) for value in (100.0, 95.0, 0.5, 0.2, 0.02, 0.01)]
    for axis in range(6):
        if bad == -1.0 and axis >= 4:
            continue  # a rate may be negative
        at = [column.copy() for column in good]
        at[axis][10] = bad
        for found, clean in (
            (european.greeks(*[*at, True]), european.greeks(*[*good, True])),
            (european.higher_greeks(*[*at, True]), european.higher_greeks(*[*good, True])),
        ):
            for row, other in zip(found, clean, strict=True):
                assert np.isnan(row[10])
                np.testing.assert_array_equal(np.delete(row, 10), np.delete(other, 10))


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_any_scale_of_money(scale: float) -> None:
    at, there = (european.greeks(unit, 1.1 * unit, 0.5, 0.3, 0.02, 0.01, True) for unit in (1.0, scale))
    assert there.price == pytest.approx(scale * at.price, rel=1e-13)
    assert there.delta == pytest.approx(at.delta, rel=1e-13)
    assert there.gamma == pytest.approx(at.gamma / scale, rel=1e-13)
    assert there.charm == pytest.approx(at.charm, rel=1e-12)
    assert european.price(1e300, 1e-300, 1.0, 0.2, 0.0, 0.0, True) == 1e300


def test_third_derivatives_of_the_smallest_currency() -> None:
    plain = european.higher_greeks(1.0, 1.1, 1.0, 0.2, 0.03, 0.01, True)
    small = european.higher_greeks(1e-150, 1.1e-150, 1.0, 0.2, 0.03, 0.01, True)
    for name, power in (("speed", -2), ("colour", -1), ("ultima", 1), ("dual_delta", 0)):
        expected = getattr(plain, name) * 1e-150**power if power > -2 else getattr(plain, name) * 1e150 * 1e150
        assert getattr(small, name) == pytest.approx(expected, rel=1e-13), name


def test_wings_down_to_the_smallest_prices() -> None:
    """60-digit values (mpmath) at spot 100, one year, no rates."""
    for strike, vol, price, delta in (
        (200.0, 0.023, 8.59271908687994e-201, 1.12880235770331e-199),
        (5000.0, 0.1, 0.0, 0.0),
    ):
        found = european.greeks(100.0, strike, 1.0, vol, 0.0, 0.0, True)
        assert found.price == pytest.approx(price, rel=1e-10, abs=1e-305)
        assert found.delta == pytest.approx(delta, rel=1e-10, abs=1e-305)


def test_ten_million_rows() -> None:
    strike = np.linspace(50.0, 150.0, 10_000_000)
    out = np.empty(strike.size)
    european.price(100.0, strike, 1, 0.2, 0.01, 0.0, True, out=out)
    assert out[::999_999] == pytest.approx(
        european.price(100.0, strike[::999_999], 1.0, 0.2, 0.01, 0.0, True), rel=1e-13
    )


def test_four_threads_get_the_same() -> None:
    at = plane(2, 60_000)
    alone = np.array(european.greeks(*at))
    results: list[Any] = [None] * 4

    def work(i: int) -> None:
        results[i] = np.array(european.greeks(*at))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        np.testing.assert_array_equal(result, alone)


def test_black76_greeks_are_derivatives() -> None:
    forward, strike, time, vol, rate = 100.0, 105.0, 0.75, 0.3, 0.04
    found = black76.greeks(forward, strike, time, vol, np.exp(-rate * time), False)

    def price(f: float = forward, t: float = time, v: float = vol, r: float = rate) -> float:
        return float(black76.price(f, strike, t, v, np.exp(-r * t), False))

    def delta(t: float) -> float:
        return float(black76.greeks(forward, strike, t, vol, np.exp(-rate * t), False).delta)

    h = 1e-4
    assert found.delta == pytest.approx((price(f=forward + h) - price(f=forward - h)) / (2 * h), rel=1e-8)
    assert found.vega == pytest.approx((price(v=vol + h) - price(v=vol - h)) / (2 * h), rel=1e-6)
    assert found.theta == pytest.approx(-(price(t=time + h) - price(t=time - h)) / (2 * h), rel=1e-6)
    assert found.rho == pytest.approx((price(r=rate + h) - price(r=rate - h)) / (2 * h), rel=1e-6)
    assert found.charm == pytest.approx(-(delta(time + h) - delta(time - h)) / (2 * h), rel=1e-6)
    assert black76.price(100.0, 90.0, 0.0, 0.2, 0.5, True) == 5.0
    assert np.isnan(black76.price(100.0, 90.0, 1.0, 0.2, [-1.0, np.nan, np.inf], True)).all()
    assert np.isnan(np.array(black76.greeks(100.0, 90.0, 1.0, 0.2, -1.0, True))).all()
    assert list(black76.greeks(100.0, 90.0, 1.0, 0.2, 0.0, True)) == [0.0] * 9
