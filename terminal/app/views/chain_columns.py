"""The columns of the option chain: calls left, strikes in the middle, puts right as in a mirror."""

from __future__ import annotations

from terminal.app.views.cells import Align, Column

UNUSUAL_CONTRACTS = 100
"""Fewer contracts are nothing unusual, however few are open."""
_VOLUME_HELP = (
    "Traded today, contracts; marked where that is unusual: as many as were open in the morning, and "
    f"{UNUSUAL_CONTRACTS} or more"
)
_FIELDS = (
    ("oi", "OI", "Open interest, contracts, as of the morning", "000,000", False),
    ("volume", "Vol", _VOLUME_HELP, "00,000", False),
    ("rho", "Rho", "Rho: change of the value per point (1%) of the interest rate, per share", "−00.000", False),
    ("vega", "Vega", "Vega: change of the value per point of vol, per share", "00.000", False),
    ("theta", "Theta", "Theta: change of the value per calendar day, per share", "−00.000", False),
    ("gamma", "Gamma", "Gamma: change of the delta per 1.00 of the underlying", "0.0000", False),
    ("delta", "Δ", "Delta: change of the value per 1.00 of the underlying", "−0.000", False),
    ("touch", "Touch", "Probability that the underlying touches the strike before expiry, risk-neutral, at one vol",
     "00.0%", False),
    ("itm", "ITM", "Probability to end in the money, risk-neutral, by the surface", "00.0%", False),
    ("extrinsic", "Extr", "Extrinsic value: middle of the quote less what exercise would give, per share", "00.00",
     False),
    ("edge_vol", "Edge v", "Middle of the quote less the surface, points of vol; above 0 it is dear", "−0.00", False),
    ("edge", "Edge", "Middle of the quote less the model's value, ticks; above 0 it is dear", "−00.0", False),
    ("value", "Value", "The model's value at the surface's vol, per share", "000.000", False),
    ("model_iv", "Model", "Vol of the surface, points", "000.0", False),
    ("ask_iv", "A IV", "Implied vol of the ask, points", "000.0", False),
    ("bid_iv", "B IV", "Implied vol of the bid, points", "000.0", False),
    ("iv", "IV", "Implied vol of the mid, points", "000.0", False),
    ("mid", "Mid", "Middle of bid and ask, per share", "000.000", False),
    ("age", "Age", "Since the older side of the quote last changed", "00m 00s", False),
    ("last", "Last", "Last trade, per share", "000.00", True),
    ("bid_size", "B sz", "Size at the best bid, contracts", "0,000", False),
    ("bid", "Bid", "Best bid, per share; click to draft a sale, Ctrl+click to add a sold leg to the builder", "000.00",
     True),
    ("ask", "Ask", "Best ask, per share; click to draft a purchase, Ctrl+click to add a bought leg to the builder",
     "000.00", True),
    ("ask_size", "A sz", "Size at the best ask, contracts", "0,000", False),
)  # fmt: skip
_LEFT = tuple(field[0] for field in _FIELDS)
_QUOTE = 4
_RIGHT = ("bid_size", "bid", "ask", "ask_size", *reversed(_LEFT[:-_QUOTE]))
_BY_ID = {field[0]: field for field in _FIELDS}


def _columns() -> tuple[Column, ...]:
    def side(prefix: str, word: str, ids: tuple[str, ...]) -> list[Column]:
        found = []
        for each in ids:
            _id, title, help_text, sample, tints = _BY_ID[each]
            column_id, tip = f"{prefix}.{each}", f"{word}: {help_text}"
            found.append(Column(column_id, title, tip, sample, tints=tints))
        return found

    strike = Column("strike", "Strike", "Strike, in the currency of the underlying", "0,000.0", Align.CENTRE)
    return (*side("call", "Call", _LEFT), strike, *side("put", "Put", _RIGHT))


COLUMNS = _columns()
STRIKE = len(_LEFT)
PLACE_OF = {column.id: place for place, column in enumerate(COLUMNS)}
