"""The warm-up: the list is whole, the child fills the cache, and failures say what happened."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from terminal.quant import warmup
from terminal.quant.warmup import KERNEL_MODULES, WarmupFailed

SMALL = ("terminal.quant.black_kernel",)


def test_every_module_with_kernels_is_on_the_list(repository: Path) -> None:
    found = {
        ".".join(path.relative_to(repository).with_suffix("").parts)
        for path in (repository / "terminal").rglob("*.py")
        if "njit(" in path.read_text(encoding="utf-8")
    }
    assert found == set(KERNEL_MODULES)
    assert len(KERNEL_MODULES) == len(set(KERNEL_MODULES))


def test_a_child_fills_an_empty_cache_once_and_another_process_uses_it(tmp_path: Path) -> None:
    folder = warmup.cache_folder(tmp_path, SMALL)
    assert not warmup.is_warm(folder, SMALL)
    seen: list[tuple[int, int, str]] = []
    first = warmup.warm_up(folder, lambda *at: seen.append(at), modules=SMALL)
    assert first.compiled
    assert seen == [(0, 1, SMALL[0])]
    assert warmup.is_warm(folder, SMALL)
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nb*")}
    assert len(kept) >= 10
    assert not warmup.warm_up(folder, modules=SMALL).compiled
    user = "import terminal.quant.black_kernel as k; print(k.black.stats.cache_hits.total(), k.normal_cdf(0.0))"
    environment = {**os.environ, warmup.CACHE_VARIABLE: str(folder)}
    run = subprocess.run([sys.executable, "-c", user], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1", "0.5"]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.nb*")} == kept


def test_the_folder_changes_with_any_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = warmup.cache_folder(tmp_path)
    assert warmup.cache_folder(tmp_path) == before
    monkeypatch.setattr(warmup, "_source", lambda name: name + " changed")
    assert warmup.cache_folder(tmp_path) != before
    assert warmup.fingerprint(SMALL) != warmup.fingerprint()


def test_a_kernel_that_does_not_compile_is_named(tmp_path: Path) -> None:
    broken = ("terminal.quant.no_such_kernel",)
    with pytest.raises(WarmupFailed, match=r"did not compile: No module named .*no_such_kernel"):
        warmup.warm_up(tmp_path / "cache", modules=broken)


def test_a_module_that_raises_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kernel_that_raises.py").write_text("raise TypeError('no matching signature')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "cache"
    with pytest.raises(WarmupFailed, match=r"no matching signature \(kernel_that_raises.py, line 1\)"):
        warmup.warm_up(folder, modules=("kernel_that_raises",))
    assert not warmup.is_warm(folder, ("kernel_that_raises",))


def test_a_child_that_dies_or_hangs_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kernel_that_dies.py").write_text("import os\nos._exit(3)\n")
    (tmp_path / "kernel_that_hangs.py").write_text("import time\ntime.sleep(100)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(WarmupFailed, match="ended early"):
        warmup.warm_up(tmp_path / "cache", modules=("kernel_that_dies",))
    with pytest.raises(WarmupFailed, match="too long"):
        warmup.warm_up(tmp_path / "cache", modules=("kernel_that_hangs",), timeout_s=3.0)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WarmupFailed, match="cannot be kept in"):
        warmup.warm_up(tmp_path / "file" / "cache", modules=SMALL)


def test_use_cache_sets_the_variable_once_and_drops_old_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(warmup.CACHE_VARIABLE)
    for count in range(6):
        old = tmp_path / f"{count:016x}"
        old.mkdir()
        (old / "warm.json").write_text("{}")
        os.utime(old, (count, count))
    (tmp_path / "other").mkdir()
    folder = warmup.use_cache(tmp_path)
    assert folder == warmup.cache_folder(tmp_path)
    assert os.environ[warmup.CACHE_VARIABLE] == str(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{4:016x}", f"{5:016x}", "other"]
    monkeypatch.setenv(warmup.CACHE_VARIABLE, str(tmp_path / "mine"))
    assert warmup.use_cache(tmp_path) == tmp_path / "mine"
