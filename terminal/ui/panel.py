"""The base of every panel. A panel reads snapshots, paints when the frame clock says so, and fails alone."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from terminal.app.commands import Command, CommandRegistry
from terminal.app.drafts import SharedDraft
from terminal.app.leg_draft import LegsRefused, SharedLegs
from terminal.app.links import UNLINKED, LinkGroups
from terminal.app.looking_back import NO_ORDERS, looks_back
from terminal.app.ports import OrderDraft
from terminal.core.instruments import Instrument
from terminal.ui.bridge.frame_clock import Frame, FrameClock, Needs
from terminal.ui.bridge.meter_sampler import MeterSampler
from terminal.ui.quarantine import QuarantineView
from terminal.ui.theme.theme import Theme, ThemeSwitch
from terminal.ui.widgets.now_mark import NowMark

_log = logging.getLogger("moneyness.ui")

Settings = dict[str, Any]
"""JSON: strings, numbers, booleans, None, lists and dicts of them."""


class Shell(Protocol):
    """What a panel may ask of the window around it."""

    def run(self, command_id: str) -> bool:
        """Runs a command, as the palette would."""
        ...

    def open_panel(self, type_id: str, instrument: int | None = None) -> None:
        """Brings the workspace's panel of a type to the front, making it if there is none."""
        ...

    def start_symbol_entry(self, panel: Panel | None, text: str) -> None:
        """Opens the symbol entry with the first letters; what is chosen goes to ``panel``'s link group."""
        ...

    def notify(self, text: str, *, error: bool = False) -> None:
        """Shows a toast."""
        ...


@dataclass(frozen=True, slots=True)
class PanelContext:
    """Everything a panel is given. ``desk`` is the facade of ``terminal.app.desk`` (see ``terminal.app.ports``)."""

    desk: Any
    links: LinkGroups
    commands: CommandRegistry
    draft: SharedDraft
    themes: ThemeSwitch
    clock: FrameClock
    shell: Shell
    meter: MeterSampler | None = None
    """Readings of the desk's speed; None where nobody measures it."""
    legs: SharedLegs = field(default_factory=SharedLegs)
    """What is being put together in the strategy builder."""
    opengl: bool = True
    """Whether the settings allow it; without it nothing may touch the graphics driver."""

    @property
    def theme(self) -> Theme:
        """The theme of now; panels hear of a switch through :meth:`Panel.apply_theme`."""
        return self.themes.theme


@dataclass(frozen=True, slots=True)
class PanelCommand:
    """A command of a panel type: runs ``method`` of the panel that is active (or the first visible one of its type).

    ``id`` is completed to ``type.id``. Keys work while the focus is inside a panel of the type; an order's key never
    repeats while held. ``enabled_method`` names a method that says whether it can run now.
    """

    id: str
    title: str
    method: str
    keys: tuple[str, ...] = ()
    is_order: bool = False
    enabled_method: str = ""
    help: str = ""


