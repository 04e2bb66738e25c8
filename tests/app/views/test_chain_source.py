"""Where a chain's vols come from, and what is said about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from terminal.app.views.cells import TONE_MASK, Look, Tone
from terminal.app.views.chain import ChainView, series_of
from terminal.app.views.chain_columns import PLACE_OF
from terminal.app.views.chain_source import ChainSource
from terminal.app.views.chain_words import expiry_words, method_words
from terminal.app.views.freshness import FeedPulse
from terminal.core.clock import NS_PER_S, at_ns
from terminal.core.instruments import InstrumentTable, Style
from terminal.core.messages import Phase
from terminal.core.money import parse_px
from terminal.market.analytics.chain_pass import ChainPass
from terminal.market.analytics.chain_values import ChainValues, Override, Spot, SpotSource
from terminal.market.rows import Ids, Quality, Rows
from tests.market.analytics import chains
from tests.market.analytics.chains import NOW_NS, RATE


class Market:
    """Rows by id."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def read(self, ids: Ids) -> Rows:
        copied: Rows = self.rows[ids].copy()
        return copied


class Remembering:
    """Analytics that give what a test puts there and remember what they were told."""

    def __init__(self) -> None:
        self.found: ChainValues | None = None
        self.wanted: dict[object, int] = {}
        self.told_all: list[tuple[int, Any, Override | None]] = []

    def want(self, owner: object, underlying: int) -> None:
        self.wanted[owner] = underlying

    def release(self, owner: object) -> None:
        self.wanted.pop(owner, None)

    def override(self, underlying: int, series: Any, told: Override | None) -> None:
        self.told_all.append((underlying, series, told))

    def told(self, underlying: int, series: Any) -> Override | None:
        said = [each for *where, each in self.told_all if where == [underlying, series]]
        return said[-1] if said else None

    def values(self, _underlying: int) -> ChainValues | None:
        return self.found

    def why_none(self, _underlying: int) -> str:
        return "The option models are being made ready; values follow."


@dataclass
class Desk:
    """What a chain's source needs."""

    table: InstrumentTable
    market: Any
    analytics: Any
    interest_rate: float = RATE


@pytest.fixture
def scene() -> tuple[Desk, ChainView, ChainSource, ChainValues]:
    table, stock, contracts = chains.listed()
    rows = chains.blank(contracts.count + 1)
    rows[contracts.ids] = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
    rows["phase"] = Phase.OPEN
    quote = rows[stock.id : stock.id + 1]
    quote["bid_px"], quote["ask_px"], quote["quality"] = parse_px("99.99"), parse_px("100.01"), Quality.OK
    desk = Desk(table, Market(rows), Remembering())
    view = ChainView(table, desk.market)
    view.show(stock, series_of(table, stock.id)[1])
    found = ChainPass(contracts, rate=RATE).run(rows[contracts.ids], chains.spot(), NOW_NS)
    return desk, view, ChainSource(desk, view, "chain-1"), found


def _cell(view: ChainView, row: int, column: str) -> str:
    view.refresh(0, 99, NOW_NS, FeedPulse())
    return view.grid.text(row, PLACE_OF[column])


def test_each_quote_by_itself_until_the_analytics_have_looked(scene: tuple[Any, ...]) -> None:
    desk, view, source, found = scene
    source.refresh(0, 12, NOW_NS, 10**9)
    assert desk.analytics.wanted == {"chain-1": view.underlying.id}
    assert _cell(view, 6, "call.iv") == "24.5", "Black-Scholes without the carry of 1%"
    assert _cell(view, 6, "call.gamma") == "–"
    text, tip = source.words(NOW_NS)
    assert text == "USD; IV in points: BS on the spot, r=4.00%, American as European"
    assert tip.endswith("The option models are being made ready; values follow.")
    desk.analytics.found = found
    source.refresh(0, 12, NOW_NS, 2 * 10**9)
    assert _cell(view, 6, "call.iv") == "25.0"
    assert _cell(view, 6, "call.gamma").startswith("0.0")
    text, tip = source.words(NOW_NS)
    assert text.startswith("ATM 25.0   ±")
    assert "American exercise" in tip
    assert "by parity" in tip
    source.release()
    assert desk.analytics.wanted == {}


def test_a_rate_of_ones_own_is_told_for_the_series_on_the_screen(scene: tuple[Any, ...]) -> None:
    desk, view, source, _found = scene
    source.tell_rate(0.06)
    series = (view.series.expires_ns, view.series.root)
    assert desk.analytics.told_all == [(view.underlying.id, series, Override(rate=0.06))]
    source.refresh(0, 12, NOW_NS, 10**9)
    assert "r=6.00%" in source.words(NOW_NS)[0]
    source.tell_rate(None)
    assert desk.analytics.told_all[-1] == (view.underlying.id, series, None)


