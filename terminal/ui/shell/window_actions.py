"""What the window's own commands do."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from PySide6.QtWidgets import QMainWindow

from terminal.app.desk_port import DeskPort
from terminal.app.workspaces import MAX_NAME, WorkspaceError
from terminal.infra.failures import UserFacingError
from terminal.ui.application import screenshot
from terminal.ui.panel import Panel
from terminal.ui.shell.cheat_sheet import CheatSheet
from terminal.ui.shell.dialogs import about_dialog, alerts_dialog, name_dialog, save_dialog
from terminal.ui.shell.meter_hud import MeterHud
from terminal.ui.shell.overlay import Overlay
from terminal.ui.shell.trade_actions import TradeActions
from terminal.ui.shell.workspace_switcher import WorkspaceSwitcher


class ShellWindow(Protocol):
    """The part of the main window that the actions use."""

    @property
    def palette_overlay(self) -> Overlay:
        """The command palette."""
        ...

    @property
    def hud(self) -> MeterHud:
        """The meter in the corner."""
        ...

    def notify(self, text: str, *, error: bool = False) -> None:
        """Shows a toast."""
        ...

    def start_symbol_entry(self, panel: Panel | None, text: str) -> None:
        """Opens the symbol entry."""
        ...

    def workspaces_changed(self) -> None:
        """A workspace was added."""
        ...


class WindowActions:
    """One method a command; failures that a person can mend become toasts."""

    def __init__(self, window: QMainWindow, shell: ShellWindow, desk: DeskPort, switcher: WorkspaceSwitcher) -> None:
        self._window, self._shell, self._desk, self._switcher = window, shell, desk, switcher
        self.trade = TradeActions(desk, window)

    def show_palette(self) -> None:
        """Opens the palette."""
        self._shell.palette_overlay.open_with()

    def show_symbol_entry(self) -> None:
        """Opens the symbol entry empty."""
        self._shell.start_symbol_entry(None, "")

    def show_cheat_sheet(self) -> None:
        """Shows every key."""
        CheatSheet(self._desk.commands, self._window).open()

    def show_about(self) -> None:
        """Says what this is."""
        about_dialog(self._window).open()

    def show_alerts(self) -> None:
        """Lists what was raised; the bell counts from zero again."""
        self._desk.alerts.mark_read()
        alerts_dialog(self._desk.alerts, self._window).open()

    def toggle_meter(self) -> None:
        """Shows or hides the meter in the corner."""
        self._shell.hud.toggle()

    def is_meter_shown(self) -> bool:
        """Whether the meter is in the corner."""
        return self._shell.hud.isVisible()

    def close(self) -> None:
        """Closes the window, which ends the desk."""
        self._window.close()

    def is_locked(self) -> bool:
        """Whether the layout is locked."""
        return self._switcher.is_locked

    def toggle_lock(self) -> None:
        """Locks or frees the layout."""
        locked = not self._switcher.is_locked
        self._switcher.set_locked(locked)
        self._shell.notify("The layout is locked." if locked else "Panels can be moved, closed and undocked.")

    def save_workspace(self) -> None:
        """Saves the workspace in front and says so."""
        self._save("")

    def copy_workspace(self) -> None:
        """Asks for a name and saves the workspace in front under it."""
        name_dialog("Save as a new workspace", "Name of the workspace", self.save_as, self._window).open()

    def save_as(self, name: str) -> None:
        """Saves the workspace in front under ``name`` and goes there."""
        if len(name) > MAX_NAME:
            self._shell.notify(f"A workspace's name has at most {MAX_NAME} characters.", error=True)
        elif self._save(name):
            self._shell.workspaces_changed()
            self._switcher.go(name)

    def _save(self, name: str) -> bool:
        try:
            saved = self._switcher.save(name)
        except (UserFacingError, WorkspaceError) as error:
            self._shell.notify(str(error), error=True)
            return False
        self._shell.notify(f"Saved the workspace {saved.name}.")
        return True

    def reset_workspace(self) -> None:
        """Builds the workspace in front as it was shipped."""
        self._switcher.reset()

    def open_panel(self, type_id: str) -> None:
        """Brings a panel of a type to the front, making it if there is none."""
        self._switcher.view.open_panel(type_id)

    def add_panel(self, type_id: str) -> None:
        """Makes another panel of a type."""
        self._switcher.view.add_panel(type_id)

    def ask_screenshot(self) -> None:
        """Asks where to save a picture of the window."""
        save_dialog("Save a picture of the window", "moneyness.png", self._screenshot, self._window).open()

    def _screenshot(self, name: str) -> None:
        try:
            screenshot(self._window, Path(name))
        except UserFacingError as error:
            self._shell.notify(error.message, error=True)
