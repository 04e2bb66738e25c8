"""One workspace on the screen: its docks, its panels and what is saved of them."""

from __future__ import annotations

import csv
import io
import logging
import re
import traceback
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication, QIcon
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from terminal.app.layouts import PanelState, Tabs, keep_only
from terminal.app.links import GROUPS
from terminal.app.views.export import plain_rows
from terminal.app.workspaces import Workspace
from terminal.core.clock import from_ns
from terminal.core.instruments import UnknownInstrumentError
from terminal.infra import atomic_file
from terminal.ui.panel import Panel, PanelContext
from terminal.ui.panel_registry import PanelRegistry
from terminal.ui.quarantine import QuarantineView
from terminal.ui.shell.docks import Docks
from terminal.ui.theme.icons import IconSet, link_square
from terminal.ui.theme.tokens import ink_on

_log = logging.getLogger("moneyness.ui")


class WorkspaceView(QObject):
    """Builds the panels of a workspace once; hidden workspaces keep theirs and cost no frame."""

    panel_activated = Signal(object)

    def __init__(
        self, workspace: Workspace, context: PanelContext, registry: PanelRegistry, icons: IconSet, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.name = workspace.name
        self.docks = Docks(parent)
        self.panels: dict[str, Panel] = {}
        self._context, self._registry, self._icons = context, registry, icons
        self._broken: dict[str, QWidget] = {}
        self._menus: dict[str, QMenu] = {}
        self._blob = workspace.docks
        self._is_restored = False
        self._build(workspace)
        self.docks.closed.connect(self._dock_closed)
        self.docks.focused.connect(self._dock_focused)
        context.themes.changed.connect(self._retitle_all)

    # Building.

    def _build(self, workspace: Workspace) -> None:
        widgets: dict[str, tuple[QWidget, str]] = {}
        for state in workspace.panels:
            if state.type in self._registry:
                widgets[state.id] = (self._make(state), self._registry.get(state.type).title)
        known = frozenset(widgets)
        layout = keep_only(workspace.layout, known) if workspace.layout is not None else None
        if widgets and layout is None:
            layout = Tabs(tuple(widgets))
        if layout is not None:
            self.docks.build(widgets, layout)
        for panel_id, panel in self.panels.items():
            self._dress(panel_id, panel)

    def _make(self, state: PanelState) -> QWidget:
        kind = self._registry.get(state.type)
        try:
            panel = kind.make(self._context, state.id)
        except Exception:  # noqa: BLE001 - a panel that cannot be built stays a panel that says so
            details = traceback.format_exc()
            _log.error("panel %s cannot be built\n%s", state.id, details)
            view = QuarantineView(kind.title, details, self._nothing)
            self._broken[state.id] = view
            return view
        self.panels[state.id] = panel
        self._restore(panel, state)
        panel.title_changed.connect(self._retitle)
        panel.activated.connect(self.panel_activated)
        self._context.clock.add(panel)
        return panel

    @staticmethod
    def _nothing() -> None:
        return None

    def _restore(self, panel: Panel, state: PanelState) -> None:
        try:
            panel.restore_settings(state.settings)
        except Exception:  # noqa: BLE001 - old settings must not cost the panel
            _log.warning("settings of panel %s were not taken\n%s", state.id, traceback.format_exc())
        if state.symbol:
            try:
                panel.set_instrument(self._context.desk.table.find(state.symbol).id)
            except UnknownInstrumentError:
                _log.info("panel %s showed %s, which this market does not have", state.id, state.symbol)
        if panel.LINKABLE:
            panel.set_link_group(state.link_group)

    def restore_docks(self) -> None:
        """Puts the docks where they were, once the workspace is in sight; a second call does nothing."""
        if self._is_restored:
            return
        self._is_restored = True
        if self._blob and not self.docks.restore(self._blob):
            _log.warning("the dock layout of workspace %s does not fit this version", self.name)
        if not self._blob:
            self.docks.apply_shares()
        self._blob = b""

    # Panels.

    def open_panel(self, type_id: str, instrument: int | None = None) -> Panel | None:
        """Brings the first panel of a type to the front, or makes one."""
        for panel_id, panel in self.panels.items():
            if type_id == panel.TYPE:
                self.docks.front(panel_id)
                if instrument is not None:
                    panel.choose(instrument)
                return panel
        return self.add_panel(type_id, instrument)

    def add_panel(self, type_id: str, instrument: int | None = None) -> Panel | None:
        """Makes another panel of a type; None when it could not be built."""
        number = 1
        while f"{type_id}-{number}" in self.docks:
            number += 1
        panel_id = f"{type_id}-{number}"
        widget = self._make(PanelState(panel_id, type_id))
        self.docks.add(panel_id, widget, self._registry.get(type_id).title)
        panel = self.panels.get(panel_id)
        if panel is not None:
            self._dress(panel_id, panel)
            if instrument is not None:
                panel.choose(instrument)
        return panel

    def active_panel(self, type_id: str, preferred: Panel | None) -> Panel | None:
        """The panel that a command of a type acts on: the preferred one, else the first visible, else the first."""
        if preferred is not None and type_id == preferred.TYPE and preferred.panel_id in self.panels:
            return preferred
        ours = [panel for panel in self.panels.values() if type_id == panel.TYPE]
        return next((panel for panel in ours if panel.isVisible()), ours[0] if ours else None)

    @Slot(str)
    def _dock_closed(self, panel_id: str) -> None:
        panel = self.panels.pop(panel_id, None)
        self._broken.pop(panel_id, None)
        self._menus.pop(panel_id, None)
        if panel is not None:
            panel.close_panel()
        self.docks.remove(panel_id)

    @Slot(str)
    def _dock_focused(self, panel_id: str) -> None:
        panel = self.panels.get(panel_id)
        if panel is not None:
            self.panel_activated.emit(panel)

    # Heads.

    def _dress(self, panel_id: str, panel: Panel) -> None:
        theme = self._context.theme
        menu = QMenu(panel)
        menu.aboutToShow.connect(self._fill_menu)
        menu.setProperty("panel_id", panel_id)
        self._menus[panel_id] = menu
        action = QAction(self._icons.icon("ellipsis-vertical", theme), "\u22ee", panel)
        action.setToolTip("Link group, export, commands of this panel")
        action.setProperty("panel_id", panel_id)
        action.triggered.connect(self._open_menu)
        self.docks.set_actions(panel_id, [action])
        self._title(panel)

    def _title(self, panel: Panel) -> None:
        tokens = self._context.theme.tokens
        subtitle = panel.subtitle()
        group = panel.link_group if panel.LINKABLE else 0
        title = f"{panel.TITLE}   {subtitle}" if subtitle else panel.TITLE
        icon = link_square(tokens.link(group) if group else tokens.text2, group, ink_on(tokens.link(group)))
        self.docks.set_title(panel.panel_id, title, icon if panel.LINKABLE else QIcon())

    @Slot()
    def _retitle(self) -> None:
        panel = self.sender()
        if isinstance(panel, Panel) and panel.panel_id in self.panels:
            self._title(panel)

    def _retitle_all(self, theme: object) -> None:
        for panel in self.panels.values():
            self._dress(panel.panel_id, panel)

    @Slot()
    def _open_menu(self) -> None:
        sender = self.sender()
        panel_id = str(sender.property("panel_id")) if sender is not None else ""
        panel = self.panels.get(panel_id)
        if panel is not None:
            self._menus[panel_id].popup(panel.mapToGlobal(panel.rect().topRight()))

    @Slot()
    def _fill_menu(self) -> None:
        menu = self.sender()
        if not isinstance(menu, QMenu):
            return
        panel_id = str(menu.property("panel_id"))
        panel = self.panels[panel_id]
        menu.clear()
        for command in self._context.commands.all():
            if command.scope == panel.TYPE:
                action = menu.addAction(f"{command.title}\t{'  '.join(command.keys)}")
                action.setEnabled(command.enabled())
                self._connect(action, ("command", command.id), panel_id)
        menu.addSeparator()
        if panel.LINKABLE:
            links = menu.addMenu("Link group")
            chosen = QActionGroup(links)
            for group in (0, *GROUPS):
                action = links.addAction("None" if not group else f"Group {group}")
                action.setCheckable(True)
                action.setChecked(group == panel.link_group)
                tokens = self._context.theme.tokens
                if group:
                    action.setIcon(link_square(tokens.link(group), group, ink_on(tokens.link(group))))
                chosen.addAction(action)
                self._connect(action, ("link", str(group)), panel_id)
        export = menu.addAction("Export as CSV…")
        export.setEnabled(panel.export_rows() is not None)
        self._connect(export, ("csv", ""), panel_id)
        self._connect(menu.addAction("Save a picture…"), ("picture", ""), panel_id)
        self._connect(menu.addAction("Copy a picture"), ("copy", ""), panel_id)
        menu.addSeparator()
        self._connect(menu.addAction("Open another"), ("another", ""), panel_id)
        self._connect(menu.addAction("Move to a window of its own"), ("float", ""), panel_id)
        self._connect(menu.addAction("Close"), ("close", ""), panel_id)

    def _connect(self, action: QAction, what: tuple[str, str], panel_id: str) -> None:
        action.setProperty("what", what[0])
        action.setProperty("argument", what[1])
        action.setProperty("panel_id", panel_id)
        action.triggered.connect(self._menu_chosen)

    @Slot()
    def _menu_chosen(self) -> None:
        action = self.sender()
        panel = self.panels.get(str(action.property("panel_id"))) if action is not None else None
        if action is None or panel is None:
            return
        what, argument = str(action.property("what")), str(action.property("argument"))
        act: dict[str, Callable[[], object]] = {
            "csv": lambda: self._ask_file(panel, "csv"),
            "picture": lambda: self._ask_file(panel, "png"),
            "copy": lambda: QGuiApplication.clipboard().setPixmap(panel.grab()),
            "another": lambda: self.add_panel(panel.TYPE, panel.instrument),
            "float": lambda: self.docks.float(panel.panel_id),
            "close": lambda: self._dock_closed(panel.panel_id),
            "link": lambda: panel.set_link_group(int(argument)),
        }
        if what == "command":
            self.panel_activated.emit(panel)
            self._context.shell.run(argument)
        else:
            act[what]()

    # Files.

    def _ask_file(self, panel: Panel, kind: str) -> None:
        stamp = self._stamp(panel)
        safe = re.sub(r"[^A-Za-z0-9-]+", "-", f"{panel.TITLE} {panel.subtitle()} {stamp}").strip("-").lower()
        dialog = QFileDialog(panel.window(), "Save as", f"{safe}.{kind}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(kind)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setProperty("panel_id", panel.panel_id)
        dialog.fileSelected.connect(self._file_chosen)
        dialog.open()

    @Slot(str)
    def _file_chosen(self, name: str) -> None:
        dialog = self.sender()
        panel = self.panels.get(str(dialog.property("panel_id"))) if dialog is not None else None
        if panel is not None:
            self.export(panel, Path(name))

    def export(self, panel: Panel, path: Path) -> None:
        """Writes a panel's table (.csv) or picture (.png); a failure is told in a toast."""
        try:
            if path.suffix == ".png":
                if not panel.grab().save(str(path), "PNG"):
                    raise OSError(f"{path} cannot be written")
            else:
                atomic_file.write_text(path, self._csv(panel), 0o644)
        except OSError as error:
            self._context.shell.notify(f"Nothing was saved: {error.strerror or error}.", error=True)
        else:
            self._context.shell.notify(f"Saved {path}.")

    def _csv(self, panel: Panel) -> str:
        """A first line that says what this is, then the table; numbers without separators, words as they stand."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        mode = self._context.desk.mode.word
        moment = f"PAST, {mode}" if panel.is_past and not panel.STAYS_NOW else mode
        writer.writerow(
            [f"# {f'{panel.TITLE} {panel.subtitle()}'.strip()}, as of {self._stamp(panel)} New York, {moment}"]
        )
        table = panel.export_rows()
        if table is not None:
            heads, rows = plain_rows(*table)
            writer.writerow(heads)
            writer.writerows(rows)
        return out.getvalue()

    def _stamp(self, panel: Panel) -> str:
        desk = self._context.desk
        clock = desk.live_clock if panel.STAYS_NOW else desk.clock
        return f"{from_ns(clock.now_ns()):%Y-%m-%d %H:%M:%S}"

    # Saving.

    def state(self, base: Workspace) -> Workspace:
        """The workspace as it stands, with window and links of ``base``."""
        panels = []
        for panel_id, panel in self.panels.items():
            try:
                settings = dict(panel.save_settings())
            except Exception:  # noqa: BLE001 - one panel's settings must not cost the workspace
                _log.warning("settings of panel %s were not saved\n%s", panel_id, traceback.format_exc())
                settings = {}
            table = self._context.desk.table
            symbol = table.get(panel.instrument).symbol if panel.instrument is not None else ""
            panels.append(PanelState(panel_id, panel.TYPE, panel.link_group, symbol, settings))
        blob = self._blob or self.docks.save()
        return Workspace(self.name, tuple(panels), blob, None, base.links, base.window)

    def close(self) -> None:
        """Ends every panel."""
        self._context.themes.changed.disconnect(self._retitle_all)
        for panel in self.panels.values():
            panel.close_panel()
        self.panels.clear()
