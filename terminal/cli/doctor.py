"""``moneyness doctor``: what is installed, what is missing, which GPU and GL, where the files are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from terminal.infra import support_bundle
from terminal.infra.paths import Profile
from terminal.ui.graphics import describe_graphics


def doctor(profile: Profile, bundle: Path | None) -> int:
    """Prints everything, or writes the support archive; 1 when the desk could not start."""
    graphics = describe_graphics()
    if bundle is not None:
        names = support_bundle.write_bundle(bundle, profile, graphics)
        print(f"{bundle} holds {len(names)} files; secrets, account numbers and names are taken out.")
        return 0
    found = support_bundle.collect(profile, graphics)
    _print(found, "")
    problems = found["problems"]
    print()
    print("\n".join(f"! {each}" for each in problems) if problems else "Nothing is missing.")
    return 0


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
