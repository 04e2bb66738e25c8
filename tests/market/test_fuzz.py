"""A million messages of which a third cannot be true: nothing breaks, nothing wrong is shown, all is counted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MESSAGES = 1_000_000
_ROOT = Path(__file__).resolve().parents[2]


def test_a_million_fuzzed_messages_with_every_array_access_checked(tmp_path: Path) -> None:
    surroundings = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    finished = subprocess.run(
        [sys.executable, "-m", "tests.market.fuzzed", str(MESSAGES), "4"],
        cwd=_ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
