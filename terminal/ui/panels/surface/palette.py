"""The colours of a surface: one map a meaning, the same for the graphics card, the flat picture and the colour bar."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor, QImage

from terminal.app.views.surface_scene import Colour, Tone
from terminal.ui.theme.theme import Theme

STEPS = 256
CALL, PUT = 0, 1
"""Places in the tokens' series."""


def side_colour(theme: Theme, *, is_call: bool) -> QColor:
    """Of a call or a put, everywhere in the panel."""
    return theme.colour(theme.tokens.series[CALL if is_call else PUT])


def colour_map(theme: Theme, colour: Colour) -> npt.NDArray[np.uint32]:
    """RGB32 of ``STEPS`` shades from 0 to 1."""
    if colour is Colour.SIDE:
        half = STEPS // 2
        return np.repeat(
            np.array([side_colour(theme, is_call=each).rgb() & 0xFFFFFFFF for each in (False, True)], np.uint32), half
        )
    # The ends of the heat map are the ground's own colour: a surface begins where it can be told from it.
    stops = theme.tokens.diverging if colour is Colour.RESIDUAL else theme.tokens.heat[2:]
    inks = [QColor(each) for each in stops]
    at, places = np.linspace(0.0, len(inks) - 1.0, STEPS), np.arange(len(inks), dtype=np.float64)
    red, green, blue = (
        np.rint(np.interp(at, places, [getattr(ink, name)() for ink in inks])).astype(np.uint32)
        for name in ("red", "green", "blue")
    )
    return np.uint32(0xFF000000) | red << np.uint32(16) | green << np.uint32(8) | blue


def map_picture(shades: npt.NDArray[np.uint32]) -> QImage:
    """A colour map as a picture one pixel high."""
    strip = np.ascontiguousarray(shades).reshape(1, -1)
    made = QImage(strip.data, strip.shape[1], 1, strip.shape[1] * 4, QImage.Format.Format_RGB32)  # type: ignore[call-overload]
    return made.copy()


def tone_colours(theme: Theme) -> list[QColor]:
    """By :class:`Tone`, and last that of the lines on the surface."""
    inks = {
        Tone.CALL: side_colour(theme, is_call=True), Tone.PUT: side_colour(theme, is_call=False),
        Tone.WIRE: theme.colour("line"), Tone.CHOSEN: theme.colour("text0"), Tone.GHOST: theme.colour("text2"),
    }  # fmt: skip
    mesh = QColor(theme.colour("bg0"))
    mesh.setAlphaF(0.45 if theme.tokens.is_dark else 0.55)
    return [*(inks[each] for each in Tone), mesh]
