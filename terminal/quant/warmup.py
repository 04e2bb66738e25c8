"""Compiles every kernel of the program before it is needed, in a child process: a compiling thread freezes frames.

Kernels have explicit signatures, so importing their modules compiles them, or loads them from Numba's cache. The cache
lies in a folder named after the sources of all kernels: Numba itself looks only at the file a kernel stands in and
would go on using old machine code of a kernel that was changed in another file.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import json
import multiprocessing
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from terminal.infra import atomic_file
from terminal.infra.failures import WorkFailed

KERNEL_MODULES = (
    "terminal.quant.normal_kernel",
    "terminal.quant.black_kernel",
    "terminal.quant.european_kernel",
    "terminal.quant.implied_vol_kernel",
    "terminal.market.kernel",
    "terminal.market.importers.lean.decode_kernel",
    "terminal.exchange.book_kernel",
    "terminal.venues.sim.message_kernel",
    "terminal.venues.sim.dynamics_kernel",
    "terminal.venues.sim.surface_kernel",
    "terminal.venues.sim.option_kernel",
    "terminal.venues.sim.flow_kernel",
)
"""Every module that holds compiled kernels, each after those it calls. A room with a new one adds its name here."""

CACHE_VARIABLE = "NUMBA_CACHE_DIR"
FOLDERS_KEPT = 3
_MARKER = "warm.json"
_DIGITS = 16

Progress = Callable[[int, int, str], None]
"""Called with modules done, modules in all, and the name of the module at hand."""


class WarmupFailed(WorkFailed):
    """The kernels could not be compiled."""


@dataclass(frozen=True, slots=True)
class Warmup:
    """What a warm-up did: ``compiled`` is False when everything was there already."""

    compiled: bool
    seconds: float


def fingerprint(modules: Sequence[str] = KERNEL_MODULES) -> str:
    """A short hash of the kernels' sources and of the Python that runs them; the same while neither changes."""
    digest = hashlib.sha256(f"{sys.implementation.cache_tag} {sys.platform}".encode())
    for name in modules:
        digest.update(f"\0{name}\0{_source(name)}".encode())
    return digest.hexdigest()[:_DIGITS]


def _source(name: str) -> str:
    """The module's text; empty where a frozen program carries none, whose version then tells its kernels apart."""
    found = importlib.util.find_spec(name)
    if found is None:
        raise WarmupFailed(f"the program is incomplete: {name} is missing; install it again")
    loader = found.loader
    text = loader.get_source(name) if loader is not None and hasattr(loader, "get_source") else None
    return text or ""


def cache_folder(base: Path, modules: Sequence[str] = KERNEL_MODULES) -> Path:
    """Where these kernels' machine code belongs under ``base`` (``infra.paths.kernel_cache_dir``)."""
    return base / fingerprint(modules)


def use_cache(base: Path) -> Path:
    """Makes this process and its children keep kernels under ``base``; call it before Numba is imported.

    A NUMBA_CACHE_DIR in the environment wins. Gives the folder.
    """
    folder = Path(os.environ.setdefault(CACHE_VARIABLE, str(cache_folder(base))))
    with contextlib.suppress(OSError):
        _drop_old(folder)
    return folder


def _drop_old(folder: Path) -> None:
    """Keeps the newest few caches beside ``folder``: only a developer ever has more."""
    others = [
        path
        for path in folder.parent.iterdir()
        if path != folder and len(path.name) == _DIGITS and (path / _MARKER).is_file()
    ]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[FOLDERS_KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def is_warm(folder: Path, modules: Sequence[str] = KERNEL_MODULES) -> bool:
    """Whether ``folder`` is known to hold all kernels of ``modules``."""
    try:
        found = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(found == _stamp(modules))


def _stamp(modules: Sequence[str]) -> dict[str, object]:
    return {"fingerprint": fingerprint(modules), "modules": list(modules)}


def warm_up(
    folder: Path,
    on_progress: Progress | None = None,
    *,
    modules: Sequence[str] = KERNEL_MODULES,
    timeout_s: float = 600.0,
) -> Warmup:
    """Fills ``folder`` with compiled kernels in a child process; blocks until it is done, so not on the UI thread.

    Returns at once when they are there. Raises WarmupFailed with the reason when a kernel does not compile, the folder
    cannot be written, or ``timeout_s`` passes; the kernels then compile when they are first used.
    """
    began = time.perf_counter()
    if is_warm(folder, modules):
        return Warmup(False, time.perf_counter() - began)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarmupFailed(f"compiled kernels cannot be kept in {folder} ({error.strerror})") from error
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(
        target=_compile_all, args=(str(folder), tuple(modules), sender), name="kernel warm-up", daemon=True
    )
    child.start()
    sender.close()
    try:
        _follow(receiver, on_progress, len(modules), began + timeout_s)
    finally:
        receiver.close()
        child.join(5.0)
        if child.is_alive():
            child.kill()
            child.join()
    atomic_file.write_text(folder / _MARKER, json.dumps(_stamp(modules), indent=1))
    return Warmup(True, time.perf_counter() - began)


def _follow(receiver: Connection, on_progress: Progress | None, total: int, deadline: float) -> None:
    """Reads the child's reports until the last one; raises WarmupFailed on a bad or missing one."""
    done = 0
    while True:
        if not receiver.poll(max(deadline - time.perf_counter(), 0.0)):
            raise WarmupFailed("compiling the kernels took too long; they will be compiled when first used")
        try:
            word, detail = receiver.recv()
        except EOFError:
            raise WarmupFailed(
                "the process that compiles the kernels ended early; they will be compiled when first used"
            ) from None
        if word == "failed":
            raise WarmupFailed(f"a kernel did not compile: {detail}")
        if word == "finished":
            return
        if on_progress is not None:
            on_progress(done, total, detail)
        done += 1


def _compile_all(folder: str, modules: tuple[str, ...], sender: Connection) -> None:
    """The child: imports every module, which compiles its kernels into ``folder``."""
    os.environ[CACHE_VARIABLE] = folder
    try:
        numba_config = importlib.import_module("numba").config
        numba_config.CACHE_DIR = folder
        for name in modules:
            sender.send(("at", name))
            importlib.import_module(name)
    except Exception as problem:  # noqa: BLE001 - whatever a kernel raises is told to the parent
        last = traceback.extract_tb(problem.__traceback__)[-1]
        text = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        sender.send(("failed", f"{text} ({Path(last.filename).name}, line {last.lineno})"))
        return
    sender.send(("finished", ""))
