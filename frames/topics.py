"""
The topics: their names, their shape, and their creation.
"""

from typing import Any

from pydantic import BaseModel, PositiveFloat, PositiveInt

from frames.clients import MAX_MESSAGE_BYTES, KafkaSettings, admin
from frames.errors import UnavailableError


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


def create_topics(kafka: KafkaSettings, topics: TopicSettings) -> None:
    """
    Create the topics that do not exist yet; existing ones stay as they are.

    Raises:
        UnavailableError: The broker refuses.
    """
    from kafka.admin import NewTopic
    from kafka.errors import KafkaError, TopicAlreadyExistsError

    def topic(name: str, partitions: int, **config: Any) -> NewTopic:
        # The broker's clock: an age must not depend on what a camera believes the time is.
        config = {"message_timestamp_type": "LogAppendTime"} | config
        written = {key.replace("_", "."): str(value) for key, value in config.items()}
        return NewTopic(name, partitions, topics.replication_factor, topic_configs=written)

    frames_ms = int(topics.frames_retention_s * 1000)
    results_ms = int(topics.results_retention_s * 1000)
    wanted = [
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
    client = admin(kafka)
    try:
        existing = set(client.list_topics())
        missing = [new for new in wanted if new.name not in existing]
        if missing:
            client.create_topics(missing, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        pass  # somebody else created them at the same moment
    except KafkaError as error:
        raise UnavailableError(f"topics: the broker refuses to create them: {error}") from error
    finally:
        client.close()
