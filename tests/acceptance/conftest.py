"""Desks for the tests of the whole program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.desk_process import DeskProcess, StartDesk


@pytest.fixture
def start_desk(profile: Path, tmp_path: Path) -> Iterator[StartDesk]:
    """Starts ``moneyness desk ARGUMENTS`` and gives the running process; none outlives the test."""
    running: list[DeskProcess] = []

    def start(*arguments: str | Path, profile: Path = profile, **environment: str) -> DeskProcess:
        desk = DeskProcess(["desk", *arguments], profile, tmp_path, environment)
        running.append(desk)
        return desk

    yield start
    for desk in running:
        desk.__exit__()
