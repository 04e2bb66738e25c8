"""What the engine hands to the recorder: batches whose source numbers are the database's."""

from __future__ import annotations

import numpy as np

from terminal.core.messages import Batch, Kind
from terminal.infra.failures import UserFacingError
from terminal.market.importers.sources import Source, SourceTable
from terminal.store.recorder import Recorder

_NOT_RECORDED = -1


class SourceRecorder:
    """The engine's ``record`` hook. A feed's own numbers of its files become rows of the database as they appear.

    Without ``sources`` every message belongs to the session.
    """

    def __init__(self, recorder: Recorder, sources: SourceTable | None) -> None:
        self._recorder = recorder
        self._sources = sources
        self._layout = "" if sources is None else sources.layout
        self._row_of = np.array([recorder.session_source], np.int32)
        self._counts = np.zeros(1, np.int64)
        self._refused: Batch | None = None
        self.missing = 0
        """Messages of files that the database could not begin."""
        self.problems: list[str] = []

    def record(self, batch: Batch) -> bool:
        """Hands a batch over; False, with nothing taken, while the recorder has no room."""
        if self._refused is None:
            is_clock = batch["kind"] == Kind.CLOCK
            said = batch[~is_clock] if is_clock.any() else batch.copy()
            if len(said) == 0:
                return True
            self._learn()
            self._counts += np.bincount(said["source"], minlength=len(self._counts))
            said["source"] = self._row_of[said["source"]]
            if self.problems:
                known = said["source"] != _NOT_RECORDED
                self.missing += int(len(said) - known.sum())
                said = said[known]
            self._refused = said
        if not self._recorder.offer(self._refused):
            return False
        self._refused = None
        return True

    def _learn(self) -> None:
        known = 0 if self._sources is None else len(self._sources)
        while self._sources is not None and len(self._row_of) <= known:
            source = self._sources.get(len(self._row_of))
            self._row_of = np.append(self._row_of, np.int32(self._begin(source)))
            self._counts = np.append(self._counts, 0)

    def _begin(self, source: Source) -> int:
        try:
            return self._recorder.begin_source(
                self._layout, source.name, source.sha256, interval_s=source.interval_s
            ).id
        except UserFacingError as problem:
            # The market goes on without its recording; the sentence stays on the desk and in the report.
            self.problems.append(f"{source.name} is not being recorded: {problem.message}")
            return _NOT_RECORDED

    def complete(self) -> None:
        """Says that every file has been delivered whole; call it when the feed has come to its end."""
        for number in range(1, len(self._row_of)):
            if self._row_of[number] != _NOT_RECORDED:
                self._recorder.complete_source(int(self._row_of[number]), int(self._counts[number]))
