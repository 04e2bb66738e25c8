"""Which instrument each link group shows when nobody has chosen one yet."""

from __future__ import annotations

from terminal.app.links import GROUPS
from terminal.core.instruments import Instrument, InstrumentKind, InstrumentTable

_ORDER = {InstrumentKind.ETF: 0, InstrumentKind.EQUITY: 1, InstrumentKind.INDEX: 2}


def opening_symbols(table: InstrumentTable) -> dict[int, int]:
    """Instrument ids by group: underlyings with listed options first, tradable before not; group 2 the index if there
    is one with options. Empty while the table has no underlying."""
    rows = sorted(table.underlyings(), key=lambda row: (not table.expiries(row.id), _rank(row), row.symbol))
    if not rows:
        return {}
    index = next((row for row in rows if row.kind is InstrumentKind.INDEX and table.expiries(row.id)), rows[0])
    return {group: (index if group == 2 else rows[min(len(rows) - 1, _place(group))]).id for group in GROUPS}


def _rank(row: Instrument) -> int:
    return _ORDER.get(row.kind, 3)


def _place(group: int) -> int:
    return {1: 0, 3: 0, 4: 1, 5: 2, 6: 3}.get(group, 0)
