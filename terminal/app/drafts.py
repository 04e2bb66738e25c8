"""The one order draft that ticket, ladder, chain and chart share."""

from __future__ import annotations

from collections.abc import Callable

from terminal.app.ports import OrderDraft

DraftListener = Callable[[OrderDraft | None], None]


class SharedDraft:
    """Holds the draft that a person is writing; nothing here sends it. UI thread only."""

    def __init__(self) -> None:
        self._draft: OrderDraft | None = None
        self._listeners: list[DraftListener] = []

    @property
    def draft(self) -> OrderDraft | None:
        """What is being written, or None."""
        return self._draft

    def propose(self, draft: OrderDraft | None) -> None:
        """Replaces the draft and tells every listener; None drops it."""
        if draft == self._draft:
            return
        self._draft = draft
        for listener in tuple(self._listeners):
            listener(draft)

    def subscribe(self, listener: DraftListener) -> Callable[[], None]:
        """Calls ``listener`` with each new draft; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None
