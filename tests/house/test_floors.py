"""The order of the rooms, tried and not only declared."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

QT = ("PySide6", "PySide6QtAds", "shiboken6", "pyqtgraph", "OpenGL", "qasync")
ABOVE_THE_FACE = ("ui", "bootstrap", "bench", "cli", "__main__")

IMPORT_ALL = """
import importlib, importlib.abc, pkgutil, sys

class NoQt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in set(sys.argv[1].split(",")):
            raise ImportError(f"{name} is not for this floor")
        return None

sys.meta_path.insert(0, NoQt())
import terminal
skipped = set(sys.argv[2].split(","))
seen = []
for module in pkgutil.walk_packages(terminal.__path__, "terminal."):
    if module.name.split(".")[1] not in skipped:
        importlib.import_module(module.name)
        seen.append(module.name)
print(len(seen), "modules")
"""


def test_everything_below_the_face_imports_without_qt(repository: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", "-c", IMPORT_ALL, ",".join(QT), ",".join(ABOVE_THE_FACE)],
        capture_output=True,
        text=True,
        cwd=repository,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    assert int(finished.stdout.split()[0]) > 20


def test_the_ground_floor_needs_three_things(repository: Path) -> None:
    allowed = sys.stdlib_module_names | {"numpy", "numba", "terminal"}
    foreign = []
    for path in (repository / "terminal" / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            foreign += [f"{path.name}: {name}" for name in names if name.split(".")[0] not in allowed]
            foreign += [
                f"{path.name}: {name}" for name in names if name.startswith("terminal.") and ".core" not in name
            ]
    assert not foreign, foreign


BREACHES = {
    "a lower room reaches up": ("core/money.py", "import terminal.market.bars\n", "The floors of the house"),
    "Qt under the face": ("market/bars.py", "from PySide6 import QtCore\n", "Qt only in the face"),
    "a drawing library under the face": ("app/keys.py", "import pyqtgraph\n", "Qt only in the face"),
    "a second keeper of secrets": ("app/keys.py", "import keyring\n", "Secrets only through infra"),
    "a second door to the docks": ("ui/shell/window.py", "import PySide6QtAds\n", "Docks behind one door"),
    "panels that know each other": ("ui/panels/chain.py", "import terminal.ui.panels.ladder\n", "Panels do not know"),
    "a venue's software elsewhere": ("trading/gate.py", "import alpaca\n", "Venue software only"),
    "a library on the ground floor": ("core/money.py", "import scipy\n", "The ground floor stands"),
    "a room that no floor knows": ("lounge/sofa.py", "", "The floors of the house"),
}
ROOMS = (
    "core/money",
    "market/bars",
    "trading/gate",
    "app/keys",
    "ui/shell/window",
    "ui/panels/chain",
    "ui/panels/ladder",
)


def _small_house(repository: Path, at: Path) -> None:
    for name in ROOMS:
        path = at / "terminal" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    shutil.copy(repository / "pyproject.toml", at)


def _lint(at: Path) -> subprocess.CompletedProcess[str]:
    for folder in [at / "terminal", *(path for path in (at / "terminal").rglob("*") if path.is_dir())]:
        (folder / "__init__.py").touch()
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(
        command, cwd=at, capture_output=True, text=True, timeout=120, check=False, env={"PYTHONPATH": str(at)}
    )


@pytest.mark.parametrize("breach", BREACHES)
def test_the_contracts_hold_what_they_promise(breach: str, repository: Path, tmp_path: Path) -> None:
    name, line, contract = BREACHES[breach]
    _small_house(repository, tmp_path)
    sound = _lint(tmp_path)
    assert sound.returncode == 0, sound.stdout + sound.stderr
    path = tmp_path / "terminal" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(line, encoding="utf-8")
    broken = _lint(tmp_path)
    assert broken.returncode == 1, broken.stdout + broken.stderr
    report = broken.stdout.replace("\n", " ")
    assert f"{contract}" in report
    assert "BROKEN" in report or "not listed as layers" in report, report
