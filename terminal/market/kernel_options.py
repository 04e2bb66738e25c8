"""How the market's kernels are compiled."""

from __future__ import annotations

from typing import Any

OUTER: dict[str, Any] = {
    "nogil": True,
    "cache": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
    # No kernel allocates, so none needs Numba's reference counts: counting the arrays of a named tuple up and down at
    # every call and field took four fifths of the time.
    "_nrt": False,
}
"""Kernels that Python calls."""

INNER: dict[str, Any] = {**OUTER, "no_cpython_wrapper": True}
"""Kernels that only kernels call: a wrapper for Python takes longer to compile than the kernel."""

HOT: dict[str, Any] = {**INNER, "forceinline": True}
"""What every message goes through: handing a named tuple to a function copies all of its arrays' headers."""
