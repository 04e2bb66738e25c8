"""The words of the heatmap: what stands under the crosshair, and why there is nothing."""

from __future__ import annotations

from terminal.app import ages, formats
from terminal.app.views.heatmap import Spot
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Instrument
from terminal.market.rows import BookStatus

_STATUS = {
    BookStatus.NONE: "no book",
    BookStatus.OK: "",
    BookStatus.BUILDING: "book not complete yet",
    BookStatus.GAP: "updates were lost: no book",
    BookStatus.CROSSED: "book crossed: not shown",
}


def price_range(spot: Spot, instrument: Instrument) -> str:
    """The prices of a row: one, or from the lowest to the highest."""
    low = formats.price(spot.low_px, instrument)
    return low if spot.high_px <= spot.low_px else f"{low} to {formats.price(spot.high_px, instrument)}"


def instant(ts_ns: int, column_ns: int) -> str:
    """A time of day, with milliseconds where columns are shorter than a second."""
    return ages.time_of_day(ts_ns, millis=column_ns < NS_PER_S)


def describe(spot: Spot, instrument: Instrument, column_ns: int) -> list[str]:
    """What stands under the crosshair, in short parts: time, prices, what rests, what was traded."""
    parts = [instant(spot.ts_ns, column_ns), price_range(spot, instrument)]
    if spot.status is None:
        parts.append("not sampled")
    elif not spot.status.is_good:
        parts.append(_STATUS[spot.status])
    else:
        sides = [f"{formats.quantity(size, instrument)} {word}" for size, word in
                 ((spot.bids, "bid"), (spot.asks, "ask")) if size]  # fmt: skip
        parts.append(" and ".join(sides) if sides else "nothing rests")
        if spot.most > spot.bids + spot.asks:
            parts.append(f"most {formats.quantity(spot.most, instrument)}")
    if spot.bought:
        parts.append(f"bought {formats.quantity(spot.bought, instrument)}")
    if spot.sold:
        parts.append(f"sold {formats.quantity(spot.sold, instrument)}")
    return parts


def status_words(status: BookStatus) -> str:
    """What to say of a book that cannot be believed; empty for a good one."""
    return _STATUS[status]


def no_depth(instrument: Instrument, *, is_sampled: bool, is_replay: bool = False) -> str:
    """Why there is no heatmap of an instrument, and what to do."""
    symbol = instrument.label
    if not is_sampled:
        return f"No depth for {symbol}: too many books are sampled already. Restart the desk to free their places."
    if instrument.option is not None:
        return f"No depth for {symbol}: this feed quotes options without a book. Choose its underlying."
    if not instrument.is_tradable:
        return f"No depth for {symbol}: an index has no book. Choose something that trades."
    if is_replay:
        return (
            f"This data has no depth for {symbol} so far, only bars, quotes or trades: "
            "replay a recording with books, such as a Binance or Databento capture."
        )
    return f"No depth for {symbol}: no book has come from the feed yet. Choose a symbol with a book, or wait for it."
