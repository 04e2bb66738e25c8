"""Where a place of the box is on the screen, and back: rotation, zoom, presets, picking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.app.views.surface_camera import PRESETS, Camera, nearest_point, nearest_triangle
from terminal.app.views.surface_scene import HALF_X, HALF_Y, HALF_Z

CORNERS = np.array([(x, y, z) for x in (-HALF_X, HALF_X) for y in (-HALF_Y, HALF_Y) for z in (-HALF_Z, HALF_Z)])


@given(st.floats(-180, 180), st.floats(-10, 90), st.floats(0.3, 4.0))
def test_the_box_is_within_the_picture_from_everywhere(azimuth: float, elevation: float, aspect: float) -> None:
    width, height = 600 * aspect, 600.0
    seen = Camera(azimuth, elevation).project(CORNERS, width, height)
    assert (seen[:, 0] > 0).all()
    assert (seen[:, 0] < width).all()
    assert (seen[:, 1] > 0).all()
    assert (seen[:, 1] < height).all()
    assert (np.abs(seen[:, 2]) < 1).all()


def test_right_is_right_up_is_up_and_far_is_far() -> None:
    seen = PRESETS["3-D"].project(np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0.4], [0, 0.8, 0]]), 800, 600)
    assert seen[1, 0] > seen[0, 0]
    assert seen[2, 1] < seen[0, 1]
    assert seen[3, 2] > seen[0, 2]
    above = PRESETS["Map"].project(np.array([[0, 0, 0], [1, 0, 0], [0, 0.8, 0]]), 800, 600)
    assert above[2, 1] < above[0, 1], "late expiries upwards, as on a map"
    side = PRESETS["Term"].project(np.array([[0, -0.8, 0], [0, 0.8, 0]]), 800, 600)
    assert side[1, 0] > side[0, 0], "later to the right"


def test_it_never_turns_over_and_zoom_has_ends() -> None:
    camera = Camera().rotated(900.0, 900.0)
    assert -180 <= camera.azimuth_deg <= 180
    assert camera.elevation_deg == 90
    assert camera.rotated(0, -900).elevation_deg == -10
    assert Camera().zoomed(1e9).zoom < 100
    assert Camera().zoomed(1e-9).zoom > 0.1
    wide = Camera().zoomed(2.0).project(CORNERS, 800, 600)
    normal = Camera().project(CORNERS, 800, 600)
    np.testing.assert_allclose(np.ptp(wide[:, 0]), 2 * np.ptp(normal[:, 0]))
    moved = Camera().panned(0.25, 0.0).project(CORNERS, 800, 600)
    np.testing.assert_allclose(moved[:, 0], normal[:, 0] + 100)


def test_the_triangle_in_front_is_hit_where_it_is() -> None:
    seen = np.array([[0, 0, 0.5], [100, 0, 0.5], [0, 100, 0.5], [0, 0, 0.2], [100, 0, 0.2], [0, 100, 0.2]], float)
    triangles = np.array([[0, 1, 2], [3, 4, 5]], np.uint32)
    hit = nearest_triangle(seen, triangles, 25.0, 50.0)
    assert hit is not None
    assert hit[0] == 1
    np.testing.assert_allclose(hit[1], [0.25, 0.25, 0.5])
    assert hit[2] == pytest.approx(0.2)
    assert nearest_triangle(seen, triangles, 80.0, 80.0) is None


def test_a_point_in_front_is_meant_before_one_that_shines_through() -> None:
    seen = np.array([[100, 100, 0.9], [104, 100, 0.1]], float)
    assert nearest_point(seen, 100, 100, surface_depth=0.5) == 0
    assert nearest_point(seen, 102.5, 100, surface_depth=0.5) == 1
    assert nearest_point(seen, 130, 100, surface_depth=1.0) is None
    assert nearest_point(np.empty((0, 3)), 0, 0, surface_depth=1.0) is None
