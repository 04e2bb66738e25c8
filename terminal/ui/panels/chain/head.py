"""What stands above the strikes: expiry, spot, which strikes, the trader's rate."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QWidget

from terminal.app.views.chain import Series
from terminal.app.views.chain_window import WINDOWS
from terminal.ui.panels.chain.rate_box import RateBox
from terminal.ui.widgets.elided_label import ElidedLabel


class ExpiryBox(QComboBox):
    """One line a series."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Expiry")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMaxVisibleItems(24)

    def label(self, series: Sequence[Series], now_ns: int) -> None:
        """Days left and "expired", as they are now."""
        with_root = len({each.root for each in series}) > 1
        for place, each in enumerate(series):
            label = each.label(now_ns, with_root=with_root)
            if place < self.count() and self.itemText(place) != label:
                self.setItemText(place, label)

    @staticmethod
    def first_choice(series: Sequence[Series], wanted: str, now_ns: int) -> int:
        """The place of the series whose key is ``wanted``, else of the first that lives, else of the last."""
        keys = [each.key for each in series]
        if wanted in keys:
            return keys.index(wanted)
        alive = [place for place, each in enumerate(series) if each.expires_ns > now_ns]
        return alive[0] if alive else len(keys) - 1


class ChainHead(QWidget):
    """The boxes; what they do is the panel's."""

    def __init__(self) -> None:
        super().__init__()
        self.expiry = ExpiryBox()
        self.spot = QLabel()
        self.spot.setProperty("role", "value")
        self.strikes = QComboBox()
        self.strikes.setAccessibleName("Which strikes")
        self.strikes.setToolTip(
            "Which strikes are listed: all, so many on either side of the spot, those whose delta is not beyond a "
            "limit, or those within standard deviations of the forward until expiry."
        )
        for window in WINDOWS:
            self.strikes.addItem(window.title, window.key)
        self.rate = RateBox()
        self.centre_button = QToolButton()
        self.centre_button.setText("Centre")
        self.centre_button.setProperty("role", "flat")
        self.centre_button.setToolTip("Scroll to the strike nearest to the spot (Ctrl+Home)")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(8)
        row.addWidget(self.expiry)
        row.addWidget(self.spot, 1)
        for box in (self.strikes, self.rate, self.centre_button):
            row.addWidget(box)


class ChainCaption(QWidget):
    """Calls on the left, puts on the right, and between them ``method``: units and how the vols are reckoned."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 16, 0)
        self.method = ElidedLabel()
        for label, stretch in ((QLabel("Calls"), 0), (self.method, 1), (QLabel("Puts"), 0)):
            label.setProperty("role", "faint")
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            row.addWidget(label, stretch)
