"""Every indicator by its id: those of TA-Lib out of their table, and the house's own."""

from __future__ import annotations

from functools import cache

from terminal.market.indicators.session_vwap import VWAP_SPEC
from terminal.market.indicators.spec import (
    IndicatorError,
    IndicatorSpec,
    OutputSpec,
    OutputStyle,
    ParameterSpec,
    Setting,
)
from terminal.market.indicators.talib_table import TABLE

SOURCES = ("close", "open", "high", "low", "hl2", "hlc3", "ohlc4")
"""Prices that an indicator of one price can be made of."""
_AVERAGES: tuple[tuple[Setting, str], ...] = (
    (0, "Simple"), (1, "Exponential"), (2, "Weighted"), (3, "Double exponential"), (4, "Triple exponential"),
    (5, "Triangular"), (6, "Kaufman adaptive"), (8, "T3"), (9, "Hull"), (12, "Zero-lag"), (13, "Wilder"),
)  # fmt: skip
_MOST_PERIOD = 10_000
_LABELS = {
    "timeperiod": "Period", "fastperiod": "Fast period", "slowperiod": "Slow period", "signalperiod": "Signal period",
    "matype": "Average", "fastmatype": "Fast average", "slowmatype": "Slow average", "signalmatype": "Signal average",
    "fastk_period": "Fast %K period", "fastd_period": "Fast %D period", "fastd_matype": "Fast %D average",
    "slowk_period": "Slow %K period", "slowk_matype": "Slow %K average", "slowd_period": "Slow %D period",
    "slowd_matype": "Slow %D average", "nbdevup": "Deviations up", "nbdevdn": "Deviations down",
    "nbdev": "Deviations", "vfactor": "Volume factor", "fastlimit": "Fast limit", "slowlimit": "Slow limit",
    "acceleration": "Acceleration", "maximum": "Most acceleration", "multiplier": "Multiplier",
    "atrperiod": "ATR period", "stddevperiod": "Deviation period", "rocperiod": "Change period",
    "percentile": "Percentile", "leftbars": "Bars before", "rightbars": "Bars after", "wmaperiod": "Average period",
    "roc1period": "First change", "roc2period": "Second change", "firstperiod": "First period",
    "secondperiod": "Second period", "timeperiod1": "First period", "timeperiod2": "Second period",
    "timeperiod3": "Third period",
}  # fmt: skip
_OUTPUT_LABELS = {
    "real": "", "integer": "", "upperband": "upper", "middleband": "middle", "lowerband": "lower",
    "macdsignal": "signal", "macdhist": "histogram", "smisignal": "signal", "aroonup": "up", "aroondown": "down",
    "bullpower": "bull", "bearpower": "bear", "swinghigh": "high", "swinglow": "low", "plusvi": "+VI",
    "minusvi": "−VI", "slowk": "%K", "slowd": "%D", "fastk": "%K", "fastd": "%D", "leadsine": "lead",
    "supertrend": "", "inphase": "in phase",
}  # fmt: skip


@cache
def catalog() -> dict[str, IndicatorSpec]:
    """All indicators, in the order of menus."""
    found = {VWAP_SPEC.id: VWAP_SPEC}
    group = ""
    for row in TABLE.replace("\n  ", " ").strip().splitlines():
        if row.startswith("["):
            group = row.strip("[]")
        else:
            made = _of_row(row, group)
            found[made.id] = made
    return found


def find(indicator: str) -> IndicatorSpec:
    """The indicator of an id; IndicatorError when there is none."""
    try:
        return catalog()[indicator]
    except KeyError:
        raise IndicatorError(f"this version has no indicator {indicator!r}") from None


def _of_row(row: str, group: str) -> IndicatorSpec:
    name, title, inputs, parameters, outputs, *more = (part.strip() for part in row.split(" | "))
    words = {part.split()[0]: tuple(float(each) for each in part.split()[1:]) for part in more}
    found = [_parameter(*each.split("=")) for each in parameters.split() if each != "-"]
    if inputs == "source":
        choices = tuple((source, source) for source in SOURCES)
        found.append(ParameterSpec("source", "Source", "close", choices=choices))
    bounds = words.get("bounds")
    return IndicatorSpec(
        name, title, group, inputs, tuple(found), tuple(_output(each) for each in outputs.split()),
        "overlay" in words, words.get("guides", ()), (bounds[0], bounds[1]) if bounds else None,
    )  # fmt: skip


def _parameter(name: str, default: str) -> ParameterSpec:
    label = _LABELS[name]
    if name.endswith("matype"):
        return ParameterSpec(name, label, int(default), choices=_AVERAGES)
    if "." in default:
        return ParameterSpec(name, label, float(default), 0.0, 100.0)
    return ParameterSpec(name, label, int(default), 1, _MOST_PERIOD)


def _output(text: str) -> OutputSpec:
    name, _, style = text.partition(":")
    return OutputSpec(name, _OUTPUT_LABELS.get(name, name), OutputStyle(style or "line"))
