"""Columns of a file as messages, each visible when its bar has ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S
from terminal.core.messages import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    CLOSE,
    HIGH,
    INTEREST,
    LOW,
    OPEN,
    PRICE,
    SIZE,
    VOLUME,
    Batch,
    Flag,
    Kind,
    empty_batch,
)
from terminal.core.money import ABSENT_PX
from terminal.market.importers.lean.decode import EMPTY, Columns, days_of
from terminal.market.importers.lean.layout import Asset, Data, FileName, Resolution
from terminal.market.importers.lean.wall_time import EPOCH_DAY

CloseOf = Callable[[date], int]
"""UTC nanoseconds at which the regular session of a day ends."""

OFF_BOOK_CONDITIONS = (
    1 << 1  # cash settlement
    | 1 << 2  # next-day settlement
    | 1 << 3  # seller's option
    | 1 << 9  # derivatively priced
    | 1 << 11  # sold last, reported late
    | 1 << 14  # out of sequence
    | 1 << 18  # contingent on an option
    | 1 << 20  # average price
    | 1 << 22  # price variation
    | 1 << 24  # official close of one market centre, a report and no trade
    | 1 << 25  # prior reference price
    | 1 << 26  # official open of one market centre, a report and no trade
    | 1 << 31  # odd lot
)
"""Sale conditions whose price does not become the last price (bits: Lean's ``TradeConditionFlags``; rule: the
consolidated tape's tables, CTA and UTP participant specifications, "sale condition matrix"). Prints outside regular
hours do become the last price here, since pre-market quotes and bars are shown as well."""


def to_messages(
    file: FileName, columns: Columns, instruments: npt.NDArray[np.int32], source: int, close_of: CloseOf
) -> Batch:
    """One message a row, in the file's order, ``order`` not yet set.

    ``instruments``: id by file inside the zip. A bar is visible at its end: start plus interval, a daily one at the
    close of its session. Ticks and open interest are visible at their stamp.
    """
    batch = empty_batch(len(columns))
    batch["instrument"] = instruments[columns.member]
    batch["source"] = source
    batch["ts_ns"] = _visible_ns(file, columns, close_of)
    if file.data is Data.OPEN_INTEREST:
        batch["kind"] = Kind.OPEN_INTEREST
        batch[INTEREST] = columns.values[1]
    elif file.data is Data.QUOTE:
        _quotes(file, columns, batch)
    elif file.resolution is Resolution.TICK:
        _trades(file, columns, batch)
    else:
        batch["kind"] = Kind.BAR
        for name, values in zip((OPEN, HIGH, LOW, CLOSE, VOLUME), columns.values[1:6], strict=True):
            batch[name] = values
        if file.resolution.spans_days:
            batch["flags"], batch["venue"] = Flag.COARSE, file.resolution.interval_s // 60
        if file.asset is Asset.INDEX:
            batch[VOLUME] = 0
    return batch


def _visible_ns(file: FileName, columns: Columns, close_of: CloseOf) -> npt.NDArray[np.int64]:
    if file.data is Data.OPEN_INTEREST or file.resolution is Resolution.TICK:
        return columns.start_ns
    if file.resolution is not Resolution.DAILY:
        return columns.start_ns + file.resolution.interval_s * NS_PER_S
    days, place = np.unique(days_of(columns), return_inverse=True)
    closes = np.array([close_of(EPOCH_DAY + timedelta(days=int(day))) for day in days], np.int64)
    return closes[place] if len(days) else columns.start_ns


def _quotes(file: FileName, columns: Columns, batch: Batch) -> None:
    """Sides that a row leaves empty are flagged unchanged and hold no price."""
    values = columns.values
    batch["kind"] = Kind.QUOTE
    if file.resolution is Resolution.TICK:
        bid, bid_size, ask, ask_size = values[1:5]
        no_bid, no_ask = bid <= 0, ask <= 0
        batch["venue"] = values[5].clip(0)
        suspicious = values[-1] > 0
    else:
        bid, bid_size, ask, ask_size = values[4], values[5], values[9], values[10]
        no_bid, no_ask = bid == EMPTY, ask == EMPTY
        suspicious = np.zeros(len(columns), np.bool_)
    batch[BID] = np.where(no_bid, ABSENT_PX, bid)
    batch[ASK] = np.where(no_ask, ABSENT_PX, ask)
    batch[BID_SIZE] = np.where(no_bid, 0, bid_size.clip(0))
    batch[ASK_SIZE] = np.where(no_ask, 0, ask_size.clip(0))
    # A suspicious quote is kept to be looked at, but must not move the market.
    batch["flags"] = (
        np.where(no_bid | suspicious, int(Flag.BID_UNCHANGED), 0)
        | np.where(no_ask | suspicious, int(Flag.ASK_UNCHANGED), 0)
        | np.where(suspicious, int(Flag.OFF_BOOK), 0)
    )


def _trades(file: FileName, columns: Columns, batch: Batch) -> None:
    values = columns.values
    batch["kind"] = Kind.TRADE
    batch[PRICE] = values[1]
    batch[SIZE] = values[2].clip(0) if file.asset is not Asset.INDEX else 0
    suspicious = values[5] > 0
    off_book = suspicious
    if file.asset is not Asset.INDEX:
        batch["venue"] = values[3].clip(0)
        conditions = np.where(values[4] == EMPTY, 0, values[4])
        if file.asset is Asset.EQUITY:
            off_book = suspicious | ((conditions & OFF_BOOK_CONDITIONS) != 0)
    batch["flags"] = np.where(off_book, int(Flag.OFF_BOOK), 0)
