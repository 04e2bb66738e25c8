"""Where the parts of the heatmap stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from PySide6.QtCore import QRect

HEAD_PX = 22
AXIS_PX = 18
_BOOK_FROM_PX, _BOOK_PX = 360, 76
_VOLUME_FROM_PX, _VOLUME_PX = 520, 56
_BAR_FROM_PX, _BAR_PX = 300, 96


@dataclass(frozen=True)
class Geometry:
    """From the widget's size and the width of its price axis. Narrow widgets go without the columns beside the plot.

    Its rectangles are computed once; do not change them.
    """

    width: int
    height: int
    price_axis: int

    @property
    def book_width(self) -> int:
        """Of the book's column, 0 for none."""
        return _BOOK_PX if self.width >= _BOOK_FROM_PX else 0

    @property
    def volume_width(self) -> int:
        """Of the traded volume's column, 0 for none."""
        return _VOLUME_PX if self.width >= _VOLUME_FROM_PX else 0

    @cached_property
    def plot(self) -> QRect:
        """The heatmap itself."""
        width = self.width - self.price_axis - self.book_width - self.volume_width
        return QRect(0, HEAD_PX, max(1, width), max(1, self.height - HEAD_PX - AXIS_PX))

    @cached_property
    def book(self) -> QRect:
        """The book of the moment."""
        plot = self.plot
        return QRect(plot.right() + 1, plot.top(), self.book_width, plot.height())

    @cached_property
    def volume(self) -> QRect:
        """What was traded at each price."""
        book = self.book
        return QRect(book.right() + 1, book.top(), self.volume_width, book.height())

    @cached_property
    def prices(self) -> QRect:
        """The price axis."""
        return QRect(self.width - self.price_axis, HEAD_PX, self.price_axis, self.plot.height())

    @cached_property
    def times(self) -> QRect:
        """The time axis."""
        return QRect(0, self.height - AXIS_PX, self.plot.width(), AXIS_PX)

    @cached_property
    def head(self) -> QRect:
        """The row over the plot."""
        return QRect(0, 0, self.width, HEAD_PX)

    @cached_property
    def foot(self) -> QRect:
        """The time axis, and what is left beside it."""
        return QRect(0, self.height - AXIS_PX, self.width, AXIS_PX)

    @cached_property
    def colour_bar(self) -> QRect:
        """The colour bar in the head; empty when there is no room."""
        width = _BAR_PX if self.width >= _BAR_FROM_PX else 0
        return QRect(self.width - width - 40, 7, width, 8)
