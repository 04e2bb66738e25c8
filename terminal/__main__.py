"""The console script: prepares the process, then runs one command."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code.

    0 done, 1 the work failed, 2 wrong usage or a missing prerequisite, 130 interrupted before the work was done.
    """
    multiprocessing.freeze_support()
    os.umask(0o077)
    # Two busy threads otherwise hold the interpreter for 5 ms each: a key press would wait for them.
    sys.setswitchinterval(0.0005)
    # Read when NumPy is imported. With huge pages each corner of a sparse ring costs 2 MB: 260 MB for a fresh desk.
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")
    from terminal.infra.failures import Interrupted, UserFacingError

    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except UserFacingError as problem:
        _say(str(problem))
        return problem.exit_code
    except KeyboardInterrupt:
        _say("Stopped.")
        return Interrupted.exit_code
    except BrokenPipeError:
        # The reader of our output has gone; what it wanted it has.
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        return 0


def _run(words: list[str]) -> int:
    from terminal.cli.arguments import desk_options, parse, split_profile
    from terminal.infra import stop_signals
    from terminal.infra.paths import Profile, kernel_cache_dir

    root, words = split_profile(words)
    found = parse(words)
    profile = Profile(root)
    os.environ.setdefault("NUMBA_CACHE_DIR", str(kernel_cache_dir()))
    options = desk_options(found) if found.command == "desk" else None
    if found.command in {"desk", "import", "volatility", "bench"}:
        whole = found.command in {"volatility", "bench"}
        _prepare_kernels(Path(os.environ["NUMBA_CACHE_DIR"]), whole=whole)
    if options is not None:
        # Before the imports, which take a moment: from here on a signal is a wish to stop, and not the end.
        over = stop_signals.install()
        from terminal.bootstrap import run_desk

        return run_desk(options, profile, over)
    from terminal.cli import commands

    return commands.run(found, profile)


def _prepare_kernels(folder: Path, *, whole: bool) -> None:
    """Compiles in a child process what is not compiled yet, before anything that needs it is imported.

    ``whole`` takes the models too; the desk compiles those in the background, once it is open.
    """
    from terminal.cli.progress import ProgressLine
    from terminal.infra import stop_signals
    from terminal.infra.failures import Interrupted
    from terminal.quant.warmup import DESK_KERNELS, KERNEL_MODULES, WarmupFailed, is_warm, warm_up

    modules = KERNEL_MODULES if whole else DESK_KERNELS
    if is_warm(folder, modules):
        return
    if sys.stderr is not None and sys.stderr.isatty():
        _say("Compiling the arithmetic for this machine; this is done once for each version.")
    try:
        with stop_signals.interrupting(), ProgressLine("Compiling") as line:
            warm_up(folder, line.show, modules=modules)
    except KeyboardInterrupt:
        raise Interrupted(
            "Stopped while compiling; what is compiled by now is kept, and the next start goes on from there."
        ) from None
    except WarmupFailed as problem:
        _say(f"{str(problem)[:1].upper()}{str(problem)[1:]}.")


def _say(sentence: str) -> None:
    if sys.stderr is not None:
        print(sentence, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
