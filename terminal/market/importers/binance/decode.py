"""One message of Binance's market streams into records: the same for captures and for a live connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

import msgspec
import numpy as np
import numpy.typing as npt

from terminal.core.messages import (
    EVENT_NS,
    FIRST_SEQUENCE,
    LAST_SEQUENCE,
    NO_SEQUENCE,
    PREVIOUS_SEQUENCE,
    TRADE_ID,
    Batch,
    Flag,
    Kind,
)
from terminal.core.money import ABSENT_PX
from terminal.market.importers.binance import refusals
from terminal.market.importers.binance.decode_kernel import put_levels, read_numbers
from terminal.market.importers.binance.messages import MISSING_NUMBER, Envelope, Event, MessageBuffer
from terminal.market.importers.binance.recent_updates import DepthUpdate, RecentUpdates
from terminal.market.importers.binance.refusals import NUMBER_FAULTS, NumberFault
from terminal.market.importers.streams import Refused

_RESTARTED = 10**9
"""A sequence that falls this far back was begun anew by the exchange."""
_TRADES_KEPT = 4096
_MOST_SEQUENCE = 2**62
_LATEST_MS = 2**63 // 1_000_000
_NS_PER_MS = 1_000_000
_SHORTEST_LEVEL = 9


class BinanceMarket(Enum):
    """Which of Binance's markets a stream belongs to."""

    SPOT = "spot"
    FUTURES = "futures"


@dataclass(frozen=True, slots=True)
class StreamSymbol:
    """One symbol that is listened to: its prices are integers in 10**-price_digits, its sizes in 10**-size_digits."""

    symbol: str
    market: BinanceMarket
    instrument: int
    price_digits: int
    size_digits: int = 8


@dataclass(slots=True)
class _State:
    """What must be remembered of a symbol between messages."""

    terms: StreamSymbol
    recent: RecentUpdates
    best_sequence: int = MISSING_NUMBER
    trade_kind: str = ""
    trades: deque[int] = field(default_factory=lambda: deque(maxlen=_TRADES_KEPT))
    known_trades: set[int] = field(default_factory=set)

    def remember(self, trade: int) -> None:
        """Keeps a trade's id among the newest."""
        if len(self.trades) == self.trades.maxlen:
            self.known_trades.discard(self.trades[0])
        self.trades.append(trade)
        self.known_trades.add(trade)


