"""Missing system libraries: found by the loader, installed where that is ours to do, else named with the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux leaves Qt's libraries to the user"
)

ABSENT = "libno_such_thing.so.7"
PROGRAM = """
import os, sys
sys.path.insert(0, sys.argv[1])
import system_libraries as system
os.geteuid = lambda: int(sys.argv[2])
needs = [
    system.Need("libc.so.6", "libc6"),
    system.Need("libno_such_thing.so.7", "libno-such7"),
    system.Need("libnor_this.so.1", "libno-such7"),
]
left = system.install(system.missing_libraries(needs))
print(system.sentence(left, "the desk") if left else "nothing is missing")
"""
APT = """#!/bin/sh
echo "apt-get $*" >> "$APT_LOG"
"""


def _machine(repository: Path, folder: Path, user_id: int, with_apt: bool) -> tuple[str, list[str]]:
    """What is said on a machine with or without apt, for root or another; and the calls of apt-get."""
    programs = folder / "bin"
    programs.mkdir()
    for name in ("apt-get", "dpkg") if with_apt else ():
        (programs / name).write_text(APT, encoding="utf-8")
        (programs / name).chmod(0o755)
    log = folder / "calls"
    command = [sys.executable, "-c", PROGRAM, str(repository / "packaging"), str(user_id)]
    environment = {**os.environ, "PATH": str(programs), "APT_LOG": str(log)}
    finished = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return finished.stdout.strip(), log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def test_a_user_on_debian_is_told_the_exact_command(repository: Path, tmp_path: Path) -> None:
    said, calls = _machine(repository, tmp_path, user_id=1000, with_apt=True)
    assert calls == []
    assert said == (
        f"Missing for the desk: {ABSENT}, libnor_this.so.1. "
        "Run: sudo apt-get update && sudo apt-get install -y libno-such7"
    )


def test_root_on_debian_installs_and_looks_again(repository: Path, tmp_path: Path) -> None:
    said, calls = _machine(repository, tmp_path, user_id=0, with_apt=True)
    assert calls == ["apt-get update -qq", "apt-get install -y -qq --no-install-recommends libno-such7"]
    # This apt installed nothing, so what is missing is still named: success is what the loader says, not apt.
    assert said.startswith(f"Missing for the desk: {ABSENT}")


def test_another_system_is_told_what_to_look_for(repository: Path, tmp_path: Path) -> None:
    said, calls = _machine(repository, tmp_path, user_id=1000, with_apt=False)
    assert calls == []
    assert ABSENT in said
    assert "package manager" in said


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["kill", "--flatten"], "none"),
        (["--profile", "x", "query", "select 1"], "none"),
        (["desk", "--headless"], "base"),
        ([], "base and display"),
        (["desk", "--seed", "1"], "base and display"),
    ],
)
def test_only_what_a_command_needs_is_asked_for(arguments: list[str], wanted: str, repository: Path) -> None:
    """The kill switch must start on a machine that has lost every Qt library."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import commands, system_libraries as s; "
        "print({(): 'none', s.BASE: 'base', s.BASE + s.DISPLAY: 'base and display'}[commands.needed_by(sys.argv[2:])])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    finished = subprocess.run(
        [sys.executable, "-c", program, str(repository / "packaging"), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert finished.stdout.strip() == wanted


def test_the_list_covers_what_the_platform_plugins_link_to(repository: Path) -> None:
    """Every library that Qt's offscreen and xcb plugins ask for directly is on the list or comes with one that is."""
    import PySide6

    sys.path.insert(0, str(repository / "packaging"))
    try:
        import system_libraries as system
    finally:
        sys.path.pop(0)
    listed = {need.name for need in system.BASE + system.DISPLAY}
    # These come with the C library, with the compiler's runtime, or as hard dependencies of a package on the list.
    carried = tuple(
        "libQt6 libc. libm. libdl. libpthread. librt. ld-linux libstdc++. libgcc_s. libicu libxcb.so libGLX libz. "
        "libresolv libXau libXdmcp libgobject libgio".split()
    )
    qt = Path(PySide6.__file__).parent / "Qt"
    files = [qt / "plugins" / "platforms" / name for name in ("libqoffscreen.so", "libqxcb.so")]
    files += [qt / "lib" / f"libQt6{name}.so.6" for name in ("Core", "Gui", "Widgets", "Network", "XcbQpa", "OpenGL")]
    for path in files:
        for soname in _needed(path):
            assert soname in listed or soname.startswith(carried), f"{path.name} needs {soname}"


def _needed(path: Path) -> list[str]:
    """The DT_NEEDED names of a shared library, read from the file itself."""
    import struct

    body = path.read_bytes()
    (section_table,) = struct.unpack_from("<Q", body, 40)
    entry, count = struct.unpack_from("<HH", body, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", body, section_table + place * entry) for place in range(count)]
    dynamic = next(section for section in sections if section[1] == 6)
    strings = sections[dynamic[6]][4]
    names = []
    for place in range(dynamic[4], dynamic[4] + dynamic[5], 16):
        tag, value = struct.unpack_from("<QQ", body, place)
        if tag == 1:
            start = strings + value
            names.append(body[start : body.index(b"\0", start)].decode())
    assert names
    return names
