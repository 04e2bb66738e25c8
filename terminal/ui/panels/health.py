"""The health panel: how each part of the desk is, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtWidgets import QLabel, QVBoxLayout

from terminal.app.views.export import plain_rows
from terminal.app.views.health import health_rows, verdict
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelContext, Settings
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.column_fit import ColumnFit
from terminal.ui.widgets.columns import Align, Column, Tone, as_is
from terminal.ui.widgets.table import DataTable

_COLUMNS = (
    Column("state", "State", "Good, watch, bad or off", as_is, 70, Align.LEFT),
    Column("part", "Part", "Which part of the desk", as_is, 130, Align.LEFT, bold=True),
    Column("value", "Now", "The figure or word of now", as_is, 130, Align.LEFT),
    Column("note", "What it means", "What to know or to do", as_is, 160, Align.LEFT, Tone.LABEL),
)


class HealthPanel(Panel):
    """Rows of :class:`terminal.app.ports.Health`, the worst first."""

    TYPE, TITLE = "health", "Health"
    NEEDS = Needs.ALWAYS
    MIN_INTERVAL_MS = 250
    LINKABLE = False

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self.verdict = QLabel()
        self.verdict.setObjectName("sentence")
        self.verdict.setContentsMargins(8, 4, 8, 4)
        self.table = DataTable(_COLUMNS, context.clock, context.theme, "Health of the desk")
        places = self.table.table_model.place_of
        groups = [[places[key]] for key in ("state", "part", "value", "note")]
        self._fit = ColumnFit(self.table, groups, spread=[places["note"]])
        self.table.set_empty("Nothing has reported yet.")
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.verdict)
        layout.addWidget(self.table, 1)
        self.setFocusProxy(self.table)

    def refresh(self, frame: Frame) -> None:
        """Asks the desk how it is."""
        found = self.context.desk.health.rows()
        rows = health_rows(found)
        self.table.set_rows(rows.keys, rows.values, tones=rows.tones, tips=rows.tips)
        line = verdict(found)
        if line != self.verdict.text():
            self.verdict.setText(line)
            self.verdict.setVisible(bool(line))

    def apply_theme(self, theme: Theme) -> None:
        """New colours for the table."""
        self.table.apply_theme(theme)

    def save_settings(self) -> Settings:
        """Columns."""
        return {"table": self.table.save_state()} if self._fit.is_chosen else {}

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Columns."""
        if isinstance(settings.get("table"), dict):
            self.table.restore_state(settings["table"])
            self._fit.choose()

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """The rows as shown."""
        return plain_rows(*self.table.export_rows())
