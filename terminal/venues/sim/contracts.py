"""The listed options of one underlying over a session: columns for the option kernel, and what carries overnight."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Delivery, Instrument, InstrumentKind, InstrumentTable, SettlementTime, Style
from terminal.core.messages import Batch
from terminal.core.osi import Right, make_option_symbol
from terminal.venues.sim import model
from terminal.venues.sim import option_kernel as kernel
from terminal.venues.sim.large_orders import LargeOrders, Standing
from terminal.venues.sim.listing import Series
from terminal.venues.sim.seeds import stream
from terminal.venues.sim.surface_kernel import smile_variance
from terminal.venues.sim.universe import RATE, Listing, Name

Floats = npt.NDArray[np.float64]
MEAN_TRADE = 4.3
SESSION_NS = 23_400 * NS_PER_S


class OptionClass:
    """All contracts on one underlying. A session is prepared by :meth:`open_session`, then stepped."""

    def __init__(self, seed: int, name: Name, underlying: Instrument, table: InstrumentTable, step_ns: int) -> None:
        self.name = name
        self._seed = seed
        self._underlying = underlying
        self._table = table
        self._step_ns = step_ns
        self._quote_rng = stream(seed, "option quotes", name.symbol)
        self._trade_rng = stream(seed, "option trades", name.symbol)
        self._listing_rng = stream(seed, "option listing", name.symbol)
        self._parameters = _parameters(name, step_ns)
        self._interest: dict[int, int] = {}
        self._prior_px: dict[int, int] = {}
        self.rows: list[Instrument] = []
        self._floats = np.zeros((kernel.FLOAT_ROWS, 0))
        self._ints = np.zeros((kernel.INT_ROWS, 0), np.int64)
        self._expiries = np.zeros((kernel.EXPIRY_ROWS, 0))
        self._is_first = True
        self._large = LargeOrders(seed, name, step_ns)

    def list_series(self, series: list[Series], expires_ns: dict[tuple[date, SettlementTime], int]) -> None:
        """Adds what is new to the table; contracts listed before stay until they expire."""
        index = self.name.listing is Listing.INDEX
        for row in series:
            for strike in row.strikes_mills:
                for right in (Right.CALL, Right.PUT):
                    instrument = self._table.add_option(
                        make_option_symbol(row.root, row.expiry, right, strike),
                        self._underlying.id,
                        expires_ns[row.expiry, row.settlement],
                        style=Style.EUROPEAN if index else Style.AMERICAN,
                        delivery=Delivery.CASH if index else Delivery.PHYSICAL,
                        settlement=row.settlement,
                        tick_class=self.name.options.tick_class,
                    )
                    if instrument.id not in self._interest:
                        self._interest[instrument.id] = -1
                        self.rows.append(instrument)

    def drop_expired(self, open_ns: int) -> None:
        """Forgets contracts whose last instant is not after ``open_ns``."""
        self.rows = [row for row in self.rows if row.option is not None and row.option.expires_ns > open_ns]

    def open_session(
        self, open_ns: int, end_ns: int, spot: float, vol: float, timing: dict[int, tuple[float, float, float, float]]
    ) -> None:
        """Columns for a session. ``timing``: by ``expires_ns``, what remains at the open: years of variance, calendar
        years, variance of earnings, and the cash value of dividends. ``end_ns``: last quotes of unexpired contracts."""
        ends = sorted(timing)
        place = {expires: at for at, expires in enumerate(ends)}
        self._expiries = np.zeros((kernel.EXPIRY_ROWS, len(ends)))
        for at, expires in enumerate(ends):
            years_of_variance, years, earnings, dividends = timing[expires]
            self._expiries[kernel.VARIANCE_YEARS, at] = years_of_variance
            self._expiries[kernel.YEARS, at] = years
            self._expiries[kernel.EARNINGS, at] = earnings
            self._expiries[kernel.DIVIDENDS, at] = dividends
            self._expiries[kernel.END_NS, at] = min(end_ns, expires)
        count = len(self.rows)
        self._floats = np.zeros((kernel.FLOAT_ROWS, count))
        self._ints = np.zeros((kernel.INT_ROWS, count), np.int64)
        for i, row in enumerate(self.rows):
            terms = row.option
            if terms is None:
                raise ValueError(f"{row.symbol} is no option")
            self._floats[kernel.STRIKE, i] = terms.symbol.strike_mills / 1000.0
            self._ints[kernel.INSTRUMENT, i] = row.id
            self._ints[kernel.EXPIRY, i] = place[terms.expires_ns]
            self._ints[kernel.IS_CALL, i] = terms.symbol.right is Right.CALL
        random = self._listing_rng
        self._floats[kernel.LIMIT] = -1.0
        self._floats[kernel.NOISE] = np.exp(0.18 * random.standard_normal(count))
        self._ints[kernel.START_NS] = open_ns + (random.random(count) * 9).astype(np.int64) * self._step_ns
        self._ints[kernel.BID : kernel.ASK_SIZE + 1] = -1
        popularity = self._popularity(spot, vol)
        self._floats[kernel.WEIGHT] = np.cumsum(popularity)
        self._carry_interest(popularity, random)

    def _popularity(self, spot: float, vol: float) -> Floats:
        """Share of the flow that each contract draws: near the money, out rather than in, soon, at round strikes."""
        strike = self._floats[kernel.STRIKE]
        expiry = self._ints[kernel.EXPIRY]
        tau = np.maximum(self._expiries[kernel.VARIANCE_YEARS][expiry], 1e-5)
        days = self._expiries[kernel.YEARS][expiry] * 365.0
        away = np.log(strike / spot) / (vol * np.sqrt(tau) + 0.004)
        is_call = self._ints[kernel.IS_CALL] != 0
        inside = np.where(is_call, away < 0, away > 0)
        near = np.exp(-0.5 * (away / 1.3) ** 2) * np.where(inside, 0.35, 1.0) + 0.002
        soon = 1.0 / (1.0 + days / 10.0)
        step = self.name.options.strike_step_mills / 1000.0
        round_strike = np.where(np.mod(strike, 10 * step) == 0, 3.0, np.where(np.mod(strike, 5 * step) == 0, 1.8, 1.0))
        whole = near * soon * round_strike
        return np.asarray(whole / max(whole.sum(), 1e-12))

    def _carry_interest(self, popularity: Floats, random: np.random.Generator) -> None:
        """Open interest from yesterday, or drawn for a contract that is new to this market."""
        days = self._expiries[kernel.YEARS][self._ints[kernel.EXPIRY]] * 365.0
        age = 1.0 + np.minimum(days, 400.0) / 12.0
        drawn = popularity * self.name.options.daily_contracts * age * np.exp(0.8 * random.standard_normal(len(age)))
        for i, row in enumerate(self.rows):
            known = self._interest[row.id]
            if known < 0:
                known = self._interest[row.id] = int(drawn[i]) if self._is_first else 0
            self._ints[kernel.INTEREST, i] = known
        self._is_first = False

    def steps(
        self, spots: Floats, market: Floats, own: Floats, consumed: Floats, nerves: Floats, widths: Floats,
        first_step: int, open_ns: int, end_ns: int, out: Batch, at: int,
    ) -> int:  # fmt: skip
        """Messages of some steps into ``out`` from row ``at``; the next free row."""
        coming = self._large.coming(nerves)
        standing = self._standing() if coming else None
        past = int(
            kernel.quote_steps(
                self._quote_rng, self._trade_rng, self._parameters, self._expiries, self._floats, self._ints,
                spots, market, own, consumed, nerves, widths, first_step, open_ns, self._step_ns, end_ns, out, at,
            )
        )  # fmt: skip
        if standing is None:
            return past
        prints = self._large.prints(coming, standing, out[at:past], first_step, open_ns)[: len(out) - past]
        out[past : past + len(prints)] = prints
        return past + len(prints)

    def _standing(self) -> Standing:
        quotes = self._ints[kernel.BID : kernel.ASK_SIZE + 1].copy()
        low, high = (int(self._parameters[each]) for each in (kernel.LOW_TICK, kernel.HIGH_TICK))
        return Standing(self._ints, self._floats, self._expiries, quotes, low, high)

    def theoretical_px(
        self, spot: float, market: float, own: float, consumed: float, now_ns: int, open_ns: int
    ) -> None:
        """Sets every contract's settlement price to its theoretical value at a moment, to the cent."""
        kernel.set_expiries(self._parameters, self._expiries, now_ns, consumed, market, own, open_ns)
        for i, row in enumerate(self.rows):
            price = kernel.price_contract(self._parameters, self._expiries, self._floats, self._ints, i, spot)
            self._prior_px[row.id] = round(price * 100.0) * 100

    def theory(self) -> list[tuple[Instrument, float, float, float]]:
        """Each contract with its last theoretical price, its log-moneyness then, and the total variance there now."""
        found = []
        for i, row in enumerate(self.rows):
            e = self._ints[kernel.EXPIRY, i]
            spot = self._floats[kernel.REF_SPOT, i] - self._expiries[kernel.DIVIDENDS, e]
            k = math.log(self._floats[kernel.STRIKE, i] / (spot * self._expiries[kernel.GROWTH, e]))
            rho, phi = self._parameters[kernel.RHO], self._expiries[kernel.PHI, e]
            variance = smile_variance(k, self._expiries[kernel.THETA, e], rho, phi)
            found.append((row, float(self._floats[kernel.THEO, i]), k, float(variance)))
        return found

    def close_session(self) -> None:
        """Keeps open interest and settlement prices, the middle of the last quotes, for tomorrow."""
        for i, row in enumerate(self.rows):
            self._interest[row.id] = int(self._ints[kernel.INTEREST, i]) + self._large.opened.get(row.id, 0)
            bid, ask = int(self._ints[kernel.BID, i]), int(self._ints[kernel.ASK, i])
            if ask > 0:
                self._prior_px[row.id] = (bid + ask) // 200 * 100
        self._large.opened.clear()

    @property
    def has_prior_prices(self) -> bool:
        """Whether there was a session before."""
        return bool(self._prior_px)

    def prior_prices(self) -> list[tuple[int, int]]:
        """Instrument ids and settlement prices of the session before, of contracts that had one."""
        return [(row.id, self._prior_px[row.id]) for row in self.rows if row.id in self._prior_px]

    def open_interest(self) -> list[tuple[int, int]]:
        """Instrument ids and open interest at the start of the session."""
        return [(row.id, int(self._ints[kernel.INTEREST, i])) for i, row in enumerate(self.rows)]


