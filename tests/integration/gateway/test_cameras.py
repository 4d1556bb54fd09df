"""The cameras and their pictures, of a real gateway, broker and Redis. The results are made up."""

import asyncio
import socket
import time

import httpx
import pytest

from frames.claim_check import ClaimChecks
from frames.clients import producer
from frames.event import Frame, Message, encode_frame
from frames.outcome import Detected, Detection, RecordId
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)


class Store:
    """Writes frames and results as publishers and workers do."""

    def __init__(self, kafka, topics):
        self._producer = producer(kafka)
        self._topics = topics

    def frame(self, frame: Frame) -> RecordId:
        return self._append(self._topics.frames, encode_frame(frame))

    def result(self, record: RecordId, frame: Frame, **different: object) -> None:
        now = time.time()
        fields: dict[str, object] = {
            "record": record,
            "frame_id": frame.id,
            "camera": frame.camera,
            "source": frame.source,
            "captured_at": frame.captured_at,
            "width": 640,
            "height": 480,
            "model_name": "nano",
            "model_digest": "0123456789abcdef",
            "detections": (Detection("person", 0, 0.9, (1.0, 2.0, 3.0, 4.0)),) * 2,
            "timings_s": {"detect": 0.1},
            "worker": "w",
            "at": now,
        }
        self._append(self._topics.detections, Detected(**(fields | different)).message())

    def close(self) -> None:
        self._producer.close()

    def _append(self, topic: str, message: Message) -> RecordId:
        future = self._producer.send(topic, message.value, message.key, list(message.headers))
        done = future.get(timeout=30)
        return RecordId(done.topic, done.partition, done.offset)


@pytest.fixture
def store(kafka, topics):
    store = Store(kafka, topics)
    yield store
    store.close()


def frame(number, image, camera="shop-1/door", **different):
    at = time.time() + number / 100
    return Frame(f"f{number}", camera, "/door", at, "image/jpeg", image, **different)


def image_of(number, camera="door"):
    return f"/v1/cameras/{camera}/frames/f{number}/image"


def shows(client, number):
    """The newest result of the camera is that of this frame."""
    answer = client.get("/v1/cameras/door/latest")
    return answer.status_code == 200 and answer.json()["id"] == f"f{number}"


def test_a_tenant_is_told_of_its_cameras_and_shown_the_picture_of_the_newest_boxes(
    start_gateway, keys, store, projector, picture
):
    file, key = keys
    gateway = start_gateway(keys_file=str(file))
    ours, theirs = gateway.client(key["shop-1"]), gateway.client(key["shop-2"])
    seen = frame(1, picture)
    store.result(store.frame(seen), seen)
    until(lambda: shows(ours, 1))

    told = ours.get("/v1/cameras").json()["cameras"]
    image = ours.get(image_of(1))

    assert [(each["id"], each["frame_id"], each["objects"]) for each in told] == [
        ("door", "f1", {"person": 2})
    ]
    assert image.content == picture
    assert image.headers["content-type"] == "image/jpeg"
    assert image.headers["content-disposition"] == "inline"
    assert image.headers["x-content-type-options"] == "nosniff"
    assert "private" in image.headers["cache-control"]
    assert "immutable" in image.headers["cache-control"]
    assert theirs.get("/v1/cameras").json() == {"cameras": []}
    for camera in ("door", "shop-1%2Fdoor", "..%2Fshop-1%2Fdoor"):
        assert theirs.get(image_of(1, camera)).status_code == 404
    assert gateway.client().get(image_of(1)).status_code == 401


def test_only_the_newest_picture_is_shown_and_the_one_before_for_a_moment(
    start_gateway, keys, store, projector, picture
):
    file, key = keys
    client = start_gateway(keys_file=str(file)).client(key["shop-1"])
    old, before, newest = (frame(number, picture) for number in range(3))
    store.result(store.frame(old), old, at=time.time() - 60)
    store.result(store.frame(before), before)
    store.result(store.frame(newest), newest)
    until(lambda: shows(client, 2))

    assert [client.get(image_of(number)).status_code for number in range(4)] == [404, 200, 200, 404]


