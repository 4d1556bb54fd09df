"""
What the cameras file says of one camera.
"""

from typing import Annotated

from pydantic import BaseModel, Field, PositiveInt, SecretStr

from frames.cameras.motion import MotionSettings

Share = Annotated[float, Field(ge=0, le=1)]
Corners = Annotated[tuple[tuple[Share, Share], ...], Field(min_length=3)]
"""See `frames.cameras.polygons.Polygon`."""


class CameraSettings(BaseModel, frozen=True, extra="forbid"):
    """Where its pictures come from, and what of them leaves this machine."""

    source: SecretStr
    """`rtsp://…`, `/dev/video0`, a file, a folder, `store:7`; an address may hold a password."""
    fps: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Pictures per second that are looked at; None: the source's own rate."""
    width: PositiveInt | None = None
    """Pixels; wider pictures are made smaller, narrower ones stay. None: as they are."""
    quality: int = Field(default=85, ge=1, le=100)
    """Of the JPEGs that are made here."""
    masks: tuple[Corners, ...] = ()
    """Blacked out before anything else."""
    motion: MotionSettings | None = None
    """Send only what moves; None: everything."""
    areas: tuple[Corners, ...] = ()
    """Where motion counts; none: everywhere."""
    blur_faces: bool = False
    """Blur the heads of all people that the model of the settings finds; else send nothing."""
    loop: bool = False
    """Start a file or a folder again after its end."""
