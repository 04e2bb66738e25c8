"""``moneyness doctor``: what is installed, what is missing, which GPU and GL, where the files are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from terminal.infra import support_bundle
from terminal.infra.paths import Profile
from terminal.market.importers.databento.records import library_works
from terminal.ui.graphics import describe_graphics


def doctor(profile: Profile, bundle: Path | None) -> int:
    """Prints everything, or writes the support archive; 1 when the desk could not start."""
    graphics = describe_graphics()
    if bundle is not None:
        names = support_bundle.write_bundle(bundle, profile, graphics)
        print(f"{bundle} holds {len(names)} files; secrets, account numbers and names are taken out.")
        return 0
    found = support_bundle.collect(profile, graphics)
    found["libraries"], broken = libraries()
    _print(found, "")
    problems = [*found["problems"], *broken]
    print()
    print("\n".join(f"! {each}" for each in problems) if problems else "Nothing is missing.")
    return 0


def libraries() -> tuple[dict[str, str], list[str]]:
    """Whether the libraries that are only loaded when needed do their work, by use; sentences on those that do not."""
    said, problems = {}, []
    for use, attempt in (("indicators (TA-Lib)", _average), ("Databento files", _header), ("streams (msgspec)", _json)):
        try:
            said[use] = attempt()
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is what a person must know
            said[use] = f"does not work: {problem}"
            problems.append(f"{use} cannot be used: {type(problem).__name__}: {problem}")
    return said, problems


def _average() -> str:
    # Not above: it may be what is broken.
    from terminal.market.indicators.talib_computation import Handle

    (values,) = Handle("SMA", 1, {"timeperiod": 2}).fill([np.array([1.0, 2.0, 4.0])])
    if values[-1] != 3.0:
        raise ArithmeticError(f"the mean of 2 and 4 came out as {values[-1]}")
    return "works"


def _header() -> str:
    if not library_works():
        raise ValueError("a file's head came back as another one")
    return "works"


def _json() -> str:
    if msgspec.msgpack.decode(msgspec.msgpack.encode([1])) != [1]:
        raise ValueError("a message came back as another one")
    return "works"


def _print(value: dict[str, Any], indent: str) -> None:
    for key, each in value.items():
        if key == "problems":
            continue
        if isinstance(each, dict):
            print(f"{indent}{key}")
            _print(each, indent + "  ")
        elif isinstance(each, list):
            print(f"{indent}{key}: {', '.join(str(item) for item in each) or 'none'}")
        else:
            print(f"{indent}{key}: {each}")
