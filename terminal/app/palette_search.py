"""Fuzzy matching for the palette and the symbol entry: letters in order, best where words begin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_START, _WORD, _RUN, _LETTER, _GAP = 24, 16, 10, 2, 1


@dataclass(frozen=True, slots=True)
class Match:
    """``score``: higher is better. ``places``: indices of the matched letters, for emphasis. ``is_tight``: every run of
    matched letters begins a word."""

    score: int
    places: tuple[int, ...]
    is_tight: bool = True


def match(query: str, text: str) -> Match | None:
    """How well ``query``'s letters, in order and without regard to case and spaces, are found in ``text``; None if not.

    The best of all placements counts (dynamic programming, O(len(query) * len(text))).
    """
    wanted = [c for c in query.casefold() if not c.isspace()]
    if not wanted:
        return Match(0, ())
    folded = text.casefold()
    if len(folded) != len(text):
        folded = text.lower() if len(text.lower()) == len(text) else text
    best: dict[int, tuple[int, tuple[int, ...]]] = {}
    for rank, letter in enumerate(wanted):
        found: dict[int, tuple[int, tuple[int, ...]]] = {}
        carried: tuple[int, tuple[int, ...]] | None = None
        for place, other in enumerate(folded):
            if other == letter:
                gain = _gain(text, place)
                if rank == 0:
                    found[place] = (gain - place // 4, (place,))
                else:
                    options = []
                    if place - 1 in best:
                        score, places = best[place - 1]
                        options.append((score + gain + _RUN, (*places, place)))
                    if carried is not None:
                        options.append((carried[0] + gain - _GAP, (*carried[1], place)))
                    if options:
                        found[place] = max(options)
            if place in best and (carried is None or best[place][0] >= carried[0]):
                carried = best[place]
        if not found:
            return None
        best = found
    score, places = max(best.values())
    starts = (place for place in places if place - 1 not in places)
    return Match(score * 4 - len(text), places, all(_gain(text, place) != _LETTER for place in starts))


def _gain(text: str, place: int) -> int:
    if place == 0:
        return _START
    before, here = text[place - 1], text[place]
    starts_word = not before.isalnum() or (here.isupper() and before.islower())
    return _WORD if starts_word and here.isalnum() else _LETTER


def ranked(query: str, texts: Iterable[str]) -> list[tuple[int, Match]]:
    """Indices of the texts that match, best first; equal scores keep their order."""
    found = [(index, hit) for index, text in enumerate(texts) if (hit := match(query, text)) is not None]
    return sorted(found, key=lambda pair: -pair[1].score)
