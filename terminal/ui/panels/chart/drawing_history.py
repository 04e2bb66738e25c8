"""Undo of what is drawn. A step knows one drawing before and after: two charts of a symbol do not undo each other."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QUndoCommand, QUndoStack

from terminal.app.drawings.book import DrawingBook
from terminal.app.drawings.shapes import Drawing, DrawingError
from terminal.infra.failures import UserFacingError

_KEPT = 200


class _Step(QUndoCommand):
    def __init__(self, history: DrawingHistory, symbol: str, before: Drawing | None, after: Drawing | None) -> None:
        super().__init__()
        self._history = history
        self._symbol = symbol
        self._before, self._after = before, after

    def redo(self) -> None:
        self._history.put(self._symbol, self._before, self._after)

    def undo(self) -> None:
        self._history.put(self._symbol, self._after, self._before)


class DrawingHistory:
    """Every change of a chart's drawings goes through here. ``say``: shows a sentence when one cannot be kept."""

    def __init__(self, book: DrawingBook, say: Callable[[str], None]) -> None:
        self.book = book
        self._say = say
        self._stack = QUndoStack()
        self._stack.setUndoLimit(_KEPT)

    def change(self, symbol: str, before: Drawing | None, after: Drawing | None) -> None:
        """Adds (no ``before``), changes or removes (no ``after``) one drawing."""
        if before != after:
            self._stack.push(_Step(self, symbol, before, after))

    def remove_all(self, symbol: str) -> None:
        """Takes every drawing of a symbol away, in one step."""
        drawings = self.book.of(symbol)
        if not drawings:
            return
        self._stack.beginMacro("Remove all drawings")
        for each in drawings:
            self._stack.push(_Step(self, symbol, each, None))
        self._stack.endMacro()

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._stack.canUndo()

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to take again."""
        return self._stack.canRedo()

    def undo(self) -> None:
        """Takes the last step back."""
        self._stack.undo()

    def redo(self) -> None:
        """Takes it again."""
        self._stack.redo()

    def put(self, symbol: str, old: Drawing | None, new: Drawing | None) -> None:
        """Makes the change now; a drawing that another chart has removed meanwhile comes back on top."""
        either = old or new
        if either is None:
            return
        number, kept = either.id, list(self.book.of(symbol))
        place = next((at for at, each in enumerate(kept) if each.id == number), len(kept))
        kept[place : place + 1] = [] if new is None else [new]
        try:
            self.book.replace_all(symbol, tuple(kept))
        except (DrawingError, UserFacingError) as problem:
            self._say(str(problem))
