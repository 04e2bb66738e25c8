"""What a folder in Lean's layout holds, by underlying and day."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path, PurePosixPath

from terminal.infra.failures import UsageError
from terminal.market.importers.lean.archive import content_sha256, read_archive
from terminal.market.importers.lean.contracts import underlying_of_root
from terminal.market.importers.lean.decode import days_of, decode
from terminal.market.importers.lean.layout import Asset, Data, FileName, Resolution, parse_path
from terminal.market.importers.lean.reference import FactorFile, MapFile, read_factor_file, read_map_file
from terminal.market.importers.lean.wall_time import EPOCH_DAY
from terminal.market.importers.report import FileReport

_FINEST = {resolution: rank for rank, resolution in enumerate(Resolution)}


class NoSuchData(UsageError):
    """The folder does not hold what was asked for."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One data file. Its identity is its content: see :attr:`sha256`."""

    path: Path
    name: FileName

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes, read now."""
        return content_sha256(self.path)


class Catalog:
    """The data files under ``root``, listed once. ``DATE`` sentences name what there is instead."""

    def __init__(self, root: Path) -> None:
        """Raises NoSuchData when ``root`` is no folder or holds no data file of this layout."""
        if not root.is_dir():
            raise NoSuchData(f"{root} is not a folder; give the one that holds equity, option or index.")
        self.root = root
        self._maps: dict[str, MapFile] = {}
        self._factors: dict[str, FactorFile] = {}
        self._days_in: dict[Path, frozenset[date]] = {}
        self.files = _list_files(root)
        if not self.files:
            raise NoSuchData(f"{root} holds no data in Lean's layout; give the one that holds equity, option or index.")

    @cached_property
    def underlyings(self) -> tuple[str, ...]:
        """Symbols that have any data, ascending; an option root counts as its underlying."""
        return tuple(sorted({_underlying_symbol(each.name) for each in self.files}))

    def require(self, underlying: str) -> str:
        """The symbol as the folder knows it (SPXW gives SPX). Raises NoSuchData naming what there is."""
        symbol = underlying.strip().upper()
        known = symbol if symbol in self.underlyings else underlying_of_root(symbol)
        if known not in self.underlyings:
            some = ", ".join(self.underlyings[:12]) + (", ..." if len(self.underlyings) > 12 else "")
            raise NoSuchData(f"{self.root} has no data of {underlying.strip()!r}; it has {some}.")
        return known

    def days(self, underlying: str) -> tuple[date, ...]:
        """Days that can be replayed, ascending: with intraday data, or with daily bars where there is none at all."""
        files = self._all_of(underlying)
        finer = [each for each in files if each.name.resolution is not Resolution.DAILY]
        intraday = {day for each in finer for day in self.days_of(underlying, each)}
        if intraday:
            return tuple(sorted(intraday))
        return tuple(sorted({day for each in files for day in self.days_of(underlying, each)}))

    def select_days(self, underlying: str, first: date, last: date) -> tuple[date, ...]:
        """Days with data from ``first`` to ``last``. Raises NoSuchData naming the nearest days when there is none."""
        there = self.days(underlying)
        chosen = tuple(day for day in there if first <= day <= last)
        if chosen:
            return chosen
        at = bisect_left(there, first)
        nearest = [f"{day:%Y-%m-%d}" for day in (*there[max(0, at - 1) : at], *there[at : at + 1])]
        span = f"on {first}" if first == last else f"from {first} to {last}"
        raise NoSuchData(f"{self.root} has no data of {underlying} {span}; the nearest is {' and '.join(nearest)}.")

    def files_on(self, underlying: str, day: date) -> list[SourceFile]:
        """Files with rows of ``day``, of every resolution; the ticker is the one that the security had that day."""
        return [each for each in self._all_of(underlying) if day in self.days_of(underlying, each)]

    def days_of(self, underlying: str, file: SourceFile) -> list[date]:
        """Days of ``file`` that are about ``underlying``: a ticker may have been another security's before."""
        if file.name.asset in {Asset.INDEX, Asset.INDEX_OPTION}:
            return sorted(self.days_in(file))
        return [day for day in sorted(self.days_in(file)) if file.name.ticker == self._ticker_on(underlying, day)]

    def finest_on(self, underlying: str, day: date) -> list[SourceFile]:
        """Like :meth:`files_on`, but one file a security and sort of row: the finest, so that nothing comes twice."""
        best: dict[tuple[Asset, str, Data], SourceFile] = {}
        for each in self.files_on(underlying, day):
            key = (each.name.asset, each.name.ticker, each.name.data)
            known = best.get(key)
            if known is None or _FINEST[each.name.resolution] < _FINEST[known.name.resolution]:
                best[key] = each
        return sorted(best.values(), key=lambda each: each.name.path)

    def daily_file(self, underlying: str, day: date) -> SourceFile | None:
        """The daily bars of the underlying itself under its ticker of ``day``, or None."""
        tickers = {Asset.INDEX: underlying.lower(), Asset.EQUITY: self._ticker_on(underlying, day)}
        for each in self.files:
            name = each.name
            is_daily = name.resolution is Resolution.DAILY and name.data is Data.TRADE
            if is_daily and tickers.get(name.asset) == name.ticker:
                return each
        return None

    def of(self, underlying: str) -> list[SourceFile]:
        """All files that may hold an underlying's rows, by path."""
        return self._all_of(underlying)

    def map_file(self, ticker: str) -> MapFile:
        """Ticker changes of an equity; empty when there is no file."""
        key = ticker.lower()
        if key not in self._maps:
            self._maps[key] = read_map_file(self._beside("map_files", key))
        return self._maps[key]

    def factor_file(self, ticker: str) -> FactorFile:
        """Splits and dividends of an equity; empty when there is no file."""
        key = ticker.lower()
        if key not in self._factors:
            self._factors[key] = read_factor_file(self._beside("factor_files", key))
        return self._factors[key]

    def days_in(self, file: SourceFile) -> frozenset[date]:
        """Days that a file has rows of; a file that spans days is read once for it."""
        if file.name.day is not None:
            return frozenset({file.name.day})
        known = self._days_in.get(file.path)
        if known is None:
            columns = decode(read_archive(file.path), file.name, FileReport(file.name.path, file.name.kind))
            known = frozenset(
                date.fromordinal(int(day) + EPOCH_DAY.toordinal()) for day in set(days_of(columns).tolist())
            )
            self._days_in[file.path] = known
        return known

    def _beside(self, folder: str, ticker: str) -> Path:
        markets = {each.name.market for each in self.files if each.name.asset is Asset.EQUITY} or {"usa"}
        paths = [self.root / "equity" / market / folder / f"{ticker}.csv" for market in sorted(markets)]
        return next((path for path in paths if path.is_file()), paths[0])

    def _ticker_on(self, underlying: str, day: date) -> str:
        """The ticker of a share on ``day``: its own from the map file where the folder has files under that one."""
        then = self.map_file(underlying).ticker_on(day)
        return then if then in self._equity_tickers else underlying.lower()

    @cached_property
    def _equity_tickers(self) -> frozenset[str]:
        return frozenset(each.name.ticker for each in self.files if each.name.asset in {Asset.EQUITY, Asset.OPTION})

    def _all_of(self, underlying: str) -> list[SourceFile]:
        symbol = underlying.upper()
        tickers = {underlying.lower()} | {ticker for _, ticker in self.map_file(underlying).rows}
        return [
            each
            for each in self.files
            if (each.name.asset is Asset.INDEX_OPTION and _underlying_symbol(each.name) == symbol)
            or (each.name.asset is Asset.INDEX and each.name.ticker == underlying.lower())
            or (each.name.asset in {Asset.EQUITY, Asset.OPTION} and each.name.ticker in tickers)
        ]


def _list_files(root: Path) -> list[SourceFile]:
    found: dict[str, SourceFile] = {}
    for asset in Asset:
        for folder, _, names in os.walk(root / asset.value):
            for name in _chosen(names):
                path = Path(folder) / name
                parsed = parse_path(PurePosixPath(path.relative_to(root).as_posix()))
                if parsed is not None:
                    found[parsed.path] = SourceFile(path, parsed)
    return [found[path] for path in sorted(found)]


def _chosen(names: Sequence[str]) -> Iterable[str]:
    """Every name once: a file under a plain and a double name is taken under the plain one."""
    there = set(names)
    return (name for name in names if not (name.lower().endswith(".zip.zip") and name[: -len(".zip")] in there))


def _underlying_symbol(name: FileName) -> str:
    return underlying_of_root(name.ticker) if name.asset is Asset.INDEX_OPTION else name.ticker.upper()
