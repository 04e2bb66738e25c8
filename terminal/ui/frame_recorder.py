"""Frames of panels on disk: a PNG a frame, and a line of JSON that says which market it shows."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from PySide6.QtGui import QImage

from terminal.infra.failures import UsageError
from terminal.ui.bridge.frame_clock import Frame, FrameClock, Needs
from terminal.ui.panel import Panel

EVERY_MS = 33
MOST_WAITING = 64
"""Pictures that wait to be written; a frame that finds no room is left out and counted."""
LINES = "frames.jsonl"
_log = logging.getLogger(__name__)


class FrameRecorder:
    """A client of the frame clock. A picture is painted from what the panel has read last, and so are its facts.

    ``panels``: gives the panels of now; ``types``: which of them. Pictures are encoded and written by a thread, so that
    the frames are held up by no more than their painting.
    """

    needs = Needs.ALWAYS
    min_interval_ms = EVERY_MS

    def __init__(
        self, clock: FrameClock, folder: Path, panels: Callable[[], Iterable[Panel]], types: frozenset[str]
    ) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lines = (folder / LINES).open("w", encoding="utf-8")
        except OSError as problem:
            raise UsageError(f"Frames cannot be written to {folder}: {problem.strerror or problem}.") from problem
        self._clock, self._folder, self._panels, self._types = clock, folder, panels, types
        self._waiting: queue.Queue[tuple[QImage, dict[str, Any]] | None] = queue.Queue(MOST_WAITING)
        self.recorded, self.left_out = 0, 0
        self._writer = threading.Thread(target=self._write, name="frames", daemon=True)
        self._writer.start()
        clock.add(self)

    def is_on_screen(self) -> bool:
        """Always; panels that are hidden are passed over one by one."""
        return True

    def run_frame(self, frame: Frame) -> None:
        """One picture of each panel that can be seen."""
        for panel in self._panels():
            if panel.TYPE in self._types and panel.is_on_screen():
                self._take(panel, frame)

    def close(self) -> None:
        """Writes what waits, then a line of totals."""
        self._clock.remove(self)
        self._waiting.put(None)
        self._writer.join()
        self._line({"frames": self.recorded, "left_out": self.left_out})
        self._lines.close()

    def _take(self, panel: Panel, frame: Frame) -> None:
        if self._waiting.full():
            self.left_out += 1
            return
        picture = panel.grab().toImage()
        # After the picture, since the facts are those of what was painted last.
        facts, number = panel.frame_facts(), panel.instrument
        scale = None if number is None else panel.context.desk.table.get(number).price_scale
        line = {
            "frame": frame.number, "market_ns": frame.market_ns, "wall_ns": time.time_ns(), "panel": panel.panel_id,
            "symbol": panel.subtitle(), "price_scale": scale, "file": f"{panel.panel_id}-{frame.number:06d}.png",
            **facts,
        }  # fmt: skip
        self._waiting.put((picture, line))
        self.recorded += 1

    def _write(self) -> None:
        while (found := self._waiting.get()) is not None:
            picture, line = found
            if not picture.save(str(self._folder / str(line["file"]))):
                _log.warning("the frame %s cannot be written", line["file"])
                line["file"] = None
            self._line(line)

    def _line(self, line: dict[str, Any]) -> None:
        self._lines.write(json.dumps(line) + "\n")
