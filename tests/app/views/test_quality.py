"""Every quote on the face carries its quality with its age, by one function; a stale one never looks live."""

from __future__ import annotations

import numpy as np
import pytest

from terminal.app.views.cells import TONE_MASK, Look, Tone
from terminal.app.views.chain import ChainView, series_of
from terminal.app.views.chain_columns import COLUMNS
from terminal.app.views.freshness import FeedPulse, FeedWatch
from terminal.app.views.ladder import LadderView
from terminal.app.views.quality import quality_word, quality_words, quote_state
from terminal.app.views.watchlist import WatchlistView
from terminal.core.clock import NS_PER_S
from terminal.core.messages import Phase
from terminal.core.money import ABSENT_PX
from terminal.market.rows import Quality
from tests.app.views.small_market import SmallMarket, opened_market

PX = 1_000_000
SOUND, SILENT = FeedPulse(), FeedPulse(True, "silent")
QUOTES = {
    Quality.OK: (PX, PX + 100),
    Quality.BID_ONLY: (PX, ABSENT_PX),
    Quality.ASK_ONLY: (ABSENT_PX, PX),
    Quality.LOCKED: (PX, PX),
    Quality.CROSSED: (PX + 100, PX),
    Quality.ZERO: (ABSENT_PX, 0),
}


def quoted(quality: Quality, instrument: int | None = None) -> SmallMarket:
    """A quote of 40 seconds ago."""
    market = opened_market()
    bid, ask = QUOTES[quality]
    target = market.acme.id if instrument is None else instrument
    market.quote(target, bid, ask, 10 if bid != ABSENT_PX else 0, 20 if ask != ABSENT_PX else 0)
    market.ts_ns += 40 * NS_PER_S
    return market


def row(market: SmallMarket) -> np.void:
    found: np.void = market.state.read(np.array([market.acme.id], np.int32))[0]
    return found


@pytest.mark.parametrize("quality", list(QUOTES))
def test_a_quote_is_told_with_its_age_and_stale_hides_what_it_was(quality: Quality) -> None:
    market = quoted(quality)
    state = quote_state(row(market), market.ts_ns, is_silent=False)
    assert state.quality is quality
    assert state.age_ns == 40 * NS_PER_S
    assert state.words == f"{quality_word(quality)} 40 s".strip()
    assert quality_words(quality) in state.sentence
    if quality is not Quality.OK:
        assert state.sentence.endswith("Unchanged for 40 s.")
    silent = quote_state(row(market), market.ts_ns, is_silent=True)
    assert silent.is_stale
    assert (silent.words, silent.tone) == ("stale 40 s", "text2")
    market.phase(Phase.CLOSED)
    closed = quote_state(row(market), market.ts_ns, is_silent=True)
    assert (closed.words, closed.is_stale) == ("closed", False)


def test_what_was_never_quoted_is_neither_stale_nor_old() -> None:
    market = opened_market()
    state = quote_state(row(market), market.ts_ns, is_silent=True)
    assert (state.quality, state.age_ns, state.words) == (Quality.NONE, None, "no quote")


@pytest.mark.parametrize("quality", list(QUOTES))
def test_the_watchlist_says_it_in_the_age_and_the_tooltip(quality: Quality) -> None:
    market = quoted(quality)
    view = WatchlistView(market.table, market.state)
    view.set_symbols(["ACME"])
    rows = view.rows(market.ts_ns, SOUND)
    assert view.text("age", rows.values["age"][0], 0) == f"{quality_word(quality)} 40 s".strip()
    assert quality_words(quality) in rows.tips["bid"][0]
    is_wrong = quality in {Quality.LOCKED, Quality.CROSSED, Quality.ZERO}
    assert rows.tones["bid"][0] == ("warn" if is_wrong else "")
    assert rows.stale == [False]
    silent = view.rows(market.ts_ns, SILENT)
    assert silent.stale == [True]
    assert view.text("age", silent.values["age"][0], 0) == "stale 40 s"
    assert "Stale" in silent.tips["bid"][0]


@pytest.mark.parametrize("quality", [each for each in QUOTES if each is not Quality.ZERO])
def test_the_ladder_says_it_in_its_note_and_over_its_rows(quality: Quality) -> None:
    market = quoted(quality)
    view = LadderView(market.state)
    view.show(market.acme)
    rows = view.picture(20, (), SOUND, now_ns=market.ts_ns)
    assert not rows.is_stale
    assert "40 s" in rows.note
    assert quality_words(quality) in rows.note
    silent = view.picture(20, (), SILENT, now_ns=market.ts_ns)
    assert silent.is_stale
    assert silent.is_doubtful
    if quality is not Quality.CROSSED:
        assert silent.warning == "STALE: the feed is silent, unchanged for 40 s"


@pytest.mark.parametrize("quality", list(QUOTES))
def test_the_chain_says_it_in_the_look_and_the_tooltip(quality: Quality) -> None:
    option = SmallMarket().options[0]
    market = quoted(quality, option)
    view = ChainView(market.table, market.state)
    view.show(market.acme, series_of(market.table, market.acme.id)[0])
    view.refresh(0, 2, market.ts_ns, SOUND)
    at, column = view.row_of(option), [each.id for each in COLUMNS].index("call.ask")
    assert at is not None
    look = int(view.grid.looks[at, column])
    assert bool(look & Look.BAD) == (quality in {Quality.CROSSED, Quality.ZERO})
    assert not look & Look.STALE
    hint = view.hint(at, column, market.ts_ns)
    assert quality_words(quality) in hint
    assert "40 s" in hint
    view.refresh(0, 2, market.ts_ns, SILENT)
    assert int(view.grid.looks[at, column]) & Look.STALE
    assert "Stale" in view.hint(at, column, market.ts_ns)
    assert not int(view.grid.looks[2, column]) & Look.STALE


def test_a_contract_that_is_not_listed_takes_no_mark_of_another_instrument() -> None:
    market = quoted(Quality.LOCKED)
    view = ChainView(market.table, market.state)
    view.show(market.acme, series_of(market.table, market.acme.id)[0])
    view._ids[0, 0] = -1
    column = [each.id for each in COLUMNS].index("call.bid")
    view.refresh(0, 2, market.ts_ns, SOUND)
    assert int(view.grid.looks[0, column]) & TONE_MASK != Tone.WARN
    view.refresh(0, 2, market.ts_ns, SILENT)
    assert not int(view.grid.looks[0, column]) & Look.STALE


class _Past:
    is_past = True


class _Health:
    def rows(self) -> list[object]:
        raise AssertionError("the past does not ask how the feed is now")


def test_a_feed_that_is_silent_now_makes_no_past_stale() -> None:
    watch = FeedWatch(_Health(), _Past())  # type: ignore[arg-type]
    assert watch.pulse(0) == FeedPulse()
