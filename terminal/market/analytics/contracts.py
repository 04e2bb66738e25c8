"""The contracts of one underlying as columns, in the order in which everything about the chain is held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import Instrument, InstrumentTable, OptionTerms, SettlementTime, Style
from terminal.core.money import PRICE_SCALE
from terminal.core.osi import Right
from terminal.quant.columns import Flags, Floats

STANDARD_SHARES = 100


@dataclass(frozen=True, slots=True)
class Expiry:
    """One series: the contracts of one root that end at one instant, rows ``first`` to ``past`` of the chain."""

    expiry: date
    root: str
    expires_ns: int
    settlement: SettlementTime
    style: Style
    first: int
    past: int

    @property
    def rows(self) -> slice:
        """Its rows."""
        return slice(self.first, self.past)


@dataclass(frozen=True, slots=True)
class ChainContracts:
    """One row a contract: by expiry instant, root and strike, calls before puts.

    ``expiry_row``: which of ``expiries`` it belongs to. ``is_standard``: it delivers 100 shares; the others, left by a
    corporate action, are worth something else than the underlying's price tells, and are not valued.
    """

    underlying: int
    ids: npt.NDArray[np.int32]
    strike: Floats
    is_call: Flags
    expires_ns: npt.NDArray[np.int64]
    expiry_row: npt.NDArray[np.int64]
    is_american: Flags
    is_standard: Flags
    expiries: tuple[Expiry, ...]

    @property
    def count(self) -> int:
        """How many contracts."""
        return len(self.ids)


def chain_contracts(table: InstrumentTable, underlying: int) -> ChainContracts:
    """The options listed on ``underlying`` now; empty when there are none."""
    listed = [(row, row.option) for row in table.options(underlying) if row.option is not None]
    listed.sort(key=lambda each: _order(each[1]))
    terms = [each for _, each in listed]
    series = [(each.expires_ns, each.symbol.root) for each in terms]
    firsts = [row for row, key in enumerate(series) if row == 0 or key != series[row - 1]]
    expiries = tuple(
        _expiry(terms[first], first, past)
        for first, past in zip(firsts, [*firsts[1:], len(terms)][: len(firsts)], strict=True)
    )
    return ChainContracts(
        underlying,
        np.array([row.id for row, _ in listed], np.int32),
        np.array([each.strike_px / PRICE_SCALE for each in terms], np.float64),
        np.array([each.symbol.right is Right.CALL for each in terms], np.bool_),
        np.array([each.expires_ns for each in terms], np.int64),
        np.repeat(np.arange(len(expiries)), np.array([each.past - each.first for each in expiries], np.int64)),
        np.array([each.style is Style.AMERICAN for each in terms], np.bool_),
        np.array([_is_standard(row, each) for row, each in listed], np.bool_),
        expiries,
    )


def _order(terms: OptionTerms) -> tuple[int, str, int, int]:
    symbol = terms.symbol
    return terms.expires_ns, symbol.root, symbol.strike_mills, 0 if symbol.right is Right.CALL else 1


def _expiry(terms: OptionTerms, first: int, past: int) -> Expiry:
    symbol = terms.symbol
    return Expiry(symbol.expiry, symbol.root, terms.expires_ns, terms.settlement, terms.style, first, past)


def _is_standard(row: Instrument, terms: OptionTerms) -> bool:
    return terms.shares == STANDARD_SHARES and row.multiplier == STANDARD_SHARES
