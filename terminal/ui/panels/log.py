"""The log panel: what the desk wrote down, by level, by words, or along one chain from key press to fill."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPlainTextEdit, QToolButton, QVBoxLayout

from terminal.app.views.export import plain_rows
from terminal.app.views.log_lines import LEVELS, filtered, level_word, log_rows
from terminal.infra.logs import LogEntry
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.column_fit import ColumnFit
from terminal.ui.widgets.columns import Align, Column, Tone, as_is
from terminal.ui.widgets.table import DataTable

_COLUMNS = (
    Column("time", "Time", "The machine's own time, shown in New York", as_is, 100, Align.LEFT, Tone.LABEL),
    Column("level", "Level", "debug, info, warn or error", as_is, 46, Align.LEFT),
    Column("source", "From", "The room that wrote the line", as_is, 90, Align.LEFT, Tone.LABEL),
    Column(
        "correlation",
        "Chain",
        "One id from a key press to its fill; click to follow it",
        as_is,
        84,
        Align.LEFT,
        Tone.FAINT,
        mono=True,
    ),
    Column("text", "Text", "What happened", as_is, 200, Align.LEFT),
)


class LogPanel(Panel):
    """Newest first. A click on a chain's id shows that chain alone."""

    TYPE, TITLE = "log", "Log"
    NEEDS = Needs.LOG
    MIN_INTERVAL_MS = 200
    LINKABLE = False
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("find", "Find in the log", "start_finding", ("Ctrl+F",)),
        PanelCommand("clear", "Show the whole log", "clear_filters", ("Escape",)),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._correlation = ""
        self._entries: dict[Hashable, LogEntry] = {}
        self.level = QComboBox()
        self.level.setAccessibleName("Least level")
        for each in LEVELS:
            self.level.addItem(f"{level_word(each)} and above" if each != LEVELS[-1] else "errors only", each)
        self.level.setCurrentIndex(LEVELS.index(logging.INFO))
        self.words = QLineEdit()
        self.words.setPlaceholderText("Filter by words")
        self.words.setAccessibleName("Filter the log by words")
        self.words.setClearButtonEnabled(True)
        self.chain = QToolButton()
        self.chain.setToolTip("Shows all chains again")
        self.chain.hide()
        self.count = QLabel()
        self.count.setProperty("role", "faint")
        self.table = DataTable(_COLUMNS, context.clock, context.theme, "Log")
        places = self.table.table_model.place_of
        groups = [[places[key]] for key in ("time", "level", "text", "source", "correlation")]
        self._fit = ColumnFit(self.table, groups, spread=[places["text"]])
        self.table.set_empty("No line passes the filter.", "Show the whole log", self.clear_filters)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setObjectName("mono")
        self.details.setAccessibleName("The whole log line")
        self.details.setMaximumHeight(140)
        self.details.hide()
        self._lay_out()
        self.level.currentIndexChanged.connect(self._changed)
        self.words.textChanged.connect(self._changed)
        self.chain.clicked.connect(self._all_chains)
        self.table.cell_clicked.connect(self._cell_clicked)
        self.table.row_chosen.connect(self._show_details)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(4, 2, 8, 2)
        head.setSpacing(4)
        head.addWidget(self.level)
        head.addWidget(self.words, 1)
        head.addWidget(self.chain)
        head.addWidget(self.count)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.details)
        self.setFocusProxy(self.table)

    def refresh(self, frame: Frame) -> None:
        """Reads what the log kept."""
        entries = self.context.desk.log.snapshot()
        found = filtered(entries, int(self.level.currentData()), self.words.text(), self._correlation)
        self._entries = {entry.sequence: entry for entry in found}
        rows = log_rows(found)
        self.table.set_rows(rows.keys, rows.values, tones=rows.tones, tips=rows.tips)
        self.count.setText(f"{len(found):,} of {len(entries):,} lines")

    def apply_theme(self, theme: Theme) -> None:
        """New colours for the table."""
        self.table.apply_theme(theme)

    def save_settings(self) -> Settings:
        """Level and columns; not the words, which were of their moment."""
        settings: Settings = {"level": level_word(int(self.level.currentData()))}
        if self._fit.is_chosen:
            settings["table"] = self.table.save_state()
        return settings

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        words = [level_word(each) for each in LEVELS]
        if settings.get("level") in words:
            self.level.setCurrentIndex(words.index(settings["level"]))
        if isinstance(settings.get("table"), dict):
            self.table.restore_state(settings["table"])
            self._fit.choose()

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """The rows as shown."""
        return plain_rows(*self.table.export_rows())

    def start_finding(self) -> None:
        """Puts the cursor into the filter."""
        self.words.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.words.selectAll()

    def clear_filters(self) -> None:
        """Shows every line again, from info upwards."""
        self.words.clear()
        self.level.setCurrentIndex(LEVELS.index(logging.INFO))
        self._follow("")
        self.details.hide()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _follow(self, correlation: str) -> None:
        self._correlation = correlation
        self.chain.setText(f"chain {correlation}  ×")
        self.chain.setVisible(bool(correlation))
        self.mark_dirty()

    @Slot()
    def _changed(self) -> None:
        self.mark_dirty()

    @Slot()
    def _all_chains(self) -> None:
        self._follow("")

    @Slot(object, str, object)
    def _cell_clicked(self, key: Hashable, column: str, _modifiers: object) -> None:
        entry = self._entries.get(key)
        if entry is not None and column == "correlation" and entry.correlation:
            self._follow(entry.correlation)

    @Slot(object)
    def _show_details(self, key: Hashable) -> None:
        entry = self._entries.get(key)
        whole = entry.message if entry is not None else ""
        self.details.setPlainText(whole)
        self.details.setVisible("\n" in whole)
