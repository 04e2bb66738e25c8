"""A theme in Qt's terms: colours, fonts, palette and style sheet, and the switch that changes it live."""

from __future__ import annotations

import math
from functools import cache

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from terminal.ui.theme import fonts
from terminal.ui.theme.style_sheet import style_sheet
from terminal.ui.theme.tokens import Tokens, ink_on, tokens


class Theme:
    """Tokens with their Qt objects; immutable, one instance a choice."""

    def __init__(self, chosen: Tokens) -> None:
        self.tokens = chosen
        self._colours: dict[str, QColor] = {}

    def colour(self, token: str) -> QColor:
        """The QColor of a token's name (``"up"``) or of a ``#RRGGBB`` from the tokens; cached, do not change it."""
        found = self._colours.get(token)
        if found is None:
            found = QColor(token if token.startswith("#") else getattr(self.tokens, token))
            self._colours[token] = found
        return found

    def ink_on(self, token: str) -> QColor:
        """Text colour for writing on a token's colour."""
        return QColor(ink_on(getattr(self.tokens, token)))

    def label_font(self) -> QFont:
        """11 px Inter."""
        return fonts.ui_font(self.tokens.label_px)

    def value_font(self, *, bold: bool = False) -> QFont:
        """12 px Inter with tabular digits."""
        return fonts.ui_font(self.tokens.value_px, bold=bold)

    def column_font(self) -> QFont:
        """10 px capitals with 4% tracking, for column heads."""
        return fonts.column_font(self.tokens.column_px)

    def mono_font(self) -> QFont:
        """JetBrains Mono, for columns of mixed text such as the log."""
        return fonts.mono_font(self.tokens.label_px)

    def sign_token(self, value: float | None) -> str:
        """``up``, ``down`` or ``text0`` by the sign of a change."""
        if value is None or value == 0 or math.isnan(value):
            return "text0"
        return "up" if value > 0 else "down"

    def palette(self) -> QPalette:
        """The application's palette."""
        t, palette, role = self.tokens, QPalette(), QPalette.ColorRole
        pairs = {
            role.Window: t.bg0, role.WindowText: t.text0, role.Base: t.bg1, role.AlternateBase: t.bg2,
            role.Text: t.text0, role.Button: t.bg2, role.ButtonText: t.text0, role.BrightText: t.critical,
            role.ToolTipBase: t.bg2, role.ToolTipText: t.text0, role.PlaceholderText: t.text2,
            role.Highlight: t.selection, role.HighlightedText: t.text0, role.Link: t.accent, role.LinkVisited: t.accent,
            role.Light: t.bg2, role.Midlight: t.bg2, role.Mid: t.line, role.Dark: t.line, role.Shadow: t.bg0,
            role.Accent: t.accent,
        }  # fmt: skip
        for each, colour in pairs.items():
            palette.setColor(each, QColor(colour))
        for each in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(t.text2))
        return palette


@cache
def theme(name: str, *, colour_blind: bool = False, comfortable: bool = False) -> Theme:
    """The theme of a choice; ValueError for an unknown name."""
    return Theme(tokens(name, colour_blind=colour_blind, comfortable=comfortable))


class ThemeSwitch(QObject):
    """Holds the theme of now and changes the whole application live."""

    changed = Signal(object)
    """Carries the new Theme, after palette and style sheet are in place."""

    def __init__(self, name: str = "dark", *, colour_blind: bool = False, comfortable: bool = False) -> None:
        super().__init__()
        self._choice = (name, colour_blind, comfortable)
        self._theme = theme(name, colour_blind=colour_blind, comfortable=comfortable)

    @property
    def theme(self) -> Theme:
        """The theme of now."""
        return self._theme

    def choose(
        self, name: str | None = None, *, colour_blind: bool | None = None, comfortable: bool | None = None
    ) -> None:
        """Changes what is given and applies it to the application."""
        was = self._choice
        self._choice = (
            was[0] if name is None else name,
            was[1] if colour_blind is None else colour_blind,
            was[2] if comfortable is None else comfortable,
        )
        self._theme = theme(self._choice[0], colour_blind=self._choice[1], comfortable=self._choice[2])
        self.apply()

    @property
    def choice(self) -> tuple[str, bool, bool]:
        """Name, colour-blind palette, comfortable rows."""
        return self._choice

    def apply(self) -> None:
        """Sets palette, font and style sheet of the QApplication, then emits :attr:`changed`."""
        application = QApplication.instance()
        if isinstance(application, QApplication):
            # With the old sheet in place every widget is polished several times over: 2.1 s for 1,450 widgets, not 0.5.
            application.setStyleSheet("")
            application.setPalette(self._theme.palette())
            application.setFont(self._theme.value_font())
            application.setStyleSheet(style_sheet(self._theme.tokens))
        self.changed.emit(self._theme)
