"""A recorded option chain through the engine, beside the peers that replay chains: GOOG's quotes of one day.

Every quote is a message to both: nothing is coalesced. The last bid and ask of each contract and the number of quotes
are compared before a figure is given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.bench.market_flow import ROUNDS, played_through_engine
from terminal.bench.peers import Answer, Peer, PeerFailed, ask
from terminal.bench.quant_compare import beside_child
from terminal.bench.replay import DAY, recorded_data
from terminal.bench.result import Benchmark, Result, result
from terminal.core.instruments import InstrumentTable
from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, Batch, Flag, Kind
from terminal.market.state import MarketState
from terminal.venues.replay.lean_feed import LeanFeed

NAUTILUS = Peer("NautilusTrader", "nautilus", "peer_nautilus.py", "nautilus_trader")
VNPY = Peer("vnpy EventEngine", "vnpy", "peer_events.py", "vnpy")
QUOTES = 275_552
"""Rows of the chain's quotes; the share has 260 more."""
_PEER_ROUNDS = 5
Columns = dict[str, npt.NDArray[Any]]


def sides_told(quotes: Batch) -> npt.NDArray[np.int64]:
    """(quotes, 4): bid, ask, bid size and ask size in force after each quote, 0 for a side that nothing was said of.

    A quote may leave a side as it is; the peers' ticks always have both.
    """
    told = np.zeros((len(quotes), 4), np.int64)
    standing: dict[int, list[int]] = {}
    names = ("instrument", "flags", BID, ASK, BID_SIZE, ASK_SIZE)
    rows = zip(*(quotes[name].tolist() for name in names), strict=True)
    for at, (instrument, flags, bid, ask_px, bid_size, ask_size) in enumerate(rows):
        sides = standing.setdefault(instrument, [0, 0, 0, 0])
        if not flags & Flag.BID_UNCHANGED:
            sides[0], sides[2] = max(bid, 0), max(bid_size, 0)
        if not flags & Flag.ASK_UNCHANGED:
            sides[1], sides[3] = max(ask_px, 0), max(ask_size, 0)
        told[at] = sides
    return told


def peer_columns(table: InstrumentTable, quotes: Batch) -> Columns:
    """The quotes as the peers take them; by instrument id ``strike`` (0: the share), ``is_call``, ``expires_ns``."""
    told = sides_told(quotes)
    columns: Columns = {"instrument": quotes["instrument"].astype(np.int64), "ts_ns": quotes["ts_ns"].copy()}
    columns |= {name: told[:, at].copy() for at, name in enumerate(("bid", "ask", "bid_size", "ask_size"))}
    options = [table.get(number).option for number in range(int(quotes["instrument"].max()) + 1)]
    columns["strike"] = np.array([0.0 if each is None else each.symbol.strike_mills / 1000 for each in options])
    columns["is_call"] = np.array([each is not None and each.symbol.right.name == "CALL" for each in options])
    columns["expires_ns"] = np.array([0 if each is None else each.expires_ns for each in options])
    return columns


def last_told(columns: Columns) -> npt.NDArray[np.float64]:
    """(instruments, 2): the last bid and ask of each; NaN for one that was never quoted."""
    last = np.full((len(columns["strike"]), 2), np.nan)
    last[columns["instrument"]] = np.column_stack((columns["bid"], columns["ask"]))
    return last


def agrees(answer: Answer | None, columns: Columns) -> bool | None:
    """Whether the peer saw every quote, and the last one of each instrument last; None without an answer."""
    if answer is None:
        return None
    last = last_told(columns)
    quoted = ~np.isnan(last[:, 0])
    is_all = int(answer.arrays["count"][0]) == len(columns["instrument"])
    return is_all and bool(np.array_equal(answer.arrays["last"][quoted], last[quoted]))


def check(state: MarketState, columns: Columns, rounds: int) -> None:
    """The state's rows after ``rounds`` passes are what the quotes say; AssertionError if not."""
    last = last_told(columns)
    rows = state.read(np.arange(len(last), dtype=np.int32))
    quoted = ~np.isnan(last[:, 0])
    shown = np.maximum(np.column_stack((rows["bid_px"], rows["ask_px"])), 0)
    said = int(rows["messages"].sum())
    if not np.array_equal(shown[quoted], last[quoted]) or said != rounds * len(columns["instrument"]) or state.refused:
        raise AssertionError("the state does not hold what the quotes say")


def _chain(_long: bool) -> list[Result]:
    name, folder = "goog_chain_replay", recorded_data()
    if folder is None:
        return [Result(name, "market", 0.0, "M quotes/s", "higher", note="the recorded day is not there, not measured")]
    table = InstrumentTable()
    day = np.concatenate(list(LeanFeed(folder, "GOOG", DAY, DAY, table).batches()))
    quotes = day[day["kind"] == Kind.QUOTE]
    columns = peer_columns(table, quotes)
    if int((columns["strike"][quotes["instrument"]] > 0).sum()) != QUOTES:
        raise AssertionError(f"{QUOTES:,} quotes of the chain were expected")
    state = MarketState(table, "bench")
    seconds, recorded = played_through_engine(state, quotes)
    if recorded != (ROUNDS + 1) * len(quotes):
        raise AssertionError(f"{recorded:,} messages were handed to the recorder")
    check(state, columns, ROUNDS + 1)
    rate = len(quotes) / seconds / 1e6
    contracts = len(np.unique(quotes["instrument"])) - 1
    note = (
        f"{len(quotes):,} quotes of {contracts:,} contracts and the share: tape, engine thread, state, recorder's hook"
    )
    rows = []
    for suffix, peer, task, said in (
        (
            "",
            NAUTILUS,
            "chain",
            "its BacktestEngine (whose exchange follows each quote too) with a strategy that looks at every one",
        ),
        ("_vnpy", VNPY, "vnpy_events", "its EventEngine with one handler that looks at every one"),
    ):
        row = result(name + suffix, "market", rate, "M quotes/s", note=note)
        rows.append(_beside(row, peer, task, columns, said))
    return rows


def _beside(row: Result, peer: Peer, task: str, columns: Columns, said: str) -> Result:
    """``row`` with the peer's figure; our own stands also where the peer is missing or does not come to its end."""
    try:
        answer = ask(peer, task, columns, rounds=_PEER_ROUNDS)
    except PeerFailed as problem:
        return beside_child(row, peer, None, 1.0, missing=str(problem))
    return beside_child(row, peer, answer, 1e-6, agree=agrees(answer, columns), note=said)


BENCHMARKS = [Benchmark("goog_chain_replay", "market", _chain)]
