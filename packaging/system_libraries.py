"""What the system has to bring: Qt's libraries, and for the tests a screen without a screen, software GL and strace."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple


class Need(NamedTuple):
    """A shared library (or program) and the Debian package that has it."""

    name: str
    package: str


# What QtGui and QtNetwork link to (ldd on the wheel's libraries): needed by the offscreen platform too.
BASE = (
    Need("libglib-2.0.so.0", "libglib2.0-0"),
    Need("libgthread-2.0.so.0", "libglib2.0-0"),
    Need("libGL.so.1", "libgl1"),
    Need("libEGL.so.1", "libegl1"),
    Need("libX11.so.6", "libx11-6"),
    Need("libxkbcommon.so.0", "libxkbcommon0"),
    Need("libdbus-1.so.3", "libdbus-1-3"),
    Need("libfontconfig.so.1", "libfontconfig1"),
    Need("libfreetype.so.6", "libfreetype6"),
    Need("libbrotlidec.so.1", "libbrotli1"),
    Need("libgssapi_krb5.so.2", "libgssapi-krb5-2"),
    Need("libzstd.so.1", "libzstd1"),
)
# What the xcb platform plugin links to besides: a window on X11, XWayland or Xvfb.
DISPLAY = (
    Need("libX11-xcb.so.1", "libx11-xcb1"),
    Need("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    Need("libxcb-cursor.so.0", "libxcb-cursor0"),
    Need("libxcb-icccm.so.4", "libxcb-icccm4"),
    Need("libxcb-image.so.0", "libxcb-image0"),
    Need("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    Need("libxcb-randr.so.0", "libxcb-randr0"),
    Need("libxcb-render.so.0", "libxcb-render0"),
    Need("libxcb-render-util.so.0", "libxcb-render-util0"),
    Need("libxcb-shape.so.0", "libxcb-shape0"),
    Need("libxcb-shm.so.0", "libxcb-shm0"),
    Need("libxcb-sync.so.1", "libxcb-sync1"),
    Need("libxcb-util.so.1", "libxcb-util1"),
    Need("libxcb-xfixes.so.0", "libxcb-xfixes0"),
    Need("libxcb-xkb.so.1", "libxcb-xkb1"),
)
TOOLS = (Need("Xvfb", "xvfb"), Need("strace", "strace"))
SOFTWARE_GL = Need("Mesa's software OpenGL (llvmpipe)", "libgl1-mesa-dri")
_DRIVERS = ("swrast_dri.so", "libdril_dri.so", "kms_swrast_dri.so")


def missing_libraries(needs: Iterable[Need]) -> list[Need]:
    """Those that the dynamic loader cannot load; none on a system that brings Qt's libraries in its own way."""
    if not sys.platform.startswith("linux"):
        return []
    return [need for need in needs if not _loads(need.name)]


def missing_tools() -> list[Need]:
    """What only the tests need: Xvfb, strace and Mesa's software renderer."""
    if not sys.platform.startswith("linux"):
        return []
    found = [need for need in TOOLS if shutil.which(need.name) is None]
    return found if _has_software_gl() else [*found, SOFTWARE_GL]


def install(needs: Sequence[Need], recheck: bool = True) -> list[Need]:
    """Installs what is missing where that is ours to do (Debian's apt, as root); gives what is still missing."""
    if not (is_debian() and os.geteuid() == 0):
        return list(needs)
    packages = _packages(needs)
    print(f"Installing with apt-get: {' '.join(packages)}", file=sys.stderr, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = 1
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.call(["apt-get", *arguments], env=quiet, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno())
    if not recheck:
        return list(needs) if done else []
    return [need for need in needs if not _present(need)]


def sentence(needs: Sequence[Need], what_for: str) -> str:
    """What is missing, and the exact command that brings it."""
    names = ", ".join(need.name for need in needs)
    if is_debian():
        return f"Missing for {what_for}: {names}. Run: {command(_packages(needs))}"
    return f"Missing for {what_for}: {names}. Install them with your system's package manager and start this again."


def command(packages: Sequence[str]) -> str:
    """The line to type on Debian or Ubuntu."""
    sudo = "" if os.name == "posix" and os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get update && {sudo}apt-get install -y {' '.join(packages)}"


def is_debian() -> bool:
    """Whether packages come by apt here."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg") is not None


def _packages(needs: Sequence[Need]) -> list[str]:
    return list(dict.fromkeys(need.package for need in needs))


def _present(need: Need) -> bool:
    if need in TOOLS:
        return shutil.which(need.name) is not None
    return _has_software_gl() if need == SOFTWARE_GL else _loads(need.name)


def _loads(soname: str) -> bool:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def _has_software_gl() -> bool:
    named = [Path(part) for part in os.environ.get("LIBGL_DRIVERS_PATH", "").split(":") if part]
    usual = [*Path("/usr/lib").glob("*/dri"), Path("/usr/lib64/dri"), Path("/usr/lib/dri")]
    return any((folder / driver).exists() for folder in (*named, *usual) for driver in _DRIVERS)
