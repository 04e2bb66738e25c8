"""Records of a DBN file, plain or compressed, block by block."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import databento_dbn as dbn

from terminal.market.importers.streams import CutOff, UnreadableStream

log = logging.getLogger(__name__)
_BLOCK = 1 << 16
_ZSTD = b"\x28\xb5\x2f\xfd"
_DBN = b"DBN"
Record = Any
"""One of the library's record classes; the fields that are read are those of its published schema."""


def is_dbn(path: Path) -> bool:
    """Whether a file begins as DBN does; a compressed one is known by its name as well."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError:
        return False
    return start[:3] == _DBN or (start == _ZSTD and ".dbn" in path.name)


def read_metadata(path: Path) -> dbn.Metadata:
    """What the head of the file says. Raises UnreadableStream."""
    for block in _blocks(path):
        for record in block:
            if isinstance(record, dbn.Metadata):
                return record
            break
        break
    raise UnreadableStream(f"{path} is no whole DBN file: its head cannot be read.")


def read_records(path: Path) -> Iterator[list[Record]]:
    """The records after the head, in order. Raises CutOff and UnreadableStream."""
    is_head = True
    for block in _blocks(path):
        yield block[1:] if is_head else block
        is_head = False
    if is_head:
        raise UnreadableStream(f"{path} is no whole DBN file: its head cannot be read.")


def _blocks(path: Path) -> Iterator[list[Record]]:
    """Blocks that are not empty; the first begins with the metadata."""
    has_head = False
    try:
        with path.open("rb") as file:
            is_zstd = file.read(4) == _ZSTD
            file.seek(0)
            compression: Any = dbn.Compression.ZSTD if is_zstd else dbn.Compression.NONE  # declared as str
            decoder = dbn.DBNDecoder(compression=compression)
            while content := file.read(_BLOCK):
                records = _decode(decoder, content)
                if records:
                    has_head = True
                    yield records
            if has_head and not is_zstd and len(decoder.buffer()):
                raise CutOff("the last record is not whole")
    except OSError as problem:
        raise UnreadableStream(f"{path} cannot be read: {problem.strerror or problem}.") from problem
    except CutOff as damage:
        if has_head:
            raise
        raise UnreadableStream(f"{path} is no whole DBN file: {damage}.") from damage


def _decode(decoder: dbn.DBNDecoder, content: bytes) -> list[Record]:
    try:
        return list(decoder.write_and_decode(content))
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as damage:
        # A record whose length does not fit its kind makes the library panic, which is no Exception.
        log.warning("a DBN block cannot be decoded: %s", damage)
        raise CutOff(str(damage).splitlines()[0] if str(damage) else type(damage).__name__) from damage


def library_works() -> bool:
    """Whether the library reads what it has written; raises whatever it raises."""
    head = dbn.Metadata("TEST", 0, None, dbn.SType("instrument_id"), None)
    return bool(dbn.Metadata.decode(bytes(head)).dataset == "TEST")
