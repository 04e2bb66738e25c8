"""The order of messages in a batch: by time; at one instant underlyings, option quotes, option trades, by contract."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import InstrumentKind
from terminal.core.messages import Batch, Kind

_OPTION, _TRADE = int(InstrumentKind.OPTION), int(Kind.TRADE)


def in_order(batch: Batch, kind_of: npt.NDArray[np.uint8]) -> Batch:
    """A sorted copy with ``order`` set; messages of one instrument and instant keep the order they came in.

    ``kind_of``: kind by instrument id; messages without an instrument go first, as they came.
    """
    ts_ns = batch["ts_ns"]
    place = np.argsort(ts_ns, kind="stable")
    ordered = batch[place]
    ts_ns = ordered["ts_ns"]
    tied = np.flatnonzero(ts_ns[1:] == ts_ns[:-1])
    rank = np.zeros(len(batch), np.uint32)
    if len(tied):
        instrument = ordered["instrument"]
        is_option = (instrument >= 0) & (kind_of[np.maximum(instrument, 0)] == _OPTION)
        if is_option[tied].any():
            is_market = (ordered["kind"] == Kind.QUOTE) | (ordered["kind"] == _TRADE)
            level = np.where(is_option & is_market, np.where(ordered["kind"] == _TRADE, 2, 1), 0)
            ordered = ordered[np.lexsort((np.where(level > 0, instrument, -1), level, ts_ns))]
        at = np.arange(len(batch))
        starts = np.concatenate([[True], ts_ns[1:] != ts_ns[:-1]])
        rank = (at - np.maximum.accumulate(np.where(starts, at, 0))).astype(np.uint32)
    ordered["order"] = rank
    return ordered
