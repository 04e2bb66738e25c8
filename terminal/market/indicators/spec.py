"""What an indicator is: its parameters, its outputs and where they are drawn. No numbers are computed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

Setting = int | float | str
Settings = Mapping[str, Setting]


class IndicatorError(Exception):
    """An indicator that cannot be computed; the message is for the trader."""


class OutputStyle(Enum):
    """How the values of one output are drawn."""

    LINE = "line"
    DASHED = "dashed"
    HISTOGRAM = "histogram"
    DOTS = "dots"
    UPPER = "upper"
    """Upper edge of a band; the band to the lower one is filled faintly."""
    LOWER = "lower"
    HIDDEN = "hidden"
    """Computed and not drawn."""


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One line of an indicator."""

    name: str
    label: str
    style: OutputStyle = OutputStyle.LINE


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One number or choice that the trader may change. ``choices`` (value, words) for a list, else None."""

    name: str
    label: str
    default: Setting
    least: float = 0.0
    most: float = 0.0
    choices: tuple[tuple[Setting, str], ...] | None = None

    def fit(self, value: object) -> Setting:
        """``value`` if it can be this parameter's, else the default."""
        if self.choices is not None:
            return next((known for known, _ in self.choices if known == value), self.default)
        if isinstance(self.default, str):
            return value if isinstance(value, str) else self.default
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.least <= value <= self.most:
            return self.default
        return int(value) if isinstance(self.default, int) else float(value)


@dataclass(frozen=True, slots=True)
class IndicatorSpec:
    """An indicator that a chart offers.

    ``inputs``: ``source`` for the price that the trader chooses, else letters of open, high, low, close, volume.
    ``is_overlay``: its values are prices and lie on the bars; the others have a pane of their own. ``guides``: values
    at which a line is drawn. ``bounds``: lowest and highest value that there can be.
    """

    id: str
    title: str
    group: str
    inputs: str
    parameters: tuple[ParameterSpec, ...]
    outputs: tuple[OutputSpec, ...]
    is_overlay: bool = False
    guides: tuple[float, ...] = ()
    bounds: tuple[float, float] | None = None

    def fit(self, settings: Mapping[str, object]) -> dict[str, Setting]:
        """Every parameter: the given one where it fits, else the default."""
        return {each.name: each.fit(settings.get(each.name, each.default)) for each in self.parameters}

    def short(self, settings: Settings) -> str:
        """``RSI 14`` : the id and the parameters that are numbers, as a legend shows them."""
        numbers = [
            f"{settings[each.name]:g}"
            for each in self.parameters
            if each.choices is None and isinstance(settings[each.name], int | float)
        ]
        source = settings.get("source", "close")
        more = [str(source)] if source != "close" else []
        return " ".join([self.id.replace("_", " "), *numbers, *more])
