"""One DBN record into messages.

Sources: Databento, "Schemas and data formats" and "State management of resting orders" (in market by order a trade or a
fill does not change the book, the cancel after it does; the book may be looked at after the record flagged F_LAST).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import databento_dbn as dbn

from terminal.core.clock import NS_PER_DAY, NS_PER_S, UTC_ZONE, from_ns
from terminal.core.instruments import Instrument
from terminal.core.messages import Flag, Kind, OfficialKind, Phase
from terminal.core.money import ABSENT_PX
from terminal.market.importers.databento import refusals
from terminal.market.importers.databento.best_of_orders import Best, BestOfOrders
from terminal.market.importers.databento.rows import RowWriter
from terminal.market.importers.databento.terms import scaled
from terminal.market.importers.streams import Refused

Record = Any
_UNDEF = dbn.UNDEF_PRICE
_LAST, _SNAPSHOT, _BAD_BOOK = int(dbn.F_LAST), int(dbn.F_SNAPSHOT), int(dbn.F_MAYBE_BAD_BOOK)
_SIDES = {"B": 1, "A": -1}
_AGGRESSOR = {"B": Flag.BUYER_AGGRESSOR, "A": Flag.SELLER_AGGRESSOR}
_MOST_ORDER = 2**63
BAR_SECONDS = {
    dbn.RType.OHLCV_1S: 1, dbn.RType.OHLCV_1M: 60, dbn.RType.OHLCV_1H: 3600, dbn.RType.OHLCV_1D: NS_PER_DAY // NS_PER_S,
}  # fmt: skip
_OFFICIALS = {
    dbn.StatType.OPENING_PRICE: OfficialKind.OPEN,
    dbn.StatType.SETTLEMENT_PRICE: OfficialKind.CLOSE,
    dbn.StatType.CLOSE_PRICE: OfficialKind.CLOSE,
}
_PHASES = {
    dbn.StatusAction.TRADING: Phase.OPEN,
    dbn.StatusAction.HALT: Phase.HALTED,
    dbn.StatusAction.PAUSE: Phase.HALTED,
    dbn.StatusAction.SUSPEND: Phase.HALTED,
    dbn.StatusAction.CLOSE: Phase.CLOSED,
}
_NO_BEST: Best = (ABSENT_PX, ABSENT_PX, 0, 0)


class _Known:
    """What must be remembered of an instrument between records."""

    def __init__(self) -> None:
        self.best: Best | None = None
        self.orders = BestOfOrders()
        self.levels: dict[tuple[int, int], tuple[int, int]] = {}
        self.is_bad = False
        self.has_begun = False


class Converter:
    """Writes the messages of records into ``rows``. :meth:`put` gives a note for a kept record without any."""

    def __init__(self, rows: RowWriter) -> None:
        self._rows = rows
        self._known: dict[int, _Known] = {}
        self._by_type: dict[type, Callable[[Record, Instrument], str]] = {
            dbn.MBOMsg: self._order,
            dbn.TradeMsg: self._trade,
            dbn.MBP1Msg: self._top,
            dbn.CMBP1Msg: self._top,
            dbn.BBOMsg: self._best,
            dbn.CBBOMsg: self._best,
            dbn.MBP10Msg: self._ten,
            dbn.OHLCVMsg: self._bar,
            dbn.StatMsg: self._statistic,
            dbn.StatusMsg: self._status,
        }

    def put(self, record: Record, row: Instrument) -> str:
        """Raises Refused with nothing written when the record is not kept."""
        convert = self._by_type.get(type(record))
        if convert is None:
            raise Refused(refusals.OTHER_KIND)
        return convert(record, row)

    def _state(self, row: Instrument) -> _Known:
        return self._known.setdefault(row.id, _Known())

    def _order(self, record: Record, row: Instrument) -> str:
        action, flags = str(record.action), int(record.flags)
        state = self._state(row)
        note = ""
        if action in {"A", "M"}:
            side = _SIDES.get(str(record.side))
            if side is None:
                raise Refused(refusals.NO_SIDE)
            px, size, order = scaled(record.price, row), int(record.size), _order_id(record)
            # In a book that is known from its begin a change of an unknown order is a new one, as Databento says.
            is_new = action == "A" or (state.has_begun and order not in state.orders)
            kind = Kind.ORDER_ADD if is_new else Kind.ORDER_MODIFY
            self._rows.put(kind, row, side, px, size, order, flags=_snapshot(flags))
            state.orders.add(order, side, px, size)
        elif action == "C":
            order, size = _order_id(record), int(record.size)
            px = 0 if record.price == _UNDEF else scaled(record.price, row)
            self._rows.put(Kind.ORDER_CANCEL, row, _SIDES.get(str(record.side), 0), px, size, order)
            state.orders.cancel(order, size)
        elif action == "R":
            self._rows.put(Kind.BOOK_CLEAR, row, flags=_snapshot(flags))
            state.orders.clear()
            state.is_bad = False
            state.has_begun = True
        elif action == "T":
            self._print(record, row)
        else:
            note = refusals.FILL if action == "F" else refusals.NO_ACTION
        self._warn(state, row, flags)
        if flags & _LAST:
            self._say_best(state, row, state.orders.best)
        return note

    def _trade(self, record: Record, row: Instrument) -> str:
        self._print(record, row)
        return ""

    def _top(self, record: Record, row: Instrument) -> str:
        """Best market and, where a trade made the record, the trade after the market that it met."""
        state = self._state(row)
        best = _best_of(record.levels[0], row)
        is_trade = str(record.action) == "T"
        if is_trade:
            _check_trade(record, row)
        is_new = self._say_best(state, row, best)
        if is_trade:
            self._print(record, row)
        return "" if is_new or is_trade else refusals.SAME_MARKET

    def _best(self, record: Record, row: Instrument) -> str:
        is_new = self._say_best(self._state(row), row, _best_of(record.levels[0], row))
        return "" if is_new else refusals.SAME_MARKET

    def _ten(self, record: Record, row: Instrument) -> str:
        """The ten best levels of each side, whole each time: what differs from the last time is written."""
        state = self._state(row)
        levels: dict[tuple[int, int], tuple[int, int]] = {}
        for pair in record.levels:
            for side, price, size, orders in (
                (1, pair.bid_px, pair.bid_sz, pair.bid_ct),
                (-1, pair.ask_px, pair.ask_sz, pair.ask_ct),
            ):
                if price != _UNDEF and size:
                    levels[side, scaled(price, row)] = (int(size), int(orders))
        best = _best_of(record.levels[0], row)
        is_trade = str(record.action) == "T"
        if is_trade:
            _check_trade(record, row)
        flags = int(record.flags)
        if str(record.action) == "R":
            self._rows.put(Kind.BOOK_CLEAR, row)
            state.levels = {}
            state.is_bad = False
        self._warn(state, row, flags)
        changes = [(*place, 0, 0) for place in state.levels if place not in levels]
        changes += [(*place, *content) for place, content in levels.items() if state.levels.get(place) != content]
        # A book that begins is not to be seen before its last level.
        begins = Flag(0) if state.levels else Flag.SNAPSHOT
        for number, level in enumerate(changes, start=1):
            last = Flag.LAST if begins and number == len(changes) else Flag(0)
            self._rows.put(Kind.DEPTH, row, *level, flags=begins | last)
        state.levels = levels
        changed = self._say_best(state, row, best) or bool(changes)
        if is_trade:
            self._print(record, row)
        return "" if changed or is_trade or str(record.action) == "R" else refusals.SAME_MARKET

    def _bar(self, record: Record, row: Instrument) -> str:
        opened, high, low, closed = (scaled(each, row) for each in (record.open, record.high, record.low, record.close))
        if not low <= min(opened, closed) <= max(opened, closed) <= high:
            raise Refused(refusals.BAD_BAR)
        if record.volume >= 2**62:
            raise Refused(refusals.TOO_LARGE)
        flags, seconds = Flag(0), BAR_SECONDS[record.rtype]
        if seconds > 60:
            flags, self._rows.venue = Flag.COARSE, seconds // 60
        self._rows.put(Kind.BAR, row, opened, high, low, closed, int(record.volume), flags=flags)
        return ""

    def _statistic(self, record: Record, row: Instrument) -> str:
        if record.update_action == dbn.StatUpdateAction.DELETE:
            raise Refused(refusals.OTHER_STATISTIC)
        if record.stat_type == dbn.StatType.OPEN_INTEREST:
            if not 0 <= record.quantity < 2**62:
                raise Refused(refusals.NO_PRICE)
            self._rows.put(Kind.OPEN_INTEREST, row, int(record.quantity))
            return ""
        kind = _OFFICIALS.get(record.stat_type)
        if kind is None:
            raise Refused(refusals.OTHER_STATISTIC)
        if kind is OfficialKind.CLOSE and _is_of_an_earlier_day(record):
            kind = OfficialKind.PRIOR_CLOSE
        self._rows.put(Kind.OFFICIAL, row, scaled(record.price, row), kind)
        return ""

    def _status(self, record: Record, row: Instrument) -> str:
        phase = _PHASES.get(record.action)
        if phase is None:
            raise Refused(refusals.OTHER_STATUS)
        self._rows.put(Kind.PHASE_CHANGE, row, phase)
        return ""

    def _print(self, record: Record, row: Instrument) -> None:
        px, size = _check_trade(record, row)
        flags = _AGGRESSOR.get(str(record.side), Flag(0))
        self._rows.put(Kind.TRADE, row, px, size, flags=flags, event=True)

    def _say_best(self, state: _Known, row: Instrument, best: Best) -> bool:
        if best == state.best or (state.best is None and best == _NO_BEST):
            return False
        self._rows.put(Kind.QUOTE, row, *best, event=True)
        state.best = best
        return True

    def _warn(self, state: _Known, row: Instrument, flags: int) -> None:
        """Databento lost something: the book must not be shown as good until it begins anew."""
        if flags & _BAD_BOOK and not state.is_bad:
            # Sequence numbers that cannot be put a book into a gap.
            self._rows.put(Kind.BOOK_UPDATE, row, 1, 0, -1)
            state.is_bad = True


def _snapshot(flags: int) -> Flag:
    if not flags & _SNAPSHOT:
        return Flag(0)
    return Flag.SNAPSHOT | Flag.LAST if flags & _LAST else Flag.SNAPSHOT


def _order_id(record: Record) -> int:
    number = int(record.order_id)
    return number if number < _MOST_ORDER else number - 2 * _MOST_ORDER


def _check_trade(record: Record, row: Instrument) -> tuple[int, int]:
    px, size = scaled(record.price, row), int(record.size)
    if size == 0:
        raise Refused(refusals.NO_SIZE)
    return px, size


def _best_of(pair: Any, row: Instrument) -> Best:
    bid = ABSENT_PX if pair.bid_px == _UNDEF else scaled(pair.bid_px, row)
    ask = ABSENT_PX if pair.ask_px == _UNDEF else scaled(pair.ask_px, row)
    return bid, ask, 0 if bid == ABSENT_PX else int(pair.bid_sz), 0 if ask == ABSENT_PX else int(pair.ask_sz)


def _is_of_an_earlier_day(record: Record) -> bool:
    return (
        0 < record.ts_ref < 2**62 and from_ns(record.ts_ref, UTC_ZONE).date() < from_ns(record.ts_recv, UTC_ZONE).date()
    )
