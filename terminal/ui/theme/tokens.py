"""Every colour and measure of the face. Panels name tokens; nothing else names a colour."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache


@dataclass(frozen=True, slots=True)
class Tokens:
    """One theme. Colours are ``#RRGGBB`` or ``#AARRGGBB`` (Qt's order); measures are device-independent pixels."""

    name: str
    is_dark: bool
    bg0: str
    bg1: str
    bg2: str
    line: str
    text0: str
    text1: str
    text2: str
    up: str
    down: str
    bid: str
    ask: str
    accent: str
    on_accent: str
    warn: str
    critical: str
    armed: str
    mode_sim: str
    mode_replay: str
    mode_paper: str
    mode_live: str
    itm: str
    hover: str
    selection: str
    links: tuple[str, str, str, str, str, str]
    series: tuple[str, ...]
    heat: tuple[str, ...]
    """A sequential map from nothing to much, of steadily rising contrast with ``bg0``; blue and yellow alone."""
    diverging: tuple[str, ...]
    """Below zero, nothing in the middle, above zero; blue and orange."""
    row_height: int = 20
    head_height: int = 22
    radius: int = 3
    grid: int = 4
    label_px: int = 11
    value_px: int = 12
    column_px: int = 10
    tint_ms: int = 300

    def mode(self, mode_value: str) -> str:
        """The colour of a desk mode by its value (``sim``, ``replay``, ``paper``, ``live``)."""
        return {
            "sim": self.mode_sim, "replay": self.mode_replay, "paper": self.mode_paper, "live": self.mode_live,
        }[mode_value]  # fmt: skip

    def link(self, group: int) -> str:
        """The colour of a link group 1 to 6; of no group, the hairline's."""
        return self.links[group - 1] if group else self.line


DARK = Tokens(
    name="dark", is_dark=True,
    bg0="#0E1116", bg1="#151A21", bg2="#1C232C", line="#27303B",
    text0="#E6EAF0", text1="#A9B4C2", text2="#7F8C9C",
    up="#2FBF9B", down="#F0616D", bid="#383D8BFD", ask="#38F0616D",
    accent="#F5B83D", on_accent="#14181E", warn="#F5B83D", critical="#FF4D5E", armed="#FF4D5E",
    mode_sim="#8166FF", mode_replay="#2FA8C9", mode_paper="#8FA3B8", mode_live="#2FBF9B",
    itm="#1A2430", hover="#202833", selection="#212A36",
    links=("#E5534B", "#4E9AF5", "#3FB950", "#D29922", "#B072E8", "#3CC5C5"),
    series=("#4EA1FF", "#F5B83D", "#2FBF9B", "#F0616D", "#B48CFF", "#8FA3B8"),
    heat=("#0F1828", "#11264A", "#143869", "#1B5290", "#2E74AE", "#6B9BA8", "#BFAE66", "#F0CE56", "#FFF6C8"),
    diverging=("#4EA1FF", "#31659F", "#46505C", "#A5692C", "#FF9F43"),
)  # fmt: skip

LIGHT = Tokens(
    name="light", is_dark=False,
    bg0="#F6F7F9", bg1="#FFFFFF", bg2="#EEF1F4", line="#D5DAE1",
    text0="#14181E", text1="#4A5563", text2="#646E7C",
    up="#0A7A5F", down="#C8323F", bid="#293D8BFD", ask="#29F0616D",
    accent="#8A5A00", on_accent="#FFFFFF", warn="#8A5A00", critical="#C8102E", armed="#D9263A",
    mode_sim="#5B3FD6", mode_replay="#0F6E87", mode_paper="#3F566E", mode_live="#0A7A5F",
    itm="#F1F6FC", hover="#E8ECF1", selection="#E4EBF5",
    links=("#C8323F", "#1A68C4", "#1A7F37", "#9A6700", "#7A3FC0", "#0E7C7C"),
    series=("#1A68C4", "#A05000", "#0A7A5F", "#C8323F", "#6A48C8", "#4A5563"),
    heat=("#EEF3F9", "#DCE8F5", "#C2D8EE", "#9EC1E2", "#6F9FCF", "#467BB0", "#32588A", "#2A3766", "#191436"),
    diverging=("#1A68C4", "#86B0E2", "#DDE2E8", "#E0AA72", "#A05000"),
)  # fmt: skip

_COLOUR_BLIND = {"dark": ("#4EA1FF", "#FF9F43"), "light": ("#1A68C4", "#A05000")}


def tokens(theme: str, *, colour_blind: bool = False, comfortable: bool = False) -> Tokens:
    """The tokens of ``dark`` or ``light``; ValueError otherwise. ``comfortable`` rows are 24 px high."""
    found = {"dark": DARK, "light": LIGHT}.get(theme)
    if found is None:
        raise ValueError(f"the theme is dark or light, was {theme!r}")
    if colour_blind:
        up, down = _COLOUR_BLIND[theme]
        bid, ask = f"#{found.bid[1:3]}{up[1:]}", f"#{found.ask[1:3]}{down[1:]}"
        found = replace(found, up=up, down=down, bid=bid, ask=ask)
    return replace(found, row_height=24) if comfortable else found


def contrast(first: str, second: str) -> float:
    """The WCAG 2.1 contrast ratio of two opaque colours, 1 to 21."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@cache
def ink_on(background: str) -> str:
    """Black or white, whichever reads better on ``background``."""
    return max(("#FFFFFF", "#0B0E12"), key=lambda ink: contrast(ink, background))


def _luminance(colour: str) -> float:
    channels = (int(colour[-6 + i : len(colour) - 4 + i] or colour[-2:], 16) / 255 for i in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
