"""Revaluation of books with American options: against single prices, beside European and linear positions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from terminal.quant import american
from terminal.quant.american import Accuracy
from terminal.quant.scenarios import Book, Sticky, Style, revalue

SPOTS, VOLS, TIMES = (-0.3, 0.0, 0.1), (0.0, 0.1), (0.0, 0.25)


def book(count: int = 60, seed: int = 1) -> Book:
    """Options of a few expiries, long and short."""
    chance = np.random.default_rng(seed)
    return Book(
        spot=np.full(count, 100.0),
        strike=chance.uniform(60.0, 150.0, count),
        time=chance.choice([0.1, 0.5, 1.5], count),
        vol=chance.uniform(0.1, 0.6, count),
        rate=chance.choice([-0.01, 0.0, 0.05], count),
        dividend_yield=chance.choice([0.0, 0.03, 0.08], count),
        is_call=chance.random(count) < 0.5,
        quantity=chance.integers(-20, 21, count),
        style=Style.AMERICAN,
    )


def single(some: Book, spot: float, vol: float, elapsed: float) -> Any:
    """Prices of the book's options one cell at a time."""
    return american.price(
        np.asarray(some.spot) * (1.0 + spot),
        some.strike,
        np.maximum(np.asarray(some.time) - elapsed, 0.0),
        np.asarray(some.vol) + vol,
        some.rate,
        some.dividend_yield,
        some.is_call,
        accuracy=Accuracy.FAST,
    )


def test_every_cell_is_the_american_price() -> None:
    some = book()
    found = revalue(some, SPOTS, VOLS, TIMES, by_position=True)
    assert found.positions is not None
    base = single(some, 0.0, 0.0, 0.0)
    assert found.base_value == pytest.approx(np.sum(base * some.quantity))
    for at in np.ndindex(found.pnl.shape):
        gains = (single(some, SPOTS[at[1]], VOLS[at[2]], TIMES[at[0]]) - base) * some.quantity
        assert np.allclose(found.positions[at], gains, rtol=0.0, atol=1e-10)
        assert found.pnl[at] == pytest.approx(gains.sum(), abs=1e-8)
    assert np.all(found.positions[0, 1, 0] == 0.0)
    assert not found.missing.any()


def test_early_exercise_is_worth_something_and_accuracy_is_chosen() -> None:
    some = Book(100.0, 100.0, 1.0, 0.2, 0.06, 0.0, False, 1.0, style=[Style.AMERICAN, Style.EUROPEAN])
    found = revalue(some, (-0.3, 0.1), by_position=True)
    assert found.positions is not None
    assert found.base_value > 2.0 * 4.5
    american_gain, european_gain = found.positions[0, 0, 0]
    assert american_gain > european_gain + 1.0
    precise = revalue(some, (-0.3, 0.1), accuracy=Accuracy.PRECISE)
    assert np.allclose(precise.pnl, found.pnl, atol=1e-4)
    assert not np.array_equal(precise.pnl, found.pnl)


def test_styles_add_up_in_one_book() -> None:
    some = book(90)
    styles = np.resize([Style.AMERICAN, Style.EUROPEAN, Style.LINEAR], 90)
    mixed = revalue(replace(some, style=styles), SPOTS, VOLS, TIMES, by_position=True)
    assert mixed.positions is not None
    total = np.zeros(mixed.pnl.shape)
    base = 0.0
    names = ("spot", "strike", "time", "vol", "rate", "dividend_yield", "is_call", "quantity")
    for style in Style:
        rows = np.flatnonzero(styles == style)
        part = revalue(
            Book(**{name: getattr(some, name)[rows] for name in names}, style=style),
            SPOTS,
            VOLS,
            TIMES,
            by_position=True,
        )
        assert part.positions is not None
        assert np.allclose(mixed.positions[..., rows], part.positions, rtol=0.0, atol=1e-9)
        total += part.pnl
        base += part.base_value
    assert np.allclose(mixed.pnl, total, atol=1e-7)
    assert mixed.base_value == pytest.approx(base)


def test_a_bad_american_position_is_left_out_and_named() -> None:
    some = book(12)
    vol = np.array(some.vol)
    vol[[2, 7]] = np.nan, -0.1
    styles = np.resize([Style.AMERICAN, Style.AMERICAN, Style.AMERICAN, Style.EUROPEAN], 12)
    found = revalue(replace(some, vol=vol, style=styles), SPOTS, VOLS, TIMES, by_position=True)
    assert found.missing_positions.tolist() == [2, 7]
    assert np.all(found.missing == 2)
    assert found.missing_base == 2
    quiet = np.where(np.isin(np.arange(12), [2, 7]), 0, some.quantity)
    clean = revalue(replace(some, quantity=quiet, style=styles), SPOTS, VOLS, TIMES)
    assert np.allclose(found.pnl, clean.pnl, atol=1e-9)


def test_expiry_within_the_step_pays_off_and_the_smile_moves_american_vols_too() -> None:
    some = replace(book(30), time=0.1)
    found = revalue(some, (-0.1, 0.2), 0.0, 0.2, by_position=True)
    assert found.positions is not None
    base = single(some, 0.0, 0.0, 0.0)
    for at, spot in enumerate((90.0, 120.0)):
        payoff = np.maximum(np.where(some.is_call, spot - some.strike, some.strike - spot), 0.0)
        assert np.allclose(found.positions[0, at, 0], (payoff - base) * some.quantity)
    sloped = revalue(replace(some, slope=-0.2), (-0.1, 0.2), sticky=Sticky.DELTA, by_position=True)
    assert sloped.positions is not None
    moved = single(replace(some, vol=some.vol + 0.2 * np.log(0.9)), -0.1, 0.0, 0.0)
    assert np.allclose(sloped.positions[0, 0, 0], (moved - base) * some.quantity, atol=1e-10)
    smile = revalue(some, (-0.1, 0.2), sticky=Sticky.DELTA, smile=lambda k, time, rows: 0.3 - 0.2 * k, by_position=True)
    assert np.allclose(smile.pnl, sloped.pnl)
