"""``moneyness doctor``: the libraries that are only loaded when they are needed do their work, or are named."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

from terminal.cli import doctor


def test_every_library_is_used_and_works() -> None:
    said, problems = doctor.libraries()
    assert problems == []
    assert list(said.values()) == ["works"] * 3


def test_a_library_that_a_bundle_has_lost_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "terminal.market.indicators.talib_computation", raising=False)
    monkeypatch.delitem(sys.modules, "terminal.market.talib_library", raising=False)
    monkeypatch.setitem(sys.modules, "talib.abstract", None)
    said, problems = doctor.libraries()
    assert said["indicators (TA-Lib)"].startswith("does not work")
    assert len(problems) == 1
    assert "indicators (TA-Lib) cannot be used" in problems[0]


def test_what_is_imported_by_name_is_in_the_bundle(repository: Path) -> None:
    """PyInstaller does not see such an import of a package of others; the benchmarks' peers are no part of it."""
    spec = (repository / "terminal.spec").read_text(encoding="utf-8")
    sources = [each for each in (repository / "terminal").rglob("*.py") if each.parent.name != "bench"]
    named = {
        name
        for each in sources
        for name in re.findall(r'import_module\("([\w.]+)"\)', each.read_text(encoding="utf-8"))
    }
    assert "talib.abstract" in named
    compiled_for = {"numba", "llvmlite"}  # imported by every kernel
    for name in named:
        importlib.import_module(name)
        root = name.partition(".")[0]
        if root not in {"terminal", *compiled_for}:
            assert f'collect_submodules("{root}")' in spec or f'"{name}"' in spec, name
