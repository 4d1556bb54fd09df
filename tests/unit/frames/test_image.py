"""Headers are read without decoding, and no bytes whatever raise anything but ImageError."""

import resource
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames.image import MAX_SCANS, ImageError, ImageHeader, decode, read_header
from frames.outcome import DeadReason

WIDTH, HEIGHT = 64, 48
GRADIENT = np.dstack([np.tile(np.arange(WIDTH, dtype=np.uint8) * shade, (HEIGHT, 1)) for shade in (1, 2, 3)])
"""RGB."""


def encoded(pixels: np.ndarray, extension: str, *options: int) -> bytes:
    return cv2.imencode(extension, pixels, options)[1].tobytes()


JPEG = encoded(GRADIENT[..., ::-1], ".jpg", cv2.IMWRITE_JPEG_QUALITY, 95)
PROGRESSIVE = encoded(GRADIENT[..., ::-1], ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
PNG = encoded(GRADIENT[..., ::-1], ".png")
ROTATED = (
    JPEG[:2]
    + bytes.fromhex("ffe1 0022 457869660000 49492a0008000000 0100 1201 0300 01000000 06000000 00000000")
    + JPEG[2:]
)
"""With an EXIF segment that says: turn by 90 degrees."""


def chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def png(width: int, height: int, depth: int = 1, colour: int = 0, pixels: bytes = b"") -> bytes:
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([depth, colour, 0, 0, 0])
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def jpeg_frame_header(width: int, height: int, marker: int = 0xC0, bits: int = 8) -> bytes:
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return b"\xff\xd8\xff" + bytes([marker, 0, 17, bits]) + size + b"\x03" + bytes(9) + b"\xff\xd9"


BOMB = png(20_000, 20_000, pixels=bytes(20_000 * 2_501))


@pytest.mark.parametrize(
    ("image", "content_type"),
    [
        pytest.param(JPEG, "image/jpeg", id="baseline"),
        pytest.param(PROGRESSIVE, "image/jpeg", id="progressive"),
        pytest.param(ROTATED, "image/jpeg", id="turned by EXIF"),
        pytest.param(JPEG + bytes(512), "image/jpeg", id="padded by the camera"),
        pytest.param(JPEG[:2] + b"\xff" * 9 + JPEG[2:], "image/jpeg", id="fill bytes"),
        pytest.param(PNG, "image/png", id="png"),
    ],
)
def test_type_and_size_are_read(image, content_type):
    assert read_header(image) == ImageHeader(content_type, WIDTH, HEIGHT)
    assert decode(image).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        pytest.param(b"", DeadReason.EMPTY_IMAGE, id="empty"),
        pytest.param(b"GIF89a" + bytes(99), DeadReason.UNSUPPORTED_IMAGE, id="gif"),
        pytest.param(b"<html>", DeadReason.UNSUPPORTED_IMAGE, id="html"),
        pytest.param(encoded(GRADIENT, ".webp"), DeadReason.UNSUPPORTED_IMAGE, id="webp"),
        pytest.param(jpeg_frame_header(9, 9, 0xC3), DeadReason.UNSUPPORTED_IMAGE, id="lossless jpeg"),
        pytest.param(jpeg_frame_header(9, 9, 0xC1, 12), DeadReason.UNSUPPORTED_IMAGE, id="12-bit jpeg"),
        pytest.param(BOMB, DeadReason.IMAGE_TOO_LARGE, id="20000x20000 png in 50 kB"),
        pytest.param(png(8193, 1), DeadReason.IMAGE_TOO_LARGE, id="one side too long"),
        pytest.param(jpeg_frame_header(5001, 5000), DeadReason.IMAGE_TOO_LARGE, id="too many pixels"),
        pytest.param(
            JPEG[:-2] + b"\xff\xda\x00\x0c" * MAX_SCANS + b"\xff\xd9",
            DeadReason.IMAGE_TOO_LARGE,
            id="many scans",
        ),
        pytest.param(png(0, 9), DeadReason.CORRUPT_IMAGE, id="png of no width"),
        pytest.param(jpeg_frame_header(9, 0), DeadReason.CORRUPT_IMAGE, id="jpeg of no height"),
        pytest.param(JPEG[:-2], DeadReason.CORRUPT_IMAGE, id="jpeg without end"),
        pytest.param(PNG[:-12], DeadReason.CORRUPT_IMAGE, id="png without end"),
        pytest.param(JPEG + b"PK" * 1024, DeadReason.CORRUPT_IMAGE, id="a zip behind a jpeg"),
        pytest.param(b"\xff\xd8\xff\xd9", DeadReason.CORRUPT_IMAGE, id="jpeg of nothing"),
        pytest.param(JPEG[:2] + b"xx" + JPEG[2:], DeadReason.UNSUPPORTED_IMAGE, id="garbage after the start"),
        pytest.param(JPEG[:20] + b"xx" + JPEG[20:], DeadReason.CORRUPT_IMAGE, id="garbage between segments"),
        pytest.param(PNG[:8] + PNG[33:], DeadReason.CORRUPT_IMAGE, id="png without IHDR"),
        pytest.param(PNG[: len(PNG) // 2] + PNG[-12:], DeadReason.CORRUPT_IMAGE, id="png cut in the middle"),
        pytest.param(
            PNG[: PNG.index(b"IDAT") - 4] + b"\xff\xff\xff\xff" + PNG[PNG.index(b"IDAT") :],
            DeadReason.CORRUPT_IMAGE,
            id="png with a chunk of 4 GB",
        ),
    ],
)
def test_the_header_tells_what_cannot_be_used(image, reason):
    with pytest.raises(ImageError) as refused:
        read_header(image)

    assert refused.value.reason is reason


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(JPEG[:300] + JPEG[-2:], id="jpeg cut in its tables"),
        pytest.param(png(100, 100, pixels=b"few"), id="png with too few pixels"),
        pytest.param(png(8, 8, depth=7), id="png of 7 bits"),
    ],
)
def test_a_sane_header_before_broken_pixels_is_corrupt(image):
    read_header(image)

    with pytest.raises(ImageError) as refused:
        decode(image)

    assert refused.value.reason is DeadReason.CORRUPT_IMAGE


