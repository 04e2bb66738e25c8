"""Names in Lean's layout: what a path inside the folder and a name inside a zip say about their rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import PurePosixPath

from terminal.core.instruments import Style
from terminal.core.osi import OptionSymbol, Right, SymbolError, make_option_symbol


class Asset(Enum):
    """The first folder: what sort of security a file is about."""

    EQUITY = "equity"
    INDEX = "index"
    OPTION = "option"
    INDEX_OPTION = "indexoption"

    @property
    def is_option(self) -> bool:
        """Whether a zip of this sort holds one file a contract."""
        return self in {Asset.OPTION, Asset.INDEX_OPTION}


class Resolution(Enum):
    """How finely time is cut; the value is Lean's folder name. Finest first."""

    TICK = "tick"
    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAILY = "daily"

    @property
    def interval_s(self) -> int:
        """Seconds of one bar; 0 for ticks."""
        return {"tick": 0, "second": 1, "minute": 60, "hour": 3600, "daily": 86_400}[self.value]

    @property
    def spans_days(self) -> bool:
        """Whether one file holds many days, with dates in its rows."""
        return self in {Resolution.HOUR, Resolution.DAILY}


class Data(Enum):
    """What a row says."""

    QUOTE = "quote"
    TRADE = "trade"
    OPEN_INTEREST = "openinterest"


@dataclass(frozen=True, slots=True)
class FileName:
    """What a path says. ``ticker``: lower case, an option's root. ``day``: None when the file spans many days."""

    path: str
    asset: Asset
    market: str
    resolution: Resolution
    ticker: str
    data: Data
    day: date | None
    style: Style | None

    @property
    def plain_path(self) -> str:
        """The path with a double name (``.zip.zip``) made a plain one."""
        return _SUFFIX.sub(".zip", self.path)

    @property
    def kind(self) -> str:
        """The report's name of the rows, like ``option_quote``; daily bars are ``equity_daily``."""
        owner = {Asset.EQUITY: "equity", Asset.INDEX: "index"}.get(self.asset, "option")
        if self.resolution is Resolution.DAILY and self.data is Data.TRADE:
            return f"{owner}_daily"
        return "open_interest" if self.data is Data.OPEN_INTEREST else f"{owner}_{self.data.value}"


_SUFFIX = re.compile(r"(\.zip)+\Z", re.IGNORECASE)
_DATA = "quote|trade|openinterest"
_STYLE = "american|european"
_BY_DAY = re.compile(rf"(?P<day>\d{{8}})_(?P<data>{_DATA})(?:_(?P<style>{_STYLE}))?")
_BY_SYMBOL = re.compile(
    rf"(?P<ticker>[a-z0-9.]+?)(?:_(?P<year>\d{{4}}))?(?:_(?P<data>{_DATA}))?(?:_(?P<style>{_STYLE}))?"
)
_MEMBER = re.compile(
    rf"(?:(?P<day>\d{{8}})_)?(?P<root>[a-z0-9.]+)_(?:(?:tick|second|minute|hour|daily)_)?(?P<data>{_DATA})_"
    rf"(?P<style>{_STYLE})_(?P<right>call|put)_(?P<strike>\d{{1,12}})_(?P<expiry>\d{{8}})\.csv"
)


def parse_path(path: PurePosixPath) -> FileName | None:
    """What a path relative to the folder names, or None when it is no data file of this layout.

    A zip under a double name (``.zip.zip``) counts like any other.
    """
    parts = path.parts
    if len(parts) < 4 or not _SUFFIX.search(parts[-1]):
        return None
    try:
        asset, resolution = Asset(parts[0].lower()), Resolution(parts[2].lower())
    except ValueError:
        return None
    market, stem = parts[1].lower(), _SUFFIX.sub("", parts[-1]).lower()
    if resolution.spans_days:
        return _spanning(path, asset, market, resolution, stem) if len(parts) == 4 else None
    found = _BY_DAY.fullmatch(stem)
    day = parse_day(found["day"]) if found else None
    if found is None or day is None or len(parts) != 5 or _lacks_style(asset, found["style"]):
        return None
    return FileName(
        path.as_posix(), asset, market, resolution, parts[3].lower(), Data(found["data"]), day, _style(found["style"])
    )


def _spanning(path: PurePosixPath, asset: Asset, market: str, resolution: Resolution, stem: str) -> FileName | None:
    found = _BY_SYMBOL.fullmatch(stem)
    if found is None or _lacks_style(asset, found["style"]) or (asset.is_option and not found["data"]):
        return None
    data = Data(found["data"]) if found["data"] else Data.TRADE
    return FileName(path.as_posix(), asset, market, resolution, found["ticker"], data, None, _style(found["style"]))


def parse_member(name: str, file: FileName) -> OptionSymbol | None:
    """The contract that a name inside an option zip is about, or None when it names none that fits the zip.

    Raises nothing: strikes finer than a tenth of a cent, roots and dates that no option symbol can hold give None.
    """
    found = _MEMBER.fullmatch(PurePosixPath(name).name.lower())
    if found is None or found["root"] != file.ticker or found["data"] != file.data.value:
        return None
    if _style(found["style"]) is not file.style:
        return None
    if file.day is not None and found["day"] is not None and parse_day(found["day"]) != file.day:
        return None
    expiry = parse_day(found["expiry"])
    mills, finer = divmod(int(found["strike"]), 10)
    if expiry is None or finer:
        return None
    right = Right.CALL if found["right"] == "call" else Right.PUT
    try:
        return make_option_symbol(found["root"].upper(), expiry, right, mills)
    except SymbolError:
        return None


def parse_day(text: str) -> date | None:
    """The date of ``YYYYMMDD``, or None."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if len(text) == 8 and text.isdigit() else None
    except ValueError:
        return None


def _style(text: str | None) -> Style | None:
    return Style(text) if text else None


def _lacks_style(asset: Asset, style: str | None) -> bool:
    return asset.is_option != (style is not None)
