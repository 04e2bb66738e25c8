"""The window: strip, menu, workspaces, status bar. It wires; what it shows is made elsewhere."""

from __future__ import annotations

import logging
import time

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QWidget

from terminal.app import ages
from terminal.app.alerts import Level
from terminal.app.arming import ArmState, DisarmReason
from terminal.app.commands import Command
from terminal.app.desk_port import DeskPort
from terminal.app.drafts import SharedDraft
from terminal.app.keymap import Keymap
from terminal.app.looking_back import PastWords
from terminal.app.opening_symbols import opening_symbols
from terminal.app.status import Segment, segments
from terminal.app.workspaces import WorkspaceError, WorkspaceStore
from terminal.infra.failures import UserFacingError
from terminal.infra.logs import correlated, new_correlation
from terminal.ui.bridge.frame_clock import Frame, FrameClock, Needs, Pulse
from terminal.ui.bridge.frame_statistics import FrameSummary
from terminal.ui.bridge.meter_sampler import MeterSampler
from terminal.ui.bridge.paint_forecast import work_ns
from terminal.ui.bridge.wake import WakeQueue
from terminal.ui.bridge.watchdog import StallWatchdog
from terminal.ui.panel import Panel, PanelContext, registry_commands
from terminal.ui.panel_registry import PanelRegistry
from terminal.ui.shell import standard_commands
from terminal.ui.shell.key_bindings import KeyBindings
from terminal.ui.shell.menus import MainMenu
from terminal.ui.shell.meter_hud import MeterHud
from terminal.ui.shell.mode_frame import ModeFrame
from terminal.ui.shell.palette import CommandPalette
from terminal.ui.shell.playback_bar import SPEEDS, PlaybackBar
from terminal.ui.shell.status_bar import StatusBar
from terminal.ui.shell.symbol_entry import SymbolEntry
from terminal.ui.shell.toasts import ToastStack
from terminal.ui.shell.window_actions import WindowActions
from terminal.ui.shell.workspace_switcher import WorkspaceSwitcher
from terminal.ui.shell.workspace_tabs import WorkspaceTabs
from terminal.ui.theme.icons import IconSet
from terminal.ui.theme.theme import Theme, ThemeSwitch

_log = logging.getLogger("moneyness.ui")


