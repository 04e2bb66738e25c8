"""The option chain of one expiry: calls left, strikes in the middle, puts right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from terminal.app import ages, formats
from terminal.app.market_port import Market, Rows
from terminal.app.views.cells import ABSENT, CellGrid, Changes, Look, Looks, Raw, Tone, age_level
from terminal.app.views.chain_columns import COLUMNS, PLACE_OF, STRIKE, UNUSUAL_CONTRACTS
from terminal.app.views.chain_reckoned import SCALES, ReckonedChain
from terminal.app.views.chain_vols import Vols
from terminal.app.views.chain_window import WINDOWS, By, is_off, rows_within
from terminal.app.views.chain_words import expiry_row
from terminal.app.views.freshness import FeedPulse
from terminal.app.views.quality import quote_state
from terminal.core.clock import NS_PER_S, from_ns
from terminal.core.instruments import Instrument, InstrumentTable, SettlementTime, Style
from terminal.core.messages import Phase
from terminal.core.money import ABSENT_PX, PRICE_SCALE
from terminal.core.orders import Side
from terminal.core.osi import Right
from terminal.market.analytics.chain_values import ChainValues, SpotSource
from terminal.market.quality import quality_with_age
from terminal.market.rows import Quality
from terminal.market.spot import middle_or_last


@dataclass(frozen=True, slots=True)
class Series:
    """One expiry of one root: what the expiry selector offers."""

    expiry: date
    root: str
    settlement: SettlementTime
    style: Style
    expires_ns: int

    @property
    def key(self) -> str:
        """For the settings."""
        return f"{self.expiry.isoformat()} {self.root}"

    def days(self, now_ns: int) -> int:
        """Calendar days from the exchange's date of ``now_ns`` to the expiry."""
        return (self.expiry - from_ns(now_ns).date()).days

    def label(self, now_ns: int, *, with_root: bool) -> str:
        """``24 Dec 2015  0DTE  PM``: date, days left, settlement; with the root where there are several."""
        days = self.days(now_ns)
        left = "expired" if days < 0 or now_ns >= self.expires_ns else "0DTE" if days == 0 else f"{days}d"
        parts = [f"{self.expiry:%d %b %Y}", left, self.settlement.value.upper()]
        return "   ".join([self.root, *parts] if with_root else parts)


def series_of(table: InstrumentTable, underlying: int) -> list[Series]:
    """Every expiry and root listed on an underlying, by expiry, then root."""
    found: dict[tuple[date, str], Series] = {}
    for expiry in table.expiries(underlying):
        for row in table.chain(underlying, expiry):
            if row.option is None or (expiry, row.option.symbol.root) in found:
                continue
            terms = row.option
            root = terms.symbol.root
            found[expiry, root] = Series(expiry, root, terms.settlement, terms.style, terms.expires_ns)
    return [found[key] for key in sorted(found)]


