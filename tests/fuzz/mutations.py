"""
Frame records as nobody should send them: good ones, broken in a few places.

All that is drawn comes from the `random.Random` that is passed, so that an input can be made again.
"""

import base64
import json
import random
import zlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

Draw = random.Random

BINARY = {
    "ce_specversion": b"1.0",
    "ce_id": b"7",
    "ce_source": b"/cameras/door",
    "ce_type": b"detectscale.frame.v1",
    "ce_time": b"2026-11-24T05:40:00.5Z",
    "ce_sequence": b"000000000007",
    "ce_expirytime": b"2026-11-24T05:41:00Z",
    "ce_traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "content-type": b"image/jpeg",
}
INSTANTS = (
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "2026-02-30T00:00:00Z",
    "-1",
    "1e400",
    "",
)
URLS = (
    "file:///etc/passwd",
    "s3://bucket/%2e%2e/x",
    "http://[::1",
    "//",
    "file://\x00",
    "s3:///",
    "a" * 1025,
)
TEXTS = (
    *INSTANTS,
    *URLS,
    "2.0",
    "\ud800",
    "\x00",
    "ö" * 600,
    "application/cloudevents+json",
    "null",
    "1" * 5000,
)
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def _images() -> list[bytes]:
    """Small pictures of every kind that is decoded."""
    colours = np.random.default_rng(7).integers(0, 255, (48, 64, 3), np.uint8)
    kinds: list[tuple[str, Any, tuple[int, ...]]] = [
        (".jpg", colours, ()),
        (".jpg", colours, (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
        (".jpg", colours, (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)),
        (".jpg", colours[..., 0], ()),
        (".png", colours, ()),
        (".png", colours[..., 0], ()),
        (".png", colours[..., 0].astype(np.uint16) * 257, ()),
        (".png", np.dstack([colours, colours[..., 0]]), ()),
    ]
    images = [cv2.imencode(kind, pixels, options)[1].tobytes() for kind, pixels, options in kinds]
    exif = bytes.fromhex("ffe1 0022 457869660000 49492a0008000000 0100 1201 0300 01000000 06000000 00000000")
    return [*images, images[0][:2] + exif + images[0][2:]]


IMAGES = _images()


def image(draw: Draw) -> bytes:
    """A small picture, broken nearly always."""
    whole = draw.choice(IMAGES)
    return broken(draw, whole) if draw.random() < 0.9 else whole


def record(draw: Draw, content: bytes) -> Any:
    """A record as kafka-python hands it over: *content* in an envelope that is broken more often than not."""
    headers: dict[str, bytes | None] = dict(BINARY)
    if draw.random() < 0.4:
        headers, content = _structured(draw, content)
    while draw.random() < 0.5:
        _break_headers(draw, headers)
    pairs = list(headers.items())
    if pairs and draw.random() < 0.05:
        pairs.append(draw.choice(pairs))
    strange = (None, b"", b"\xff", b"k" * 2000, draw.randbytes(6))
    key = b"door" if draw.random() < 0.8 else draw.choice(strange)
    return SimpleNamespace(key=key, value=content if draw.random() < 0.99 else None, headers=pairs)


def broken(draw: Draw, content: bytes) -> bytes:
    """*content* with a few bytes changed, cut out, repeated or put in; half of the time near its start."""
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 2, 4, 8))):
        reach = min(len(changed), 64) if draw.random() < 0.5 else len(changed)
        draw.choice(_BREAKS)(draw, changed, draw.randint(0, reach))
    return bytes(changed)


def _flip(draw: Draw, content: bytearray, at: int) -> None:
    if at < len(content):
        content[at] ^= 1 << draw.randrange(8)


def _number(draw: Draw, content: bytearray, at: int) -> None:
    size = draw.choice((1, 2, 4))
    number = draw.choice(NUMBERS) & (256**size - 1)
    content[at : at + size] = number.to_bytes(size, draw.choice(("big", "little")))


def _insert(draw: Draw, content: bytearray, at: int) -> None:
    content[at:at] = draw.randbytes(draw.randint(1, 16))


def _cut_out(draw: Draw, content: bytearray, at: int) -> None:
    del content[at : at + draw.randint(1, 64)]


def _repeat(draw: Draw, content: bytearray, at: int) -> None:
    content[at:at] = content[at : at + draw.randint(1, 64)] * draw.choice((1, 1, 2, 100))


