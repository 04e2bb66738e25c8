"""Gives back what Numba keeps of kernels that it has loaded from its cache and that nobody will link with any more."""

from __future__ import annotations

import sys

from numba.core.dispatcher import Dispatcher

from terminal.infra.spare_memory import forget_source_lines, return_free_heap


def give_back_memory() -> None:
    """What loading the program and its kernels has left behind goes back to the system; for a desk, after it loaded
    some. Takes up to half a second, little of it with the interpreter; any thread."""
    release_intermediate_code()
    forget_source_lines()
    return_free_heap()


def release_intermediate_code() -> int:
    """Drops the LLVM code beside the machine code of every loaded kernel (70 MB with the option models); how many.

    Numba parses it at loading, for callers that would be compiled later, and has no door to leave it away
    (``CPUCodeLibrary._unserialize``, 0.68). The desk compiles no kernel itself, a child process does. A kernel that was
    compiled in this process keeps its own: there it is the machine code's source. A caller that was compiled here after
    all would be refused by Numba with "library unfit for linking".
    """
    released = 0
    for name, module in list(sys.modules.items()):
        if not name.startswith("terminal."):
            continue
        for kernel in list(vars(module).values()):
            if isinstance(kernel, Dispatcher):
                released += sum(_release(overload.library) for overload in kernel.overloads.values())
    return released


def _release(library: object) -> bool:
    """Whether the library came from the cache and had some."""
    final, shared = getattr(library, "_final_module", None), getattr(library, "_shared_module", None)
    if final is None or shared is None or shared is final or any(True for _ in final.functions):
        return False
    library._shared_module = None  # type: ignore[attr-defined]
    return True
