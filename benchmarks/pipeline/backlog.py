"""
Frames that wait in Kafka, as many as a run takes.
"""

import time
from collections.abc import Sequence
from contextlib import closing

from benchmarks.pipeline.pictures import Size
from frames.clients import KafkaSettings, producer
from frames.event import Frame, encode_frame
from frames.topics import TopicSettings, create_topics


def backlog_topics(size: Size, run: str) -> TopicSettings:
    """Topics of one run: its frames are those of every run with pictures of *size*."""
    return TopicSettings(
        frames=f"frames.{size}",
        detections=f"detections.{run}",
        expired=f"expired.{run}",
        dead=f"dead.{run}",
        status=f"status.{run}",
        decisions=f"decisions.{run}",
    )


def publish(kafka: KafkaSettings, topics: TopicSettings, pictures: Sequence[bytes], frames: int) -> None:
    """Append *frames* frames, the same number to each partition, and wait until the broker has them."""
    create_topics(kafka, topics)
    with closing(producer(kafka, linger_ms=5, batch_size=1024 * 1024)) as sending:
        sent = []
        for number in range(frames):
            camera = f"camera-{number % topics.partitions}"
            frame = Frame(
                id=str(number),
                camera=camera,
                source=f"/shop/{camera}",
                captured_at=time.time(),
                content_type="image/jpeg",
                image=pictures[number // topics.partitions % len(pictures)],
                sequence=str(number // topics.partitions),
            )
            message = encode_frame(frame)
            sent.append(
                sending.send(
                    topics.frames,
                    message.value,
                    message.key,
                    list(message.headers),
                    partition=number % topics.partitions,
                )
            )
        for future in sent:
            future.get(timeout=60)
