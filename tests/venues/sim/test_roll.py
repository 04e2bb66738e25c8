"""From one session to the next: closes, expiries, settlements, nights, new listings. On a coarse grid, to be quick."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pytest

from terminal.core.clock import at_ns, from_ns
from terminal.core.instruments import SESSION_CODES, InstrumentTable, SessionProduct, SettlementTime
from terminal.core.messages import (
    ASK,
    BID,
    INTEREST,
    OFFICIAL_KIND,
    OFFICIAL_PX,
    PHASE,
    PHASE_SESSION,
    Batch,
    Kind,
    OfficialKind,
    Phase,
)
from terminal.infra import calendars
from terminal.venues.sim import model
from terminal.venues.sim.calendar_events import dividends, earnings
from terminal.venues.sim.feed import SimFeed
from terminal.venues.sim.universe import NAMES

THURSDAY, FRIDAY, TUESDAY = date(2026, 1, 15), date(2026, 1, 16), date(2026, 1, 20)
MINUTE_NS = 60_000_000_000


@dataclass
class Days:
    """Everything but depth of two sessions and the beginning of a third."""

    table: InstrumentTable = field(default_factory=InstrumentTable)
    listed: list[int] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)

    def at(self, ts_ns: int, kind: Kind) -> Batch:
        parts = [batch[(batch["ts_ns"] == ts_ns) & (batch["kind"] == kind)] for batch in self.batches]
        return np.concatenate(parts)

    def official(self, ts_ns: int, kind: OfficialKind) -> dict[int, int]:
        rows = self.at(ts_ns, Kind.OFFICIAL)
        rows = rows[rows[OFFICIAL_KIND] == kind]
        return {int(row["instrument"]): int(row[OFFICIAL_PX]) for row in rows}


@pytest.fixture(scope="module")
def days() -> Days:
    found = Days()
    feed = SimFeed(found.table, 5, THURSDAY, step_ns=MINUTE_NS)
    found.listed.append(len(found.table))
    for batch in feed.batches():
        day = from_ns(int(batch["ts_ns"][0])).date()
        found.batches.append(batch[batch["kind"] != Kind.DEPTH])
        if day == TUESDAY:
            break
    found.listed.append(len(found.table))
    return found


def opened(day: date) -> int:
    return at_ns(day, 9, 30)


def test_the_session_after_friday_is_tuesday_when_monday_is_a_holiday(days: Days) -> None:
    starts = {from_ns(int(batch["ts_ns"][0])).date() for batch in days.batches}
    assert starts == {THURSDAY, FRIDAY, TUESDAY}
    times = np.concatenate([batch["ts_ns"] for batch in days.batches])
    assert (np.diff(times) >= 0).all()


def test_phases_end_shares_at_four_and_index_options_a_quarter_later(days: Days) -> None:
    four, quarter = at_ns(THURSDAY, 16), at_ns(THURSDAY, 16, 15)
    rows = days.at(four, Kind.PHASE_CHANGE)
    assert (rows[PHASE] == Phase.CLOSED).all()
    everyone = rows[rows["instrument"] == -1]
    assert everyone[PHASE_SESSION].tolist() == [
        SESSION_CODES[SessionProduct.EQUITY], SESSION_CODES[SessionProduct.EQUITY_OPTION],
    ]  # fmt: skip
    alone = [days.table.get(int(at)).option for at in rows["instrument"] if at >= 0]
    assert len(alone) > 50
    assert all(
        terms is not None and terms.symbol.expiry == THURSDAY and terms.symbol.root == "SIMXW" for terms in alone
    )
    late = days.at(quarter, Kind.PHASE_CHANGE)
    assert late[PHASE_SESSION].tolist() == [SESSION_CODES[SessionProduct.INDEX_OPTION]]
    for batch in days.batches:
        after = batch[(batch["ts_ns"] > four) & (batch["ts_ns"] < quarter) & (batch["kind"] <= Kind.TRADE)]
        assert all(_lives_after_four(days, int(at)) for at in np.unique(after["instrument"]))


def _lives_after_four(days: Days, instrument: int) -> bool:
    row = days.table.get(instrument)
    return row.session is SessionProduct.INDEX_OPTION and row.option is not None and row.option.symbol.expiry > THURSDAY


def test_closes_become_prior_closes_and_the_night_moves_prices(days: Days) -> None:
    closes = days.official(at_ns(THURSDAY, 16), OfficialKind.CLOSE)
    prior = days.official(opened(FRIDAY), OfficialKind.PRIOR_CLOSE)
    opens = days.official(opened(FRIDAY), OfficialKind.OPEN)
    assert len(closes) == len(opens) == len(NAMES)
    for name in NAMES:
        at = days.table.find(name.symbol).id
        assert prior[at] == closes[at]
        assert opens[at] != closes[at]
        assert abs(math.log(opens[at] / closes[at])) < 8 * name.vol / 16
    assert len(prior) > 3_000  # contracts too


def test_am_series_settles_on_the_opening_value_and_trades_no_more(days: Days) -> None:
    index = days.table.find("SIMX")
    settled = days.official(opened(FRIDAY), OfficialKind.AM_SETTLEMENT)
    assert settled == {index.id: days.official(opened(FRIDAY), OfficialKind.OPEN)[index.id]}
    assert not days.official(opened(THURSDAY), OfficialKind.AM_SETTLEMENT)
    assert not days.official(opened(TUESDAY), OfficialKind.AM_SETTLEMENT)
    morning = {
        row.id
        for row in days.table.chain(index.id, FRIDAY)
        if row.option is not None and row.option.settlement is SettlementTime.AM
    }
    assert morning
    for batch in days.batches:
        late = batch[(batch["ts_ns"] >= opened(FRIDAY)) & (batch["kind"] <= Kind.TRADE)]
        assert not morning & set(late["instrument"].tolist())


def test_expired_contracts_are_gone_and_new_ones_are_listed(days: Days) -> None:
    assert days.listed[1] > days.listed[0]
    interest = days.at(opened(TUESDAY), Kind.OPEN_INTEREST)
    expiries = [days.table.get(int(at)).option for at in interest["instrument"]]
    assert min(terms.symbol.expiry for terms in expiries if terms is not None) == TUESDAY
    quoted = days.batches[-1][days.batches[-1]["kind"] == Kind.QUOTE]
    assert all(_expiry(days, int(at)) >= TUESDAY for at in np.unique(quoted["instrument"]))


def _expiry(days: Days, instrument: int) -> date:
    terms = days.table.get(instrument).option
    return terms.symbol.expiry if terms is not None else TUESDAY


def test_open_interest_changes_by_the_day_s_trades(days: Days) -> None:
    before, after = (
        {int(row["instrument"]): int(row[INTEREST]) for row in days.at(opened(day), Kind.OPEN_INTEREST)}
        for day in (THURSDAY, FRIDAY)
    )
    traded: dict[int, int] = {}
    for batch in days.batches:
        rows = batch[(batch["kind"] == Kind.TRADE) & (batch["ts_ns"] < opened(FRIDAY))]
        for at, size in zip(rows["instrument"].tolist(), rows["v1"].tolist(), strict=True):
            traded[at] = traded.get(at, 0) + size
    both = before.keys() & after.keys()
    assert len(both) > 3_000
    assert all(abs(after[at] - before[at]) <= traded.get(at, 0) for at in both)
    assert sum(after[at] for at in both) > sum(before[at] for at in both)


def test_expiring_contracts_end_near_their_payoff(days: Days) -> None:
    index = days.table.find("SIMX")
    close = days.official(at_ns(THURSDAY, 16), OfficialKind.CLOSE)[index.id]
    last: dict[int, tuple[int, int]] = {}
    for batch in days.batches:
        rows = batch[(batch["kind"] == Kind.QUOTE) & (batch["ts_ns"] < at_ns(THURSDAY, 16))]
        for row in rows[np.isin(rows["instrument"], [row.id for row in days.table.chain(index.id, THURSDAY)])]:
            last[int(row["instrument"])] = (int(row[BID]), int(row[ASK]))
    assert len(last) > 50
    for at, (bid, ask) in last.items():
        terms = days.table.get(at).option
        assert terms is not None
        payoff = max((close - terms.strike_px) * terms.symbol.right, 0)
        assert bid - 0.004 * close <= payoff <= ask + 0.004 * close


def test_a_dividend_takes_its_cash_out_of_the_price() -> None:
    name = next(name for name in NAMES if name.symbol == "CRUX")
    table = calendars.default()
    ex_day, cash = dividends(name, table, date(2026, 1, 1), date(2026, 6, 30))[0]
    state = np.array([math.log(60.0), 0.0])
    model.overnight_event(1, name, table, table.previous_session(ex_day), ex_day, state)
    assert math.exp(state[0]) == pytest.approx(60.0 - cash)
    model.overnight_event(1, name, table, ex_day, table.next_session(ex_day), state)
    assert math.exp(state[0]) == pytest.approx(60.0 - cash)


def test_earnings_jump_over_the_night_after_they_are_told() -> None:
    name = next(name for name in NAMES if name.symbol == "BOLT")
    table = calendars.default()
    told = earnings(name, table, date(2026, 1, 1), date(2027, 12, 31))
    moves = []
    for day in told:
        state = np.zeros(2)
        model.overnight_event(9, name, table, day, table.next_session(day), state)
        moves.append(state[0])
        still = np.zeros(2)
        model.overnight_event(9, name, table, table.previous_session(day), day, still)
        assert not still.any()
    assert len(set(moves)) == len(told) == 8
    assert 0.3 * name.earnings_move < np.std(moves) < 2.5 * name.earnings_move
