import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frames.errors import ConfigError
from frames.store import StoreCamera
from workers.training.augment import augment, batches, letterbox
from workers.training.dataset import (
    HELD_OUT_CAMERAS,
    TRAINING_CAMERAS,
    VALIDATION_CAMERAS,
    Example,
    draw_examples,
    read_examples,
    read_labels,
)


def white_box(x1, y1, x2, y2):
    """A black image with one white object."""
    image = np.zeros((120, 160, 3), np.uint8)
    image[y1:y2, x1:x2] = 255
    encoded = cv2.imencode(".png", image)[1].tobytes()
    return Example(encoded, np.array([0]), np.array([[x1, y1, x2, y2]], np.float32))


def bright_box(image):
    """The box around what is white: at least 165 when recoloured, while the grey bars are at most 154."""
    x, y, width, height = cv2.boundingRect((image.max(axis=2) > 158).astype(np.uint8))
    return np.array([x, y, x + width, y + height])


def test_no_camera_is_both_learnt_from_and_measured_on():
    cameras = [*TRAINING_CAMERAS, *VALIDATION_CAMERAS, *HELD_OUT_CAMERAS]

    assert len(cameras) == len(set(cameras))


def test_drawn_examples_are_the_same_each_time():
    first, second = draw_examples([5, 6], 2), draw_examples([6], 2)

    assert [example.encoded for example in first[2:]] == [example.encoded for example in second]


@given(st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_an_augmented_box_stays_around_its_object(seed):
    view = augment(white_box(60, 40, 100, 80), 208, 160, np.random.default_rng(seed))

    for box in view.boxes:
        assert bright_box(view.image) == pytest.approx(box, abs=2)


def test_a_letterboxed_image_is_whole_and_centred():
    view = letterbox(white_box(0, 0, 160, 120), 320, 320)

    assert view.boxes.tolist() == [[0, 40, 320, 280]]
    assert view.image.shape == (320, 320, 3)
    assert (view.image[:39] == 114).all()


@given(st.integers(1, 50), st.integers(1, 10))
def test_batches_are_full_and_use_no_image_twice(count, size):
    cut = list(batches(count, size, np.random.default_rng(0)))

    used = [index for batch in cut for index in batch]
    assert len(used) == len(set(used)) == count // size * size
    assert all(len(batch) == size for batch in cut)


@pytest.fixture
def folder(tmp_path):
    """Two frames of the store in the Ultralytics layout, one without an object."""
    (tmp_path / "data.yaml").write_text(
        "names: {0: person, 1: cart}\ntrain: images/train\nval: images/train\n"
    )
    (tmp_path / "images" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train").mkdir(parents=True)
    for name in ("a", "b"):
        (tmp_path / "images" / "train" / f"{name}.jpg").write_bytes(StoreCamera(1, 160, 120).jpeg(4.0)[0])
    (tmp_path / "labels" / "train" / "a.txt").write_text("1 0.5 0.5 0.25 0.5\n")
    return tmp_path


def test_a_folder_is_read_with_boxes_in_pixels(folder):
    with_object, without = read_examples(folder, "train")

    assert read_labels(folder) == ("person", "cart")
    assert with_object.classes.tolist() == [1]
    assert with_object.boxes.tolist() == [[60, 30, 100, 90]]
    assert without.boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("1 0.5 0.5 0.25", "each line must be", id="too-short"),
        pytest.param("one 0.5 0.5 0.25 0.5", "each line must be", id="not-a-number"),
        pytest.param("2 0.5 0.5 0.25 0.5", "class 2, but data.yaml names 2", id="unknown-class"),
    ],
)
def test_a_wrong_label_file_is_named(folder, line, message):
    (folder / "labels" / "train" / "a.txt").write_text(line)

    with pytest.raises(ConfigError, match=message):
        read_examples(folder, "train")


def test_a_missing_description_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"data\.yaml"):
        read_labels(tmp_path)
