"""
What clients are told of their cameras: JSON as OpenAPI describes it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from frames.gateway.frame_state import EXAMPLE_ID
from frames.gateway.tenant import Tenant

MOST_CAMERAS = 500


class Camera(BaseModel):
    """A camera, by its newest result."""

    id: str
    captured_at: float = Field(description="of the newest frame, seconds since the epoch")
    at: float = Field(description="instant of its detection, seconds since the epoch")
    frame_id: str
    objects: dict[str, int] | None = Field(
        description="how many of each label; null: so many that only their number was kept"
    )


class Cameras(BaseModel):
    """The one with the newest result first; at most 500."""

    cameras: list[Camera]

    model_config = {
        "json_schema_extra": {
            "example": {
                "cameras": [
                    {
                        "id": "door",
                        "captured_at": 1764000000.25,
                        "at": 1764000000.5,
                        "frame_id": EXAMPLE_ID,
                        "objects": {"person": 2},
                    }
                ]
            }
        }
    }


def camera(newest: Mapping[str, Any], tenant: Tenant) -> dict[str, Any]:
    """
    A camera as *tenant* is told of it.

    Args:
        newest: Its newest result, of `frames.projection.describe`.
    """
    labels = Counter(found["label"] for found in newest["detections"])
    return {
        "id": tenant.camera(newest["camera"]) or newest["camera"],
        "captured_at": newest["captured_at"],
        "at": newest["at"],
        "frame_id": newest["frame_id"],
        "objects": None if newest.get("detections_left_out") else labels,
    }
