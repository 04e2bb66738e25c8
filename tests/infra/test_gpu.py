"""The graphics card's probe on machines with and without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from terminal.infra import gpu
from terminal.infra.gpu import Gpu, GpuProbe


@pytest.fixture(autouse=True)
def no_nvidia(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_LIBRARIES", ("libno-such-library.so.9",))


def test_no_card_is_none(tmp_path: Path) -> None:
    assert GpuProbe(tmp_path).read() is None


def test_an_amd_card_is_read_from_its_files(tmp_path: Path) -> None:
    device = tmp_path / "card0" / "device"
    device.mkdir(parents=True)
    (device / "mem_info_vram_total").write_text("17163091968\n")
    (device / "mem_info_vram_used").write_text("1048576\n")
    probe = GpuProbe(tmp_path)
    assert probe.read() == Gpu("AMD", 1 << 20, 17163091968)
    (device / "product_name").write_text("Radeon Pro\n")
    assert GpuProbe(tmp_path).read() == Gpu("Radeon Pro", 1 << 20, 17163091968)
    (device / "mem_info_vram_used").write_text("not a number")
    assert probe.read() is None
