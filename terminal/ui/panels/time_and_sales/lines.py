"""The rows of a tape as they are painted: words and colours, made once for a row and kept while it is on the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from terminal.app.views import tape_words
from terminal.app.views.print_groups import GROUP_ROW
from terminal.app.views.tape_words import TapeCells
from terminal.app.views.time_and_sales import TapePage
from terminal.core.instruments import Instrument
from terminal.market.places import ABOVE_ASK, AT_ASK, AT_BID, BELOW_BID

_Key = tuple[tuple[object, ...], tuple[object, ...], bool, bool]
_NUMBER, _SIZE = ((GROUP_ROW.names or ()).index(name) for name in ("number", "size"))
_BEYOND_ALPHA, _LARGE_ALPHA = 28, 64


@dataclass(frozen=True, slots=True, eq=False)
class TapeLine:
    """Two that are the same object look the same. Tokens are empty where nothing is painted."""

    cells: TapeCells
    inks: Mapping[str, str]
    """Token of the text by column."""
    ground: str
    ground_alpha: int
    sweep: str
    """Of the mark at the left edge."""
    is_large: bool


class TapeLines:
    """Makes the lines of a page; those of the page before are taken again."""

    def __init__(self, instrument_of: Callable[[int], Instrument], venues: Callable[[], Mapping[int, str]]) -> None:
        self._instrument_of = instrument_of
        self._venues = venues
        self._known: dict[_Key, TapeLine] = {}
        self._named: Mapping[int, str] = {}

    def of(self, page: TapePage, large_size: int) -> list[TapeLine]:
        """Newest first; from ``large_size`` on (0: never) a print stands out."""
        venues = self._venues()
        if venues != self._named:
            self._named = dict(venues)
            self._known = {}
        found: dict[_Key, TapeLine] = {}
        lines, before = [], -1
        # By value: the bytes between the fields of a row are anything.
        values = zip(page.rows.tolist(), page.sweeps.tolist(), strict=True)
        for place, (row, sweep) in enumerate(values):
            number = sweep[_NUMBER] if sweep[_SIZE] else -1
            key = (row, sweep, number != before, 0 < large_size <= row[_SIZE])
            line = self._known.get(key) or self._make(page.rows[place], page.sweeps[place], key[2], key[3])
            found[key] = line
            lines.append(line)
            before = number
        self._known = found
        return lines

    def _make(self, row: np.void, sweep: np.void, heads_sweep: bool, is_large: bool) -> TapeLine:
        instrument, side, place = self._instrument_of(int(row["instrument"])), int(row["side"]), int(row["place"])
        by_side = "up" if side > 0 else "down" if side < 0 else "text1"
        by_place = "up" if place in {AT_ASK, ABOVE_ASK} else "down" if place in {AT_BID, BELOW_BID} else "text1"
        return TapeLine(
            tape_words.cells_of(row, sweep, instrument, heads_sweep=heads_sweep, venues=self._named),
            {
                "time": "text2", "symbol": "text0", "arrow": by_side, "price": by_place, "size": by_side,
                "place": by_place, "venue": "text2", "condition": "warn", "mark": by_side,
            },
            by_side if is_large else {ABOVE_ASK: "up", BELOW_BID: "down"}.get(place, ""),
            _LARGE_ALPHA if is_large else _BEYOND_ALPHA,
            ("up" if sweep["side"] > 0 else "down") if sweep["size"] else "",
            is_large,
        )  # fmt: skip


def moved_down(before: list[TapeLine], after: list[TapeLine]) -> int:
    """By how many rows a page moved down for new ones above it; 0 when that is not what happened."""
    if not before or not after:
        return 0
    first = before[0]
    return next((place for place, line in enumerate(after) if line is first), 0)
