"""What Qt and OpenGL are on this machine, asked in a process of its own since a broken driver ends the process."""

from __future__ import annotations

import multiprocessing
import os
import queue
import sys
from typing import Any

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext, QSurfaceFormat

from terminal.infra.failures import UsageError
from terminal.ui.application import choose_platform

_PATIENCE_S = 20.0


def describe_graphics() -> dict[str, Any]:
    """Platform, screens, GL version and renderer; a sentence under ``problem`` where one cannot be had."""
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[dict[str, Any]] = context.Queue()
    process = context.Process(target=_ask, args=(answers,), daemon=True)
    process.start()
    try:
        return answers.get(timeout=_PATIENCE_S)
    except queue.Empty:
        return {"problem": "Qt did not answer; the graphics driver may be broken."}
    finally:
        process.join(2.0)
        if process.is_alive():
            process.kill()


def _ask(answers: multiprocessing.Queue[dict[str, Any]]) -> None:
    try:
        os.environ.update(choose_platform(os.environ, sys.platform, headless=False))
        display = True
    except UsageError:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        display = False
    application = QGuiApplication([])
    found: dict[str, Any] = {"qt": qVersion(), "platform": application.platformName(), "display": display}
    found["screens"] = [
        f"{each.name()} {each.size().width()}x{each.size().height()} at {each.devicePixelRatio():g}"
        for each in application.screens()
    ]
    wanted = QSurfaceFormat()
    wanted.setVersion(3, 3)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    context = QOpenGLContext()
    context.setFormat(wanted)
    surface = QOffscreenSurface()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        found["problem"] = "There is no OpenGL 3.3 here; panels that use it paint their 2-D form."
    else:
        functions = context.functions()
        found["gl_version"] = functions.glGetString(0x1F02)
        found["gl_renderer"] = functions.glGetString(0x1F01)
        context.doneCurrent()
    answers.put(found)
