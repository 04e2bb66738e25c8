"""The kill switch: a flag file, so that a process which shares nothing with the desk can set it."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from terminal.infra import atomic_file

_FLATTEN = "flatten"


class KillState(Enum):
    """What the flag asks for."""

    CLEAR = "clear"
    STOP = "stop"
    """Nothing is sent but cancels."""
    FLATTEN = "flatten"
    """Nothing is sent but cancels and the closing orders of a flatten."""


class KillSwitch:
    """Reads and sets the flag of one profile. Reading it costs one system call while it is clear."""

    def __init__(self, flag_file: Path) -> None:
        self._flag_file = flag_file

    def state(self) -> KillState:
        """The flag now; one that cannot be read counts as set."""
        try:
            text = self._flag_file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return KillState.CLEAR
        except OSError:
            return KillState.STOP
        return KillState.FLATTEN if text.strip() == _FLATTEN else KillState.STOP

    def set(self, *, flatten: bool = False) -> None:
        """Sets the flag, whole or not at all; OSError when the folder cannot be written."""
        self._flag_file.parent.mkdir(parents=True, exist_ok=True)
        atomic_file.write_text(self._flag_file, _FLATTEN if flatten else "stop")

    def clear(self) -> None:
        """Takes the flag away; nothing happens when it is not set."""
        self._flag_file.unlink(missing_ok=True)
