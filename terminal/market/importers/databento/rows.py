"""Where the converter writes messages."""

from __future__ import annotations

from terminal.core.instruments import Instrument
from terminal.core.messages import Batch, Kind, empty_batch


class RowWriter:
    """Messages of one source. ``ts_ns``, ``event_ns`` and ``venue`` are those of the record in hand."""

    def __init__(self, source: int) -> None:
        self._source = source
        self._rows: list[tuple[int, ...]] = []
        self.ts_ns = 0
        self.event_ns = 0
        self.venue = 0

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, kind: Kind, row: Instrument, *values: int, flags: int = 0, event: bool = False) -> None:
        """One message; ``event``: with the venue's time in its last column."""
        filled = (*values, 0, 0, 0, 0, 0)[:5]
        if event:
            filled = (*filled[:4], self.event_ns)
        self._rows.append((self.ts_ns, 0, *filled, row.id, self._source, int(kind), int(flags), self.venue, 0))

    def undo(self, count: int) -> None:
        """Forgets what was written after the first ``count`` messages."""
        del self._rows[count:]

    def take(self) -> Batch:
        """Everything since the last call."""
        batch = empty_batch(len(self._rows))
        if self._rows:
            batch[:] = self._rows
        self._rows.clear()
        return batch