def _cut_off(draw: Draw, content: bytearray, at: int) -> None:
    tail = content[-12:] if draw.random() < 0.5 else b""  # with its end marker it gets further
    content[at:] = tail


def _splice(draw: Draw, content: bytearray, at: int) -> None:
    other = draw.choice(IMAGES)
    content[at:] = other[draw.randint(0, len(other)) :]


def _put_in_a_part(draw: Draw, content: bytearray, at: int) -> None:
    """A PNG's chunk or a JPEG's segment that is whole, at a place where one may stand."""
    inside = b"".join(
        draw.choice(NUMBERS).to_bytes(4, "big") if draw.random() < 0.5 else draw.randbytes(4)
        for _ in range(draw.randrange(8))
    )
    if content.startswith(b"\x89PNG"):
        name = draw.choice((b"IHDR", b"acTL", b"fcTL", b"fdAT", b"iCCP", b"PLTE", b"tRNS", b"eXIf", b"IDAT"))
        checked = name + (b"x\0\0" + zlib.compress(inside * 1000) if name == b"iCCP" else inside)
        crc = zlib.crc32(checked).to_bytes(4, "big")
        content[33:33] = (len(checked) - 4).to_bytes(4, "big") + checked + crc
    else:
        marker = draw.choice((0xC0, 0xC2, 0xC4, 0xDB, 0xDD, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE, 0xDC))
        content[2:2] = bytes([0xFF, marker]) + (len(inside) + 2).to_bytes(2, "big") + inside


_BREAKS: tuple[Callable[[Draw, bytearray, int], None], ...] = (
    _flip,
    _number,
    _insert,
    _cut_out,
    _repeat,
    _cut_off,
    _splice,
    _put_in_a_part,
)


def _break_headers(draw: Draw, headers: dict[str, bytes | None]) -> None:
    name = draw.choice(
        [*BINARY, "ce_dataref", "ce_partitionkey", "ce_data", "dlq-reason", "ce_Ö", "", "traceparent"]
    )
    way = draw.randrange(5)
    if way == 0:
        headers.pop(name, None)
    elif way == 1:
        headers[name] = draw.choice(TEXTS).encode(errors="surrogatepass")
    elif way == 2:
        headers[name] = broken(draw, headers.get(name) or b"x")
    elif way == 3:
        headers[draw.choice((name.upper(), name + "_", name[3:]))] = headers.pop(name, b"1")
    else:
        headers[name] = draw.choice((None, b"", draw.randbytes(8)))


def _structured(draw: Draw, image: bytes) -> tuple[dict[str, bytes | None], bytes]:
    """The headers and the value of an event in JSON."""
    event: dict[str, Any] = {
        name.removeprefix("ce_"): value.decode() for name, value in BINARY.items() if name.startswith("ce_")
    }
    event |= {"datacontenttype": "image/jpeg", "data_base64": base64.b64encode(image).decode()}
    while draw.random() < 0.5:
        event[draw.choice([*event, "dataref", "data", "partitionkey", "ö"])] = _json(draw, 0)
    if draw.random() < 0.2:
        event.pop(draw.choice([*event]))
    text = json.dumps(event).encode()
    if draw.random() < 0.4:
        text = broken(draw, text)
    if draw.random() < 0.01:
        text = draw.choice(
            (b"[" * 50_000, b"[]", b"null", b'{"id":' * 5_000, b"\xff\xfe{}", b"1" * 5_000, b"")
        )
    kind = draw.choice(("application/cloudevents+json", "application/cloudevents+json; charset=utf-16"))
    return {"content-type": kind.encode()}, text


def _json(draw: Draw, depth: int) -> Any:
    """Any JSON value, and the numbers that Python's JSON has beyond it."""
    way = draw.randrange(6 if depth < 3 else 4)
    if way == 0:
        return draw.choice((None, True, False, float("nan"), float("inf"), -0.0, 1e308))
    if way == 1:
        return draw.choice((0, -1, 2**63, 2**64, 10**400))
    if way in (2, 3):
        return draw.choice(TEXTS)
    if way == 4:
        return [_json(draw, depth + 1) for _ in range(draw.randrange(3))]
    return {draw.choice(("a", "id", "\ud800", "")): _json(draw, depth + 1) for _ in range(draw.randrange(3))}
