"""The recorded Binance captures, damaged line by line, against a slow book that is made of what was not refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from terminal.bench.fuzz_mutations import Mutations
from terminal.market.importers.binance.lines import read_lines

SNAPSHOT_EVERY = 60
Levels = dict[tuple[int, int], int]


@dataclass(slots=True)
class SlowBook:
    """A local order book as Binance's documents describe it ("How to manage a local order book correctly"), out of
    ``json`` and dictionaries. ``is_good``: from a snapshot on every update has followed the one before."""

    price_digits: int
    levels: Levels = field(default_factory=dict)
    sequence: int = -1
    is_good: bool = False
    _kept: dict[int, dict[str, Any]] = field(default_factory=dict)

    def take(self, body: bytes) -> None:
        """One message that was not refused."""
        message = json.loads(body)
        message = message.get("data") or message
        if "lastUpdateId" in message and "e" not in message:
            self._begin(message)
        elif message.get("e") == "depthUpdate":
            self._kept[message["u"]] = message
            self._kept = dict(islice(self._kept.items(), max(len(self._kept) - 4 * SNAPSHOT_EVERY, 0), None))
            self._follow(message)

    def snapshot(self) -> bytes:
        """What the exchange would answer now."""
        sides: dict[int, list[list[str]]] = {1: [], -1: []}
        for (side, px), size in sorted(self.levels.items(), reverse=True):
            sides[side].append([_decimal(px, self.price_digits), _decimal(size, 8)])
        answer = {"lastUpdateId": self.sequence, "bids": sides[1], "asks": sides[-1][::-1]}
        return json.dumps(answer, separators=(",", ":")).encode()

    def _begin(self, snapshot: dict[str, Any]) -> None:
        self.levels, self.sequence, self.is_good = {}, snapshot["lastUpdateId"], True
        self._set(1, snapshot["bids"])
        self._set(-1, snapshot["asks"])
        for number in sorted(self._kept):
            self._follow(self._kept[number])

    def _follow(self, update: dict[str, Any]) -> None:
        first, last, previous = update["U"], update["u"], update.get("pu", -1)
        if last <= self.sequence:
            return
        self.is_good = self.is_good and (previous == self.sequence or first <= self.sequence + 1)
        self.sequence = last
        self._set(1, update["b"])
        self._set(-1, update["a"])

    def _set(self, side: int, levels: list[list[str]]) -> None:
        for price, size in levels:
            place, units = (side, _units(price, self.price_digits)), _units(size, 8)
            if units:
                self.levels[place] = units
            else:
                self.levels.pop(place, None)


def capture_lines(path: Path) -> Iterator[bytes]:
    """The lines of a capture, and between them what its REST endpoint would have answered."""
    price_digits = 1 if "usdm" in path.name else 2
    true = SlowBook(price_digits)
    updates = 0
    for line in (line for lines in read_lines(path) for line in lines):
        yield line
        stamp, _, body = line.partition(b" ")
        if b'"depthUpdate"' in body or b'"lastUpdateId"' in body:
            true.take(body)
            updates += 1
            if true.is_good and updates % SNAPSHOT_EVERY == 0:
                yield stamp + b" " + true.snapshot()


def damaged_lines(path: Path, mutations: Mutations, count: int) -> Iterator[bytes]:
    """``count`` lines of a capture: lost, doubled, late, joined, cut, with bits, bytes and values changed and swapped.

    Stretches without any damage are between them, so that books are good for a while.
    """
    while True:
        part: list[bytes] = []
        for line in capture_lines(path):
            part.append(line)
            if len(part) < 500:
                continue
            faults = 0.0 if mutations.chance(0.5) else 0.01
            for each in mutations.in_disorder(part, faults):
                if count <= 0:
                    return
                count -= 1
                yield _changed(each, mutations) if mutations.chance(faults) else each
            part.clear()


def _changed(line: bytes, mutations: Mutations) -> bytes:
    how = mutations.pick(0, 4)
    if how == 0:
        return mutations.bytes_of(line)
    if how == 1:
        return mutations.value_of(line)
    if how == 2:
        return mutations.swapped(line)
    if how == 3:
        return line[: mutations.pick(1, len(line))]
    return line + line


def _units(text: str, digits: int) -> int:
    units = Decimal(text).scaleb(digits)
    if units != int(units) or units < 0:
        raise AssertionError(f"{text} was kept and is no number of {digits} decimals")
    return int(units)


def _decimal(units: int, digits: int) -> str:
    return f"{units // 10**digits}.{units % 10**digits:0{digits}}"