def test_a_rate_belongs_to_its_expiry(scene: tuple[Any, ...]) -> None:
    desk, view, source, _found = scene
    first, second, _ = series_of(desk.table, view.underlying.id)
    source.tell_rate(0.06)
    rates = []
    for each in (first, second):
        view.show(view.underlying, each)
        rates.append(source.rate)
    assert rates == [None, 0.06]
    desk.analytics.override(view.underlying.id, (second.expires_ns, second.root), Override(rate=0.06, borrow=0.01))
    source.tell_rate(None)
    assert desk.analytics.told_all[-1][2] == Override(borrow=0.01), "what else was told stays"


def test_values_of_another_moment_look_stale(scene: tuple[Any, ...]) -> None:
    desk, view, source, found = scene
    desk.analytics.found = found
    place, bid = PLACE_OF["call.edge"], PLACE_OF["call.bid"]

    def look(now_ns: int, wall_ns: int) -> int:
        source.refresh(0, 12, now_ns, wall_ns)
        view.refresh(0, 99, now_ns, FeedPulse())
        assert not view.grid.look(6, bid) & Look.STALE, "the quotes are those of now"
        return int(view.grid.look(6, place) & Look.STALE)

    assert not look(NOW_NS, 10**9)
    assert look(NOW_NS + 30 * NS_PER_S, 10**9 + 10**8), "a replay at 300x"
    assert source.words(NOW_NS + 30 * NS_PER_S)[0].endswith("30 s old")
    assert not look(NOW_NS + NS_PER_S, 2 * 10**9)
    assert look(NOW_NS - 60 * NS_PER_S, 3 * 10**9), "the past is shown, with values of now"
    assert source.words(NOW_NS - 60 * NS_PER_S)[0].endswith("of a later moment")


def test_reckoned_cells_of_a_closed_market_are_no_live_ones(scene: tuple[Any, ...]) -> None:
    desk, view, source, found = scene
    desk.analytics.found = found
    source.refresh(0, 12, NOW_NS, 10**9)
    _cell(view, 6, "call.iv")
    assert view.grid.look(6, PLACE_OF["call.iv"]) & TONE_MASK == Tone.LABEL
    desk.market.rows["phase"] = Phase.CLOSED
    _cell(view, 6, "call.iv")
    assert view.grid.look(6, PLACE_OF["call.iv"]) & TONE_MASK == Tone.MUTED


def test_the_line_says_what_a_trader_must_know(scene: tuple[Any, ...]) -> None:
    _desk, _view, _source, found = scene
    fresh = expiry_words(found, 1, NOW_NS)
    forward = found.forward[1]
    move = found.expected_move(1)
    assert fresh == f"ATM 25.0   ±{move:.2f} ({move / forward * 100:.1f}%)   F {forward:.2f}"
    assert expiry_words(found, 1, NOW_NS + 5 * NS_PER_S, is_old=True).endswith("5.0 s old")
    work = ChainPass(found.contracts, rate=RATE)
    quotes = chains.quoted(chains.fair(found.contracts, chains.smile(found.contracts)))
    last = work.run(quotes, Spot(100.0, NOW_NS, SpotSource.LAST), NOW_NS)
    assert expiry_words(last, 1, NOW_NS).endswith("spot: last trade")
    assert "spot" not in expiry_words(last, 1, NOW_NS, is_index=True)
    none = work.run(chains.blank(found.contracts.count), chains.spot(), NOW_NS)
    assert expiry_words(none, 1, NOW_NS) == "no usable quotes: nothing is valued"
    few = chains.blank(found.contracts.count)
    first = found.contracts.expiries[1].first
    few[first : first + 2] = quotes[first : first + 2]
    alone = work.run(few, chains.spot(), NOW_NS)
    assert expiry_words(alone, 1, NOW_NS) == "no surface: vols of each quote by itself"
    assert np.isnan(none.at_the_money_vol(1))
    over = work.run(quotes, chains.spot(), found.contracts.expiries[1].expires_ns)
    assert expiry_words(over, 1, over.now_ns) == "expired"
    nowhere = work.run(quotes, Spot(float("nan"), 0, SpotSource.NONE), NOW_NS)
    assert expiry_words(nowhere, 1, NOW_NS) == "no spot: nothing is valued"
    said = method_words(nowhere, 1, Style.AMERICAN, "The analytics failed.")
    assert "nan" not in said
    assert said.endswith("neither a market nor a trade.\nThe analytics failed.")


def test_a_spot_of_another_moment_than_the_quotes_is_said() -> None:
    now_ns = at_ns(chains.DAY, 13)
    _table, _stock, contracts = chains.listed(
        style=Style.EUROPEAN, expiries=(chains.DAY, *chains.EXPIRIES), strikes=tuple(range(90, 111))
    )
    rows = chains.quoted(chains.fair(contracts, chains.smile(contracts, now_ns), now_ns, 100.3), 0.02, now_ns)
    for price, is_said in ((100.0, True), (100.3, False)):
        found = ChainPass(contracts, rate=RATE).run(rows, chains.spot(price, now_ns - 40 * NS_PER_S), now_ns)
        assert ("quotes say spot 100.30" in expiry_words(found, 0, now_ns)) is is_said
        assert ("The spot 100.00 is 40 s old" in method_words(found, 0, Style.EUROPEAN)) is is_said
