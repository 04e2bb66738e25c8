"""A progress line on a terminal, and nothing when the output is piped."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

_EVERY_S = 0.1
_BAR = 24


class ProgressLine:
    """Redraws one line on standard error at most ten times a second, and takes it away at the end."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._shown = sys.stderr is not None and sys.stderr.isatty()
        self._drawn_at = 0.0
        self._width = 0

    def show(self, done: int, total: int, name: str = "") -> None:
        """Draws ``done`` of ``total`` and what is worked on."""
        now = time.monotonic()
        if not self._shown or now - self._drawn_at < _EVERY_S:
            return
        self._drawn_at = now
        filled = _BAR * done // max(total, 1)
        text = f"{self._title} [{'#' * filled}{'.' * (_BAR - filled)}] {done}/{total} {name[-40:]}"
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
