"""The gateway's reader of topics, against a real broker."""

import asyncio
import random
from collections.abc import Callable
from contextlib import closing

from kafka import KafkaConsumer

from frames.clients import KafkaSettings, producer
from frames.gateway.topic_reader import TopicReader
from frames.topics import TopicSettings


def test_what_is_appended_while_a_reader_finds_its_place_is_read(
    kafka: KafkaSettings, topics: TopicSettings, monkeypatch
) -> None:
    with closing(producer(kafka)) as sender:

        def appending(look: str) -> Callable[..., object]:
            """The consumer's call *look*, after which a record that says so is appended."""
            original = getattr(KafkaConsumer, look)

            def looked(*arguments: object, **words: object) -> object:
                found = original(*arguments, **words)
                sender.send(topics.decisions, look.encode()).get(timeout=10)
                return found

            return looked

        for look in ("offsets_for_times", "end_offsets"):
            monkeypatch.setattr(KafkaConsumer, look, appending(look))

        assert asyncio.run(_read(kafka, topics.decisions, 2)) == {b"offsets_for_times", b"end_offsets"}


async def _read(kafka: KafkaSettings, topic: str, records: int) -> set[bytes]:
    """What a reader delivers, until there are so many *records*."""
    read: set[bytes] = set()
    enough = asyncio.Event()

    def deliver(values: "list[bytes]") -> None:
        read.update(values)
        if len(read) == records:
            enough.set()

    loop = asyncio.get_running_loop()
    reader = TopicReader(kafka, (topic,), 0.0, lambda record: record.value, deliver, loop, random.Random(1))
    reader.start()
    try:
        async with asyncio.timeout(20):
            await enough.wait()
    finally:
        reader.stop()
    return read
