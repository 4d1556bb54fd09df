"""Dead letters by HTTP: who sees which, and that an operator puts each back once."""

import time
from collections import Counter

import pytest

from frames.clients import producer
from frames.event import Frame, encode_frame
from frames.gateway.api_keys import new_key
from frames.gateway.letter_shelf import MOST
from frames.ledger import read_ledger
from frames.outcome import Dead, DeadReason, RecordId
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def operator(keys):
    """The key of an operator, written into the file of keys."""
    key, line = new_key("head-office")
    with keys[0].open("a") as file:
        file.write(f"{line} operator\n")
    return key


@pytest.fixture
def bury(kafka, topics):
    """Appends letters of frames of a camera that died of a reason."""
    client = producer(kafka)
    buried = Counter()

    def bury(camera, reason=DeadReason.CORRUPT_IMAGE, count=1, image=b"\xff\xd8 broken"):
        for _ in range(count):
            number = buried.total()
            buried[camera] += 1
            now = time.time()
            frame = Frame(f"f{number}", camera, "/door", now, "image/jpeg", image)
            dead = Dead(
                RecordId(topics.frames, 0, 10**6 + number),
                encode_frame(frame),
                reason,
                "decode",
                "the decoder gives up",
                1,
                now,
                now,
                "w",
            )
            message = dead.message()
            client.send(topics.dead, message.value, message.key, list(message.headers))
        client.flush()

    yield bury
    client.close()


def counts(client):
    return client.get("/v1/dead-letters").json()["counts"]


def test_a_tenant_sees_its_own_dead_letters_and_an_operator_all(start_gateway, keys, operator, bury):
    file, key = keys
    gateway = start_gateway(keys_file=str(file))
    bury("shop-1/door", count=2)
    bury("shop-1/lane", DeadReason.UNSUPPORTED_IMAGE)
    bury("shop-2/door")
    ours, all_ = gateway.client(key["shop-1"]), gateway.client(operator)

    told = ours.get("/v1/dead-letters").json()

    assert told["counts"] == {"corrupt-image": 2, "unsupported-image": 1}
    assert told["complete"]
    assert [(each["camera"], each["frame_id"]) for each in told["letters"]] == [
        ("lane", "f2"),
        ("door", "f1"),
        ("door", "f0"),
    ]
    newest = told["letters"][0]
    assert (newest["reason"], newest["stage"], newest["attempts"]) == ("unsupported-image", "decode", 1)
    assert (newest["detail"], newest["redriven"], newest["obstacle"]) == ("the decoder gives up", False, None)
    assert counts(gateway.client(key["shop-2"])) == {"corrupt-image": 1}
    everything = all_.get("/v1/dead-letters").json()
    assert everything["counts"] == {"corrupt-image": 3, "unsupported-image": 1}
    assert everything["letters"][0]["camera"] == "shop-2/door"
    some = all_.get("/v1/dead-letters?camera=shop-1/door&reason=corrupt-image").json()
    assert [each["frame_id"] for each in some["letters"]] == ["f1", "f0"]
    assert [each["camera"] for each in ours.get("/v1/dead-letters?camera=lane").json()["letters"]] == ["lane"]
    assert gateway.client().get("/v1/dead-letters").status_code == 401


def test_an_operator_puts_each_letter_back_once(start_gateway, keys, operator, bury, kafka, topics):
    file, _ = keys
    client = start_gateway(keys_file=str(file)).client(operator)
    bury("shop-1/door", count=3)
    bury("shop-2/door", DeadReason.UNSUPPORTED_IMAGE)
    assert counts(client) == {"corrupt-image": 3, "unsupported-image": 1}

    def redrive(**order):
        answer = client.post("/v1/dead-letters/redrive", json=order)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        return told["redriven"], told["would"], told["already"], told["left"]

    assert redrive(dry_run=True) == (0, 4, 0, 0)
    assert read_ledger(kafka, topics).records == 0
    assert redrive(reason="corrupt-image") == (3, 3, 0, 0)
    assert counts(client) == {"unsupported-image": 1}
    assert redrive(camera="shop-2/door") == (1, 1, 0, 0)
    assert redrive() == (0, 0, 4, 0)

    assert read_ledger(kafka, topics).records == 4
    assert {each["redriven"] for each in client.get("/v1/dead-letters").json()["letters"]} == {True}


def test_who_is_no_operator_puts_nothing_back(start_gateway, keys, bury, kafka, topics):
    file, key = keys
    gateway = start_gateway(keys_file=str(file))
    bury("shop-1/door")

    refused = gateway.client(key["shop-1"]).post("/v1/dead-letters/redrive", json={})

    assert (refused.status_code, refused.json()["reason"]) == (403, "not-an-operator")
    assert gateway.client().post("/v1/dead-letters/redrive", json={}).status_code == 401
    assert read_ledger(kafka, topics).records == 0


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        pytest.param(b"{}", "text/plain", 415, id="what a page from elsewhere may send without asking"),
        pytest.param(b"{}", "application/x-www-form-urlencoded", 415, id="a form"),
        pytest.param(b"{", "application/json", 422, id="no JSON"),
        pytest.param(b'{"reason": "boredom"}', "application/json", 422, id="no reason"),
        pytest.param(b'{"dry_run": 1}', "application/json", 422, id="another type"),
        pytest.param(
            b'{"dry-run": true}', "application/json", 422, id="a slip, which must not be the real thing"
        ),
        pytest.param(b" " * 9000, "application/json", 413, id="much"),
        pytest.param(b"[" * 8000, "application/json", 422, id="deep"),
    ],
)
def test_an_order_that_is_none_puts_nothing_back(
    start_gateway, bury, kafka, topics, body, media_type, status
):
    client = start_gateway().client()
    bury("door")

    answer = client.post("/v1/dead-letters/redrive", content=body, headers={"content-type": media_type})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert read_ledger(kafka, topics).records == 0


def test_of_very_many_letters_the_newest_are_told_and_that_there_are_more(start_gateway, bury):
    client = start_gateway().client()
    bury("door", count=MOST)
    bury("lane", DeadReason.UNSUPPORTED_IMAGE)

    told = until(lambda: (found := client.get("/v1/dead-letters").json())["letters"] and found)

    assert not told["complete"]
    assert len(told["letters"]) == 100
    assert told["letters"][0]["camera"] == "lane"
    assert sum(told["counts"].values()) <= MOST


def test_a_record_that_is_no_letter_is_told_to_operators_as_such(
    start_gateway, kafka, topics, keys, operator
):
    file, key = keys
    gateway = start_gateway(keys_file=str(file))
    client = producer(kafka)
    client.send(topics.dead, b"what?", b"shop-1/door", [("dlq-reason", b"\xff")]).get(timeout=30)
    client.close()

    [letter] = gateway.client(operator).get("/v1/dead-letters").json()["letters"]

    assert (letter["reason"], letter["camera"], letter["frame_id"]) == ("broken", None, None)
    assert letter["obstacle"]
    assert gateway.client(key["shop-1"]).get("/v1/dead-letters").json()["letters"] == []
