"""A member of a group gets what is there, however short its polls are and whatever it pauses."""

import uuid
from contextlib import closing

from frames.clients import group_consumer, producer
from frames.polling import poll
from tests.waiting import until

PARTITIONS = range(4)


def fill(kafka, topics, records=200):
    with closing(producer(kafka)) as sender:
        for n in range(records):
            sender.send(topics.frames, value=n.to_bytes(2, "big") * 500, partition=n % len(PARTITIONS))
        sender.flush()


def member(kafka, topics):
    consumer = group_consumer(kafka, f"group-{uuid.uuid4().hex[:8]}", max_poll_records=7)
    consumer.subscribe([topics.frames])
    return consumer


def test_a_rejoin_that_takes_longer_than_a_poll_is_gone_through_with(kafka, topics):
    fill(kafka, topics)

    for _ in range(10):
        with closing(member(kafka, topics)) as consumer:
            assert until(lambda consumer=consumer: poll(consumer, timeout_ms=1), 10, every_s=0)


def test_what_was_fetched_before_a_pause_is_given_after_it(kafka, topics):
    fill(kafka, topics)
    seen = set()

    with closing(member(kafka, topics)) as consumer:

        def all_seen():
            for place, records in poll(consumer, timeout_ms=20).items():
                seen.update((place.partition, record.offset) for record in records)
                consumer.resume(*consumer.paused())
                consumer.pause(place)
            return len(seen) == 200

        assert until(all_seen, 30, every_s=0)
