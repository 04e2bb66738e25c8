"""A trader's program for the benchmarks: serves a market of 2,000 instruments at a steady rate with bursts.

Run as ``python -m terminal.bench.wire_program``; what it prints at the end is what the desk must have.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import time
from datetime import date

import numpy as np
import numpy.typing as npt

from terminal.core.clock import at_ns
from terminal.core.messages import BID, Batch, Flag, Kind, empty_batch
from terminal.venues.stream.protocol import Columns, End, FrameReader, Hello, Listed, frame, parse_desk_frame

_DAY = date(2026, 1, 5)
INSTRUMENTS = 2_000
TEMPLATE = 200_000
"""Messages that are made once and said again and again, with other times."""
FRAME_S = 0.002
_SHARES = (0.65, 0.15, 0.20)
_NAMES = ("kind", "instrument", "flags", "v0", "v1", "v2", "v3")


def template(seed: int = 1, count: int = TEMPLATE, instruments: int = INSTRUMENTS) -> Batch:
    """Quotes, trades with their aggressor, and book levels, spread over the instruments; no book crosses."""
    chance = np.random.default_rng(seed)
    batch = empty_batch(count)
    kind = chance.choice([int(Kind.QUOTE), int(Kind.TRADE), int(Kind.DEPTH)], count, p=_SHARES)
    batch["kind"] = kind
    batch["instrument"] = chance.integers(0, instruments, count)
    mid = 1_000_000 + 10_000 * (batch["instrument"].astype(np.int64) % 100)
    near, far = chance.integers(1, 4, count) * 100, chance.integers(1, 11, count) * 100
    buys = chance.random(count) < 0.5
    size = chance.integers(1, 500, count)
    quote, trade, depth = (kind == each for each in (Kind.QUOTE, Kind.TRADE, Kind.DEPTH))
    batch[BID] = np.where(depth, np.where(buys, 1, -1), np.where(quote, mid - near, mid + np.where(buys, 100, -100)))
    batch["v1"] = np.where(depth, mid + np.where(buys, -far, far), np.where(quote, mid + near, size))
    batch["v2"] = np.where(trade, 0, size)
    batch["v3"] = np.where(quote, chance.integers(1, 500, count), np.where(depth, 1, 0))
    batch["flags"] = np.where(trade, np.where(buys, int(Flag.BUYER_AGGRESSOR), int(Flag.SELLER_AGGRESSOR)), 0)
    return batch


def totals(sent: int, made: Batch, instruments: int = INSTRUMENTS) -> dict[str, npt.NDArray[np.int64]]:
    """What ``sent`` messages of the endlessly repeated template add up to, by instrument."""
    whole, rest = divmod(sent, len(made))
    found: dict[str, npt.NDArray[np.int64]] = {}
    for name, kind in (("quotes", Kind.QUOTE), ("trades", Kind.TRADE), ("levels", Kind.DEPTH)):
        is_kind = made["kind"] == kind
        every = np.bincount(made["instrument"][is_kind], minlength=instruments)
        last = np.bincount(made["instrument"][:rest][is_kind[:rest]], minlength=instruments)
        found[name] = whole * every + last
    traded = np.where(made["kind"] == Kind.TRADE, made["v1"], 0)
    every = np.bincount(made["instrument"], traded, minlength=instruments)
    last = np.bincount(made["instrument"][:rest], traded[:rest], minlength=instruments)
    found["volume"] = (whole * every + last).astype(np.int64)
    last_quote = np.full(instruments, -1)
    for part in (made if whole else made[:0], made[:rest]):
        at = np.flatnonzero(part["kind"] == Kind.QUOTE)
        last_quote[part["instrument"][at]] = at
    found["bid_px"], found["ask_px"] = made["v0"][last_quote], made["v1"][last_quote]
    return found


class Pace:
    """How many messages are due after ``seconds``: ``rate`` a second, ``burst`` times that for 0.1 s in every 5 s."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst

    def due(self, seconds: float) -> int:
        cycles, into = divmod(seconds, 5.0)
        a_burst = (self._burst - 1.0) * 0.1
        extra = cycles * a_burst + (self._burst - 1.0) * min(max(into - 2.5, 0.0), 0.1)
        return int(self._rate * (seconds + extra))


def serve(seconds: float, rate: float, burst: float, seed: int) -> dict[str, float]:
    """Serves one desk for ``seconds`` and gives what was sent."""
    made = template(seed)
    columns = {name: np.ascontiguousarray(made[name]) for name in _NAMES}
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        link, _ = server.accept()
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
    market_ns = at_ns(_DAY, 10)
    listed = [Listed(each, f"W{each:04d}", "equity") for each in range(INSTRUMENTS)]
    link.sendall(frame(Hello(1, "bench", "simulated", market_ns, listed, 1.0)))
    _wait_for_desk(link)
    begun, sent, seq, held_s = time.perf_counter(), 0, 0, 0.0
    pace = Pace(rate, burst)
    while (now := time.perf_counter() - begun) < seconds:
        due = pace.due(now)
        while sent < due:
            place = sent % TEMPLATE
            count = min(due - sent, TEMPLATE - place, 8_192)
            said: dict[str, memoryview | int] = {
                name: memoryview(column[place : place + count].tobytes()) for name, column in columns.items()
            }
            said["ts_ns"] = market_ns + int((time.perf_counter() - begun) * 1e9)
            seq += 1
            before = time.perf_counter()
            link.sendall(frame(Columns(seq, count, said)))
            held_s += max(0.0, time.perf_counter() - before - 0.001)
            sent += count
        time.sleep(FRAME_S)
    link.sendall(frame(End(seq + 1)))
    took = time.perf_counter() - begun
    while link.recv(4096):
        pass
    return {"sent": sent, "frames": seq, "seconds": took, "held_s": held_s}


def _wait_for_desk(link: socket.socket) -> None:
    reader = FrameReader()
    while True:
        reader.filled(link.recv_into(reader.room()))
        for body in reader.frames():
            parse_desk_frame(body)
            return


def main() -> None:
    """The script."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--burst", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    found = parser.parse_args()
    try:
        said = serve(found.seconds, found.rate, found.burst, found.seed)
    except OSError as problem:
        sys.exit(f"the desk has gone: {problem}")
    print(json.dumps(said))


if __name__ == "__main__":
    main()
