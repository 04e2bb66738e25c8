"""The commands of bootstrap.py, on a Python that is new enough."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import environment
import system_libraries as system

USAGE = 2
FAILED = 1
# Commands that never paint: they must work on a machine without a single Qt library, the kill switch first of all.
WITHOUT_A_FACE = frozenset({"import", "query", "journal", "kill", "backup", "restore", "bench", "doctor"})


def main(arguments: Sequence[str], usage: str) -> int:
    """Dispatches; gives the exit code of what ran."""
    command, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    try:
        if command == "run":
            return run(rest)
        if command == "test":
            return test(rest)
        if command == "peers":
            import peers

            return peers.make(rest)
    except environment.SetupError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped; start the same command again and it goes on from there.", file=sys.stderr)
        return 130
    if command in {"-h", "--help", "help"}:
        print(usage)
        return 0
    wrong = f"there is no command {command!r}" if command else "no command was given"
    print(f"bootstrap.py: {wrong}; it knows run, test and peers (--help shows them).", file=sys.stderr)
    return USAGE


def run(arguments: list[str]) -> int:
    """``moneyness ARGUMENTS`` in the project's environment; on POSIX this process becomes it."""
    environment.provide(extras=())
    missing = system.missing_libraries(needed_by(arguments))
    if missing:
        left = system.install(missing)
        if left and shows_something(arguments):
            raise environment.SetupError(system.sentence(left, "the desk"), USAGE)
        if left:
            print(system.sentence(left, "the desk's window"), file=sys.stderr)
    command = [str(environment.python()), "-P", "-m", "terminal", *arguments]
    if os.name == "posix":
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    return subprocess.call(command)


def test(arguments: list[str]) -> int:
    """The whole suite, the chosen lanes, or plain pytest with the given arguments."""
    import lanes

    chosen = lanes.chosen(arguments)
    environment.provide(extras=("dev",))
    missing = system.missing_libraries(system.BASE + system.DISPLAY) + system.missing_tools()
    if missing and (left := system.install(missing)):
        raise environment.SetupError(system.sentence(left, "the tests"), USAGE)
    if chosen is None:
        return lanes.run_pytest(arguments)
    return lanes.run_suite(chosen)


def shows_something(arguments: Sequence[str]) -> bool:
    """Whether this command line opens the desk, with a window or without."""
    return not WITHOUT_A_FACE.intersection(arguments) and not {"-h", "--help", "--version"}.intersection(arguments)


def needed_by(arguments: Sequence[str]) -> tuple[system.Need, ...]:
    """The libraries that a command line needs: none, Qt's own, or those of a window on X11 as well."""
    if not shows_something(arguments) or not sys.platform.startswith("linux"):
        return ()
    if "--headless" in arguments or os.environ.get("QT_QPA_PLATFORM", "xcb").split(":")[0] != "xcb":
        return system.BASE
    return system.BASE + system.DISPLAY
