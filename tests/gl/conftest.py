"""The lane with OpenGL: on a screen (Xvfb with Mesa's llvmpipe will do), with a 3.3 core context."""

from __future__ import annotations

import os

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QOffscreenSurface, QOpenGLContext, QSurfaceFormat
from PySide6.QtWidgets import QApplication

from tests.ui.conftest import nothing_left_behind  # noqa: F401 - the same promise as in the other lane

REQUIRE = "MONEYNESS_REQUIRE_GL"


def core_format() -> QSurfaceFormat:
    """What the desk asks for: OpenGL 3.3, core profile, 24 bits of depth."""
    wanted = QSurfaceFormat()
    wanted.setVersion(3, 3)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    wanted.setDepthBufferSize(24)
    return wanted


def why_no_gl() -> str | None:
    """None when a 3.3 core context can be made current here, else the reason as a sentence."""
    if QApplication.platformName() in {"offscreen", "minimal"}:
        return f"Qt's {QApplication.platformName()} platform has no OpenGL; run this lane under Xvfb"
    context = QOpenGLContext()
    context.setFormat(core_format())
    if not context.create():
        return "no OpenGL context could be created; is Mesa's llvmpipe installed?"
    surface = QOffscreenSurface()
    surface.setFormat(context.format())
    surface.create()
    if not context.makeCurrent(surface):
        return "an OpenGL context was created but could not be made current"
    version = context.format().version()
    context.doneCurrent()
    if version < (3, 3):
        return f"OpenGL {version[0]}.{version[1]} is older than the 3.3 that the surface view needs"
    return None


@pytest.fixture(scope="session")
def qapp_cls() -> type[QApplication]:
    """Sets what must be set before the application exists: shared contexts and the default format."""
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    QSurfaceFormat.setDefaultFormat(core_format())
    return QApplication


@pytest.fixture(scope="session")
def gl_missing(qapp: QApplication) -> str | None:
    """Why there is no GL here, found once."""
    return why_no_gl()


@pytest.fixture(autouse=True)
def gl_lane(gl_missing: str | None) -> None:
    """Skips with the reason without GL on a developer's screen; in the lane, where GL is required, fails."""
    if gl_missing is not None:
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(gl_missing, pytrace=False)
        pytest.skip(gl_missing)
