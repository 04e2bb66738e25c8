"""What stands behind short options: shares to deliver, and long options that limit the loss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from terminal.core.instruments import Delivery, Instrument, InstrumentTable
from terminal.core.money import MONEY_SCALE
from terminal.core.orders import Effect, Side
from terminal.core.osi import Right
from terminal.risk.holdings import Holdings


@dataclass(slots=True)
class ShortSpread:
    """Short contracts of ``row`` with long ones behind them. ``loss_e4``: what one of them can lose at most."""

    row: Instrument
    contracts: int
    loss_e4: int


class Cover:
    """The long shares and options of an account that no working order is selling; each is used once."""

    def __init__(self, table: InstrumentTable, holdings: Holdings) -> None:
        self._table = table
        self._left = {
            instrument: position.quantity
            for instrument, position in holdings.positions.items()
            if position.quantity > 0
        }
        for leg in holdings.working:
            if leg.side is Side.SELL and leg.effect is Effect.CLOSE and leg.instrument in self._left:
                self._left[leg.instrument] = max(0, self._left[leg.instrument] - leg.remaining)

    @property
    def left(self) -> Mapping[int, int]:
        """What is not used yet, by instrument id."""
        return self._left

    def take_shares(self, row: Instrument, contracts: int) -> int:
        """How many of ``contracts`` short calls can be met by delivering shares."""
        terms = row.option
        if terms is None or terms.symbol.right is not Right.CALL or terms.delivery is Delivery.CASH:
            return 0
        held = self._left.get(terms.underlying, 0)
        covered = min(contracts, held // terms.shares)
        if covered:
            self._left[terms.underlying] = held - covered * terms.shares
        return covered

    def take_spread(self, row: Instrument, contracts: int, bare_e4: int) -> tuple[int, int]:
        """Pairs short contracts with the long option that limits the loss most: (contracts paired, loss of each).

        The long must be of the same kind on the same underlying and live at least as long (FINRA Rule
        4210(f)(2)(H)); (0, 0) when none does better than ``bare_e4``, the requirement of one contract by itself.
        """
        best: tuple[int, int] | None = None
        for instrument, left in self._left.items():
            loss_e4 = _largest_loss_e4(row, self._table.get(instrument)) if left else None
            if loss_e4 is not None and loss_e4 < bare_e4:
                best = min(best or (loss_e4, instrument), (loss_e4, instrument))
        if best is None:
            return 0, 0
        paired = min(contracts, self._left[best[1]])
        self._left[best[1]] -= paired
        return paired, best[0]


def _largest_loss_e4(short: Instrument, long: Instrument) -> int | None:
    """What a pair can lose at most, at any price of the underlying; None when it is no spread."""
    mine, other = short.option, long.option
    if mine is None or other is None:
        return None
    same = (mine.underlying, mine.symbol.right, mine.delivery, mine.style, mine.shares, short.multiplier) == (
        other.underlying, other.symbol.right, other.delivery, other.style, other.shares, long.multiplier,
    )  # fmt: skip
    if not same or other.expires_ns < mine.expires_ns:
        return None
    width_px = max(0, mine.symbol.right * (other.strike_px - mine.strike_px))
    return width_px * short.multiplier * MONEY_SCALE // short.price_scale


def never_lost_twice(spreads: Iterable[ShortSpread]) -> dict[int, int]:
    """What call spreads and put spreads of one expiry need not both set aside, in 1/10,000, by the short's id.

    The underlying ends above the calls or below the puts and never both, so that of an iron condor the wider side is
    all it can lose (FINRA Rule 4210(f)(2)(H)). A short put struck above the short call can lose with it.
    """
    groups: dict[tuple[object, ...], tuple[list[ShortSpread], list[ShortSpread]]] = defaultdict(lambda: ([], []))
    for each in sorted(spreads, key=lambda spread: (-spread.loss_e4, spread.row.id)):
        terms = each.row.option
        if terms is not None:
            key = (terms.underlying, terms.expires_ns, terms.delivery, terms.shares, each.row.multiplier)
            side = 0 if terms.symbol.right is Right.CALL else 1
            groups[key][side].append(ShortSpread(each.row, each.contracts, each.loss_e4))
    spared: dict[int, int] = defaultdict(int)
    for calls, puts in groups.values():
        for call in calls:
            for put in puts:
                both = min(call.contracts, put.contracts)
                if both and _strike_px(put) <= _strike_px(call):
                    lesser = min(call, put, key=lambda spread: spread.loss_e4)
                    spared[lesser.row.id] += both * lesser.loss_e4
                    call.contracts -= both
                    put.contracts -= both
    return dict(spared)


def _strike_px(spread: ShortSpread) -> int:
    return spread.row.option.strike_px if spread.row.option is not None else 0