class MainWindow(QMainWindow):
    """Make it, ``show()`` it, call :meth:`ready` when the desk is up; ``closing`` tells that a person has closed it.

    ``panel_classes``: the classes behind ``registry``, whose commands are registered here. ``workspace``: which to open
    with, else the one last in use. ``watchdog``: looks at this thread from :meth:`ready` on. ``opengl``: may be used.
    """

    closing = Signal()

    needs = Needs.ALWAYS
    min_interval_ms = 500

    def __init__(
        self,
        desk: DeskPort,
        registry: PanelRegistry,
        panel_classes: tuple[type[Panel], ...],
        store: WorkspaceStore,
        themes: ThemeSwitch,
        *,
        keymap: Keymap | None = None,
        icons: IconSet | None = None,
        workspace: str = "",
        watchdog: StallWatchdog | None = None,
        opengl: bool = True,
    ) -> None:
        super().__init__()
        self.desk, self.themes, self._store, self._registry = desk, themes, store, registry
        self._keymap = keymap if keymap is not None else Keymap()
        self._icons = icons if icons is not None else IconSet(None)
        self._watchdog = watchdog if watchdog is not None else StallWatchdog()
        self._is_ready = False
        self._counted: FrameSummary | None = None
        self._was_shown = False
        self._past_text, self._past_words = "", PastWords()
        self.clock = FrameClock(self._pulse, self)
        self.sampler = MeterSampler(desk.meter, self.clock, self._watchdog, self._panels_on_screen)
        self.context = PanelContext(
            desk, desk.links, desk.commands, SharedDraft(), themes, self.clock, self, self.sampler, opengl=opengl
        )
        self.switcher = WorkspaceSwitcher(self, store, registry, self._icons, lambda: self.context)
        self.act = WindowActions(self, self, desk, self.switcher)
        self._register(panel_classes)
        self._compose()
        self._arming = WakeQueue[tuple[ArmState, DisarmReason | None]](self._armed)
        self._unarm = desk.arming.subscribe(lambda state, reason: self._arming.put((state, reason)))
        themes.changed.connect(self._theme_changed)
        self.switcher.changed.connect(self._workspace_changed)
        self._choose_opening_symbols()
        self.switcher.go(workspace if workspace and store.has(workspace) else store.last())
        self._frame.set_state(desk.arming.state)
        for problem in [*store.problems, *self._keymap.problems]:
            self.notify(problem, error=True)
        self.clock.start()

    # Building.

    def _register(self, panel_classes: tuple[type[Panel], ...]) -> None:
        desk = self.desk
        commands: list[Command] = standard_commands.window_commands(self.act, desk, self.themes)
        commands += standard_commands.panel_type_commands(self.act, self._registry)
        commands += standard_commands.workspace_commands(self._store.names(), self.switch_workspace)
        if desk.playback is not None:
            commands += standard_commands.playback_commands(desk.playback, SPEEDS)
        if desk.past is not None:
            commands += standard_commands.past_commands(desk.past, self._look_back, self._seek)
        for panel_class in panel_classes:
            commands += registry_commands(panel_class, self.switcher.active_panel)
        desk.commands.add(*self._keymap.apply(commands))
        desk.commands.on_failure(self._command_failed)

    def _compose(self) -> None:
        desk, theme = self.desk, self.themes.theme
        self._frame = ModeFrame(desk.mode, theme)
        self.setCentralWidget(self._frame)
        self.menu = MainMenu(desk.commands, self.run, self)
        self.tabs = WorkspaceTabs()
        self.tabs.wanted.connect(self.switch_workspace)
        top = QWidget()
        top.setObjectName("topRow")
        row = QHBoxLayout(top)
        row.setContentsMargins(2, 1, 2, 1)
        row.setSpacing(4)
        row.addWidget(self.menu)
        row.addWidget(self.tabs)
        self.playback_bar: PlaybackBar | None = None
        if desk.playback is not None:
            self.playback_bar = PlaybackBar(desk.playback, desk.past, desk.live_clock, self._icons, theme)
            self.playback_bar.command_wanted.connect(self.run)
            self.playback_bar.seek_wanted.connect(self._seek)
            self.playback_bar.look_wanted.connect(self._look_back)
            self.playback_bar.speed_wanted.connect(desk.playback.set_speed)
            row.addWidget(self.playback_bar, 1)
            self.clock.add(self.playback_bar)
        else:
            row.addStretch(1)
        self.status = StatusBar(self._segments, desk.tasks, theme)
        self.status.command_wanted.connect(self.run)
        for each in (top, self.switcher.stack, self.status):
            self._frame.column.addWidget(each)
        self._frame.column.setStretch(2, 1)
        self.hud = MeterHud(self.sampler, theme, self._frame)
        self.toasts = ToastStack(desk.alerts, self._frame)
        self.toasts.command_wanted.connect(self.run)
        self.palette_overlay = CommandPalette(desk.commands, self.themes, self._frame)
        self.palette_overlay.chosen.connect(self.run)
        self.symbol_entry = SymbolEntry(desk.table, self.themes, self._frame)
        self.symbol_entry.chosen.connect(self._symbol_chosen)
        self._symbol_target: Panel | None = None
        self._bindings = KeyBindings(desk.commands, self.run, self)
        for client in (self, self.status, self.toasts, self.hud):
            self.clock.add(client)

    def _pulse(self) -> Pulse:
        desk = self.desk
        self._watchdog.beat()
        desk.note_frame()
        self._say_past()
        return Pulse(desk.clock.now_ns(), desk.market.changed, desk.trading.version, desk.log.sequence)

    def _panels_on_screen(self) -> dict[str, QWidget]:
        return {panel_id: panel for panel_id, panel in self.switcher.view.panels.items() if panel.is_on_screen()}

    def _segments(self) -> tuple[Segment, ...]:
        return segments(self.desk, self.clock.statistics.recent_ms, self._is_ready)

    def _choose_opening_symbols(self) -> None:
        for group, instrument in opening_symbols(self.desk.table).items():
            if self.desk.links.instrument(group) is None:
                self.desk.links.choose(group, instrument)

    # The desk's life.

    def ready(self) -> None:
        """The desk is up: the status bar says so, and frame statistics count from now.

        On a screen the other workspaces are built first; without one nobody will go there.
        """
        self._choose_opening_symbols()
        if QGuiApplication.platformName() != "offscreen":
            self.switcher.prepare(self._store.names())
        self._is_ready = True
        self.clock.ready()
        self._watchdog.start()

    @property
    def is_ready(self) -> bool:
        """Whether the status bar says ready."""
        return self._is_ready

    def frame_summary(self) -> FrameSummary:
        """Frames, percentiles and the longest gap since :meth:`ready`, for the report."""
        return self._counted if self._counted is not None else self.clock.statistics.summary()

    def stop_counting(self) -> None:
        """The run is over: joining threads and taking pictures from now on are neither frames nor stalls."""
        self._counted = self.clock.statistics.summary()
        self._watchdog.stop()

    def is_on_screen(self) -> bool:
        """The window looks after arming and title whenever it is there."""
        return True

    def run_frame(self, frame: Frame) -> None:
        """Twice a second: idle arming, opening symbols that have only now arrived, the title."""
        self.desk.arming.check()
        self.sampler.look()
        if self.desk.links.instrument(1) is None:
            self._choose_opening_symbols()
        self._frame.strip.set_note(ages.day_text(frame.market_ns) if frame.market_ns > 0 else "")
        self._retitle()

    def _retitle(self) -> None:
        state = self.desk.arming.state
        armed = f" - {state.word}" if state.is_armed else ""
        # Last, where Qt looks for the program's name before it adds it a second time.
        word = "PAST" if self._past_text else self.desk.mode.word
        title = f"{word}{armed} - {self.switcher.name} - Moneyness"
        if title != self.windowTitle():
            self.setWindowTitle(title)

    def _armed(self, change: tuple[ArmState, DisarmReason | None]) -> None:
        state, reason = change
        self._frame.set_state(self.desk.arming.state)
        self._retitle()
        if not state.is_armed and reason not in {None, DisarmReason.PERSON}:
            self.notify(reason.value if reason is not None else "")

    # What panels and commands ask (Shell and WindowActions).

    @Slot(str)
    def run(self, command_id: str) -> bool:
        """Runs a command; counts as use of the desk. What it logs and orders carries one correlation id."""
        self.desk.arming.note_use()
        with correlated(new_correlation()):
            return self.desk.commands.run(command_id)

    def notify(self, text: str, *, error: bool = False) -> None:
        """Shows a toast."""
        level = Level.ERROR if error else Level.INFO
        self.desk.alerts.raise_(level, text, market_ns=self.desk.live_clock.now_ns())

    def open_panel(self, type_id: str, instrument: int | None = None) -> None:
        """Brings a panel of a type to the front, making it if there is none."""
        self.switcher.view.open_panel(type_id, instrument)

    def start_symbol_entry(self, panel: Panel | None, text: str) -> None:
        """Opens the symbol entry; what is chosen goes to ``panel``, else to the active one, else to group 1."""
        self._symbol_target = panel if panel is not None else self.switcher.active
        self.activateWindow()
        self.symbol_entry.open_with(text)

    @Slot(int)
    def _symbol_chosen(self, instrument: int) -> None:
        target = self._symbol_target
        if target is not None and target.LINKABLE and target.panel_id in self.switcher.view.panels:
            target.choose(instrument)
        else:
            self.desk.links.choose(1, instrument)

    @Slot(str)
    def switch_workspace(self, name: str) -> None:
        """Brings a workspace to the front; that disarms."""
        self.switcher.go(name)

    def workspaces_changed(self) -> None:
        """A workspace was added: tabs, keys and palette follow."""
        commands = self.desk.commands
        commands.remove(*(each.id for each in commands.all() if each.id.startswith("workspace.go_")))
        commands.add(*standard_commands.workspace_commands(self._store.names(), self.switch_workspace))
        self.tabs.set_names(self._store.names(), self.switcher.name)

    # Changes.

    @Slot(str)
    def _workspace_changed(self, name: str) -> None:
        if self._was_shown:
            self.desk.arming.disarm(DisarmReason.WORKSPACE)
        self.tabs.set_names(self._store.names(), name)
        self._retitle()

    def _say_past(self) -> None:
        """The strip, the frame and the title follow at once: nothing of the past may look live."""
        text = self._past_words.say(self.desk.past, time.perf_counter_ns())
        if text != self._past_text:
            changed = bool(text) != bool(self._past_text)
            self._past_text = text
            self._frame.set_past(text)
            if changed:
                self.desk.arming.check()
                self._retitle()
                for panel in self.switcher.view.panels.values():
                    panel.mark_dirty()

    @Slot(object)
    def _look_back(self, ts_ns: int) -> None:
        past = self.desk.past
        try:
            if past is not None:
                past.go(ts_ns)
        except UserFacingError as error:
            self.notify(error.message, error=True)

    @Slot(object)
    def _seek(self, ts_ns: int) -> None:
        playback = self.desk.playback
        if playback is None:
            return
        try:
            playback.seek(ts_ns)
        except UserFacingError as error:
            self.notify(error.message, error=True)

    def _command_failed(self, command: Command, details: str) -> None:
        _log.error("command %s failed\n%s", command.id, details)
        last = details.strip().splitlines()[-1]
        self.notify(f"{command.title} did not work: {last}", error=True)

    @Slot(object)
    def _theme_changed(self, theme: Theme) -> None:
        self._frame.set_theme(theme)
        self.status.set_theme(theme)
        self.hud.set_theme(theme)
        if self.playback_bar is not None:
            self.playback_bar.set_theme(theme)

    # Qt.

    def event(self, event: QEvent) -> bool:
        """Measures the paint that a frame causes."""
        if event.type() != QEvent.Type.UpdateRequest:
            return super().event(event)
        started_ns, worked_ns = time.perf_counter_ns(), work_ns()
        done = super().event(event)
        self.clock.painted(time.perf_counter_ns() - started_ns, work_ns() - worked_ns)
        self.desk.note_paint()
        return done

    def showEvent(self, event: QShowEvent) -> None:
        """Layouts are restored once there is a window."""
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            self.switcher.shown()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Toasts stay in their corner."""
        super().resizeEvent(event)
        self.toasts.settle()
        self.hud.settle()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Letters that nobody took start the symbol entry."""
        plain = not event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        text = event.text()
        if plain and len(text) == 1 and text.isalpha() and text.isascii():
            self.start_symbol_entry(None, text.upper())
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Saves the workspace, ends the panels and tells the desk."""
        if self._was_shown:
            try:
                self.switcher.save()
            except (UserFacingError, WorkspaceError) as error:
                _log.warning("%s", error)
        self.shut()
        super().closeEvent(event)
        self.closing.emit()

    def shut(self) -> None:
        """Stops the clock and ends every subscription; more than once does nothing."""
        if not self.clock.is_running:
            return
        self.clock.stop()
        self._watchdog.stop()
        self._store.remember(self.switcher.name)
        self._unarm()
        self._arming.close()
        self._bindings.close()
        self.themes.changed.disconnect(self._theme_changed)
        self.switcher.close()
