"""The checks that guard the tree, each tried on something it must catch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

KERNELS = """
import numba
import numba as nb
from numba import njit

@njit
def bare(x):
    y = x
    return y

@nb.njit(
    "int64(int64)",
    cache=True,
)
def called(x):
    y = x
    return y

@numba.vectorize(["float64(float64)"])
def vector(x):
    y = x
    return y

def plain(x):
    y = x
    return y
"""


def test_the_coverage_gate_counts_everything_but_compiled_bodies(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "kernels.py").write_text(KERNELS, encoding="utf-8")
    shutil.copy(repository / "pyproject.toml", tmp_path)
    program = (
        "import coverage; c = coverage.Coverage(config_file='pyproject.toml', source_pkgs=None, omit=[]); "
        "print(c.analysis2('kernels.py')[1:4:2])"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True, env=environment
    )
    # Three imports, and the plain function's three lines: the decorated ones are no statements to the gate.
    lines = KERNELS.splitlines()
    expected = [place + 1 for place, line in enumerate(lines) if line.startswith(("import", "from"))]
    start = lines.index("def plain(x):") + 1
    assert str([*expected, start, start + 1, start + 2]) in finished.stdout


@pytest.mark.parametrize(
    "secret",
    [
        'AWS_KEY = "AKIA' + 'QYLPMN5HFIQR7XYA"',
        'password = "correct' + 'horsebattery9"',
        "-----BEGIN RSA PRIVATE" + " KEY-----",
        'token = "ghp_' + 'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"',
    ],
)
def test_the_secret_scan_finds_one(secret: str, repository: Path, tmp_path: Path) -> None:
    leaked = tmp_path / "settings.py"
    leaked.write_text(secret + "\n", encoding="utf-8")
    baseline = tmp_path / "baseline"
    shutil.copy(repository / ".secrets.baseline", baseline)
    command = [sys.executable, "-m", "detect_secrets.pre_commit_hook", "--no-verify", "--baseline", str(baseline)]
    found = subprocess.run([*command, str(leaked)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 1, found.stdout + found.stderr
    leaked.write_text("settings = {}\n", encoding="utf-8")
    clean = subprocess.run([*command, str(leaked)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert clean.returncode == 0, clean.stdout + clean.stderr


def test_a_kernel_is_compiled_again_when_its_callee_in_another_file_changes(repository: Path, tmp_path: Path) -> None:
    """Numba itself keeps the caller's old machine code, which is what kernel_cache is for."""
    package = tmp_path / "terminal"
    package.mkdir()
    (package / "__init__.py").touch()
    callee = "import numba\n@numba.njit(cache=True)\ndef unit(x):\n    return x * {}\n"
    (package / "low.py").write_text(callee.format(2), encoding="utf-8")
    (package / "high.py").write_text(
        "import numba\nfrom terminal.low import unit\n@numba.njit(cache=True)\ndef twice(x):\n    return unit(x) * 2\n",
        encoding="utf-8",
    )
    program = (
        "import os, pathlib; from tests import kernel_cache; "
        "os.environ['NUMBA_CACHE_DIR'] = str(kernel_cache.prepare(pathlib.Path.cwd())); "
        "from terminal.high import twice; print(twice(5), twice.stats.cache_hits and 'from the cache' or 'compiled')"
    )
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "NUMBA_CACHE_DIR"}}
    environment = {**kept, "PYTHONPATH": f"{tmp_path}:{repository}", "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def answer() -> str:
        command = [sys.executable, "-P", "-c", program]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert answer() == "20 compiled"
    assert answer() == "20 from the cache"
    (package / "low.py").write_text(callee.format(3), encoding="utf-8")
    assert answer() == "30 compiled"
