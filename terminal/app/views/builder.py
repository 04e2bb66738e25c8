"""The strategy builder's brain: the legs on one underlying, what they are called, and what they bring and cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from terminal.app.analytics_port import Analytics
from terminal.app.leg_draft import DraftLeg, LegsRefused, SharedLegs, underlying_of
from terminal.app.looking_back import looks_back
from terminal.app.market_port import Market
from terminal.app.ports import OrderDraft, Past
from terminal.app.views import builder_legs
from terminal.app.views.builder_reckoning import IfTraded, Reckoned, Request, Scenario, reckon
from terminal.app.views.newest_work import NewestWork
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Instrument, InstrumentTable
from terminal.core.money import PRICE_SCALE
from terminal.core.orders import OrderType, Side
from terminal.market.analytics.chain_values import ChainValues
from terminal.market.rows import Rows
from terminal.portfolio.strategies.catalog import Strategy
from terminal.portfolio.strategies.combination import CombinationPrice, combination_price, sides
from terminal.portfolio.strategies.construct import CannotBuild, construct
from terminal.portfolio.strategies.legs import Kind, StrategyLeg, units_of
from terminal.portfolio.strategies.recognise import Recognised, recognise

SEVERAL_LEGS = "Orders of several legs are not sent yet; nothing was put into the ticket."
_AGAIN_NS = NS_PER_S // 4
"""A market that moves is reckoned so often; what a person changes at once."""
_OLD_NS = 10 * NS_PER_S


class _Desk(Protocol):
    @property
    def table(self) -> InstrumentTable: ...

    @property
    def market(self) -> Market: ...

    @property
    def analytics(self) -> Analytics: ...

    @property
    def trading(self) -> Any: ...

    @property
    def past(self) -> Past | None: ...


@dataclass(frozen=True, slots=True)
class LegRow:
    """One leg with its quote: prices at scale 10,000 and None where there is none; vol and delta NaN."""

    leg: StrategyLeg
    row: Instrument
    quote: np.void
    bid_px: float | None
    ask_px: float | None
    vol: float
    delta: float


class BuilderView:
    """``owner`` names the panel to the analytics. UI thread only; :meth:`close` ends its thread."""

    def __init__(self, desk: _Desk, legs: SharedLegs, owner: str) -> None:
        self._desk, self._shared, self._owner = desk, legs, owner
        self._worker = NewestWork("strategy-builder", reckon)
        self._asked: Request | None = None
        self._asked_ns = 0
        self._pending: tuple[str, object] | None = None
        self.underlying: Instrument | None = None
        self.scenario = Scenario()
        self.values: ChainValues | None = None
        self.result: Reckoned | None = None
        self.rows: tuple[LegRow, ...] = ()
        self.price: CombinationPrice | None = None
        self.name = Recognised("", 0)

    # Legs.

    @property
    def legs(self) -> tuple[DraftLeg, ...]:
        """Those of the underlying."""
        return () if self.underlying is None else self._shared.legs(self.underlying.id)

    def show(self, instrument: Instrument) -> bool:
        """The legs on an underlying, or on that of an option; whether it is another one."""
        under = self._desk.table.get(underlying_of(instrument))
        if self.underlying is not None and under.id == self.underlying.id:
            return False
        self.underlying = under
        self.values = self.result = self._asked = None
        return True

    def put(self, legs: Sequence[DraftLeg]) -> None:
        """Other legs; raises LegsRefused."""
        if self.underlying is not None:
            self._pending = None
            self._shared.replace(self.underlying.id, legs)

    def pick(self, strategy: Strategy) -> None:
        """A named strategy in place of what is there, in the expiry that is there. Raises CannotBuild, LegsRefused."""
        if self.underlying is None:
            raise CannotBuild("Choose a symbol that has listed options first.")
        if self.values is None or not self.values.contracts.count:
            why = self._desk.analytics.why_none(self.underlying.id)
            raise CannotBuild(why or "The chain is being reckoned; try again in a moment.")
        built = construct(strategy, self.values, self._near())
        if any(each.kind is Kind.STOCK for each in built) and not self.underlying.is_tradable:
            raise LegsRefused(f"{strategy.name} needs the stock, and {self.underlying.label} is an index.")
        self.put([DraftLeg(each.instrument, each.quantity) for each in built])

    def _near(self) -> int | None:
        """The row of the nearest expiry of the legs; None without options, or when it is over."""
        values = self.values
        options = [each for each in builder_legs.strategy_legs(self._desk.table, self.legs) if each.expires_ns]
        if values is None or not options:
            return None
        ids = {each.instrument for each in options if each.expires_ns == min(leg.expires_ns for leg in options)}
        found = np.flatnonzero(np.isin(values.contracts.ids, list(ids)))
        row = int(values.contracts.expiry_row[found[0]]) if len(found) else -1
        return row if row >= 0 and values.time[row] > 0.0 else None

    def step_strike(self, place: int, steps: int) -> None:
        """A leg, or with ``place`` -1 all of them, at the next listed strike."""
        table = self._desk.table
        stepped = builder_legs.all_stepped(table, self.legs, steps)
        self.put(stepped if place < 0 else builder_legs.stepped_strike(table, self.legs, place, steps))

    def step_expiry(self, place: int, steps: int) -> None:
        """A leg, or with ``place`` -1 all of them, in the next expiry that lists the strike."""
        places = range(len(self.legs)) if place < 0 else (place,)
        self.put(builder_legs.stepped_expiry(self._desk.table, self.legs, places, steps))

    def drag(self, place: int, strike: float) -> None:
        """A leg at the listed strike nearest to a price."""
        self.put(builder_legs.dragged(self._desk.table, self.legs, place, strike))

    def flip(self, place: int) -> None:
        """A leg, or with ``place`` -1 all of them, on the other side."""
        self.put(builder_legs.flipped(self.legs, None if place < 0 else place))

    def remove(self, place: int) -> None:
        """Without a leg."""
        self.put(builder_legs.removed(self.legs, place))

    def add(self, place: int, steps: int) -> None:
        """More or less of a leg, away from nothing: a stock leg by round lots, and never through zero."""
        if 0 <= place < len(self.legs):
            leg = self.legs[place]
            lot = 100 if self._desk.table.get(leg.instrument).option is None else 1
            size = abs(leg.quantity) + steps * lot
            if size > 0:
                sign = 1 if leg.quantity > 0 else -1
                more = [replace(each, quantity=sign * size) if each is leg else each for each in self.legs]
                self.put(more)

    def set_units(self, units: int) -> None:
        """The whole combination so many times."""
        if self.legs and units > 0:
            # Not the name's: a leg may have changed since the last frame.
            old = units_of(builder_legs.strategy_legs(self._desk.table, self.legs))
            self.put(builder_legs.scaled(self.legs, old, units))

    # What follows from them.

    def refresh(self, now_ns: int, wall_ns: int) -> None:
        """Reads quotes and values, takes what was reckoned and asks for what is due."""
        self._restore()
        under = self.underlying
        if under is None:
            return
        self._desk.analytics.want(self._owner, under.id)
        self.values = self._desk.analytics.values(under.id)
        legs = builder_legs.strategy_legs(self._desk.table, self.legs)
        self.name = recognise(legs)
        self._read(legs)
        done = self._worker.take()
        if done is not None and done.request.legs == legs:
            self.result = done
        if not legs or self.values is None:
            self.result, self._asked = None, None
            return
        self._ask(legs, self.values, wall_ns)

    def _read(self, legs: tuple[StrategyLeg, ...]) -> None:
        rows = tuple(self._desk.table.get(each.instrument) for each in legs)
        quotes: Rows = self._desk.market.read(np.array([each.id for each in rows], np.int32))
        places: dict[int, int] = {}
        if self.values is not None and legs:
            found = np.flatnonzero(np.isin(self.values.contracts.ids, [each.id for each in rows]))
            places = {int(self.values.contracts.ids[at]): int(at) for at in found}
        self.rows = tuple(
            self._leg_row(leg, row, quote, places.get(row.id))
            for leg, row, quote in zip(legs, rows, quotes, strict=True)
        )
        self.price = combination_price(legs, rows, quotes) if legs else None

    def _leg_row(self, leg: StrategyLeg, row: Instrument, quote: np.void, place: int | None) -> LegRow:
        bid, ask = sides(quote, row)
        if leg.kind is Kind.STOCK:
            return LegRow(leg, row, quote, bid, ask, math.nan, 1.0)
        value = None if self.values is None or place is None else self.values.values[place]
        if value is None:
            return LegRow(leg, row, quote, bid, ask, math.nan, math.nan)
        vol = float(value["mid_vol"])
        vol = vol if math.isfinite(vol) else float(value["vol"])
        return LegRow(leg, row, quote, bid, ask, vol, float(value["delta"]))

    def _entries(self, values: ChainValues) -> tuple[float, ...]:
        """What a share of each leg is bought or sold at: the middle that the vols are of, else that of the quote."""
        found = []
        for each in self.rows:
            if each.leg.kind is Kind.STOCK:
                found.append(values.spot.price)
                continue
            at = np.flatnonzero(values.contracts.ids == each.row.id)
            mid = float(values.values["mid"][at[0]]) if len(at) else math.nan
            if not math.isfinite(mid) and each.bid_px is not None and each.ask_px is not None:
                mid = 0.5 * (each.bid_px + each.ask_px) / PRICE_SCALE
            found.append(mid)
        return tuple(found)

    def _ask(self, legs: tuple[StrategyLeg, ...], values: ChainValues, wall_ns: int) -> None:
        asked = self._asked
        same = asked is not None and asked.legs == legs and asked.scenario == self.scenario
        if same and asked is not None:
            is_same_moment = asked.values is values
            if is_same_moment or wall_ns - self._asked_ns < _AGAIN_NS or self._worker.is_busy:
                return
        request = Request(legs, values, self._entries(values), self.scenario, self._if_traded())
        self._asked, self._asked_ns = request, wall_ns
        self._worker.ask(request)

    def _if_traded(self) -> IfTraded | None:
        if looks_back(self._desk.past):
            return None
        found: IfTraded | None = getattr(self._desk.trading, "if_traded", None)
        return found

    @property
    def is_current(self) -> bool:
        """Whether what was reckoned is of these legs and sliders."""
        return self.result is not None and self.result.request is self._asked

    def is_old(self, now_ns: int) -> bool:
        """Whether what is shown was reckoned at another moment than that of the quotes."""
        values = self.values if self.result is None else self.result.request.values
        return values is not None and abs(now_ns - values.now_ns) > _OLD_NS

    def forget(self) -> None:
        """Another market is looked at, the past or that of now again: nothing reckoned on the other one may appear."""
        self._worker.forget()
        self.result = self._asked = None

    # Orders, settings, the end.

    def order(self) -> OrderDraft | str:
        """What goes to the ticket, or why nothing does: never one leg of several."""
        if not self.legs:
            return "There are no legs to send."
        if len(self.legs) > 1:
            return SEVERAL_LEGS
        leg = self.legs[0]
        side = Side.BUY if leg.quantity > 0 else Side.SELL
        return OrderDraft(leg.instrument, side, abs(leg.quantity), OrderType.LIMIT)

    def save(self) -> dict[str, Any]:
        """Symbols and quantities of the legs, and the sliders."""
        scenario = {"part": self.scenario.part, "vol": self.scenario.vol, "tilt": self.scenario.tilt}
        under = self.underlying
        if self._pending is not None and not self.legs:
            return {"underlying": self._pending[0], "legs": self._pending[1], "scenario": scenario}
        return {
            "underlying": under.symbol if under else "",
            "legs": builder_legs.saved(self._desk.table, self.legs),
            "scenario": scenario,
        }

    def restore(self, underlying: object, legs: object, scenario: object) -> None:
        """Takes back :meth:`save`: legs once their contracts are listed, and only where there are none yet."""
        if isinstance(underlying, str) and underlying:
            self._pending = (underlying, legs)
        if isinstance(scenario, dict):
            told = {name: scenario.get(name) for name in ("part", "vol", "tilt")}
            if all(isinstance(each, int | float) and math.isfinite(each) for each in told.values()):
                part, vol, tilt = (float(told[name] or 0.0) for name in ("part", "vol", "tilt"))
                self.scenario = Scenario(min(max(part, 0.0), 1.0), min(max(vol, -0.5), 0.5), min(max(tilt, -0.2), 0.2))

    def _restore(self) -> None:
        if self._pending is None or self.underlying is None or self.underlying.symbol != self._pending[0]:
            return
        if self.legs:
            self._pending = None
            return
        legs = builder_legs.restored(self._desk.table, self.underlying.id, self._pending[1])
        if legs is not None:
            self.put(legs)

    def release(self) -> None:
        """Nobody looks: the chain needs no reckoning."""
        self._desk.analytics.release(self._owner)

    def close(self) -> None:
        """Ends the thread."""
        self.release()
        self._worker.close()
        self._asked = None
