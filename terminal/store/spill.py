"""The spill file: raw messages that the database could not take in time, in order, readable after a crash.

Two files: the messages as they stand in memory, and one line of JSON for each instrument that they may name.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from terminal.core.instruments import (
    Delivery,
    Instrument,
    InstrumentKind,
    InstrumentTable,
    OptionTerms,
    SessionProduct,
    SettlementTime,
    Style,
)
from terminal.core.messages import MESSAGE, Batch
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass

_MESSAGES, _INSTRUMENTS = ".messages", ".instruments"


class SpillFile:
    """Messages between the ring and the database, first in, first out. Its user takes care of the locking."""

    def __init__(self, folder: Path, session: str, session_source: int, table: InstrumentTable) -> None:
        """The files appear with the first message. ``session_source``: row of messages that name no source."""
        self.written = 0
        """Messages appended to the present file."""
        self.taken = 0
        """Messages taken from it."""
        self._folder = folder
        self._session = session
        self._session_source = session_source
        self._number = 2
        self._table = table
        self._described = 0
        self._file: int | None = None

    @property
    def name(self) -> str:
        """Of the present file; one that was emptied is followed by one with a later name."""
        return f"{self._session}-{self._number:06d}"

    @property
    def pending(self) -> int:
        """Messages appended and not taken."""
        return self.written - self.taken

    def append(self, batch: Batch) -> None:
        """Writes ``batch`` behind what is there; raises OSError and leaves the file as it was when it cannot."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._describe_instruments()
        if self._file is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
            self._file = os.open(self._folder / f"{self.name}{_MESSAGES}", flags, 0o600)
        start = self.written * MESSAGE.itemsize
        data = memoryview(np.ascontiguousarray(batch).tobytes())
        try:
            done = 0
            os.lseek(self._file, start, os.SEEK_SET)
            while done < len(data):
                done += os.write(self._file, data[done:])
        except OSError:
            os.ftruncate(self._file, start)
            raise
        self.written += len(batch)

    def peek(self, most: int) -> Batch:
        """A copy of the oldest messages that were not taken."""
        if self._file is None or self.pending == 0:
            return np.empty(0, MESSAGE)
        os.lseek(self._file, self.taken * MESSAGE.itemsize, os.SEEK_SET)
        return _read_messages(self._file, min(most, self.pending))

    def view(self) -> Batch:
        """The messages that were not taken, mapped from the file; good for as long as it is kept, whatever follows."""
        if self._file is None or self.pending == 0:
            return np.empty(0, MESSAGE)
        with os.fdopen(os.dup(self._file), "rb") as file:
            offset = self.taken * MESSAGE.itemsize
            return np.memmap(file, MESSAGE, mode="r", offset=offset, shape=(self.pending,))

    def take(self, most: int) -> Batch:
        """The oldest messages; they stay in the file until :meth:`discard`, so that a crash does not lose them."""
        batch = self.peek(most)
        self.taken += len(batch)
        return batch

    def discard(self) -> None:
        """Removes the file, once all that was taken is in the database."""
        self.close()
        for ending in (_MESSAGES, _INSTRUMENTS):
            # One that stays does no harm: the database knows that all of it was taken.
            with contextlib.suppress(OSError):
                (self._folder / f"{self.name}{ending}").unlink(missing_ok=True)
        self.written = self.taken = self._described = 0
        self._number += 2

    def leave(self, older: Batch) -> None:
        """Closes the file for the next start, with ``older`` in a file of its own that is read before it."""
        self.close()
        if len(older):
            before = SpillFile(self._folder, self._session, self._session_source, self._table)
            before._number = self._number - 1
            before.append(older)
            before.close()

    def close(self) -> None:
        """Closes the file as it is."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _describe_instruments(self) -> None:
        """Messages name instruments by this run's ids, which mean nothing after a crash."""
        known = len(self._table)
        if known == self._described and self._file is not None:
            return
        # A file whose messages could not be begun is written anew, with all its instruments.
        first = 0 if self._file is None else self._described
        lines = [json.dumps(_describe(self._table.get(number))) for number in range(first, known)]
        mode = "a"
        if self._file is None:
            mode = "w"
            lines.insert(0, json.dumps({"session": self._session, "source": self._session_source}))
        data = memoryview(("\n".join(lines) + "\n").encode())
        with (self._folder / f"{self.name}{_INSTRUMENTS}").open(mode + "b", buffering=0) as file:
            start = file.seek(0, os.SEEK_END)
            try:
                while data:
                    data = data[file.write(data) :]
            except OSError:
                # Half a line would make the file unreadable, and with it all messages.
                file.truncate(start)
                raise
        self._described = known


