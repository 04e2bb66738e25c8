"""Whether a quote is a market, and how old it is: by one function for every panel, in a trader's words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from terminal.app import ages
from terminal.core.messages import Phase
from terminal.market.quality import NO_AGE_NS, quality_with_age
from terminal.market.rows import Quality

_SENTENCES = {
    Quality.NONE: "Not quoted today.",
    Quality.OK: "",
    Quality.BID_ONLY: "Only a bid: it can be sold, not bought.",
    Quality.ASK_ONLY: "No bid: it can be bought, not sold.",
    Quality.LOCKED: "Locked: bid and ask are the same price.",
    Quality.CROSSED: "Crossed: the bid is above the ask, so the quote prices and fills nothing.",
    Quality.ZERO: "An ask of zero or a negative price is no market; it prices and fills nothing.",
    Quality.STALE: "Stale, the feed is silent: this was the market, and may be no more.",
}
_WORDS = {
    Quality.NONE: "no quote",
    Quality.OK: "",
    Quality.BID_ONLY: "bid only",
    Quality.ASK_ONLY: "ask only",
    Quality.LOCKED: "locked",
    Quality.CROSSED: "crossed",
    Quality.ZERO: "no market",
    Quality.STALE: "stale",
}
_TONES = {Quality.STALE: "text2", Quality.CROSSED: "warn", Quality.ZERO: "warn", Quality.LOCKED: "warn"}


@dataclass(frozen=True, slots=True)
class QuoteState:
    """One quote's quality with its age; ``age_ns`` is None where neither side was ever quoted."""

    quality: Quality
    age_ns: int | None
    is_closed: bool

    @property
    def is_stale(self) -> bool:
        """It must not look like the market of now."""
        return self.quality is Quality.STALE

    @property
    def sentence(self) -> str:
        """What is wrong with it, with its age; that of a closed market; empty for a sound one."""
        if self.is_closed:
            return "The market is closed: these are the day's last values."
        sentence = quality_words(self.quality)
        if not sentence or self.age_ns is None:
            return sentence
        return f"{sentence} Unchanged for {ages.age(self.age_ns)}."

    @property
    def words(self) -> str:
        """``0.5 s``, ``locked 0.5 s``, ``stale 40 s``, ``closed``: what stands beside the prices."""
        if self.is_closed:
            return "closed"
        return f"{quality_word(self.quality)} {ages.age(self.age_ns) if self.age_ns is not None else ''}".strip()

    @property
    def tone(self) -> str:
        """Token of the colour that the prices get; empty for a sound quote."""
        return "text1" if self.is_closed else _TONES.get(self.quality, "")


def quote_state(quote: np.void, now_ns: int, *, is_silent: bool) -> QuoteState:
    """The state of one QUOTE_ROW at ``now_ns``; ``is_silent``: the feed is, by the desk's health."""
    quality, age_ns = quality_with_age(np.array([quote], quote.dtype), now_ns, is_silent=is_silent)
    age = None if age_ns[0] == NO_AGE_NS else int(age_ns[0])
    is_closed = quote["phase"] == Phase.CLOSED and quote["ts_ns"] != 0
    return QuoteState(Quality(int(quality[0])), age, bool(is_closed))


def quality_words(quality: Quality) -> str:
    """A sentence; empty for a sound quote."""
    return _SENTENCES[quality]


def quality_word(quality: Quality) -> str:
    """A word or two; empty for a sound quote."""
    return _WORDS[quality]
