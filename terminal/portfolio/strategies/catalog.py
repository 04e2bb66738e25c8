"""The named strategies as data: their legs, the rule for each strike, and what sets apart those of one shape.

A leg is written ``ratio kind strike expiry``: ``-2Cb`` sells two calls of the second strike, ``+1Pa2`` buys a put of
the first strike in the later expiry, ``+1S`` buys a round lot of the stock. The strikes ``a b c d`` ascend.

A strike's rule: ``@`` the one nearest to the forward, ``C25`` that of the call with the delta nearest to 0.25, ``P25``
of the put with -0.25, ``b+1`` the next listed above ``b``, ``c+b-a`` as far above ``c`` as ``b`` is above ``a``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from terminal.portfolio.strategies.legs import Kind, Place, Shape

LETTERS = "abcd"
_LEG = re.compile(r"([+-]\d)([SCP])([a-d]?)([12]?)")


class Widths(Enum):
    """Whether the outer strikes stand equally far from the inner ones."""

    ANY = "any"
    EQUAL = "equal"
    UNEQUAL = "unequal"


@dataclass(frozen=True, slots=True)
class Strategy:
    """One named strategy. ``rules``: how each strike is found, in ascending order of the strikes."""

    id: str
    name: str
    group: str
    shape: Shape
    rules: tuple[str, ...]
    widths: Widths
    words: str

    @property
    def expiries(self) -> int:
        """How many expiries it needs."""
        return max((place[3] for place in self.shape), default=-1) + 1


_TABLE = """
Long call | Single | +1Ca | C50 | | Gains when the stock rises
Long put | Single | +1Pa | P50 | | Gains when the stock falls
Short call | Single | -1Ca | C30 | | Keeps the premium below the strike; the loss has no end
Cash-secured put | Single | -1Pa | P30 | | Keeps the premium above the strike, or buys the stock there
Long stock | Stock | +1S | | | A round lot
Short stock | Stock | -1S | | | A round lot sold short
Covered call | Stock | +1S -1Ca | C30 | | Stock with a call sold against it
Protective put | Stock | +1S +1Pa | P30 | | Stock with a floor
Covered put | Stock | -1S -1Pa | P30 | | Short stock with a put sold against it
Protective call | Stock | -1S +1Ca | C30 | | Short stock with a ceiling
Collar | Stock | +1S +1Pa -1Cb | P25 C25 | | Stock between a floor and a ceiling
Short collar | Stock | -1S -1Pa +1Cb | P25 C25 | | Short stock between a floor and a ceiling
Covered strangle | Stock | +1S -1Pa -1Cb | P25 C25 | | Covered call and a put sold below
Covered straddle | Stock | +1S -1Pa -1Ca | @ | | Covered call and a put sold at one strike
Conversion | Arbitrage | +1S +1Pa -1Ca | @ | | Stock against a synthetic short: locks in the strike
Reversal | Arbitrage | -1S -1Pa +1Ca | @ | | Short stock against a synthetic long
Long box | Arbitrage | +1Ca -1Cb -1Pa +1Pb | C60 C40 | | Pays the distance of the strikes: lends money
Short box | Arbitrage | -1Ca +1Cb +1Pa -1Pb | C60 C40 | | Owes the distance of the strikes: borrows money
Jelly roll | Arbitrage | +1Ca1 -1Pa1 -1Ca2 +1Pa2 | @ | | Synthetic long now against one later
Short jelly roll | Arbitrage | -1Ca1 +1Pa1 +1Ca2 -1Pa2 | @ | | Synthetic short now against one later
Bull call spread | Vertical | +1Ca -1Cb | C50 C30 | | Debit; gains when the stock rises, limited both ways
Bear call spread | Vertical | -1Ca +1Cb | C30 C15 | | Credit; keeps it below the lower strike
Bull put spread | Vertical | +1Pa -1Pb | P15 P30 | | Credit; keeps it above the higher strike
Bear put spread | Vertical | -1Pa +1Pb | P30 P50 | | Debit; gains when the stock falls, limited both ways
Long straddle | Straddle | +1Ca +1Pa | @ | | Gains from a large move either way
Short straddle | Straddle | -1Ca -1Pa | @ | | Gains when the stock stands still; the loss has no end
Long strangle | Straddle | +1Pa +1Cb | P25 C25 | | Gains from a large move either way
Short strangle | Straddle | -1Pa -1Cb | P16 C16 | | Gains between the strikes; the loss has no end
Long guts | Straddle | +1Ca +1Pb | C65 P65 | | A strangle in the money
Short guts | Straddle | -1Ca -1Pb | C65 P65 | | A short strangle in the money
Strip | Straddle | +1Ca +2Pa | @ | | A straddle that leans to a fall
Strap | Straddle | +2Ca +1Pa | @ | | A straddle that leans to a rise
Short strip | Straddle | -1Ca -2Pa | @ | | Against a move, most of all a fall
Short strap | Straddle | -2Ca -1Pa | @ | | Against a move, most of all a rise
Synthetic long stock | Synthetic | +1Ca -1Pa | @ | | The stock by options
Synthetic short stock | Synthetic | -1Ca +1Pa | @ | | Short stock by options
Bullish risk reversal | Synthetic | -1Pa +1Cb | P25 C25 | | A call paid for by a put
Bearish risk reversal | Synthetic | +1Pa -1Cb | P25 C25 | | A put paid for by a call
Call butterfly | Butterfly | +1Ca -2Cb +1Cc | C65 @ b+b-a | equal | Gains most at the middle strike
Put butterfly | Butterfly | +1Pa -2Pb +1Pc | P35 @ b+b-a | equal | Gains most at the middle strike
Short call butterfly | Butterfly | -1Ca +2Cb -1Cc | C65 @ b+b-a | equal | Gains away from the middle strike
Short put butterfly | Butterfly | -1Pa +2Pb -1Pc | P35 @ b+b-a | equal | Gains away from the middle strike
Broken-wing call butterfly | Butterfly | +1Ca -2Cb +1Cc | C55 C30 C12 | unequal | Leans; one wing is wider
Broken-wing put butterfly | Butterfly | +1Pa -2Pb +1Pc | P12 P30 P45 | unequal | Leans; one wing is wider
Short broken-wing call butterfly | Butterfly | -1Ca +2Cb -1Cc | C55 C30 C12 | unequal | Against a leaning butterfly
Short broken-wing put butterfly | Butterfly | -1Pa +2Pb -1Pc | P12 P30 P45 | unequal | Against a leaning butterfly
Iron butterfly | Butterfly | +1Pa -1Pb -1Cb +1Cc | P20 @ b+b-a | equal | Credit; gains most at the middle strike
Reverse iron butterfly | Butterfly | -1Pa +1Pb +1Cb -1Cc | P20 @ b+b-a | equal | Debit; gains from a move
Broken-wing iron butterfly | Butterfly | +1Pa -1Pb -1Cb +1Cc | P10 @ C20 | unequal | Wings at two distances
Reverse broken-wing iron butterfly | Butterfly | -1Pa +1Pb +1Cb -1Cc | P10 @ C20 | unequal | Against it
Call condor | Condor | +1Ca -1Cb -1Cc +1Cd | C80 C65 C35 c+b-a | equal | Gains between the inner strikes
Put condor | Condor | +1Pa -1Pb -1Pc +1Pd | P20 P35 P65 c+b-a | equal | Gains between the inner strikes
Short call condor | Condor | -1Ca +1Cb +1Cc -1Cd | C80 C65 C35 c+b-a | equal | Gains outside the strikes
Short put condor | Condor | -1Pa +1Pb +1Pc -1Pd | P20 P35 P65 c+b-a | equal | Gains outside the strikes
Iron condor | Condor | +1Pa -1Pb -1Cc +1Cd | P10 P20 C20 c+b-a | equal | Credit; keeps it between the inner strikes
Reverse iron condor | Condor | -1Pa +1Pb +1Cc -1Cd | P10 P20 C20 c+b-a | equal | Debit; gains outside the strikes
Broken-wing iron condor | Condor | +1Pa -1Pb -1Cc +1Cd | P8 P20 C20 C15 | unequal | One side is wider
Reverse broken-wing iron condor | Condor | -1Pa +1Pb +1Cc -1Cd | P8 P20 C20 C15 | unequal | Against it
Broken-wing call condor | Condor | +1Ca -1Cb -1Cc +1Cd | C80 C65 C35 C10 | unequal | A condor that leans
Broken-wing put condor | Condor | +1Pa -1Pb -1Pc +1Pd | P10 P35 P65 P80 | unequal | A condor that leans
Call ratio spread | Ratio | +1Ca -2Cb | C50 C25 | | One bought, two sold above it; the loss has no end
Put ratio spread | Ratio | -2Pa +1Pb | P25 P50 | | One bought, two sold below it
Call backspread | Ratio | -1Ca +2Cb | C55 C30 | | One sold, two bought above it; gains from a rally
Put backspread | Ratio | +2Pa -1Pb | P30 P55 | | One sold, two bought below it; gains from a crash
Call ZEBRA | Ratio | +2Ca -1Cb | C70 @ | | Two deep calls, one sold at the money: stock without time value
Put ZEBRA | Ratio | -1Pa +2Pb | @ P70 | | Two deep puts, one sold at the money
Bull call ladder | Ladder | +1Ca -1Cb -1Cc | C50 C30 C15 | | A call spread with another call sold above
Bear call ladder | Ladder | -1Ca +1Cb +1Cc | C50 C30 C15 | | Gains from a rally
Bear put ladder | Ladder | -1Pa -1Pb +1Pc | P15 P30 P50 | | A put spread with another put sold below
Bull put ladder | Ladder | +1Pa +1Pb -1Pc | P15 P30 P50 | | Gains from a crash
Call Christmas tree | Ladder | +1Ca -3Cb +2Cc | C50 C25 C15 | | One, three sold, two bought above
Put Christmas tree | Ladder | +2Pa -3Pb +1Pc | P15 P25 P50 | | One, three sold, two bought below
Jade lizard | Lizard | -1Pa -1Cb +1Cc | P25 C25 C15 | | Short put and call spread; mostly no loss above
Twisted sister | Lizard | +1Pa -1Pb -1Cc | P15 P25 C25 | | Short call and put spread
Big lizard | Lizard | -1Pa -1Ca +1Cb | @ C25 | | Short straddle with a call bought above
Reverse big lizard | Lizard | +1Pa -1Pb -1Cb | P25 @ | | Short straddle with a put bought below
Bullish seagull | Lizard | -1Pa +1Cb -1Cc | P20 C45 C20 | | A call spread paid for by a put
Bearish seagull | Lizard | -1Pa +1Pb -1Cc | P20 P45 C20 | | A put spread paid for by a call
Call calendar | Calendar | -1Ca1 +1Ca2 | @ | | Sells the near call, buys the far one
Put calendar | Calendar | -1Pa1 +1Pa2 | @ | | Sells the near put, buys the far one
Short call calendar | Calendar | +1Ca1 -1Ca2 | @ | | Buys the near call, sells the far one
Short put calendar | Calendar | +1Pa1 -1Pa2 | @ | | Buys the near put, sells the far one
Straddle calendar | Calendar | -1Ca1 -1Pa1 +1Ca2 +1Pa2 | @ | | Sells the near straddle, buys the far one
Double calendar | Calendar | -1Pa1 +1Pa2 -1Cb1 +1Cb2 | P25 C25 | | A put calendar below and a call calendar above
Call diagonal | Diagonal | +1Ca2 -1Cb1 | C70 C30 | | The poor man's covered call: a deep far call, a near one sold above
Put diagonal | Diagonal | -1Pa1 +1Pb2 | P30 P70 | | A deep far put, a near one sold below
Credit call diagonal | Diagonal | -1Ca1 +1Cb2 | C35 C25 | | Sells the near call, buys a far one above
Credit put diagonal | Diagonal | +1Pa2 -1Pb1 | P25 P35 | | Sells the near put, buys a far one below
Double diagonal | Diagonal | +1Pa2 -1Pb1 -1Cc1 +1Cd2 | P15 P25 C25 C15 | | A near strangle sold inside a far one bought
"""


def _strategy(line: str) -> Strategy:
    name, group, legs, rules, widths, words = (each.strip() for each in line.split("|"))
    ident = re.sub(r"[^a-z]+", "_", name.lower())
    shape = tuple(sorted(_place(each) for each in legs.split()))
    return Strategy(ident, name, group, shape, tuple(rules.split()), Widths(widths or "any"), words)


def _place(text: str) -> Place:
    match = _LEG.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no leg of the catalog")
    ratio, kind, letter, expiry = match.groups()
    if kind == Kind.STOCK.value:
        return int(ratio), kind, -1, -1
    return int(ratio), kind, LETTERS.index(letter), int(expiry or 1) - 1


STRATEGIES: tuple[Strategy, ...] = tuple(_strategy(line) for line in _TABLE.strip().splitlines())
"""Every named strategy, in the order of menus."""
BY_ID = {each.id: each for each in STRATEGIES}


def found_by(text: str) -> tuple[Strategy, ...]:
    """The strategies whose name or group has every word of ``text``; those whose name begins with it come first."""
    words = text.lower().split()
    found = [each for each in STRATEGIES if all(word in f"{each.name} {each.group}".lower() for word in words)]
    start = text.strip().lower()
    return tuple(sorted(found, key=lambda each: not each.name.lower().startswith(start)))
