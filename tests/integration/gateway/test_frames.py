"""Pictures in, boxes out, through a real gateway, broker, worker and projector."""

import base64
import json

import pytest

from frames.ledger import read_ledger
from frames.results import stored
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)
JPEG = {"content-type": "image/jpeg"}


def test_a_posted_picture_comes_back_with_its_boxes(start_gateway, worker, picture):
    client = start_gateway().client()

    answer = client.post("/v1/detect?camera=door&wait=60", content=picture, headers=JPEG)

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["camera"]) == ("detected", "door")
    assert "person" in {found["label"] for found in told["detections"]}


def test_a_frame_is_pending_until_it_is_detected_and_then_stands_in_redis_too(
    start_gateway, picture, request, settings
):
    gateway = start_gateway()
    client = gateway.client()

    posted = client.post("/v1/frames?camera=door", content=picture, headers=JPEG)

    assert posted.status_code == 202, posted.text
    where = posted.headers["location"]
    assert where == f"/v1/frames/{posted.json()['id']}"
    assert client.get(where).json() == {"id": posted.json()["id"], "status": "pending"}

    request.getfixturevalue("worker")
    told = client.get(where, params={"wait": 60}).json()
    assert told["status"] == "detected"

    request.getfixturevalue("projector")
    latest = until(lambda: (found := client.get("/v1/cameras/door/latest")).status_code == 200 and found)
    assert latest.json() == told
    assert gateway.stop() == 0
    client = start_gateway().client()  # one that has not seen it come
    assert client.get(where).json() == told


def test_a_wait_longer_than_the_gateway_allows_ends_early_with_pending(start_gateway, picture):
    client = start_gateway(max_wait_s=0.2).client()

    posted = client.post("/v1/detect?wait=600", content=picture, headers=JPEG)
    told = client.get(f"/v1/frames/{posted.json()['id']}?wait=600")

    assert (posted.status_code, posted.json()["status"]) == (202, "pending")
    assert (told.status_code, told.json()["status"]) == (200, "pending")
    assert client.get(f"/v1/frames/{posted.json()['id']}?wait=-1").status_code == 422
    assert client.post("/v1/detect?wait=inf", content=picture, headers=JPEG).status_code == 422


def test_cloudevents_are_taken_in_both_modes_and_are_the_same_frame(start_gateway, picture, kafka, topics):
    client = start_gateway().client()
    event = {
        "specversion": "1.0",
        "type": "detectscale.frame.v1",
        "source": "/cameras/back door",
        "id": "17",
        "time": "2026-11-24T08:00:00Z",
    }

    binary = client.post(
        "/v1/frames",
        content=picture,
        headers=JPEG | {f"ce-{name}": value.replace(" ", "%20") for name, value in event.items()},
    )
    structured = client.post(
        "/v1/frames",
        content=json.dumps(event | {"data_base64": base64.b64encode(picture).decode()}),
        headers={"content-type": "application/cloudevents+json"},
    )

    assert (binary.status_code, structured.status_code) == (202, 202), structured.text
    assert binary.json() == structured.json()
    assert read_ledger(kafka, topics).records == 1


def test_what_is_no_picture_is_told_so_and_never_reaches_kafka(start_gateway, picture, kafka, topics):
    client = start_gateway().client()
    bomb = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + (20_000).to_bytes(4, "big") * 2 + b"\x01\0\0\0\0" + bytes(4)
    bomb += b"\0\0\0\0IEND" + bytes(4)

    for content, headers, status, reason in (
        (picture[:500], JPEG, 422, "corrupt-image"),
        (b"", JPEG, 422, "empty-image"),
        (bomb, {"content-type": "image/png"}, 422, "image-too-large"),
        (picture, {"content-type": "image/gif"}, 415, "unsupported-body"),
        (picture, JPEG | {"content-encoding": "gzip"}, 415, "unsupported-body"),
        (b"a=1&" * 10**6, {"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported-body"),
        (picture, JPEG | {"idempotency-key": "with space"}, 422, "invalid-request"),
        (picture, JPEG | {"ce-specversion": "1.0"}, 422, "invalid-request"),
    ):
        answer = client.post("/v1/frames", content=content, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, answer.json()["reason"]) == (status, reason), answer.text
        assert answer.json()["status"] == status

    assert read_ledger(kafka, topics).records == 0


def test_a_frame_that_is_too_large_for_a_record_goes_by_claim_check(
    start_gateway, worker, picture, tmp_path, kafka, topics
):
    comments = (b"\xff\xfe\xfe\xfe" + bytes(0xFEFC)) * 165  # of a JPEG: ITU-T T.81, B.2.4.5
    large = picture[:2] + comments + picture[2:]
    assert len(large) > 10 * 1024 * 1024
    client = start_gateway().client()

    told = client.post("/v1/detect?wait=60", content=large, headers=JPEG)

    assert (told.status_code, told.json()["status"]) == (200, "detected"), told.text
    assert [file.stat().st_size for file in (tmp_path / "claims").rglob("*") if file.is_file()] == [
        len(large)
    ]


def test_a_follower_sees_outcomes_of_its_camera_and_label(start_gateway, worker, picture, kafka, topics):
    gateway = start_gateway()
    client, other = gateway.client(), gateway.client()

    with client.stream("GET", "/v1/stream?camera=door&label=person") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith(":")  # it follows from now on
        other.post("/v1/detect?camera=lane&wait=60", content=picture, headers=JPEG)
        told = other.post("/v1/detect?camera=door&wait=60", content=picture, headers=JPEG).json()
        assert next(lines) == ""
        assert next(lines) == "event: detected"
        assert json.loads(next(lines).removeprefix("data: ")) == told
        assert gateway.stop() == 0  # and lets go of who follows

    assert len(list(stored(kafka, topics))) == 2
