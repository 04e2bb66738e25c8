"""The simulated market itself: one trading day after another, as messages in the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct, SettlementTime
from terminal.core.messages import MESSAGE, Batch, clock_message
from terminal.core.ticks import TickClass
from terminal.infra.calendars import Calendars
from terminal.infra.failures import WorkFailed
from terminal.venues.sim import listing, model
from terminal.venues.sim.calendar_events import dividends, earnings
from terminal.venues.sim.contracts import OptionClass, dividend_value, earnings_variance
from terminal.venues.sim.day_messages import closing, index_print, opening, option_close
from terminal.venues.sim.history import History
from terminal.venues.sim.name_book import NameBook
from terminal.venues.sim.ordering import in_order
from terminal.venues.sim.seeds import stream
from terminal.venues.sim.session_plan import SessionPlan, make_plan
from terminal.venues.sim.universe import INDEX, NAMES
from terminal.venues.sim.variance_clock import VarianceClock

Floats = npt.NDArray[np.float64]
STEP_NS = NS_PER_S // 10
STEPS_PER_SECOND = 10
YEAR_NS = 365.0 * 86_400 * NS_PER_S
_LISTED_AHEAD = timedelta(days=1_150)
_BUFFER = 1 << 17
OPENING_SHARE, CLOSING_SHARE = 0.012, 0.06
"""Of a day's volume, traded in the two auctions."""


def list_underlyings(table: InstrumentTable) -> list[int]:
    """Ids of the simulated names in the table, in the order of the universe; adds what is missing."""
    ids = []
    for name in NAMES:
        tick_class = TickClass.PENNY if name.kind is InstrumentKind.INDEX else TickClass.EQUITY
        ids.append(table.add(name.symbol, name.kind, SessionProduct.EQUITY, tick_class, name=name.title).id)
    return ids


