"""What leaves a camera is what its settings let out, and every picture is counted once."""

import cv2
import numpy as np
import pytest

from frames.cameras.camera_settings import CameraSettings
from frames.cameras.darkroom import Blur, Darkroom
from frames.cameras.tally import Outcome, Tally
from frames.image import decode
from frames.sources.develop import to_jpeg

WHITE = np.full((120, 160, 3), 255, np.uint8)
LEFT = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]


def darkroom(tally: Tally | None = None, blur: Blur | None = None, **settings: object) -> Darkroom:
    camera = CameraSettings.model_validate({"source": "store"} | settings)
    return Darkroom("door", camera, tally or Tally(), blur)


def test_an_image_with_which_nothing_is_to_be_done_stays_as_it_is():
    assert darkroom()(b"any bytes", 0.0) == b"any bytes"


@pytest.mark.parametrize(
    ("width", "size"),
    [(80, (60, 80)), (160, (120, 160)), (640, (120, 160))],
    ids=["smaller", "same", "wider"],
)
def test_a_picture_is_made_smaller_and_never_larger(width, size):
    image = darkroom(width=width)(WHITE.copy(), 0.0)

    assert image is not None
    assert decode(image).shape[:2] == size


@pytest.mark.parametrize("picture", [WHITE.copy(), to_jpeg(WHITE, 95)], ids=["pixels", "an encoded image"])
def test_what_is_masked_is_black(picture):
    image = darkroom(masks=[LEFT])(picture, 0.0)

    assert image is not None
    assert decode(image)[:, :76].max() < 12
    assert decode(image)[:, 88:].min() > 240


def test_a_quality_is_obeyed():
    noise = np.random.default_rng(7).integers(0, 255, WHITE.shape, np.uint8)

    sizes = [len(darkroom(quality=quality)(noise.copy(), 0.0) or b"") for quality in (30, 90)]

    assert sizes[0] < sizes[1] / 2


def test_still_pictures_are_counted_and_not_sent():
    tally = Tally()
    room = darkroom(tally, motion={"hold_s": 0.5, "keep_alive_s": 100})

    images = [room(WHITE.copy(), n / 10) for n in range(20)]

    sent = sum(image is not None for image in images)
    assert 1 <= sent <= 5
    assert (tally.captured, tally.ends[Outcome.STILL], tally.under_way) == (20, 20 - sent, sent)
    assert tally.captured_at == 1.9


def test_motion_behind_a_mask_does_not_count():
    room = darkroom(motion={"hold_s": 0.1, "keep_alive_s": 100}, masks=[LEFT])
    noisy = np.random.default_rng(7)

    def flickering() -> np.ndarray:
        picture = WHITE.copy()
        picture[:, :70] = noisy.integers(0, 255)
        return picture

    images = [room(flickering(), n / 5) for n in range(20)]

    assert [image is not None for image in images] == [True] + 19 * [False]


def test_what_cannot_be_decoded_does_not_leave_where_something_is_to_be_hidden():
    tally = Tally()

    assert darkroom(tally, masks=[LEFT])(b"broken", 0.0) is None
    assert tally.ends[Outcome.NOT_AN_IMAGE] == 1


def test_faces_are_blurred_before_a_picture_leaves():
    def blacken(pixels: np.ndarray, at: float) -> None:
        pixels[:] = 0

    image = darkroom(blur=blacken)(WHITE.copy(), 0.0)

    assert image is not None
    assert decode(image).max() < 5


def test_while_faces_cannot_be_blurred_nothing_leaves_and_it_is_said_once(caplog):
    broken = [True]

    def blur(pixels: np.ndarray, at: float) -> None:
        if broken[0]:
            raise cv2.error("out of memory")

    tally = Tally()
    room = darkroom(tally, blur)

    with caplog.at_level("INFO"):
        images = [room(WHITE.copy(), at) for at in (0.0, 1.0)]
        broken[0] = False
        images += [room(WHITE.copy(), 2.0)]

    assert [image is None for image in images] == [True, True, False]
    assert tally.ends[Outcome.NOT_BLURRED] == 2
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
