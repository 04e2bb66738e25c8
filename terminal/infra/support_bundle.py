"""What ``doctor`` collects, and the archive for support: versions, machine, places, settings, logs and crash reports.

The archive goes to other people, so every text in it passes the redactor. Orders, positions and market data stay out.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import json
import locale
import os
import platform
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from terminal import __version__
from terminal.infra import atomic_file, disk, process_lock, resources, secrets
from terminal.infra.failures import UsageError, UserFacingError
from terminal.infra.paths import Profile, calendar_cache_dir, kernel_cache_dir
from terminal.infra.redaction import REDACTOR, Redactor
from terminal.infra.settings_file import parse

MOST_LOG_BYTES = 4 * 2**20
MOST_REPORTS = 10
PACKAGES = (
    "numpy", "numba", "llvmlite", "scipy", "duckdb", "PySide6-Essentials", "shiboken6", "PySide6-QtAds", "pyqtgraph",
    "PyOpenGL", "qasync", "exchange_calendars", "pandas", "keyring", "msgspec", "platformdirs", "psutil", "tzdata",
)  # fmt: skip
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "learning": ("torch", "stable_baselines3"),
    "portfolio": ("skfolio",),
    "ib": ("ib_async",),
}
"""Optional parts and the modules that they bring."""
_SHARED = {"compiled_kernels", "calendars"}
_TELLING_VARIABLES = (
    "DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "QT_QPA_PLATFORM", "QT_SCALE_FACTOR",
    "QT_AUTO_SCREEN_SCALE_FACTOR", "PYOPENGL_PLATFORM", "LIBGL_ALWAYS_SOFTWARE", "NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT",
    "OMP_NUM_THREADS", "TZ", "LANG",
)  # fmt: skip


def collect(profile: Profile, graphics: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Everything that ``doctor`` shows, as JSON data, unredacted. ``graphics``: GPU and GL, from whoever has Qt.

    Never raises: what cannot be found out is a sentence in its place, and also in ``problems``.
    """
    problems: list[str] = []
    settings = _settings_state(profile, problems)
    places = _places(profile)
    free = disk.free_bytes(profile.database_file)
    if free < 2**30:
        problems.append(f"Only {free / 2**20:,.0f} MiB are free where the market database lies; free some space.")
    return {
        "moneyness": {"version": __version__, "frozen": bool(getattr(sys, "frozen", False))},
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": {"version": platform.python_version(), "executable": sys.executable},
        "system": _system(),
        "processor": _processor(),
        "memory": _memory(),
        "graphics": dict(graphics) if graphics is not None else "not asked",
        "packages": _packages(problems),
        "extras": _extras(),
        "resources": _resources_state(problems),
        "secrets": secrets.open_store().status.sentence,
        "settings": settings,
        "desk": _desk_state(profile),
        "disk": {
            "free_bytes": free,
            "profile_bytes": sum(place["bytes"] for name, place in places.items() if name not in _SHARED),
        },
        "places": places,
        "environment": {name: os.environ[name] for name in _TELLING_VARIABLES if name in os.environ},
        "problems": problems,
    }


def write_bundle(
    path: Path, profile: Profile, graphics: Mapping[str, Any] | None = None, *, redactor: Redactor = REDACTOR
) -> list[str]:
    """Writes the support archive to ``path`` and gives the names in it; all or nothing.

    Raises UsageError when ``path`` cannot be a file, WorkFailed when it cannot be written.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file such as {path / 'moneyness-support.zip'}.")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"The folder {path.absolute().parent} does not exist; make it or choose another.")
    redactor.register(_environment_secrets())
    buffer = io.BytesIO()
    names: list[str] = []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _contents(profile, graphics, redactor):
            archive.writestr(name, text)
            names.append(name)
    try:
        atomic_file.write_bytes(path.absolute(), buffer.getvalue())
    except OSError as error:
        raise disk.explain(error, "writing the support archive", path) from error
    return names


def _contents(profile: Profile, graphics: Mapping[str, Any] | None, redactor: Redactor) -> Iterator[tuple[str, str]]:
    yield "report.json", _json(redactor.values(collect(profile, graphics)))
    settings = _tail(profile.settings_file, MOST_LOG_BYTES)
    if settings is not None:
        yield "settings.toml", redactor.text(settings)
    for log in sorted(profile.logs_dir.glob("*.jsonl")):
        text = _tail(log, MOST_LOG_BYTES)
        if text is not None:
            yield f"logs/{log.name}", "".join(_redacted_line(line, redactor) for line in text.splitlines())
    reports = sorted(profile.crash_dir.glob("crash-*.json"))[-MOST_REPORTS:]
    for crash in [*reports, *sorted(profile.crash_dir.glob("fault-*.log"))]:
        text = _tail(crash, MOST_LOG_BYTES)
        if text:
            yield f"crashes/{crash.name}", _redacted_line(text, redactor)


def _redacted_line(line: str, redactor: Redactor) -> str:
    try:
        return json.dumps(redactor.values(json.loads(line)), ensure_ascii=False) + "\n"
    except (ValueError, RecursionError):
        return redactor.text(line) + "\n"


def _tail(path: Path, most_bytes: int) -> str | None:
    """The end of a text file, from the start of a line; None when it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - most_bytes))
            data = file.read(most_bytes)
    except OSError:
        return None
    if size > most_bytes:
        data = data[data.find(b"\n") + 1 :]
    return data.decode("utf-8", errors="replace")


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"


