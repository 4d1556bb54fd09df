"""
From an HTTP request to a frame event, in a tenant's name.

Three ways to send one: the image alone, and a CloudEvent in binary or in structured mode. The headers
tell which, so that what is none of them is refused before its body is read. A CloudEvent is read by the
same code as one from Kafka; the two bindings differ in how an attribute's header is written.

Sources: CloudEvents 1.0.2, HTTP protocol binding 1.0.2 (§3.1, §3.2).
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from urllib.parse import quote, unquote

from frames.event import Frame, InvalidEventError, Message, decode_frame
from frames.gateway.problem import ProblemError, Reason
from frames.gateway.tenant import Tenant
from frames.image import ImageError, read_header

MAX_STRUCTURED_BYTES = 2 * 1024 * 1024
"""Of an event in JSON: parsing it takes twenty times its size of memory. Larger ones go in binary mode."""
MAX_CAMERA_CHARACTERS = 200
MAX_KEY_CHARACTERS = 255
IMAGES = ("image/jpeg", "image/png")
STRUCTURED = "application/cloudevents+json"
_IDEMPOTENCY_KEY = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY_CHARACTERS}}}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]|[\ud800-\udfff]")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Mode(Enum):
    """How a frame is written in a request."""

    IMAGE = "image"
    BINARY = "binary"
    STRUCTURED = "structured"


@dataclass(frozen=True, slots=True)
class Posted:
    """A frame that somebody posted."""

    frame: Frame
    """In the tenant's name, ready to be sent."""
    repeatable: bool
    """Its id is the same whenever it is posted again: there was a key, or it is a CloudEvent."""


def mode_of(headers: Mapping[str, str]) -> Mode:
    """
    How the body is to be read; *headers* are looked up by names in small letters.

    Raises:
        ProblemError: 415, in no way that we know.
    """
    media_type = _media_type(headers)
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise _unsupported("a body must not be compressed; JPEG and PNG are already")
    if media_type == STRUCTURED:
        return Mode.STRUCTURED
    if media_type not in IMAGES:
        raise _unsupported(f"the body must be {' or '.join(IMAGES)}, or {STRUCTURED}")
    return Mode.BINARY if "ce-specversion" in headers else Mode.IMAGE


def posted(
    headers: Mapping[str, str],
    body: bytes,
    tenant: Tenant,
    camera: str,
    now: float,
    expiry_s: float | None,
) -> Posted:
    """
    The frame that a request holds, its image's header read.

    Args:
        camera: Of an image without a CloudEvent around it.
        now: When it came, seconds since the epoch: when it was taken, if nobody says otherwise.
        expiry_s: Seconds from its capture after which nobody wants its result; None: never.

    Raises:
        ProblemError: 422, it is no frame event or no image that a worker would take; the reason
            of the dead letter that it would become.
    """
    mode = mode_of(headers)
    key = _idempotency_key(headers)
    if mode is Mode.IMAGE:
        frame = Frame("", camera, f"/cameras/{quote(camera)}", now, _media_type(headers), body)
        traceparent = headers.get("traceparent", "")
        frame = replace(frame, traceparent=traceparent if _TRACEPARENT.fullmatch(traceparent) else None)
    else:
        frame = _event(headers, body, mode, now)
        key = key or f"{frame.source}\n{frame.id}"
    expires_at = frame.captured_at + expiry_s if frame.expires_at is None and expiry_s else frame.expires_at
    frame = replace(
        frame,
        id=tenant.id_of(key) if key else tenant.new_id(now, secrets.token_bytes(10)),
        camera=tenant.key(frame.camera),
        source=tenant.source(frame.source),
        captured_at=round(frame.captured_at, 6),  # as precise as it travels
        content_type=_checked(frame.image),
        expires_at=None if expires_at is None else round(expires_at, 6),
    )
    return Posted(frame, repeatable=key is not None)


def _event(headers: Mapping[str, str], body: bytes, mode: Mode, now: float) -> Frame:
    """The frame in a CloudEvent, its camera by `partitionkey` or else by its source."""
    given = [("content-type", headers.get("content-type", "").encode())]
    if mode is Mode.BINARY:
        given += [
            ("ce_" + name.removeprefix("ce-"), unquote(value).encode())
            for name, value in headers.items()
            if name.startswith("ce-")
        ]
    try:
        frame = decode_frame(Message(None, body, given), now)
    except InvalidEventError as error:
        raise _invalid(str(error)) from error
    if frame.dataref is not None:
        raise _invalid("dataref is ours to give: send the image itself")
    require_camera(frame.camera)
    return frame


def require_camera(camera: str) -> str:
    """*camera*, if one may be called so; else ProblemError, 422."""
    if not 0 < len(camera) <= MAX_CAMERA_CHARACTERS or _CONTROL.search(camera):
        raise _invalid(
            f"a camera's name has 1 to {MAX_CAMERA_CHARACTERS} characters, none of them a control character"
        )
    return camera


def _checked(image: bytes) -> str:
    """The type of *image*, by its bytes."""
    try:
        return read_header(image).content_type
    except ImageError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, error.reason, error.detail) from error


def _idempotency_key(headers: Mapping[str, str]) -> str | None:
    key = headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise _invalid(
            f"Idempotency-Key must have 1 to {MAX_KEY_CHARACTERS} visible ASCII characters, without spaces"
        )
    return key


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _invalid(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, Reason.INVALID_REQUEST, detail)


def _unsupported(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, Reason.UNSUPPORTED_BODY, detail)
