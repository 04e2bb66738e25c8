"""Where a chain's vols come from: the analytics, and until they have looked at it, each quote by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from terminal.app.analytics_port import Analytics
from terminal.app.market_port import Market
from terminal.app.views.chain import ChainView
from terminal.app.views.chain_vols import chain_vols, years_left
from terminal.app.views.chain_words import expiry_row, expiry_words, fallback_words, method_words
from terminal.core.instruments import InstrumentKind
from terminal.market.analytics.chain_values import Override

_BY_ITSELF_EVERY_NS = 500_000_000


class _Desk(Protocol):
    @property
    def market(self) -> Market: ...

    @property
    def analytics(self) -> Analytics: ...

    @property
    def interest_rate(self) -> float: ...


class ChainSource:
    """Feeds a :class:`ChainView`. ``owner`` names the panel to the analytics. UI thread only."""

    def __init__(self, desk: _Desk, view: ChainView, owner: str) -> None:
        self._desk, self._view, self._owner = desk, view, owner
        self._done_ns = 0
        self._rows = (0, -1)

    @property
    def rate(self) -> float | None:
        """The trader's own rate for the series on the screen, whoever told it; None: auto."""
        told = self._told()
        return None if told is None else told.rate

    def tell_rate(self, rate: float | None) -> None:
        """A rate of the trader's own, a decimal, for the series on the screen; None takes it back."""
        self._done_ns = 0
        underlying, series = self._view.underlying, self._view.series
        if underlying is not None and series is not None:
            told = replace(self._told() or Override(), rate=rate)
            keep = None if told == Override() else told
            self._desk.analytics.override(underlying.id, (series.expires_ns, series.root), keep)

    def _told(self) -> Override | None:
        underlying, series = self._view.underlying, self._view.series
        if underlying is None or series is None:
            return None
        return self._desk.analytics.told(underlying.id, (series.expires_ns, series.root))

    def start_over(self) -> None:
        """Another series is on the screen: nothing waits for its turn."""
        self._done_ns = 0

    def release(self) -> None:
        """Nobody looks: the chain needs no reckoning."""
        self._desk.analytics.release(self._owner)

    def refresh(self, first: int, last: int, now_ns: int, wall_ns: int) -> None:
        """Takes what the analytics have; else reckons the rows ``first`` to ``last``, those on the screen."""
        underlying = self._view.underlying
        if underlying is None:
            return
        self._desk.analytics.want(self._owner, underlying.id)
        self._view.reckoned.take(self._desk.analytics.values(underlying.id))
        self._view.reckoned.age(now_ns, wall_ns)
        due = wall_ns - self._done_ns >= _BY_ITSELF_EVERY_NS or (first, last) != self._rows
        if due and self._view.reckoned.values is None:
            self._done_ns, self._rows = wall_ns, (first, last)
            self._reckon(first, last, now_ns)

    def words(self, now_ns: int) -> tuple[str, str]:
        """The line above the strikes, and the same in sentences."""
        series, values, underlying = self._view.series, self._view.reckoned.values, self._view.underlying
        if series is None or underlying is None:
            return "", ""
        row = None if values is None else expiry_row(values, series.expires_ns, series.root)
        why = self._desk.analytics.why_none(underlying.id)
        if values is None or row is None:
            return fallback_words(self._fallback_rate, series.style, why, underlying.currency)
        is_index, is_old = underlying.kind is InstrumentKind.INDEX, self._view.reckoned.is_old
        line = expiry_words(values, row, now_ns, is_index=is_index, is_old=is_old)
        return line, method_words(values, row, series.style, why, underlying.currency)

    @property
    def _fallback_rate(self) -> float:
        return self._desk.interest_rate if self.rate is None else self.rate

    def _reckon(self, first: int, last: int, now_ns: int) -> None:
        ids, strikes = self._view.visible(first, last)
        series = self._view.series
        if series is None or not len(ids):
            return
        quotes = self._desk.market.read(np.maximum(ids, 0).ravel()).reshape(-1, 2)
        years = years_left(now_ns, series.expires_ns)
        vols = chain_vols(quotes, ids >= 0, strikes, self._view.spot_in_strikes(), years, self._fallback_rate)
        self._view.put_vols(first, vols)
