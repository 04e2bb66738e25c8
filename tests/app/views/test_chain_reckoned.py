"""What the chain shows of the analytics: units, places, and nothing where nothing is known."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from terminal.app.views.cells import ABSENT
from terminal.app.views.chain_reckoned import SCALES, ReckonedChain
from terminal.market.analytics.chain_pass import ChainPass
from terminal.market.rows import Quality, Rows
from tests.market.analytics import chains
from tests.market.analytics.chains import NOW_NS, RATE


@pytest.fixture
def scene() -> tuple[ReckonedChain, ChainPass, Rows, np.ndarray]:
    """The second expiry of a chain on the screen, reckoned."""
    table, _stock, contracts = chains.listed()
    rows = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
    work = ChainPass(contracts, rate=RATE)
    view = ReckonedChain(table)
    part = contracts.expiries[1].rows
    ids = contracts.ids[part].reshape(-1, 2)
    view.show(ids)
    view.take(work.run(rows, chains.spot(), NOW_NS))
    return view, work, rows[part].reshape(-1, 2), np.arange(part.start, part.stop).reshape(-1, 2)


def test_cells_are_those_of_their_contracts_in_the_screens_units(scene: tuple[Any, ...]) -> None:
    view, _work, _quotes, places = scene
    cells = view.cells(3, 6)
    values = view.values.values[places[3:9]]
    np.testing.assert_array_equal(cells["delta"], np.rint(values["delta"] * 1000))
    np.testing.assert_array_equal(cells["theta"], np.rint(values["theta"] / 365 * 1000))
    np.testing.assert_array_equal(cells["vega"], np.rint(values["vega"] / 100 * 1000))
    np.testing.assert_array_equal(cells["value"], np.rint(values["value"] * 10_000))
    np.testing.assert_array_equal(cells["model_iv"], np.rint(values["vol"] * 1000))
    assert (cells["theta"][:, 0] < 0).all(), "time costs a call that is held"


def test_an_edge_is_the_middle_less_the_value_in_ticks_and_points(scene: tuple[Any, ...]) -> None:
    view, work, quotes, places = scene
    at = (6, 0)
    rows = np.zeros(work.contracts.count, quotes.dtype)
    rows[:] = chains.quoted(chains.fair(work.contracts, chains.smile(work.contracts)))
    for side in ("bid_px", "ask_px"):
        rows[side][places[at]] += 3000
    view.take(work.run(rows, chains.spot(), NOW_NS))
    cells, found = view.cells(0, 13), view.values.values[places[at]]
    mid = (int(rows["bid_px"][places[at]]) + int(rows["ask_px"][places[at]])) / 20_000
    assert found["mid"] == mid
    # A penny option: hundredths of the currency are ticks.
    assert cells["edge"][at] == pytest.approx((mid - found["value"]) * 1000, abs=1)
    assert cells["edge"][at] > 100, "ten ticks or more"
    assert cells["edge_vol"][at] > 50, "half a point or more"
    assert abs(int(cells["edge_vol"][2, 1])) < 50


def test_values_are_old_by_the_market_or_when_nothing_newer_comes(scene: tuple[Any, ...]) -> None:
    view, _work, _quotes, _places = scene
    second = 10**9

    def after(market_s: float, wall_s: float) -> bool:
        view.age(NOW_NS + int(market_s * second), 1000 * second + int(wall_s * second))
        return bool(view.is_old)

    assert not after(0.0, 0.0)
    assert not after(1.9, 1.9)
    assert after(2.5, 2.5), "a thread that stands still"
    assert not after(0.0, 3.0)
    assert not after(1.0, 3.1)
    view.take(dataclasses.replace(view.values, now_ns=NOW_NS))
    assert not after(3.0, 4.0), "ten times as fast, and the next pass is on its way"
    assert after(30.0, 4.1), "300 times"
    view.take(dataclasses.replace(view.values, now_ns=NOW_NS + 25 * second))
    assert after(29.0, 4.2), "and it does not flicker"
    assert after(-60.0, 5.0), "the past is shown, with values of now"


def test_extrinsic_is_what_is_paid_above_the_exercise(scene: tuple[Any, ...]) -> None:
    view, _work, quotes, _places = scene
    cells = view.cells(0, 13)
    strike = 100 - 15
    mid_px = int(quotes["bid_px"][3, 0] + quotes["ask_px"][3, 0]) // 2
    assert cells["extrinsic"][3, 0] == pytest.approx(mid_px - (100 - strike) * 10_000, abs=1)
    assert cells["extrinsic"][3, 1] == pytest.approx((quotes["bid_px"][3, 1] + quotes["ask_px"][3, 1]) / 2, abs=1)


def test_to_touch_is_likelier_than_to_end_beyond(scene: tuple[Any, ...]) -> None:
    view, _work, quotes, _places = scene
    cells = view.cells(0, 13)
    out = np.array([row for row in range(len(quotes)) if row > 6])
    assert (cells["touch"][out, 0] > 1.5 * cells["itm"][out, 0]).all()
    assert (cells["touch"][:, 0] <= 1000).all()


def test_nothing_is_shown_where_nothing_is_known(scene: tuple[Any, ...]) -> None:
    view, work, _quotes, places = scene
    rows = chains.quoted(chains.fair(work.contracts, chains.smile(work.contracts)))
    rows["quality"][places[4]] = Quality.CROSSED
    view.take(work.run(rows, chains.spot(), NOW_NS))
    cells = view.cells(0, 13)
    assert (cells["edge"][4] == ABSENT).all()
    assert (cells["extrinsic"][4] == ABSENT).all()
    assert (cells["delta"][4] != ABSENT).all(), "the surface reaches it"
    view.take(None)
    assert all((each == ABSENT).all() for each in view.cells(0, 13).values())


def test_an_unlisted_side_has_nothing(scene: tuple[Any, ...]) -> None:
    view, work, _quotes, places = scene
    ids = work.contracts.ids[places].copy()
    ids[5, 1] = -1
    values = view.values
    view.show(ids)
    assert view.values is None, "another series is not shown with the vols of the last one"
    view.take(values)
    cells = view.cells(0, 13)
    assert all(cells[name][5, 1] == ABSENT for name in SCALES)
    assert cells["delta"][5, 0] != ABSENT
