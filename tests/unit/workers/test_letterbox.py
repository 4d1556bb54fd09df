import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workers.letterbox import PADDING_GREY, letterbox

sides = st.integers(2, 300)


@given(sides, sides, sides, sides)
def test_the_whole_image_comes_back_from_where_it_was_drawn(width, height, input_width, input_height):
    buffer = np.zeros((input_height, input_width, 3), np.uint8)

    fit = letterbox(np.full((height, width, 3), 255, np.uint8), buffer)

    rows, columns = np.nonzero(buffer[:, :, 0] == 255)
    drawn = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    assert np.allclose(fit.to_image(drawn), [[0, 0, width, height]], atol=1.0 / fit.scale)


@given(sides, sides)
def test_boxes_never_leave_the_image(width, height):
    fit = letterbox(np.zeros((height, width, 3), np.uint8), np.zeros((64, 64, 3), np.uint8))

    boxes = fit.to_image(np.array([[-50.0, -50.0, 500.0, 500.0]], np.float32))

    assert np.allclose(boxes, [[0, 0, width, height]])


def test_what_an_earlier_image_left_in_the_buffer_is_painted_over():
    buffer = np.full((64, 64, 3), 7, np.uint8)

    letterbox(np.full((32, 64, 3), 255, np.uint8), buffer)

    assert set(np.unique(buffer)) == {PADDING_GREY, 255}