class Panel(QWidget):
    """Subclass this: build widgets in ``__init__``, put them into ``self.body``, override the methods below as needed.

    Class attributes: ``TYPE`` and ``TITLE`` as registered; ``UNITS``: the unit line under the head ("prices in USD, IV
    in points"), empty for none; ``NEEDS``: what dirties the panel by itself; ``MIN_INTERVAL_MS``: the least time
    between two refreshes; ``COMMANDS``: its commands; ``LINKABLE``: whether it has an instrument and a link group;
    ``STAYS_NOW``: it goes on showing this moment while the past is shown, and says so.
    """

    TYPE: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""
    UNITS: ClassVar[str] = ""
    NEEDS: ClassVar[Needs] = Needs.MARKET
    MIN_INTERVAL_MS: ClassVar[int] = 0
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = ()
    LINKABLE: ClassVar[bool] = True
    STAYS_NOW: ClassVar[bool] = False

    title_changed = Signal()
    """The head has another symbol or link colour."""
    activated = Signal(object)
    """The panel got the focus; carries the panel."""

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__()
        self.context = context
        self.panel_id = panel_id
        self.needs = self.NEEDS
        self.min_interval_ms = self.MIN_INTERVAL_MS
        self.instrument: int | None = None
        self.link_group = UNLINKED
        self._unlink: Callable[[], None] = lambda: None
        self._failed: QuarantineView | None = None
        self.setObjectName("panel")
        self.setAccessibleName(self.TITLE)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        # Nothing shines through: a repaint of what is inside ends here and does not climb to docks, frame and window.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.body = QWidget(self)
        """The panel's own content; give it a layout."""
        self.unit_line = QLabel(self.UNITS, self)
        self.unit_line.setObjectName("unitLine")
        self.unit_line.setVisible(bool(self.UNITS))
        self.now_mark = NowMark(context.desk.mode, context.theme, self)
        self._was_past = False
        self._focus_target: QWidget | None = None
        inner = QWidget(self)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.now_mark)
        column.addWidget(self.unit_line)
        column.addWidget(self.body, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(inner)
        self._install_shortcuts()
        context.themes.changed.connect(self._theme_changed)

    # What a subclass overrides.

    def refresh(self, frame: Frame) -> None:
        """Reads the desk and updates widgets; the frame clock calls it when visible and dirty. Keep it under 2 ms."""

    def show_instrument(self, instrument: Instrument) -> None:
        """The panel's instrument has changed to ``instrument``; called by :meth:`set_instrument`."""

    def past_changed(self, is_past: bool) -> None:
        """The past is shown from now on, or no longer: what was begun with the prices of the one ends here."""

    def apply_theme(self, theme: Theme) -> None:
        """Colours or fonts have changed; style sheet and palette are done. Call it once in ``__init__`` too."""

    def save_settings(self) -> Settings:
        """What to keep in the workspace beside the link group and the instrument."""
        return {}

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back what :meth:`save_settings` gave, perhaps of an older version: ignore what does not fit."""

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """Heads and rows for "Export CSV", or None when the panel has no table."""
        return None

    def frame_facts(self) -> Settings:
        """Which market the panel has painted last, for a recording of frames: a book's panel gives ``bid_px`` and
        ``ask_px`` (None without one), ``status`` (BookStatus by name), ``doubt`` (the word over a book that is not
        good) and ``sequence`` (of the book's update; None where that is not known)."""
        return {}

    def subtitle(self) -> str:
        """What the head shows after the title; the symbol unless overridden."""
        if self.instrument is None:
            return ""
        return self.context.desk.table.get(self.instrument).label

    # What a subclass calls.

    def mark_dirty(self) -> None:
        """Asks for a refresh in the next frame; also from within :meth:`refresh` to keep an animation going."""
        self.context.clock.mark(self)

    def choose(self, instrument: int) -> None:
        """A person chose an instrument here: the whole link group follows, or this panel alone when it has none."""
        if self.link_group == UNLINKED:
            self.set_instrument(instrument)
        else:
            self.context.links.choose(self.link_group, instrument)

    def publish(self, instrument: int) -> None:
        """Shows ``instrument`` in the other panels of the group, for a panel that is a list and has none itself."""
        if self.link_group != UNLINKED:
            self.context.links.choose(self.link_group, instrument)

    @property
    def is_past(self) -> bool:
        """Whether the past is shown, or is about to be."""
        return looks_back(self.context.desk.past)

    def propose(self, draft: OrderDraft) -> None:
        """Puts an order draft into the ticket and shows it; sends nothing. A price of the past is refused."""
        if self.is_past and not self.STAYS_NOW:
            self.context.shell.notify(NO_ORDERS)
            return
        self.context.draft.propose(draft)
        self.context.shell.open_panel("ticket")

    def add_leg(self, instrument: Instrument, quantity: int) -> bool:
        """Adds contracts (or shares; negative: sold) to the strategy builder's legs; says why when it cannot."""
        try:
            self.context.legs.add(instrument, quantity)
        except LegsRefused as refused:
            self.context.shell.notify(str(refused))
            return False
        return True

    def set_unit_line(self, text: str) -> None:
        """Changes the line under the head; empty hides it."""
        self.unit_line.setText(text)
        self.unit_line.setVisible(bool(text))

    # What the shell calls.

    def set_instrument(self, instrument: int) -> None:
        """Shows an instrument; a failure in the subclass quarantines the panel."""
        if instrument == self.instrument:
            return
        self.instrument = instrument
        self._guard(self.show_instrument, self.context.desk.table.get(instrument))
        self.title_changed.emit()
        self.mark_dirty()

    def set_link_group(self, group: int) -> None:
        """Joins a colour group and shows its instrument, or leaves all with 0."""
        self._unlink()
        self.link_group = group
        self._unlink = self.context.links.subscribe(group, self.set_instrument)
        shown = self.context.links.instrument(group)
        if shown is not None:
            self.set_instrument(shown)
        elif group != UNLINKED and self.instrument is not None:
            self.context.links.choose(group, self.instrument)
        self.title_changed.emit()

    def is_on_screen(self) -> bool:
        """Whether a refresh could be seen."""
        return self._failed is None and self.isVisible() and not self.window().isMinimized()

    def run_frame(self, frame: Frame) -> None:
        """One guarded refresh."""
        try:
            self._follow_past()
            self.refresh(frame)
            self._lend_focus()
        except Exception:  # noqa: BLE001 - a failure stays in its panel
            self.quarantine(traceback.format_exc())

    def setFocusProxy(self, widget: QWidget | None) -> None:
        """Who gets the focus for the panel, while it can be seen: Tab would stay for ever at one that cannot."""
        self._focus_target = widget
        super().setFocusProxy(widget)  # type: ignore[arg-type]

    def _lend_focus(self) -> None:
        target = self._focus_target
        wanted = target if target is not None and target.isVisibleTo(self) else None
        if self.focusProxy() is not wanted:
            super().setFocusProxy(wanted)  # type: ignore[arg-type]

    def _follow_past(self) -> None:
        is_past = self.is_past
        if is_past != self._was_past:
            self._was_past = is_past
            self.now_mark.setVisible(is_past and self.STAYS_NOW)
            self.past_changed(is_past)

    def quarantine(self, details: str) -> None:
        """Replaces the content by the traceback until a person starts the panel again."""
        _log.error("panel %s failed\n%s", self.panel_id, details, extra={"panel": self.TYPE})
        if self._failed is not None:
            return
        self._failed = QuarantineView(self.TITLE, details, self.start_again, self)
        self._stack.addWidget(self._failed)
        self._stack.setCurrentWidget(self._failed)

    @property
    def is_quarantined(self) -> bool:
        """Whether the traceback is shown."""
        return self._failed is not None

    def start_again(self) -> None:
        """Ends the quarantine and refreshes."""
        if self._failed is not None:
            self._stack.removeWidget(self._failed)
            self._failed.deleteLater()
            self._failed = None
        self.mark_dirty()

    def close_panel(self) -> None:
        """Ends the panel's subscriptions; the shell calls it before the widget goes."""
        self._unlink()
        self.context.clock.remove_inside(self)
        self.context.themes.changed.disconnect(self._theme_changed)

    # Qt.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A letter or digit that no editor took starts the symbol entry."""
        text = event.text()
        plain = not event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if plain and len(text) == 1 and text.isalpha() and text.isascii():
            self.context.shell.start_symbol_entry(self, text.upper())
            event.accept()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The ground."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.context.theme.colour("bg1"))
        painter.end()

    def showEvent(self, event: QEvent) -> None:
        """A panel that comes to the front is refreshed at the next frame."""
        super().showEvent(event)  # type: ignore[arg-type]
        self.mark_dirty()

    def mousePressEvent(self, event: Any) -> None:
        """Clicks activate the panel."""
        self.activated.emit(self)
        super().mousePressEvent(event)

    def _theme_changed(self, theme: Theme) -> None:
        self.now_mark.apply_theme(theme)
        self._guard(self.apply_theme, theme)
        self.mark_dirty()

    def _guard(self, call: Callable[..., None], *arguments: object) -> None:
        try:
            call(*arguments)
        except Exception:  # noqa: BLE001 - a failure stays in its panel
            self.quarantine(traceback.format_exc())

    def _install_shortcuts(self) -> None:
        self._shortcuts: list[QShortcut] = []
        for each in self.COMMANDS:
            command_id = f"{self.TYPE}.{each.id}"
            keys = self.context.commands.get(command_id).keys if command_id in self.context.commands else each.keys
            for text in keys:
                shortcut = QShortcut(QKeySequence(text), self)
                shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                shortcut.setAutoRepeat(not each.is_order)
                shortcut.setProperty("command_id", command_id)
                shortcut.activated.connect(self._run_shortcut)
                self._shortcuts.append(shortcut)

    def _run_shortcut(self) -> None:
        sender: QObject | None = self.sender()
        if sender is not None:
            self.activated.emit(self)
            self.context.shell.run(str(sender.property("command_id")))


def registry_commands(panel_class: type[Panel], active: Callable[[str], Panel | None]) -> tuple[Command, ...]:
    """The registry's form of a panel type's commands; ``active`` gives the panel of a type that they act on."""

    def bind(each: PanelCommand) -> Command:
        def run() -> None:
            panel = active(panel_class.TYPE)
            if panel is not None:
                getattr(panel, each.method)()

        def enabled() -> bool:
            panel = active(panel_class.TYPE)
            if panel is None or panel.is_quarantined:
                return False
            return bool(getattr(panel, each.enabled_method)()) if each.enabled_method else True

        return Command(
            f"{panel_class.TYPE}.{each.id}", each.title, panel_class.TITLE, run, each.keys, enabled, each.is_order,
            panel_class.TYPE, each.help,
        )  # fmt: skip

    return tuple(bind(each) for each in panel_class.COMMANDS)
