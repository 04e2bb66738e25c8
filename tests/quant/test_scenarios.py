"""Revaluation of a book: every cell against the option formula, and what the axes and bad positions mean."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.quant import american, european
from terminal.quant.scenarios import CALENDAR_DAY, Book, Sticky, Style, VolShock, revalue

SPOTS, VOLS, TIMES = (-1.0, -0.5, -0.03, 0.0, 0.2, 3.0), (-0.2, 0.0, 0.1), (0.0, 0.1, 5.0)
PRICED = ("spot", "strike", "time", "vol", "rate", "dividend_yield", "is_call")


def options(count: int, seed: int = 1) -> Book:
    """Random options of both rights, long and short, from tomorrow's to three years'."""
    chance = np.random.default_rng(seed)
    return Book(
        spot=chance.uniform(20.0, 500.0, count),
        strike=chance.uniform(20.0, 500.0, count),
        time=np.exp(chance.uniform(np.log(1e-3), np.log(3.0), count)),
        vol=chance.uniform(0.05, 1.0, count),
        rate=chance.uniform(-0.01, 0.1, count),
        dividend_yield=chance.uniform(0.0, 0.1, count),
        is_call=chance.random(count) < 0.5,
        quantity=chance.integers(-20, 21, count),
        multiplier=100.0,
    )


def cell_by_cell(book: Book, spots: Any, vols: Any, times: Any, relative: bool = False) -> Any:
    """P&L by position from one call of european.price a cell: (time, spot, vol, position)."""
    spot, strike, time, vol, rate, carry, is_call = (getattr(book, name) for name in PRICED)
    base = european.price(spot, strike, time, vol, rate, carry, is_call)
    weight = np.asarray(book.quantity) * book.multiplier
    cells = np.empty((len(times), len(spots), len(vols), np.size(weight)))
    for at in np.ndindex(cells.shape[:3]):
        t, s, v = times[at[0]], spots[at[1]], vols[at[2]]
        moved = np.maximum(vol * (1.0 + v) if relative else vol + v, 0.0)
        now = european.price(
            spot * (1.0 + np.asarray(book.beta) * s), strike, np.maximum(time - t, 0.0), moved, rate, carry, is_call
        )
        cells[at] = (now - base) * weight
    return cells


@pytest.mark.parametrize("shock", VolShock)
def test_every_cell_is_the_option_formula(shock: VolShock) -> None:
    book = options(700)
    found = revalue(book, SPOTS, VOLS, TIMES, vol_shock=shock, by_position=True)
    expected = cell_by_cell(book, SPOTS, VOLS, TIMES, shock is VolShock.RELATIVE)
    scale = (4.0 * book.spot + book.strike) * (np.abs(book.quantity) * 100.0 + 1.0)
    assert found.positions is not None
    assert np.max(np.abs(found.positions - expected) / scale) < 1e-14
    assert found.pnl.shape == (3, 6, 3)
    assert np.allclose(found.pnl, expected.sum(axis=-1), rtol=0.0, atol=1e-13 * scale.sum())
    base = european.price(*(getattr(book, name) for name in PRICED)) * book.quantity * 100.0
    assert found.base_value == pytest.approx(base.sum(), abs=1e-13 * scale.sum())
    assert found.missing.sum() == found.missing_base == found.missing_positions.size == 0


def _zero_or(least: float, most: float) -> Any:
    return st.just(0.0) | st.floats(least, most)


def _steps(least: float, most: float) -> Any:
    return st.floats(least, most).map(lambda value: round(value, 9))


@settings(max_examples=60, deadline=None)
@given(
    spot=st.floats(0.0, 1e6), strike=st.floats(0.0, 1e6), time=_zero_or(1e-12, 50.0), vol=_zero_or(1e-12, 5.0),
    rate=st.floats(-0.1, 0.3), carry=st.floats(-0.1, 0.3), is_call=st.booleans(),
    shock=st.floats(-1.0, 5.0), vol_shock=_steps(-1.0, 5.0), elapsed=_steps(-1.0, 60.0),
)  # fmt: skip
def test_any_option_at_any_corner(
    spot: float, strike: float, time: float, vol: float, rate: float, carry: float, is_call: bool,
    shock: float, vol_shock: float, elapsed: float,
) -> None:  # fmt: skip
    book = Book(spot, strike, time, vol, rate, carry, is_call, 1.0)
    found = revalue(book, shock, vol_shock, elapsed)
    left = max(time - elapsed, 0.0)
    base = european.price(spot, strike, time, vol, rate, carry, is_call)
    now = european.price(spot * (1.0 + shock), strike, left, max(vol + vol_shock, 0.0), rate, carry, is_call)
    scale = max(spot * (1.0 + abs(shock)), strike) * np.exp(0.3 * max(time, left, 1.0))
    assert abs(found.pnl.item() - (now - base)) <= 1e-13 * scale
    assert found.missing.item() == 0


@pytest.mark.parametrize("name", ["time", "vol"])
def test_hardly_any_time_or_vol_is_none(name: str) -> None:
    tiny = np.tile([5e-324, 2.3e-308, 1e-250, 1e-160], 3)
    book = Book(100.0, np.repeat([90.0, 100.0, 110.0], 4), 1.0, 0.3, 0.0, 0.0, True, 1.0)
    found = revalue(replace(book, **{name: tiny}), (0.0, 0.05))
    assert found.base_value == pytest.approx(40.0)
    assert found.pnl.reshape(-1).tolist() == pytest.approx([0.0, 4 * (5.0 + 5.0 + 0.0)])


def test_no_shock_is_no_gain_to_the_last_bit() -> None:
    for sticky in Sticky:
        book = replace(options(500), slope=-0.1)
        found = revalue(book, (0.0, 0.1), (0.0, 0.05), sticky=sticky, by_position=True)
        assert found.positions is not None
        assert np.all(found.positions[0, 0, 0] == 0.0)
        assert found.pnl[0, 0, 0] == 0.0


def test_gains_are_linear_in_quantity_and_add_up_over_books() -> None:
    book = options(300)
    once = revalue(book, SPOTS, VOLS, TIMES).pnl
    assert np.allclose(revalue(replace(book, multiplier=-200.0), SPOTS, VOLS, TIMES).pnl, -2.0 * once, rtol=1e-12)
    halves = [
        Book(**{name: getattr(book, name)[part] for name in (*PRICED, "quantity")}, multiplier=100.0)
        for part in (slice(0, 150), slice(150, 300))
    ]
    both = sum(revalue(half, SPOTS, VOLS, TIMES).pnl for half in halves)
    assert np.allclose(both, once, rtol=1e-11, atol=1e-6)


def test_stock_follows_its_spot_and_nothing_else() -> None:
    book = Book(50.0, np.nan, np.nan, np.nan, np.nan, np.nan, False, [10, -4], style=Style.LINEAR, beta=[1.0, 2.0])
    found = revalue(book, (-0.1, 0.0, 0.1), (0.0, 0.5), (0.0, 1.0), by_position=True)
    assert found.base_value == pytest.approx(300.0)
    assert found.positions is not None
    assert np.allclose(found.positions[:, 2], [50.0, -40.0])
    assert np.allclose(found.pnl[:, :, 0], [[-10.0, 0.0, 10.0]] * 2)


def test_an_option_that_expires_within_the_shift_pays_off_at_the_new_spot() -> None:
    book = Book(100.0, [90.0, 100.0, 110.0], [1.0, 2.0, 30.0], 0.3, 0.05, 0.02, [True, False, True], [1, 1, 1])
    book = replace(book, time=np.asarray(book.time) * CALENDAR_DAY)
    found = revalue(book, (-0.05, 0.05), 0.0, 7 * CALENDAR_DAY, by_position=True)
    base = european.price(*(getattr(book, name) for name in PRICED))
    assert found.positions is not None
    pnl = found.positions[0, :, 0]
    assert np.allclose(pnl[:, 0] + base[0], [5.0, 15.0])
    assert np.allclose(pnl[:, 1] + base[1], [5.0, 0.0])
    assert np.allclose(pnl[1, 2] + base[2], european.price(105.0, 110.0, 23 / 365, 0.3, 0.05, 0.02, True))


def test_a_smile_that_is_flat_sticks_to_delta_as_to_the_strike() -> None:
    book = options(400)
    strike = revalue(book, SPOTS, VOLS, TIMES)
    delta = revalue(book, SPOTS, VOLS, TIMES, sticky=Sticky.DELTA)
    flat = revalue(book, SPOTS, VOLS, TIMES, sticky=Sticky.DELTA, smile=lambda k, time, rows: np.full(k.shape, 0.3))
    assert np.array_equal(strike.pnl, delta.pnl)
    assert np.array_equal(strike.pnl, flat.pnl)
    sloped = replace(book, slope=-0.2)
    assert np.array_equal(revalue(sloped, SPOTS, VOLS, TIMES).pnl, strike.pnl)


def test_the_smile_moves_with_the_spot() -> None:
    chance = np.random.default_rng(3)
    strike, time = chance.uniform(70.0, 140.0, 50), chance.uniform(0.05, 1.0, 50)

    def smile(k: Any, time: Any, rows: Any = None) -> Any:
        return 0.25 - 0.1 * k / np.sqrt(time) + 0.2 * k * k

    k = np.log(strike / 100.0)
    book = Book(100.0, strike, time, smile(k, time), 0.03, 0.01, strike > 100.0, 1.0)
    found = revalue(book, (-0.1, 0.15), 0.02, sticky=Sticky.DELTA, smile=smile, by_position=True)
    line = revalue(replace(book, slope=-0.1 / np.sqrt(time)), (-0.1, 0.15), sticky=Sticky.DELTA, by_position=True)
    base = european.price(*(getattr(book, name) for name in PRICED))
    assert found.positions is not None
    assert line.positions is not None
    for at, shock in enumerate((-0.1, 0.15)):
        spot = 100.0 * (1.0 + shock)
        moved = smile(np.log(strike / spot), time)
        expected = european.price(spot, strike, time, moved + 0.02, 0.03, 0.01, book.is_call)
        assert np.allclose(found.positions[0, at, 0], expected - base, rtol=0.0, atol=1e-11)
        straight = book.vol + 0.1 / np.sqrt(time) * np.log(1.0 + shock)
        expected = european.price(spot, strike, time, straight, 0.03, 0.01, book.is_call)
        assert np.allclose(line.positions[0, at, 0], expected - base, rtol=0.0, atol=1e-11)


def test_each_underlying_moves_by_its_beta() -> None:
    book = Book(
        [100.0, 50.0], [100.0, 50.0, 45.0], 0.5, 0.2, 0.0, 0.0, True, [1.0, 2.0, 3.0],
        beta=[1.0, 1.5], underlying=[0, 1, 1],
    )  # fmt: skip
    flat = replace(book, spot=[100.0, 50.0, 50.0], beta=np.array([1.0, 1.5, 1.5]), underlying=None)
    found = revalue(book, (-0.2, 0.1), (0.0, 0.1), by_position=True)
    assert np.array_equal(found.pnl, revalue(flat, (-0.2, 0.1), (0.0, 0.1)).pnl)
    assert found.positions is not None
    spot = np.array([80.0, 35.0, 35.0])
    base = european.price(np.array([100.0, 50.0, 50.0]), book.strike, 0.5, 0.2, 0.0, 0.0, True)
    now = european.price(spot, book.strike, 0.5, 0.2, 0.0, 0.0, True)
    assert np.allclose(found.positions[0, 0, 0], (now - base) * book.quantity, atol=1e-12)
    lost = revalue(replace(book, underlying=[0, 2, -1]), 0.1)
    assert lost.missing_positions.tolist() == [1, 2]


BAD = {
    "spot": (np.nan, -1.0, np.inf),
    "strike": (np.nan, -1.0),
    "time": (np.nan, -0.1),
    "vol": (np.nan, -0.1, np.inf),
    "rate": (np.nan,),
    "dividend_yield": (-np.inf,),
    "quantity": (np.nan,),
    "style": (7.0,),
}


@pytest.mark.parametrize("name", BAD)
def test_a_position_that_cannot_be_valued_is_left_out_by_itself_and_named(name: str) -> None:
    book = options(600)
    clean = revalue(replace(book, quantity=np.where(np.arange(600) % 300 == 255, 0, book.quantity)), SPOTS, VOLS, TIMES)
    for value in BAD[name]:
        column = np.array(np.broadcast_to(np.asarray(getattr(book, name), float), 600))
        column[[255, 555]] = value
        found = revalue(replace(book, **{name: column}), SPOTS, VOLS, TIMES, by_position=True)
        assert found.missing_positions.tolist() == [255, 555]
        assert np.all(found.missing == 2)
        assert found.missing_base == 2
        assert np.array_equal(found.pnl, clean.pnl)
        assert found.positions is not None
        assert np.isnan(found.positions[..., [255, 555]]).all()
        assert np.isfinite(np.delete(found.positions, [255, 555], axis=-1)).all()


@pytest.mark.parametrize("style", [Style.LINEAR, Style.EUROPEAN, Style.AMERICAN])
def test_a_loss_of_more_than_all_leaves_nothing(style: Style) -> None:
    book = Book(100.0, 100.0, 1.0, 0.2, 0.01, 0.0, [True, False], 1.0, beta=3.0, style=style)
    found = revalue(book, (-0.5, -1.0 / 3.0), by_position=True)
    assert not found.missing.any()
    assert found.positions is not None
    crash = found.positions[0, 0, 0]
    if style is Style.LINEAR:
        assert crash.tolist() == [-100.0, -100.0]
    else:
        price = american.price if style is Style.AMERICAN else european.price
        for at, is_call in enumerate((True, False)):
            before, after = (price(spot, 100.0, 1.0, 0.2, 0.01, 0.0, is_call) for spot in (100.0, 0.0))
            assert crash[at] == pytest.approx(after - before, abs=1e-5)


def test_a_beta_that_is_unknown_leaves_its_position_out() -> None:
    found = revalue(Book(100.0, 100.0, 1.0, 0.2, 0.0, 0.0, True, [1.0, 1.0], beta=[1.0, np.nan]), (-0.6, 0.1))
    assert found.missing.reshape(-1).tolist() == [1, 1]
    assert found.missing_positions.tolist() == [1]


def test_a_smile_without_an_answer_leaves_its_position_out() -> None:
    book = options(5)

    def smile(k: Any, _time: Any, rows: Any) -> Any:
        return np.where((rows == 2) & (k < 0.5), np.nan, 0.2)

    found = revalue(replace(book, spot=100.0, strike=100.0), (-0.5, 0.0), sticky=Sticky.DELTA, smile=smile)
    assert found.missing.reshape(-1).tolist() == [1, 1]
    assert found.missing_positions.tolist() == [2]


def test_an_empty_book_and_an_empty_axis() -> None:
    none = np.empty(0)
    found = revalue(Book(none, none, none, none, none, none, np.empty(0, bool), none), SPOTS, VOLS, by_position=True)
    assert np.all(found.pnl == 0.0)
    assert found.pnl.shape == (1, 6, 3)
    assert found.base_value == 0.0
    assert found.positions is not None
    assert found.positions.shape == (1, 6, 3, 0)
    assert revalue(options(3), []).pnl.shape == (1, 0, 1)


def test_wrong_shapes_and_axes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"broadcast|shape mismatch"):
        revalue(replace(options(3), strike=np.ones(4)), 0.0)
    with pytest.raises(ValueError, match="one dimension"):
        revalue(replace(options(3), strike=np.ones((2, 3))), 0.0)
    for name in ("spot_shocks", "vol_shocks", "time_shifts"):
        for value in (np.nan, np.inf, np.zeros((2, 2))):
            axes: dict[str, Any] = {"spot_shocks": 0.0, name: value}
            with pytest.raises(ValueError, match=name):
                revalue(options(3), **axes)


def test_more_positions_than_are_taken_at_a_time_and_other_number_types() -> None:
    book = options(40_000)
    whole = revalue(book, (-0.1, 0.1), (0.0, 0.1))
    expected = cell_by_cell(book, (-0.1, 0.1), (0.0, 0.1), (0.0,)).sum(axis=-1)
    assert np.allclose(whole.pnl, expected, rtol=1e-10)
    mixed = replace(book, strike=np.asfortranarray(np.stack([book.strike] * 2))[0], quantity=book.quantity.astype("i2"))
    assert np.array_equal(revalue(mixed, (-0.1, 0.1), (0.0, 0.1)).pnl, whole.pnl)


def test_four_threads_say_the_same() -> None:
    book = options(3000)
    alone = revalue(book, SPOTS, VOLS, TIMES).pnl
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: revalue(book, SPOTS, VOLS, TIMES).pnl, range(8)))
    assert all(np.array_equal(each, alone) for each in found)
