"""Formulas: what they give, bar by bar as at once, what they refuse and where."""

from __future__ import annotations

import ast
import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.market.bar_series import BarSeries
from terminal.market.indicators.computation import columns_of
from terminal.market.indicators.formula import COLUMNS, Formula, FormulaError, functions, names
from terminal.market.indicators.series import IndicatorSeries
from tests.market.indicators.test_indicators import walk

BARS = walk(500)
COLUMNS_OF = columns_of(BARS, 10_000)


def values(text: str, count: int = 500) -> np.ndarray:
    return Formula(text).fill(COLUMNS_OF.part(0, count))[0]


def test_the_example_of_the_manual() -> None:
    import talib

    close = BARS["close"] / 10_000
    wanted = talib.EMA(close, 9) - talib.EMA(close, 21)
    np.testing.assert_array_equal(values("ema(close, 9) - ema(close, 21)"), wanted)


def test_arithmetic_bars_back_and_choices() -> None:
    close = BARS["close"] / 10_000
    np.testing.assert_allclose(values("(close - close[1]) / close[1] * 100")[1:], np.diff(close) / close[:-1] * 100)
    assert np.isnan(values("close[3]")[:3]).all()
    np.testing.assert_array_equal(values("1 if close > open else -1"), np.where(close > BARS["open"] / 1e4, 1.0, -1.0))
    np.testing.assert_array_equal(values("close > 0 and not volume < 0"), np.ones(500))
    np.testing.assert_array_equal(values("change(close)")[1:], np.diff(close))
    np.testing.assert_array_equal(values("max(open, close) >= min(open, close)"), np.ones(500))
    crossings = values("crossover(sma(close, 5), sma(close, 20))")
    below = values("crossunder(sma(close, 5), sma(close, 20))")
    assert 2 < np.nansum(crossings) < 60
    assert abs(np.nansum(crossings) - np.nansum(below)) <= 1
    # A comparison with nothing is nothing.
    assert np.isnan(values("sma(close, 20) > 0")[:19]).all()


FORMULAS = [
    "ema(close, 9) - ema(close, 21)",
    "macd_histogram(close, 12, 26, 9)",
    "bbands_upper(hl2, 20, 2, 2) - bbands_lower(hl2, 20)",
    "rsi(ema(close, 5), timeperiod=9)[2]",
    "stoch(5, 3) - stoch_d(5, 3)",
    "sma(close / volume, 10)",
    "highest(high, 20) - lowest(low, 20)",
    "where(crossover(close, vwap()), log(volume), atr(14))",
    "sum(volume * (close > open), 15) / sum(volume, 15)",
    "(close % 3) ** 0.5 + nz(close[40], -1)",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_bar_by_bar_gives_what_the_whole_history_gives(text: str) -> None:
    """Also across bars without volume, where a quotient has no value."""
    followed, source = IndicatorSeries(lambda: Formula(text), 1, 10_000, 1, None), BarSeries()
    source.replace(BARS[:6])
    followed.follow(source)
    for count in range(7, 501):
        growing = BARS[count - 4 : count].copy()
        growing["close"][-1] = growing["high"][-1]
        source.join(growing)
        followed.follow(source)
        source.join(BARS[count - 4 : count])
        followed.follow(source)
    assert followed.error is None, followed.error
    np.testing.assert_allclose(followed.values(0), values(text), rtol=1e-9, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "write a formula"),
        ("emaa(close, 9)", 1, "did you mean 'ema'"),
        ("close + clse", 9, "did you mean 'close'"),
        ("ema(close, 9", 1, "no formula"),
        ("close.real", 1, "dot"),
        ("().__class__", 1, "dot"),
        ("__import__('os')", 1, "no function"),
        ("[1, 2]", 1, "cannot stand"),
        ("(lambda: 1)()", 1, "dot"),
        ("'text'", 1, "cannot stand"),
        ("close if", 1, "no formula"),
        ("ema(close, period)", 12, "plain number"),
        ("ema(close, 2.5)", 12, "whole number"),
        ("ema(close, 0)", 12, "cannot be 0"),
        ("ema(9)", 1, ""),
        ("ema()", 1, "needs what it is computed of"),
        ("ema(close, 9, 9, 9)", 1, "too many"),
        ("ema(close, size=9)", 17, "does not take"),
        ("ema(*close)", 1, "one by one"),
        ("close[-1]", 1, "bars"),
        ("close[n]", 1, "bars"),
        ("close[99999]", 1, "bars back"),
        ("abs(1, 2)", 1, "1 argument"),
        ("close in open", 1, "compare"),
        ("close := 3", 1, ""),
        ("9" * 400 + "0", 1, "too large"),
        ("+".join(["close"] * 200), 1, "parts"),
        ("-" * 1500 + "close", 1, ""),
        ("(" * 900 + "close" + ")" * 900, 1, ""),
        ("x" * 3000, 2000, "characters"),
        ("ema", 1, "brackets"),
        ("stddev(close, 1)", 1, "refuses"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place(text: str, column: int, says: str) -> None:
    if text == "ema(9)":
        # A number is a line too: its average is itself.
        assert values(text)[-1] == 9
        return
    with pytest.raises(FormulaError, match=r"column \d+") as found:
        Formula(text)
    assert says in str(found.value)
    if says and says not in {"no formula", "parts"}:
        assert found.value.column == column


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="closeprmax()[],.+-*/%<>=!0123456789 \n'\"_:;lambda", max_size=60))
def test_whatever_is_typed_is_a_formula_or_a_formula_error(text: str) -> None:
    with contextlib.suppress(FormulaError):
        assert len(Formula(text).fill(COLUMNS_OF)[0]) == 500


def test_every_name_can_be_called_and_none_is_a_word_of_python() -> None:
    for name in names():
        ast.parse(f"{name}()")
    for name, (spec, _) in functions().items():
        text = f"{name}(close)" if spec.inputs == "source" else f"{name}()"
        assert len(values(text, 300)) == 300, name
    assert set(COLUMNS) >= {"open", "high", "low", "close", "volume"}
