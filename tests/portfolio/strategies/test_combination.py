"""The price of several legs as one, and their Greeks together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.instruments import Instrument
from terminal.core.money import ABSENT_PX
from terminal.market.rows import QUOTE_ROW, Quality, Rows
from terminal.portfolio.strategies.combination import combination_price, net_greeks
from terminal.portfolio.strategies.legs import Kind, StrategyLeg
from terminal.portfolio.strategies.position import position_of
from tests.market.analytics import chains
from tests.portfolio.strategies.scenes import leg, reckoned

TABLE, STOCK, CONTRACTS = chains.listed()
OPTIONS = [TABLE.get(int(each)) for each in CONTRACTS.ids[:4]]


def _quotes(*sides: tuple[int, int]) -> Rows:
    rows = np.zeros(len(sides), QUOTE_ROW)
    for row, (bid, ask) in zip(rows, sides, strict=True):
        row["bid_px"], row["ask_px"] = bid, ask
        row["bid_ts_ns"], row["ask_ts_ns"] = 50, 40
        row["quality"] = Quality.OK
    return rows


def _leg(quantity: int, row: Instrument) -> StrategyLeg:
    return StrategyLeg(quantity, Kind.STOCK if row.option is None else Kind.CALL, instrument=row.id)


def test_a_vertical_by_hand() -> None:
    rows = OPTIONS[:2]
    quotes = _quotes((40_000, 41_000), (20_000, 20_500))
    found = combination_price([_leg(3, rows[0]), _leg(-3, rows[1])], rows, quotes)
    assert (found.natural_px, found.mid_px, found.far_px) == (21_000, 20_200, 19_500)
    assert found.oldest_ts_ns == 40
    sold = combination_price([_leg(-3, rows[0]), _leg(3, rows[1])], rows, quotes)
    assert (sold.natural_px, sold.far_px) == (-19_500, -21_000)


def test_a_covered_call_is_quoted_by_the_share() -> None:
    quotes = _quotes((1_000_000, 1_000_200), (20_000, 20_400))
    found = combination_price([_leg(200, STOCK), _leg(-2, OPTIONS[0])], [STOCK, OPTIONS[0]], quotes)
    assert (found.natural_px, found.mid_px, found.far_px) == (980_200, 979_900, 979_600)


@pytest.mark.parametrize(
    ("bid", "ask", "quality", "known"),
    [
        (ABSENT_PX, 500, Quality.ASK_ONLY, (True, True, True)),
        (0, 500, Quality.ASK_ONLY, (True, True, True)),
        (500, ABSENT_PX, Quality.BID_ONLY, (False, False, True)),
        (600, 500, Quality.CROSSED, (False, False, False)),
    ],
)
def test_a_side_that_is_missing_is_no_price(bid: int, ask: int, quality: Quality, known: tuple[bool, ...]) -> None:
    quotes = _quotes((bid, ask))
    quotes["quality"] = quality
    found = combination_price([_leg(1, OPTIONS[0])], OPTIONS[:1], quotes)
    assert tuple(each is not None for each in (found.natural_px, found.mid_px, found.far_px)) == known


@given(st.lists(st.tuples(st.integers(-4, 4).filter(bool), st.integers(0, 900), st.integers(1, 90)), min_size=1,
                max_size=4))  # fmt: skip
def test_natural_is_never_better_than_mid_and_mid_never_than_far(rows: list[tuple[int, int, int]]) -> None:
    options = OPTIONS[: len(rows)]
    legs = [_leg(quantity, row) for (quantity, _, _), row in zip(rows, options, strict=True)]
    quotes = _quotes(*((bid * 100, (bid + width) * 100) for _, bid, width in rows))
    found = combination_price(legs, options, quotes)
    assert found.natural_px is not None
    assert found.mid_px is not None
    assert found.far_px is not None
    assert found.natural_px >= found.mid_px >= found.far_px
    assert found.mid_px % 100 == 0


def test_greeks_are_sums_in_the_units_of_the_house() -> None:
    values = reckoned()
    legs = [leg(values, 2, "C", 100.0), leg(values, -1, "P", 90.0), leg(values, 100, "S")]
    found = net_greeks(legs, values, position_of(legs, values, [math.nan] * 3))
    call, put = (values.values[values.contracts.ids == each.instrument][0] for each in legs[:2])
    assert found.delta == pytest.approx(200 * call["delta"] - 100 * put["delta"] + 100)
    assert found.delta_cash == pytest.approx(found.delta * values.spot.price)
    assert found.gamma_percent == pytest.approx(found.gamma * values.spot.price / 100)
    assert found.theta == pytest.approx((200 * call["theta"] - 100 * put["theta"]) / 365)
    assert found.vega == pytest.approx((200 * call["vega"] - 100 * put["vega"]) / 100)
