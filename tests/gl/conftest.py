"""The lane with OpenGL: on a screen (Xvfb with Mesa's llvmpipe will do), with a 3.3 core context."""

from __future__ import annotations

import os

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QSurfaceFormat
from PySide6.QtWidgets import QApplication

from terminal.ui.opengl import core_format, why_no_gl
from tests.ui.conftest import nothing_left_behind  # noqa: F401 - the same promise as in the other lane

REQUIRE = "MONEYNESS_REQUIRE_GL"
HINT = "Run this lane under Xvfb with Mesa's llvmpipe."


@pytest.fixture(scope="session")
def qapp_cls() -> type[QApplication]:
    """Sets what must be set before the application exists: shared contexts and the default format."""
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    QSurfaceFormat.setDefaultFormat(core_format())
    return QApplication


@pytest.fixture(scope="session")
def gl_missing(qapp: QApplication) -> str:
    """Why there is no GL here as the desk says it, found once; empty where there is."""
    return why_no_gl()


@pytest.fixture(autouse=True)
def gl_lane(gl_missing: str) -> None:
    """Skips with the reason without GL on a developer's screen; in the lane, where GL is required, fails."""
    if gl_missing:
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(f"{gl_missing} {HINT}", pytrace=False)
        pytest.skip(f"{gl_missing} {HINT}")
