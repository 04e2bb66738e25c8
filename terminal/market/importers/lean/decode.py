"""From a zip's bytes to columns of integers in UTC, with a reason for every row that is not kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from terminal.core.clock import CHICAGO, NEW_YORK
from terminal.market.importers.lean import decode_kernel as kernel
from terminal.market.importers.lean.archive import Archive
from terminal.market.importers.lean.layout import Asset, Data, FileName, Resolution
from terminal.market.importers.lean.refusals import REASONS, Refusal
from terminal.market.importers.lean.wall_time import EPOCH_DAY, NS_PER_MS, to_utc_ns
from terminal.market.importers.report import FileReport

EMPTY = kernel.EMPTY
_LF = 10


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows that were kept: ``values[column, row]`` as the layout of the file orders them, EMPTY for an empty field.

    ``start_ns``: UTC stamp of the row, the start of a bar. ``member``: index of the file inside the zip. ``rows_read``
    counts by member what was there, refused rows too.
    """

    values: npt.NDArray[np.int64]
    start_ns: npt.NDArray[np.int64]
    member: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.start_ns)

    def take(self, chosen: npt.NDArray[np.bool_]) -> Columns:
        """The rows that ``chosen`` marks."""
        return Columns(self.values[:, chosen], self.start_ns[chosen], self.member[chosen])


@dataclass(frozen=True, slots=True)
class _Shape:
    columns: npt.NDArray[np.int8]
    fewest: int
    rule: int
    one_a_stamp: bool


def decode(archive: Archive, file: FileName, report: FileReport) -> Columns:
    """Decodes every file of ``archive`` as rows of ``file``'s sort and counts them in ``report``."""
    shape = _shape(file)
    most = int(np.count_nonzero(archive.text == _LF)) + len(archive.names)
    out = np.empty((len(shape.columns), most), np.int64)
    member = np.empty(most, np.int32)
    refusal = np.empty(most, np.uint8)
    line = np.empty(most, np.int64)
    rows = int(
        kernel.decode_files(
            archive.text, archive.bounds, shape.columns, shape.fewest, shape.rule, shape.one_a_stamp,
            out, member, refusal, line,
        )
    )  # fmt: skip
    kept = refusal[:rows] == 0
    _count(report, archive, member[:rows], refusal[:rows], line[:rows])
    values = np.compress(kept, out[:, :rows], axis=1)
    wall_ns = values[0] * NS_PER_MS
    if file.day is not None:
        wall_ns += (file.day - EPOCH_DAY).days * 86_400_000 * NS_PER_MS
    return Columns(values, to_utc_ns(wall_ns, zone_of(file)), member[:rows][kept])


def zone_of(file: FileName) -> ZoneInfo:
    """The zone of a file's stamps: Chicago for intraday index data, New York for everything else."""
    intraday_index = file.asset is Asset.INDEX and not file.resolution.spans_days
    return CHICAGO if intraday_index else NEW_YORK


def days_of(columns: Columns) -> npt.NDArray[np.int64]:
    """New York days, as days since 1970, of rows that carry dates."""
    days: npt.NDArray[np.int64] = columns.values[0] // 86_400_000
    return days


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - EPOCH_DAY).days


def _count(
    report: FileReport,
    archive: Archive,
    member: npt.NDArray[np.int32],
    refusal: npt.NDArray[np.uint8],
    line: npt.NDArray[np.int64],
) -> None:
    report.members += len(archive.names)
    report.rows_read += len(refusal)
    report.rows_kept += int(np.count_nonzero(refusal == 0))
    for code in np.unique(refusal[refusal != 0]):
        rows = np.flatnonzero(refusal == code)
        reason = REASONS[Refusal(int(code))]
        report.refused[reason] += len(rows)
        report.first_refused.setdefault(reason, f"{archive.names[member[rows[0]]]} line {line[rows[0]]}")


def _shape(file: FileName) -> _Shape:
    time = kernel.TIME_TEXT if file.resolution.spans_days else kernel.TIME_MS
    px = kernel.DECIMAL if file.asset is Asset.INDEX else kernel.WHOLE
    size, letter, condition, flag = kernel.WHOLE, kernel.LETTER, kernel.HEX, kernel.HEX
    if file.data is Data.OPEN_INTEREST:
        return _make(time, (size,), 2, kernel.INTEREST, one_a_stamp=True)
    if file.resolution is Resolution.TICK:
        if file.data is Data.QUOTE:
            conditions = () if file.asset.is_option else (condition,)
            return _make(time, (px, size, px, size, letter, *conditions, flag), 5, kernel.QUOTE_TICK)
        if file.asset is Asset.INDEX:
            return _make(time, (px, size, kernel.TEXT, kernel.TEXT, flag), 2, kernel.INDEX_TICK)
        return _make(time, (px, size, letter, condition, flag), 3, kernel.TRADE_TICK)
    if file.data is Data.QUOTE:
        return _make(time, (px, px, px, px, size) * 2, 11, kernel.QUOTE_BAR, one_a_stamp=True)
    return _make(time, (px, px, px, px, size), 6, kernel.TRADE_BAR, one_a_stamp=True)


def _make(time: int, columns: tuple[int, ...], fewest: int, rule: int, *, one_a_stamp: bool = False) -> _Shape:
    return _Shape(np.array((time, *columns), np.int8), fewest, rule, one_a_stamp)
