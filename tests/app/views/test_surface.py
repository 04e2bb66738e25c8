"""The surface without a face: where there is a market, what is rich, what is picked, and why there is nothing."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pytest

from terminal.app.views.surface import SurfaceView
from terminal.app.views.surface_axes import Across, Span, across_marks, round_marks, time_marks
from terminal.app.views.surface_grid import make_grid, two_sided
from terminal.app.views.surface_quotes import Quotes, quote_points, residual_words
from terminal.app.views.surface_scene import Colour, make_scene, vol_range
from terminal.core.clock import from_ns
from terminal.core.money import ABSENT_PX
from terminal.market.analytics.chain_values import ChainValues
from terminal.market.rows import Quality
from tests.app.views.surfaces import SurfaceDesk, quoted_chain, reckoned, refreshed
from tests.market.analytics import chains
from tests.market.analytics.chains import NOW_NS

SECOND = 10**9


@pytest.fixture(scope="module")
def found() -> tuple[SurfaceDesk, ChainValues]:
    table, _stock, values = reckoned()
    return SurfaceDesk(table, values), values


def shown(desk: SurfaceDesk) -> SurfaceView:
    view = SurfaceView(desk, "surface-1")
    view.show(desk.table.get(desk.analytics.found.contracts.underlying if desk.analytics.found else 0))
    refreshed(view, NOW_NS, SECOND)
    return view


@pytest.mark.parametrize("axis", list(Across))
def test_a_grid_is_the_surface_on_any_axis(found: tuple[SurfaceDesk, ChainValues], axis: Across) -> None:
    _desk, values = found
    grid = make_grid(values, axis, zero_days=False)
    assert grid is not None
    assert values.surface is not None
    assert (np.diff(grid.columns) > 0.0).all()
    assert (np.diff(grid.time) > 0.0).all()
    listed = np.flatnonzero(grid.expiry >= 0)
    np.testing.assert_allclose(grid.time[listed], values.time[grid.expiry[listed]])
    assert len(listed) == 3, "every expiry has a row of its own"
    forward = values.surface.forward(grid.time)[:, None]
    strike = forward * np.exp(grid.k)
    np.testing.assert_allclose(grid.vol, values.surface.implied_vol(strike, grid.time[:, None], forward))
    inside = grid.is_market
    there = {
        Across.MONEYNESS: strike / forward, Across.LOG: grid.k, Across.STRIKE: strike,
    }.get(axis)  # fmt: skip
    if there is not None:
        np.testing.assert_allclose(there[inside], np.broadcast_to(grid.columns, inside.shape)[inside])
    assert (np.diff(grid.across, axis=1) >= 0.0).all()


def test_deltas_are_inverted(found: tuple[SurfaceDesk, ChainValues]) -> None:
    from scipy.special import ndtr

    grid = make_grid(found[1], Across.DELTA, zero_days=False)
    assert grid is not None
    root = grid.vol * np.sqrt(grid.time)[:, None]
    d1 = -grid.k / root + 0.5 * root
    inside = grid.is_market
    np.testing.assert_allclose((1.0 - ndtr(d1))[inside], np.broadcast_to(grid.columns, inside.shape)[inside], atol=3e-3)


def test_there_is_no_surface_beyond_the_quotes(found: tuple[SurfaceDesk, ChainValues]) -> None:
    _desk, values = found
    grid = make_grid(values, Across.LOG, zero_days=False)
    assert grid is not None
    widths = [smile.k[-1] - smile.k[0] for smile in grid.smiles]
    assert widths == sorted(widths), "wings of an early expiry end sooner"
    for smile in grid.smiles:
        row = int(np.flatnonzero(grid.expiry == smile.expiry)[0])
        assert grid.k[row].min() >= smile.k[0] - 1e-12
        assert grid.k[row].max() <= smile.k[-1] + 1e-12
        assert grid.is_market[row].any()
    first = grid.is_market.sum(axis=1)
    assert first[0] < first[-1]


def test_a_gap_in_the_strikes_is_a_hole_of_its_expiry() -> None:
    _table, _stock, work, rows = quoted_chain(strikes=tuple(range(70, 132, 2)))
    contracts = work.contracts
    gap = (contracts.expiry_row == 1) & (contracts.strike > 92) & (contracts.strike < 108)
    for side in ("bid_px", "ask_px"):
        rows[side][gap] = ABSENT_PX
    rows["quality"][gap] = Quality.NONE
    grid = make_grid(work.run(rows, chains.spot(), NOW_NS), Across.STRIKE, zero_days=False)
    assert grid is not None
    row = int(np.flatnonzero(grid.expiry == 1)[0])
    hole = np.isnan(grid.vol[row])
    assert hole.any()
    assert (grid.columns[hole] > 92).all()
    assert (grid.columns[hole] < 108).all()
    assert np.isfinite(grid.vol[np.flatnonzero(grid.expiry == 0)[0]]).all()
    assert not (grid.is_market & np.isnan(grid.vol)).any()


def test_an_expiry_without_a_market_is_a_hole_between_its_neighbours() -> None:
    _table, _stock, work, rows = quoted_chain()
    dead = work.contracts.expiry_row == 1
    for side in ("bid_px", "ask_px"):
        rows[side][dead] = ABSENT_PX
    rows["quality"][dead] = Quality.NONE
    values = work.run(rows, chains.spot(), NOW_NS)
    grid = make_grid(values, Across.MONEYNESS, zero_days=False)
    assert grid is not None
    between = (grid.time > values.time[0]) & (grid.time < values.time[2])
    assert between.any()
    assert np.isnan(grid.vol[between]).all()
    assert np.isfinite(grid.vol[~between]).all()


def test_it_begins_at_one_day_unless_there_is_nothing_else() -> None:
    _table, _stock, values = reckoned(expiries=(chains.DAY, *chains.EXPIRIES), strikes=tuple(range(80, 121)))
    without = make_grid(values, Across.DELTA, zero_days=False)
    with_ = make_grid(values, Across.DELTA, zero_days=True)
    assert without is not None
    assert with_ is not None
    assert [each.expiry for each in without.smiles] == [1, 2, 3]
    assert [each.expiry for each in with_.smiles] == [0, 1, 2, 3]
    _table, _stock, alone = reckoned(expiries=(chains.DAY,), strikes=tuple(range(90, 111)))
    only = make_grid(alone, Across.DELTA, zero_days=False)
    assert only is not None
    assert only.has_zero_days
    assert only.vol.shape[0] == 1


def test_residuals_are_of_the_quote_out_of_the_money() -> None:
    _table, _stock, work, rows = quoted_chain()
    row = int(
        np.flatnonzero((work.contracts.strike == 90) & ~work.contracts.is_call & (work.contracts.expiry_row == 1))[0]
    )
    for side in ("bid_px", "ask_px"):
        rows[side][row] += 3000
    values = work.run(rows, chains.spot(), NOW_NS)
    grid = make_grid(values, Across.STRIKE, zero_days=False)
    assert grid is not None
    points = quote_points(values, grid, Quotes.OUT)
    at = int(np.flatnonzero(points.row == row)[0])
    assert points.residual[at] == np.nanmax(points.residual)
    assert points.residual[at] > 0.005
    assert not points.is_call[at]
    line = int(np.flatnonzero(grid.expiry == 1)[0])
    assert abs(float(grid.columns[np.argmax(grid.residual[line])]) - 90) < 2.0
    assert residual_words(0.0123) == "+1.2 rich"
    assert residual_words(-0.0123) == "−1.2 cheap"
    assert residual_words(0.0001) == "fair"


def test_points_are_calls_above_and_puts_below_the_forward(found: tuple[SurfaceDesk, ChainValues]) -> None:
    _desk, values = found
    grid = make_grid(values, Across.MONEYNESS, zero_days=False)
    assert grid is not None
    out, all_, none = (quote_points(values, grid, each) for each in Quotes)
    assert ((out.across >= 1.0) == out.is_call).all()
    assert set(out.row) < set(all_.row)
    assert len(none.row) == 0
    assert (out.bid <= out.mid).all()
    assert (out.mid <= out.ask).all()
    assert two_sided(values)[all_.row].all()


def test_a_scene_has_no_triangle_in_a_hole_and_is_upright(found: tuple[SurfaceDesk, ChainValues]) -> None:
    _desk, values = found
    grid = make_grid(values, Across.STRIKE, zero_days=False)
    assert grid is not None
    points = quote_points(values, grid, Quotes.OUT)
    vol = grid.vol.copy()
    vol[3:6, 20:30] = np.nan
    holed = dataclasses.replace(grid, vol=vol)
    scene = make_scene(values, holed, points, Colour.VOL, vol_span=vol_range(grid, points, None))
    assert np.isfinite(scene.vertices).all()
    corners = vol.ravel()[scene.triangles]
    assert np.isfinite(corners).all()
    assert len(scene.triangles) > 1000
    place = scene.vertices[:, :3].reshape(*vol.shape, 3)
    last = grid.is_market[-1]
    assert (np.diff(place[-1, last, 0]) > 0.0).all(), "high strikes to the right"
    assert (np.diff(place[:, 0, 1]) > 0.0).all(), "late expiries to the back"
    assert (np.diff(place[-1, last, 2]) < 0.0).all(), "low strikes have the higher vol"
    assert (np.abs(place[np.isfinite(vol)]) <= 1.0001).all()
    normals = scene.vertices[:, 3:6]
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, rtol=1e-4)
    assert (normals[:, 2] > 0.0).all()


def test_limits_stay_while_they_fit(found: tuple[SurfaceDesk, ChainValues]) -> None:
    grid = make_grid(found[1], Across.STRIKE, zero_days=False)
    assert grid is not None
    points = quote_points(found[1], grid, Quotes.OUT)
    first = vol_range(grid, points, None)
    assert first.low <= np.nanmin(grid.vol) < np.nanmax(grid.vol) <= first.high
    higher = dataclasses.replace(grid, vol=grid.vol + 0.001)
    assert vol_range(higher, points, first) is first
    assert vol_range(dataclasses.replace(grid, vol=grid.vol + 0.5), points, first).high > first.high
    assert vol_range(grid, points, Span(0.0, 5.0)) == first, "one that is far too wide is given up"


def test_a_scene_is_made_once_for_values(found: tuple[SurfaceDesk, ChainValues]) -> None:
    desk, values = found
    view = shown(desk)
    scene = view.scene
    assert scene is not None
    assert not refreshed(view, NOW_NS + SECOND, 2 * SECOND)
    assert view.scene is scene
    desk.analytics.found = dataclasses.replace(values)
    assert refreshed(view, NOW_NS + SECOND, 2 * SECOND)
    assert view.scene is not scene
    desk.analytics.found = values


def test_picking_by_place_by_keys_and_by_contract(found: tuple[SurfaceDesk, ChainValues]) -> None:
    desk, values = found
    view = shown(desk)
    view.pick_vertex(91.4, float(values.time[1]) * 1.05)
    refreshed(view, NOW_NS, SECOND)
    contract = desk.table.get(view.contract if view.contract is not None else -1)
    assert contract.option is not None
    assert (contract.option.symbol.strike_mills, contract.option.symbol.expiry) == (90_000, date(2026, 2, 20))
    assert contract.option.symbol.right.name == "PUT"
    view.step_strike(1)
    assert desk.table.get(view.contract).option.symbol.strike_mills == 95_000  # type: ignore[arg-type, union-attr]
    refreshed(view, NOW_NS, SECOND)
    view.step_expiry(1)
    refreshed(view, NOW_NS, SECOND)
    moved = desk.table.get(view.contract).option.symbol  # type: ignore[arg-type, union-attr]
    assert (moved.strike_mills, moved.expiry) == (95_000, date(2026, 6, 18))
    assert view.chosen_key.startswith("2026-06-18")
    words = view.words(NOW_NS + 3 * SECOND)
    assert "95" in words[0]
    assert words[1].startswith("IV ")
    assert words[-1] == "quote 3.0 s old"
    assert view.smile is not None
    assert view.smile.title.startswith("18 Jun 2026")
    view.step_expiry(5)
    assert view.chosen_key.startswith("2026-06-18"), "there is no later one"


def test_slices_are_cuts_through_the_surface(found: tuple[SurfaceDesk, ChainValues]) -> None:
    desk, values = found
    view = shown(desk)
    assert view.smile is not None
    assert view.term is not None
    dots = view.smile.dots
    line = np.interp(dots.x, view.smile.x, view.smile.vol)
    assert np.abs(line - dots.mid)[dots.is_main].max() < 0.01
    np.testing.assert_allclose(view.term.dots.mid, [values.at_the_money_vol(each) for each in range(3)])
    assert (np.diff(view.term.vol) > 0.0).all(), "this chain's term structure rises"


def test_a_ghost_stays_where_it_was(found: tuple[SurfaceDesk, ChainValues]) -> None:
    desk, values = found
    view = shown(desk)
    before = view.scene
    assert before is not None
    assert view.toggle_ghost()
    desk.analytics.found = dataclasses.replace(values, now_ns=NOW_NS + 60 * SECOND)
    refreshed(view, NOW_NS + 60 * SECOND, 60 * SECOND)
    assert view.scene is not None
    assert view.scene.wire_count > before.wire_count
    assert view.scene.ghost == "12:00:00"
    assert ("ghost of 12:00:00", "ghost") in view.state_words(NOW_NS + 60 * SECOND)
    assert view.term is not None
    np.testing.assert_allclose(view.term.ghost_vol, view.term.vol)
    assert view.toggle_ghost()
    refreshed(view, NOW_NS + 60 * SECOND, 61 * SECOND)
    assert not view.has_ghost
    desk.analytics.found = values


def test_old_values_say_how_old(found: tuple[SurfaceDesk, ChainValues]) -> None:
    view = shown(found[0])
    assert view.state_words(NOW_NS) == ()
    refreshed(view, NOW_NS + 30 * SECOND, 31 * SECOND)
    assert view.state_words(NOW_NS + 30 * SECOND) == (("30 s old", "warn"),)
    refreshed(view, NOW_NS - 60 * SECOND, 32 * SECOND)
    assert view.state_words(NOW_NS - 60 * SECOND) == (("of a later moment", "warn"),)


def test_one_expiry_is_a_smile_and_too_few_quotes_are_nothing() -> None:
    table, _stock, values = reckoned(expiries=chains.EXPIRIES[:1])
    desk = SurfaceDesk(table, values)
    view = shown(desk)
    assert view.scene is not None
    assert len(view.scene.triangles) == 0
    assert len(view.scene.lines) > 10
    assert ("one expiry: a smile, no surface", "warn") in view.state_words(NOW_NS)
    table, _stock, two = reckoned(strikes=(95, 105))
    desk = SurfaceDesk(table, two)
    view = shown(desk)
    assert view.scene is None
    assert "three strikes" in view.why_none()
    assert view.export_rows() is None
    assert not view.toggle_ghost()


def test_why_there_is_nothing() -> None:
    table, stock, _contracts = chains.listed()
    desk = SurfaceDesk(table)
    view = SurfaceView(desk, "surface-1")
    assert view.why_none() == "Choose a symbol that has listed options."
    view.show(stock)
    desk.analytics.reason = "The option models are being made ready; values follow."
    assert not refreshed(view, NOW_NS, SECOND) or view.scene is None
    assert view.why_none() == desk.analytics.reason
    assert desk.analytics.wants == {"surface-1": stock.id}
    view.release()
    assert desk.analytics.wants == {}


def test_everything_is_exported(found: tuple[SurfaceDesk, ChainValues]) -> None:
    exported = shown(found[0]).export_rows()
    assert exported is not None
    heads, rows = exported
    assert all(len(row) == len(heads) for row in rows)
    assert len(rows) > 40


def test_marks() -> None:
    assert [each.text for each in round_marks(Span(0.1, 0.42), 6, 100.0)] == ["10", "20", "30", "40"]
    assert [each.text for each in round_marks(Span(-0.011, 0.011), 4, 100.0)] == ["−1", "0", "1"]
    assert [each.text for each in across_marks(Across.DELTA, Span(0.03, 0.97), 7)] == [
        "5P", "10P", "25P", "50", "25C", "10C", "5C",
    ]  # fmt: skip
    assert [each.text for each in time_marks(1 / 365, 2.0, 6)][-1] == "2y"


def test_an_answer_to_an_earlier_symbol_is_never_shown(found: tuple[SurfaceDesk, ChainValues]) -> None:
    desk, values = found
    view = SurfaceView(desk, "surface-1")
    stock, other = desk.table.get(values.contracts.underlying), desk.table.get(int(values.contracts.ids[0]))
    view.show(stock)
    assert not view.refresh(NOW_NS, SECOND)
    assert view.is_busy, "a frame does not wait for the picture"
    view.show(other)
    refreshed(view, NOW_NS, SECOND)
    assert view.scene is None
    assert not view.series
    view.show(stock)
    refreshed(view, NOW_NS, SECOND)
    assert view.values is values
    view.pick_row(3)
    view.show(other)
    assert view.picked is None
    view.pick_row(3)
    view.pick_vertex(100.0, 0.1)
    assert view.contract is None, "what is still on the screen is not picked for the next symbol"
    view.close()


def test_rows_are_those_of_the_picture_that_is_shown(found: tuple[SurfaceDesk, ChainValues]) -> None:
    desk, values = found
    view = shown(desk)
    assert view.scene is not None
    desk.analytics.found = dataclasses.replace(values, now_ns=NOW_NS + SECOND)
    view.refresh(NOW_NS, SECOND)
    assert view.values is view.scene.values
    refreshed(view, NOW_NS, SECOND)
    assert view.values is desk.analytics.found is view.scene.values
    desk.analytics.found = None
    assert view.refresh(NOW_NS, SECOND)
    assert view.export_rows() is None, "without values nothing stays on the screen"
    desk.analytics.found = values
    view.close()


def test_a_ghost_of_another_day_says_which(found: tuple[SurfaceDesk, ChainValues]) -> None:
    desk, values = found
    view = shown(desk)
    view.toggle_ghost()
    later_ns = NOW_NS + 86_400 * SECOND
    desk.analytics.found = dataclasses.replace(values, now_ns=later_ns)
    refreshed(view, later_ns, 2 * SECOND)
    assert any(text.startswith("ghost of ") and text.endswith(f"{from_ns(NOW_NS):%a %Y-%m-%d} 12:00:00")
               for text, _token in view.state_words(later_ns))  # fmt: skip
    desk.analytics.found = values
    view.close()
