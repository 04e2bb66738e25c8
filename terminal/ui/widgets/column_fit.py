"""Shows as many columns as fit, the important ones first, until a person chooses columns."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Slot
from PySide6.QtWidgets import QTableView


class ColumnFit(QObject):
    """Watches a table's width. ``order``: groups of columns (places) by importance, which come and go together; those
    at the end go first when it is narrow, and columns in no group wait for a person to show them. ``spread``: places
    that share the room that is left. ``must_follow``: whether a group stays out with every more important one that has
    no room; else a narrow column takes the room that a wider group cannot use. Once a person has hidden, shown or
    resized a column, nothing is changed any more.
    """

    def __init__(
        self,
        table: QTableView,
        order: Sequence[Sequence[int]],
        *,
        spread: Sequence[int] = (),
        must_follow: bool = True,
    ) -> None:
        super().__init__(table)
        self._table = table
        self._order = tuple(tuple(group) for group in order)
        self._spread = frozenset(spread)
        self._must_follow = must_follow
        head = table.horizontalHeader()
        self._widths = {place: head.sectionSize(place) or 60 for place in range(head.count())}
        self._applied: frozenset[int] | None = None
        self._busy = False
        self.is_chosen = False
        """Whether a person has chosen columns."""
        head.sectionResized.connect(self._resized)
        table.viewport().installEventFilter(self)

    def set_widths(self, widths: dict[int, int]) -> None:
        """Natural widths by place, for a table whose fonts have changed."""
        self._widths.update(widths)
        self.fit()

    def choose(self) -> None:
        """The columns are a person's choice from now on (they came from the settings)."""
        self.is_chosen = True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fits again when the width changes."""
        if event.type() == QEvent.Type.Resize:
            self.fit()
        return False

    def fit(self) -> None:
        """Hides what does not fit and gives away the rest; nothing once a person has chosen."""
        if self._applied is not None and self._hidden() != self._applied:
            self.is_chosen = True
        if self.is_chosen:
            return
        room = self._table.viewport().width()
        shown: list[int] = []
        for group in self._order:
            width = sum(self._widths[place] for place in group)
            if width > room and shown:
                if self._must_follow:
                    break
                continue
            room -= width
            shown += group
        self._apply(frozenset(shown), max(0, room))

    def _apply(self, shown: frozenset[int], room: int) -> None:
        self._busy = True
        taking = [place for place in shown if place in self._spread]
        share, rest = divmod(room, len(taking)) if taking else (0, 0)
        for place in range(len(self._widths)):
            self._table.setColumnHidden(place, place not in shown)
            if place in shown:
                extra = share if place in self._spread else 0
                if rest and place in self._spread:
                    extra, rest = extra + 1, rest - 1
                self._table.setColumnWidth(place, self._widths[place] + extra)
        self._applied = self._hidden()
        self._busy = False

    def _hidden(self) -> frozenset[int]:
        return frozenset(place for place in self._widths if self._table.isColumnHidden(place))

    @Slot(int, int, int)
    def _resized(self, _place: int, old: int, new: int) -> None:
        if not self._busy and old and new and self._applied is not None:
            self.is_chosen = True
