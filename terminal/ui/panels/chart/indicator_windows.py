"""Opens the windows that add and change a chart's indicators, and does on the chart what they say."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from terminal.app.views.chart_indicators import ChartIndicator, IndicatorChoice, IndicatorSet
from terminal.market.indicators.spec import IndicatorError
from terminal.ui.panels.chart.indicator_editor import IndicatorEditor
from terminal.ui.panels.chart.indicator_picker import IndicatorPicker
from terminal.ui.theme.theme import Theme


class IndicatorWindows(QObject):
    """One picker and one editor a chart; neither stops the chart."""

    def __init__(
        self, indicators: IndicatorSet, owner: QWidget, changed: Callable[[], None], say: Callable[[str], None]
    ) -> None:
        """``changed``: the chart must follow; ``say``: a sentence for the trader."""
        super().__init__(owner)
        self._indicators, self._owner = indicators, owner
        self._changed, self._say = changed, say
        self._picker: IndicatorPicker | None = None
        self._editor: IndicatorEditor | None = None

    def pick(self) -> IndicatorPicker:
        """Opens the picker, or brings it to the front."""
        if self._picker is None or not isValid(self._picker):
            self._picker = IndicatorPicker(self._indicators, self._owner.window())
            self._picker.chosen.connect(self._add)
        self._picker.show()
        self._picker.raise_()
        self._picker.activateWindow()
        return self._picker

    def edit(self, item: ChartIndicator, theme: Theme) -> IndicatorEditor:
        """Opens the editor of an indicator in place of another's."""
        self.close_editor()
        editor = IndicatorEditor(item, theme, self._owner.window())
        editor.changed.connect(self._change)
        editor.again.connect(self._again)
        editor.removed.connect(self.remove)
        self._editor = editor
        editor.show()
        return editor

    def close_editor(self) -> None:
        """Closes the editor if it is open."""
        if self._editor is not None and isValid(self._editor):
            self._editor.close()
        self._editor = None

    def close(self) -> None:
        """The chart goes."""
        self.close_editor()
        if self._picker is not None and isValid(self._picker):
            self._picker.close()
        self._picker = None

    def show_problems(self) -> None:
        """What went wrong may be news for the open editor."""
        if self._editor is not None and isValid(self._editor) and self._editor.isVisible():
            self._editor.show_problem()

    @Slot(object)
    def _add(self, choice: IndicatorChoice) -> None:
        try:
            self._indicators.add(choice)
        except IndicatorError as problem:
            self._say(f"Chart: {problem}.")
        self._changed()

    @Slot(object, object)
    def _change(self, item: ChartIndicator, choice: IndicatorChoice) -> None:
        self._indicators.change(item, choice)
        self._changed()

    @Slot(object)
    def _again(self, item: ChartIndicator) -> None:
        try:
            self._indicators.again(item)
        except IndicatorError as problem:
            self._say(f"Chart: {problem}.")
        self._changed()

    @Slot(object)
    def remove(self, item: ChartIndicator) -> None:
        """Takes an indicator off the chart."""
        if self._editor is not None and isValid(self._editor) and self._editor.item is item:
            self.close_editor()
        self._indicators.remove(item)
        self._changed()
