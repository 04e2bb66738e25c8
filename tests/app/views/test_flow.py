"""What the flow panel shows: filters, pause, words, pictures, and filters saved by name."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.app.views.flow import KEYS, FlowView, cells_of, ratio_line, ratios, spoken
from terminal.app.views.flow_filters import (
    CHOICES,
    DEFAULT,
    MOST_NAME,
    BadFilterError,
    FlowFilterBook,
    checked,
    passing,
)
from terminal.app.views.flow_pictures import (
    MEASURES,
    MOST_STRIKES,
    assumption_line,
    exposure_rows,
    flip_line,
    flow_map,
)
from terminal.core.osi import Right
from terminal.market.flow.exposure import Exposure, Holding
from terminal.market.flow.rows import Mark
from terminal.market.flow.service import FlowService
from terminal.market.flow.sums import Sums
from terminal.market.state import MarketState
from tests.app.views.listed_prints import ListedPrints
from tests.market.flow.option_prints import OPEN_NS, STOCK, One, listed, option, prints

TABLE = listed()
CALL, PUT = option(TABLE, 105, Right.CALL), option(TABLE, 95, Right.PUT, far=True)
EVERY = {**DEFAULT, "what": "every"}


class Market:
    """Prints in a list, and open interest of 100 in every contract."""

    def __init__(self) -> None:
        self.prints = ListedPrints()
        self._state = MarketState(TABLE, "test")

    def read(self, ids: np.ndarray) -> np.ndarray:
        rows = self._state.read(ids)
        rows["open_interest"] = 100
        return rows


def flow_of(*trades: One) -> tuple[FlowService, Any]:
    market: Any = Market()
    flow = FlowService(TABLE, market, lambda: OPEN_NS, lambda underlying: None)
    market.prints.all = prints(trades)
    flow.look()
    return flow, market


def view_of(*trades: One) -> tuple[FlowView, FlowService, Any]:
    flow, market = flow_of(*trades)
    view = FlowView(flow)
    view.chosen = EVERY
    view.refresh()
    return view, flow, market


SPOT = One(0, STOCK, px=1_000_000)


def test_newest_first_and_large_ones_alone_by_default() -> None:
    view, _, _ = view_of(SPOT, One(1, CALL, 5), One(900, PUT, 2_000))
    assert list(view.page().orders["size"]) == [2_000, 5]
    view.chosen = DEFAULT
    assert list(view.page().orders["size"]) == [2_000]
    assert view.page(0).total == 1


def test_a_pause_loses_nothing_and_counts_what_passes() -> None:
    view, flow, market = view_of(SPOT, One(1, CALL, 5))
    view.pause()
    market.prints.all = prints([SPOT, One(1, CALL, 5), One(900, CALL, 7), One(1_900, PUT, 2_000)])
    flow.look()
    view.refresh()
    assert (list(view.page().orders["size"]), view.waiting) == ([5], 2)
    view.chosen = DEFAULT
    assert view.waiting == 1
    view.chosen = EVERY
    view.resume()
    assert list(view.page().orders["size"]) == [2_000, 7, 5]
    assert view.waiting == 0


def test_a_day_of_many_looks_is_all_there_and_not_copied_each_time() -> None:
    trades = [One(at * 100, CALL, at + 1) for at in range(300)]
    view, flow, market = view_of(*trades[:200])
    seen = view._orders.base
    assert seen is not None
    for count in range(201, 301):
        market.prints.all = prints(trades[:count])
        flow.look()
        view.refresh()
    assert list(view.page(300).orders["size"]) == list(range(300, 0, -1))
    after = view._orders.base
    market.prints.all = prints([*trades, One(30_000, CALL, 301)])
    flow.look()
    view.refresh()
    assert view._orders.base is after
    assert view.page().orders["size"][0] == 301


def test_what_expires_tomorrow_is_not_of_today_however_few_hours_are_left() -> None:
    hours = 3_600_000
    thursday_evening = One((3 * 24 + 7) * hours, CALL, 5)
    view, _, _ = view_of(thursday_evening)
    order = view.page().orders[0]
    assert dict(zip(KEYS, cells_of(order, TABLE), strict=True))["days"] == "1d"
    today = {**EVERY, "days": "0-0"}
    assert not passing(view.page().orders, today, STOCK).any()
    friday, _, _ = view_of(One(4 * 24 * hours, CALL, 5))
    assert dict(zip(KEYS, cells_of(friday.page().orders[0], TABLE), strict=True))["days"] == "0DTE"
    assert passing(friday.page().orders, today, STOCK).all()


def test_an_order_that_grows_is_shown_grown() -> None:
    view, flow, market = view_of(One(0, CALL, 5))
    market.prints.all = prints([One(0, CALL, 5), One(9, CALL, 7, venue=2), One(15, CALL, 8, venue=3)])
    flow.look()
    view.refresh()
    assert list(view.page().orders["size"]) == [20]
    assert view.page().orders["marks"][0] & Mark.SWEEP_VENUES


@pytest.mark.parametrize(
    ("chosen", "sizes"),
    [
        ({"right": "calls"}, [5]),
        ({"right": "puts"}, [2_000]),
        ({"size": "10"}, [2_000]),
        ({"premium": "100000"}, [2_000]),
        ({"days": "45-"}, [2_000]),
        ({"days": "0-7"}, [5]),
        ({"moneyness": "out"}, [2_000, 5]),
        ({"moneyness": "in"}, []),
        ({"moneyness": "near"}, []),
        ({"what": "blocks"}, [2_000]),
        ({"what": "sweeps"}, []),
        ({"what": "opening"}, [2_000]),
        ({"scope": "symbol"}, []),
    ],
)
def test_each_filter(chosen: dict[str, str], sizes: list[int]) -> None:
    view, _, _ = view_of(SPOT, One(1, CALL, 5), One(900, PUT, 2_000))
    view.chosen = {**EVERY, **chosen}
    assert list(view.page().orders["size"]) == sizes
    view.underlying = STOCK
    view.chosen = {**EVERY, "scope": "symbol"}
    assert len(view.page().orders) == 2


def test_every_choice_can_be_made() -> None:
    orders = view_of(SPOT, One(1, CALL, 5))[0].page().orders
    for field, choices in CHOICES.items():
        for key in choices:
            assert passing(orders, {**EVERY, field: key}, STOCK).dtype == np.bool_


def test_the_words_say_estimated_and_what_is_not_known() -> None:
    order = view_of(SPOT, One(1, CALL, 5))[0].page().orders[0]
    cells = dict(zip(KEYS, cells_of(order, TABLE), strict=True))
    assert (cells["time"], cells["symbol"], cells["strike"], cells["right"]) == ("10:00:00.0", "XYZ", "105", "C")
    assert (cells["side"], cells["price"], cells["premium"]) == ("△ A", "1.10", "$550")
    assert (cells["iv"], cells["delta"], cells["gamma"]) == ("–", "–", "–")
    assert "estimated" in spoken(order, TABLE)
    assert "No Greeks" in spoken(order, TABLE)


def test_the_ratios() -> None:
    assert ratio_line(Sums(), "XYZ") == "XYZ: no option trades yet"
    line = ratio_line(Sums(100, 80, 1_000.0, 2_000.0), "XYZ")
    assert "0.80 volume, 2.00 premium" in line
    sums = {(0, OPEN_NS): Sums(10, 5), (0, OPEN_NS + 10**15): Sums(0, 5), (1, OPEN_NS): Sums(1, 1)}
    assert ratios(sums, 0, "XYZ")[0].startswith("XYZ put/call 1.00")
    assert len(ratios(sums, 0, "XYZ")[1].splitlines()) == 2
    assert ratios(sums, None, "")[0].startswith("All put/call 1.00")


def test_the_map_holds_every_contract_of_the_day() -> None:
    flow, _ = flow_of(One(0, CALL, 5), One(70_000, CALL, 7), One(70_001, PUT, 9, side=-1))
    found = flow_map(flow.cells(STOCK, 0), TABLE, STOCK, 100.0, {105.0: 40})
    assert found is not None
    assert found.volume.sum() == 21
    assert list(found.strikes) == [95.0, 105.0]
    assert found.volume[1].tolist() == [5.0, 7.0]
    assert found.bought[0].tolist() == [0.0, -9.0]
    assert "7 contracts in 1 prints" in found.said(1, 1)
    assert "open interest at the strike: 40" in found.said(1, 1)
    assert found.said(0, 0) == ""
    assert flow_map(flow.cells(STOCK, 0)[:0], TABLE, STOCK, 100.0, {}) is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20_000_000), st.integers(1, 50)), min_size=1, max_size=30),
       st.sampled_from([math.nan, 50.0, 100.0]))  # fmt: skip
def test_no_volume_is_lost_on_the_map(trades: list[tuple[int, int]], spot: float) -> None:
    flow, _ = flow_of(*(One(ms, CALL, size) for ms, size in sorted(trades)))
    found = flow_map(flow.cells(STOCK, 0), TABLE, STOCK, spot, {})
    assert found is not None
    assert found.volume.sum() == sum(size for _, size in trades)
    assert len(found.strikes) <= MOST_STRIKES


def some_exposure(flip: float = 98.0) -> Exposure:
    strikes = np.arange(50.0, 151.0)
    values = np.vstack((strikes, -2 * strikes))
    return Exposure(STOCK, Holding.CALLS_SOLD, OPEN_NS, 100.0, strikes, values, values, values, flip, 7, 2)


def test_bars_stand_around_the_spot_and_the_assumption_is_named() -> None:
    found = some_exposure()
    for measure in MEASURES:
        rows = exposure_rows(found, measure, 12)
        assert len(rows.strikes) == 12
        assert (np.diff(rows.strikes) > 0).all()
        assert 100.0 in rows.strikes
        assert np.allclose(rows.net, rows.calls + rows.puts)
    line = assumption_line(found)
    assert "customers sold calls and bought puts" in line
    assert "2 contracts have no Greeks" in line
    assert "short gamma" in flip_line(found)
    assert "flip at 98.00" in flip_line(found)
    assert "no flip within 15%" in flip_line(some_exposure(math.nan))
    nothing = flip_line(replace(found, counted=0, gamma=np.zeros((2, 101))))
    assert "hold nothing" in nothing
    assert "short gamma" not in nothing


def test_filters_are_kept_by_name(tmp_path: Path) -> None:
    file = tmp_path / "flow" / "filters.json"
    book = FlowFilterBook(file)
    heard: list[int] = []
    book.subscribe(lambda: heard.append(1))
    book.put(" Big puts ", {**DEFAULT, "right": "puts"})
    again = FlowFilterBook(file)
    assert again.names() == ["Big puts"]
    assert again.of("Big puts")["right"] == "puts"
    again.remove("Big puts")
    assert FlowFilterBook(file).names() == []
    assert heard == [1]
    for bad in ("", "x" * (MOST_NAME + 1), "a\nb"):
        with pytest.raises(BadFilterError, match="1 to"):
            book.put(bad, DEFAULT)


@pytest.mark.parametrize("text", ["", "[]", '{"version": 99, "filters": {}}', '{"version": 1, "filters": 3}'])
def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "filters.json"
    file.write_text(text)
    book = FlowFilterBook(file)
    assert "not used" in book.problem
    with pytest.raises(BadFilterError):
        book.put("mine", DEFAULT)
    assert file.read_text() == text


def test_what_does_not_fit_is_as_at_first() -> None:
    told = json.loads('{"right": "puts", "size": 7, "what": "nonsense", "more": "x"}')
    assert checked(told) == {**DEFAULT, "right": "puts"}
    assert checked(None) == DEFAULT
