"""TA-Lib, imported without pandas: its wrappers for a ``Series`` would bring 50 MB and 0.4 s that nobody here has a use
for, since the desk hands it arrays.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType


def _imported() -> ModuleType:
    hides = "pandas" not in sys.modules
    if hides:
        # What the import system takes for "there is no such module".
        sys.modules["pandas"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("talib")
    finally:
        if hides:
            del sys.modules["pandas"]


talib = _imported()
"""The package. Import this module with the others of the program, not from a thread that runs beside it: another thread
that imports pandas in the same moment would be told that there is none."""
stream = importlib.import_module("talib.stream")
abstract = importlib.import_module("talib.abstract")
