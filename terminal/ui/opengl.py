"""Whether this desk can draw with OpenGL, asked once; panels that use it have a flat form for where it cannot."""

from __future__ import annotations

from functools import cache

from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext, QSurfaceFormat

NEEDED = (3, 3)
OFF = "OpenGL is off in the settings."
_WITHOUT = frozenset({"offscreen", "minimal", "vnc", "linuxfb"})


def core_format() -> QSurfaceFormat:
    """OpenGL 3.3, core profile, 24 bits of depth."""
    wanted = QSurfaceFormat()
    wanted.setVersion(*NEEDED)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    wanted.setDepthBufferSize(24)
    return wanted


@cache
def why_no_gl() -> str:
    """Empty when a 3.3 core context can be made current here, else the reason as a sentence."""
    platform = QGuiApplication.platformName()
    if platform in _WITHOUT:
        return f"Qt's {platform} platform has no OpenGL."
    context = QOpenGLContext()
    context.setFormat(core_format())
    if not context.create():
        return "No OpenGL context can be created here."
    surface = QOffscreenSurface()
    surface.setFormat(context.format())
    surface.create()
    if not context.makeCurrent(surface):
        return "An OpenGL context was created but cannot be made current."
    version, is_es = context.format().version(), context.isOpenGLES()
    context.doneCurrent()
    if is_es or version < NEEDED:
        return f"OpenGL {version[0]}.{version[1]}{' ES' if is_es else ''} is not the 3.3 that surfaces need."
    return ""
