"""Where the kernels lie that a program compiles which imports the package by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from terminal.infra.paths import kernel_cache_dir


@pytest.mark.parametrize("before", ["", "import numba; "], ids=["alone", "numba first"])
def test_a_plain_import_keeps_kernels_in_the_folder_of_these_sources(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, before: str
) -> None:
    """Beside the sources they would outlive a change of the kernels that they call, and give old numbers."""
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    program = "from terminal.quant.black_kernel import normal_cdf; print(normal_cdf._cache.cache_path)"
    said = subprocess.run(
        [sys.executable, "-c", before + program], cwd=repository, env=dict(os.environ), capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip
    assert Path(said.strip()).is_relative_to(kernel_cache_dir())


def test_a_folder_that_was_chosen_is_kept(repository: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    program = "import os, terminal.quant; print(os.environ['NUMBA_CACHE_DIR'])"
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == str(tmp_path)
