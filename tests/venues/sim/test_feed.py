"""The feed's promises: the same market for the same seed however it is cut, in order, on tick, never crossed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import date

import numpy as np
import pytest

from terminal.core.instruments import InstrumentKind, InstrumentTable, SettlementTime, Style
from terminal.core.messages import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    BOOK_PX,
    BOOK_SIDE,
    BOOK_SIZE,
    INTEREST,
    OFFICIAL_KIND,
    OFFICIAL_PX,
    PHASE,
    PRICE,
    SIZE,
    Flag,
    Kind,
    OfficialKind,
    Phase,
)
from terminal.core.ticks import TickClass
from terminal.venues.sim.feed import SimFeed
from terminal.venues.sim.universe import NAMES
from tests.venues.sim.conftest import SEED, START, Morning, run

DIGEST = """
import hashlib, sys
from datetime import date
from terminal.core.instruments import InstrumentTable
from terminal.venues.sim.feed import SimFeed
from tests.venues.sim.conftest import run
feed = SimFeed(InstrumentTable(), int(sys.argv[1]), date(2026, 1, 5))
print(hashlib.sha256(run(feed, 20, int(sys.argv[2])).tobytes()).hexdigest())
"""


def digest_elsewhere(seed: int, steps_per_batch: int) -> str:
    command = [sys.executable, "-c", DIGEST, str(seed), str(steps_per_batch)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_same_seed_is_the_same_day_in_any_process_and_any_cut(morning: Morning) -> None:
    begin = morning.messages[morning.messages["ts_ns"] < morning.feed.first_ns() + 20_000_000_000]
    here = hashlib.sha256(begin.tobytes()).hexdigest()
    assert digest_elsewhere(SEED, 10) == here
    assert digest_elsewhere(SEED, 3) == here
    assert digest_elsewhere(SEED + 1, 10) != here


def test_a_second_pass_repeats_the_first(morning: Morning) -> None:
    again = run(morning.feed, 5, 1)
    assert np.array_equal(again, morning.messages[: len(again)])


def test_time_never_steps_back_and_ranks_count_up(morning: Morning) -> None:
    rows = morning.messages
    assert rows["ts_ns"][0] == morning.feed.first_ns()
    step = np.diff(rows["ts_ns"])
    assert (step >= 0).all()
    order = rows["order"].astype(np.int64)
    assert (order[1:][step > 0] == 0).all()
    assert (np.diff(order)[step == 0] == 1).all()


def test_at_one_instant_underlyings_then_quotes_then_trades_by_contract(morning: Morning) -> None:
    rows = morning.messages[morning.messages["ts_ns"] > morning.feed.first_ns()]
    is_option = morning.table.kind_of[rows["instrument"]] == InstrumentKind.OPTION
    rank = np.where(is_option, np.where(rows["kind"] == Kind.TRADE, 2, 1), 0)
    tied = np.flatnonzero(np.diff(rows["ts_ns"]) == 0)
    assert len(tied)
    assert (rank[tied] <= rank[tied + 1]).all()
    assert (rows["instrument"][tied] <= rows["instrument"][tied + 1])[rank[tied] == rank[tied + 1]].all()


def test_no_batch_is_longer_than_a_market_second(morning: Morning) -> None:
    for count, batch in enumerate(morning.feed.batches(10_000)):
        assert batch["ts_ns"][-1] - batch["ts_ns"][0] <= 1_000_000_000
        if count == 3:
            break


def test_listed_contracts(morning: Morning) -> None:
    options = morning.options()
    assert len(options) >= 3_000
    roots = {row.option.symbol.root for row in options if row.option}
    assert roots == {"SIMX", "SIMXW", "SIMY", "ACME", "BOLT", "CRUX", "DYNE", "ECHO", "FLUX"}
    index = morning.table.find("SIMX")
    assert not index.is_tradable
    settled = {row.option.symbol.root: row.option.settlement for row in morning.table.options(index.id) if row.option}
    assert settled == {"SIMX": SettlementTime.AM, "SIMXW": SettlementTime.PM}
    for row in options:
        assert row.option is not None
        assert row.option.style is (Style.EUROPEAN if row.option.underlying == index.id else Style.AMERICAN)
    for symbol in ("SIMX", "SIMY"):
        assert START in morning.table.expiries(morning.table.find(symbol).id)
    days = [len(morning.table.expiries(morning.table.find(name.symbol).id)) for name in NAMES]
    assert min(days) >= 5


def test_the_day_begins_with_what_is_known(morning: Morning) -> None:
    rows = morning.messages[morning.messages["ts_ns"] == morning.feed.first_ns()]
    phases = rows[rows["kind"] == Kind.PHASE_CHANGE]
    assert phases[PHASE].tolist() == [Phase.PRE_MARKET, Phase.OPEN]
    assert rows["kind"][0] == Kind.PHASE_CHANGE
    official = rows[rows["kind"] == Kind.OFFICIAL]
    prior = official[official[OFFICIAL_KIND] == OfficialKind.PRIOR_CLOSE]
    assert len(prior) == len(morning.table)
    history = morning.feed.history().names
    for name in NAMES:
        at = morning.table.find(name.symbol).id
        assert int(prior[prior["instrument"] == at][OFFICIAL_PX][0]) == history[name.symbol].daily["close"][-1]
    prints = rows[(rows["kind"] == Kind.TRADE) & (rows[SIZE] > 0)]
    opens = official[official[OFFICIAL_KIND] == OfficialKind.OPEN]
    assert sorted(prints[PRICE].tolist()) == sorted(opens[OFFICIAL_PX][1:].tolist())
    interest = rows[rows["kind"] == Kind.OPEN_INTEREST]
    assert len(np.unique(interest["instrument"])) == len(morning.options())
    assert (interest[INTEREST] >= 0).all()
    assert interest[INTEREST].sum() > 1_000_000


def test_quotes_are_on_tick_positive_and_never_crossed(morning: Morning) -> None:
    quotes = morning.messages[morning.messages["kind"] == Kind.QUOTE]
    both = (quotes[BID] > 0) & (quotes[ASK] > 0)
    assert (quotes[BID][both] < quotes[ASK][both]).all()
    assert ((quotes[BID] == 0) == (quotes[BID_SIZE] == 0)).all()
    assert (quotes[ASK_SIZE][quotes[ASK] > 0] > 0).all()
    classes = {row.id: row.tick_class for row in morning.table}
    for tick_class in TickClass:
        members = [at for at, known in classes.items() if known is tick_class]
        prices = quotes[np.isin(quotes["instrument"], members)]
        for side in (BID, ASK):
            assert all(tick_class.table.is_on_tick(int(px)) for px in np.unique(prices[side]))


def test_every_contract_is_quoted_and_worthless_wings_have_no_bid(morning: Morning) -> None:
    quotes = morning.last_quotes()
    assert all(row.id in quotes for row in morning.options())
    unbid = [row for row in morning.options() if quotes[row.id][0] == 0]
    assert 10 < len(unbid) < len(morning.options()) // 4
    assert all(quotes[row.id][1] <= 5_000 for row in unbid)


def test_option_trades_happen_at_the_quote(morning: Morning) -> None:
    bid: dict[int, int] = {}
    ask: dict[int, int] = {}
    seen = 0
    kinds = morning.table.kind_of[np.maximum(morning.messages["instrument"], 0)]
    rows = morning.messages[kinds == InstrumentKind.OPTION][:150_000]
    for row in rows:
        at = int(row["instrument"])
        if row["kind"] == Kind.QUOTE:
            bid[at], ask[at] = int(row[BID]), int(row[ASK])
        elif row["kind"] == Kind.TRADE and not row["venue"]:
            # Large orders, which name their venue, may go beyond it: see test_large_orders.
            seen += 1
            assert int(row[SIZE]) > 0
            assert int(row[PRICE]) == (ask[at] if row["flags"] & Flag.BUYER_AGGRESSOR else bid[at])
    assert seen > 300


@pytest.mark.parametrize("symbol", ["SIMY", "DYNE", "ECHO"])
def test_depth_rebuilds_a_book_that_agrees_with_the_quote(morning: Morning, symbol: str) -> None:
    at = morning.table.find(symbol).id
    rows = morning.messages[morning.messages["instrument"] == at]
    sides: dict[int, dict[int, int]] = {1: {}, -1: {}}
    checked = 0
    for row in rows:
        if row["kind"] == Kind.DEPTH:
            side = sides[int(row[BOOK_SIDE])]
            side.pop(int(row[BOOK_PX]), None)
            if row[BOOK_SIZE] > 0:
                side[int(row[BOOK_PX])] = int(row[BOOK_SIZE])
        elif row["kind"] == Kind.QUOTE and row[BID] > 0 and row[ASK] > 0:
            bid, ask = max(sides[1]), min(sides[-1])
            assert (bid, ask) == (int(row[BID]), int(row[ASK]))
            assert (sides[1][bid], sides[-1][ask]) == (int(row[BID_SIZE]), int(row[ASK_SIZE]))
            checked += 1
    assert checked > 100
    assert min(len(sides[1]), len(sides[-1])) >= 10
    assert max(len(sides[1]), len(sides[-1])) <= 20


def test_the_index_is_printed_every_second(morning: Morning) -> None:
    prints = morning.of("SIMX", Kind.TRADE)
    assert (np.diff(prints["ts_ns"]) == 1_000_000_000).all()
    assert not prints[SIZE].any()
    assert len(morning.of("SIMX", Kind.QUOTE)) == 0


def test_a_start_date_without_a_session_means_the_next(morning: Morning) -> None:
    feed = SimFeed(InstrumentTable(), SEED, date(2026, 1, 3))
    assert feed.first_day == START
    assert feed.first_ns() == morning.feed.first_ns()
    assert feed.end_ns() is None
    assert feed.name == "sim"
