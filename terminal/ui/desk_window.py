"""The window's life in one run of the desk: made, shown, run until the run is over, pictured, closed."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from pathlib import Path

import msgspec

# qasync picks the binding that is imported already.
from PySide6.QtCore import Qt
from qasync import QEventLoop

from terminal.app.desk import Desk
from terminal.app.keymap import Keymap
from terminal.app.report import UiFigures
from terminal.app.workspaces import WorkspaceStore
from terminal.infra import resources
from terminal.infra.failures import UsageError, UserFacingError
from terminal.infra.paths import Profile
from terminal.infra.settings import Settings
from terminal.infra.settings_file import SettingsFile
from terminal.quant.kernel_memory import give_back_memory
from terminal.ui import panels
from terminal.ui.application import build_application, screenshot
from terminal.ui.bridge.watchdog import StallWatchdog
from terminal.ui.frame_recorder import FrameRecorder
from terminal.ui.panel_registry import PanelRegistry
from terminal.ui.shell.main_window import MainWindow
from terminal.ui.theme.icons import IconSet
from terminal.ui.theme.theme import ThemeSwitch

POLL_S = 0.02
FRAMES_BEFORE_READY = 10
CATCH_UP_S = 3.0
LAST_FRAMES_S = 0.4
DEFAULT_SIZE = (1280, 800)
log = logging.getLogger(__name__)


class DeskWindow:
    """Owns the QApplication and the main window. UI thread only."""

    def __init__(
        self,
        desk: Desk,
        profile: Profile,
        settings: Settings,
        *,
        headless: bool,
        size: tuple[int, int] | None,
        theme: str | None,
        workspace: str | None,
        frames: Path | None = None,
        frames_of: tuple[str, ...] = (),
    ) -> None:
        look = settings.desk
        themes = ThemeSwitch(
            theme or look.theme,
            colour_blind=look.palette == "blue-orange",
            comfortable=look.row_density == "comfortable",
        )
        self._themes, self._first_choice = themes, themes.choice
        self._profile, self._settings = profile, settings
        root = resources.root()
        self._application = build_application(themes, root, headless=headless, opengl=look.opengl)
        registry = PanelRegistry()
        panels.register(registry)
        self._desk = desk
        self._begun_s = 0.0
        self._over = threading.Event()
        self._wanted_in_front = threading.Event()
        store = WorkspaceStore(profile.workspaces_dir)
        if workspace is None and not look.restore_workspace:
            workspace = store.names()[0]
        self.main = MainWindow(
            desk,
            registry,
            panels.PANEL_TYPES,
            store,
            themes,
            keymap=Keymap(profile.settings_file.with_name("keys.toml")),
            icons=IconSet(root / "icons"),
            workspace=workspace or "",
            watchdog=StallWatchdog(look.stall_ms),
            opengl=look.opengl,
        )
        self.main.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.main.resize(*(size or DEFAULT_SIZE))
        self._frames: FrameRecorder | None = None
        if frames is not None:
            known = {each.TYPE for each in panels.PANEL_TYPES}
            wanted = frozenset(frames_of) & known
            if not wanted:
                raise UsageError(f"--frames-of names no panel; there are {', '.join(sorted(known))}.")
            self._frames = FrameRecorder(self.main.clock, frames, self.main.switcher.visible_panels, wanted)
        if size is None and not headless and look.restore_workspace:
            self.main.switcher.restore_window(self.main.switcher.name)

    def run(self, over: threading.Event) -> None:
        """Shows the window and returns when ``over`` is set or the window was closed."""
        self._over = over
        self.main.closing.connect(over.set)
        self.main.show()
        loop = QEventLoop(self._application)
        asyncio.set_event_loop(loop)
        with loop:
            loop.run_until_complete(self._until_over())
        self.main.stop_counting()

    async def _until_over(self) -> None:
        while not self._over.is_set():
            if not self.main.is_ready and self._has_begun():
                self.main.ready()
                threading.Thread(target=self._settle_memory, name="memory", daemon=True).start()
            if self._wanted_in_front.is_set():
                self._wanted_in_front.clear()
                self.main.raise_()
                self.main.activateWindow()
            await asyncio.sleep(POLL_S)

    def _settle_memory(self) -> None:
        give_back_memory()
        self._desk.rooms.reserve_memory()

    def _has_begun(self) -> bool:
        """Whether the opening has been taken in: each instrument's first words cost a hundred times what others do.

        A market that never rests is not waited for.
        """
        if self.main.clock.statistics.summary().frames < FRAMES_BEFORE_READY or self._desk.market.changed == 0:
            return False
        self._begun_s = self._begun_s or time.monotonic()
        return self._desk.has_caught_up() or time.monotonic() - self._begun_s >= CATCH_UP_S

    def ask_to_front(self) -> None:
        """Brings the window to the front at the next occasion; any thread."""
        self._wanted_in_front.set()

    def screenshot(self, path: Path) -> None:
        """A picture of the window as it is now; WorkFailed when it cannot be written."""
        # Panels refresh at most every quarter of a second: each gets its turn, so that the picture is of one moment.
        until = time.monotonic() + LAST_FRAMES_S
        while time.monotonic() < until:
            self.main.clock.tick()
            self._application.processEvents()
            time.sleep(POLL_S)
        screenshot(self.main, path)

    def close(self) -> UiFigures:
        """Closes the window and gives what its frame clock counted since it was ready."""
        if self._frames is not None:
            self._frames.close()
        summary = self.main.frame_summary() if self.main.is_ready else None
        self.main.close()
        self._keep_the_look()
        self._application.processEvents()
        self.main.clock.release_collector()
        if summary is None:
            return UiFigures()
        return UiFigures(summary.frames, round(summary.p99_ms, 3), round(summary.longest_gap_ms, 3))

    def _keep_the_look(self) -> None:
        """What the trader chose while the desk ran is in the settings at the next start."""
        if self._themes.choice == self._first_choice:
            return
        name, colour_blind, comfortable = self._themes.choice
        desk = msgspec.structs.replace(
            self._settings.desk,
            theme=name,
            palette="blue-orange" if colour_blind else "teal-red",
            row_density="comfortable" if comfortable else "dense",
        )
        try:
            SettingsFile(self._profile.settings_file).save(msgspec.structs.replace(self._settings, desk=desk))
        except UserFacingError as problem:
            log.warning("the look was not kept: %s", problem)