def _parameters(name: Name, step_ns: int) -> Floats:
    market = name.options
    steps = market.tick_class.table.steps
    market_long, own_long = model.long_run(name)
    row = np.zeros(kernel.PARAMETERS)
    row[kernel.RHO], row[kernel.ETA], row[kernel.GAMMA] = market.rho, market.eta, market.gamma
    row[kernel.BETA] = name.beta
    row[kernel.MARKET_LONG_RUN], row[kernel.OWN_LONG_RUN] = market_long, own_long
    row[kernel.REVERSION] = model.OPTION_REVERSION
    row[kernel.INTEREST_RATE], row[kernel.YIELD] = RATE, name.dividend_yield
    row[kernel.VOL_SPREAD] = market.vol_spread
    row[kernel.SPOT_SPREAD] = name.flow.half_spread_ticks * 0.008 if name.flow else 0.08
    row[kernel.PATIENCE] = 0.55 if name.kind is InstrumentKind.EQUITY else 0.85
    row[kernel.LOW_TICK], row[kernel.HIGH_TICK] = steps[0][1], steps[-1][1]
    row[kernel.SIZE] = market.size
    row[kernel.TRADES_PER_STEP] = market.daily_contracts / MEAN_TRADE * step_ns / SESSION_NS
    row[kernel.IS_AMERICAN] = 0.0 if name.listing is Listing.INDEX else 1.0
    return row


def earnings_variance(name: Name, count: int) -> float:
    """Variance that options carry for ``count`` earnings before their expiry."""
    return count * (1.1 * name.earnings_move) ** 2


def dividend_value(cash: list[tuple[float, float]]) -> float:
    """Value at the open of dividends as (years until, amount)."""
    return sum(amount * math.exp(-RATE * years) for years, amount in cash)