def _environment_secrets() -> list[str]:
    return [value for name, value in os.environ.items() if name.startswith("MONEYNESS_") and "_PAPER_" in name]


def _system() -> dict[str, Any]:
    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "locale": locale.setlocale(locale.LC_CTYPE),
        "time_zone": time.tzname[0],
        "temporary_folder": tempfile.gettempdir(),
    }


def _processor() -> dict[str, Any]:
    frequency = _or_none(psutil.cpu_freq)
    return {
        "model": _processor_model(),
        "cores": psutil.cpu_count(logical=False),
        "threads": psutil.cpu_count(),
        "mhz": round(frequency.max or frequency.current) if frequency else None,
        "load": [round(value, 2) for value in psutil.getloadavg()],
    }


def _processor_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def _memory() -> dict[str, int]:
    found = psutil.virtual_memory()
    return {"total_bytes": found.total, "available_bytes": found.available, "swap_bytes": psutil.swap_memory().total}


def _packages(problems: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "missing"
            # A frozen program carries the modules and not always their metadata.
            if not getattr(sys, "frozen", False):
                problems.append(f"The package {name} is missing; install Moneyness again.")
    return found


def _extras() -> dict[str, str]:
    found: dict[str, str] = {}
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        found[extra] = (
            f"not installed ({', '.join(missing)}); in the source folder: "
            f"pip install -c packaging/constraints.txt -e '.[{extra}]'"
            if missing
            else "installed"
        )
    return found


def _resources_state(problems: list[str]) -> str:
    try:
        return f"{len(resources.font_files())} fonts in {resources.root()}"
    except UserFacingError as error:
        problems.append(error.message)
        return error.message


def _settings_state(profile: Profile, problems: list[str]) -> str:
    try:
        parse(profile.settings_file.read_text(encoding="utf-8"), profile.settings_file)
    except FileNotFoundError:
        return "none yet, the defaults apply"
    except UserFacingError as error:
        problems.append(error.message)
        return error.message
    except (OSError, UnicodeDecodeError) as error:
        sentence = f"The settings file {profile.settings_file} cannot be read: {error}."
        problems.append(sentence)
        return sentence
    return "sound"


def _desk_state(profile: Profile) -> str:
    try:
        held = process_lock.is_held(profile.lock_file)
    except OSError as error:
        return f"unknown: the lock cannot be read ({error.strerror})"
    if not held:
        return "not running on this profile"
    holder = process_lock.holder(profile.lock_file)
    return f"running, pid {holder.pid}, since {holder.since.isoformat()}" if holder else "running"


def _places(profile: Profile) -> dict[str, dict[str, Any]]:
    named = {
        "settings": profile.settings_file,
        "journal": profile.journal_file,
        "journal_head": profile.journal_head_file,
        "database": profile.database_file,
        "recordings": profile.recordings_dir,
        "spill": profile.spill_dir,
        **profile.handiwork(),
        "logs": profile.logs_dir,
        "crashes": profile.crash_dir,
        "runtime": profile.runtime_dir,
        "compiled_kernels": kernel_cache_dir(),
        "calendars": calendar_cache_dir(),
    }
    return {
        name: {"path": str(path), "exists": path.exists(), "bytes": disk.tree_bytes(path) if path.exists() else 0}
        for name, path in named.items()
    }


def _or_none(call: Any) -> Any:
    """psutil raises what it likes where a machine does not tell, as in containers."""
    try:
        return call()
    except Exception:  # noqa: BLE001 - a figure for the report only
        return None
