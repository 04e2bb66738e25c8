"""Every named strategy is recognised whatever the order and the size; the others say what they hold."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.portfolio.strategies.catalog import BY_ID, STRATEGIES, Strategy, Widths, found_by
from terminal.portfolio.strategies.legs import ROUND_LOT, Kind, StrategyLeg
from terminal.portfolio.strategies.recognise import recognise

_EQUAL, _UNEQUAL = (90.0, 100.0, 110.0, 120.0), (90.0, 95.0, 110.0, 140.0)


def _legs(strategy: Strategy, units: int = 1) -> list[StrategyLeg]:
    strikes = _UNEQUAL if strategy.widths is Widths.UNEQUAL else _EQUAL
    legs = []
    for ratio, letter, strike, expiry in strategy.shape:
        kind = Kind(letter)
        if kind is Kind.STOCK:
            legs.append(StrategyLeg(ratio * units * ROUND_LOT, kind))
        else:
            legs.append(StrategyLeg(ratio * units, kind, strikes[strike], 1_000 * (expiry + 1)))
    return legs


def test_there_are_more_than_thirty_and_no_two_are_the_same() -> None:
    assert len(STRATEGIES) > 80
    assert len(BY_ID) == len({each.name for each in STRATEGIES}) == len(STRATEGIES)
    told_apart = {(each.shape, each.widths) for each in STRATEGIES}
    assert len(told_apart) == len(STRATEGIES)
    for shape in {each.shape for each in STRATEGIES}:
        widths = {each.widths for each in STRATEGIES if each.shape == shape}
        assert widths in ({Widths.ANY}, {Widths.EQUAL}, {Widths.EQUAL, Widths.UNEQUAL})


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda each: each.id)
def test_each_has_a_rule_for_each_strike(strategy: Strategy) -> None:
    slots = {place[2] for place in strategy.shape if place[2] >= 0}
    assert slots == set(range(len(strategy.rules)))


@given(st.sampled_from(STRATEGIES), st.integers(1, 12), st.randoms(use_true_random=False))
def test_order_and_size_play_no_part(strategy: Strategy, units: int, rng: random.Random) -> None:
    legs = _legs(strategy, units)
    rng.shuffle(legs)
    found = recognise(legs)
    assert (found.strategy, found.units, found.name) == (strategy, units, strategy.name)


@given(st.sampled_from(STRATEGIES), st.integers(1, 5))
def test_a_leg_bought_in_two_parts_is_one(strategy: Strategy, units: int) -> None:
    legs = _legs(strategy, units)
    first = legs[0]
    parts = [StrategyLeg(first.quantity * n, first.kind, first.strike, first.expires_ns) for n in (3, -2)]
    assert recognise([*legs[1:], *parts]).strategy == strategy


def test_what_has_no_name_says_what_it_holds() -> None:
    call, put = StrategyLeg(3, Kind.CALL, 100.0, 1), StrategyLeg(-1, Kind.PUT, 95.0, 1)
    found = recognise([call, put, StrategyLeg(100, Kind.STOCK), StrategyLeg(-2, Kind.CALL, 110.0, 2)])
    assert found.strategy is None
    assert found.name == "Custom: +3 calls, −2 calls, −1 put, +100 shares"
    odd = recognise([StrategyLeg(37, Kind.STOCK), StrategyLeg(-1, Kind.CALL, 100.0, 1)])
    assert (odd.strategy, odd.units) == (None, 1)
    assert recognise([]).name == ""
    assert recognise([StrategyLeg(0, Kind.CALL, 100.0, 1)]).name == ""


@pytest.mark.parametrize(
    ("low", "high", "kind", "name"),
    [
        (2, -3, Kind.CALL, "Call ratio spread 2:3"),
        (-3, 2, Kind.PUT, "Put ratio spread 2:3"),
        (-2, 5, Kind.CALL, "Call backspread 2:5"),
        (5, -2, Kind.PUT, "Put backspread 2:5"),
        (3, -2, Kind.CALL, "Custom: +3 calls, −2 calls"),
        (3, 2, Kind.CALL, "Custom: +5 calls"),
    ],
)
def test_other_ratios(low: int, high: int, kind: Kind, name: str) -> None:
    assert recognise([StrategyLeg(low, kind, 90.0, 1), StrategyLeg(high, kind, 100.0, 1)]).name == name


def test_names_are_found_by_words_and_the_beginning_goes_first() -> None:
    assert found_by("iron con")[0].name == "Iron condor"
    assert {each.name for each in found_by("butterfly put")} >= {"Put butterfly", "Broken-wing put butterfly"}
    assert found_by("xyzzy") == ()
    assert found_by("") == STRATEGIES
