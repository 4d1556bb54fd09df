"""The network between a camera process and Kafka is gone for half a minute."""

import signal
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from frames.clients import KafkaSettings
from frames.topics import create_topics
from tests.e2e.cameras.conftest import frames_in
from tests.e2e.cameras.test_rtsp import told
from tests.integration.faults.brokers import behind_proxy
from tests.integration.faults.proxy import Proxy
from tests.waiting import until

OUTAGE_S = 30.0
BUFFER_BYTES = 4_000_000


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with behind_proxy(tmp_path_factory.mktemp("broker")) as (_, proxy):
        yield proxy


def test_the_newest_frames_of_an_outage_arrive_and_the_rest_is_counted(
    proxy, rtsp, start_cameras, topics, report
):
    kafka = KafkaSettings(bootstrap_servers=f"127.0.0.1:{proxy.port}")
    create_topics(kafka, topics)
    cameras = {"network": {"source": rtsp.url}, "store": {"source": "store:7", "fps": 4}}
    process = start_cameras(kafka, cameras, buffer_bytes=BUFFER_BYTES)
    until(lambda: len(frames_in(kafka, topics)) > 40, 60)

    proxy.refuse()
    cut_at = time.time()
    until(lambda: time.time() > cut_at + OUTAGE_S, OUTAGE_S + 10)
    before = process.said
    proxy.heal()
    healed_at = time.time()
    until(lambda: any(frame.captured_at > healed_at + 5 for frame in frames_in(kafka, topics)), 30)
    process.signal(signal.SIGTERM)
    status = process.ended(30)

    frames = frames_in(kafka, topics)
    kept = [frame for frame in frames if cut_at < frame.captured_at < healed_at]
    figures = {name: told(process.said, name) for name in cameras}
    report.add(
        "network gone for 30 s",
        kept=len(kept),
        kept_bytes=sum(len(frame.image) for frame in kept),
        dropped={name: counts.get("dropped oldest", 0) for name, counts in figures.items()},
    )
    assert status == 0, before
    for name, counts in figures.items():
        there = [int(frame.sequence) for frame in frames if frame.camera == name]
        gaps = [after - earlier - 1 for earlier, after in pairwise(there) if after != earlier + 1]
        assert counts["sent"] == len(there)
        assert sum(gaps) == counts.get("dropped oldest", 0)
        assert len(gaps) <= 1
    assert sum(counts.get("dropped oldest", 0) for counts in figures.values()) > 0
    newest = max(frame.captured_at for frame in kept)
    assert healed_at - newest < 1.0
