"""What is wrong with a quote, in a trader's words."""

from __future__ import annotations

from terminal.market.rows import Quality

_WORDS = {
    Quality.NONE: "Not quoted today.",
    Quality.OK: "",
    Quality.BID_ONLY: "Only a bid: it can be sold, not bought.",
    Quality.ASK_ONLY: "No bid: it can be bought, not sold.",
    Quality.LOCKED: "Locked: bid and ask are the same price.",
    Quality.CROSSED: "Crossed: the bid is above the ask, so the quote prices and fills nothing.",
    Quality.ZERO: "An ask of zero or a negative price is no market; it prices and fills nothing.",
    Quality.STALE: "The feed is silent: this was the market, and may be no more.",
}


def quality_words(quality: Quality) -> str:
    """A sentence; empty for a sound quote."""
    return _WORDS[quality]
