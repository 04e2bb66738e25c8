"""What the desk is asked for, however it was asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DeskOptions:
    """What ``moneyness desk`` was asked for. ``speed`` None is as fast as possible; where it was not
    given, the settings may say another for replays."""

    seed: int | None
    headless: bool
    seconds: float | None
    speed: float | None
    is_speed_given: bool
    size: tuple[int, int] | None
    theme: str | None
    workspace: str | None
    screenshot: Path | None
    report: str | None
    script: Path | None
    resume: bool
    replay: Path | None
    underlying: str | None
    dates: tuple[date, ...]
    frames: Path | None = None
    """Folder for pictures of panels, frame by frame."""
    frames_of: tuple[str, ...] = ()
    connect: str | None = None
    """Address of a stream feed."""