class SimMarket:
    """State of the whole market. :meth:`days` runs it; nothing outside can change what happens in it."""

    def __init__(
        self,
        seed: int,
        first_day: date,
        history: History,
        table: InstrumentTable,
        calendars: Calendars,
        step_ns: int = STEP_NS,
    ) -> None:
        self._seed = seed
        self._step_ns = step_ns
        self._is_under_way = False
        self._calendars = calendars
        self._table = table
        self._day = calendars.session_on_or_after(first_day)
        self._before = calendars.previous_session(self._day)
        self._market_state = history.market_state.copy()
        self._states = history.name_states.copy()
        self._market_rng = stream(seed, "market")
        self._rngs = [stream(seed, "name", name.symbol) for name in NAMES]
        self._closes_px = [int(history.names[name.symbol].daily["close"][-1]) for name in NAMES]
        self._ids = list_underlyings(table)
        self._books = {
            at: NameBook(seed, name, self._ids[at], step_ns) for at, name in enumerate(NAMES) if name.flow is not None
        }
        self._classes = [
            OptionClass(seed, name, table.get(self._ids[at]), table, step_ns) for at, name in enumerate(NAMES)
        ]
        self._out = np.zeros(_BUFFER, MESSAGE)
        self._out["instrument"] = -1
        self._market_variance = np.zeros(1)
        self._prices = np.exp(self._states[:, 0])
        self._own = np.zeros(len(NAMES))
        self._set_variances()

    def _set_variances(self) -> None:
        tiny = np.zeros(1)
        self._market_variance = model.market_steps(stream(0, "still"), self._market_state.copy(), tiny)[1]
        for at, name in enumerate(NAMES):
            own = model.name_steps(name, stream(0, "still"), self._states[at].copy(), tiny, tiny)[1]
            self._own[at] = own[0]

    def option_class(self, symbol: str) -> OptionClass:
        """The options on an underlying; KeyError for a name that is not in the universe."""
        return {name.symbol: row for name, row in zip(NAMES, self._classes, strict=True)}[symbol]

    def prepare(self) -> None:
        """Lists the contracts of the day that comes next, so that they can be found before it opens."""
        for _ in self._listings():
            pass

    def _listings(self) -> Iterator[None]:
        """The same, name by name."""
        self._clock = VarianceClock(self._calendars, self._before, self._day + _LISTED_AHEAD)
        yield
        for at in range(len(NAMES)):
            self._list(at)
            yield

    def _list(self, at: int) -> None:
        name, contracts = NAMES[at], self._classes[at]
        open_ns = self._calendars.session_hours(SessionProduct.EQUITY, self._day).open_ns
        series = listing.listed(name, self._calendars, self._day, self._closes_px[at] / 10_000.0)
        ends = {(row.expiry, row.settlement): self._calendars.expiry_ns(row.expiry, row.settlement) for row in series}
        series = [row for row in series if ends[row.expiry, row.settlement] > open_ns]
        contracts.drop_expired(open_ns)
        contracts.list_series(series, ends)

    def days(self, steps_per_batch: int = STEPS_PER_SECOND) -> Iterator[Batch]:
        """Messages of all days to come, ascending in time; a batch is ``steps_per_batch`` steps of 100 ms.

        How they are cut changes nothing in them. While a new day is made ready, for about a fifth of a second, there
        are batches of one CLOCK message each, so that whoever reads them has time for something else in between.
        """
        self.prepare()
        while True:
            plan = make_plan(self._calendars, self._day, self._step_ns)
            rest_ns = self._before_end_ns() + 1
            for _ in self._night(plan):
                if self._is_under_way:
                    yield clock_message(rest_ns)
            yield from self._run_day(plan, steps_per_batch)
            self._is_under_way = True
            self._before, self._day = self._day, self._calendars.next_session(self._day)
            for _ in self._listings():
                yield clock_message(plan.end_ns + 1)

    def _run_day(self, plan: SessionPlan, steps_per_batch: int) -> Iterator[Batch]:
        prior = [pair for contracts in self._classes for pair in contracts.prior_prices()]
        interest = [pair for contracts in self._classes for pair in contracts.open_interest()]
        settles = self._settles_this_morning()
        opens_px = [_to_px(price) for price in self._prices]
        statics = opening(
            plan.open_ns, self._ids, self._closes_px, opens_px, prior, interest, settles, _auction(OPENING_SHARE)
        )
        for first in range(0, plan.steps, steps_per_batch):
            steps = min(steps_per_batch, plan.steps - first)
            at = self._steps(plan, first, steps)
            parts = [self._out[:at]]
            if first == 0:
                parts.insert(0, statics)
            if first <= plan.close_step < first + steps:
                parts.insert(0, self._close(plan))
            ordered = in_order(np.concatenate(parts), self._table.kind_of)
            # The kernels, which write these rows next, name no venue.
            self._out["venue"][:at] = 0
            yield ordered
        for contracts in self._classes:
            contracts.close_session()
        yield option_close(plan.end_ns)

    def _night(self, plan: SessionPlan) -> Iterator[None]:
        """From the last close to this open, name by name: variance, dividends, earnings, and the day's contracts."""
        night = np.array([self._clock.at(plan.open_ns) - self._clock.at(self._before_end_ns())])
        before_prices, before_own = self._prices.copy(), self._own.copy()
        before_market = float(self._market_variance[0])
        returns, self._market_variance = model.market_steps(self._market_rng, self._market_state, night)
        for at, name in enumerate(NAMES):
            model.overnight_event(self._seed, name, self._calendars, self._before, self._day, self._states[at])
            prices, own = model.name_steps(name, self._rngs[at], self._states[at], night, returns)
            self._prices[at], self._own[at] = prices[0], own[0]
            contracts = self._classes[at]
            end_ns = plan.end_ns if name is INDEX else plan.close_ns
            contracts.open_session(plan.open_ns, end_ns, float(prices[0]), name.vol, self._timing(at, plan.open_ns))
            if not contracts.has_prior_prices:
                contracts.theoretical_px(
                    float(before_prices[at]), before_market, float(before_own[at]), -float(night[0]),
                    self._before_end_ns(), plan.open_ns,
                )  # fmt: skip
            if at in self._books:
                self._books[at].open_session(plan.open_ns, float(prices[0]))
            yield

    def _before_end_ns(self) -> int:
        return self._calendars.session_hours(SessionProduct.INDEX_OPTION, self._before).close_ns

    def _timing(self, at: int, open_ns: int) -> dict[int, tuple[float, float, float, float]]:
        """By expiry: what is left at the open, as :meth:`OptionClass.open_session` wants it."""
        name, day = NAMES[at], self._day
        found: dict[int, tuple[float, float, float, float]] = {}
        now = self._clock.at(open_ns)
        for row in self._classes[at].rows:
            terms = row.option
            if terms is None or terms.expires_ns in found:
                continue
            expiry = terms.symbol.expiry
            cash = [
                ((self._calendars.session_hours(SessionProduct.EQUITY, when).open_ns - open_ns) / YEAR_NS, amount)
                for when, amount in dividends(name, self._calendars, day, expiry)
                if when > day
            ]
            told = [when for when in earnings(name, self._calendars, day, expiry) if when < expiry]
            found[terms.expires_ns] = (
                self._clock.at(terms.expires_ns) - now,
                (terms.expires_ns - open_ns) / YEAR_NS,
                earnings_variance(name, len(told)),
                dividend_value(cash),
            )
        return found

    def _settles_this_morning(self) -> bool:
        """Whether an AM-settled series of the index expires today."""
        return any(
            row.option is not None
            and row.option.settlement is SettlementTime.AM
            and row.option.symbol.expiry == self._day
            for row in self._table.chain(self._ids[0], self._day)
        )

    def _steps(self, plan: SessionPlan, first: int, steps: int) -> int:
        """Writes the messages of some steps into the buffer; gives how many."""
        consumed = plan.consumed[first : first + steps + 1]
        lengths = np.diff(consumed)
        nerves, widths = plan.nerves[first : first + steps], plan.widths[first : first + steps]
        returns, variances = model.market_steps(self._market_rng, self._market_state, lengths)
        market = _starts(float(self._market_variance[0]), variances)
        self._market_variance = variances[-1:]
        rows = []
        for at, name in enumerate(NAMES):
            prices, own = model.name_steps(name, self._rngs[at], self._states[at], lengths, returns)
            starts = _starts(float(self._prices[at]), prices)
            if first <= plan.close_step < first + steps:
                self._closes_px[at] = _to_px(float(starts[plan.close_step - first]))
            rows.append((starts, _starts(float(self._own[at]), own)))
            self._prices[at], self._own[at] = prices[-1], own[-1]
        used = index_print(plan, first, steps, self._ids[0], rows[0][0], self._out)
        for at, book in self._books.items():
            used = book.steps(rows[at][0], nerves, first, plan.open_ns, plan.close_ns, self._out, used)
        for at, contracts in enumerate(self._classes):
            end_ns = plan.end_ns if NAMES[at] is INDEX else plan.close_ns
            used = contracts.steps(
                rows[at][0], market, rows[at][1], consumed[:-1], nerves, widths, first, plan.open_ns, end_ns,
                self._out, used,
            )  # fmt: skip
        if used >= len(self._out):
            raise WorkFailed("the simulated market made more messages than a batch can hold; use smaller batches")
        return used

    def _close(self, plan: SessionPlan) -> Batch:
        """Official closes at the instant of the close."""
        expiring = [
            row.id
            for row in self._table.chain(self._ids[0], self._day)
            if row.option is not None and row.option.settlement is SettlementTime.PM
        ]
        return closing(plan.close_ns, self._ids, self._closes_px, _auction(CLOSING_SHARE), expiring)


def _starts(first: float, ends: Floats) -> Floats:
    return np.concatenate([[first], ends[:-1]])


def _auction(share: float) -> list[int]:
    """Shares of an auction's print, by name; 0 for the index."""
    return [int(share * name.flow.daily_shares) // 100 * 100 if name.flow else 0 for name in NAMES]


def _to_px(price: float) -> int:
    return round(price * 100.0) * 100