@dataclass(frozen=True, slots=True)
class LeftSpill:
    """A spill file that a crashed session left."""

    name: str
    messages_file: Path
    instruments_file: Path

    def read_header(self) -> tuple[str, int, InstrumentTable]:
        """Session, its source's row, and the crashed run's instruments under the ids that its messages use.

        Raises ValueError, KeyError or OSError when the file cannot be read.
        """
        header, *rows = self.instruments_file.read_text(encoding="utf-8").splitlines()
        said = json.loads(header)
        table = InstrumentTable()
        for line in rows:
            _restore(table, json.loads(line))
        return str(said["session"]), int(said["source"]), table

    def count(self) -> int:
        """Whole messages in the file."""
        return self.messages_file.stat().st_size // MESSAGE.itemsize

    def read(self, start: int, most: int) -> Batch:
        """Up to ``most`` messages from the one numbered ``start``."""
        file = os.open(self.messages_file, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            os.lseek(file, start * MESSAGE.itemsize, os.SEEK_SET)
            return _read_messages(file, min(most, max(0, self.count() - start)))
        finally:
            os.close(file)

    def discard(self) -> None:
        """Removes both files."""
        self.messages_file.unlink(missing_ok=True)
        self.instruments_file.unlink(missing_ok=True)


def left_behind(folder: Path) -> Iterable[LeftSpill]:
    """The spill files in ``folder``, by name."""
    if not folder.is_dir():
        return
    for path in sorted(folder.glob(f"*{_MESSAGES}")):
        name = path.name.removesuffix(_MESSAGES)
        yield LeftSpill(name, path, folder / f"{name}{_INSTRUMENTS}")


def _read_messages(file: int, count: int) -> Batch:
    data = bytearray()
    wanted = count * MESSAGE.itemsize
    while len(data) < wanted:
        part = os.read(file, wanted - len(data))
        if not part:
            break
        data += part
    whole = len(data) - len(data) % MESSAGE.itemsize
    return np.frombuffer(bytes(data[:whole]), MESSAGE).copy()


def _describe(row: Instrument) -> dict[str, Any]:
    terms = row.option
    return {
        "symbol": row.symbol, "kind": row.kind.name, "session": row.session.value, "tick_class": row.tick_class.name,
        "currency": row.currency, "multiplier": row.multiplier, "price_scale": row.price_scale,
        "size_scale": row.size_scale,
        "calendar": row.calendar, "name": row.name,
        "option": None if terms is None else {
            "root": terms.symbol.root, "expiry": terms.symbol.expiry.isoformat(), "right": terms.symbol.right.name,
            "strike_mills": terms.symbol.strike_mills, "underlying": terms.underlying, "style": terms.style.value,
            "delivery": terms.delivery.value, "settlement": terms.settlement.value, "expires_ns": terms.expires_ns,
            "shares": terms.shares,
        },
    }  # fmt: skip


def _restore(table: InstrumentTable, row: dict[str, Any]) -> None:
    option = None
    if row["option"] is not None:
        said = row["option"]
        expiry = date.fromisoformat(said["expiry"])
        option = OptionTerms(
            make_option_symbol(said["root"], expiry, Right[said["right"]], said["strike_mills"]),
            said["underlying"], Style(said["style"]), Delivery(said["delivery"]), SettlementTime(said["settlement"]),
            said["expires_ns"], said["shares"],
        )  # fmt: skip
    table.add(
        row["symbol"], InstrumentKind[row["kind"]], SessionProduct(row["session"]), TickClass[row["tick_class"]],
        currency=row["currency"], multiplier=row["multiplier"], price_scale=row["price_scale"],
        calendar=row["calendar"], option=option, name=row["name"], size_scale=row.get("size_scale", 0),
    )  # fmt: skip
