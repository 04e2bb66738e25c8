"""What the frozen program may carry: everything is listed with its text, and nothing is under the GPL."""

from __future__ import annotations

import importlib.util
import sys
from email.message import Message
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest


@pytest.fixture
def licences(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the packaging."""
    spec = importlib.util.spec_from_file_location("licences", repository / "packaging" / "licences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "licences", module)
    spec.loader.exec_module(module)
    return module


def package(name: str, *said: tuple[str, str]) -> SimpleNamespace:
    about = Message()
    about["Name"] = name
    for key, value in said:
        about[key] = value
    return SimpleNamespace(metadata=about, version="1.0", files=[])


def test_every_dependency_is_listed_and_texts_are_carried(licences: ModuleType, tmp_path: Path) -> None:
    carried = licences.write(tmp_path)
    listed = (tmp_path / "LICENCES.txt").read_text(encoding="utf-8")
    for name in ("numpy", "numba", "duckdb", "msgspec", "databento-dbn", "TA-Lib", "PySide6_Essentials", "pandas"):
        assert f"\n{name} " in listed
    assert "\npytest " not in listed
    folders = {folder for _, folder in carried}
    assert {"licences", "licences/numpy", "licences/TA-Lib", "licences/msgspec"} <= folders
    assert all(Path(file).is_file() for file, _ in carried)


@pytest.mark.parametrize(
    "said",
    [
        ("License-Expression", "GPL-3.0-or-later"),
        ("Classifier", "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"),
        ("License", "GPLv2"),
        ("License-Expression", "AGPL-3.0-only"),
    ],
)
def test_a_package_under_the_gpl_ends_the_build(
    said: tuple[str, str], licences: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(licences, "packages", lambda: [package("fine", ("License", "MIT")), package("bad", said)])
    with pytest.raises(licences.GplFound, match="bad is under"):
        licences.write(tmp_path)


@pytest.mark.parametrize("said", ["LGPL-3.0-only", "MIT OR GPL-2.0-only", "GNU Lesser General Public License v3"])
def test_what_may_be_linked_is_no_fault(
    said: str, licences: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(licences, "packages", lambda: [package("fine", ("License", said))])
    licences.write(tmp_path)
    assert f"fine 1.0: {said}" in (tmp_path / "LICENCES.txt").read_text(encoding="utf-8")


def test_libraries_under_the_gpl_are_found_among_a_bundles_files(licences: ModuleType) -> None:
    bad = ["libreadline.so.8", "python3.11/lib-dynload/readline.cpython-311-x86_64-linux-gnu.so", "libgdbm.so.6"]
    fine = ["libQt6Core.so.6", "libtinfo.so.6", "pandas/_libs/history.so", "_duckdb.cpython-311-x86_64-linux-gnu.so"]
    assert licences.forbidden(bad + fine) == bad
