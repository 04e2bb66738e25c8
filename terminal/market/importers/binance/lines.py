"""Lines of a capture, plain or gzipped: ``local_receive_ns {json}``, split without taking anything for granted."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from terminal.market.importers.binance import refusals
from terminal.market.importers.streams import CutOff, Refused

_BLOCK = 1 << 18
_LONGEST_LINE = 16 << 20
_GZIP = b"\x1f\x8b"
_STAMP_DIGITS = 19
_LATEST_NS = 2**63 - 1


def read_lines(path: Path) -> Iterator[list[bytes]]:
    """Whole lines, a block at a time, without their ends and without empty ones; one that is too long is empty bytes.

    Raises CutOff after the last whole line when the file is damaged, or ends inside a compressed block; OSError when it
    cannot be opened or read.
    """
    with _open(path) as file:
        rest = b""
        is_too_long = False
        while block := _read_block(file):
            pieces = (rest + block).split(b"\n")
            rest = pieces.pop()
            lines = [each for each in pieces if each.strip()]
            if is_too_long and pieces:
                lines = [b"", *(each for each in pieces[1:] if each.strip())]
                is_too_long = False
            if len(rest) > _LONGEST_LINE or (is_too_long and not pieces):
                rest, is_too_long = b"", True
            yield lines
        if is_too_long:
            yield [b""]
        elif rest.strip():
            yield [rest]


def split_line(line: bytes) -> tuple[int, bytes]:
    """Receive time in UTC nanoseconds, and the JSON. Raises Refused."""
    if not line:
        raise Refused(refusals.TOO_LONG)
    stamp, _, body = line.partition(b" ")
    if len(stamp) != _STAMP_DIGITS or not stamp.isdigit() or int(stamp) >= _LATEST_NS:
        raise Refused(refusals.NO_TIME)
    return int(stamp), body.strip()


def _open(path: Path) -> gzip.GzipFile | BufferedReader:
    with path.open("rb") as file:
        is_gzip = file.read(2) == _GZIP
    return gzip.open(path) if is_gzip else path.open("rb")


def _read_block(file: gzip.GzipFile | BufferedReader) -> bytes:
    try:
        return file.read(_BLOCK)
    except (EOFError, zlib.error, gzip.BadGzipFile) as damage:
        raise CutOff(str(damage)) from damage
