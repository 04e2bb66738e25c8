"""Days as they are put together: the calendar's messages, official prices, and the order inside an instant."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.clock import at_ns, midnight_ns
from terminal.core.messages import OFFICIAL_KIND, OFFICIAL_PX, PHASE, Batch, Flag, Kind, OfficialKind, Phase
from terminal.market.importers.lean.trading_day import day_start_ns
from terminal.market.state import MarketState
from tests.market.importers.conftest import load
from tests.market.importers.lean_files import equity_daily, equity_minutes, option_quotes, write_zip

WEDNESDAY = date(2024, 1, 10)
BAR = "10000,12000,9000,11000,100"
QUOTE = "10000,10000,10000,10000,5,20000,20000,20000,20000,5"


def officials(batch: Batch) -> list[tuple[int, OfficialKind, int]]:
    found = batch[batch["kind"] == Kind.OFFICIAL]
    return [(int(m["ts_ns"]), OfficialKind(int(m[OFFICIAL_KIND])), int(m[OFFICIAL_PX])) for m in found]


def test_the_opening_price_is_known_once_the_share_has_traded(tmp_path: Path) -> None:
    equity_daily(tmp_path, f"20240109 00:00,{BAR}\n20240110 00:00,{BAR}\n")
    equity_minutes(tmp_path, "20240110", "trade", f"32400000,{BAR}\n37800000,{BAR}\n")
    day = load(tmp_path, "ACME", "2024-01-10")
    assert officials(day.batch) == [
        (at_ns(WEDNESDAY, 4), OfficialKind.PRIOR_CLOSE, 11_000),
        (at_ns(WEDNESDAY, 10, 31), OfficialKind.OPEN, 10_000),
        (at_ns(WEDNESDAY, 16), OfficialKind.CLOSE, 11_000),
    ]


def test_a_day_of_quotes_alone_learns_its_opening_price_at_the_close(tmp_path: Path) -> None:
    equity_daily(tmp_path, f"20240110 00:00,{BAR}\n")
    equity_minutes(tmp_path, "20240110", "quote", f"34200000,{QUOTE}\n")
    day = load(tmp_path, "ACME", "2024-01-10")
    assert [(ts_ns, kind) for ts_ns, kind, _ in officials(day.batch)] == [
        (at_ns(WEDNESDAY, 16), OfficialKind.OPEN),
        (at_ns(WEDNESDAY, 16), OfficialKind.CLOSE),
    ]


def test_a_close_of_long_ago_or_of_another_security_is_no_prior_close(tmp_path: Path) -> None:
    equity_daily(tmp_path, f"20231201 00:00,{BAR}\n20240110 00:00,{BAR}\n")
    equity_minutes(tmp_path, "20240110", "trade", f"34200000,{BAR}\n")
    kinds = {kind for _, kind, _ in officials(load(tmp_path, "ACME", "2024-01-10").batch)}
    assert kinds == {OfficialKind.OPEN, OfficialKind.CLOSE}
    equity_daily(tmp_path, f"20240109 00:00,{BAR}\n20240110 00:00,{BAR}\n")
    maps = tmp_path / "equity/usa/map_files"
    maps.mkdir()
    (maps / "acme.csv").write_text("20200102,olde\n20240109,olde\n20501231,acme\n")
    equity_minutes(tmp_path, "20240109", "trade", f"34200000,{BAR}\n", ticker="olde")
    kinds = {kind for _, kind, _ in officials(load(tmp_path, "ACME", "2024-01-10").batch)}
    assert kinds == {OfficialKind.OPEN, OfficialKind.CLOSE}


def test_a_share_without_daily_bars_has_no_official_price(tmp_path: Path) -> None:
    equity_minutes(tmp_path, "20240110", "trade", f"34200000,{BAR}\n")
    assert officials(load(tmp_path, "ACME", "2024-01-10").batch) == []


def test_a_day_of_daily_bars_alone_has_one_bar_at_the_close(tmp_path: Path) -> None:
    equity_daily(tmp_path, f"20240109 00:00,{BAR}\n20240110 00:00,{BAR}\n")
    day = load(tmp_path, "ACME", "2024-01-10")
    bars = day.of(Kind.BAR, options=False)
    assert bars["ts_ns"].tolist() == [at_ns(WEDNESDAY, 16)]
    assert day.report.by_kind["equity_daily"]["kept"] == 1


def test_yesterdays_sides_do_not_carry_over(tmp_path: Path) -> None:
    call = "call_100000_20240119"
    option_quotes(tmp_path, "20240110", {call: f"34200000,{QUOTE}\n"})
    option_quotes(tmp_path, "20240111", {call: "34200000,,,,,0,20000,20000,20000,20000,5\n"})
    whole = load(tmp_path, "ACME", "2024-01-10", "2024-01-11")
    first = load(tmp_path, "ACME", "2024-01-10")
    state = MarketState(first.table, "test")
    option = first.table.find("ACME 2024-01-19 10 C").id
    state.apply(first.batch)
    assert int(state.read_one(option)["bid_px"]) == 10_000
    state.apply(whole.batch)
    row = state.read_one(option)
    assert int(row["bid_px"]) < 0
    assert int(row["ask_px"]) == 20_000


def test_no_phase_before_the_day_begins_and_none_on_a_holiday(tmp_path: Path) -> None:
    equity_minutes(tmp_path, "20240115", "trade", f"7200000,{BAR}\n34200000,{BAR}\n")
    day = load(tmp_path, "ACME", "2024-01-15")
    phases = day.batch[day.batch["kind"] == Kind.PHASE_CHANGE]
    assert [(int(m["ts_ns"]), Phase(int(m[PHASE]))) for m in phases] == [
        (midnight_ns(date(2024, 1, 15)), Phase.PRE_MARKET)
    ]
    assert day_start_ns(WEDNESDAY, midnight_ns(WEDNESDAY) - 5) == midnight_ns(WEDNESDAY) - 5


def test_early_data_opens_the_day_once(tmp_path: Path) -> None:
    equity_minutes(tmp_path, "20240110", "trade", f"7200000,{BAR}\n34200000,{BAR}\n")
    day = load(tmp_path, "ACME", "2024-01-10")
    phases = day.batch[day.batch["kind"] == Kind.PHASE_CHANGE]
    assert [Phase(int(each)) for each in phases[PHASE]].count(Phase.PRE_MARKET) == 1
    assert int(day.batch["ts_ns"][0]) == midnight_ns(WEDNESDAY)


def test_am_series_close_at_the_open_of_their_last_day(tmp_path: Path) -> None:
    day_text = "20240119"
    row = f"34140000,{QUOTE}\n"
    for ticker in ("spx", "spxw"):
        name = f"{day_text}_{ticker}_minute_quote_european_call_47000000_{day_text}.csv"
        write_zip(tmp_path / f"indexoption/usa/minute/{ticker}/{day_text}_quote_european.zip", {name: row})
    day = load(tmp_path, "SPX", "2024-01-19")
    noon = day.batch[day.batch["ts_ns"] <= at_ns(date(2024, 1, 19), 12)]
    state = MarketState(day.table, "test")
    state.apply(noon)
    am, pm = (day.table.find(f"{root} 2024-01-19 4700 C").id for root in ("SPX", "SPXW"))
    assert (int(state.read_one(am)["phase"]), int(state.read_one(pm)["phase"])) == (Phase.CLOSED, Phase.OPEN)
    state.apply(day.batch[day.batch["ts_ns"] > at_ns(date(2024, 1, 19), 12)])
    changes = day.batch[(day.batch["kind"] == Kind.PHASE_CHANGE) & (day.batch["instrument"] == pm)]
    # Closed at 16:00, and kept closed when the curb session of the others begins.
    assert changes["ts_ns"].tolist() == [at_ns(date(2024, 1, 19), 16), at_ns(date(2024, 1, 19), 16, 15)]
    assert set(changes[PHASE].tolist()) == {Phase.CLOSED}


def test_option_ticks_are_read_too(tmp_path: Path) -> None:
    stem = "20240110_acme_tick"
    quote = f"{stem}_quote_american_call_100000_20240119.csv"
    trade = f"{stem}_trade_american_call_100000_20240119.csv"
    folder = tmp_path / "option/usa/tick/acme"
    write_zip(folder / "20240110_quote_american.zip", {quote: "34200000,10000,5,0,0,C,0\n34200000,0,0,12000,7,C,0\n"})
    write_zip(folder / "20240110_trade_american.zip", {trade: "34200005,11000,3,C,0,0\n34200006,11000,3,C,0,1\n"})
    day = load(tmp_path, "ACME", "2024-01-10")
    state = MarketState(day.table, "test")
    state.apply(day.batch)
    row = state.read_one(day.table.find("ACME 2024-01-19 10 C").id)
    assert (int(row["bid_px"]), int(row["ask_px"]), int(row["last_px"])) == (10_000, 12_000, 11_000)
    trades = day.of(Kind.TRADE, options=True)
    assert trades["flags"].tolist() == [0, Flag.OFF_BOOK]
    assert {chr(each) for each in trades["venue"]} == {"C"}


def test_index_ticks_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "index/usa/tick/spx/20240110_trade.zip"
    write_zip(path, {"20240110_spx_tick_trade.csv": "30600000,4700.25,0\n30600500,4700.5,0,,,0\n54000000,4783.45\n"})
    day = load(tmp_path, "SPX", "2024-01-10")
    assert officials(day.batch) == [(at_ns(WEDNESDAY, 16), OfficialKind.CLOSE, 47_834_500)]
    assert day.of(Kind.TRADE, options=False)["v0"].tolist() == [47_002_500, 47_005_000, 47_834_500]


@given(st.permutations(range(4)))
@settings(max_examples=20, deadline=None)
def test_the_order_does_not_depend_on_how_the_zip_was_packed(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    names = [f"{right}_{strike}_20240119" for right in ("call", "put") for strike in (90_000, 100_000)]
    text = f"34200000,{QUOTE}\n34260000,{QUOTE}\n"
    batches = []
    for arrangement in (range(4), order):
        root = tmp_path_factory.mktemp("lean")
        option_quotes(root, "20240110", {names[number]: text for number in arrangement})
        equity_minutes(root, "20240110", "quote", f"34200000,{QUOTE}\n")
        equity_minutes(root, "20240110", "trade", f"34200000,{BAR}\n")
        batches.append(load(root, "ACME", "2024-01-10"))
    first, second = (day.batch for day in batches)
    assert first.tobytes() == second.tobytes()
    assert (np.diff(first["ts_ns"]) >= 0).all()
    starts = np.flatnonzero(np.diff(first["ts_ns"], prepend=0))
    assert (first["order"][starts] == 0).all()


def test_an_expiry_beyond_the_known_calendar_ends_at_the_usual_hour(tmp_path: Path) -> None:
    option_quotes(tmp_path, "20240110", {"call_100000_20991231": f"34200000,{QUOTE}\n"})
    day = load(tmp_path, "ACME", "2024-01-10")
    terms = day.table.find("ACME 2099-12-31 10 C").option
    assert terms is not None
    assert terms.expires_ns == at_ns(date(2099, 12, 31), 16)
