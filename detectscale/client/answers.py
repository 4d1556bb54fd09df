"""
What a gateway answers, as values; a stranger's bytes are checked here and nowhere else.

Fields that a newer gateway adds are ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field, FiniteFloat, TypeAdapter, ValidationError

from detectscale.client.client_errors import BadAnswerError
from frames.outcome import Detection


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """A model has looked at the picture."""

    id: str
    camera: str
    captured_at: FiniteFloat
    """Seconds since the epoch."""
    at: FiniteFloat
    """Instant of detection, seconds since the epoch."""
    width: int
    """Of the image, pixels."""
    height: int
    model_name: str
    model_digest: str
    """SHA-256, hexadecimal."""
    detections: tuple[Detection, ...]
    """Best score first; boxes are x1, y1, x2, y2 in pixels of the image."""
    detections_left_out: int | None = None
    """There were so many that only their number was kept; None: all are there."""
    timings_s: Mapping[str, FiniteFloat]
    """Seconds by stage: `queue`, `decode`, `detect`."""
    status: Literal["detected"] = "detected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """Nobody wanted its result any more when its turn came."""

    id: str
    camera: str
    captured_at: FiniteFloat
    at: FiniteFloat
    age_s: FiniteFloat
    limit_s: FiniteFloat | None
    """The age it was allowed, seconds from capture; None: any."""
    reason: str
    status: Literal["expired"] = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """It cannot be processed, ever."""

    id: str
    at: FiniteFloat
    reason: str
    """For programs: `corrupt-image`, …"""
    stage: str
    detail: str
    """One line for a person."""
    status: Literal["dead"] = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """It is on its way."""

    id: str
    status: Literal["pending"] = "pending"


class _Camera(BaseModel):
    id: str


class _Cameras(BaseModel):
    cameras: list[_Camera]


FrameResult = Detected | Expired | Dead


class Problem(BaseModel):
    """Of an RFC 9457 problem detail, what the gateway fills in."""

    detail: str
    reason: str


def state_of(body: bytes | str, url: str) -> FrameResult | Pending:
    """What became of a frame, by the answer from *url*; or BadAnswerError."""
    try:
        return _STATE.validate_json(body)
    except ValidationError as error:
        raise strange(url, error) from error


def cameras_of(body: bytes, url: str) -> list[str]:
    """The cameras that have results, by the answer from *url*; or BadAnswerError."""
    try:
        return [camera.id for camera in _Cameras.model_validate_json(body).cameras]
    except ValidationError as error:
        raise strange(url, error) from error


def problem_of(body: bytes) -> Problem | None:
    """Why a request was refused; None: *body* is no problem detail."""
    try:
        return Problem.model_validate_json(body)
    except ValidationError:
        return None


def strange(url: str, error: ValidationError) -> BadAnswerError:
    """The error for an answer that is none."""
    wrong = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in wrong["loc"])
    what = f"{where}: {wrong['msg']}" if where else wrong["msg"]
    return BadAnswerError(f"{url}: not what a gateway answers: {what[:200]}; check the address")


_STATE: TypeAdapter[FrameResult | Pending] = TypeAdapter(
    Annotated[Detected | Expired | Dead | Pending, Field(discriminator="status")]
)