class ChainView:
    """The rows (strikes) of one series, array-backed. UI thread only."""

    def __init__(self, table: InstrumentTable, market: Market) -> None:
        self._table = table
        self._market = market
        self.grid = CellGrid(COLUMNS)
        self.underlying: Instrument | None = None
        self.series: Series | None = None
        self.strikes_px: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self.window = WINDOWS[0]
        self._rows = range(0)
        """Of the whole series, those that are listed."""
        self._all_strikes: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._all_pairs: list[tuple[Instrument | None, Instrument | None]] = []
        self._all_ids: npt.NDArray[np.int32] = np.empty((0, 2), np.int32)
        self._pairs: list[tuple[Instrument | None, Instrument | None]] = []
        self._ids: npt.NDArray[np.int32] = np.empty((0, 2), np.int32)
        self._shown = (0, 0)
        self._reset = True
        self._is_silent = False
        self._iv: npt.NDArray[np.int64] = np.empty((0, 2), np.int64)
        self._delta: npt.NDArray[np.int64] = np.empty((0, 2), np.int64)
        self.reckoned = ReckonedChain(table)
        self._formatters = [self._formatter(column.id) for column in COLUMNS]

    def show(self, underlying: Instrument, series: Series | None) -> None:
        """Shows a series of an underlying; None shows an empty chain."""
        self.underlying, self.series = underlying, series
        pairs: dict[int, list[Instrument | None]] = {}
        for row in self._table.chain(underlying.id, series.expiry) if series else []:
            if row.option is not None and series is not None and row.option.symbol.root == series.root:
                place = 0 if row.option.symbol.right is Right.CALL else 1
                pairs.setdefault(row.option.strike_px, [None, None])[place] = row
        strikes = sorted(pairs)
        self._all_strikes = np.array(strikes, np.int64)
        self._all_pairs = [(pairs[strike][0], pairs[strike][1]) for strike in strikes]
        ids = [[row.id if row else -1 for row in pair] for pair in self._all_pairs]
        self._all_ids = np.array(ids, np.int32).reshape(-1, 2)
        self._list(range(len(strikes)))

    def _list(self, rows: range) -> None:
        """Lists these rows of the series."""
        self._rows = rows
        part = slice(rows.start, rows.stop)
        self.strikes_px, self._pairs, self._ids = self._all_strikes[part], self._all_pairs[part], self._all_ids[part]
        self._iv = np.full((len(rows), 2), ABSENT, np.int64)
        self._delta = np.full((len(rows), 2), ABSENT, np.int64)
        self.reckoned.show(self._ids)
        self._reset = True

    def keep_window(self, values: ChainValues | None, wanted_px: int | None) -> None:
        """Follows the spot with the window of strikes; ``wanted_px``, a strike, is always listed."""
        spot, series = self.spot_in_strikes(), self.series
        deltas, forward, move = np.full(self._all_ids.shape, np.nan), np.nan, np.nan
        row = None if values is None or series is None else expiry_row(values, series.expires_ns, series.root)
        if values is not None and row is not None and self.window.by in {By.DELTA, By.DEVIATIONS}:
            forward, move = float(values.forward[row]), values.expected_move(row)
            known = {int(each): float(delta) for each, delta in zip(
                values.contracts.ids[values.contracts.expiries[row].rows],
                values.values["delta"][values.contracts.expiries[row].rows], strict=True,
            )}  # fmt: skip
            deltas = np.array([[known.get(int(each), np.nan) for each in pair] for pair in self._all_ids])
        price = np.nan if spot is None else spot / PRICE_SCALE
        rows = rows_within(self.window, self._all_strikes / PRICE_SCALE, price, deltas.reshape(-1, 2), forward, move)
        place = None if wanted_px is None else _place(self._all_strikes, wanted_px)
        if place is not None:
            rows = range(min(rows.start, place), max(rows.stop, place + 1))
        if is_off(self._rows, rows) or (place is not None and place not in self._rows):
            self._list(rows)
            self.reckoned.take(values)

    @property
    def will_reset(self) -> bool:
        """Whether the next refresh has other rows."""
        return self._reset

    def row_of(self, instrument: int) -> int | None:
        """The row of a contract; None when it is not in this series."""
        rows = np.nonzero(self._ids == instrument)[0]
        return int(rows[0]) if len(rows) else None

    def row_of_strike(self, strike_px: int) -> int | None:
        """The row of a strike; None when it is not listed here."""
        return _place(self.strikes_px, strike_px)

    def spot_px(self) -> int | None:
        """Mid of the underlying, else its last trade; after the close the official price; None without any."""
        if self.underlying is None:
            return None
        quote = self._market.read(np.array([self.underlying.id], np.int32))[0]
        px = middle_or_last(quote)[0]
        return None if px is None else int(px)

    def spot_in_strikes(self) -> int | None:
        """The spot in the units of strikes: a coin's own are finer."""
        spot = self.spot_px()
        values = self.reckoned.values
        if spot is None and values is not None and values.spot.source is SpotSource.PARITY:
            return int(values.spot.price * PRICE_SCALE)
        if spot is None or self.underlying is None:
            return None
        return spot * PRICE_SCALE // self.underlying.price_scale

    def at_the_money(self) -> int | None:
        """The row whose strike is nearest to the spot; None when the spot or the strikes are unknown."""
        spot = self.spot_in_strikes()
        if spot is None or not len(self.strikes_px):
            return None
        return int(np.argmin(np.abs(self.strikes_px - spot)))

    def option(self, row: int, column: int) -> Instrument | None:
        """The contract that a cell belongs to; None for the strike or where no such contract is listed."""
        if not 0 <= row < len(self._pairs) or column == STRIKE:
            return None
        return self._pairs[row][0 if column < STRIKE else 1]

    def side_of_click(self, column: int) -> Side | None:
        """What a click drafts: a sale on a bid, a purchase on an ask, nothing elsewhere."""
        name = COLUMNS[column].id.partition(".")[2]
        return {"bid": Side.SELL, "bid_size": Side.SELL, "ask": Side.BUY, "ask_size": Side.BUY}.get(name)

    def visible(self, first: int, last: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Ids [rows, 2] (calls, puts; -1 where not listed) and strikes of the rows ``first`` to ``last``."""
        return self._ids[first : last + 1], self.strikes_px[first : last + 1]

    def put_vols(self, first: int, vols: Vols) -> None:
        """Takes implied vols and deltas of the rows from ``first`` on, which are shown while there is nothing better:
        see :attr:`reckoned`."""
        after = first + len(vols.iv)
        if after <= len(self._iv):
            self._iv[first:after] = vols.iv
            self._delta[first:after] = vols.delta

    @property
    def is_complete(self) -> bool:
        """Whether every contract of the series that is listed now has its row."""
        if self.underlying is None or self.series is None:
            return False
        root = self.series.root
        listed = self._table.chain(self.underlying.id, self.series.expiry)
        count = sum(1 for row in listed if row.option is not None and row.option.symbol.root == root)
        return count == np.count_nonzero(self._all_ids >= 0)

    def refresh(self, first: int, last: int, now_ns: int, pulse: FeedPulse) -> Changes:
        """Reads and formats the rows ``first`` to ``last`` (those on the screen); the others keep what they had."""
        reset = self._reset
        if reset:
            self._reset = False
            self.grid.resize(len(self._pairs))
        self._is_silent = pulse.is_silent
        first, last = max(0, first), min(last, len(self._pairs) - 1)
        if last < first:
            return Changes(reset=reset)
        ids = self._ids[first : last + 1]
        quotes = self._market.read(np.maximum(ids, 0).ravel()).reshape(-1, 2)
        raw = self._raw(first, ids, quotes, now_ns)
        looks = self._looks(first, ids, quotes, raw, now_ns, pulse)
        changed = self.grid.put(first, raw, looks, self._formatters)
        return Changes(reset=True) if reset else Changes(cells=changed)

    def hint(self, row: int, column: int, now_ns: int) -> str:
        """A cell's tooltip: contract, what is wrong with the quote, the age of each side."""
        instrument = self.option(row, column)
        if instrument is None:
            return ""
        quote = self._market.read(np.array([instrument.id], np.int32))[0]
        parts = [instrument.label]
        wrong = quote_state(quote, now_ns, is_silent=self._is_silent).sentence
        if wrong:
            parts.append(wrong)
        for word, name in (("Bid", "bid_ts_ns"), ("Ask", "ask_ts_ns"), ("Last", "last_ts_ns")):
            if quote[name]:
                ts_ns = int(quote[name])
                parts.append(f"{word} since {ages.time_of_day(ts_ns)}, {ages.age(now_ns - ts_ns)}")
        return "\n".join(parts)

    def _raw(self, first: int, ids: npt.NDArray[np.int32], quotes: Rows, now_ns: int) -> Raw:
        raw = np.full((len(ids), len(COLUMNS)), ABSENT, np.int64)
        raw[:, STRIKE] = self.strikes_px[first : first + len(ids)]
        listed = ids >= 0
        reckoned = self.reckoned.cells(first, len(ids))
        if self.reckoned.values is None:
            reckoned["iv"], reckoned["delta"] = (
                self._iv[first : first + len(ids)],
                self._delta[first : first + len(ids)],
            )
        older_ns = np.minimum(quotes["bid_ts_ns"], quotes["ask_ts_ns"])
        quoted = listed & (older_ns > 0) & (quotes["phase"] != Phase.CLOSED)
        ages_s = np.where(quoted, np.maximum(now_ns - older_ns, 0) // NS_PER_S, ABSENT)
        for place, prefix in enumerate(("call", "put")):
            side, known = quotes[:, place], listed[:, place]
            has_bid, has_ask = known & (side["bid_px"] != ABSENT_PX), known & (side["ask_px"] != ABSENT_PX)
            values = {
                "bid": np.where(has_bid, side["bid_px"], ABSENT),
                "ask": np.where(has_ask, side["ask_px"], ABSENT),
                "bid_size": np.where(has_bid, side["bid_size"], ABSENT),
                "ask_size": np.where(has_ask, side["ask_size"], ABSENT),
                "mid": np.where(
                    known & np.isin(side["quality"], (Quality.OK, Quality.LOCKED)),
                    5 * (side["bid_px"] + side["ask_px"]),
                    ABSENT,
                ),
                "last": np.where(known, side["last_px"], ABSENT),
                "volume": np.where(known & (side["volume"] > 0), side["volume"], ABSENT),
                "oi": np.where(known & (side["open_interest"] > 0), side["open_interest"], ABSENT),
                "age": ages_s[:, place],
            } | {name: cells[:, place] for name, cells in reckoned.items()}
            for name, value in values.items():
                raw[:, PLACE_OF[f"{prefix}.{name}"]] = value
        return raw

    def _looks(
        self, first: int, ids: npt.NDArray[np.int32], quotes: Rows, raw: Raw, now_ns: int, pulse: FeedPulse
    ) -> Looks:
        looks = np.full(raw.shape, np.uint16(Tone.LABEL), np.uint16)
        looks[:, STRIKE] = Look.HEAD | Look.STRONG
        spot = self.spot_in_strikes()
        middle = self.at_the_money()
        for place, prefix in enumerate(("call", "put")):
            bid, ask = PLACE_OF[f"{prefix}.bid"], PLACE_OF[f"{prefix}.ask"]
            prices = [bid, ask]
            side = quotes[:, place]
            looks[:, prices] = Tone.VALUE
            looks[raw[:, bid] == ABSENT, bid] = Tone.LABEL
            looks[raw[:, ask] == ABSENT, ask] = Tone.LABEL
            quality, _ = quality_with_age(side, now_ns, is_silent=pulse.is_silent)
            quality[ids[:, place] < 0] = Quality.NONE
            bad = (quality == Quality.CROSSED) | (quality == Quality.ZERO)
            looks[np.ix_(quality == Quality.LOCKED, prices)] = Tone.WARN
            looks[np.ix_(bad, prices)] = Tone.WARN | Look.BAD
            closed = side["phase"] == Phase.CLOSED
            looks[np.ix_(closed & ~bad, prices)] = Tone.LABEL
            reckoned = [PLACE_OF[f"{prefix}.{name}"] for name in SCALES]
            looks[np.ix_(closed, reckoned)] = Tone.MUTED
            looks[np.ix_(quality == Quality.STALE, [*prices, *reckoned])] = Tone.MUTED | Look.STALE
            if self.reckoned.is_old:
                looks[:, reckoned] = Tone.MUTED | Look.STALE
            volume, open_interest = (raw[:, PLACE_OF[f"{prefix}.{name}"]] for name in ("volume", "oi"))
            unusual = (volume >= UNUSUAL_CONTRACTS) & (open_interest != ABSENT) & (volume >= open_interest)
            looks[unusual, PLACE_OF[f"{prefix}.volume"]] = Tone.ACCENT | Look.STRONG
            for column, stamp in ((bid, "bid_ts_ns"), (ask, "ask_ts_ns")):
                age = np.where((side[stamp] == 0) | closed | (raw[:, column] == ABSENT), -1, now_ns - side[stamp])
                looks[:, column] |= age_level(age)
            if spot is not None:
                strikes = self.strikes_px[first : first + len(ids)]
                inside = strikes < spot if place == 0 else strikes > spot
                columns = slice(0, STRIKE) if place == 0 else slice(STRIKE + 1, None)
                looks[inside, columns] |= np.uint16(Look.ITM)
        if middle is not None and first <= middle < first + len(ids):
            looks[middle - first, STRIKE] |= np.uint16(Look.ATM)
        return looks

    def _formatter(self, column: str) -> Callable[[int, int], str]:
        side, _, name = column.partition(".")
        place = 0 if side == "call" else 1
        if column == "strike":
            return lambda _row, raw: strike_text(raw)
        if name in {"bid", "ask", "last"}:

            def price(row: int, raw: int) -> str:
                instrument = self._pairs[row][place]
                return formats.MISSING if instrument is None else formats.price(raw, instrument)

            return price
        return _FORMATS.get(name, _size)


def _place(strikes_px: npt.NDArray[np.int64], strike_px: int) -> int | None:
    """Where a strike is among ascending ones."""
    place = int(np.searchsorted(strikes_px, strike_px))
    return place if place < len(strikes_px) and strikes_px[place] == strike_px else None


def _size(_row: int, raw: int) -> str:
    return formats.size(raw)


def _signed(digits: int, scale: float) -> Callable[[int, int], str]:
    """Numbers whose sign says something: a plus where it is not a minus."""

    def text(_row: int, raw: int) -> str:
        plain = formats.ratio(raw / scale, digits)
        return f"+{plain}" if raw > 0 else plain

    return text


_FORMATS: dict[str, Callable[[int, int], str]] = {
    **dict.fromkeys(("iv", "bid_iv", "ask_iv", "model_iv"), lambda _row, raw: formats.iv_points(raw / 1000)),
    **dict.fromkeys(("delta", "theta", "vega", "rho"), lambda _row, raw: formats.ratio(raw / 1000, 3)),
    **dict.fromkeys(("itm", "touch"), lambda _row, raw: formats.percent(raw / 1000, 1).removeprefix("+")),
    "gamma": lambda _row, raw: formats.greek(raw / 1e6),
    # Half a tick of a cent takes a third decimal, and nothing else does.
    "mid": lambda _row, raw: formats.ratio(raw / 100_000, 2 if raw % 1_000 == 0 else 3),
    "value": lambda _row, raw: formats.ratio(raw / 10_000, 3),
    "extrinsic": lambda _row, raw: formats.ratio(raw / 10_000, 2),
    "edge": _signed(1, 10.0),
    "edge_vol": _signed(2, 100.0),
    "age": lambda _row, raw: ages.age(raw * NS_PER_S),
}


def strike_text(px: int) -> str:
    """A strike with as many decimals as it has, at least none: ``750``, ``99.29``, ``2.5``."""
    text = formats.fixed(px, 10_000, 3)
    return text.rstrip("0").rstrip(".")
