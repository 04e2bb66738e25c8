"""The daily record of each underlying's volatility: written whole series by series, so that it fits together.

A series belongs to an origin. Real days share the origin RECORDED whatever file or feed they came from; every simulated
market is an origin of its own, marked as simulated, so that its days are never mixed with others. Writing a day that is
there replaces what the new row knows and leaves what it does not know: the same rows twice change nothing. Realised
vols are made anew from all days of the series with every write, splits taken out.
"""

# ruff: noqa: S608 - names of tables and columns come from constants, values are always parameters

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.infra import calendars
from terminal.quant import volatility
from terminal.quant.columns import Floats
from terminal.quant.vol_measures import ESTIMATORS, TENORS_DAYS, WINDOWS_DAYS
from terminal.store.connection import Connection

PRICES = ("open", "high", "low", "close")
VOLS = (
    *(f"{name}_{days}" for name in ("atm", "skew", "fly") for days in TENORS_DAYS),
    "slope", "vix", "varswap",
)  # fmt: skip
REALISED = tuple(f"{name}_{days}" for name in ESTIMATORS for days in WINDOWS_DAYS)
VOL_DAY = np.dtype(
    [
        ("day", "M8[D]"), ("at_ns", "i8"), ("known_ns", "i8"), ("split", "f8"),
        *((name, "f8") for name in (*PRICES, *VOLS, *REALISED)),
    ]
)  # fmt: skip
"""One day of one underlying, NaN where a figure is not known. Vols, skew, butterfly and slope are decimals, ``vix`` and
``varswap`` (30 days) too. ``at_ns``: when the options were looked at, 0 where they were not; ``known_ns``: the close,
before which nobody could know the row; ``split``: new shares for one old from this day's open on."""
_FLOATS = (*PRICES, *VOLS, *REALISED)
VolDays = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class VolOrigin:
    """Which market a series tells of."""

    name: str
    is_simulated: bool


def simulated(seed: int, first_day: date) -> VolOrigin:
    """Our own simulated market: with another seed or another first day it is another market."""
    return VolOrigin(f"simulated, seed {seed}, from {first_day}", True)


RECORDED = VolOrigin("recorded", False)
"""Days of the real market."""


def blank_days(count: int) -> VolDays:
    """Rows that know nothing."""
    rows = np.zeros(count, VOL_DAY)
    for name in _FLOATS:
        rows[name] = np.nan
    rows["split"] = 1.0
    return rows


