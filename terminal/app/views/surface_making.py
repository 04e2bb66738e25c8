"""What a surface panel shows, made of one pass over a chain: too long for a frame, so that it runs on a thread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from terminal.app import formats
from terminal.app.views.chain import Series
from terminal.app.views.surface_axes import Across, Span
from terminal.app.views.surface_grid import SurfaceGrid, make_grid
from terminal.app.views.surface_quotes import Quotes, quote_points
from terminal.app.views.surface_scene import Colour, SurfaceScene, make_scene, vol_range
from terminal.app.views.surface_slices import Slice, smile_slice, term_slice
from terminal.market.analytics.chain_values import ChainValues
from terminal.market.analytics.contracts import Expiry


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose to see. ``expiry``: key of the series whose smile is picked out; empty: the first."""

    axis: Across = Across.MONEYNESS
    colour: Colour = Colour.VOL
    quotes: Quotes = Quotes.OUT
    zero_days: bool = False
    expiry: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """All of it is of ``values``, as ``choice`` wanted it; ``scene`` is None where there is no surface. ``turn``: as in
    :class:`Wanted`."""

    turn: int
    values: ChainValues
    choice: Choice
    grid: SurfaceGrid | None
    ghost: ChainValues | None
    ghost_grid: SurfaceGrid | None
    vol_span: Span | None
    scene: SurfaceScene | None = None
    smile: Slice | None = None
    term: Slice | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture to make. ``contract``: id of the one to mark; ``ghost``: an earlier pass to draw behind; ``vol_span``:
    limits to keep while they fit; ``before``: what was made last, for grids that are still good; ``turn``: grows with
    each change of what is looked at, so that an answer to an earlier one is known."""

    turn: int
    values: ChainValues
    choice: Choice
    contract: int | None
    ghost: ChainValues | None
    vol_span: Span | None
    before: Made | None

    def is_same(self, other: Wanted | None) -> bool:
        """Whether the other asks for the same picture."""
        return (
            other is not None
            and (self.turn, self.choice, self.contract) == (other.turn, other.choice, other.contract)
            and self.values is other.values
            and self.ghost is other.ghost
        )


def make(wanted: Wanted) -> Made:
    """The picture. Any thread."""
    values, choice = wanted.values, wanted.choice
    grid = _grid_of(wanted, values)
    ghost_grid = None if wanted.ghost is None else _grid_of(wanted, wanted.ghost)
    chosen = None if grid is None else chosen_expiry(values, grid, choice)
    if grid is None or chosen is None:
        return Made(wanted.turn, values, choice, grid, wanted.ghost, ghost_grid, wanted.vol_span)
    ghost = None if wanted.ghost is None or ghost_grid is None else (wanted.ghost, ghost_grid)
    quotes = quote_points(values, grid, choice.quotes)
    vol_span = vol_range(grid, quotes, wanted.vol_span)
    scene = make_scene(
        values, grid, quotes, choice.colour, vol_span=vol_span, chosen=chosen,
        chosen_row=row_of(values, wanted.contract), ghost=ghost,
    )  # fmt: skip
    expiry = values.contracts.expiries[chosen]
    place = None if ghost is None else _place_of(ghost[0], series_of(expiry))
    title = f"{expiry.expiry:%d %b %Y}  {expiry.root}  ATM {formats.iv_points(values.at_the_money_vol(chosen))}"
    smile = smile_slice(values, grid, chosen, title, None if ghost is None else ghost[1], place)
    term = term_slice(values, grid, None if ghost is None else ghost[0])
    return Made(wanted.turn, values, choice, grid, wanted.ghost, ghost_grid, vol_span, scene, smile, term)


def chosen_expiry(values: ChainValues, grid: SurfaceGrid, choice: Choice) -> int:
    """The expiry whose smile is picked out, by its place in the chain: the chosen one, else the grid's first."""
    places = [each.expiry for each in grid.smiles]
    return next((each for each in places if series_of(values.contracts.expiries[each]).key == choice.expiry), places[0])


def series_of(expiry: Expiry) -> Series:
    """An expiry as the chain names it."""
    return Series(expiry.expiry, expiry.root, expiry.settlement, expiry.style, expiry.expires_ns)


def row_of(values: ChainValues, contract: int | None) -> int | None:
    """A contract's place in the chain; None for none and for one that is not in it."""
    found = np.flatnonzero(values.contracts.ids == (-1 if contract is None else contract))
    return int(found[0]) if len(found) else None


def _grid_of(wanted: Wanted, values: ChainValues) -> SurfaceGrid | None:
    """That of before where it is of the same pass, axis and expiries."""
    choice, before = wanted.choice, wanted.before
    if before is not None and (before.choice.axis, before.choice.zero_days) == (choice.axis, choice.zero_days):
        if before.values is values:
            return before.grid
        if before.ghost is values:
            return before.ghost_grid
    return make_grid(values, choice.axis, zero_days=choice.zero_days)


def _place_of(values: ChainValues, series: Series) -> int | None:
    keys = [series_of(each).key for each in values.contracts.expiries]
    return keys.index(series.key) if series.key in keys else None
