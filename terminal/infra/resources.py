"""Files that ship with the program: fonts and icons. Found in a frozen bundle, an installed package or a checkout."""

from __future__ import annotations

import sys
from pathlib import Path

from terminal.infra.failures import UsageError

_PACKAGE = Path(__file__).resolve().parent.parent
_MARK = "README.md"
"""A file that only the real folder has: an empty folder of the same name is passed over."""


class ResourceMissing(UsageError):
    """A file that ships with the program is not there."""


def candidates() -> tuple[Path, ...]:
    """Where the resources may lie, in the order in which they are looked for."""
    bundle = getattr(sys, "_MEIPASS", None)
    places = (_PACKAGE / "_resources", _PACKAGE.parent / "resources")
    return (Path(bundle) / "resources", *places) if bundle else places


def root() -> Path:
    """The folder of the resources; ResourceMissing, naming the places, when there is none."""
    for place in candidates():
        if (place / _MARK).is_file():
            return place
    looked = ", ".join(str(place) for place in candidates())
    raise ResourceMissing(f"The fonts and icons of Moneyness are missing; looked in {looked}; install it again.")


def find(*parts: str) -> Path:
    """The path of one file, such as ``find("icons", "pin.svg")``; ResourceMissing when it is not there."""
    place = root()
    path = place.joinpath(*parts)
    if not path.resolve().is_relative_to(place.resolve()) or not path.is_file():
        raise ResourceMissing(f"The file {'/'.join(parts)} is missing in {place}; install Moneyness again.")
    return path


def font_files() -> list[Path]:
    """All font files, sorted by name."""
    return sorted((root() / "fonts").glob("*.ttf"))


def icon(name: str, colour: str) -> bytes:
    """The SVG text of an icon drawn in ``colour`` (``#RRGGBB``)."""
    return find("icons", f"{name}.svg").read_bytes().replace(b"currentColor", colour.encode())
