"""Draws a surface with OpenGL 3.3: one buffer of vertices, one of indices, two programs. All calls in its context."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor, QImage, QMatrix4x4, QOpenGLContext, QVector3D, QVector4D
from PySide6.QtOpenGL import (
    QOpenGLBuffer,
    QOpenGLShader,
    QOpenGLShaderProgram,
    QOpenGLTexture,
    QOpenGLVertexArrayObject,
)
from shiboken6 import VoidPtr

from terminal.app.views.surface_scene import SurfaceScene, Tone

_COLOUR, _DEPTH = 0x4000, 0x0100
_POINTS, _LINES, _TRIANGLES = 0x0000, 0x0001, 0x0004
_FLOAT, _UNSIGNED = 0x1406, 0x1405
_DEPTH_TEST, _BLEND, _OFFSET_FILL, _POINT_SIZE, _CULL, _SCISSOR = 0x0B71, 0x0BE2, 0x8037, 0x8642, 0x0B44, 0x0C11
_LESS_EQUAL = 0x0203
_SOURCE_ALPHA, _ONE_LESS_SOURCE_ALPHA, _ONE = 0x0302, 0x0303, 1
_MESH = len(Tone)
_SHINES_THROUGH = 0.35
"""What a quote behind the surface keeps of its colour."""

_LIT_VERTEX = """#version 330 core
layout(location = 0) in vec3 place;
layout(location = 1) in vec3 normal;
layout(location = 2) in float shade;
uniform mat4 matrix;
uniform vec3 light;
out float at;
out float lit;
void main() {
    gl_Position = matrix * vec4(place, 1.0);
    at = shade;
    lit = 0.62 + 0.38 * abs(dot(normal, light));
}
"""
_LIT_FRAGMENT = """#version 330 core
in float at;
in float lit;
uniform sampler2D map;
out vec4 ink;
void main() { ink = vec4(texture(map, vec2(at, 0.5)).rgb * lit, 1.0); }
"""
_FLAT_VERTEX = """#version 330 core
layout(location = 0) in vec3 place;
layout(location = 1) in float tone;
uniform mat4 matrix;
uniform vec4 tones[6];
uniform sampler2D map;
uniform float size;
out vec4 colour;
void main() {
    gl_Position = tone < -0.5 ? vec4(2.0, 2.0, 2.0, 1.0) : matrix * vec4(place, 1.0);
    colour = tone > 9.5 ? textureLod(map, vec2(tone - 10.0, 0.5), 0.0) : tones[int(max(tone, 0.0) + 0.5)];
    gl_PointSize = size;
}
"""
_FLAT_FRAGMENT = """#version 330 core
in vec4 colour;
uniform float strength;
uniform float outline;
uniform vec4 rim;
out vec4 ink;
void main() {
    vec4 found = colour;
    if (outline > 0.0) {
        float far = 2.0 * length(gl_PointCoord - vec2(0.5));
        if (far > 1.0) discard;
        if (far > outline) found = rim;
    }
    ink = vec4(found.rgb, found.a * strength);
}
"""


class RenderError(RuntimeError):
    """The graphics card refused a program; the message says what it said."""


class _Buffered(NamedTuple):
    array: QOpenGLVertexArrayObject
    buffer: QOpenGLBuffer


class SurfaceRenderer:
    """Make it where a context is current, and call :meth:`release` there too."""

    def __init__(self) -> None:
        self._gl = QOpenGLContext.currentContext().functions()
        self._lit = _program(_LIT_VERTEX, _LIT_FRAGMENT)
        self._flat = _program(_FLAT_VERTEX, _FLAT_FRAGMENT)
        self._vertices = _buffer(QOpenGLBuffer.Type.VertexBuffer)
        self._indices = _buffer(QOpenGLBuffer.Type.IndexBuffer)
        self._surface = _array()
        self._mesh = _array()
        self._loose = tuple(_Buffered(_array(), _buffer(QOpenGLBuffer.Type.VertexBuffer)) for _ in range(3))
        self._map: QOpenGLTexture | None = None
        self._counts = [0, 0, 0, 0, 0]
        self._walls: dict[str, tuple[int, int]] = {}
        self._rooms: dict[int, int] = {}
        self._is_bound = False

    def release(self) -> None:
        """Gives everything back to the card."""
        for array in (self._surface, self._mesh, *(each.array for each in self._loose)):
            array.destroy()
        for buffer in (self._vertices, self._indices, *(each.buffer for each in self._loose)):
            buffer.destroy()
        if self._map is not None:
            self._map.destroy()
        self._lit.removeAllShaders()
        self._flat.removeAllShaders()

    def set_colours(self, picture: QImage, tones: list[QColor], rim: QColor) -> None:
        """A colour map one pixel high, the colours of :class:`Tone` and of the mesh, and the rim of points."""
        if self._map is not None:
            self._map.destroy()
        self._map = QOpenGLTexture(picture.convertToFormat(QImage.Format.Format_RGBA8888),
                                   QOpenGLTexture.MipMapGeneration.DontGenerateMipMaps)  # fmt: skip
        self._map.setMinMagFilters(QOpenGLTexture.Filter.Nearest, QOpenGLTexture.Filter.Nearest)
        self._map.setWrapMode(QOpenGLTexture.WrapMode.ClampToEdge)
        self._flat.bind()
        for place, tone in enumerate(tones):
            self._flat.setUniformValue(self._flat.uniformLocation(f"tones[{place}]"), _vector(tone))
        self._flat.setUniformValue(self._flat.uniformLocation("rim"), _vector(rim))
        self._flat.release()

    def upload(self, scene: SurfaceScene) -> None:
        """Takes a scene."""
        self._write(self._vertices, scene.vertices)
        self._surface.bind()  # what an index buffer is bound to is kept by an array
        self._write(self._indices, np.concatenate([scene.triangles.ravel(), scene.lines.ravel()]))
        self._surface.release()
        loose = (scene.points, scene.stems, scene.wires)
        for target, rows in zip(self._loose, loose, strict=True):
            self._write(target.buffer, rows)
        self._counts = [scene.triangles.size, scene.lines.size, len(scene.points), len(scene.stems), scene.wire_count]
        self._walls = scene.walls
        if not self._is_bound:
            self._bind()

    def draw(self, matrix: npt.NDArray[np.float64], walls: tuple[str, ...], ground: QColor, point_px: float, *,
             is_empty: bool = False) -> None:  # fmt: skip
        """The scene on ``ground``, with the ``walls`` behind it; ``point_px``: of a quote, in device pixels."""
        gl = self._gl
        gl.glDisable(_SCISSOR)
        gl.glDisable(_CULL)
        gl.glClearColor(ground.redF(), ground.greenF(), ground.blueF(), 1.0)
        gl.glDepthMask(1)
        gl.glClear(_COLOUR | _DEPTH)
        if is_empty or self._map is None or not self._is_bound:
            return
        to_clip = QMatrix4x4(*(float(each) for each in matrix.ravel()))
        self._map.bind()
        gl.glEnable(_DEPTH_TEST)
        gl.glDepthFunc(_LESS_EQUAL)
        gl.glEnable(_OFFSET_FILL)
        gl.glPolygonOffset(1.5, 2.0)
        gl.glDisable(_BLEND)
        self._draw_surface(to_clip)
        gl.glDisable(_OFFSET_FILL)
        gl.glEnable(_BLEND)
        gl.glBlendFuncSeparate(_SOURCE_ALPHA, _ONE_LESS_SOURCE_ALPHA, _ONE, _ONE_LESS_SOURCE_ALPHA)
        self._draw_loose(to_clip, walls, point_px)
        gl.glDisable(_DEPTH_TEST)
        gl.glDisable(_POINT_SIZE)
        self._map.release()

    def _draw_surface(self, matrix: QMatrix4x4) -> None:
        self._lit.bind()
        self._lit.setUniformValue(self._lit.uniformLocation("matrix"), matrix)
        self._lit.setUniformValue(self._lit.uniformLocation("light"), QVector3D(-0.35, -0.45, 0.82).normalized())
        self._surface.bind()
        self._gl.glDrawElements(_TRIANGLES, self._counts[0], _UNSIGNED, VoidPtr(0))  # type: ignore[arg-type]
        self._surface.release()
        self._lit.release()

    def _draw_loose(self, matrix: QMatrix4x4, walls: tuple[str, ...], point_px: float) -> None:
        gl, flat = self._gl, self._flat
        flat.bind()
        flat.setUniformValue(flat.uniformLocation("matrix"), matrix)
        strength, outline, size = (flat.uniformLocation(name) for name in ("strength", "outline", "size"))
        flat.setUniformValue1f(outline, 0.0)
        flat.setUniformValue1f(strength, 1.0)
        self._mesh.bind()
        gl.glVertexAttrib1f(1, float(_MESH))
        gl.glDrawElements(_LINES, self._counts[1], _UNSIGNED, VoidPtr(4 * self._counts[0]))  # type: ignore[arg-type]
        self._mesh.release()
        points, stems, wires = self._loose
        wires.array.bind()
        gl.glDrawArrays(_LINES, 0, self._counts[4])
        for wall in walls:
            gl.glDrawArrays(_LINES, *self._walls[wall])
        wires.array.release()
        gl.glEnable(_POINT_SIZE)
        flat.setUniformValue1f(size, point_px)
        for share in (_SHINES_THROUGH, 1.0):
            if share < 1.0:
                gl.glDisable(_DEPTH_TEST)
            else:
                gl.glEnable(_DEPTH_TEST)
            flat.setUniformValue1f(strength, share)
            flat.setUniformValue1f(outline, 0.0)
            stems.array.bind()
            gl.glDrawArrays(_LINES, 0, self._counts[3])
            stems.array.release()
            flat.setUniformValue1f(outline, 0.74)
            points.array.bind()
            gl.glDrawArrays(_POINTS, 0, self._counts[2])
            points.array.release()
        flat.release()

    def _bind(self) -> None:
        """Says once how the buffers are laid out."""
        self._surface.bind()
        self._vertices.bind()
        self._indices.bind()
        for place, (offset, size) in enumerate(((0, 3), (12, 3), (24, 1))):
            self._lit.enableAttributeArray(place)
            self._lit.setAttributeBuffer(place, _FLOAT, offset, size, 28)
        self._surface.release()
        self._mesh.bind()
        self._vertices.bind()
        self._indices.bind()
        self._flat.enableAttributeArray(0)
        self._flat.setAttributeBuffer(0, _FLOAT, 0, 3, 28)
        self._mesh.release()
        for each in self._loose:
            each.array.bind()
            each.buffer.bind()
            for place, (offset, size) in enumerate(((0, 3), (12, 1))):
                self._flat.enableAttributeArray(place)
                self._flat.setAttributeBuffer(place, _FLOAT, offset, size, 16)
            each.array.release()
        self._is_bound = True

    def _write(self, buffer: QOpenGLBuffer, rows: npt.NDArray[np.generic]) -> None:
        """Into the room that is there, or into more."""
        data = np.ascontiguousarray(rows).tobytes()
        buffer.bind()
        if len(data) > self._rooms.get(buffer.bufferId(), 0):
            self._rooms[buffer.bufferId()] = len(data)
            buffer.allocate(data, len(data))
        else:
            buffer.write(0, data, len(data))  # type: ignore[arg-type]
        if buffer.type() is QOpenGLBuffer.Type.VertexBuffer:
            buffer.release()


def _program(vertex: str, fragment: str) -> QOpenGLShaderProgram:
    made = QOpenGLShaderProgram()
    kinds = QOpenGLShader.ShaderTypeBit
    is_good = made.addShaderFromSourceCode(kinds.Vertex, vertex) and made.addShaderFromSourceCode(
        kinds.Fragment, fragment
    )
    if not (is_good and made.link()):
        raise RenderError(f"The graphics card refused a program: {made.log().strip() or 'it gave no reason'}")
    return made


def _buffer(kind: QOpenGLBuffer.Type) -> QOpenGLBuffer:
    made = QOpenGLBuffer(kind)
    made.create()
    made.setUsagePattern(QOpenGLBuffer.UsagePattern.DynamicDraw)
    return made


def _array() -> QOpenGLVertexArrayObject:
    made = QOpenGLVertexArrayObject()
    made.create()
    return made


def _vector(colour: QColor) -> QVector4D:
    return QVector4D(colour.redF(), colour.greenF(), colour.blueF(), colour.alphaF())