def test_a_picture_is_never_shown_with_the_boxes_of_another_frame(
    start_gateway, keys, store, projector, picture, topics
):
    file, key = keys
    client = start_gateway(keys_file=str(file)).client(key["shop-1"])
    told, other = frame(1, picture), frame(2, picture, camera="shop-2/door")
    elsewhere = store.frame(other)

    for number, record in enumerate(
        (
            elsewhere,  # another tenant's frame
            store.frame(frame(3, picture)),  # another frame of the camera
            store.frame(frame(1, picture, camera="shop-1/window")),
            RecordId(topics.frames, elsewhere.partition, 10**6),  # none
            RecordId(topics.dead, 0, 0),
        )
    ):
        newer = frame(1, picture)
        store.result(record, newer, captured_at=told.captured_at + number, at=told.captured_at + 100)
        until(
            lambda newer=told.captured_at + number: (
                (answer := client.get("/v1/cameras/door/latest")).status_code == 200
                and answer.json()["captured_at"] == pytest.approx(newer, abs=1e-3)
            )
        )
        assert client.get(image_of(1)).status_code == 404


def test_what_is_no_image_is_not_shown(start_gateway, keys, store, projector):
    file, key = keys
    client = start_gateway(keys_file=str(file)).client(key["shop-1"])
    page = frame(1, b"<script>alert(1)</script>")
    store.result(store.frame(page), page)
    until(lambda: shows(client, 1))

    assert client.get(image_of(1)).status_code == 404


def test_a_large_picture_comes_from_its_storage_and_is_gone_with_it(
    start_gateway, keys, store, projector, picture, settings, tmp_path
):
    file, key = keys
    client = start_gateway(keys_file=str(file)).client(key["shop-1"])
    dataref = ClaimChecks(settings.claim_checks).put(picture, time.time())
    seen = frame(1, b"", dataref=dataref)
    store.result(store.frame(seen), seen)
    until(lambda: shows(client, 1))

    assert client.get(image_of(1)).content == picture
    for object_ in (tmp_path / "claims").glob("*/*"):
        object_.unlink()
    assert client.get(image_of(1)).status_code == 404


def test_many_pictures_at_once_wait_for_each_other(start_gateway, store, projector, picture):
    gateway = start_gateway()
    seen = frame(1, picture, camera="door")
    store.result(store.frame(seen), seen)
    until(lambda: shows(gateway.client(), 1))

    async def ask_all():
        async with httpx.AsyncClient(base_url=gateway.url, timeout=60, trust_env=False) as client:
            return await asyncio.gather(*(client.get(image_of(1)) for _ in range(40)))

    answers = asyncio.run(ask_all())

    assert {(answer.status_code, answer.content == picture) for answer in answers} == {(200, True)}


def test_who_takes_no_picture_holds_up_no_other_tenant(
    start_gateway, keys, store, projector, settings, picture
):
    file, key = keys
    gateway = start_gateway(keys_file=str(file), write_timeout_s=60)
    large = picture[:2] + (b"\xff\xfe\xfe\xfe" + bytes(0xFEFC)) * 150 + picture[2:]
    for tenant, image in (("shop-1", large), ("shop-2", picture)):
        seen = frame(1, image, camera=f"{tenant}/door")
        store.result(store.frame(seen), seen)
        until(lambda tenant=tenant: shows(gateway.client(key[tenant]), 1))
    greedy = [socket.create_connection(gateway.place) for _ in range(10)]
    for connection in greedy:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(
            f"GET {image_of(1)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key['shop-1']}\r\n\r\n".encode()
        )
    assert greedy[0].recv(8) == b"HTTP/1.1"

    answer = gateway.client(key["shop-2"]).get(image_of(1))

    assert (answer.status_code, answer.content) == (200, picture)
    for connection in greedy:
        connection.close()
