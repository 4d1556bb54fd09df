"""What hides what, in a shop of one wall and one block."""

import numpy as np
import pytest

from frames.store.exposure import Exposure
from frames.store.figure import Figure, Standing
from frames.store.lens import Lens
from frames.store.painter import Painter
from frames.store.scene import Scene

WIDTH, HEIGHT = 200, 160
LENS = Lens.mounted(np.array([0.0, 0.0, 1.0]), 0.0, 0.0, np.radians(60), WIDTH, HEIGHT)


def ball(x, y, label="person", radius=0.3):
    """A ball at the height of the camera, *x* metres to the right and *y* metres away."""
    figure = Figure()
    figure.add((1.0, 1.0, 1.0), (0.0, 0.0, 1.0, radius))
    return Standing(label, figure, x, y, heading=0.0, shadow_m=0.01)


def scene(reach=np.inf):
    return Scene(
        background=np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        reach=np.full((HEIGHT, WIDTH), reach, np.float32),
        owner=np.zeros((HEIGHT, WIDTH), np.uint16),
        gap_sizes=(),
        light=np.ones((HEIGHT, WIDTH), np.float32),
        exposure=Exposure(1.0, (1.0, 1.0, 1.0)),
    )


def truths(*standings, reach=np.inf):
    painter = Painter(LENS, scene(reach))
    painter.paint(standings)
    return list(painter.truths())


def test_a_ball_before_the_camera_is_in_the_middle():
    (truth,) = truths(ball(0.0, 3.0))

    x1, y1, x2, y2 = truth.box
    radius = 0.3 / 3.0 * LENS.focal

    assert (x1 + x2) / 2 == pytest.approx(WIDTH / 2, abs=1)
    assert (y1 + y2) / 2 == pytest.approx(HEIGHT / 2, abs=1)
    assert x2 - x1 == pytest.approx(2 * radius, abs=2)


def test_the_nearer_one_hides_the_farther_one():
    found = truths(ball(0.0, 3.0, "cart"), ball(0.0, 5.0, "person"))

    assert [truth.label for truth in found] == ["cart"]


def test_the_order_of_painting_does_not_matter():
    standings = [ball(0.0, 3.0), ball(0.25, 4.0, "cart"), ball(-0.5, 2.0)]

    assert sorted(truths(*standings), key=repr) == sorted(truths(*reversed(standings)), key=repr)


def test_a_box_ends_where_somebody_nearer_begins():
    alone = truths(ball(0.0, 3.0, "cart"))[0].box

    half_hidden = next(t.box for t in truths(ball(0.0, 3.0, "cart"), ball(0.4, 2.0)) if t.label == "cart")

    assert half_hidden[0] == alone[0]
    assert half_hidden[2] < alone[2]


def test_a_shelf_hides_those_behind_it():
    assert not truths(ball(0.0, 3.0), reach=2.0)
    assert truths(ball(0.0, 3.0), reach=4.0)


def test_a_box_is_cut_at_the_edge_of_the_image():
    (truth,) = truths(ball(1.65, 3.0))

    assert truth.box[2] == WIDTH


def test_who_is_mostly_outside_of_the_image_is_not_seen():
    assert not truths(ball(1.95, 3.0))


def test_who_is_behind_the_camera_is_not_seen():
    assert not truths(ball(0.0, -3.0))
