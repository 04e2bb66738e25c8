"""Ways in which messages go wrong: damaged bytes, confused types, absurd numbers, lost, doubled and late messages."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

_JUNK = (
    b"null", b"true", b"[]", b"{}", b'""', b'"abc"', b"0", b"-1", b"1e400", b"NaN", b"-0.5", b"18446744073709551616",
    b"9" * 40, b'"-1"', b'"NaN"', b'"1e9"', b'"99999999999999999999999"', b'"0.000000001"', b"[[[[1]]]]",
    b'{"a":{"b":[1]}}', b'"\\u0000"', b'"\xff"', b'"1,2"', b'" 1"',
)  # fmt: skip
_VALUE = re.compile(rb'"[^"]*"|-?\d+(?:\.\d+)?|true|false|null')
_NESTED = b"[" * 2000
_LATE_BY = 12


class Mutations:
    """Random damage, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def bytes_of(self, message: bytes, *, keep: int = 0) -> bytes:
        """A message with one to three bytes changed, taken out or put in, or cut off; the first ``keep`` stay."""
        chance = self._chance
        content = bytearray(message)
        for _ in range(chance.randint(1, 3)):
            if len(content) <= keep:
                break
            at = chance.randrange(keep, len(content))
            what = chance.random()
            if what < 0.45:
                content[at] ^= 1 << chance.randrange(8)
            elif what < 0.6:
                content[at] = chance.randrange(256)
            elif what < 0.75:
                del content[at]
            elif what < 0.9:
                content[at:at] = bytes([chance.randrange(256)])
            else:
                del content[at:]
        return bytes(content)

    def field_of(self, record: bytes, *, keep: int) -> bytes:
        """A record of fixed length with some bytes of it set to anything, or to all ones; the length stays."""
        chance = self._chance
        content = bytearray(record)
        at = chance.randrange(keep, len(content))
        width = min(chance.choice((1, 1, 2, 4, 8)), len(content) - at)
        content[at : at + width] = b"\xff" * width if chance.random() < 0.3 else chance.randbytes(width)
        return bytes(content)

    def value_of(self, message: bytes) -> bytes:
        """JSON or CSV with one value replaced by what does not belong there."""
        chance = self._chance
        places = [each.span() for each in _VALUE.finditer(message)]
        if not places:
            return message
        start, end = chance.choice(places)
        junk = _NESTED if chance.random() < 0.001 else chance.choice(_JUNK)
        return message[:start] + junk + message[end:]

    def swapped(self, message: bytes) -> bytes:
        """JSON or CSV in which two values have changed places."""
        places = [each.span() for each in _VALUE.finditer(message)]
        if len(places) < 2:
            return message
        (start, end), (second, last) = sorted(self._chance.sample(places, 2))
        return message[:start] + message[second:last] + message[end:second] + message[start:end] + message[last:]

    def in_disorder(self, messages: Sequence[bytes], faults: float) -> Iterator[bytes]:
        """Messages of which a share is lost, comes twice, or comes late."""
        chance = self._chance
        late: list[tuple[int, bytes]] = []
        for place, message in enumerate(messages):
            while late and late[0][0] <= place:
                yield late.pop(0)[1]
            what = chance.random()
            if what < faults / 3:
                continue
            if what < faults * 2 / 3:
                late.append((place + chance.randrange(1, _LATE_BY), message))
                late.sort(key=lambda each: each[0])
                continue
            yield message
            if what < faults:
                yield message
        for _, message in late:
            yield message

    def chance(self, share: float) -> bool:
        """True in this share of the calls."""
        return self._chance.random() < share

    def pick(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        return self._chance.randint(low, high)
