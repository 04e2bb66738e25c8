"""Phases of the trading day for a feed that does not send them, by the desk's calendars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np

from terminal.core.clock import from_ns, midnight_ns
from terminal.core.instruments import SESSION_CODES, InstrumentTable, SessionProduct
from terminal.core.messages import PHASE, PHASE_SESSION, Batch, Flag, Kind, Phase, empty_batch
from terminal.infra.calendars import Calendars
from terminal.market.importers.lean.trading_day import day_start_ns, phase_messages

_ROUND_THE_CLOCK = (SessionProduct.CRYPTO, SessionProduct.FX, SessionProduct.FOREIGN)
"""Crypto never closes; of FX and foreign exchanges the feed itself must say when they do, and when a day begins."""
_KEEPS = Flag.BID_UNCHANGED | Flag.ASK_UNCHANGED


class DayPhases:
    """``due(until_ns)`` gives the PHASE_CHANGE messages up to a market time that were not given yet."""

    def __init__(
        self, table: InstrumentTable, calendars: Calendars, products: Iterable[SessionProduct], start_ns: int
    ) -> None:
        self._table = table
        self._calendars = calendars
        self._products = set(products)
        self._day: date = from_ns(start_ns).date()
        self._waiting = self._of_day(day_start_ns(self._day, start_ns))
        always = [SESSION_CODES[each] for each in _ROUND_THE_CLOCK if each in self._products]
        first = empty_batch(len(always))
        first["ts_ns"], first["kind"] = start_ns, Kind.PHASE_CHANGE
        first[PHASE], first[PHASE_SESSION] = Phase.OPEN, always
        self._waiting = np.concatenate((first, self._waiting))
        self._phase_of: dict[int, int] = {}
        """Phase by session code, as far as it was given."""
        self._listed = len(table)

    @property
    def next_ns(self) -> int:
        """When the next change is due."""
        return int(self._waiting["ts_ns"].min()) if len(self._waiting) else self._next_midnight_ns()

    def due(self, until_ns: int) -> Batch:
        """Changes up to ``until_ns``, ascending; days that the market has jumped over are left out."""
        found = [self._take(until_ns)]
        while self._next_midnight_ns() <= until_ns:
            self._day = from_ns(until_ns).date() if len(found) > 1 else self._day + timedelta(days=1)
            self._waiting = self._of_day(day_start_ns(self._day, until_ns))
            found.append(self._take(until_ns))
        return np.concatenate(found)

    def joined(self, now_ns: int) -> Batch:
        """The phases that instruments are in which were listed since the last call; call :meth:`due` before it."""
        new = [self._table.get(number) for number in range(self._listed, len(self._table))]
        self._listed = len(self._table)
        fresh = {row.session for row in new} - self._products
        if not new:
            return empty_batch(0)
        self._products |= fresh
        known = [row for row in new if row.session not in fresh and SESSION_CODES[row.session] in self._phase_of]
        own = empty_batch(len(known))
        own["kind"], own["instrument"] = Kind.PHASE_CHANGE, [row.id for row in known]
        own[PHASE] = [self._phase_of[SESSION_CODES[row.session]] for row in known]
        always = [SESSION_CODES[each] for each in _ROUND_THE_CLOCK if each in fresh]
        opened = empty_batch(len(always))
        opened["kind"], opened[PHASE], opened[PHASE_SESSION] = Kind.PHASE_CHANGE, Phase.OPEN, always
        day = self._of_day(day_start_ns(self._day, now_ns))
        is_series = np.isin(day["instrument"], [row.id for row in new])
        is_fresh = (day["instrument"] < 0) & np.isin(day[PHASE_SESSION], [SESSION_CODES[each] for each in fresh])
        day = np.concatenate((opened, day[is_series | is_fresh], self._waiting))
        self._waiting = day[np.argsort(day["ts_ns"], kind="stable")]
        found = np.concatenate((own, self._take(now_ns)))
        found["ts_ns"] = now_ns
        return found

    def _take(self, until_ns: int) -> Batch:
        is_due = self._waiting["ts_ns"] <= until_ns
        due: Batch = self._waiting[is_due]
        self._waiting = self._waiting[~is_due]
        of_all = due[due["instrument"] < 0]
        self._phase_of.update(zip(of_all[PHASE_SESSION].tolist(), of_all[PHASE].tolist(), strict=True))
        return due

    def _next_midnight_ns(self) -> int:
        return midnight_ns(self._day + timedelta(days=1))

    def _of_day(self, start_ns: int) -> Batch:
        crypto = self._crypto_day() if SessionProduct.CRYPTO in self._products else empty_batch(0)
        products = [each for each in self._products if each not in _ROUND_THE_CLOCK]
        if not products:
            return crypto
        batch = phase_messages(self._calendars, self._table, products, self._day, start_ns)
        # The day begins for those that have days, and not for what trades round the clock.
        begins = empty_batch(len(products))
        begins["ts_ns"], begins["kind"] = start_ns, Kind.PHASE_CHANGE
        begins[PHASE] = Phase.PRE_MARKET
        begins[PHASE_SESSION] = sorted(SESSION_CODES[each] for each in products)
        rest = batch[(batch["instrument"] >= 0) | (batch[PHASE_SESSION] != 0)]
        return np.concatenate((begins, rest, crypto))

    def _crypto_day(self) -> Batch:
        """Midnight UTC of this evening, where crypto's next day begins with the quotes and books that stand."""
        hours = self._calendars.session_hours(SessionProduct.CRYPTO, self._day + timedelta(days=1))
        batch = empty_batch(2)
        batch["ts_ns"], batch["kind"] = hours.first_ns, Kind.PHASE_CHANGE
        batch[PHASE], batch[PHASE_SESSION] = (Phase.PRE_MARKET, Phase.OPEN), SESSION_CODES[SessionProduct.CRYPTO]
        batch["flags"][0] = _KEEPS
        return batch
