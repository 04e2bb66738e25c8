"""Where the parts of the heatmap stand."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect

HEAD_PX = 22
AXIS_PX = 18
_BOOK_FROM_PX, _BOOK_PX = 360, 76
_VOLUME_FROM_PX, _VOLUME_PX = 520, 56
_BAR_FROM_PX, _BAR_PX = 300, 96


@dataclass(frozen=True, slots=True)
class Geometry:
    """From the widget's size and the width of its price axis. Narrow widgets go without the columns beside the plot."""

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

    @property
    def plot(self) -> QRect:
        """The heatmap itself."""
        width = self.width - self.price_axis - self.book_width - self.volume_width
        return QRect(0, HEAD_PX, max(1, width), max(1, self.height - HEAD_PX - AXIS_PX))

    @property
    def book(self) -> QRect:
        """The book of the moment."""
        plot = self.plot
        return QRect(plot.right() + 1, plot.top(), self.book_width, plot.height())

    @property
    def volume(self) -> QRect:
        """What was traded at each price."""
        book = self.book
        return QRect(book.right() + 1, book.top(), self.volume_width, book.height())

    @property
    def prices(self) -> QRect:
        """The price axis."""
        return QRect(self.width - self.price_axis, HEAD_PX, self.price_axis, self.plot.height())

    @property
    def times(self) -> QRect:
        """The time axis."""
        return QRect(0, self.height - AXIS_PX, self.plot.width(), AXIS_PX)

    @property
    def colour_bar(self) -> QRect:
        """The colour bar in the head; empty when there is no room."""
        width = _BAR_PX if self.width >= _BAR_FROM_PX else 0
        return QRect(self.width - width - 40, 7, width, 8)
