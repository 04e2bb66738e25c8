"""bootstrap.py as a person meets it: real processes on small checkouts that need no network."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="these cases use POSIX processes and paths")

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "moneyness"
version = "0.0.1"
"""
# Builds the smallest editable wheel there is; waits as long as a file named `slow` lies in the checkout.
BACKEND = """
import pathlib, time, zipfile

def _wheel(folder, requires):
    here = pathlib.Path(__file__).resolve().parent
    with (here / "builds").open("a") as log:
        log.write("build\\n")
    while (here / "slow").exists():
        time.sleep(0.05)
    info = "moneyness-0.0.1.dist-info"
    name = "moneyness-0.0.1-py3-none-any.whl"
    metadata = "Metadata-Version: 2.1\\nName: moneyness\\nVersion: 0.0.1\\nProvides-Extra: dev\\n"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        wheel.writestr("moneyness.pth", str(here))
        wheel.writestr(info + "/METADATA", metadata)
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/RECORD", "")
    return name

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory, ())

build_wheel = build_editable
"""
PROGRAM = "import sys\nprint('moneyness', *sys.argv[1:])\nsys.exit(len(sys.argv) - 1)\n"


@pytest.fixture
def checkout(repository: Path, tmp_path: Path) -> Path:
    """A checkout with the real packaging folder and a program of one line."""
    root = tmp_path / "a checkout"
    shutil.copytree(repository / "packaging", root / "packaging", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "packaging" / "constraints.txt").write_text("# none\n", encoding="utf-8")
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (root / "backend.py").write_text(BACKEND, encoding="utf-8")
    (root / "terminal").mkdir()
    (root / "terminal" / "__init__.py").touch()
    (root / "terminal" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    return root


def _start(checkout: Path, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, str(checkout / "packaging" / "bootstrap.py"), *arguments]
    return subprocess.Popen(
        command,
        cwd=cwd or checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
    )


def _run(checkout: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    process = _start(checkout, *arguments, cwd=cwd)
    output, complaints = process.communicate(timeout=300)
    return subprocess.CompletedProcess(arguments, process.returncode, output, complaints)


def _builds(checkout: Path) -> int:
    log = checkout / "builds"
    return log.read_text(encoding="utf-8").count("build") if log.exists() else 0


def _wait_for_build(checkout: Path, count: int) -> None:
    deadline = time.monotonic() + 240
    while _builds(checkout) < count:
        assert time.monotonic() < deadline, "the installation never began"
        time.sleep(0.05)


def test_the_first_start_sets_up_and_the_second_only_runs(checkout: Path, tmp_path: Path) -> None:
    first = _run(checkout, "run", "query", "select 1")
    assert (first.returncode, first.stdout) == (2, "moneyness query select 1\n"), first.stderr
    built = _builds(checkout)
    assert built >= 1
    second = _run(checkout, "run", "query", cwd=tmp_path)
    assert (second.returncode, second.stdout, second.stderr) == (1, "moneyness query\n", "")
    assert _builds(checkout) == built

    with (checkout / "packaging" / "constraints.txt").open("a", encoding="utf-8") as constraints:
        constraints.write("anything==1.0\n")
    third = _run(checkout, "run", "query")
    assert third.returncode == 1
    assert _builds(checkout) > built, "changed constraints were not noticed"


def test_a_setup_that_was_killed_is_made_good(checkout: Path) -> None:
    (checkout / "slow").touch()
    process = _start(checkout, "run", "doctor")
    _wait_for_build(checkout, 1)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert (checkout / ".venv" / "moneyness-unfinished").exists()
    (checkout / ".venv" / "bin" / "python").unlink()
    (checkout / "slow").unlink()
    finished = _run(checkout, "run", "doctor")
    assert (finished.returncode, finished.stdout) == (1, "moneyness doctor\n"), finished.stderr
    assert not (checkout / ".venv" / "moneyness-unfinished").exists()


def test_two_starts_at_once_install_once(checkout: Path) -> None:
    (checkout / "slow").touch()
    first = _start(checkout, "run", "doctor")
    _wait_for_build(checkout, 1)
    second = _start(checkout, "run", "doctor")
    assert second.stderr is not None
    assert "waiting for it" in second.stderr.readline()
    (checkout / "slow").unlink()
    for process in (first, second):
        output, complaints = process.communicate(timeout=240)
        assert (process.returncode, output) == (1, "moneyness doctor\n"), complaints
    builds = _builds(checkout)
    assert _run(checkout, "run").returncode == 0
    assert _builds(checkout) == builds


def test_a_moved_checkout_gets_a_new_environment(checkout: Path) -> None:
    assert _run(checkout, "run", "doctor").returncode == 1
    moved = checkout.rename(checkout.with_name("elsewhere"))
    finished = _run(moved, "run", "doctor")
    assert (finished.returncode, finished.stdout) == (1, "moneyness doctor\n"), finished.stderr
    assert str(moved) in (moved / ".venv" / "moneyness-stamp.json").read_text(encoding="utf-8")


def test_an_installation_that_fails_says_so_and_is_tried_again(checkout: Path) -> None:
    sound = (checkout / "backend.py").read_text(encoding="utf-8")
    (checkout / "backend.py").write_text("raise SystemExit('no backend today')\n", encoding="utf-8")
    refused = _run(checkout, "run", "doctor")
    assert refused.returncode == 1
    assert "The installation failed" in refused.stderr.splitlines()[-1]
    assert refused.stdout == ""
    (checkout / "backend.py").write_text(sound, encoding="utf-8")
    assert _run(checkout, "run", "doctor").stdout == "moneyness doctor\n"


def test_it_parses_on_a_python_that_it_refuses(repository: Path) -> None:
    source = (repository / "packaging" / "bootstrap.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))


@pytest.mark.parametrize("version", [(3, 6), (3, 10)])
def test_an_old_python_gets_one_sentence(version: tuple[int, int], checkout: Path) -> None:
    script = checkout / "packaging" / "bootstrap.py"
    program = (
        f"import runpy, sys; sys.version_info = {(*version, 1, 'final', 0)!r}; "
        f"sys.argv = ['bootstrap.py', 'run']; runpy.run_path({str(script)!r}, run_name='__main__')"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
    assert "needs Python 3.11 or newer" in finished.stderr
    assert f"is {version[0]}.{version[1]};" in finished.stderr
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no command was given"),
        (("launch",), "there is no command 'launch'"),
        (("test", "--lanes", "fast"), "there is no lane 'fast'"),
        (("test", "--lanes"), "--lanes takes one list"),
        (("peers", "excel"), "there is no peer 'excel'"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(arguments: tuple[str, ...], words: str, checkout: Path) -> None:
    finished = _run(checkout, *arguments)
    assert finished.returncode == 2
    assert words in finished.stderr
    assert finished.stderr.count("\n") == 1
    assert not (checkout / ".venv").exists()
