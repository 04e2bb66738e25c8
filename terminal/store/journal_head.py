"""The journal's head, kept outside of it: without it nobody could tell that the end of a journal was cut off.

Two slots of fixed width are written in turn, each with a checksum, so that a write torn by a power cut leaves the
other one whole. The file is never ahead of the journal: it is written after the commit.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_SLOT_BYTES = 160


@dataclass(frozen=True, slots=True)
class Head:
    """The last record that was known to be in the journal: its number (0: none yet) and its hash."""

    seq: int
    hash: bytes


class DamagedHeadError(ValueError):
    """The head file is there, but neither slot can be read."""


class JournalHead:
    """Reads and writes one head file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._handle: BinaryIO | None = None
        self._turn = 0

    def read(self) -> Head | None:
        """The newest whole slot; None when there is no file; DamagedHeadError when no slot is whole."""
        try:
            data = self.file.read_bytes()
        except FileNotFoundError:
            return None
        slots = (data[at : at + _SLOT_BYTES] for at in (0, _SLOT_BYTES))
        heads = [head for head in map(_decode, slots) if head is not None]
        if not heads:
            raise DamagedHeadError(f"{self.file} holds no readable head")
        return max(heads, key=lambda head: head.seq)

    def write(self, head: Head) -> None:
        """Writes the older slot; OSError when the disk does not take it. Not synced: being behind is no harm."""
        if self._handle is None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                self.file.touch(mode=0o600, exist_ok=False)
            self._turn = self._older_slot()
            self._handle = self.file.open("r+b", buffering=0)
        self._handle.seek(self._turn * _SLOT_BYTES)
        self._handle.write(_encode(head))
        self._turn ^= 1

    def close(self) -> None:
        """Lets go of the file."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def _older_slot(self) -> int:
        data = self.file.read_bytes()
        first, second = (_decode(data[at : at + _SLOT_BYTES]) for at in (0, _SLOT_BYTES))
        if first is None or second is None:
            return 0 if first is None else 1
        return 0 if first.seq <= second.seq else 1


def _encode(head: Head) -> bytes:
    record = {"seq": head.seq, "hash": head.hash.hex()}
    check = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]
    text = json.dumps({**record, "check": check}, sort_keys=True)
    return text.ljust(_SLOT_BYTES - 1).encode() + b"\n"


def _decode(slot: bytes) -> Head | None:
    try:
        found = json.loads(slot)
        head = Head(int(found["seq"]), bytes.fromhex(found["hash"]))
    except (ValueError, TypeError, KeyError):
        return None
    return head if _encode(head) == slot else None
