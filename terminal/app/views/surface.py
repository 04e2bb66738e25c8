"""The surface of an underlying as a panel shows it: what was chosen, what is seen, and why there is nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from terminal.app import ages, formats
from terminal.app.analytics_port import Analytics
from terminal.app.views.chain import Series
from terminal.app.views.chain_reckoned import ReckonedChain
from terminal.app.views.surface_axes import Across, Span
from terminal.app.views.surface_grid import SurfaceGrid, make_grid
from terminal.app.views.surface_quotes import Quotes, quote_points, quote_words
from terminal.app.views.surface_scene import Colour, SurfaceScene, make_scene, vol_range
from terminal.app.views.surface_slices import Slice, smile_slice, term_slice
from terminal.core.instruments import Instrument, InstrumentTable
from terminal.market.analytics.chain_values import ChainValues
from terminal.market.analytics.contracts import Expiry
from terminal.quant.columns import Floats


class _Desk(Protocol):
    @property
    def table(self) -> InstrumentTable: ...

    @property
    def analytics(self) -> Analytics: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose to see. ``expiry``: key of the series whose smile is picked out; empty: the first."""

    axis: Across = Across.MONEYNESS
    colour: Colour = Colour.VOL
    quotes: Quotes = Quotes.OUT
    zero_days: bool = False
    expiry: str = ""


