"""The graphics card's name and memory, where the machine tells them: NVIDIA's management library, or amdgpu's files."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LIBRARIES = ("nvml.dll",) if sys.platform == "win32" else ("libnvidia-ml.so.1",)
_DRM = Path("/sys/class/drm")


@dataclass(frozen=True, slots=True)
class Gpu:
    """The first card. Memory in bytes, of all programs together."""

    name: str
    used_bytes: int
    total_bytes: int


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class GpuProbe:
    """Looks for a card once; :meth:`read` asks it and costs some microseconds."""

    def __init__(self, drm: Path = _DRM) -> None:
        self._library: Any = None
        self._device = ctypes.c_void_p()
        self._name = ""
        self._amd: Path | None = None
        if not self._find_nvidia():
            self._find_amd(drm)

    def read(self) -> Gpu | None:
        """The card now; None where none is known."""
        if self._library is not None:
            memory = _Memory()
            if self._library.nvmlDeviceGetMemoryInfo(self._device, ctypes.byref(memory)):
                return None
            return Gpu(self._name, int(memory.used), int(memory.total))
        if self._amd is not None:
            try:
                used = int((self._amd / "mem_info_vram_used").read_text(encoding="ascii"))
                return Gpu(self._name, used, int((self._amd / "mem_info_vram_total").read_text(encoding="ascii")))
            except (OSError, ValueError):
                return None
        return None

    def _find_nvidia(self) -> bool:
        for name in _LIBRARIES:
            try:
                library = ctypes.CDLL(name)
                if library.nvmlInit_v2() or library.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(self._device)):
                    continue
            except (OSError, AttributeError):
                continue
            text = ctypes.create_string_buffer(96)
            library.nvmlDeviceGetName(self._device, text, len(text))
            self._name = text.value.decode(errors="replace") or "NVIDIA"
            self._library = library
            return True
        return False

    def _find_amd(self, drm: Path) -> None:
        for total in sorted(drm.glob("card*/device/mem_info_vram_total")):
            self._amd = total.parent
            product = self._amd / "product_name"
            try:
                self._name = product.read_text(encoding="utf-8").strip() or "AMD"
            except OSError:
                self._name = "AMD"
            return
