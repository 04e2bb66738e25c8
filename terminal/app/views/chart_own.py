"""The trader's own indicators on a chart: formulas and files as choices beside those of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from terminal.market.indicators.file_series import FileSeries, SubmitAnswer
from terminal.market.indicators.formula import Formula
from terminal.market.indicators.spec import IndicatorSpec, OutputSpec, OutputStyle, ParameterSpec, Setting
from terminal.market.indicators.user_file import FILE_ID, FileProcess, UserFile, read_user_file

FORMULA_ID = "FORMULA"
_STYLES: tuple[tuple[Setting, str], ...] = (("line", "Line"), ("histogram", "Histogram"), ("dots", "Dots"))
_PLACES: tuple[tuple[Setting, str], ...] = (("own", "In a pane of its own"), ("prices", "On the prices"))
FILE_NOTICE = (
    "A Python file is a program: it runs in a process of its own with your rights, and can do whatever you can. "
    "Use only files that you wrote or have read."
)
EXAMPLE = '''"""Distance of the close from its average, in average ranges."""

import numpy as np

TITLE = "Stretch"
PARAMETERS = {"period": 20}
GUIDES = (-2.0, 2.0)
BARS_NEEDED = 200


def compute(high, low, close, period):
    """Arrays in, one array of the same length out."""
    kernel = np.ones(int(period)) / int(period)
    if len(close) < len(kernel):
        return np.full(len(close), np.nan)
    average = np.convolve(close, kernel, "valid")
    reach = np.convolve(high - low, kernel, "valid")
    found = np.full(len(close), np.nan)
    found[len(kernel) - 1 :] = (close[len(kernel) - 1 :] - average) / np.maximum(reach, 1e-12)
    return found
'''
EXAMPLE_NAME = "stretch.py"


def formula_spec(text: str, settings: Mapping[str, object]) -> IndicatorSpec:
    """A formula as an indicator; FormulaError, with the place, when it is none."""
    Formula(text)
    style = settings.get("style")
    return IndicatorSpec(
        FORMULA_ID,
        "Formula",
        "Own",
        "ohlcv",
        (
            ParameterSpec("name", "Name", ""),
            ParameterSpec("place", "Drawn", "own", choices=_PLACES),
            ParameterSpec("style", "As", "line", choices=_STYLES),
        ),
        (OutputSpec("value", "", OutputStyle(style) if style in {"histogram", "dots"} else OutputStyle.LINE),),
        settings.get("place") == "prices",
    )


def file_of(folder: Path | None, name: str) -> UserFile:
    """A file of the trader's folder and what it says of itself; FileFailed when it cannot be."""
    return read_user_file(folder or Path(), name)


def unread_file_spec(name: str) -> IndicatorSpec:
    """Stands for a file that cannot be read now."""
    return IndicatorSpec(FILE_ID, name, "Own files", "ohlcv", (), (OutputSpec("value", ""),))


def file_series(
    file: UserFile, settings: Mapping[str, Setting], price_scale: float, size_scale: float, submit: SubmitAnswer
) -> FileSeries:
    """Values from a process of the file's own."""
    return FileSeries(FileProcess(file, settings), len(file.spec.outputs), price_scale, size_scale, submit)


def write_example(folder: Path) -> Path:
    """A small file to begin with, if none of that name is there; OSError when it cannot be written."""
    path = folder / EXAMPLE_NAME
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(EXAMPLE, encoding="utf-8")
    return path
