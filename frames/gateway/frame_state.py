"""
What a client is told of a frame: JSON as OpenAPI describes it.

Made from what the projection holds, without what only concerns us: where records lie, which worker it was,
and the name that a tenant has inside.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from frames.gateway.tenant import Tenant

EXAMPLE_ID = "f019ab3c5d7e0a1b2c3d4e5f60718293a4b5c6d7e8f901234"


class Pending(BaseModel):
    """It is on its way."""

    id: str
    status: Literal["pending"]

    model_config = {"json_schema_extra": {"example": {"id": EXAMPLE_ID, "status": "pending"}}}


class FoundObject(BaseModel):
    """One object in the image."""

    label: str
    class_id: int
    score: float = Field(description="0 to 1")
    box: tuple[float, float, float, float] = Field(description="x1, y1, x2, y2 in pixels of the image")


class DetectedFrame(BaseModel):
    """A model has looked at it."""

    id: str
    status: Literal["detected"]
    camera: str
    captured_at: float = Field(description="seconds since the epoch")
    at: float = Field(description="instant of detection, seconds since the epoch")
    width: int = Field(description="of the image, pixels")
    height: int
    model_name: str
    model_digest: str = Field(description="SHA-256, hexadecimal")
    detections: list[FoundObject] = Field(description="best score first")
    detections_left_out: int | None = Field(
        default=None, description="there are so many that only their number was kept"
    )
    timings_s: dict[str, float]

    model_config = {
        "json_schema_extra": {
            "example": {
                "id": EXAMPLE_ID,
                "status": "detected",
                "camera": "door",
                "captured_at": 1764000000.25,
                "at": 1764000000.5,
                "width": 640,
                "height": 480,
                "model_name": "store-nano",
                "model_digest": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
                "detections": [
                    {"label": "person", "class_id": 0, "score": 0.93, "box": [12.5, 40.0, 88.0, 310.5]}
                ],
                "timings_s": {"queue": 0.02, "decode": 0.004, "detect": 0.03},
            }
        }
    }


class ExpiredFrame(BaseModel):
    """Nobody wanted its result any more when its turn came."""

    id: str
    status: Literal["expired"]
    camera: str
    captured_at: float
    at: float
    age_s: float
    limit_s: float | None
    reason: str


class DeadFrame(BaseModel):
    """It cannot be processed."""

    id: str
    status: Literal["dead"]
    at: float
    reason: str
    stage: str
    detail: str


FrameState = Annotated[DetectedFrame | ExpiredFrame | DeadFrame | Pending, Field(discriminator="status")]


def state(description: Mapping[str, Any], tenant: Tenant) -> dict[str, Any]:
    """
    An outcome as *tenant* is told of it.

    Args:
        description: Of `frames.projection.describe`, with the `frame_id`.
    """
    status = description["kind"]
    told = {"id": description["frame_id"], "status": status}
    model = _MODELS[status]
    for name in model.model_fields:  # in the order of the document
        if name not in told and name in description:
            told[name] = description[name]
    if "camera" in told:
        told["camera"] = tenant.camera(told["camera"]) or told["camera"]
    return told


def pending(frame_id: str) -> dict[str, Any]:
    """One that has no outcome yet."""
    return {"id": frame_id, "status": "pending"}


_MODELS: Mapping[str, type[BaseModel]] = {
    "detected": DetectedFrame,
    "expired": ExpiredFrame,
    "dead": DeadFrame,
}
