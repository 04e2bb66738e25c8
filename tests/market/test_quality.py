"""A silent channel makes quotes stale; a contract that does not change is not."""

from __future__ import annotations

import numpy as np

from terminal.core.messages import PHASE, PHASE_SESSION, Kind, Phase
from terminal.market.quality import NO_AGE_NS, quality_with_age
from terminal.market.rows import Quality
from tests.market.flow_messages import START_NS, applied, quote_row

SECOND = 10**9
IDS = np.arange(3, dtype=np.int32)


def test_age_is_since_a_side_changed_and_only_silence_makes_stale() -> None:
    state = applied(
        [
            {"kind": Kind.PHASE_CHANGE, "ts_ns": START_NS, PHASE: Phase.OPEN, PHASE_SESSION: 0},
            {**quote_row(0, 100, 110, 5, 5, 0), "ts_ns": START_NS},
            {**quote_row(0, 100, 110, 5, 5, 0), "ts_ns": START_NS + 20 * SECOND},
            {**quote_row(1, 120, 110, 5, 5, 0), "ts_ns": START_NS + 20 * SECOND},
        ],
        [],
    )
    now_ns = START_NS + 30 * SECOND
    rows = state.read(IDS)
    assert state.channel.silent_ns(now_ns) == 10 * SECOND
    quality, age_ns = quality_with_age(rows, now_ns, is_silent=False)
    assert quality.tolist() == [Quality.OK, Quality.CROSSED, Quality.NONE]
    assert age_ns.tolist() == [30 * SECOND, 10 * SECOND, NO_AGE_NS]
    quality, _ = quality_with_age(rows, now_ns, is_silent=True)
    assert quality.tolist() == [Quality.STALE, Quality.STALE, Quality.NONE]
    rows["phase"] = Phase.PRE_MARKET
    assert quality_with_age(rows, now_ns, is_silent=True)[0].tolist() == quality.tolist()
    rows["phase"] = Phase.CLOSED
    quality, _ = quality_with_age(rows, now_ns, is_silent=True)
    assert quality.tolist() == [Quality.OK, Quality.CROSSED, Quality.NONE]
    assert not Quality.STALE.fills
