"""The test suite: text checks, four lanes of pytest, the coverage gate. One that fails hides no other.

Two tracks run side by side, a core each: the plain lane, and all the others one after the other. What the plain lane
says appears as it comes, what another step says when it has ended.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, NamedTuple

import environment

ROOT = environment.ROOT
LANES = ("lint", "plain", "acceptance", "ui", "gl", "coverage")
STREAMED = "plain"
SCREEN = "1280x1024x24"
NO_TESTS_RAN = 5
SECRETS_NOT_READ = re.compile(r"^(resources/|\.secrets\.baseline$)|\.(png|ttf|otf|ico|gz|zip)$")


class Outcome(NamedTuple):
    """One step: its name, whether it passed, how long it took and, for pytest, how many tests ended how."""

    name: str
    passed: bool
    seconds: float
    tests: tuple[int, int, int] = (0, 0, 0)  # passed, failed, skipped


def chosen(arguments: list[str]) -> tuple[str, ...] | None:
    """The lanes to run; None when the arguments are pytest's own. Raises SetupError for a lane that is not there."""
    if not arguments:
        return LANES
    head, separator, value = arguments[0].partition("=")
    if head != "--lanes":
        return None
    rest = arguments[1:]
    if not separator:
        value, rest = (rest[0], rest[1:]) if rest else ("", [])
    names = tuple(name for name in value.split(",") if name)
    wrong = [name for name in names if name not in LANES]
    if wrong or rest or not names:
        problem = f"there is no lane {wrong[0]!r}" if wrong else "--lanes takes one list and nothing else"
        raise environment.SetupError(f"{problem}; for example: --lanes plain,ui out of {','.join(LANES)}", 2)
    return names


def run_pytest(arguments: list[str]) -> int:
    """Plain pytest with these arguments, on a virtual screen when they name the GL lane."""
    with _private_folder() as scratch:
        command = [str(environment.python()), "-m", "pytest", *arguments]
        if any("tests/gl" in argument for argument in arguments):
            with _screen() as display:
                return subprocess.call(command, cwd=ROOT, env=_on_screen(scratch, display))
        return subprocess.call(command, cwd=ROOT, env=_without_screen(scratch))


def run_suite(names: Sequence[str]) -> int:
    """The named lanes, in their order; prints a table and a last line with the counts. 0 when all passed."""
    outcomes: list[Outcome] = []
    started = time.monotonic()
    with _private_folder() as scratch:
        if "coverage" in names:
            _quietly(_tool("coverage", "erase"))
        wanted = [(lane, folders) for lane, folders in _folders().items() if lane in names]
        measured = "coverage" in names

        def track(*, is_streamed: bool) -> list[Outcome]:
            found: list[Outcome] = []
            if "lint" in names and not is_streamed:
                found += [_step(name, command) for name, command in _lint()]
            mine = [each for each in wanted if (each[0] == STREAMED) == is_streamed]
            return found + [_lane(lane, folders, scratch, measured) for lane, folders in mine]

        with ThreadPoolExecutor(1) as beside:
            others = beside.submit(track, is_streamed=False)
            outcomes += track(is_streamed=True)
            outcomes += others.result()
        if measured:
            outcomes.append(_coverage())
    return _report(outcomes, time.monotonic() - started)


def _folders() -> dict[str, list[str]]:
    return {
        "plain": ["tests", "--ignore=tests/ui", "--ignore=tests/gl", "--ignore=tests/acceptance"],
        "acceptance": ["tests/acceptance"],
        "ui": ["tests/ui"],
        "gl": ["tests/gl"],
    }


def _lint() -> list[tuple[str, list[str]]]:
    return [
        ("ruff check", _tool("ruff", "check", ".")),
        ("ruff format", _tool("ruff", "format", "--check", "--quiet", ".")),
        ("mypy", _tool("mypy")),
        ("import contracts", [str(_script("lint-imports")), "--no-cache"]),
        ("secret scan", secret_scan()),
    ]


