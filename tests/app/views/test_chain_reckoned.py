"""What the chain shows of the analytics: units, places, and nothing where nothing is known."""

from __future__ import annotations

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
    view, _work, quotes, places = scene
    cells = view.cells(3, quotes[3:9])
    values = view.values.values[places[3:9]]
    np.testing.assert_array_equal(cells["delta"], np.rint(values["delta"] * 1000))
    np.testing.assert_array_equal(cells["theta"], np.rint(values["theta"] / 365 * 1000))
    np.testing.assert_array_equal(cells["vega"], np.rint(values["vega"] / 100 * 1000))
    np.testing.assert_array_equal(cells["value"], np.rint(values["value"] * 10_000))
    np.testing.assert_array_equal(cells["model_iv"], np.rint(values["vol"] * 1000))
    assert (cells["theta"][:, 0] < 0).all(), "time costs a call that is held"


def test_an_edge_is_the_middle_less_the_value_in_ticks_and_points(scene: tuple[Any, ...]) -> None:
    view, work, quotes, places = scene
    rich = quotes.copy()
    at = (6, 0)
    for side in ("bid_px", "ask_px"):
        rich[side][at] += 3000
    cells, plain = view.cells(0, rich), view.cells(0, quotes)
    # A penny option: 0.30 more is thirty ticks more.
    assert cells["edge"][at] - plain["edge"][at] == pytest.approx(300, abs=1)
    rows = np.zeros(work.contracts.count, quotes.dtype)
    rows[:] = chains.quoted(chains.fair(work.contracts, chains.smile(work.contracts)))
    rows[places[at]] = rich[at]
    view.take(work.run(rows, chains.spot(), NOW_NS))
    after = view.cells(0, rich)
    assert after["edge_vol"][at] > 50, "half a point or more"
    assert abs(int(after["edge_vol"][2, 1])) < 50


def test_extrinsic_is_what_is_paid_above_the_exercise(scene: tuple[Any, ...]) -> None:
    view, _work, quotes, _places = scene
    cells = view.cells(0, quotes)
    strike = 100 - 15
    mid_px = int(quotes["bid_px"][3, 0] + quotes["ask_px"][3, 0]) // 2
    assert cells["extrinsic"][3, 0] == pytest.approx(mid_px - (100 - strike) * 10_000, abs=1)
    assert cells["extrinsic"][3, 1] == pytest.approx((quotes["bid_px"][3, 1] + quotes["ask_px"][3, 1]) / 2, abs=1)


def test_to_touch_is_likelier_than_to_end_beyond(scene: tuple[Any, ...]) -> None:
    view, _work, quotes, _places = scene
    cells = view.cells(0, quotes)
    out = np.array([row for row in range(len(quotes)) if row > 6])
    assert (cells["touch"][out, 0] > 1.5 * cells["itm"][out, 0]).all()
    assert (cells["touch"][:, 0] <= 1000).all()


def test_nothing_is_shown_where_nothing_is_known(scene: tuple[Any, ...]) -> None:
    view, _work, quotes, _places = scene
    crossed = quotes.copy()
    crossed["quality"][4] = Quality.CROSSED
    cells = view.cells(0, crossed)
    assert (cells["edge"][4] == ABSENT).all()
    assert (cells["extrinsic"][4] == ABSENT).all()
    assert (cells["delta"][4] != ABSENT).all(), "the surface reaches it"
    view.take(None)
    assert all((each == ABSENT).all() for each in view.cells(0, quotes).values())


def test_an_unlisted_side_has_nothing(scene: tuple[Any, ...]) -> None:
    view, work, quotes, places = scene
    ids = work.contracts.ids[places].copy()
    ids[5, 1] = -1
    values = view.values
    view.show(ids)
    assert view.values is None, "another series is not shown with the vols of the last one"
    view.take(values)
    cells = view.cells(0, quotes)
    assert all(cells[name][5, 1] == ABSENT for name in SCALES)
    assert cells["delta"][5, 0] != ABSENT


def test_the_age_is_that_of_the_older_side(scene: tuple[Any, ...]) -> None:
    view, _work, _quotes, _places = scene
    assert view.source_ts_ns(2, 1) == NOW_NS
    assert view.source_ts_ns(99, 0) == 0
