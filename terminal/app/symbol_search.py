"""Finding an instrument by what a trader types: tickers by their first letters, contracts by their parts."""

from __future__ import annotations

from terminal.app.palette_search import match
from terminal.core.instruments import Instrument, InstrumentTable, UnknownInstrumentError

MOST = 40


def search(table: InstrumentTable, text: str, most: int = MOST) -> list[Instrument]:
    """Instruments that ``text`` may mean, best first: the exact one; tickers that begin so; with further words the
    contracts that contain them (``GOOG 750 C``, ``goog 12-24 750``); else tickers and names that match loosely."""
    wanted = " ".join(text.upper().split())
    if not wanted:
        return []
    found: dict[int, Instrument] = {}
    try:
        exact = table.find(wanted)
        found[exact.id] = exact
    except UnknownInstrumentError:
        pass
    underlyings = table.underlyings()
    words = wanted.split()
    starts = [row for row in underlyings if row.symbol.startswith(words[0])]
    if len(words) == 1:
        found.update((row.id, row) for row in starts)
        loose = [(hit.score, row) for row in underlyings if (hit := match(wanted, f"{row.symbol} {row.name}"))]
        found.update((row.id, row) for _, row in sorted(loose, key=lambda pair: -pair[0]))
    if len(words) > 1 or (len(starts) == 1 and starts[0].symbol == wanted):
        for underlying in starts:
            _add_contracts(table, underlying, words[1:], found, most)
    return list(found.values())[:most]


def _add_contracts(
    table: InstrumentTable, underlying: Instrument, words: list[str], found: dict[int, Instrument], most: int
) -> None:
    for row in table.options(underlying.id):
        if len(found) >= most:
            return
        parts = row.label.split()[1:]
        if all(_fits(word, parts) for word in words):
            found.setdefault(row.id, row)


def _fits(word: str, parts: list[str]) -> bool:
    """A date by any piece of it, a strike from its beginning, C or P alone, or strike and letter in one (``750C``)."""
    day, strike, letter = parts
    if word in {"C", "P", "CALL", "PUT"}:
        return letter == word[0]
    if word[-1] in "CP" and word[:-1].replace(".", "", 1).isdigit():
        return letter == word[-1] and strike == word[:-1]
    if word.replace(".", "", 1).isdigit():
        return strike.startswith(word) or (len(word) == 4 and day.startswith(word))
    return word in day