def write_days(connection: Connection, origin: VolOrigin, symbol: str, rows: VolDays, made_from: str) -> int:
    """Joins ``rows`` with what the series has, in the caller's transaction; gives how many days are new.

    ``made_from``: what the rows were made from, a word or two for people.
    """
    before, words = _read(connection, origin, symbol)
    merged = join(before, rows)
    with_realised(merged)
    words |= dict.fromkeys(rows["day"].tolist(), made_from)
    if len(merged) == len(before) and _is_same(merged, before):
        return 0
    connection.execute("DELETE FROM raw.vol_day WHERE origin = ? AND symbol = ?", [origin.name, symbol])
    columns: dict[str, Any] = {name: np.ascontiguousarray(merged[name]) for name in _FLOATS}
    columns |= {name: np.ascontiguousarray(merged[name]) for name in ("at_ns", "known_ns", "split")}
    columns["number"] = merged["day"].astype(np.int64).astype(np.int32)
    columns["made_from"] = np.array([words[day] for day in merged["day"].tolist()], object)
    known = ", ".join(f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END" for name in _FLOATS)
    connection.register("incoming_vol", columns)
    try:
        connection.execute(
            f"INSERT INTO raw.vol_day (origin, is_simulated, symbol, day, at_ns, known_ns, made_from, split, "
            f"{', '.join(_FLOATS)}) SELECT ?, ?, ?, DATE '1970-01-01' + number, at_ns, known_ns, made_from, split, "
            f"{known} FROM incoming_vol",
            [origin.name, origin.is_simulated, symbol],
        )
    finally:
        connection.unregister("incoming_vol")
    return len(merged) - len(before)


def read_days(connection: Connection, origin: VolOrigin, symbol: str) -> VolDays:
    """A series, ascending by day; empty where nothing is known."""
    return _read(connection, origin, symbol)[0]


def _read(connection: Connection, origin: VolOrigin, symbol: str) -> tuple[VolDays, dict[Any, str]]:
    found: dict[str, Any] = connection.execute(
        f"SELECT day - DATE '1970-01-01' AS number, made_from, at_ns, known_ns, split, {', '.join(_FLOATS)} "
        "FROM raw.vol_day WHERE origin = ? AND symbol = ? ORDER BY day",
        [origin.name, symbol],
    ).fetchnumpy()
    rows = blank_days(len(found["number"]))
    rows["day"] = np.asarray(found["number"]).astype("M8[D]")
    for name in ("at_ns", "known_ns", "split"):
        rows[name] = found[name]
    for name in _FLOATS:
        rows[name] = np.ma.filled(found[name].astype(np.float64), np.nan)
    return rows, dict(zip(rows["day"].tolist(), found["made_from"].tolist(), strict=True))


def join(before: VolDays, rows: VolDays) -> VolDays:
    """Both by day, ascending: what ``rows`` knows replaces, what it does not know stays."""
    days = np.union1d(before["day"], rows["day"])
    merged = blank_days(len(days))
    merged["day"] = days
    merged[np.searchsorted(days, before["day"])] = before
    for row in rows:
        at = int(np.searchsorted(days, row["day"]))
        if row["at_ns"] > 0:
            # One look at the options tells all its vols, also those that it could not tell.
            for name in ("at_ns", *VOLS):
                merged[name][at] = row[name]
        else:
            _take_known(merged, at, row, VOLS)
        _take_known(merged, at, row, PRICES)
        merged["known_ns"][at] = row["known_ns"]
        if row["split"] != 1.0:
            merged["split"][at] = row["split"]
    return merged


def _take_known(merged: VolDays, at: int, row: np.void, names: tuple[str, ...]) -> None:
    for name in names:
        if np.isfinite(row[name]):
            merged[name][at] = row[name]


def with_realised(rows: VolDays) -> None:
    """Fills in the realised vols of a whole series, in place."""
    if not len(rows):
        return
    # Prices of days before a split in the shares of after it.
    later = np.concatenate((np.cumprod(rows["split"][::-1])[::-1][1:], [1.0]))
    run = _unbroken(rows)
    first, high, low, close = (rows[name] / later for name in PRICES)
    for days in WINDOWS_DAYS:
        made: tuple[Floats, Floats, Floats] = (
            volatility.close_to_close(close, days + 1),
            volatility.parkinson(high, low, days),
            volatility.yang_zhang(first, high, low, close, days + 1),
        )
        # A return needs the close before its day; the range of a day does not.
        for estimator, values, needed in zip(ESTIMATORS, made, (days + 1, days, days + 1), strict=True):
            rows[f"{estimator}_{days}"] = np.where(run >= needed, values, np.nan)


def follow(rows: VolDays) -> npt.NDArray[np.bool_]:
    """Which days are the session right after the day before them in the series; the first is not."""
    if not len(rows):
        return np.zeros(0, np.bool_)
    days = rows["day"].tolist()
    place = np.searchsorted(_sessions(days[0], days[-1]), rows["day"])
    return np.concatenate(([False], np.diff(place) == 1))


def _unbroken(rows: VolDays) -> npt.NDArray[np.int64]:
    """How many sessions in a row, up to each, have whole bars: a return across a missing day is of more than a day."""
    whole = np.isfinite(np.array([rows[name] for name in PRICES])).all(axis=0)
    follows = follow(rows)
    follows[0] = True
    at = np.arange(len(rows))
    begins = np.maximum.accumulate(np.where(~whole, at + 1, np.where(~follows, at, 0)))
    return at - begins + 1


@lru_cache(maxsize=16)
def _sessions(first: date, last: date) -> npt.NDArray[np.datetime64]:
    return np.array(calendars.default().sessions(first, last), "M8[D]")


def _is_same(rows: VolDays, others: VolDays) -> bool:
    return all(
        np.array_equal(rows[name], others[name], equal_nan=VOL_DAY[name].kind == "f") for name in VOL_DAY.names or ()
    )
