"""The row of buttons over a chart: time frames, kind of bars, scale, indicators."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QToolButton, QWidget

from terminal.app.views.chart import ChartKind
from terminal.app.views.chart_frames import MORE, PRESETS, frame
from terminal.app.views.chart_profile import ProfileKind

KIND_WORDS = {
    ChartKind.CANDLES: "Candles", ChartKind.HOLLOW: "Hollow candles", ChartKind.BARS: "Bars", ChartKind.LINE: "Line",
    ChartKind.AREA: "Area", ChartKind.HEIKIN_ASHI: "Heikin-Ashi",
}  # fmt: skip
PROFILE_WORDS = {
    ProfileKind.OFF: "No volume profile", ProfileKind.VISIBLE: "Of the bars in view",
    ProfileKind.SESSION: "Of the session's trades",
}  # fmt: skip
_LEAST_PX, _SPARE_PX = 120, 20
_AVERAGED = (
    "Averages of bars, made for the eye: no trade happened at these prices. The last price stays the traded one."
)


class ChartHead(QWidget):
    """Says what a person chose; the panel says what is so."""

    frame_chosen = Signal(str)
    kind_chosen = Signal(object)
    log_chosen = Signal(bool)
    profile_chosen = Signal(object)
    indicators_wanted = Signal()
    newest_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(1)
        self.buttons = QButtonGroup(self)
        for number, name in enumerate(PRESETS, start=1):
            button = _button(name, f"Bars of {frame(name).words}; or type a number over the chart")
            button.setCheckable(True)
            self.buttons.addButton(button, number)
            row.addWidget(button)
        self.more = _button("▾", "More time frames: trades, volume and turnover too")
        self.more.setCheckable(True)
        self.more.setMenu(self._frame_menu())
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row.addWidget(self.more)
        row.addSpacing(8)
        self.kind = _button("Candles", "How bars are drawn")
        self.kind.setMenu(self._kind_menu())
        self.kind.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.log = _button("Log", "Logarithmic prices: equal heights are equal percentages (Alt+L)")
        self.log.setCheckable(True)
        self.indicators = _button("Indicators", "Add and change indicators (/)")
        self.newest = _button("Newest ▸", "Follow the newest bar (Home, or double click)")
        self.profile = _button("Profile", "Volume by price: where most was traded, and between which prices 70% of it")
        self.profile.setCheckable(True)
        self.profile.setMenu(self._profile_menu())
        self.profile.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        for each in (self.kind, self.log, self.indicators, self.profile):
            row.addWidget(each)
        row.addStretch(1)
        row.addWidget(self.newest)
        self.buttons.idClicked.connect(self._preset)
        self.log.clicked.connect(self.log_chosen)
        self.indicators.clicked.connect(self.indicators_wanted)
        self.newest.clicked.connect(self.newest_wanted)

    def add_tool(self, button: QToolButton) -> None:
        """Puts a button beside the indicators'."""
        self._row.insertWidget(self._row.indexOf(self.indicators) + 1, button)

    def minimumSizeHint(self) -> QSize:
        """A chart may be narrow: buttons of time frames give way, the menu beside them has all."""
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shows as many presets as there is room for, the one in use first."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        layout = self.layout()
        presets = self.buttons.buttons()
        widgets = [layout.itemAt(n).widget() for n in range(layout.count())]
        others = [each for each in widgets if each is not None and each not in presets and not each.isHidden()]
        room = self.width() - _SPARE_PX - sum(each.sizeHint().width() + 1 for each in others)
        for button in sorted(presets, key=lambda each: not each.isChecked()):
            room -= button.sizeHint().width() + 1
            button.setVisible(room >= 0)
        checked = self.buttons.checkedButton()
        if checked is not None:
            self.more.setText(f"{checked.text()} ▾" if checked.isHidden() else "▾")
        # The one long word gives way before it is cut in the middle.
        self.indicators.setText("Indicators")
        shown = [each for each in widgets if each is not None and not each.isHidden()]
        if sum(each.sizeHint().width() + 1 for each in shown) + _SPARE_PX > self.width():
            self.indicators.setText("Ind.")

    def show_frame(self, name: str) -> None:
        """Marks a time frame."""
        known = name in PRESETS
        self.buttons.setExclusive(known)
        for button in self.buttons.buttons():
            button.setChecked(button.text() == name)
        self.buttons.setExclusive(True)
        self.more.setText("▾" if known else f"{name} ▾")
        self.more.setChecked(not known)
        self._fit()

    def show_kind(self, kind: ChartKind) -> None:
        """Marks a kind of bars."""
        self.kind.setText(KIND_WORDS[kind])
        self.kind.setToolTip(_AVERAGED if kind is ChartKind.HEIKIN_ASHI else "How bars are drawn")
        for action in self._kinds.actions():
            action.setChecked(action.data() == kind.value)

    def show_scale(self, *, is_log: bool) -> None:
        """Marks the scale."""
        self.log.setChecked(is_log)

    def show_profile(self, kind: ProfileKind) -> None:
        """Marks whose volume is shown."""
        self.profile.setChecked(kind is not ProfileKind.OFF)
        for action in self._profiles.actions():
            action.setChecked(action.data() == kind.value)

    def _profile_menu(self) -> QMenu:
        menu = QMenu(self)
        self._profiles = QActionGroup(menu)
        for kind, words in PROFILE_WORDS.items():
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setData(kind.value)
            self._profiles.addAction(action)
        menu.triggered.connect(self._profile_chosen)
        return menu

    @Slot(QAction)
    def _profile_chosen(self, action: QAction) -> None:
        self.profile_chosen.emit(ProfileKind(action.data()))

    def _frame_menu(self) -> QMenu:
        menu = QMenu(self)
        for name in (*PRESETS, *MORE):
            action = menu.addAction(f"{name}\t{frame(name).words}")
            action.setData(name)
        menu.triggered.connect(self._more_chosen)
        return menu

    def _kind_menu(self) -> QMenu:
        menu = QMenu(self)
        self._kinds = QActionGroup(menu)
        for kind, words in KIND_WORDS.items():
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setData(kind.value)
            if kind is ChartKind.HEIKIN_ASHI:
                action.setToolTip(_AVERAGED)
            self._kinds.addAction(action)
        menu.setToolTipsVisible(True)
        menu.triggered.connect(self._kind_chosen)
        return menu

    @Slot(int)
    def _preset(self, number: int) -> None:
        self.frame_chosen.emit(PRESETS[number - 1])

    @Slot(QAction)
    def _more_chosen(self, action: QAction) -> None:
        self.frame_chosen.emit(str(action.data()))

    @Slot(QAction)
    def _kind_chosen(self, action: QAction) -> None:
        self.kind_chosen.emit(ChartKind(action.data()))


def _button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setProperty("role", "flat")
    button.setToolTip(tip)
    button.setAccessibleName(tip.partition(";")[0])
    return button
