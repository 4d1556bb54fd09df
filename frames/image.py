"""
From an image's bytes to its pixels, trusting nothing: 48 kB of PNG can ask for 2 GB of pixels.

The header is read first, in Python and in microseconds, and only a JPEG or PNG of modest
size goes on to OpenCV, whose other thirty formats never see a stranger's byte. The parser
is stricter than the decoders (it allows no garbage between segments), so that both see
the same size.
"""

import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from frames.outcome import DeadReason

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray

MAX_PIXELS = 25_000_000
MAX_SIDE = 8192
"""Pixels: a camera of 25 Mpx, or a panorama of 3:1, still passes."""
MAX_SCANS = 100
"""Passes over a progressive JPEG; encoders make ten, and each costs a decoder the whole image."""
MAX_SEGMENTS = 1000
"""Segments before the frame header; a colour profile and a thumbnail take a few dozen."""
MAX_CHUNKS = 20_000
"""Of a PNG; encoders make one of each 8 kB or more."""
TRAILER_BYTES = 1024
"""Some cameras pad their files: the end marker must stand within the last so many bytes."""


class ImageError(Exception):
    """The image cannot be used, ever; `reason` is what its dead letter says."""

    def __init__(self, reason: DeadReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What an image says of itself before it is decoded."""

    content_type: str
    """`image/jpeg` or `image/png`, by the bytes and not by what the sender claims."""
    width: int
    """Pixels, 1 to MAX_SIDE."""
    height: int
    """Pixels, 1 to MAX_SIDE."""


def read_header(image: bytes) -> ImageHeader:
    """
    Read type and size without decoding.

    Raises:
        ImageError: EMPTY_IMAGE; UNSUPPORTED_IMAGE: neither JPEG nor PNG; IMAGE_TOO_LARGE:
            more than MAX_PIXELS, MAX_SIDE or MAX_SCANS; CORRUPT_IMAGE: cut off, or no sane header.
    """
    if not image:
        raise ImageError(DeadReason.EMPTY_IMAGE, "the image has no bytes")
    for signature, read in FORMATS.items():
        if image.startswith(signature):
            return _checked_size(read(image))
    raise ImageError(DeadReason.UNSUPPORTED_IMAGE, "the image is neither JPEG nor PNG")


def decode(
    image: bytes, fit: tuple[int, int] | None = None, header: ImageHeader | None = None
) -> "NDArray[np.uint8]":
    """
    Decode an image that `read_header` accepts.

    Args:
        fit: Width and height into which the image will be fitted. A JPEG at least twice as large
            is decoded at a half, a quarter or an eighth of its size, never below what fits: that
            costs its decoder half the time (libjpeg's scaled inverse DCT). None: in full.
        header: What `read_header` said of this image; None: it was not asked yet.

    Grey, palette, CMYK and 16-bit images become RGB, transparency is dropped. The EXIF
    orientation is ignored: boxes are in pixels of the image as stored.

    A JPEG cut in the middle with an end marker glued on passes: OpenCV 5 paints the missing
    blocks in flat grey (never in another image's pixels, as 4.10 did) and only prints
    to stderr. Nothing short of a checksum from the camera could tell.

    Returns:
        Pixels, uint8, (H, W, 3), RGB; H and W are those of the header, or that part of them, rounded up.

    Raises:
        ImageError: As `read_header`, or CORRUPT_IMAGE when the decoder gives up.
        MemoryError: There is no room for its pixels.
    """
    header = header or read_header(image)
    cv2 = _opencv()
    import numpy as np

    part = _part(header, fit)
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION | _REDUCED[part]
    try:
        pixels = cv2.imdecode(np.frombuffer(image, np.uint8), flags)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(error.err) from error  # the machine's fault, not the image's
        raise ImageError(DeadReason.CORRUPT_IMAGE, f"the decoder refuses the image: {error.err}") from error
    if pixels is None or pixels.shape != (-(-header.height // part), -(-header.width // part), 3):
        raise ImageError(DeadReason.CORRUPT_IMAGE, "the decoder cannot read the image to its end")
    return pixels  # type: ignore[no-any-return]  # a module in a variable has no types


_REDUCED = {1: 0, 2: 16, 4: 32, 8: 64}
"""OpenCV's IMREAD_REDUCED_* by divisor, without the bit that asks for BGR."""


def _part(header: ImageHeader, fit: tuple[int, int] | None) -> int:
    """
    By how much the decoder may divide: 1, 2, 4 or 8.

    >>> _part(ImageHeader("image/jpeg", 1920, 1080), (640, 640)), _part(
    ...     ImageHeader("image/jpeg", 1920, 1080), (416, 320))
    (2, 4)
    """
    if fit is None or header.content_type != "image/jpeg":
        return 1
    larger = max(header.width / fit[0], header.height / fit[1])
    return max((part for part in _REDUCED if part <= larger), default=1)


def _opencv() -> "ModuleType":
    """OpenCV with its own limit set too, which it reads once, when it is loaded."""
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
    import cv2

    return cv2


def _read_png(image: bytes) -> ImageHeader:
    """The IHDR chunk, which must come first: length, name, width, height (PNG specification, 11.2.2)."""
    if image[8:16] != b"\0\0\0\x0dIHDR" or len(image) < 33:
        raise _corrupt("PNG without an IHDR chunk")
    if image.rfind(b"IEND", -TRAILER_BYTES) < 0:
        raise _corrupt("PNG cut off: no IEND chunk at its end")
    _check_chunks(image)
    width, height = (int.from_bytes(image[at : at + 4], "big") for at in (16, 20))
    return ImageHeader("image/png", width, height)


def _check_chunks(image: bytes) -> None:
    """OpenCV allocates what a chunk says of its length, up to 4 GB, before it looks for the bytes."""
    at = 8
    for _ in range(MAX_CHUNKS):
        end = at + 12 + int.from_bytes(image[at : at + 4], "big")
        if end > len(image):
            raise _corrupt("PNG with a chunk that is longer than the image")
        if image[at + 4 : at + 8] == b"IEND":
            return
        at = end
    raise _corrupt(f"PNG with more than {MAX_CHUNKS} chunks")


def _read_jpeg(image: bytes) -> ImageHeader:
    """The first frame header; segments are a marker and a length (ITU-T T.81, annex B)."""
    if image.rfind(b"\xff\xd9", -TRAILER_BYTES) < 0:
        raise _corrupt("JPEG cut off: no end marker at its end")
    if len(_SCAN.findall(image)) > MAX_SCANS:
        raise ImageError(DeadReason.IMAGE_TOO_LARGE, f"JPEG with more than {MAX_SCANS} scans")
    at = 2
    for _ in range(MAX_SEGMENTS):
        segment = _SEGMENT.match(image, at)
        if segment is None or segment[1] in _NO_HEADER_AHEAD:
            break
        if segment[1] in _FRAME_HEADERS:
            return _read_frame_header(segment[1], image[segment.end() : segment.end() + 5])
        at = segment.start(2) + int.from_bytes(segment[2], "big")
    raise _corrupt("JPEG without a frame header")


def _read_frame_header(marker: bytes, content: bytes) -> ImageHeader:
    if len(content) < 5:
        raise _corrupt("JPEG cut off in its frame header")
    bits, height, width = struct.unpack(">BHH", content)
    if marker not in _DECODABLE or bits != 8:
        raise ImageError(
            DeadReason.UNSUPPORTED_IMAGE, f"JPEG of kind {marker.hex()} with {bits} bits per sample"
        )
    return ImageHeader("image/jpeg", width, height)


def _checked_size(header: ImageHeader) -> ImageHeader:
    size = f"{header.width}x{header.height}"
    if not (header.width and header.height):
        raise _corrupt(f"the image is {size} pixels")
    if max(header.width, header.height) > MAX_SIDE or header.width * header.height > MAX_PIXELS:
        raise ImageError(
            DeadReason.IMAGE_TOO_LARGE,
            f"the image is {size} pixels; {MAX_SIDE} a side and {MAX_PIXELS} in all are allowed",
        )
    return header


def _corrupt(detail: str) -> ImageError:
    return ImageError(DeadReason.CORRUPT_IMAGE, detail)


_SEGMENT = re.compile(rb"\xff+([^\xff])(..)", re.DOTALL)
"""Fill bytes, marker, length."""
_SCAN = re.compile(b"\xff\xda\0")
"""Start of a scan; a pattern, since `bytes.count` takes three times as long where 0xFF is frequent."""


def _markers(*codes: int) -> frozenset[bytes]:
    return frozenset(bytes([code]) for code in codes)


_FRAME_HEADERS = _markers(*(code for code in range(0xC0, 0xD0) if code not in (0xC4, 0xC8, 0xCC)))
"""SOF0 to SOF15; C4, C8 and CC are tables among them."""
_DECODABLE = _markers(0xC0, 0xC1, 0xC2)
"""Baseline, extended and progressive, Huffman coded: all that cameras and browsers write."""
_NO_HEADER_AHEAD = _markers(0x00, 0x01, *range(0xD0, 0xDB))
"""Stuffing, TEM, RSTn, SOI, EOI and SOS: no frame header may follow these."""

FORMATS: dict[bytes, Callable[[bytes], ImageHeader]] = {
    b"\xff\xd8\xff": _read_jpeg,
    b"\x89PNG\r\n\x1a\n": _read_png,
}
