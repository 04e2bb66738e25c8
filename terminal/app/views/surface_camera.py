"""Where one looks at the surface from, and what is under the pointer. Arithmetic alone, so that any face can use it.

The box of the surface stands around the origin: strikes along x to the right, time along y away from the front, vol
along z upwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from terminal.app.views.surface_scene import HALF_X, HALF_Y, HALF_Z
from terminal.quant.columns import Floats

FIELD_OF_VIEW_DEG, DISTANCE = 28.0, 5.0
NEAR, FAR = 0.1, 40.0
_LEAST_ZOOM, _MOST_ZOOM = 0.4, 12.0
_MOST_PAN = 3.0
_ROOM = ((-0.8, 0.8), (-0.72, 0.86))
"""What the box fills of the picture (-1 to 1), across and upwards; the rest is for what is written around it."""
POINT_PX = 8.0
"""A quote this near to the pointer is meant."""
_CORNERS = np.array([(x, y, z) for x in (-HALF_X, HALF_X) for y in (-HALF_Y, HALF_Y) for z in (-HALF_Z, HALF_Z)])


@dataclass(frozen=True, slots=True)
class Camera:
    """``azimuth_deg`` 0 stands before the front and grows to the right, ``elevation_deg`` 90 looks down. At ``zoom`` 1
    the box fills the picture; ``pan`` moves it to the right and upwards, in halves of the picture."""

    azimuth_deg: float = 32.0
    elevation_deg: float = 24.0
    zoom: float = 1.0
    pan_x: float = 0.0
    pan_y: float = 0.0

    def rotated(self, right_deg: float, up_deg: float) -> Camera:
        """Walks around the box; never over its top or under its ground."""
        azimuth = (self.azimuth_deg + right_deg + 180.0) % 360.0 - 180.0
        return replace(self, azimuth_deg=azimuth, elevation_deg=min(90.0, max(-10.0, self.elevation_deg + up_deg)))

    def zoomed(self, factor: float) -> Camera:
        """Nearer by a factor above 1."""
        return replace(self, zoom=min(_MOST_ZOOM, max(_LEAST_ZOOM, self.zoom * factor)))

    def panned(self, right: float, up: float) -> Camera:
        """Moves the picture."""
        return replace(
            self,
            pan_x=min(_MOST_PAN, max(-_MOST_PAN, self.pan_x + right)),
            pan_y=min(_MOST_PAN, max(-_MOST_PAN, self.pan_y + up)),
        )

    def matrix(self, aspect: float) -> Floats:
        """From the box to clip space [4, 4]; ``aspect`` is width by height."""
        a, e = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        right = np.array([math.cos(a), math.sin(a), 0.0])
        back = np.array([math.sin(a) * math.cos(e), -math.cos(a) * math.cos(e), math.sin(e)])
        view = np.eye(4)
        view[:3, :3] = right, np.cross(back, right), back
        view[2, 3] = -DISTANCE
        reach = 1.0 / math.tan(math.radians(FIELD_OF_VIEW_DEG) / 2)
        lens = np.zeros((4, 4))
        lens[0, 0], lens[1, 1] = reach / aspect, reach
        lens[2, 2], lens[2, 3] = (FAR + NEAR) / (NEAR - FAR), 2 * FAR * NEAR / (NEAR - FAR)
        lens[3, 2] = -1.0
        return np.asarray(self._fit(lens @ view) @ lens @ view, np.float64)

    def _fit(self, matrix: Floats) -> Floats:
        """Moves and stretches the picture so that the box fills its room, then as zoom and pan say."""
        seen = _CORNERS @ matrix[:, :3].T + matrix[:, 3]
        seen = seen[:, :2] / seen[:, 3:]
        low, high = seen.min(axis=0), seen.max(axis=0)
        room = np.array(_ROOM)
        scale = self.zoom * float(((room[:, 1] - room[:, 0]) / (high - low)).min())
        shift = room.mean(axis=1) - scale * (low + high) / 2 + (self.pan_x, self.pan_y)
        found = np.diag([scale, scale, 1.0, 1.0])
        found[:2, 3] = shift
        return found

    @property
    def walls_behind(self) -> tuple[str, ...]:
        """Sides of the box that are behind what is in it; none of them from far above."""
        if self.elevation_deg > 80.0:
            return ()
        a = math.radians(self.azimuth_deg)
        return ("back" if math.cos(a) >= 0.0 else "front", "left" if math.sin(a) >= 0.0 else "right")

    def project(self, points: npt.ArrayLike, width: float, height: float) -> Floats:
        """Points [n, 3] to pixels from the top left and depth (-1 near to 1 far) [n, 3]."""
        given = np.asarray(points, np.float64).reshape(-1, 3)
        clip = given @ (matrix := self.matrix(width / max(height, 1.0)))[:, :3].T + matrix[:, 3]
        seen = clip[:, :3] / np.maximum(clip[:, 3:], 1e-6)
        return np.stack([(seen[:, 0] + 1) * width / 2, (1 - seen[:, 1]) * height / 2, seen[:, 2]], axis=1)


PRESETS: dict[str, Camera] = {
    "3-D": Camera(),
    "Smiles": Camera(0.0, 6.0),
    "Term": Camera(90.0, 6.0),
    "Map": Camera(0.0, 90.0),
}
"""Views by name."""


def nearest_point(seen: Floats, x: float, y: float, surface_depth: float) -> int | None:
    """Which of projected points is meant at a pixel: one before the surface first, else one that shines through."""
    if not len(seen):
        return None
    far = np.hypot(seen[:, 0] - x, seen[:, 1] - y)
    far = np.where(seen[:, 2] <= surface_depth + 2e-3, far, 2.0 * far)
    best = int(np.argmin(far))
    return best if far[best] <= POINT_PX else None


def nearest_triangle(
    seen: Floats, triangles: npt.NDArray[np.uint32], x: float, y: float
) -> tuple[int, Floats, float] | None:
    """The triangle in front at a pixel: its place, the shares of its corners there and its depth; None beside all.

    ``seen``: projected vertices [n, 3]; ``triangles`` [m, 3].
    """
    a, b, c = (seen[triangles[:, corner]] for corner in range(3))
    first, second = b[:, :2] - a[:, :2], c[:, :2] - a[:, :2]
    to = np.array([x, y]) - a[:, :2]
    with np.errstate(all="ignore"):
        area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
        u = (to[:, 0] * second[:, 1] - to[:, 1] * second[:, 0]) / area
        v = (first[:, 0] * to[:, 1] - first[:, 1] * to[:, 0]) / area
        hit = np.flatnonzero((np.abs(area) > 1e-9) & (u >= 0.0) & (v >= 0.0) & (u + v <= 1.0))
    if not len(hit):
        return None
    shares = np.stack([1.0 - u[hit] - v[hit], u[hit], v[hit]], axis=1)
    depth = (shares * np.stack([a[hit, 2], b[hit, 2], c[hit, 2]], axis=1)).sum(axis=1)
    best = int(np.argmin(depth))
    return int(hit[best]), shares[best], float(depth[best])
