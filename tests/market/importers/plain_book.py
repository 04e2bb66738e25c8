"""A local order book as Binance's documents describe it, out of JSON and dictionaries: the decoder's yardstick."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

Levels = dict[Decimal, Decimal]
Message = tuple[int, dict[str, Any]]


def raw_messages(path: Path) -> Iterator[Message]:
    """(receive time, message) of every line of a gzipped capture."""
    with gzip.open(path) as file:
        for line in file:
            stamp, body = line.split(b" ", 1)
            yield int(stamp), json.loads(body)


@dataclass
class PlainBook:
    """Levels by price; ``updates`` are those since the start, for the snapshot to come."""

    bids: Levels = field(default_factory=dict)
    asks: Levels = field(default_factory=dict)
    has_snapshot: bool = False
    waiting: list[dict[str, Any]] = field(default_factory=list)

    def take(self, message: dict[str, Any]) -> bool:
        """Applies a message; True when it was about depth and a snapshot is there."""
        if "lastUpdateId" in message:
            self.bids, self.asks = _levels(message["bids"]), _levels(message["asks"])
            self.has_snapshot = True
            for update in self.waiting:
                if update["u"] > message["lastUpdateId"]:
                    self._change(update)
            return True
        data = message["data"]
        if data.get("e") != "depthUpdate":
            return False
        if not self.has_snapshot:
            self.waiting.append(data)
            return False
        self._change(data)
        return True

    @property
    def best(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Best bid, its size, best ask, its size."""
        bid, ask = max(self.bids), min(self.asks)
        return bid, self.bids[bid], ask, self.asks[ask]

    def _change(self, data: dict[str, Any]) -> None:
        for side, levels in ((self.bids, data["b"]), (self.asks, data["a"])):
            for price, size in _levels(levels).items():
                if size:
                    side[price] = size
                else:
                    side.pop(price, None)


def _levels(pairs: Iterable[list[str]]) -> Levels:
    return {Decimal(price): Decimal(size) for price, size in pairs}
