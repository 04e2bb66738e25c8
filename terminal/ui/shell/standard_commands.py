"""The commands of the window itself."""

from __future__ import annotations

from collections.abc import Callable

from terminal.app.commands import Command
from terminal.app.desk_port import DeskPort
from terminal.app.ports import Past, Playback
from terminal.core.clock import NS_PER_S
from terminal.ui.panel_registry import PanelRegistry
from terminal.ui.shell.window_actions import WindowActions
from terminal.ui.theme.theme import ThemeSwitch


def window_commands(window: WindowActions, desk: DeskPort, themes: ThemeSwitch) -> list[Command]:
    """Desk, view, workspace, trade and help."""
    return [
        Command("desk.palette", "Find a command", "Desk", window.show_palette, ("Ctrl+K",)),
        Command("desk.symbol", "Enter a symbol", "Desk", window.show_symbol_entry, ("Ctrl+L",)),
        Command("desk.alerts", "Show the alerts", "Desk", window.show_alerts, ("Ctrl+Shift+L",)),
        Command("desk.screenshot", "Save a picture of the window…", "Desk", window.ask_screenshot),
        Command("desk.quit", "Quit", "Desk", window.close, ("Ctrl+Q",)),
        Command("view.dark", "Dark theme", "View", lambda: themes.choose("dark"),
                is_on=lambda: themes.choice[0] == "dark"),
        Command("view.light", "Light theme", "View", lambda: themes.choose("light"),
                is_on=lambda: themes.choice[0] == "light"),
        Command("view.colour_blind", "Colour-blind safe palette (blue and orange)", "View",
                lambda: themes.choose(colour_blind=not themes.choice[1]), is_on=lambda: themes.choice[1]),
        Command("view.comfortable", "Comfortable rows", "View",
                lambda: themes.choose(comfortable=not themes.choice[2]), is_on=lambda: themes.choice[2]),
        Command("view.meter", "Show the meter over the window", "View", window.toggle_meter, ("Ctrl+M",),
                is_on=window.is_meter_shown),
        Command("workspace.lock", "Lock the layout", "Workspace", window.toggle_lock, is_on=window.is_locked),
        Command("workspace.save", "Save the workspace", "Workspace", window.save_workspace, ("Ctrl+S",)),
        Command("workspace.copy", "Save as a new workspace…", "Workspace", window.copy_workspace),
        Command("workspace.reset", "Put the workspace back as it was shipped", "Workspace", window.reset_workspace),
        Command("trade.arm", "Arm or disarm the order keys", "Trade", window.trade.arm_or_disarm, ("Ctrl+Alt+A",),
                is_order=True, is_on=lambda: desk.arming.is_armed),
        Command("trade.cancel_all", "Cancel all orders", "Trade", window.trade.cancel_all, ("Ctrl+Backspace",),
                is_order=True, help="Works disarmed too."),
        Command("trade.flatten", "Close every position at market", "Trade", window.trade.flatten, ("Ctrl+Shift+F",),
                is_order=True),
        Command("help.keys", "Keys", "Help", window.show_cheat_sheet, ("F1",)),
        Command("help.about", "About Moneyness", "Help", window.show_about),
    ]  # fmt: skip


def panel_type_commands(window: WindowActions, registry: PanelRegistry) -> list[Command]:
    """One command a panel type: bring it to the front, or make it."""
    return [
        Command(f"panel.{kind.type_id}", f"Show {kind.title}", "Panels", _opener(window, kind.type_id), kind.keys,
                help=kind.help)
        for kind in registry.all()
    ] + [
        Command(f"panel.new_{kind.type_id}", f"Another {kind.title}", "New panel", _adder(window, kind.type_id))
        for kind in registry.all()
    ]  # fmt: skip


def workspace_commands(names: list[str], switch: Callable[[str], None]) -> list[Command]:
    """Ctrl+1 to Ctrl+9 and one command a workspace."""

    def going(name: str) -> Callable[[], None]:
        return lambda: switch(name)

    return [
        Command(f"workspace.go_{place}", f"Workspace {name}", "Workspace", going(name),
                (f"Ctrl+{place}",) if place <= 9 else ())
        for place, name in enumerate(names, 1)
    ]  # fmt: skip


def playback_commands(playback: Playback, speeds: tuple[float, ...]) -> list[Command]:
    """Pause, step and speed."""

    def shift(step: int) -> Callable[[], None]:
        def run() -> None:
            nearest = min(range(len(speeds)), key=lambda i: abs(speeds[i] - min(playback.speed, 1e9)))
            if playback.speed == float("inf"):
                nearest = len(speeds) - 1
            playback.set_speed(speeds[min(len(speeds) - 1, max(0, nearest + step))])

        return run

    def toggle() -> None:
        if playback.paused:
            playback.play()
        else:
            playback.pause()

    return [
        Command("playback.toggle", "Pause or go on", "Playback", toggle, ("Ctrl+Space",)),
        Command("playback.step", "Play one instant", "Playback", playback.step, ("Ctrl+.",)),
        Command("playback.slower", "Slower", "Playback", shift(-1), ("Ctrl+Alt+Left",)),
        Command("playback.faster", "Faster", "Playback", shift(1), ("Ctrl+Alt+Right",)),
    ]


def past_commands(past: Past, look: Callable[[int], None], seek: Callable[[int], None]) -> list[Command]:
    """Back and forth over the run's day. ``look`` shows a moment, ``seek`` moves the market; refusals are told."""

    def by(seconds: int) -> Callable[[], None]:
        def run() -> None:
            if seconds < 0 or past.is_past:
                look(past.wanted_ns + seconds * NS_PER_S)

        return run

    def steps(word: str, seconds: int, keys: str) -> list[Command]:
        back = Command(f"past.back_{seconds}", f"Look {word} further back", "Past", by(-seconds), (f"{keys}Left",))
        return [back, Command(f"past.forward_{seconds}", f"Look {word} later", "Past", by(seconds), (f"{keys}Right",))]

    def rewind() -> None:
        if past.is_past:
            seek(past.shown_ns)

    return [
        Command("past.live", "Back to the live market", "Past", past.live, ("Alt+Home",)),
        *steps("one second", 1, "Alt+"),
        *steps("ten seconds", 10, "Alt+Shift+"),
        *steps("one minute", 60, "Ctrl+Alt+Shift+"),
        Command("past.rewind", "Start the market again at the moment looked back at", "Past", rewind),
    ]


def _opener(window: WindowActions, type_id: str) -> Callable[[], None]:
    return lambda: window.open_panel(type_id)


def _adder(window: WindowActions, type_id: str) -> Callable[[], None]:
    return lambda: window.add_panel(type_id)
