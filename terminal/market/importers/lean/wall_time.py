"""Wall clocks of a zone to UTC, by whole columns."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

EPOCH_DAY = date(1970, 1, 1)
NS_PER_MS = 1_000_000
_NS_PER_HOUR = 3_600_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_utc_ns(wall_ns: npt.NDArray[np.int64], zone: ZoneInfo) -> npt.NDArray[np.int64]:
    """UTC nanoseconds of wall-clock nanoseconds (as if the wall were UTC) in ``zone``.

    The offset is looked up once an hour of wall time, since zones of this century change on the hour. An hour that
    comes twice is taken as the first, one that never comes as if the clock had not been moved yet.
    """
    hours, place = np.unique(wall_ns // _NS_PER_HOUR, return_inverse=True)
    offsets = np.array([_offset_ns(int(hour), zone) for hour in hours], np.int64)
    return wall_ns - offsets[place] if len(hours) else wall_ns


def _offset_ns(hour: int, zone: ZoneInfo) -> int:
    wall = (_EPOCH + timedelta(hours=hour)).replace(tzinfo=zone)
    offset = wall.utcoffset()
    if offset is None:
        raise ValueError(f"{zone} has no offset")
    return int(offset / timedelta(microseconds=1)) * 1000
