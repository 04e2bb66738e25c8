"""Comparing symbols: both begin at one point, and the change said is the other's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.app.views.chart import ChartView
from terminal.app.views.chart_compare import MOST_COMPARED, CompareError, ComparisonSet
from terminal.core.clock import NS_PER_S
from tests.app.views.small_market import SmallMarket

_MINUTE_NS = 60 * NS_PER_S
_closes = st.lists(st.tuples(st.integers(5_000, 20_000), st.integers(1_000, 9_000)), min_size=3, max_size=40)


def compared_chart(closes: list[tuple[int, int]]) -> tuple[ChartView, ComparisonSet, SmallMarket]:
    market = SmallMarket()
    for own, other in closes:
        market.trade(market.acme.id, own * 100, 10, after_ns=_MINUTE_NS)
        market.trade(market.options[0], other * 100, 1)
    view = ChartView(market.state)
    view.set_frame("1m")
    view.show(market.acme)
    view.refresh()
    compared = ComparisonSet(market.state)
    compared.add(market.table.get(market.options[0]), market.acme)
    assert compared.follow(view)
    return view, compared, market


@given(_closes)
@settings(max_examples=40, deadline=None)
def test_both_begin_at_one_point_and_the_change_is_the_others(closes: list[tuple[int, int]]) -> None:
    view, compared, _ = compared_chart(closes)
    line = compared.items[0].line(view, 1_000)
    assert line is not None
    first, last = view.visible()
    assert line.px[0] == pytest.approx(closes[first][0] * 100)
    assert line.change == pytest.approx(closes[last - 1][1] / closes[first][1] - 1)
    assert list(line.places) == list(range(first, last))
    shape = np.array([other for _, other in closes[first:last]], np.float64)
    assert line.px / line.px[0] == pytest.approx(shape / shape[0])


def test_a_long_line_is_thinned_and_keeps_its_ends() -> None:
    view, compared, _ = compared_chart([(10_000 + at, 5_000 + at % 7) for at in range(120)])
    whole, thin = (compared.items[0].line(view, most) for most in (1_000, 10))
    assert whole is not None
    assert thin is not None
    assert len(thin.px) == 10
    assert (thin.px[0], thin.px[-1]) == (whole.px[0], whole.px[-1])


def test_a_symbol_without_trades_in_view_gives_no_line() -> None:
    view, compared, market = compared_chart([(10_000, 5_000)] * 5)
    compared.add(market.table.get(market.options[1]), market.acme)
    compared.follow(view)
    assert compared.items[1].line(view, 100) is None


def test_what_cannot_be_compared_is_refused_with_a_sentence() -> None:
    _, compared, market = compared_chart([(10_000, 5_000)] * 3)
    with pytest.raises(CompareError, match="own symbol"):
        compared.add(market.acme, market.acme)
    with pytest.raises(CompareError, match="already"):
        compared.add(market.table.get(market.options[0]), market.acme)
    for option in market.options[1:MOST_COMPARED]:
        compared.add(market.table.get(option), market.acme)
    with pytest.raises(CompareError, match="at the most"):
        compared.add(market.table.get(market.options[5]), market.acme)
    compared.remove(market.options[0])
    assert market.table.get(market.options[0]).symbol not in compared.symbols()
