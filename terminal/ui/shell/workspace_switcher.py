"""Which workspace is in front; views are built when first needed and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QByteArray, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from terminal.app.workspaces import WindowState, Workspace, WorkspaceStore
from terminal.core.instruments import UnknownInstrumentError
from terminal.ui.panel import Panel, PanelContext
from terminal.ui.panel_registry import PanelRegistry
from terminal.ui.shell.workspace_view import WorkspaceView
from terminal.ui.theme.icons import IconSet


class WorkspaceSwitcher(QObject):
    """Owns the views of one window. ``changed`` comes after another workspace has come to the front."""

    changed = Signal(str)

    def __init__(
        self,
        window: QMainWindow,
        store: WorkspaceStore,
        registry: PanelRegistry,
        icons: IconSet,
        context: Callable[[], PanelContext],
    ) -> None:
        super().__init__(window)
        self.stack = QStackedWidget()
        self._window, self._store, self._registry, self._icons, self._context = window, store, registry, icons, context
        self._views: dict[str, WorkspaceView] = {}
        self._places: dict[str, QWidget] = {}
        self._current = ""
        self._locked = True
        self.active: Panel | None = None

    @property
    def name(self) -> str:
        """The workspace in front; empty before the first."""
        return self._current

    @property
    def view(self) -> WorkspaceView:
        """The view in front."""
        return self._views[self._current]

    @property
    def is_locked(self) -> bool:
        """Whether panels cannot be moved or closed by the mouse."""
        return self._locked

    def views(self) -> list[WorkspaceView]:
        """Views built so far."""
        return list(self._views.values())

    def visible_panels(self) -> list[Panel]:
        """The panels of the workspace in front."""
        return list(self.view.panels.values())

    def go(self, name: str) -> bool:
        """Brings a workspace to the front; False when it is there already."""
        if name == self._current:
            return False
        had_focus = self._window.isActiveWindow()
        if self._current:
            self.view.docks.hide()
        self.active = None
        if name not in self._views:
            self._build(name, self._store.load(name))
        self._current = name
        self.stack.setCurrentWidget(self._places[name])
        self.view.docks.show()
        # The library restores a layout rightly only in a window that is shown.
        if self._window.isVisible():
            QTimer.singleShot(0, self.view.restore_docks)
        self.changed.emit(name)
        if had_focus:
            # Hiding the old docks takes the focus away, and a window without focus hears no keys.
            QTimer.singleShot(0, self._take_focus)
        return True

    @Slot()
    def _take_focus(self) -> None:
        self._window.activateWindow()
        panel = next((each for each in self.view.panels.values() if each.isVisible()), None)
        if panel is not None and not self._window.focusWidget():
            panel.setFocus()

    def _build(self, name: str, workspace: Workspace) -> None:
        place = QWidget()
        column = QVBoxLayout(place)
        column.setContentsMargins(0, 0, 0, 0)
        self._take_links(workspace)
        view = WorkspaceView(workspace, self._context(), self._registry, self._icons, place)
        column.addWidget(view.docks.widget)
        view.panel_activated.connect(self._activated)
        view.docks.set_locked(self._locked)
        self.stack.addWidget(place)
        self._views[name], self._places[name] = view, place

    def prepare(self, names: list[str]) -> None:
        """Builds workspaces that nobody has opened yet, so that going there is quick."""
        for name in names:
            if name not in self._views:
                self._build(name, self._store.load(name))
                self._views[name].docks.hide()

    def shown(self) -> None:
        """The window was shown for the first time: the layout can be restored."""
        QTimer.singleShot(0, self.view.restore_docks)

    def _take_links(self, workspace: Workspace) -> None:
        """Symbols that the file remembers, for groups that show nothing yet."""
        context = self._context()
        for group, symbol in workspace.links.items():
            if context.links.instrument(group) is None:
                try:
                    context.links.choose(group, context.desk.table.find(symbol).id)
                except UnknownInstrumentError:
                    continue

    @Slot(object)
    def _activated(self, panel: Panel) -> None:
        self.active = panel

    def active_panel(self, type_id: str) -> Panel | None:
        """The panel that a command of a type acts on."""
        return self.view.active_panel(type_id, self.active) if self._current else None

    def set_locked(self, locked: bool) -> None:
        """Locks or frees every layout."""
        self._locked = locked
        for view in self._views.values():
            view.docks.set_locked(locked)

    # Files.

    def current_state(self) -> Workspace:
        """The workspace in front, with window and links, as it would be saved."""
        context, window = self._context(), self._window
        table = context.desk.table
        links = {group: table.get(instrument).symbol for group, instrument in context.links.state().items()}
        screen = window.screen() or QGuiApplication.primaryScreen()
        size = screen.size()
        state = WindowState(bytes(window.saveGeometry().data()), screen.name(), (size.width(), size.height()))
        return self.view.state(Workspace(self._current, (), links=links, window=state))

    def save(self, name: str = "") -> Workspace:
        """Writes the workspace in front, under another name if one is given; raises what the store raises."""
        state = self.current_state()
        if name:
            state = replace(state, name=name)
        self._store.save(state)
        return state

    def restore_window(self, name: str) -> bool:
        """Puts the window where the workspace's file says, on a screen that is there; False when it says nothing."""
        saved = self._store.load(name).window
        if not saved.geometry:
            return False
        return bool(self._window.restoreGeometry(QByteArray(saved.geometry)))

    def reset(self) -> None:
        """Forgets the file of the workspace in front and builds it as it was shipped."""
        name = self._current
        self._store.forget(name)
        self._drop(name)
        self._current = ""
        self.go(name)

    def _drop(self, name: str) -> None:
        view, place = self._views.pop(name), self._places.pop(name)
        view.close()
        self.stack.removeWidget(place)
        place.hide()
        place.deleteLater()
        if self.active is not None and self.active.panel_id not in self._views:
            self.active = None

    def close(self) -> None:
        """Ends every panel."""
        for view in self._views.values():
            view.close()
