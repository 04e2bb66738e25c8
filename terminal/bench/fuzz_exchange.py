"""A small exchange that speaks as Binance does and knows its own book: the truth for damaged streams."""

from __future__ import annotations

import random

Book = dict[tuple[int, int], int]
"""Sizes (whole coins) by side (1 bid, -1 ask) and price in ticks of 0.1."""
_MIDDLE = 600_000


class SmallExchange:
    """Messages of one symbol: updates of the book with their numbers, best markets, trades, snapshots on demand."""

    def __init__(self, seed: int, *, is_spot: bool) -> None:
        self.book: Book = {}
        self.sequence = 1_000
        self._trade = 0
        self._is_spot = is_spot
        self._chance = random.Random(seed)

    def next(self) -> bytes:
        """One message: mostly an update of the book."""
        what = self._chance.random()
        if what < 0.6:
            return self._update()
        return self._best() if what < 0.85 else self._print()

    def snapshot(self) -> bytes:
        """What the REST endpoint answers now."""
        sides: tuple[list[str], list[str]] = ([], [])
        for (side, ticks), size in sorted(self.book.items()):
            sides[side < 0].append(f'["{ticks // 10}.{ticks % 10}0","{size}.000"]')
        bids, asks = (",".join(each) for each in sides)
        return f'{{"lastUpdateId":{self.sequence},"bids":[{bids}],"asks":[{asks}]}}'.encode()

    def _update(self) -> bytes:
        previous = self.sequence
        self.sequence += self._chance.randint(1, 9)
        changes: dict[tuple[int, int], int] = {}
        for _ in range(self._chance.randint(1, 6)):
            side = self._chance.choice((1, -1))
            place = (side, _MIDDLE - side * self._chance.randint(1, 60))
            changes[place] = self._chance.choice((0, self._chance.randint(1, 500)))
        for place, size in changes.items():
            self.book[place] = size
            if not size:
                del self.book[place]
        levels = {
            side: ",".join(
                f'["{ticks // 10}.{ticks % 10}0","{size}.000"]' for (at, ticks), size in changes.items() if at == side
            )
            for side in (1, -1)
        }
        link = "" if self._is_spot else f'"pu":{previous},'
        return (
            f'{{"stream":"btcusdt@depth","data":{{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":{previous + 1},'
            f'"u":{self.sequence},{link}"b":[{levels[1]}],"a":[{levels[-1]}]}}}}'
        ).encode()

    def _best(self) -> bytes:
        kind = "" if self._is_spot else '"e":"bookTicker","T":1723161255208,"E":1723161255209,'
        self._trade += 1
        return (
            f'{{"stream":"btcusdt@bookTicker","data":{{{kind}"u":{self.sequence * 1000 + self._trade},"s":"BTCUSDT",'
            f'"b":"59999.90","B":"{self._chance.randint(1, 99)}.5","a":"60000.10","A":"2.510"}}}}'
        ).encode()

    def _print(self) -> bytes:
        self._trade += 1
        maker = "true" if self._chance.random() < 0.5 else "false"
        return (
            f'{{"stream":"btcusdt@trade","data":{{"e":"trade","E":1723161255208,"T":1723161255207,"s":"BTCUSDT",'
            f'"t":{self._trade},"p":"60000.{self._chance.randint(0, 9)}0","q":"0.0{self._chance.randint(1, 9)}",'
            f'"m":{maker}}}}}'
        ).encode()
