import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames.store.lens import Lens

angles = st.floats(-0.6, 0.6)
lenses = st.builds(
    lambda x, z, yaw, pitch: Lens.mounted(np.array([x, 0.0, z]), yaw, pitch, 1.2, 64, 48),
    st.floats(-3, 3),
    st.floats(2, 4),
    angles,
    st.floats(0.2, 0.6),
)
spots = st.tuples(st.floats(-4, 4), st.floats(4, 9), st.floats(0, 2))


@given(lenses, spots)
def test_a_homography_agrees_with_the_projection(lens, spot):
    origin, along, down = np.array([-2.0, 6.0, 2.0]), np.array([1.0, 0, 0]), np.array([0, 0, -1.0])
    u, v = spot[0] + 4, spot[2]
    pixels, depths = lens.project((origin + u * along + v * down)[None])

    x, y, scale = lens.homography(origin, along, down) @ (u, v, 1)

    if depths[0] > 0.1:
        assert (x / scale, y / scale) == pytest.approx(tuple(pixels[0]), abs=1e-6)


@given(lenses)
def test_nearness_is_one_over_the_depth_of_the_plane(lens):
    origin, normal = np.array([0.0, 7.0, 0.0]), np.array([0.0, -1.0, 0.0])
    nearness = lens.nearness(origin, normal)
    column, row = 20, 30
    ray = lens.axes.T @ ((column + 0.5 - 32) / lens.focal, (row + 0.5 - 24) / lens.focal, 1.0)

    depth = (origin - lens.position) @ normal / (ray @ normal)

    assert nearness[row, column] == pytest.approx(1 / depth, rel=1e-4)


@given(lenses, spots)
def test_reach_is_measured_along_the_floor(lens, spot):
    x, y, z = spot
    low, high = np.array([[x, y, z]]), np.array([[x, y, z + 1.5]])

    assert lens.reach(low) == pytest.approx(lens.reach(high))
