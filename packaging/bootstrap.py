#!/usr/bin/env python3
"""Sets up and starts Moneyness from a plain checkout, with the standard library only.

    python3 packaging/bootstrap.py run [ARGS]           makes .venv when needed, then runs moneyness ARGS
    python3 packaging/bootstrap.py test [PYTEST ARGS]   the same with the test dependencies, then the whole test suite
    python3 packaging/bootstrap.py test --lanes LANES   some of lint,plain,acceptance,ui,gl,coverage
    python3 packaging/bootstrap.py peers [NAME ...]     environments of their own for the benchmark peers

This file must parse on a Python as old as 3.6, so that it can say that it is too old. What it imports need not.
"""

import sys

OLDEST = (3, 11)
USAGE = 2


def too_old(version: "tuple[int, ...]", executable: str) -> "str | None":
    """The sentence for a Python that is too old, or None for one that will do."""
    if version >= OLDEST:
        return None
    return (
        "Moneyness needs Python {}.{} or newer, and {} is {}.{}; install a newer one and start this again with it, "
        "for example: python3.11 packaging/bootstrap.py run".format(
            OLDEST[0], OLDEST[1], executable, version[0], version[1]
        )
    )


def main(arguments: "list[str]") -> int:
    """Runs one command and returns its exit code; ``run`` does not come back on POSIX."""
    refusal = too_old(tuple(sys.version_info[:2]), sys.executable)
    if refusal:
        sys.stderr.write(refusal + "\n")
        return USAGE
    import commands

    return commands.main(arguments, __doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