class SurfaceView:
    """Turns what the analytics say of a chain into a scene; ``owner`` names the panel to them. UI thread only."""

    def __init__(self, desk: _Desk, owner: str) -> None:
        self._desk, self._owner = desk, owner
        self._reckoned = ReckonedChain(desk.table)
        self._made_of: tuple[object, ...] = ()
        self._grid: SurfaceGrid | None = None
        self._grid_of: tuple[object, ...] = ()
        self._vol_span: Span | None = None
        self._ghost: ChainValues | None = None
        self._ghost_grid: tuple[tuple[object, ...], SurfaceGrid | None] = ((), None)
        self.underlying: Instrument | None = None
        self.choice = Choice()
        self.contract: int | None = None
        """Id of the contract that was picked."""
        self.scene: SurfaceScene | None = None
        self.smile: Slice | None = None
        self.term: Slice | None = None

    def show(self, underlying: Instrument) -> None:
        """The surface of another underlying."""
        if self.underlying is not None and underlying.id == self.underlying.id:
            return
        self.underlying = underlying
        self.contract = self._ghost = self._vol_span = None
        self.scene = self.smile = self.term = None
        self._made_of = self._grid_of = ()

    def release(self) -> None:
        """Nobody looks."""
        self._desk.analytics.release(self._owner)

    def refresh(self, now_ns: int, wall_ns: int) -> bool:
        """Takes what the analytics have; True when there is another scene than before."""
        if self.underlying is None:
            return False
        self._desk.analytics.want(self._owner, self.underlying.id)
        values = self._desk.analytics.values(self.underlying.id)
        self._reckoned.take(values)
        self._reckoned.age(now_ns, wall_ns)
        made_of = (values, self.choice, self.contract, self._ghost)
        if self._made_of and all(a is b or (a == b and not isinstance(a, ChainValues))
                                 for a, b in zip(made_of, self._made_of, strict=True)):  # fmt: skip
            return False
        self._made_of = made_of
        self._make(values)
        return True

    @property
    def values(self) -> ChainValues | None:
        """What is shown was made of."""
        return self._reckoned.values

    @property
    def series(self) -> list[Series]:
        """The expiries that the surface has."""
        if self._grid is None or self.values is None:
            return []
        listed = self.values.contracts.expiries
        return [_series(listed[each.expiry]) for each in self._grid.smiles]

    @property
    def chosen_expiry(self) -> int | None:
        """The expiry whose smile is picked out, by its place in the chain; None without a surface."""
        if self._grid is None or self.values is None:
            return None
        places = [each.expiry for each in self._grid.smiles]
        listed = self.values.contracts.expiries
        wanted = [each for each in places if _series(listed[each]).key == self.choice.expiry]
        return (wanted or places)[0]

    def why_none(self) -> str:
        """Why there is no surface, as a sentence; empty when there is one."""
        if self.underlying is None:
            return "Choose a symbol that has listed options."
        values = self.values
        if values is None:
            if not self._desk.table.options(self.underlying.id):
                return f"{self.underlying.label} has no listed options in this market."
            return self._desk.analytics.why_none(self.underlying.id) or "The first pass over the chain is being made."
        if self.scene is not None:
            return ""
        return values.reason or "No expiry has two strikes with a bid and an ask near the forward."

    def state_words(self, now_ns: int) -> tuple[tuple[str, str], ...]:
        """What must be known of the picture: words and the token of their colour."""
        found: list[tuple[str, str]] = []
        values, grid = self.values, self._grid
        if values is None or grid is None:
            return ()
        if self._reckoned.is_old:
            age_ns = now_ns - values.now_ns
            found.append((f"{ages.age(age_ns)} old" if age_ns > 0 else "of a later moment", "warn"))
        if len(grid.smiles) == 1:
            found.append(("one expiry: a smile, no surface", "warn"))
        if grid.has_zero_days and not self.choice.zero_days:
            found.append(("expiries of today: there are no others", "warn"))
        if self._ghost is not None:
            found.append((f"ghost of {ages.time_of_day(self._ghost.now_ns)}", "ghost"))
        return tuple(found)

    @property
    def chosen_key(self) -> str:
        """The same as a key; empty without a surface."""
        chosen = self.chosen_expiry
        return "" if chosen is None or self.values is None else _series(self.values.contracts.expiries[chosen]).key

    @property
    def picked(self) -> int | None:
        """The picked contract by its place in the chain."""
        return self._row(self.contract)

    @property
    def has_ghost(self) -> bool:
        """Whether an earlier moment is kept."""
        return self._ghost is not None

    def toggle_ghost(self) -> bool:
        """Keeps the surface of now as a ghost, or drops the one that is there; False without a surface."""
        if self._ghost is not None:
            self._ghost = None
            return True
        if self.scene is None:
            return False
        self._ghost = self.values
        return True

    def words(self, now_ns: int) -> tuple[str, ...]:
        """The picked contract in parts; empty without one."""
        row = self._row(self.contract)
        if row is None or self.values is None:
            return ()
        return quote_words(self.values, row, self._desk.table, now_ns)

    def pick_row(self, row: int) -> None:
        """Picks a contract by its place in the chain, and its expiry."""
        if self.values is not None:
            self.contract = int(self.values.contracts.ids[row])
            place = int(self.values.contracts.expiry_row[row])
            self.choose(expiry=_series(self.values.contracts.expiries[place]).key)

    def pick_expiry(self, place: int) -> None:
        """Picks out the smile of an expiry by its place in the chain."""
        if self.values is not None:
            self.choose(expiry=_series(self.values.contracts.expiries[place]).key)

    def pick_vertex(self, strike: float, time: float) -> None:
        """Picks the contract nearest to a place of the surface: the expiry first, then the strike; the side that is out
        of the money there."""
        values, grid = self.values, self._grid
        if values is None or grid is None:
            return
        smile = min(grid.smiles, key=lambda each: abs(np.sqrt(each.time) - np.sqrt(time)))
        self._pick_strike(smile.expiry, strike)

    def step_expiry(self, by: int) -> None:
        """The next later or nearer expiry; a picked contract moves with it."""
        values, grid, chosen = self.values, self._grid, self.chosen_expiry
        if values is None or grid is None or chosen is None:
            return
        places = [each.expiry for each in grid.smiles]
        then = places[min(max(places.index(chosen) + by, 0), len(places) - 1)]
        row = self._row(self.contract)
        if row is not None:
            self._pick_strike(then, float(values.contracts.strike[row]))
        else:
            self.choose(expiry=_series(values.contracts.expiries[then]).key)

    def step_strike(self, by: int) -> None:
        """The next higher or lower quoted strike of the chosen expiry, from the money at first."""
        values, chosen = self.values, self.chosen_expiry
        if values is None or self.scene is None or chosen is None:
            return
        row = self._row(self.contract)
        if row is None or values.contracts.expiry_row[row] != chosen:
            self._pick_strike(chosen, float(values.forward[chosen]))
            return
        strikes = self._strikes(chosen)
        here = int(np.searchsorted(strikes, values.contracts.strike[row]))
        self._pick_strike(chosen, float(strikes[min(max(here + by, 0), len(strikes) - 1)]))

    def choose(self, **changes: object) -> None:
        """Changes what is seen, field by field of :class:`Choice`."""
        kept = {name: getattr(self.choice, name) for name in Choice.__slots__}
        self.choice = Choice(**(kept | changes))
        if {"axis", "zero_days"} & changes.keys():
            self._vol_span = None

    def export_rows(self) -> tuple[list[str], list[list[str]]] | None:
        """The quotes that are shown with their vols, in points; None without a surface."""
        values, scene = self.values, self.scene
        if values is None or scene is None:
            return None
        heads = ["Contract", "Days", "Strike", "IV bid", "IV mid", "IV ask", "IV model", "Rich (+) / cheap (-)"]
        quotes, rows = quote_points(values, scene.grid, Quotes.ALL), []
        for place, row in enumerate(quotes.row):
            vols = (quotes.bid, quotes.mid, quotes.ask, quotes.model, quotes.residual)
            rows.append([
                self._desk.table.get(int(values.contracts.ids[row])).label, f"{quotes.time[place] * 365:.2f}",
                f"{values.contracts.strike[row]:g}", *(f"{float(each[place]) * 100:.3f}" for each in vols),
            ])  # fmt: skip
        return heads, rows

    def _strikes(self, expiry: int) -> Floats:
        scene, values = self.scene, self.values
        if scene is None or values is None:
            return np.empty(0)
        everything = quote_points(values, scene.grid, Quotes.ALL)
        return np.unique(values.contracts.strike[everything.row[everything.expiry == expiry]])

    def _pick_strike(self, expiry: int, strike: float) -> None:
        values = self.values
        if values is None:
            return
        contracts, part = values.contracts, values.contracts.expiries[expiry]
        quoted = self._strikes(expiry)
        strikes = contracts.strike[part.rows]
        wanted = float(quoted[np.argmin(np.abs(quoted - strike))]) if len(quoted) else strike
        nearest = float(strikes[np.argmin(np.abs(strikes - wanted))])
        rows = np.flatnonzero(strikes == nearest) + part.first
        is_call = nearest >= values.forward[expiry]
        sided = rows[contracts.is_call[rows] == is_call]
        self.pick_row(int(sided[0] if len(sided) else rows[0]))

    def _row(self, contract: int | None) -> int | None:
        if contract is None or self.values is None:
            return None
        found = np.flatnonzero(self.values.contracts.ids == contract)
        return int(found[0]) if len(found) else None

    def _make(self, values: ChainValues | None) -> None:
        self.scene = self.smile = self.term = None
        if values is None:
            return
        choice = self.choice
        grid_of = (values, choice.axis, choice.zero_days)
        if not self._grid_of or self._grid_of[0] is not values or self._grid_of[1:] != grid_of[1:]:
            self._grid_of, self._grid = grid_of, make_grid(values, choice.axis, zero_days=choice.zero_days)
        grid, chosen = self._grid, self.chosen_expiry
        if grid is None or chosen is None:
            return
        quotes = quote_points(values, grid, choice.quotes)
        self._vol_span = vol_range(grid, quotes, self._vol_span)
        ghost = self._ghost_now()
        self.scene = make_scene(
            values, grid, quotes, choice.colour, vol_span=self._vol_span, chosen=chosen,
            chosen_row=self._row(self.contract), ghost=ghost,
        )  # fmt: skip
        self._cut(values, grid, chosen, ghost)

    def _cut(self, values: ChainValues, grid: SurfaceGrid, chosen: int,
             ghost: tuple[ChainValues, SurfaceGrid] | None) -> None:  # fmt: skip
        expiry = values.contracts.expiries[chosen]
        before = None if ghost is None else ghost[1]
        before_place = None if ghost is None else _place_of(ghost[0], _series(expiry))
        title = f"{expiry.expiry:%d %b %Y}  {expiry.root}  ATM {formats.iv_points(values.at_the_money_vol(chosen))}"
        self.smile = smile_slice(values, grid, chosen, title, before, before_place)
        self.term = term_slice(values, grid, None if ghost is None else ghost[0])

    def _ghost_now(self) -> tuple[ChainValues, SurfaceGrid] | None:
        """The ghost on the axis of now."""
        ghost = self._ghost
        if ghost is None:
            return None
        key = (id(ghost), self.choice.axis, self.choice.zero_days)
        if self._ghost_grid[0] != key:
            self._ghost_grid = key, make_grid(ghost, self.choice.axis, zero_days=self.choice.zero_days)
        grid = self._ghost_grid[1]
        return None if grid is None else (ghost, grid)


def _series(expiry: Expiry) -> Series:
    return Series(expiry.expiry, expiry.root, expiry.settlement, expiry.style, expiry.expires_ns)


def _place_of(values: ChainValues, series: Series) -> int | None:
    keys = [_series(each).key for each in values.contracts.expiries]
    return keys.index(series.key) if series.key in keys else None
