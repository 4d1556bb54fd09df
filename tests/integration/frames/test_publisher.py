"""A publisher on the real broker: what it reports is what Kafka holds."""

import threading
from functools import partial

import cv2
import numpy as np

from frames.clients import KafkaSettings, producer, reader
from frames.event import Message, decode_frame
from frames.outcome import RecordId
from frames.publisher import MAX_IMAGE_BYTES, Publisher, PublisherSettings
from frames.records import partitions_of, read_until
from frames.sources import WallClock, captured, open_source

IMAGE = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
DEADLINE_S = 20.0


def frames_in(kafka: KafkaSettings, topic: str) -> dict[RecordId, object]:
    consumer = reader(kafka)
    consumer.assign(partitions_of(consumer, [topic]))
    ends = consumer.end_offsets(consumer.assignment())
    consumer.seek_to_beginning()
    frames = {
        RecordId(record.topic, record.partition, record.offset): decode_frame(Message.of(record), 0.0)
        for record in read_until(consumer, ends)
    }
    consumer.close()
    return frames


def test_every_acknowledged_frame_is_the_record_it_is_said_to_be(kafka, topics):
    acknowledged = {}
    publisher = Publisher(
        kafka,
        topics,
        PublisherSettings(),
        on_acknowledged=lambda frame, record, appended_at: acknowledged.update({record: frame}),
    )

    for camera in ("door", "till", "aisle"):
        for frame in open_source("store:7", camera=camera, fps=1000, limit=5).frames(
            WallClock(threading.Event())
        ):
            publisher.offer(frame)
    counts = publisher.close(DEADLINE_S)

    assert (counts.accepted, counts.acknowledged, counts.failed) == (15, 15, 0)
    assert frames_in(kafka, topics.frames) == acknowledged


def test_the_largest_image_fits(kafka, topics):
    publisher = Publisher(kafka, topics, PublisherSettings(), check_images=False)

    publisher.offer(captured("door", bytes(MAX_IMAGE_BYTES), 0.0, 0))
    counts = publisher.close(DEADLINE_S)

    assert (counts.acknowledged, counts.failed) == (1, 0)
    [frame] = frames_in(kafka, topics.frames).values()
    assert len(frame.image) == MAX_IMAGE_BYTES


def test_a_missing_topic_is_reported_as_failure(kafka, topics):
    nowhere = topics.model_copy(update={"frames": topics.frames + ".nowhere"})
    failures = []
    publisher = Publisher(
        kafka,
        nowhere,
        PublisherSettings(),
        on_failed=lambda frame, why: failures.append(why),
        connect=partial(producer, max_block_ms=500),
    )

    publisher.offer(captured("door", IMAGE, 0.0, 0))
    counts = publisher.close(DEADLINE_S)

    assert (counts.accepted, counts.failed) == (1, 1)
    assert len(failures) == 1
