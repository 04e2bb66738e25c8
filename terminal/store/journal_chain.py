"""The journal's records: their one canonical text, their hashes, and what reading them gives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from terminal.core.events import Body, JournalEvent

GENESIS = bytes(32)
"""The hash before the first record."""
Row = tuple[int, str, int, str, str, bytes, bytes]
"""seq, session, ts_ns, kind, body, previous, hash: the columns of the table ``event``."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the whole chain found; ``broken_seq`` names the first bad record, None where none is."""

    ok: bool
    events: int
    sentence: str
    broken_seq: int | None = None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session in the journal; ``details`` is the body of its first event."""

    session: str
    first_ns: int
    last_ns: int
    events: int
    is_closed: bool
    details: Body


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """An event with its place in the chain."""

    seq: int
    hash: bytes
    event: JournalEvent


def chain_rows(seq: int, previous: bytes, events: Iterable[JournalEvent]) -> list[Row]:
    """The rows that follow the record ``seq`` whose hash is ``previous``. ValueError: a body that is not exact."""
    rows: list[Row] = []
    for event in events:
        seq += 1
        fields = (seq, event.session, event.ts_ns, event.kind.value, canonical_json(event.body))
        digest = record_hash(previous, fields)
        rows.append((*fields, previous, digest))
        previous = digest
    return rows


def canonical_json(body: Body) -> str:
    """The one text of a body: sorted keys, no spaces, ASCII. ValueError for a float, which would not be exact."""
    _refuse_floats(body)
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise ValueError(f"{value!r} is a float, and the journal holds exact numbers only")
    if isinstance(value, dict):
        for each in value.values():
            _refuse_floats(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _refuse_floats(each)


def record_hash(previous: bytes, fields: tuple[int, str, int, str, str]) -> bytes:
    """SHA-256 over the hash before and the record's canonical JSON."""
    canonical = json.dumps(list(fields), separators=(",", ":")).encode()
    return hashlib.sha256(previous + canonical).digest()
