"""The licences of what the frozen program carries: a list and the texts, from what pip has installed.

Nothing under the GPL may be carried, since the program itself is under the MIT licence.
Packages under the LGPL (Qt, PySide6, QtAds) lie in the folder as libraries that can be exchanged.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

ROOT_PACKAGE = "moneyness"
NAME = re.compile(r"[A-Za-z0-9._-]+")
TEXT = re.compile(r"(^|/)(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*$", re.IGNORECASE)
_GPL = re.compile(r"(?<!L)GPL|GNU (Affero )?General Public", re.IGNORECASE)
# The lesser one, or the choice of another.
_ALTERNATIVE = re.compile(r"LGPL|Lesser| OR | WITH \S*exception")
FORBIDDEN_FILES = re.compile(r"(^|/)(lib)?(readline|gdbm)\b|Qt6(Charts|DataVisualization|Pdf|VirtualKeyboard)")


class GplFound(Exception):
    """Something under the GPL would be carried."""


def packages() -> list[metadata.Distribution]:
    """Everything that ``pip install moneyness`` brings, without extras, by name."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [ROOT_PACKAGE]
    while waiting:
        name = waiting.pop()
        key = name.lower().replace("_", "-")
        if key in found:
            continue
        try:
            found[key] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # for another system
        for wanted in found[key].requires or ():
            match = NAME.match(wanted)
            if match and "extra ==" not in wanted:
                waiting.append(match.group())
    return [found[key] for key in sorted(found) if key != ROOT_PACKAGE]


def licence_of(package: metadata.Distribution) -> str:
    """What the package says of its licence, in a line."""
    about = package.metadata
    said = _first(about, "License-Expression")
    if not said:
        said = "; ".join(
            each.rpartition(" :: ")[2] for each in about.get_all("Classifier") or () if each.startswith("License :: ")
        )
    if said in {"", "OSI Approved"}:
        said = next(iter(_first(about, "License").strip().splitlines()), "")
    return said or "see its text"


def _first(about: metadata.PackageMetadata, name: str) -> str:
    return next(iter(about.get_all(name) or ()), "")


def texts_of(package: metadata.Distribution) -> list[Path]:
    """The files with the licence's words."""
    return [
        Path(str(package.locate_file(each)))
        for each in package.files or ()
        if ".dist-info" in str(each) and TEXT.search(str(each).replace("\\", "/"))
    ]


def write(folder: Path) -> list[tuple[str, str]]:
    """Writes the list into ``folder`` and gives what goes into the bundle, as PyInstaller's (file, folder) pairs.

    Raises GplFound for a package that is under the GPL and nothing else.
    """
    lines = ["What this folder carries, and under which licence. The texts lie beside this file.", ""]
    carried = []
    for package in packages():
        name, licence = package.metadata["Name"], licence_of(package)
        if _GPL.search(licence) and not _ALTERNATIVE.search(licence):
            raise GplFound(f"{name} is under {licence}")
        lines.append(f"{name} {package.version}: {licence}")
        carried += [(str(text), f"licences/{name}") for text in texts_of(package) if text.is_file()]
    lines += ["", "Python: PSF-2.0. Fonts and icons: resources/README.md.", ""]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "LICENCES.txt").write_text("\n".join(lines), encoding="utf-8")
    return [(str(folder / "LICENCES.txt"), "licences"), *carried]


def forbidden(names: list[str]) -> list[str]:
    """Files of a bundle that belong to something under the GPL."""
    return [name for name in names if FORBIDDEN_FILES.search(name.replace("\\", "/"))]
