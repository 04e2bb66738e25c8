"""The wheel: everything that the program needs is in it, and it finds that without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ASK = "from terminal.infra import resources; print(resources.root()); print(len(resources.font_files()))"


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, made by the build backend itself."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=300, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("moneyness-*.whl"))


def test_the_wheel_holds_the_package_and_its_resources_and_nothing_else(wheel: Path, repository: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {path.relative_to(repository / "resources") for path in (repository / "resources").rglob("*.*")}
    missing = [str(name) for name in shipped if f"terminal/_resources/{name.as_posix()}" not in names]
    assert not missing, missing
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"terminal"}
    assert {"terminal/py.typed", "terminal/__main__.py"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.endswith((".pyc", ".nbi", ".nbc"))]


def test_resources_are_found_from_the_wheel_alone(wheel: Path, tmp_path: Path, repository: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    finished = subprocess.run(
        [sys.executable, "-P", "-c", ASK], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    place, fonts = finished.stdout.splitlines()
    assert place == str(tmp_path / "site" / "terminal" / "_resources")
    assert int(fonts) == len(list((repository / "resources" / "fonts").glob("*.ttf"))) > 0


def test_resources_are_found_from_the_editable_checkout(repository: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    finished = subprocess.run(
        [sys.executable, "-P", "-c", ASK], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert finished.stdout.splitlines()[0] == str(repository / "resources")


def test_resources_are_found_in_a_frozen_bundle(repository: Path, tmp_path: Path) -> None:
    """The place that PyInstaller's loader names comes first, before anything that lies around the program."""
    bundle = tmp_path / "bundle" / "resources"
    bundle.mkdir(parents=True)
    (bundle / "README.md").write_text("in the bundle\n", encoding="utf-8")
    program = f"import sys; sys._MEIPASS = {str(bundle.parent)!r}; {ASK}"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True
    )
    assert finished.stdout.splitlines()[0] == str(bundle)
