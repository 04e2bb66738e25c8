"""Compiles every kernel of the program before it is needed, in a child process: a compiling thread freezes frames.

Kernels have explicit signatures, so importing their modules compiles them, or loads them from Numba's cache. The cache
lies in a folder named after the sources of all kernels: Numba itself looks only at the file a kernel stands in and
would go on using old machine code of a kernel that was changed in another file. Within it Numba keeps apart what was
compiled for another processor, by another Numba or from a copy of the program in another place, so each of these has
a marker of its own: what is warm for one is not for the next.
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
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from terminal.infra import atomic_file
from terminal.infra.failures import WorkFailed

KERNEL_MODULES = (
    "terminal.quant.normal_kernel",
    "terminal.quant.black_kernel",
    "terminal.quant.european_kernel",
    "terminal.quant.european_vector_kernel",
    "terminal.quant.rational_kernel",
    "terminal.quant.implied_vol_kernel",
    "terminal.quant.implied_vol_vector_kernel",
    "terminal.quant.bachelier_kernel",
    "terminal.quant.american_boundary_kernel",
    "terminal.quant.american_rows_kernel",
    "terminal.quant.american_price_kernel",
    "terminal.quant.american_greeks_kernel",
    "terminal.quant.american_rows_greeks_kernel",
    "terminal.quant.american_chain_kernel",
    "terminal.quant.american_vol_kernel",
    "terminal.quant.american_exercise_kernel",
    "terminal.quant.scenarios_kernel",
    "terminal.quant.essvi_kernel",
    "terminal.quant.surface_fit_kernel",
    "terminal.quant.surface_residual_kernel",
    "terminal.quant.heston_wave_kernel",
    "terminal.quant.heston_cf_kernel",
    "terminal.quant.heston_contour_kernel",
    "terminal.quant.heston_integral_kernel",
    "terminal.quant.heston_kernel",
    "terminal.quant.american_dividends_kernel",
    "terminal.quant.american_dividends_exact_kernel",
    "terminal.quant.american_dividends_read_kernel",
    "terminal.quant.american_dividends_rows_kernel",
    "terminal.quant.sabr_kernel",
    "terminal.quant.monte_carlo_kernel",
    "terminal.market.book_level_kernel",
    "terminal.market.book_layout_kernel",
    "terminal.market.order_book_kernel",
    "terminal.market.book_kernel",
    "terminal.market.book_read_kernel",
    "terminal.market.depth_history_kernel",
    "terminal.market.page_kernel",
    "terminal.market.quote_kernel",
    "terminal.market.refusal_kernel",
    "terminal.market.print_kernel",
    "terminal.market.statistics_kernel",
    "terminal.market.volume_kernel",
    "terminal.market.bar_kernel",
    "terminal.market.activity_kernel",
    "terminal.store.newest_kernel",
    "terminal.market.kernel",
    "terminal.market.pyramid_kernel",
    "terminal.market.importers.lean.decode_kernel",
    "terminal.market.importers.binance.decode_kernel",
    "terminal.exchange.book_kernel",
    "terminal.venues.sim.message_kernel",
    "terminal.venues.sim.dynamics_kernel",
    "terminal.venues.sim.surface_kernel",
    "terminal.venues.sim.option_kernel",
    "terminal.venues.sim.flow_kernel",
    "terminal.app.views.heatmap_kernel",
)
"""Every module that holds compiled kernels, each after those it calls. A room with a new one adds its name here."""

_CHAIN_KERNELS = (
    "normal_kernel", "black_kernel", "european_kernel", "european_vector_kernel", "rational_kernel",
    "implied_vol_kernel", "implied_vol_vector_kernel",
)  # fmt: skip

DESK_KERNELS = tuple(
    name for name in KERNEL_MODULES if not name.startswith("terminal.quant.") or name.endswith(_CHAIN_KERNELS)
)
"""Those that the desk cannot open without. The models follow in the background, while the desk already works."""

CACHE_VARIABLE = "NUMBA_CACHE_DIR"
FOLDERS_KEPT = 3
_BEAT_S = 0.2
_LOWEST_PRIORITY = 19
_MARKERS = "warm*.json"
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


def _source(name: str) -> str:
    """The module's text; empty where a frozen program carries none, whose folder then tells its kernels apart."""
    found = importlib.util.find_spec(name)
    if found is None:
        raise WarmupFailed(f"the program is incomplete: {name} is missing; install it again")
    loader = found.loader
    text = loader.get_source(name) if loader is not None and hasattr(loader, "get_source") else None
    return text or ""


