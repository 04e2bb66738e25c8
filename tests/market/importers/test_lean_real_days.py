"""The recorded days: the numbers that are known of them, and what was visible when."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from terminal.core.clock import CHICAGO, at_ns
from terminal.core.instruments import Delivery, InstrumentKind, SettlementTime, Style
from terminal.core.messages import (
    ASK,
    BID,
    CLOSE,
    OFFICIAL_KIND,
    OFFICIAL_PX,
    PHASE,
    PHASE_SESSION,
    SIZE,
    VOLUME,
    Batch,
    Flag,
    Kind,
    OfficialKind,
    Phase,
)
from terminal.core.money import ABSENT_PX
from terminal.core.ticks import TickClass
from terminal.market.rows import Quality
from terminal.market.state import MarketState
from tests.market.importers.conftest import LoadDay, LoadedDay, load

GOOG_DAY = date(2015, 12, 24)


@pytest.fixture(scope="module")
def goog(load_day: LoadDay) -> LoadedDay:
    return load_day("GOOG", "2015-12-24")


@pytest.fixture(scope="module")
def apple(lean: Path) -> list[LoadedDay]:
    return [load(lean, "AAPL", "2014-06-06"), load(lean, "AAPL", "2014-06-06", "2014-06-09")]


def state_at(day: LoadedDay, ts_ns: int) -> MarketState:
    """The market as it was known at ``ts_ns``, everything of that instant included."""
    state = MarketState(day.table, "test")
    state.apply(day.batch[: int(np.searchsorted(day.batch["ts_ns"], ts_ns, "right"))])
    return state


def flagged(batch: Batch, flag: Flag) -> npt.NDArray[np.bool_]:
    return np.asarray((batch["flags"] & int(flag)) != 0, np.bool_)


def carried_forward(quotes: Batch) -> tuple[int, int, int]:
    """Rows that name at most one side and are complete once the other is carried: all, crossed and locked ones."""
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    complete = crossed = locked = 0
    no_bid, no_ask = flagged(quotes, Flag.BID_UNCHANGED), flagged(quotes, Flag.ASK_UNCHANGED)
    for row in range(len(quotes)):
        instrument = int(quotes["instrument"][row])
        if not no_bid[row]:
            bids[instrument] = int(quotes[BID][row])
        if not no_ask[row]:
            asks[instrument] = int(quotes[ASK][row])
        if (no_bid[row] or no_ask[row]) and instrument in bids and instrument in asks:
            complete += 1
            crossed += bids[instrument] > asks[instrument]
            locked += bids[instrument] == asks[instrument]
    return complete, crossed, locked


def test_the_whole_google_chain_arrives(goog: LoadedDay) -> None:
    quotes = goog.of(Kind.QUOTE, options=True)
    assert len(quotes) == 275_552
    assert len(np.unique(quotes["instrument"])) == 2_192
    bid_same, ask_same = flagged(quotes, Flag.BID_UNCHANGED), flagged(quotes, Flag.ASK_UNCHANGED)
    assert int(bid_same.sum()) == 67_766
    assert int(ask_same.sum()) == 45_541
    assert int((bid_same & ask_same).sum()) == 985
    assert (quotes[BID][bid_same] == ABSENT_PX).all()
    assert (quotes[BID][~bid_same] >= 0).all()
    assert goog.report.refused == {}
    kinds = {kind: row["kept"] for kind, row in goog.report.by_kind.items()}
    assert kinds["option_quote"] == 275_552
    assert (kinds["option_trade"], kinds["open_interest"]) == (958, 2_058)
    assert (kinds["equity_quote"], kinds["equity_trade"]) == (260, 227)


def test_sides_that_do_not_change_are_carried_forward(goog: LoadedDay) -> None:
    quotes = goog.of(Kind.QUOTE, options=True)
    assert carried_forward(quotes) == (92_029, 0, 74)
    with_bid = np.unique(quotes["instrument"][~flagged(quotes, Flag.BID_UNCHANGED)])
    assert 2_192 - len(with_bid) == 347


def test_a_bar_is_seen_at_its_end_and_not_before(goog: LoadedDay) -> None:
    call = goog.table.find("GOOG 2015-12-24 750 C").id
    seen = state_at(goog, at_ns(GOOG_DAY, 9, 36, 30)).read_one(call)
    assert (int(seen["bid_px"]), int(seen["ask_px"])) == (14_000, 16_000)
    assert int(seen["bid_ts_ns"]) <= at_ns(GOOG_DAY, 9, 36)
    later = state_at(goog, at_ns(GOOG_DAY, 9, 37)).read_one(call)
    assert (int(later["bid_px"]), int(later["ask_px"])) == (15_500, 21_000)
    noon = state_at(goog, at_ns(GOOG_DAY, 12)).read_one(call)
    assert int(noon["bid_px"]) == 11_000


def test_rows_stamped_with_the_half_day_close_come_after_it(goog: LoadedDay) -> None:
    quotes = goog.of(Kind.QUOTE, options=True)
    close_ns = at_ns(GOOG_DAY, 13)
    late = quotes[quotes["ts_ns"] > close_ns]
    assert len(late) == 165
    assert set(late["ts_ns"].tolist()) == {at_ns(GOOG_DAY, 13, 1)}
    call = goog.table.find("GOOG 2015-12-24 750 C").id
    assert int(state_at(goog, close_ns).read_one(call)["phase"]) == Phase.CLOSED
    assert int(state_at(goog, close_ns - 1).read_one(call)["phase"]) == Phase.OPEN


def test_the_day_has_its_phases_and_official_prices(goog: LoadedDay) -> None:
    phases = goog.batch[goog.batch["kind"] == Kind.PHASE_CHANGE]
    told = [(int(m["ts_ns"]), int(m[PHASE_SESSION]), Phase(int(m[PHASE]))) for m in phases]
    assert told == [
        (at_ns(GOOG_DAY, 4), 0, Phase.PRE_MARKET),
        (at_ns(GOOG_DAY, 4), 2, Phase.CLOSED),
        (at_ns(GOOG_DAY, 9, 30), 1, Phase.OPEN),
        (at_ns(GOOG_DAY, 9, 30), 2, Phase.OPEN),
        (at_ns(GOOG_DAY, 13), 1, Phase.AFTER_HOURS),
        (at_ns(GOOG_DAY, 13), 2, Phase.CLOSED),
        (at_ns(GOOG_DAY, 17), 1, Phase.CLOSED),
    ]
    officials = goog.batch[goog.batch["kind"] == Kind.OFFICIAL]
    assert [(int(m["ts_ns"]), int(m[OFFICIAL_PX]), int(m[OFFICIAL_KIND])) for m in officials] == [
        (at_ns(GOOG_DAY, 4), 7_503_100, OfficialKind.PRIOR_CLOSE),
        (at_ns(GOOG_DAY, 9, 31), 7_495_500, OfficialKind.OPEN),
        (at_ns(GOOG_DAY, 13), 7_484_000, OfficialKind.CLOSE),
    ]


def test_the_pre_market_is_where_it_was(goog: LoadedDay) -> None:
    seen = state_at(goog, at_ns(GOOG_DAY, 4, 1)).read_one(goog.underlying.id)
    assert (int(seen["bid_px"]), int(seen["ask_px"])) == (7_260_000, 7_640_000)
    assert state_at(goog, at_ns(GOOG_DAY, 4, 1) - 1).read_one(goog.underlying.id)["quality"] == Quality.NONE


def test_google_contracts_have_their_terms(goog: LoadedDay) -> None:
    expiries = goog.table.expiries(goog.underlying.id)
    assert len(expiries) == 12
    row = goog.table.find("GOOG 2015-12-24 750 C")
    assert row.option is not None
    assert (row.option.style, row.option.delivery) == (Style.AMERICAN, Delivery.PHYSICAL)
    assert row.option.expires_ns == at_ns(GOOG_DAY, 13)
    assert row.tick_class is TickClass.NICKEL_DIME
    quotes = goog.of(Kind.QUOTE, options=True)
    for side, flag in ((BID, Flag.BID_UNCHANGED), (ASK, Flag.ASK_UNCHANGED)):
        prices = np.unique(quotes[side][~flagged(quotes, flag)])
        assert all(row.tick_class.table.is_on_tick(int(px)) for px in prices)


def test_messages_of_an_instant_stand_in_the_canonical_order(goog: LoadedDay) -> None:
    batch = goog.batch
    assert (np.diff(batch["ts_ns"]) >= 0).all()
    instant = batch[batch["ts_ns"] == goog.of(Kind.BAR, options=True)["ts_ns"][500]]
    assert instant["order"].tolist() == list(range(len(instant)))
    rows = [goog.table.get(int(m["instrument"])) for m in instant]
    told = [
        (2 if row.option is None else 4 if m["kind"] == Kind.BAR else 3, row.symbol, int(m["kind"]))
        for m, row in zip(instant, rows, strict=True)
    ]
    assert told == sorted(told)
    assert {group for group, _, _ in told} == {2, 3, 4}
    assert {kind for group, _, kind in told if group == 2} == {Kind.QUOTE, Kind.BAR}


def test_every_message_knows_its_file(goog: LoadedDay) -> None:
    from_files = goog.batch[goog.batch["kind"] != Kind.PHASE_CHANGE]
    rows = Counter(goog.sources.get(int(each)).kind for each in from_files["source"])
    assert rows["lean option_quote minute"] == 275_552
    assert set(goog.batch["source"][goog.batch["kind"] == Kind.PHASE_CHANGE].tolist()) == {0}
    by_name = {source.name: source for source in goog.sources}
    assert by_name["option/usa/minute/goog/20151224_quote_american.zip"].interval_s == 60
    assert by_name["option/usa/minute/goog/20151224_openinterest_american.zip"].interval_s == 0


def test_apple_across_its_split(apple: list[LoadedDay]) -> None:
    before, after = apple
    names = []
    for day, contracts in zip(apple, (2_352, 2_180), strict=True):
        ids = np.unique(day.of(Kind.QUOTE, options=True)["instrument"])
        assert len(ids) == contracts
        names.append({day.table.get(int(each)).symbol for each in ids})
    assert not names[0] & names[1]
    officials = {int(m[OFFICIAL_KIND]): int(m[OFFICIAL_PX]) for m in after.batch[after.batch["kind"] == Kind.OFFICIAL]}
    assert officials[OfficialKind.PRIOR_CLOSE] == round(6_455_700 / 7)
    assert officials[OfficialKind.CLOSE] == 937_000
    assert before.report.refused == {}


def test_apple_has_crossed_and_locked_rows_and_they_are_kept(apple: list[LoadedDay]) -> None:
    crossed = locked = 0
    for day in apple:
        quotes = day.of(Kind.QUOTE, options=True)
        both = ~flagged(quotes, Flag.BID_UNCHANGED) & ~flagged(quotes, Flag.ASK_UNCHANGED)
        crossed += int((both & (quotes[BID] > quotes[ASK])).sum())
        locked += int((both & (quotes[BID] == quotes[ASK])).sum())
    assert (crossed, locked) == (4, 156)


def test_hours_are_seen_on_the_hour_in_new_york(apple: list[LoadedDay]) -> None:
    quotes = apple[0].of(Kind.QUOTE, options=True)
    assert set(quotes["ts_ns"].tolist()) == {at_ns(date(2014, 6, 6), hour) for hour in range(10, 17)}
    trades = apple[0].of(Kind.BAR, options=True)
    assert set(trades["ts_ns"].tolist()) <= set(quotes["ts_ns"].tolist())


def test_a_contract_that_expired_on_a_saturday_trades_until_friday(apple: list[LoadedDay]) -> None:
    row = apple[0].table.find("AAPL 2014-06-21 650 C")
    assert row.option is not None
    assert row.option.expires_ns == at_ns(date(2014, 6, 20), 16)


def test_the_index_and_its_options_share_a_clock(load_day: LoadDay) -> None:
    day = load_day("SPXW", "2021-01-04")
    assert day.underlying.kind is InstrumentKind.INDEX
    bars = day.of(Kind.BAR, options=False)
    assert len(bars) == 411
    assert int(bars["ts_ns"][0]) == at_ns(date(2021, 1, 4), 9, 31)
    assert int(bars["ts_ns"][0]) == at_ns(date(2021, 1, 4), 8, 31, zone=CHICAGO)
    assert int(bars[CLOSE][0]) == 37_666_300
    assert set(bars[VOLUME].tolist()) == {0}
    roots = {row.option.symbol.root: row.option for row in day.table if row.option is not None}
    assert set(roots) == {"SPX", "SPXW"}
    assert (roots["SPX"].settlement, roots["SPXW"].settlement) == (SettlementTime.AM, SettlementTime.PM)
    assert {terms.delivery for terms in roots.values()} == {Delivery.CASH}
    assert {terms.style for terms in roots.values()} == {Style.EUROPEAN}
    assert roots["SPX"].expires_ns == at_ns(date(2021, 1, 15), 9, 30)
    kinds = {kind: row["kept"] for kind, row in day.report.by_kind.items()}
    assert kinds == {"index_trade": 411, "option_quote": 6_993, "option_trade": 2_266, "open_interest": 18}


def test_put_call_parity_fits_the_index_at_that_time(load_day: LoadDay) -> None:
    """Call - put + strike of the 0DTE pair is the index, within the spreads: an hour off, it would not be."""
    day = load_day("SPX", "2021-01-04")
    state = state_at(day, at_ns(date(2021, 1, 4), 12))
    call, put = (state.read_one(day.table.find(f"SPXW 2021-01-04 3700 {right}").id) for right in "CP")
    index = int(state.read_one(day.underlying.id)["last_px"])
    lowest = int(call["bid_px"]) - int(put["ask_px"]) + 37_000_000
    highest = int(call["ask_px"]) - int(put["bid_px"]) + 37_000_000
    assert lowest - 15_000 < index < highest + 15_000


def test_an_expiring_index_series_closes_before_the_others(load_day: LoadDay) -> None:
    day = load_day("SPX", "2021-01-04")
    after_four = state_at(day, at_ns(date(2021, 1, 4), 16, 0, 1))
    expiring = after_four.read_one(day.table.find("SPXW 2021-01-04 3700 C").id)
    living = after_four.read_one(day.table.find("SPXW 2021-01-06 3700 C").id)
    assert (int(expiring["phase"]), int(living["phase"])) == (Phase.CLOSED, Phase.OPEN)
    end = state_at(day, at_ns(date(2021, 1, 4), 16, 30))
    assert int(end.read_one(day.underlying.id)["official_px"]) == 37_006_500
    assert int(end.read_one(day.table.find("SPXW 2021-01-06 3700 C").id)["phase"]) == Phase.CLOSED


def test_the_curb_session_of_2023_has_rows(load_day: LoadDay) -> None:
    day = load_day("SPX", "2023-06-26")
    quotes = day.of(Kind.QUOTE, options=True)
    assert int(quotes["ts_ns"].max()) == at_ns(date(2023, 6, 26), 17)
    state = state_at(day, at_ns(date(2023, 6, 26), 16, 30))
    assert int(state.read_one(int(quotes["instrument"][0]))["phase"]) == Phase.CURB
    assert len(day.of(Kind.BAR, options=False)) == 390


def test_ticks_of_spy_replace_its_bars(load_day: LoadDay) -> None:
    day = load_day("SPY", "2013-10-08")
    assert day.underlying.kind is InstrumentKind.ETF
    trades = day.of(Kind.TRADE, options=False)
    assert len(trades) == 451_545
    assert len(day.of(Kind.BAR, options=False)) == 0
    assert len(day.of(Kind.QUOTE, options=False)) == 29_832
    assert int(flagged(trades, Flag.OFF_BOOK).sum()) == 366
    regular = trades[~flagged(trades, Flag.OFF_BOOK)]
    in_session = regular[(regular["ts_ns"] >= at_ns(date(2013, 10, 8), 9, 30))]
    last = in_session[in_session["ts_ns"] < at_ns(date(2013, 10, 8), 16)][-1]
    assert abs(int(last["v0"]) - 1_654_800) <= 200
    assert int(trades[SIZE].min()) > 0


def test_quote_ticks_of_ibm_change_one_side_each(load_day: LoadDay) -> None:
    day = load_day("IBM", "2013-10-08")
    quotes = day.of(Kind.QUOTE, options=False)
    assert len(quotes) == 125_750
    one_sided = flagged(quotes, Flag.BID_UNCHANGED) ^ flagged(quotes, Flag.ASK_UNCHANGED)
    suspicious = flagged(quotes, Flag.OFF_BOOK)
    assert (one_sided | suspicious).all()
    assert int(suspicious.sum()) == 1
    assert {chr(each) for each in np.unique(quotes["venue"])} == set("NQKPZBCJYXWM")
    noon = state_at(day, at_ns(date(2013, 10, 8), 12)).read_one(day.underlying.id)
    assert noon["quality"] == Quality.OK
    assert 0 < int(noon["ask_px"]) - int(noon["bid_px"]) <= 1_000
    assert len(day.of(Kind.TRADE, options=False)) == 33_381
