"""
The topics: their names, their shape, and their creation.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, PositiveFloat, PositiveInt

from frames.clients import MAX_MESSAGE_BYTES, KafkaSettings, admin, user
from frames.errors import UnavailableError

if TYPE_CHECKING:
    from kafka.admin import NewTopic


class TopicSettings(BaseModel, frozen=True, extra="forbid"):
    """Names and shape of the topics: the `topics` section of the settings."""

    frames: str = "frames"
    detections: str = "detections"
    expired: str = "frames.expired"
    dead: str = "frames.dlq"
    status: str = "workers.status"
    decisions: str = "decisions"
    partitions: PositiveInt = 8
    """Of `frames`; no more workers than this can be busy."""
    replication_factor: PositiveInt = 1
    frames_retention_s: PositiveFloat = 3600.0
    """Frames are personal data: kept no longer than the backlog may last."""
    results_retention_s: PositiveFloat = 259_200.0
    """Of the three outcome topics; dead letters hold images, so mind privacy rules."""

    @property
    def outcomes(self) -> tuple[str, str, str]:
        """The topics in which every frame ends up, exactly once."""
        return self.detections, self.expired, self.dead


def create_topics(kafka: KafkaSettings, topics: TopicSettings, needed: Collection[str] | None = None) -> None:
    """
    Create the topics that do not exist yet; existing ones stay as they are.

    Where rights are given out (ACLs), a user sees only the topics that it has a right to, and may be
    refused to create the others. That matters only for those that it needs.

    Args:
        needed: The topics that the caller cannot do without; None: all that a worker uses.

    Raises:
        UnavailableError: The broker refuses to create one that is needed, or does not answer.
    """
    from kafka.errors import (
        KafkaError,
        NoError,
        TopicAlreadyExistsError,
        TopicAuthorizationFailedError,
        for_code,
    )

    needed = (topics.frames, topics.status, *topics.outcomes) if needed is None else needed
    client = admin(kafka)
    try:
        existing = set(client.list_topics())
        missing = [new for new in _wanted(topics) if new.name not in existing]
        if not missing:
            return
        created = []
        for answer in client.create_topics(missing, raise_errors=False)["topics"]:
            name, refusal = answer["name"], for_code(answer["error_code"])
            if refusal is TopicAuthorizationFailedError:
                if name in needed:
                    raise UnavailableError(
                        f"topics: {name} does not exist, or {user(kafka)} has no right to it, and may not "
                        "create it; create it and give that right, as manifests/components/kafka-strimzi does"
                    )
            elif refusal is NoError:
                created.append(name)
            elif refusal is not TopicAlreadyExistsError:  # somebody else was as quick, or it is hidden
                why = answer["error_message"] or refusal.__name__
                raise UnavailableError(f"topics: the broker refuses to create {name}: {why}")
        client.wait_for_topics(created)
    except KafkaError as error:
        raise UnavailableError(f"topics: the broker refuses to create them: {error}") from error
    finally:
        client.close()


def _wanted(topics: TopicSettings) -> "list[NewTopic]":
    """All topics as they should be."""
    from kafka.admin import NewTopic

    def topic(name: str, partitions: int, **config: Any) -> NewTopic:
        # The broker's clock: an age must not depend on what a camera believes the time is.
        config = {"message_timestamp_type": "LogAppendTime"} | config
        written = {key.replace("_", "."): str(value) for key, value in config.items()}
        return NewTopic(name, partitions, topics.replication_factor, topic_configs=written)

    frames_ms = int(topics.frames_retention_s * 1000)
    results_ms = int(topics.results_retention_s * 1000)
    return [
        topic(
            topics.frames,
            topics.partitions,
            retention_ms=frames_ms,
            max_message_bytes=MAX_MESSAGE_BYTES,
            compression_type="uncompressed",  # the limit then holds for what a worker unpacks
        ),
        topic(topics.detections, topics.partitions, retention_ms=results_ms),
        topic(topics.expired, topics.partitions, retention_ms=results_ms),
        topic(
            topics.dead,
            topics.partitions,
            retention_ms=results_ms,
            max_message_bytes=MAX_MESSAGE_BYTES + 64 * 1024,
        ),
        topic(topics.status, 1, cleanup_policy="compact"),
        topic(topics.decisions, 1, retention_ms=results_ms),
    ]