def _stamp(modules: Sequence[str]) -> dict[str, str]:
    """A hash of each module's source and of the Python that runs it."""
    python = f"{sys.implementation.cache_tag} {sys.platform}"
    return {name: hashlib.sha256(f"{python}\0{_source(name)}".encode()).hexdigest()[:_DIGITS] for name in modules}


def _marker(folder: Path) -> Path:
    """The file that says what is compiled for this copy of the program, on this processor."""
    binding = importlib.import_module("llvmlite.binding")
    told = [importlib.import_module("numba").__version__, str(Path(__file__).parent)]
    told += [binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()]
    if getattr(sys, "frozen", False):
        # There Numba looks at the program's own file instead of the kernels' sources.
        program = Path(sys.executable).stat()
        told.append(f"{program.st_size} {program.st_mtime_ns}")
    digest = hashlib.sha256("\0".join(told).encode()).hexdigest()[:_DIGITS]
    return folder / f"warm-{digest}.json"


def _compiled(folder: Path) -> dict[str, str]:
    """What the folder's marker says is compiled; nothing when there is none that can be read."""
    try:
        found = json.loads(_marker(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def is_warm(folder: Path, modules: Sequence[str] = KERNEL_MODULES) -> bool:
    """Whether ``folder`` is known to hold all kernels of ``modules``."""
    compiled = _compiled(folder)
    return all(compiled.get(name) == stamp for name, stamp in _stamp(modules).items())


def _drop_old(folder: Path) -> None:
    """Keeps the newest few caches beside ``folder``: every version that was ever started left one."""
    others = [path for path in folder.parent.iterdir() if path != folder and any(path.glob(_MARKERS))]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[FOLDERS_KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def warm_up(
    folder: Path,
    on_progress: Progress | None = None,
    *,
    modules: Sequence[str] = KERNEL_MODULES,
    is_background: bool = False,
    timeout_s: float = 600.0,
) -> Warmup:
    """Fills ``folder`` with compiled kernels in a child process; blocks until it is done, so not on the UI thread.

    Returns at once when they are there. ``is_background`` gives the child the lowest priority. What ``on_progress``
    raises ends the child and goes on to the caller. Raises WarmupFailed with the reason when a kernel does not compile,
    the folder cannot be written, or ``timeout_s`` passes; the kernels then compile when they are first used.
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
    work = (str(folder), tuple(modules), sender, is_background)
    child = context.Process(target=_compile_all, args=work, name="kernel warm-up", daemon=True)
    with _interrupts_held():
        child.start()
    sender.close()
    try:
        _follow(receiver, on_progress, len(modules), began + timeout_s)
        child.join(5.0)
    finally:
        receiver.close()
        if child.is_alive():
            child.kill()
            child.join()
    atomic_file.write_text(_marker(folder), json.dumps({**_compiled(folder), **_stamp(modules)}, indent=1))
    with contextlib.suppress(OSError):
        _drop_old(folder)
    return Warmup(True, time.perf_counter() - began)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl+C goes to all processes of a terminal: a child started in here leaves it to its parent, who ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would lift the mask while the child is being started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow(receiver: Connection, on_progress: Progress | None, total: int, deadline: float) -> None:
    """Reads the child's reports until the last one; raises WarmupFailed on a bad or missing one."""
    done, at = -1, ""
    while True:
        if not receiver.poll(min(max(deadline - time.perf_counter(), 0.0), _BEAT_S)):
            if time.perf_counter() >= deadline:
                raise WarmupFailed("compiling the kernels took too long; they will be compiled when first used")
            if on_progress is not None and at:
                on_progress(done, total, at)  # so that a wish to stop is heard while one module compiles for long
            continue
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
        done, at = done + 1, detail
        if on_progress is not None:
            on_progress(done, total, at)


def _compile_all(folder: str, modules: tuple[str, ...], sender: Connection, is_background: bool) -> None:
    """The child: imports every module, which compiles its kernels into ``folder``."""
    os.environ[CACHE_VARIABLE] = folder
    if is_background:
        psutil.Process().nice(psutil.IDLE_PRIORITY_CLASS if sys.platform == "win32" else _LOWEST_PRIORITY)
    try:
        numba_config = importlib.import_module("numba").config
        numba_config.CACHE_DIR = folder
        for name in modules:
            sender.send(("at", name))
            importlib.import_module(name)
    except BrokenPipeError:
        return  # the parent has gone
    except Exception as problem:  # noqa: BLE001 - whatever a kernel raises is told to the parent
        last = traceback.extract_tb(problem.__traceback__)[-1]
        text = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        sender.send(("failed", f"{text} ({Path(last.filename).name}, line {last.lineno})"))
        return
    sender.send(("finished", ""))