@pytest.mark.parametrize(
    ("image", "tolerance"),
    [
        pytest.param(PNG, 0, id="png"),
        pytest.param(JPEG, 12, id="jpeg"),
        pytest.param(encoded(GRADIENT[..., ::-1].astype(np.uint16) * 257, ".png"), 0, id="16 bits"),
        pytest.param(encoded(np.dstack([GRADIENT[..., ::-1], GRADIENT[..., 0]]), ".png"), 0, id="alpha"),
    ],
)
def test_pixels_are_rgb_of_eight_bits(image, tolerance):
    pixels = decode(image)

    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - GRADIENT).max() <= tolerance


@pytest.mark.parametrize("extension", [".png", ".jpg"])
def test_grey_becomes_three_equal_channels(extension):
    pixels = decode(encoded(GRADIENT[..., 0], extension))

    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert np.array_equal(pixels[..., 0], pixels[..., 2])


def test_a_jpeg_cut_and_given_a_new_end_shows_no_other_image():
    noise = np.random.default_rng(7).integers(0, 255, (256, 256, 3), np.uint8)
    whole = encoded(noise, ".jpg")
    decode(encoded(255 - noise, ".jpg"))

    pixels = decode(whole[: len(whole) // 2] + b"\xff\xd9")

    assert pixels[-64:].std() < 1


@pytest.mark.parametrize(
    "filling", [b"\xff", b"\xff\xe0\x00\x02", b"\xff\xda\x00"], ids=["fill bytes", "segments", "scans"]
)
@pytest.mark.timeout(5)
def test_a_header_of_ten_megabytes_is_read_in_bounded_time(filling):
    image = b"\xff\xd8" + filling * (10_000_000 // len(filling)) + b"\xff\xd9"

    with pytest.raises(ImageError):
        read_header(image)


def grown(peak: int) -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak


def test_a_bomb_costs_no_memory():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    for _ in range(100):
        with pytest.raises(ImageError):
            decode(BOMB)

    assert grown(peak) < 1024  # KiB; the pixels would take 1.2 GB


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good image with a few bytes changed, cut, repeated or inserted."""
    image = bytearray(draw(st.sampled_from([JPEG, PROGRESSIVE, PNG, ROTATED])))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(image)))
        end = start + draw(st.integers(0, 8))
        image[start:end] = draw(st.binary(max_size=8))
    return bytes(image)


@given(mutated() | st.binary().map(lambda tail: b"\xff\xd8\xff" + tail) | st.binary())
def test_mutated_images_raise_nothing_but_image_errors(image):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    try:
        pixels = decode(image)
    except ImageError:
        pass
    else:
        assert pixels.shape == (read_header(image).height, read_header(image).width, 3)

    assert grown(peak) < 400 * 1024  # KiB; 25 Mpx in RGBA and RGB
