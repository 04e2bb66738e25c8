"""Small folders in Lean's layout, made for one test."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path


def write_zip(path: Path, members: Mapping[str, str | bytes]) -> Path:
    """A zip with these files, its folders made; returns ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def option_quotes(root: Path, day: str, members: Mapping[str, str], ticker: str = "acme") -> Path:
    """Minute quotes of American options; ``members`` by ``call_100000_20240119``."""
    path = root / f"option/usa/minute/{ticker}/{day}_quote_american.zip"
    return write_zip(path, {f"{day}_{ticker}_minute_quote_american_{name}.csv": text for name, text in members.items()})


def equity_minutes(root: Path, day: str, data: str, text: str, ticker: str = "acme") -> Path:
    """Minute bars of a share; ``data`` is quote or trade."""
    path = root / f"equity/usa/minute/{ticker}/{day}_{data}.zip"
    return write_zip(path, {f"{day}_{ticker}_minute_{data}.csv": text})


def equity_daily(root: Path, text: str, ticker: str = "acme") -> Path:
    """Daily bars of a share."""
    return write_zip(root / f"equity/usa/daily/{ticker}.zip", {f"{ticker}.csv": text})
