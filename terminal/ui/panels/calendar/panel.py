"""The calendar panel: coming events with days to go, and what options imply for them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout

from terminal.app.event_moves import implied_move, past_moves
from terminal.app.tasks import Task
from terminal.app.views.calendar import KINDS, Moves, calendar_rows, coming
from terminal.app.views.export import plain_rows
from terminal.core.clock import from_ns
from terminal.core.instruments import Instrument, UnknownInstrumentError
from terminal.infra.failures import UserFacingError
from terminal.market.importers.events.found import FIRST_DAY, LAST_DAY
from terminal.market.importers.events.reading import read_events_file, source_of
from terminal.store.events import EventKind, MarketEvent
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.column_fit import ColumnFit
from terminal.ui.widgets.columns import Align, Column, Tone, as_is
from terminal.ui.widgets.elided_label import ElidedLabel
from terminal.ui.widgets.table import DataTable

_COLUMNS = (
    Column("day", "Day", "New York's day", as_is, 106, Align.LEFT),
    Column("to_go", "Days", "Calendar days to go", as_is, 40),
    Column("when", "Time", "New York, or its part of the day", as_is, 80, Align.LEFT, Tone.LABEL),
    Column("symbol", "Symbol", "Underlying, or the whole market", as_is, 56, Align.LEFT, bold=True),
    Column("kind", "Kind", "What sort of event", as_is, 62, Align.LEFT),
    Column("what", "What", "Title, amount or ratio", as_is, 126, Align.LEFT, Tone.LABEL),
    Column("implied", "Implied", "One standard deviation that the options put on the earnings", as_is, 58),
    Column("past", "Past", "Root mean square of the recorded moves across earnings, and how many", as_is, 76),
)
_SHOWN_AT_FIRST = frozenset({EventKind.EARNINGS, EventKind.DIVIDEND, EventKind.SPLIT, EventKind.MACRO})


class CalendarPanel(Panel):
    """Earnings, dividends, splits, releases and expiries that are known now."""

    TYPE, TITLE = "calendar", "Calendar"
    NEEDS = Needs.SECOND
    MIN_INTERVAL_MS = 500
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("import", "Import events from a CSV or ICS file…", "import_file", ("Insert",)),
        PanelCommand("scope", "Events of the symbol, or of all", "toggle_scope", ("Space",)),
    )

    finished = Signal()
    """A file was read, on another thread."""

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._said: list[tuple[str, bool]] = []
        self.finished.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        self._underlying: int | None = None
        self._kinds = set(_SHOWN_AT_FIRST)
        self._all = True
        self._seen: tuple[object, ...] = ()
        self.table = DataTable(_COLUMNS, context.clock, context.theme, "Coming events")
        self.table.set_empty(
            "No event of these kinds is known. Import a CSV or ICS file.", "Import\N{HORIZONTAL ELLIPSIS}",
            self.import_file,
        )  # fmt: skip
        places = self.table.table_model.place_of
        groups = [[places[key]] for key in ("day", "symbol", "kind", "to_go", "what", "implied", "past", "when")]
        self._fit = ColumnFit(self.table, groups, spread=[places["what"]])
        self.scope = QToolButton()
        self.scope.setProperty("role", "flat")
        self.scope.setCheckable(True)
        self.scope.setToolTip("Only the events of the symbol (Space)")
        self.scope.clicked.connect(self.toggle_scope)
        self.filters: dict[EventKind, QToolButton] = {}
        self.note = ElidedLabel()
        self.note.setProperty("role", "faint")
        self.import_button = QPushButton("Import\N{HORIZONTAL ELLIPSIS}")
        self.import_button.clicked.connect(self.import_file)
        head = QHBoxLayout()
        head.setContentsMargins(4, 2, 4, 2)
        head.setSpacing(2)
        head.addWidget(self.scope)
        for kind in KINDS:
            button = QToolButton()
            button.setText(
                {"macro": "Macro", "expiry": "Expiries", "earnings": "Earnings"}.get(
                    kind.value, f"{kind.value.capitalize()}s"
                )
            )
            button.setProperty("role", "flat")
            button.setCheckable(True)
            button.toggled.connect(self._filtered)
            self.filters[kind] = button
            head.addWidget(button)
        head.addWidget(self.note, 1)
        head.addWidget(self.import_button)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        self.setFocusProxy(self.table)
        self.table.row_chosen.connect(self._row_chosen)
        self._show_filters()

    def _show_filters(self) -> None:
        for kind, button in self.filters.items():
            button.blockSignals(True)
            button.setChecked(kind in self._kinds)
            button.blockSignals(False)
        symbol = self._symbol()
        self.scope.setText(f"{symbol} only" if symbol else "Symbol only")
        self.scope.setChecked(not self._all)

    def _symbol(self) -> str:
        return "" if self._underlying is None else self.context.desk.table.get(self._underlying).symbol

    def show_instrument(self, instrument: Instrument) -> None:
        """An option shows its underlying."""
        self._underlying = instrument.id if instrument.option is None else instrument.option.underlying
        self._seen = ()
        self._show_filters()

    def refresh(self, frame: Frame) -> None:
        """The events that are known now; anew when the minute, the calendar or what is asked changed."""
        desk = self.context.desk
        now_ns = desk.clock.now_ns()
        symbol = self._symbol()
        seen = (
            desk.events.version, desk.vol_history.version, now_ns // 10**10, self._underlying, self._all,
            frozenset(self._kinds), len(desk.table),
        )  # fmt: skip
        if seen == self._seen:
            return
        self._seen = seen
        scope = None if self._all or not symbol else symbol
        events = coming(desk.events, scope, self._underlying, now_ns, frozenset(self._kinds))
        cache: dict[str, Moves | None] = {}
        rows = calendar_rows(desk.events, events, now_ns, lambda event: self._moves(event, now_ns, cache))
        self.table.set_rows(rows.keys, rows.values, tones=rows.tones, tips=rows.tips)
        self.note.setText(f"{len(rows.keys)} events")

    def _moves(self, event: MarketEvent, now_ns: int, cache: dict[str, Moves | None]) -> Moves | None:
        """Of a symbol's next earnings; those after them and past ones have no implied move."""
        desk = self.context.desk
        instant_ns = desk.events.instant_ns(event)
        if instant_ns <= now_ns or event.symbol in cache:
            return None
        cache[event.symbol] = None
        try:
            underlying = desk.table.find(event.symbol).id
        except UnknownInstrumentError:
            return None
        values, series = desk.analytics.values(underlying), desk.vol_history.series(event.symbol)
        implied = implied_move(values, instant_ns) if values is not None else float("nan")
        today = from_ns(now_ns).date()
        before = desk.events.between(event.symbol, FIRST_DAY, today, now_ns, frozenset({EventKind.EARNINGS}))
        past = past_moves(before, series.known_at(now_ns)) if series is not None else None
        found = Moves(implied, float("nan") if past is None else past.typical, 0 if past is None else len(past.moves))
        cache[event.symbol] = found
        return found

    def toggle_scope(self) -> None:
        """Of the symbol, or of all."""
        self._all = not self._all
        self._show_filters()
        self.mark_dirty()

    def _filtered(self) -> None:
        self._kinds = {kind for kind, button in self.filters.items() if button.isChecked()}
        self.mark_dirty()

    def _row_chosen(self, key: Any) -> None:
        source, uid = key
        for event in self.context.desk.events.between(None, FIRST_DAY, LAST_DAY, 2**62):
            if (event.source, event.uid) == (source, uid) and event.symbol:
                try:
                    self.publish(self.context.desk.table.find(event.symbol).id)
                except UnknownInstrumentError:
                    return
                return

    def import_file(self) -> None:
        """Asks for a file and reads it in the background."""
        name, _ = QFileDialog.getOpenFileName(self, "Import events", "", "Calendars (*.csv *.ics)")
        if name:
            self.take_file(Path(name))

    def take_file(self, path: Path) -> None:
        """Reads a file into the calendar; says how many events came and which line was refused first."""
        desk = self.context.desk
        said: list[tuple[str, bool]] = []

        def work(_task: Task) -> None:
            now_ns = time.time_ns()
            try:
                found = read_events_file(path, now_ns)
                new = desk.events.store(source_of(path), found.events, now_ns)
            except UserFacingError as problem:
                said.append((problem.message, True))
                return
            said.append((f"{len(found.events)} events from {path.name}, {new} of them new.", False))
            if found.problems:
                more = f" ({len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
                said.append((f"{path.name}: {found.problems[0]}{more}", True))

        self._said = said
        desk.tasks.start(f"Reading {path.name}", work, lambda _task: self.finished.emit())

    def _tell(self) -> None:
        for text, is_error in self._said:
            self.context.shell.notify(text, error=is_error)
        self.mark_dirty()

    def subtitle(self) -> str:
        """The underlying whose expiries are shown."""
        return self._symbol()

    def apply_theme(self, theme: Theme) -> None:
        """New colours for the table."""
        self.table.apply_theme(theme)

    def save_settings(self) -> Settings:
        """Kinds and scope."""
        return {"kinds": sorted(kind.value for kind in self._kinds), "all": self._all}

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Kinds and scope."""
        kinds = settings.get("kinds")
        if isinstance(kinds, list):
            self._kinds = {kind for kind in KINDS if kind.value in kinds}
        if isinstance(settings.get("all"), bool):
            self._all = settings["all"]
        self._show_filters()

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """The rows as shown."""
        return plain_rows(*self.table.export_rows())
