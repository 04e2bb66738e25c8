"""Where the tests keep compiled kernels, and which of them are out of date.

Numba looks only at the file a kernel stands in. A kernel that calls one from another file keeps the old machine code of
it, so before a run the cached kernels of every file that imports a changed one are dropped as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

_IMPORT = re.compile(
    r"^\s*(?:from\s+(terminal[\w.]*)\s+import\s+(\([^)]*\)|[^#\n]*)|import\s+(terminal[\w.]*))", re.MULTILINE
)


def prepare(repository: Path) -> Path:
    """The cache folder for this checkout, cleaned of kernels whose callees changed since the last run."""
    folder = _folder(repository)
    folder.mkdir(parents=True, exist_ok=True)
    sources = {path: path.read_text(encoding="utf-8") for path in (repository / "terminal").rglob("*.py")}
    now = {str(path): hashlib.sha256(text.encode()).hexdigest() for path, text in sources.items() if "njit" in text}
    register = folder / "sources.json"
    before = _read(register)
    changed = {name for name, digest in now.items() if before.get(name, digest) != digest}
    if changed:
        drop(folder, _dependents(repository, sources, {Path(name) for name in changed}))
    if now != before:
        partial = register.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(now), encoding="utf-8")
        partial.replace(register)
    return folder


def drop(folder: Path, sources: Iterable[Path]) -> None:
    """Removes the cached kernels of these source files; one that another run removed first is no error."""
    stems = {(path.parent.name, path.stem) for path in sources}
    for index in folder.glob("*/*.nb[ic]"):
        package = index.parent.name.rpartition("_")[0]
        if (package, index.name.split(".", 1)[0]) in stems:
            index.unlink(missing_ok=True)
    # What the program itself believes to be compiled.
    for marker in folder.glob("warm*.json"):
        marker.unlink(missing_ok=True)


def _folder(repository: Path) -> Path:
    if os.environ.get("CI"):
        return repository / ".pytest_cache" / "kernels"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = hashlib.sha256(str(repository).encode()).hexdigest()[:12]
    return home / "moneyness-tests" / f"kernels-{sys.version_info[0]}.{sys.version_info[1]}-{place}"


def _read(register: Path) -> dict[str, str]:
    try:
        found = json.loads(register.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _dependents(repository: Path, sources: dict[Path, str], changed: set[Path]) -> set[Path]:
    imports = {path: _imported(repository, text) for path, text in sources.items()}
    reached = set(changed)
    while True:
        more = {path for path, names in imports.items() if names & reached} - reached
        if not more:
            return reached
        reached |= more


def _imported(repository: Path, text: str) -> set[Path]:
    names: set[str] = set()
    for module, members, plain in _IMPORT.findall(text):
        names.add(module or plain)
        names.update(f"{module}.{member}" for member in re.findall(r"\w+", members) if module)
    stems = [repository.joinpath(*name.split(".")) for name in names]
    return {stem.with_suffix(".py") for stem in stems} | {stem / "__init__.py" for stem in stems}
