"""The QApplication, made in the one order that works, and pictures of windows."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QMessageLogContext, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QSurfaceFormat
from PySide6.QtWidgets import QApplication, QWidget

from terminal.infra.failures import UsageError, WorkFailed
from terminal.ui.opengl import core_format
from terminal.ui.theme.fonts import load_fonts
from terminal.ui.theme.theme import ThemeSwitch

_log = logging.getLogger("moneyness.qt")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_QUIET = ("This plugin does not support", "propagateSizeHints")


def choose_platform(environment: Mapping[str, str], system: str, *, headless: bool) -> dict[str, str]:
    """Environment variables to set before Qt starts.

    Headless is Qt's offscreen platform unless ``QT_QPA_PLATFORM`` is set. On Linux the default is xcb, since docks and
    GL are tried there, and PyOpenGL is told to match. Raises UsageError when a window is wanted and there is no
    display: Qt itself would abort the process.
    """
    wanted = environment.get("QT_QPA_PLATFORM", "")
    if not wanted:
        wanted = "offscreen" if headless else "xcb" if system == "linux" else ""
    name = wanted.split(":")[0].split(";")[0]
    if system == "linux":
        needed = {"xcb": "DISPLAY", "wayland": "WAYLAND_DISPLAY", "wayland-egl": "WAYLAND_DISPLAY"}.get(name)
        if needed and not environment.get(needed):
            raise UsageError(
                f"There is no display ({needed} is not set); start Moneyness in a desktop session or with --headless."
            )
    changes = {"QT_QPA_PLATFORM": wanted} if wanted else {}
    gl = {"xcb": "glx", "wayland": "egl", "wayland-egl": "egl", "eglfs": "egl"}.get(name)
    if gl and not environment.get("PYOPENGL_PLATFORM"):
        changes["PYOPENGL_PLATFORM"] = gl
    return changes


def build_application(
    themes: ThemeSwitch,
    resources: Path | None,
    *,
    headless: bool = False,
    opengl: bool = True,
    arguments: Sequence[str] = (),
) -> QApplication:
    """The QApplication: platform, shared GL contexts and surface format first, then fonts, style and theme.

    ``resources``: the folder that holds ``fonts``; without ``opengl`` the graphics driver is
    left alone. Raises UsageError without a display, see :func:`choose_platform`.
    """
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        application = existing
    else:
        os.environ.update(choose_platform(os.environ, sys.platform, headless=headless))
        if opengl:
            QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
            QSurfaceFormat.setDefaultFormat(core_format())
        else:
            os.environ["QT_XCB_GL_INTEGRATION"] = "none"  # else X11 loads the driver all the same
        qInstallMessageHandler(_take_message)
        application = QApplication([sys.argv[0] if sys.argv else "moneyness", *arguments])
    application.setApplicationName("moneyness")
    application.setApplicationDisplayName("Moneyness")
    application.setDesktopFileName("moneyness")
    application.setQuitOnLastWindowClosed(False)
    application.setStyle("Fusion")
    application.setEffectEnabled(Qt.UIEffect.UI_AnimateMenu, False)
    application.setEffectEnabled(Qt.UIEffect.UI_AnimateCombo, False)
    application.setEffectEnabled(Qt.UIEffect.UI_AnimateTooltip, False)
    if resources is not None and (resources / "fonts").is_dir():
        load_fonts(resources / "fonts")
    themes.apply()
    return application


def _take_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    level = logging.DEBUG if any(each in text for each in _QUIET) else _LEVELS.get(kind, logging.WARNING)
    _log.log(level, "%s", text)


def screenshot(window: QWidget, path: Path) -> None:
    """Paints ``window`` into a PNG file; raises WorkFailed when the file cannot be written."""
    QApplication.processEvents()
    picture = window.grab()
    if not picture.save(str(path), "PNG"):
        raise WorkFailed(f"The screenshot cannot be written to {path}; choose a folder that exists and can be written.")
