"""The one door to the docking library. No factories, no subclass of its widgets, own names for panels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import PySide6QtAds as ads  # noqa: N813 - the name its own documentation uses
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QGuiApplication, QIcon
from PySide6.QtWidgets import QSplitter, QWidget

from terminal.app.layouts import Layout, Split, Tabs

_STATE_VERSION = 1
_flags_are_set = False


def _set_flags() -> None:
    """The library wants its flags before the first manager; its own style sheet stays out, ours covers it."""
    global _flags_are_set  # noqa: PLW0603 - the library's flags are global too
    if _flags_are_set:
        return
    flag, manager = ads.CDockManager.eConfigFlag, ads.CDockManager
    for each, on in {
        flag.DockAreaHasCloseButton: False,
        flag.DockAreaHasUndockButton: False,
        flag.DockAreaHasTabsMenuButton: False,
        flag.ActiveTabHasCloseButton: False,
        flag.AllTabsHaveCloseButton: False,
        flag.AlwaysShowTabs: True,
        flag.OpaqueSplitterResize: True,
        flag.FocusHighlighting: True,
        flag.DisableTabTextEliding: False,
        flag.DoubleClickUndocksWidget: True,
        flag.MiddleMouseButtonClosesTab: True,
        flag.FloatingContainerHasWidgetTitle: True,
        flag.XmlCompressionEnabled: True,
        flag.DisableStylesheet: True,
    }.items():
        manager.setConfigFlag(each, on)
    _flags_are_set = True


class Docks(QObject):
    """The docked panels of one workspace, by panel id."""

    closed = Signal(str)
    """A person closed a panel's dock; carries its id. The dock stays known until :meth:`remove`."""
    focused = Signal(str)
    """A panel got the focus; carries its id."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        _set_flags()
        self._manager = ads.CDockManager(parent)
        self._docks: dict[str, ads.CDockWidget] = {}
        self._is_locked = False
        self._splits: list[tuple[QSplitter, tuple[int, ...]]] = []
        self._manager.focusedDockWidgetChanged.connect(self._focus_changed)

    @property
    def widget(self) -> QWidget:
        """What goes into the window."""
        return self._manager

    def __contains__(self, panel_id: str) -> bool:
        return panel_id in self._docks

    def ids(self) -> tuple[str, ...]:
        """All panels, in the order they were added."""
        return tuple(self._docks)

    def build(self, panels: Mapping[str, tuple[QWidget, str]], layout: Layout) -> None:
        """Docks ``panels`` (widget and title by id) as ``layout`` says; the others become tabs."""
        placed: set[str] = set()
        first = next(_leaves(layout))
        area = self._dock(first, panels[first], None, None)
        self._place(layout, area, panels, placed)
        last = area
        for panel_id in panels:
            if panel_id not in self._docks:
                self._manager.addDockWidgetTabToArea(self._make(panel_id, panels[panel_id]), last)
        self.apply_shares()

    def add(self, panel_id: str, widget: QWidget, title: str) -> None:
        """Docks one more panel: a tab beside the focused one, else at the right edge."""
        dock = self._make(panel_id, (widget, title))
        focused = self._manager.focusedDockWidget()
        area = focused.dockAreaWidget() if focused is not None else None
        if area is None:
            self._manager.addDockWidget(ads.RightDockWidgetArea, dock)
        else:
            self._manager.addDockWidgetTabToArea(dock, area)

    def remove(self, panel_id: str) -> None:
        """Takes a dock and the panel in it away."""
        dock = self._docks.pop(panel_id, None)
        if dock is not None:
            self._manager.removeDockWidget(dock)
            dock.deleteLater()

    def front(self, panel_id: str) -> None:
        """Opens a closed dock and brings it before its neighbours."""
        dock = self._docks[panel_id]
        if dock.isClosed():
            dock.toggleView(True)
        dock.setAsCurrentTab()
        dock.raise_()

    def is_closed(self, panel_id: str) -> bool:
        """Whether a person has closed it."""
        return bool(self._docks[panel_id].isClosed())

    def is_floating(self, panel_id: str) -> bool:
        """Whether it has a window of its own."""
        return bool(self._docks[panel_id].isInFloatingContainer())

    def float(self, panel_id: str) -> None:
        """Gives it a window of its own, also while the layout is locked: this was asked for by name."""
        locked = self._is_locked
        self.set_locked(False)
        self._docks[panel_id].setFloating()
        self.set_locked(locked)

    def set_title(self, panel_id: str, title: str, icon: QIcon) -> None:
        """Changes the tab's text and its link-colour square."""
        dock = self._docks.get(panel_id)
        if dock is None:
            return
        if dock.windowTitle() != title:
            dock.setWindowTitle(title)
        dock.setIcon(icon)

    def set_actions(self, panel_id: str, actions: list[QAction]) -> None:
        """The icon buttons at the right of the title bar while the panel is in front."""
        self._docks[panel_id].setTitleBarActions(actions)

    def set_locked(self, locked: bool) -> None:
        """A locked workspace cannot be rearranged by a slip of the mouse."""
        self._is_locked = locked
        feature = ads.CDockWidget.DockWidgetFeature
        none = feature(0)
        held = feature.DockWidgetMovable | feature.DockWidgetFloatable | feature.DockWidgetClosable
        self._manager.lockDockWidgetFeaturesGlobally(held if locked else none)

    def save(self) -> bytes:
        """The library's blob."""
        return bytes(self._manager.saveState(_STATE_VERSION).data())

    def restore(self, blob: bytes) -> bool:
        """Takes back :meth:`save` after the window is shown; False when the blob does not fit and nothing changed.

        A panel that the blob does not know stays reachable: it becomes a tab in the first place.
        """
        before = self._manager.saveState(_STATE_VERSION)
        if not self._manager.restoreState(blob, _STATE_VERSION):
            self._manager.restoreState(before, _STATE_VERSION)
            return False
        for dock in self._docks.values():
            if dock.dockAreaWidget() is None:
                areas = self._manager.openedDockAreas()
                if areas:
                    self._manager.addDockWidgetTabToArea(dock, areas[0])
        self.clamp_windows()
        return True

    def apply_shares(self) -> None:
        """Gives every split its shares of the room there is now; call it again after the first show."""
        for splitter, shares in self._splits:
            room = sum(splitter.sizes()) or 1000
            total = sum(shares)
            splitter.setSizes([max(1, room * share // total) for share in shares])

    def clamp_windows(self) -> None:
        """Moves floating windows that no screen shows onto the nearest one."""
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        for window in self._manager.floatingWidgets():
            frame = window.frameGeometry()
            if any(screen.contains(frame.center()) for screen in screens):
                continue
            screen = QGuiApplication.primaryScreen().availableGeometry()
            window.resize(frame.size().boundedTo(screen.size()))
            window.move(screen.topLeft())

    def show(self) -> None:
        """Brings the workspace and its floating windows to sight."""
        self._manager.show()
        self._manager.restoreHiddenFloatingWidgets()

    def hide(self) -> None:
        """Hides the workspace and its floating windows."""
        self._manager.hideManagerAndFloatingWidgets()

    def floating_windows(self) -> list[QWidget]:
        """Top-level windows of undocked panels."""
        return list(self._manager.floatingWidgets())

    def _make(self, panel_id: str, what: tuple[QWidget, str]) -> ads.CDockWidget:
        widget, title = what
        dock = ads.CDockWidget(self._manager, title)
        dock.setObjectName(panel_id)
        dock.setWidget(widget, ads.CDockWidget.eInsertMode.ForceNoScrollArea)
        dock.setMinimumSizeHintMode(ads.CDockWidget.eMinimumSizeHintMode.MinimumSizeHintFromDockWidget)
        dock.setFeature(ads.CDockWidget.DockWidgetFeature.DockWidgetFocusable, True)
        dock.closed.connect(self._dock_closed)
        self._docks[panel_id] = dock
        return dock

    def _dock(
        self,
        panel_id: str,
        what: tuple[QWidget, str],
        side: ads.DockWidgetArea | None,
        beside: ads.CDockAreaWidget | None,
    ) -> ads.CDockAreaWidget:
        dock = self._make(panel_id, what)
        return self._manager.addDockWidget(side if side is not None else ads.CenterDockWidgetArea, dock, beside)

    def _place(
        self, layout: Layout, area: ads.CDockAreaWidget, panels: Mapping[str, tuple[QWidget, str]], placed: set[str]
    ) -> None:
        """``area`` holds the layout's first panel already; siblings first, so that nested splits stay inside them."""
        if isinstance(layout, Tabs):
            for panel_id in layout.panels[1:]:
                self._manager.addDockWidgetTabToArea(self._make(panel_id, panels[panel_id]), area)
            area.setCurrentIndex(0)
            return
        side = ads.BottomDockWidgetArea if layout.vertical else ads.RightDockWidgetArea
        areas = [area]
        for part in layout.parts[1:]:
            leaf = next(_leaves(part))
            areas.append(self._dock(leaf, panels[leaf], side, areas[-1]))
        self._splits.append((areas[0].parentSplitter(), layout.shares))
        for part, each in zip(layout.parts, areas, strict=True):
            self._place(part, each, panels, placed)

    def _dock_closed(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.closed.emit(sender.objectName())

    def _focus_changed(self, old: QObject | None, now: QObject | None) -> None:
        if now is not None and now.objectName() in self._docks:
            self.focused.emit(now.objectName())


def _leaves(layout: Layout) -> Iterator[str]:
    if isinstance(layout, Split):
        for part in layout.parts:
            yield from _leaves(part)
    else:
        yield from layout.panels
