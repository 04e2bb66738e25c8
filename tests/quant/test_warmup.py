"""The warm-up: the list is whole, the child fills the cache, and failures say what happened."""

from __future__ import annotations

import multiprocessing
import os
import shutil
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
        if "njit(" in path.read_text(encoding="utf-8") and not path.name.startswith("peer_")
    }
    assert found == set(KERNEL_MODULES)
    assert len(KERNEL_MODULES) == len(set(KERNEL_MODULES))


def test_a_child_fills_an_empty_cache_once_and_another_process_uses_it(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    assert not warmup.is_warm(folder, SMALL)
    seen: list[tuple[int, int, str]] = []
    first = warmup.warm_up(folder, lambda *at: seen.append(at), modules=SMALL)
    assert first.compiled
    assert set(seen) == {(0, 1, SMALL[0])}
    assert warmup.is_warm(folder, SMALL)
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nb*")}
    assert len(kept) >= 10
    assert not warmup.warm_up(folder, modules=SMALL).compiled
    user = "import terminal.quant.black_kernel as k; print(k.black.stats.cache_hits.total(), k.normal_cdf(0.0))"
    environment = {**os.environ, warmup.CACHE_VARIABLE: str(folder)}
    run = subprocess.run([sys.executable, "-c", user], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1", "0.5"]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.nb*")} == kept


def test_a_changed_kernel_is_cold_again_and_the_others_stay_warm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ("terminal.quant.black_kernel", "terminal.quant.european_kernel")
    warmup.warm_up(tmp_path / "cache", modules=SMALL)
    assert warmup.is_warm(tmp_path / "cache", SMALL)
    assert not warmup.is_warm(tmp_path / "cache", both)
    warmup.warm_up(tmp_path / "cache", modules=both[1:], is_background=True)
    assert warmup.is_warm(tmp_path / "cache", both)
    source = warmup._source
    monkeypatch.setattr(warmup, "_source", lambda name: source(name) + ("# changed" if name == both[1] else ""))
    assert warmup.is_warm(tmp_path / "cache", SMALL)
    assert not warmup.is_warm(tmp_path / "cache", both)


def test_a_copy_of_the_program_in_another_place_is_cold_and_leaves_the_first_warm(
    tmp_path: Path, repository: Path
) -> None:
    """Numba keeps kernels by the place of their sources: a moved program has none, whatever another one compiled."""
    folder = tmp_path / "cache"
    warmup.warm_up(folder, modules=SMALL)
    shutil.copytree(repository / "terminal", tmp_path / "moved" / "terminal", ignore=shutil.ignore_patterns("__py*"))
    steps = (
        f"from pathlib import Path; from terminal.quant import warmup; folder, small = Path({str(folder)!r}), {SMALL}",
        "print(warmup.__file__, warmup.is_warm(folder, small))",
        "warmup.warm_up(folder, modules=small)",
        "import terminal.quant.black_kernel as k",
        "print(warmup.is_warm(folder, small), k.black.stats.cache_hits.total())",
    )
    environment = {**os.environ, warmup.CACHE_VARIABLE: str(folder), "PYTHONPATH": str(tmp_path / "moved")}
    run = subprocess.run(
        [sys.executable, "-c", "; ".join(steps)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [str(tmp_path / "moved" / "terminal" / "quant" / "warmup.py"), "False", "True", "1"]
    assert warmup.is_warm(folder, SMALL)


def test_opening_the_desk_needs_no_kernel_that_the_start_did_not_compile() -> None:
    rooms = "terminal.bootstrap, terminal.venues.sim.feed, terminal.venues.replay.open, terminal.ui.desk_window"
    code = f"import sys, {rooms}; print(*(name for name in sys.modules if name.endswith('kernel')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in run.stdout.split() if name.startswith("terminal.")}
    assert "terminal.market.kernel" in loaded
    assert loaded <= set(warmup.DESK_KERNELS)


def test_a_wish_to_stop_ends_the_child_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kernel_that_takes_long.py").write_text("import time\ntime.sleep(100)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    beats = 0

    def stop(_done: int, _total: int, _name: str) -> None:
        nonlocal beats
        beats += 1
        if beats == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        warmup.warm_up(tmp_path / "cache", stop, modules=("kernel_that_takes_long",))
    assert not multiprocessing.active_children()
    assert not warmup.is_warm(tmp_path / "cache", ("kernel_that_takes_long",))


def test_a_kernel_that_is_not_there_is_named(tmp_path: Path) -> None:
    broken = ("terminal.quant.no_such_kernel",)
    with pytest.raises(WarmupFailed, match=r"terminal.quant.no_such_kernel is missing; install it again"):
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


def test_only_the_newest_caches_of_other_versions_are_kept(tmp_path: Path) -> None:
    for count in range(6):
        old = tmp_path / f"0.1.{count}"
        old.mkdir()
        (old / "warm.json").write_text("{}")
        os.utime(old, (count, count))
    (tmp_path / "other").mkdir()
    warmup.warm_up(tmp_path / "0.2.0", modules=SMALL)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.1.4", "0.1.5", "0.2.0", "other"]