def secret_scan() -> list[str]:
    """The command that looks for credentials in every text file under version control."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    files = [name.decode() for name in listed.stdout.split(b"\0") if name]
    if not files:  # an unpacked archive has no index
        files = [
            str(path.relative_to(ROOT))
            for top in ("terminal", "packaging", "tests")
            for path in (ROOT / top).rglob("*.py")
        ]
    kept = [name for name in files if not SECRETS_NOT_READ.search(name) and (ROOT / name).is_file()]
    return [*_tool("detect_secrets.pre_commit_hook"), "--no-verify", "--baseline", ".secrets.baseline", *kept]


def _lane(lane: str, folders: list[str], scratch: Path, measured: bool) -> Outcome:
    result = scratch / f"{lane}.xml"
    runner = ["coverage", "run", "-m", "pytest"] if measured and lane != "gl" else ["pytest"]
    command = [*_tool(*runner), *folders, "-q", "--durations=10", f"--junit-xml={result}"]

    def start(output: IO[bytes] | None) -> int:
        if lane != "gl":
            return _call(command, output, _without_screen(scratch))
        with _screen() as display:
            return _call(command, output, _on_screen(scratch, display))

    return _timed(f"{lane} lane", start, is_streamed=lane == STREAMED)._replace(tests=_counts(result))


def _coverage() -> Outcome:
    def start(output: IO[bytes] | None) -> int:
        _quietly(_tool("coverage", "combine"))
        return _call(_tool("coverage", "report"), output)

    return _timed("coverage gate", start)


def _step(name: str, command: list[str]) -> Outcome:
    return _timed(name, lambda output: _call(command, output))


def _call(command: list[str], output: IO[bytes] | None, variables: dict[str, str] | None = None) -> int:
    return subprocess.call(
        command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output and subprocess.STDOUT
    )


def _timed(name: str, start: Callable[[IO[bytes] | None], int], *, is_streamed: bool = False) -> Outcome:
    if is_streamed:
        print(f"\n== {name}", flush=True)
    before = time.monotonic()
    with contextlib.nullcontext() if is_streamed else tempfile.TemporaryFile() as output:
        try:
            problem, code = "", start(output)
        except (OSError, environment.SetupError) as error:
            problem, code = f"{name} could not run: {error}\n", 1
        said = b""
        if output is not None:
            output.seek(0)
            said = f"\n== {name}\n".encode() + output.read()
    # In one piece, for the other track prints too.
    sys.stdout.write(said.decode(errors="replace") + problem)
    sys.stdout.flush()
    return Outcome(name, code == 0, time.monotonic() - before)


def _counts(result: Path) -> tuple[int, int, int]:
    """Passed, failed and skipped out of pytest's own file; a run that died wrote none and counts as one failure."""
    try:
        suites = list(ET.parse(result).getroot().iter("testsuite"))  # noqa: S314 - pytest wrote it a moment ago
    except (OSError, ET.ParseError):
        return (0, 1, 0)
    total, failed, skipped = (
        sum(int(suite.get(name, "0")) for suite in suites for name in names)
        for names in (("tests",), ("failures", "errors"), ("skipped",))
    )
    return (max(total - failed - skipped, 0), failed, skipped)


def _report(outcomes: list[Outcome], seconds: float) -> int:
    print("\n== summary")
    for outcome in outcomes:
        print(f"{outcome.name:<18}{'passed' if outcome.passed else 'FAILED':<8}{outcome.seconds:8.1f} s")
    failures = [outcome.name for outcome in outcomes if not outcome.passed]
    if failures:
        print(f"failed: {', '.join(failures)}")
    passed, failed, skipped = (sum(outcome.tests[place] for outcome in outcomes) for place in range(3))
    print(f"{passed} passed, {failed} failed, {skipped} skipped in {seconds:.1f} s", flush=True)
    return 1 if failures else 0


def _tool(module: str, *arguments: str) -> list[str]:
    return [str(environment.python()), "-m", module, *arguments]


def _script(name: str) -> Path:
    found = environment.python().with_name(name)
    return found.with_suffix(".exe") if os.name == "nt" else found


def _quietly(command: list[str]) -> None:
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)


@contextlib.contextmanager
def _private_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="moneyness-tests-") as name:
        runtime = Path(name) / "runtime"
        runtime.mkdir(mode=0o700)
        yield Path(name)


def _without_screen(scratch: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    return {**kept, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(scratch / "runtime")}


def _on_screen(scratch: Path, display: str) -> dict[str, str]:
    return {
        **_without_screen(scratch),
        "QT_QPA_PLATFORM": "xcb",
        "DISPLAY": display,
        "PYOPENGL_PLATFORM": "glx",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "GALLIUM_DRIVER": "llvmpipe",
        "MONEYNESS_REQUIRE_GL": "1",
    }


@contextlib.contextmanager
def _screen() -> Iterator[str]:
    """A screen of its own, whose number Xvfb picks and tells; ended with the lane."""
    reader, writer = os.pipe()
    with tempfile.TemporaryFile() as complaints:
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", SCREEN, "-nolisten", "tcp"],
            pass_fds=(writer,), stdin=subprocess.DEVNULL, stdout=complaints, stderr=complaints,
        )  # fmt: skip
        os.close(writer)
        try:
            with os.fdopen(reader) as told:
                number = told.readline().strip()
            if not number:
                complaints.seek(0)
                said = complaints.read().decode(errors="replace").strip().splitlines()[-1:] or ["it gave no reason"]
                raise environment.SetupError(f"Xvfb did not start: {said[0]}")
            yield f":{number}"
        finally:
            server.terminate()
            server.wait(timeout=10)
