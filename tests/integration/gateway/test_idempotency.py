"""The same key gives the same frame, whatever happens in between."""

import asyncio
import time

import httpx
import pytest

from frames.clients import reader
from frames.event import Message, decode_frame
from frames.ledger import read_ledger
from frames.records import partitions_of, read_until
from frames.results import stored

pytestmark = pytest.mark.timeout(240)
KEYED = {"content-type": "image/jpeg", "idempotency-key": "door-17"}


@pytest.fixture
def frames_in_kafka(kafka, topics):
    """The ids of all frames in the topic."""

    def frames_in_kafka():
        consumer = reader(kafka)
        try:
            partitions = partitions_of(consumer, [topics.frames])
            consumer.assign(partitions)
            ends = consumer.end_offsets(partitions)
            consumer.seek_to_beginning(*partitions)
            return [decode_frame(Message.of(record), time.time()).id for record in read_until(consumer, ends)]
        finally:
            consumer.close()

    return frames_in_kafka


@pytest.mark.parametrize(
    ("killed", "records"),
    [
        pytest.param("after-ack", 2, id="before Redis knows: it is appended again, under the same id"),
        pytest.param("after-remember", 1, id="when Redis knows: nothing is sent again"),
    ],
)
def test_killed_between_acknowledgement_and_reply_the_retry_finds_the_same_event(
    start_gateway, worker, picture, kafka, topics, frames_in_kafka, killed, records
):
    dying = start_gateway(killed)
    with pytest.raises(httpx.TransportError):
        dying.client().post("/v1/frames", content=picture, headers=KEYED)
    assert dying.process.wait(timeout=10) == -9
    [sent] = frames_in_kafka()  # it was there before anybody was told so

    client = start_gateway().client()
    retried = client.post("/v1/frames", content=picture, headers=KEYED)

    assert retried.status_code == 202
    assert retried.json()["id"] == sent
    assert frames_in_kafka() == [sent] * records
    assert client.get(f"/v1/frames/{sent}", params={"wait": 60}).status_code == 200
    while not read_ledger(kafka, topics).balanced:
        client.get(f"/v1/frames/{sent}", params={"wait": 1})
    assert {outcome.frame_id for outcome in stored(kafka, topics)} == {sent}


def test_retries_at_the_same_time_are_one_record(start_gateway, picture, frames_in_kafka):
    gateway = start_gateway()

    async def post_all():
        async with httpx.AsyncClient(base_url=gateway.url, timeout=60, trust_env=False) as client:
            posts = (client.post("/v1/frames", content=picture, headers=KEYED) for _ in range(8))
            return await asyncio.gather(*posts)

    answers = asyncio.run(post_all())

    assert {answer.status_code for answer in answers} == {202}
    assert [answers[0].json()["id"]] == frames_in_kafka()
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_a_key_that_was_used_for_another_picture_is_refused(start_gateway, picture, frames_in_kafka):
    client = start_gateway().client()
    first = client.post("/v1/frames", content=picture, headers=KEYED)

    other = client.post("/v1/frames?camera=other", content=picture, headers=KEYED)

    assert (other.status_code, other.json()["reason"]) == (422, "idempotency-key-reused")
    assert frames_in_kafka() == [first.json()["id"]]


def test_detect_with_a_key_answers_at_once_when_it_was_detected_before(
    start_gateway, worker, projector, picture, frames_in_kafka
):
    client = start_gateway().client()
    first = client.post("/v1/detect?wait=60", content=picture, headers=KEYED)
    again = start_gateway().client().post("/v1/detect?wait=60", content=picture, headers=KEYED)

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert len(frames_in_kafka()) == 1
