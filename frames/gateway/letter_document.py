"""
What clients are told of dead letters, and what operators say of them: JSON as OpenAPI describes it.
"""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from frames.event import MAX_ATTRIBUTE_CHARACTERS
from frames.gateway.frame_state import EXAMPLE_ID
from frames.gateway.letter_shelf import Kept
from frames.gateway.post_document import PRINTABLE
from frames.gateway.tenant import Tenant
from frames.letter import REASONS

LetterReason = Annotated[str, Field(pattern=f"^({'|'.join(REASONS)})$", examples=["corrupt-image"])]
Camera = Annotated[
    str,
    Field(min_length=1, max_length=MAX_ATTRIBUTE_CHARACTERS, pattern=PRINTABLE, examples=["shop-12/door"]),
]


class DeadLetter(BaseModel):
    """A frame that could not be processed."""

    place: str = Field(description="where it stands in Kafka")
    at: float = Field(description="seconds since the epoch")
    camera: str | None = Field(description="null: nobody can tell")
    frame_id: str | None = Field(description="null: it is no frame event")
    reason: str
    stage: str | None
    detail: str
    attempts: int | None
    redriven: bool = Field(description="it was put back")
    obstacle: str | None = Field(description="why it cannot be put back; null: it can")


class DeadLetters(BaseModel):
    """The newest, at most 100."""

    counts: dict[str, int] = Field(
        description="of those not put back yet, by reason, whatever the reason asked for"
    )
    complete: bool = Field(description="false: there are older ones, which are not looked at")
    letters: list[DeadLetter] = Field(description="newest first")

    model_config = {
        "json_schema_extra": {
            "example": {
                "counts": {"corrupt-image": 12},
                "complete": True,
                "letters": [
                    {
                        "place": "frames.dlq/0/17",
                        "at": 1764000000.5,
                        "camera": "door",
                        "frame_id": EXAMPLE_ID,
                        "reason": "corrupt-image",
                        "stage": "decode",
                        "detail": "the decoder cannot read the image to its end",
                        "attempts": 1,
                        "redriven": False,
                        "obstacle": None,
                    }
                ],
            }
        }
    }


class RedriveOrder(BaseModel, frozen=True, extra="forbid", strict=True):
    """Which letters to put back: each at most once, the oldest first, 1000 at most."""

    reason: LetterReason | None = Field(default=None, description="null: any")
    camera: Camera | None = Field(default=None, description="as Kafka knows it; null: any")
    dry_run: bool = Field(default=False, description="only say what would be put back")

    model_config = {
        "json_schema_extra": {"example": {"reason": "corrupt-image", "camera": None, "dry_run": True}}
    }


class Redriven(BaseModel):
    """What was put back."""

    redriven: int = Field(description="0 in a dry run")
    would: int = Field(description="the same, and in a dry run what would have been put back")
    already: int = Field(description="put back earlier")
    obstacles: dict[str, int] = Field(description="letters that cannot be put back, by why")
    left: int = Field(description="more of them: ask again")

    model_config = {
        "json_schema_extra": {
            "example": {
                "redriven": 12,
                "would": 12,
                "already": 3,
                "obstacles": {"its content was left out of the letter": 1},
                "left": 0,
            }
        }
    }


def shown(kept: Kept, tenant: Tenant) -> dict[str, Any] | None:
    """A letter as *tenant* is told of it; None: it is not theirs to see."""
    letter, dead = kept.letter, kept.letter.dead
    camera = letter.camera
    if not tenant.operator:
        camera = None if camera is None else tenant.camera(camera)
        if camera is None:
            return None
    return {
        "place": str(letter.place),
        "at": letter.at,
        "camera": camera,
        "frame_id": kept.frame_id,
        "reason": letter.reason,
        "stage": dead and dead.stage,
        "detail": dead.detail if dead else letter.problem,
        "attempts": dead and dead.attempts,
        "redriven": letter.redriven,
        "obstacle": kept.obstacle,
    }