class StreamDecoder:
    """Messages in by :meth:`feed`, records out by :meth:`take`. One thread.

    Depth updates go through as they come, each a BOOK_UPDATE with its sequence and the levels that it names. A snapshot
    becomes a BOOK_UPDATE that replaces the book, brought up to the newest update that was received before it, as
    Binance's procedure for a local book wants ("How to manage a local order book correctly"): of the updates that were
    kept, those up to ``lastUpdateId`` are dropped, the first one left must span it, and each must follow the one
    before. Where that chain is broken the snapshot stops there, and an update without levels shows the book its gap.
    A message that is not whole is refused whole, since half an update would be a wrong book.
    """

    def __init__(self, symbols: Iterable[StreamSymbol], source: int = 0) -> None:
        """``source``: what goes into the column of that name."""
        self._states = {each.symbol: _State(each, RecentUpdates(each.market is BinanceMarket.SPOT)) for each in symbols}
        self._only = next(iter(self._states.values())) if len(self._states) == 1 else None
        self._source = source
        self._decoder = msgspec.json.Decoder(Envelope)
        self._buffer = MessageBuffer()
        self._numbers: npt.NDArray[np.int64] = np.zeros(4, np.int64)

    def take(self) -> Batch:
        """The records of all messages since the last call; ``order`` is not set."""
        return self._buffer.take()

    @property
    def pending(self) -> int:
        """Records that wait to be taken."""
        return self._buffer.used

    def feed(self, body: bytes, ts_ns: int, recv_ns: int = 0) -> Event:
        """Decodes one message that became visible at ``ts_ns``; gives it for the times that the exchange put on it.

        Raises Refused with the reason when nothing of it is kept.
        """
        envelope, event = self.parse(body)
        state = self._state_of(event, envelope.stream)
        if event.is_snapshot or is_partial_book(envelope.stream):
            self._snapshot(state, event, ts_ns, recv_ns)
        elif event.e == "depthUpdate":
            self._depth(state, event, ts_ns, recv_ns)
        elif event.is_best:
            self._best(state, event, ts_ns, recv_ns)
        elif event.e in {"trade", "aggTrade"}:
            self._trade(state, event, ts_ns, recv_ns)
        else:
            raise Refused(refusals.OTHER_KIND)
        return event

    def feed_snapshot(self, symbol: str, body: bytes, ts_ns: int, recv_ns: int = 0) -> None:
        """Decodes the answer of the REST endpoint ``depth`` for ``symbol``. Raises Refused."""
        _, event = self.parse(body)
        state = self._states.get(symbol)
        if state is None or not event.is_snapshot:
            raise Refused(refusals.NOBODYS_SNAPSHOT if event.is_snapshot else refusals.OTHER_KIND)
        self._snapshot(state, event, ts_ns, recv_ns)

    def parse(self, body: bytes) -> tuple[Envelope, Event]:
        """The message and what it wraps; raises Refused when it is no JSON or has fields of other types."""
        try:
            envelope = self._decoder.decode(body)
        except msgspec.ValidationError:
            raise Refused(refusals.WRONG_TYPE) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Refused(refusals.NOT_JSON) from None
        event = envelope if envelope.data is None else envelope.data
        if not 0 <= event.E <= _LATEST_MS or not 0 <= event.T <= _LATEST_MS:
            raise Refused(NUMBER_FAULTS[NumberFault.TOO_LARGE])
        return envelope, event

    def _state_of(self, event: Event, stream: str) -> _State:
        named = event.s or stream.partition("@")[0].upper()
        if not named and event.is_snapshot:
            if self._only is None:
                raise Refused(refusals.NOBODYS_SNAPSHOT)
            return self._only
        if not named:
            raise Refused(refusals.OTHER_KIND)
        state = self._states.get(named)
        if state is None:
            raise Refused(refusals.OTHER_SYMBOL)
        return state

    def _depth(self, state: _State, event: Event, ts_ns: int, recv_ns: int) -> None:
        update = _update_of(event)
        if update.first > update.last:
            raise Refused(refusals.SEQUENCE)
        self._book(state, update, _event_ns(event), ts_ns, recv_ns, Flag(0))
        state.recent.add(update)

    def _snapshot(self, state: _State, event: Event, ts_ns: int, recv_ns: int) -> None:
        if event.is_snapshot:
            last, bids, asks = event.lastUpdateId, event.bids, event.asks
        else:
            last, bids, asks = event.u, event.b, event.a
        if not 0 <= last < _MOST_SEQUENCE:
            raise Refused(_number_fault(last))
        update = DepthUpdate(last, last, NO_SEQUENCE, bytes(bids), bytes(asks))
        later = state.recent.after(last)
        event_ns = _event_ns(event)
        if later:
            reached = DepthUpdate(last, later[-1].last, NO_SEQUENCE, update.bids, update.asks)
            self._book(state, reached, event_ns, ts_ns, recv_ns, Flag.SNAPSHOT, later)
        else:
            self._book(state, update, event_ns, ts_ns, recv_ns, Flag.SNAPSHOT)
        behind = state.recent.last - (later[-1].last if later else last)
        if 0 < behind < _RESTARTED:
            # What is missing in between is known already: the book must not be good until the next update says so.
            newest = state.recent.last
            # One that follows by its number, and not by what it says it follows, is told by numbers that cannot be.
            numbers = (newest, newest) if behind > 1 else (1, 0)
            missing = DepthUpdate(*numbers, NO_SEQUENCE, b"[]", b"[]")
            self._book(state, missing, event_ns, ts_ns, recv_ns, Flag(0))

    def _book(
        self,
        state: _State,
        update: DepthUpdate,
        event_ns: int,
        ts_ns: int,
        recv_ns: int,
        flags: Flag,
        later: Iterable[DepthUpdate] = (),
    ) -> None:
        """One BOOK_UPDATE and its levels, with ``later`` updates worked into them; nothing when one is not whole."""
        parts = [update, *later]
        buffer = self._buffer
        buffer.room(1 + sum(len(each.bids) + len(each.asks) for each in parts) // _SHORTEST_LEVEL)
        head = buffer.used
        self._begin(head, state, Kind.DEPTH, flags, ts_ns, recv_ns)
        end = head + 1
        for part in parts:
            for side, levels in ((1, part.bids), (-1, part.asks)):
                end += self._levels(state, side, levels, head, end)
        if len(parts) > 1:
            end = _only_the_newest(buffer.rows, head + 1, end)
        row = buffer.rows[head]
        row["kind"] = Kind.BOOK_UPDATE
        row[FIRST_SEQUENCE], row[LAST_SEQUENCE], row[PREVIOUS_SEQUENCE] = update.first, update.last, update.previous
        row[EVENT_NS] = event_ns
        if flags & Flag.SNAPSHOT:
            buffer.rows[end - 1]["flags"] |= Flag.LAST
        buffer.used = end

    def _levels(self, state: _State, side: int, levels: bytes, template: int, at: int) -> int:
        digits, size_digits = state.terms.price_digits, state.terms.size_digits
        rows = self._buffer.rows
        count = int(put_levels(_as_array(levels), digits, size_digits, side, rows, template, at))
        if count in {-NumberFault.NOT_LEVELS, -NumberFault.NOT_A_NUMBER}:
            # The exchange sends JSON without spaces; what somebody wrote with them means the same.
            count = int(put_levels(_as_array(_without_spaces(levels)), digits, size_digits, side, rows, template, at))
        if count < 0:
            raise Refused(NUMBER_FAULTS[-count])
        return count

    def _best(self, state: _State, event: Event, ts_ns: int, recv_ns: int) -> None:
        sequence = event.u
        if not 0 <= sequence < _MOST_SEQUENCE:
            raise Refused(_number_fault(sequence))
        if state.best_sequence - _RESTARTED < sequence <= state.best_sequence:
            raise Refused(refusals.CAME_TWICE if sequence == state.best_sequence else refusals.OUTDATED)
        bid_px, bid_size, ask_px, ask_size = self._read(state, event.b, event.B, event.a, event.A)
        row = self._next(state, Kind.QUOTE, Flag(0), ts_ns, recv_ns)
        row["v0"] = bid_px or ABSENT_PX
        row["v1"] = ask_px or ABSENT_PX
        row["v2"] = bid_size if bid_px else 0
        row["v3"] = ask_size if ask_px else 0
        row[EVENT_NS] = _event_ns(event)
        state.best_sequence = sequence

    def _trade(self, state: _State, event: Event, ts_ns: int, recv_ns: int) -> None:
        state.trade_kind = state.trade_kind or event.e
        if event.e != state.trade_kind:
            # The stream of single trades and that of aggregates say the same twice.
            raise Refused(refusals.CAME_TWICE)
        trade = event.t if event.e == "trade" else _whole(event.a)
        if not 0 <= trade < _MOST_SEQUENCE:
            raise Refused(_number_fault(trade))
        if trade in state.known_trades:
            raise Refused(refusals.CAME_TWICE)
        px, size = self._read(state, event.p, event.q)
        if px == 0 or size == 0:
            raise Refused(refusals.TRADE_PRICE if px == 0 else refusals.TRADE_SIZE)
        flags = Flag(0)
        if event.m is not None:
            flags = Flag.SELLER_AGGRESSOR if event.m else Flag.BUYER_AGGRESSOR
        if event.X not in {"", "MARKET"}:
            flags |= Flag.OFF_BOOK  # liquidations that an insurance fund or other traders took over
        row = self._next(state, Kind.TRADE, flags, ts_ns, recv_ns)
        row["v0"], row["v1"] = px, size
        row[TRADE_ID] = trade
        row[EVENT_NS] = _event_ns(event)
        state.remember(trade)

    def _read(self, state: _State, *texts: msgspec.Raw) -> list[int]:
        """Prices and sizes in turn, as integers."""
        joined = b",".join(texts)
        count = int(read_numbers(_as_array(joined), state.terms.price_digits, state.terms.size_digits, self._numbers))
        if count != len(texts):
            lacks = any(len(each) == 0 for each in texts)
            raise Refused(refusals.MISSING if lacks or count >= 0 else NUMBER_FAULTS[-count])
        return [int(each) for each in self._numbers[:count]]

    def _next(self, state: _State, kind: Kind, flags: Flag, ts_ns: int, recv_ns: int) -> np.void:
        self._buffer.room(1)
        self._begin(self._buffer.used, state, kind, flags, ts_ns, recv_ns)
        row: np.void = self._buffer.rows[self._buffer.used]
        self._buffer.used += 1
        return row

    def _begin(self, at: int, state: _State, kind: Kind, flags: Flag, ts_ns: int, recv_ns: int) -> None:
        self._buffer.rows[at] = (
            ts_ns, recv_ns, 0, 0, 0, 0, 0, state.terms.instrument, self._source, int(kind), int(flags), 0, 0,
        )  # fmt: skip


def is_partial_book(stream: str) -> bool:
    """Whether a stream sends the best 5, 10 or 20 levels whole each time, and no changes of them."""
    parts = stream.split("@")
    return len(parts) > 1 and parts[1] in {"depth5", "depth10", "depth20"}


def _update_of(event: Event) -> DepthUpdate:
    for number in (event.U, event.u):
        if not 0 <= number < _MOST_SEQUENCE:
            raise Refused(_number_fault(number))
    if not NO_SEQUENCE <= event.pu < _MOST_SEQUENCE:
        raise Refused(_number_fault(event.pu))
    return DepthUpdate(event.U, event.u, event.pu, bytes(event.b), bytes(event.a))


def _number_fault(number: int) -> str:
    if number == MISSING_NUMBER:
        return refusals.MISSING
    return NUMBER_FAULTS[NumberFault.NEGATIVE if number < 0 else NumberFault.TOO_LARGE]


def _event_ns(event: Event) -> int:
    """When it happened at the exchange: the match, else when the message was made; 0 where it does not say."""
    return (event.T or event.E) * _NS_PER_MS


def _whole(raw: msgspec.Raw) -> int:
    text = bytes(raw)
    return int(text) if text.isdigit() and len(text) < 19 else MISSING_NUMBER


def _as_array(text: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text, np.uint8)


def _without_spaces(levels: bytes) -> bytes:
    try:
        return msgspec.json.encode(msgspec.json.decode(levels, type=list[tuple[str, str]]))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return levels


def _only_the_newest(rows: Batch, start: int, end: int) -> int:
    """Keeps of ``rows[start:end]`` the last record of each level, without empty ones; gives the new end."""
    levels = rows[start:end]
    newest = {
        (int(side), int(px)): place for place, (side, px) in enumerate(zip(levels["v0"], levels["v1"], strict=True))
    }
    places = np.fromiter(newest.values(), np.int64, len(newest))
    kept = levels[places[levels["v2"][places] > 0]]
    rows[start : start + len(kept)] = kept
    return start + len(kept)
