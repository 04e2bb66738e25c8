"""The daily record: idempotent, origins apart, no return across a hole, splits taken out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import numpy as np
import pytest

from terminal.infra import calendars
from terminal.store import schema
from terminal.store.connection import Connection
from terminal.store.vol_days import (
    PRICES,
    RECORDED,
    VOL_DAY,
    VolDays,
    blank_days,
    read_days,
    simulated,
    write_days,
)

DAYS = calendars.default().sessions(date(2025, 1, 2), date(2025, 6, 30))


@pytest.fixture
def database(tmp_path: object) -> Iterator[Connection]:
    connection = duckdb.connect()
    schema.migrate(connection, tmp_path)  # type: ignore[arg-type]
    yield connection
    connection.close()


def made(days: list[date], seed: int = 1) -> VolDays:
    random = np.random.default_rng(seed)
    rows = blank_days(len(days))
    rows["day"] = np.array(days, "M8[D]")
    rows["close"] = 100.0 * np.exp(np.cumsum(0.01 * random.standard_normal(len(days))))
    rows["open"] = rows["close"] * 1.001
    rows["high"], rows["low"] = rows["close"] * 1.01, rows["close"] * 0.99
    rows["atm_30"], rows["at_ns"], rows["known_ns"] = 0.2, 1, np.arange(len(days)) + 10
    return rows


def same(rows: VolDays, others: VolDays) -> bool:
    return all(np.array_equal(rows[n], others[n], equal_nan=VOL_DAY[n].kind == "f") for n in VOL_DAY.names or ())


def test_the_same_rows_twice_change_nothing(database: Connection) -> None:
    rows = made(DAYS)
    assert write_days(database, RECORDED, "XYZ", rows, "test") == len(DAYS)
    first = read_days(database, RECORDED, "XYZ")
    assert write_days(database, RECORDED, "XYZ", rows, "test") == 0
    assert same(read_days(database, RECORDED, "XYZ"), first)


def test_day_by_day_is_as_all_at_once_in_any_order(database: Connection) -> None:
    rows = made(DAYS[:40])
    write_days(database, RECORDED, "ONCE", rows, "test")
    for at in np.random.default_rng(3).permutation(40):
        write_days(database, RECORDED, "EACH", rows[at : at + 1], "test")
    assert same(read_days(database, RECORDED, "ONCE"), read_days(database, RECORDED, "EACH"))


def test_origins_are_never_mixed(database: Connection) -> None:
    write_days(database, RECORDED, "XYZ", made(DAYS[:30]), "test")
    write_days(database, simulated(1, DAYS[0]), "XYZ", made(DAYS[30:], 2), "test")
    assert len(read_days(database, RECORDED, "XYZ")) == 30
    assert len(read_days(database, simulated(2, DAYS[0]), "XYZ")) == 0
    marked = database.execute("SELECT DISTINCT is_simulated FROM vol_history WHERE origin <> 'recorded'").fetchall()
    assert marked == [(True,)]


def test_what_a_later_look_does_not_know_stays_but_a_look_tells_all_its_vols(database: Connection) -> None:
    write_days(database, RECORDED, "XYZ", made(DAYS[:1]), "look")
    prices = blank_days(1)
    prices["day"], prices["close"] = np.datetime64(DAYS[0]), 123.0
    write_days(database, RECORDED, "XYZ", prices, "prices")
    kept = read_days(database, RECORDED, "XYZ")
    assert (kept["atm_30"][0], kept["close"][0]) == (0.2, 123.0)
    blind = blank_days(1)
    blind["day"], blind["at_ns"] = np.datetime64(DAYS[0]), 5
    write_days(database, RECORDED, "XYZ", blind, "look")
    assert np.isnan(read_days(database, RECORDED, "XYZ")["atm_30"][0])


def test_realised_vol_is_that_of_its_window_and_a_missing_day_is_no_return(database: Connection) -> None:
    rows = made(DAYS[:40])
    write_days(database, RECORDED, "XYZ", rows, "test")
    whole = read_days(database, RECORDED, "XYZ")
    returns = np.diff(np.log(rows["close"][-11:]))
    assert whole["cc_10"][-1] == pytest.approx(returns.std(ddof=1) * np.sqrt(252))
    assert np.isnan(whole["cc_10"][9])
    assert np.isfinite(whole["cc_10"][10])
    assert np.isfinite(whole["park_10"][9])
    write_days(database, RECORDED, "GAP", np.delete(rows, 35), "test")
    holed = read_days(database, RECORDED, "GAP")
    assert np.isnan(holed["cc_10"][-4:]).all()
    assert holed["cc_10"][34] == pytest.approx(whole["cc_10"][34])


def test_a_split_is_no_move(database: Connection) -> None:
    rows = made(DAYS[:40])
    write_days(database, RECORDED, "WHOLE", rows, "test")
    parted = rows.copy()
    for name in PRICES:
        parted[name][30:] /= 7.0
    parted["split"][30] = 7.0
    write_days(database, RECORDED, "SPLIT", parted, "test")
    for name in ("cc_20", "park_20", "yz_20"):
        np.testing.assert_allclose(
            read_days(database, RECORDED, "SPLIT")[name], read_days(database, RECORDED, "WHOLE")[name], rtol=1e-9
        )
