"""The words of time and sales: one row's cells, a sweep's mark, the totals. What colour says is said here too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import numpy as np

from terminal.app import formats
from terminal.app.views.time_and_sales import TapeTotals
from terminal.core.clock import NEW_YORK, NS_PER_MS, NS_PER_S, from_ns
from terminal.core.instruments import Instrument
from terminal.core.messages import Flag
from terminal.market.places import ABOVE_ASK, AT_ASK, AT_BID, BELOW_BID, BETWEEN

ARROWS = {1: "▲", -1: "▼", 0: "·"}
ESTIMATED_ARROWS = {1: "△", -1: "▽", 0: "·"}
PLACES = {ABOVE_ASK: "A+", AT_ASK: "A", BETWEEN: "mid", AT_BID: "B", BELOW_BID: f"B{formats.MINUS}"}
PLACE_WORDS = {
    ABOVE_ASK: "above the ask", AT_ASK: "at the ask", BETWEEN: "between bid and ask", AT_BID: "at the bid",
    BELOW_BID: "below the bid",
}  # fmt: skip
SIZE_PRESETS = ("0", "10", "50", "100", "500", "1,000", "5,000", "10,000")
COIN_PRESETS = ("0", "0.01", "0.1", "0.5", "1", "5", "10")


@dataclass(frozen=True, slots=True)
class TapeCells:
    """One row as text."""

    time: str
    symbol: str
    arrow: str
    price: str
    size: str
    place: str
    venue: str
    condition: str
    mark: str


def cells_of(
    row: np.void, sweep: np.void, instrument: Instrument, *, heads_sweep: bool, venues: Mapping[int, str]
) -> TapeCells:
    """``heads_sweep``: the row is the newest of its sweep and carries its totals. ``venues``: names by number."""
    side = int(row["side"])
    arrows = ESTIMATED_ARROWS if row["estimated"] else ARROWS
    return TapeCells(
        time_text(int(row["ts_ns"]) // NS_PER_MS),
        instrument.label,
        arrows[side],
        price_range(int(row["low_px"]), int(row["high_px"]), instrument, rises=side >= 0),
        _size_text(int(row["size"]), instrument),
        PLACES.get(int(row["place"]), formats.MISSING),
        venue_text(row, venues),
        condition(int(row["flags"])),
        _mark(row, sweep, instrument) if heads_sweep and sweep["size"] else _count(int(row["prints"])),
    )


def venue_text(row: np.void, venues: Mapping[int, str]) -> str:
    """A venue's name; empty where the feed names none, since a number says nothing to a trader."""
    if not venues:
        return ""
    return "many" if row["venues"] > 1 else venues.get(int(row["venue"]), formats.MISSING)


def sweep_words(sweep: np.void, instrument: Instrument) -> str:
    """``SWEEP ×5 1,200  100.02–100.05``: where there is no room the count is what is left."""
    prices = price_range(int(sweep["low_px"]), int(sweep["high_px"]), instrument, rises=int(sweep["side"]) >= 0)
    return f"SWEEP {_count(int(sweep['prints']))} {_size_text(int(sweep['size']), instrument)}  {prices}"


def shorter(words: str) -> tuple[str, ...]:
    """A sweep's words for ever less room: without its prices, and without the word, which the column's head says."""
    short = words.partition("  ")[0]
    bare = short.removeprefix("SWEEP ")
    return short, bare, bare.partition(" ")[0]


def price_range(low_px: int, high_px: int, instrument: Instrument, *, rises: bool) -> str:
    """One price, or from where to where a sweep went."""
    low, high = _price_text(low_px, instrument), _price_text(high_px, instrument)
    return low if low_px == high_px else f"{low}–{high}" if rises else f"{high}–{low}"


def condition(flags: int) -> str:
    """``off`` for a print that does not set the last price (late, average price, odd lot)."""
    return "off" if flags & Flag.OFF_BOOK else ""


def spoken(row: np.void, instrument: Instrument) -> str:
    """A row as a sentence, for tooltips and screen readers."""
    verb = {1: "bought", -1: "sold", 0: "traded"}[int(row["side"])]
    words = [f"{time_text(int(row['ts_ns']) // NS_PER_MS)}: {_size_text(int(row['size']), instrument)} {verb}"]
    words.append(f"at {price_range(int(row['low_px']), int(row['high_px']), instrument, rises=int(row['side']) >= 0)}")
    place = PLACE_WORDS.get(int(row["place"]))
    words.append(f", {place}" if place else ", no quote before it")
    if row["prints"] > 1:
        words.append(f", {int(row['prints'])} trades")
    if row["estimated"]:
        words.append(", side told by the quote")
    if row["flags"] & Flag.OFF_BOOK:
        words.append(", off the book")
    return " ".join(words).replace(" ,", ",")


def totals_words(totals: TapeTotals, instrument: Instrument | None) -> tuple[str, str, str]:
    """Bought, sold and delta; without one instrument there is no unit to add up in."""
    if instrument is None:
        return formats.MISSING, formats.MISSING, formats.MISSING
    delta = formats.quantity(totals.delta, instrument)
    return (
        f"▲ {formats.quantity(totals.bought, instrument)}",
        f"▼ {formats.quantity(totals.sold, instrument)}",
        f"Δ {'+' if totals.delta > 0 else ''}{delta}",
    )


def parse_size(text: str, instrument: Instrument | None) -> int | None:
    """A least size as typed, in the instrument's units; empty is 0, None for what is no size."""
    bare = text.strip().lstrip("≥").strip().replace(",", "")
    if not bare:
        return 0
    try:
        units = Decimal(bare) * (1 if instrument is None else instrument.size_scale)
    except InvalidOperation:
        return None
    if not units.is_finite() or units < 0 or units != units.to_integral_value() or units >= 2**62:
        return None
    return int(units)


def presets(instrument: Instrument | None) -> tuple[str, ...]:
    """Least sizes to choose from."""
    if instrument is None or instrument.size_scale == 1:
        return SIZE_PRESETS
    return tuple(each for each in COIN_PRESETS if parse_size(each, instrument) is not None)


@lru_cache(maxsize=8192)
def time_text(ms: int) -> str:
    """New York time to the millisecond."""
    return f"{_second_text(ms // 1000)}.{ms % 1000:03d}"


@lru_cache(maxsize=1024)
def _second_text(second: int) -> str:
    return from_ns(second * NS_PER_S, NEW_YORK).strftime("%H:%M:%S")


@lru_cache(maxsize=8192)
def _price_text(px: int, instrument: Instrument) -> str:
    return formats.price(px, instrument)


@lru_cache(maxsize=8192)
def _size_text(size: int, instrument: Instrument) -> str:
    return formats.quantity(size, instrument)


def _mark(row: np.void, sweep: np.void, instrument: Instrument) -> str:
    whole = row["prints"] == sweep["prints"]
    return f"SWEEP {_count(int(sweep['prints']))}" if whole else sweep_words(sweep, instrument)


def _count(prints: int) -> str:
    return f"×{prints}" if prints > 1 else ""
