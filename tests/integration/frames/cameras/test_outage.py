"""
The network between cameras and a real Kafka is cut: the newest frames are kept, the others counted.

The outage lasts ten seconds here, enough to overflow the buffer often; `tests/e2e/cameras` has one of thirty.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator

import pytest

from frames.cameras.outbox import Outbox
from frames.cameras.tally import Outcome, Tally
from frames.clients import KafkaSettings, reader
from frames.event import Message, decode_frame
from frames.publisher import Publisher, PublisherSettings
from frames.records import partitions_of, read_until
from frames.sources import captured
from frames.sources.develop import to_jpeg
from frames.topics import TopicSettings, create_topics
from tests.integration.faults.brokers import behind_proxy
from tests.integration.faults.proxy import Proxy
from tests.waiting import until

OUTAGE_S = 10.0
RATE = 20.0
"""Frames per second of each camera."""
BUFFER_BYTES = 1_000_000
IMAGE_BYTES = 20_000
"""So 50 frames fit, which two cameras take in little more than a second."""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with behind_proxy(tmp_path_factory.mktemp("broker")) as (_, proxy):
        yield proxy


class Cameras:
    """Some that take a picture of the same size again and again, until they are stopped."""

    def __init__(self, outbox: Outbox, tallies: defaultdict[str, Tally], names: tuple[str, ...]) -> None:
        self.captured_at: defaultdict[str, list[float]] = defaultdict(list)
        self._stop = threading.Event()
        self._outbox = outbox
        self._tallies = tallies
        self._threads = [threading.Thread(target=self._run, args=[name]) for name in names]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, name: str) -> None:
        image = picture()
        started = time.monotonic()
        while not self._stop.wait(max(0.0, started + len(self.captured_at[name]) / RATE - time.monotonic())):
            at = time.time()
            self._tallies[name].capture(at)
            self._outbox.put(captured(name, image, at, len(self.captured_at[name])))
            self.captured_at[name].append(at)


def picture() -> bytes:
    """A JPEG of about `IMAGE_BYTES`, or a little less."""
    import numpy as np

    rng = np.random.default_rng(7)
    for side in range(40, 400, 4):
        image = to_jpeg(rng.integers(0, 255, (side, side, 3), np.uint8), 85)
        if len(image) > IMAGE_BYTES - 900:
            return image
    raise AssertionError


def arrived(kafka: KafkaSettings, topics: TopicSettings) -> dict[str, list[int]]:
    """The numbers of the frames in Kafka, by camera, in their order there."""
    consumer = reader(kafka)
    consumer.assign(partitions_of(consumer, [topics.frames]))
    ends = consumer.end_offsets(consumer.assignment())
    consumer.seek_to_beginning()
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for record in read_until(consumer, ends):
        frame = decode_frame(Message.of(record), 0.0)
        numbers[frame.camera].append(int(frame.sequence or 0))
    consumer.close()
    return numbers


@pytest.mark.parametrize("fault", ["refuse", "black_hole"])
def test_through_an_outage_the_newest_are_kept_and_every_frame_is_accounted_for(proxy, fault):
    kafka = KafkaSettings(bootstrap_servers=f"127.0.0.1:{proxy.port}")
    topics = TopicSettings(
        **{
            name: f"{fault}.{name}"
            for name in ("frames", "detections", "expired", "dead", "status", "decisions")
        }
    )
    create_topics(kafka, topics)
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    names = ("door", "till")
    for name in names:
        tallies[name] = Tally()
    outbox = Outbox(
        PublisherSettings(buffer_bytes=BUFFER_BYTES),
        BUFFER_BYTES,
        lambda settings, acknowledged, failed: Publisher(
            kafka, topics, settings, on_acknowledged=acknowledged, on_failed=failed
        ),
        tallies.__getitem__,
    )
    cameras = Cameras(outbox, tallies, names)
    until(lambda: all(tally.ends[Outcome.SENT] > RATE for tally in tallies.values()), 20)

    getattr(proxy, fault)()
    cut_at = time.time()
    threading.Event().wait(OUTAGE_S)
    held_bytes = outbox.held_bytes
    sent = {name: tally.ends[Outcome.SENT] for name, tally in tallies.items()}
    proxy.heal()
    healed_at = time.time()
    until(lambda: all(tallies[name].ends[Outcome.SENT] > sent[name] for name in names), 20, 0.01)
    flowing_s = time.time() - healed_at
    until(lambda: outbox.held_bytes < 4 * IMAGE_BYTES, 20)
    cameras.stop()
    outbox.close(20)

    there = arrived(kafka, topics)
    for name, tally in tallies.items():
        taken = len(cameras.captured_at[name])
        missing = sorted(set(range(taken)) - set(there[name]))
        assert (tally.captured, tally.under_way, tally.ends[Outcome.FAILED]) == (taken, 0, 0)
        assert there[name] == sorted(there[name])
        assert len(there[name]) == tally.ends[Outcome.SENT]
        assert len(missing) == tally.ends[Outcome.DROPPED_OLDEST] > 0
        # One gap, from the window with the last frames before the outage to the oldest that still fitted.
        assert missing == list(range(missing[0], missing[-1] + 1))
        assert cameras.captured_at[name][missing[0]] > cut_at - 2.0
    dropped = [tally.ends[Outcome.DROPPED_OLDEST] for tally in tallies.values()]
    assert max(dropped) - min(dropped) < 0.2 * max(dropped)
    assert 0.9 * BUFFER_BYTES < held_bytes <= BUFFER_BYTES
    assert flowing_s < 2.0
