"""The messages that begin and end a trading day: phases, official prices, open interest, auction prints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S
from terminal.core.instruments import SESSION_CODES, SessionProduct
from terminal.core.messages import (
    INTEREST,
    OFFICIAL_KIND,
    OFFICIAL_PX,
    PHASE,
    PHASE_SESSION,
    PRICE,
    SIZE,
    Batch,
    Kind,
    OfficialKind,
    Phase,
    empty_batch,
)
from terminal.venues.sim.session_plan import SessionPlan

Floats = npt.NDArray[np.float64]


def _phase(
    ts_ns: int, phase: Phase, product: SessionProduct | None = None, instruments: Sequence[int] = (-1,)
) -> Batch:
    batch = empty_batch(len(instruments))
    batch["ts_ns"] = ts_ns
    batch["kind"] = Kind.PHASE_CHANGE
    batch["instrument"] = instruments
    batch[PHASE] = phase
    batch[PHASE_SESSION] = SESSION_CODES[product] if product else 0
    return batch


def _official(ts_ns: int, kind: OfficialKind, ids: Sequence[int], prices_px: Sequence[int]) -> Batch:
    batch = empty_batch(len(ids))
    batch["ts_ns"] = ts_ns
    batch["kind"] = Kind.OFFICIAL
    batch["instrument"] = ids
    batch[OFFICIAL_PX] = prices_px
    batch[OFFICIAL_KIND] = kind
    return batch


def _prints(ts_ns: int, ids: Sequence[int], prices_px: Sequence[int], sizes: Sequence[int]) -> Batch:
    batch = empty_batch(len(ids))
    batch["ts_ns"] = ts_ns
    batch["kind"] = Kind.TRADE
    batch["instrument"] = ids
    batch[PRICE] = prices_px
    batch[SIZE] = sizes
    return batch


def opening(
    open_ns: int,
    ids: Sequence[int],
    closes_px: Sequence[int],
    opens_px: Sequence[int],
    prior: Sequence[tuple[int, int]],
    interest: Sequence[tuple[int, int]],
    settles: bool,
    volumes: Sequence[int],
) -> Batch:
    """All that is known at the open, in the order in which it must be read; ``ids[0]`` is the index.

    ``prior`` and ``interest``: (contract, settlement price of the day before) and (contract, open interest).
    ``settles``: an AM series expires and settles on the index's opening value. ``volumes``: shares of the opening
    prints.
    """
    interests = empty_batch(len(interest))
    interests["ts_ns"] = open_ns
    interests["kind"] = Kind.OPEN_INTEREST
    interests["instrument"] = [row[0] for row in interest]
    interests[INTEREST] = [row[1] for row in interest]
    parts = [
        _phase(open_ns, Phase.PRE_MARKET),
        _official(open_ns, OfficialKind.PRIOR_CLOSE, ids, closes_px),
        _official(open_ns, OfficialKind.PRIOR_CLOSE, [row[0] for row in prior], [row[1] for row in prior]),
        interests,
        _phase(open_ns, Phase.OPEN),
        _official(open_ns, OfficialKind.OPEN, ids, opens_px),
        _prints(open_ns, ids[1:], opens_px[1:], volumes[1:]),
    ]
    if settles:
        parts.append(_official(open_ns, OfficialKind.AM_SETTLEMENT, ids[:1], opens_px[:1]))
    return np.concatenate(parts)


def closing(
    close_ns: int, ids: Sequence[int], closes_px: Sequence[int], volumes: Sequence[int], expiring: Sequence[int]
) -> Batch:
    """The closing prints, official closes, and the end of trading for shares, their options and expiring contracts."""
    parts = [
        _prints(close_ns, ids, closes_px, volumes),
        _official(close_ns, OfficialKind.CLOSE, ids, closes_px),
        _phase(close_ns, Phase.CLOSED, SessionProduct.EQUITY),
        _phase(close_ns, Phase.CLOSED, SessionProduct.EQUITY_OPTION),
    ]
    if expiring:
        parts.append(_phase(close_ns, Phase.CLOSED, None, expiring))
    return np.concatenate(parts)


def option_close(end_ns: int) -> Batch:
    """The end of trading in index options."""
    return _phase(end_ns, Phase.CLOSED, SessionProduct.INDEX_OPTION)


def index_print(plan: SessionPlan, first: int, steps: int, index: int, levels: Floats, out: Batch) -> int:
    """The index's level, once a second until the close, as trades without size; gives the rows written."""
    stride = max(NS_PER_S // plan.step_ns, 1)
    seconds = [step for step in range(steps) if (first + step) % stride == 0 and first + step < plan.close_step]
    rows = out[: len(seconds)]
    rows["ts_ns"] = [plan.open_ns + (first + step) * plan.step_ns for step in seconds]
    rows["instrument"] = index
    rows["kind"] = Kind.TRADE
    rows["flags"] = 0
    rows[PRICE] = [round(float(levels[step]) * 100.0) * 100 for step in seconds]
    for column in (SIZE, "v2", "v3", "v4"):
        rows[column] = 0
    return len(seconds)
