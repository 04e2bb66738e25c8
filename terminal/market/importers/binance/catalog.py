"""The captures at a path, and those of them that hold what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from terminal.core.clock import UTC_ZONE, from_ns
from terminal.core.instruments import InstrumentTable
from terminal.market.importers.binance.capture import Capture
from terminal.market.importers.binance.inspect import CaptureTerms, SymbolTerms, inspect_capture, is_capture
from terminal.market.importers.streams import NoSuchStream

_ENDINGS = (".gz", ".txt", ".log", ".raw", ".jsonl", ".ndjson")


def capture_files(path: Path) -> list[Path]:
    """``path`` itself if it is a capture, or those in the folder, by name."""
    if path.is_file():
        return [path] if is_capture(path) else []
    if not path.is_dir():
        return []
    return [each for each in sorted(path.iterdir()) if each.suffix in _ENDINGS and each.is_file() and is_capture(each)]


def open_captures(
    path: Path, underlying: str | None, dates: Sequence[date] | None, table: InstrumentTable
) -> list[Capture]:
    """The captures of ``underlying`` (None: of all) with messages on ``dates`` (None: on any), in time.

    ``underlying``: as Binance writes it, for both markets, or with ``.P`` for the perpetual alone. Days are UTC days,
    as everything at Binance; a capture is taken whole. Instruments go into ``table``. Raises NoSuchStream when there
    is nothing, UnreadableStream for a capture that cannot be read, and UsageError when ``table`` knows other terms.
    """
    files = capture_files(path)
    if not files:
        what = "holds no capture" if path.is_dir() else "is no capture" if path.exists() else "does not exist"
        raise NoSuchStream(f"{path} {what}: lines of a receive time in nanoseconds and a message of Binance's streams.")
    found = [inspect_capture(each) for each in files]
    chosen = [(terms, _wanted(terms, underlying)) for terms in found]
    chosen = [(terms, symbols) for terms, symbols in chosen if symbols]
    if not chosen:
        names = sorted({symbol.name for terms in found for symbol in terms.symbols})
        raise NoSuchStream(f"{path} has no capture of {underlying}; it has {', '.join(names)}.")
    in_time = [(terms, symbols) for terms, symbols in chosen if _is_on(terms, dates)]
    if not in_time:
        days = sorted({day.isoformat() for terms, _ in chosen for day in _days(terms)})
        raise NoSuchStream(f"{path} has nothing of {underlying or 'any symbol'} then; it has {', '.join(days)} (UTC).")
    in_time.sort(key=lambda each: (each[0].first_ns, each[0].path.name))
    finest = _finest([symbol for _, symbols in in_time for symbol in symbols])
    return [Capture(terms, table, tuple(finest[each.name] for each in symbols)) for terms, symbols in in_time]


def _wanted(terms: CaptureTerms, underlying: str | None) -> tuple[SymbolTerms, ...]:
    if underlying is None:
        return terms.symbols
    wanted = underlying.strip().upper()
    return tuple(each for each in terms.symbols if wanted in {each.symbol, each.name})


def _finest(symbols: list[SymbolTerms]) -> dict[str, SymbolTerms]:
    """One set of terms a symbol: a short capture beside a long one may not have shown the tick or the sizes."""
    best: dict[str, SymbolTerms] = {}
    for each in symbols:
        known = best.get(each.name)
        finer = each if known is None or each.price_digits > known.price_digits else known
        both = (each, known or each)
        least = max(one.least_size_digits for one in both)
        digits = max(least, min(one.size_digits for one in both))
        best[each.name] = replace(finer, size_digits=digits, least_size_digits=least)
    return best


def _days(terms: CaptureTerms) -> tuple[date, date]:
    return from_ns(terms.first_ns, UTC_ZONE).date(), from_ns(terms.last_ns, UTC_ZONE).date()


def _is_on(terms: CaptureTerms, dates: Sequence[date] | None) -> bool:
    first, last = _days(terms)
    return not dates or (first <= dates[-1] and dates[0] <= last)
