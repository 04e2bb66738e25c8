"""The surface of an underlying as a panel shows it: what was chosen, what is seen, and why there is nothing."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from terminal.app import ages
from terminal.app.analytics_port import Analytics
from terminal.app.views.chain import Series
from terminal.app.views.chain_reckoned import ReckonedChain
from terminal.app.views.newest_work import NewestWork
from terminal.app.views.surface_axes import Span
from terminal.app.views.surface_grid import SurfaceGrid
from terminal.app.views.surface_making import Choice, Made, Wanted, chosen_expiry, make, row_of, series_of
from terminal.app.views.surface_quotes import Quotes, quote_points, quote_words
from terminal.app.views.surface_scene import SurfaceScene
from terminal.app.views.surface_slices import Slice
from terminal.core.instruments import Instrument, InstrumentTable
from terminal.market.analytics.chain_values import ChainValues
from terminal.quant.columns import Floats


class _Desk(Protocol):
    @property
    def table(self) -> InstrumentTable: ...

    @property
    def analytics(self) -> Analytics: ...


class SurfaceView:
    """Turns what the analytics say of a chain into a scene; ``owner`` names the panel to them. UI thread only."""

    def __init__(self, desk: _Desk, owner: str) -> None:
        self._desk, self._owner = desk, owner
        self._reckoned = ReckonedChain(desk.table)
        self._work = NewestWork("surface", make)
        self._turn = 0
        self._asked: Wanted | None = None
        self._made: Made | None = None
        self._vol_span: Span | None = None
        self._ghost: ChainValues | None = None
        self.underlying: Instrument | None = None
        self.choice = Choice()
        self.contract: int | None = None
        """Id of the contract that was picked."""

    def show(self, underlying: Instrument) -> None:
        """The surface of another underlying."""
        if self.underlying is not None and underlying.id == self.underlying.id:
            return
        self.underlying = underlying
        self.contract = self._ghost = self._vol_span = None
        self._forget()

    def release(self) -> None:
        """Nobody looks."""
        self._desk.analytics.release(self._owner)

    def close(self) -> None:
        """Nobody looks any more: ends the thread."""
        self.release()
        self._work.close()
        self._asked = None

    def refresh(self, now_ns: int, wall_ns: int) -> bool:
        """Takes what was made and asks for what is due; True when there is another scene than before."""
        if self.underlying is None:
            return False
        self._desk.analytics.want(self._owner, self.underlying.id)
        values = self._desk.analytics.values(self.underlying.id)
        before, made = self._made, self._work.take()
        if values is None:
            self._forget()
        else:
            if made is not None and made.turn == self._turn:
                self._take(made)
            self._ask(values)
        self._reckoned.take(self.values)
        self._reckoned.age(now_ns, wall_ns)
        return self._made is not before

    @property
    def is_busy(self) -> bool:
        """Whether another scene is being made."""
        return self._work.is_busy

    @property
    def is_old(self) -> bool:
        """Whether what is shown is of another moment than the market."""
        return self._reckoned.is_old

    @property
    def values(self) -> ChainValues | None:
        """What is shown was made of: rows of the scene are rows of these."""
        return None if self._made is None else self._made.values

    @property
    def scene(self) -> SurfaceScene | None:
        """What is shown."""
        return None if self._made is None else self._made.scene

    @property
    def smile(self) -> Slice | None:
        """The smile of the chosen expiry."""
        return None if self._made is None else self._made.smile

    @property
    def term(self) -> Slice | None:
        """The term structure at the money."""
        return None if self._made is None else self._made.term

    @property
    def _grid(self) -> SurfaceGrid | None:
        return None if self._made is None else self._made.grid

    @property
    def series(self) -> list[Series]:
        """The expiries that the surface has."""
        if self._grid is None or self.values is None:
            return []
        listed = self.values.contracts.expiries
        return [series_of(listed[each.expiry]) for each in self._grid.smiles]

    @property
    def chosen_expiry(self) -> int | None:
        """The expiry whose smile is picked out, by its place in the chain; None without a surface."""
        if self._grid is None or self.values is None:
            return None
        return chosen_expiry(self.values, self._grid, self.choice)

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
        if self.is_old:
            age_ns = now_ns - values.now_ns
            found.append((f"{ages.age(age_ns)} old" if age_ns > 0 else "of a later moment", "warn"))
        if len(grid.smiles) == 1:
            found.append(("one expiry: a smile, no surface", "warn"))
        if grid.has_zero_days and not self.choice.zero_days:
            found.append(("expiries of today: there are no others", "warn"))
        if self.scene is not None and self.scene.ghost:
            found.append((f"ghost of {self.scene.ghost}", "ghost"))
        return tuple(found)

    @property
    def chosen_key(self) -> str:
        """The same as a key; empty without a surface."""
        chosen = self.chosen_expiry
        return "" if chosen is None or self.values is None else series_of(self.values.contracts.expiries[chosen]).key

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
            self.choose(expiry=series_of(self.values.contracts.expiries[place]).key)

    def pick_expiry(self, place: int) -> None:
        """Picks out the smile of an expiry by its place in the chain."""
        if self.values is not None:
            self.choose(expiry=series_of(self.values.contracts.expiries[place]).key)

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
            self.choose(expiry=series_of(values.contracts.expiries[then]).key)

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
        if not len(strikes):
            return
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
        return None if self.values is None else row_of(self.values, contract)

    def _forget(self) -> None:
        """Nothing is shown, and an answer that is still to come is of something else."""
        self._turn += 1
        self._asked = self._made = None

    def _take(self, made: Made) -> None:
        self._made = made
        if (made.choice.axis, made.choice.zero_days) == (self.choice.axis, self.choice.zero_days):
            self._vol_span = made.vol_span

    def _ask(self, values: ChainValues) -> None:
        wanted = Wanted(self._turn, values, self.choice, self.contract, self._ghost, self._vol_span, self._made)
        if not wanted.is_same(self._asked):
            self._asked = wanted
            self._work.ask(wanted)
