"""Tenants: their keys, their limits, and that they never see each other."""

import json
import time

import pytest

from frames.gateway.api_keys import new_key
from frames.gateway.gateway_settings import TenantLimits
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)
JPEG = {"content-type": "image/jpeg"}


def test_without_a_valid_key_nothing_is_answered(start_gateway, keys, picture):
    gateway = start_gateway(keys_file=str(keys[0]))

    for key in (None, "ds_wrong", ""):
        answer = gateway.client(key).post("/v1/frames", content=picture, headers=JPEG)
        assert (answer.status_code, answer.json()["reason"]) == (401, "unknown-key")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_another_tenants_frame_camera_and_stream_are_as_if_they_did_not_exist(
    start_gateway, keys, worker, projector, picture
):
    file, key = keys
    gateway = start_gateway(keys_file=str(file))
    ours, theirs = gateway.client(key["shop-1"]), gateway.client(key["shop-2"])

    with gateway.client(key["shop-2"]).stream("GET", "/v1/stream") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith(":")
        told = ours.post("/v1/detect?camera=door&wait=60", content=picture, headers=JPEG).json()
        other = theirs.post("/v1/detect?camera=door&wait=60", content=picture, headers=JPEG).json()
        assert (told["status"], told["camera"]) == ("detected", "door")
        assert [next(lines) for _ in range(2)] == ["", "event: detected"]
        assert json.loads(next(lines).removeprefix("data: ")) == other  # and not ours, which came first

    until(lambda: ours.get("/v1/cameras/door/latest").status_code == 200)
    assert ours.get(f"/v1/frames/{told['id']}").json() == told
    assert ours.get("/v1/cameras/door/latest").json()["id"] == told["id"]
    unknown = theirs.get(f"/v1/frames/{'f' + '0' * 48}")
    hidden = theirs.get(f"/v1/frames/{told['id']}")
    assert (unknown.status_code, hidden.status_code) == (404, 404)
    assert unknown.json() == hidden.json()
    assert theirs.get("/v1/cameras/shop-1/door/latest").status_code == 404
    assert theirs.get("/v1/cameras/..%2Fshop-1%2Fdoor/latest").status_code == 404


def test_the_same_key_of_two_tenants_is_two_frames(start_gateway, keys, picture):
    file, key = keys
    gateway = start_gateway(keys_file=str(file))
    headers = JPEG | {"idempotency-key": "1"}

    answers = [
        gateway.client(key[tenant]).post("/v1/frames", content=picture, headers=headers) for tenant in key
    ]

    assert len({answer.json()["id"] for answer in answers}) == 2


def test_a_new_key_is_valid_at_once_beside_the_old_one_which_ends_when_it_is_taken_away(start_gateway, keys):
    file, key = keys
    gateway = start_gateway(keys_file=str(file))
    old = file.read_text()
    new, line = new_key("shop-1")

    def status(key):
        return gateway.client(key).get("/v1/cameras/door/latest").status_code

    assert (status(key["shop-1"]), status(new)) == (404, 401)
    file.write_text(f"{old}{line}\n")
    assert (status(key["shop-1"]), status(new)) == (404, 404)
    file.write_text(f"{line}\n")
    assert (status(key["shop-1"]), status(new)) == (401, 404)


def test_who_asks_too_often_is_told_when_to_come_again_and_nobody_else_is(start_gateway, keys):
    file, key = keys
    slow = TenantLimits(rate_per_s=0.5, burst=2)
    gateway = start_gateway(keys_file=str(file), tenants={"shop-1": slow})
    limited, free = gateway.client(key["shop-1"]), gateway.client(key["shop-2"])

    answers = [limited.get("/v1/cameras/door/latest") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert answers[-1].json()["reason"] == "rate-limit"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 2
    assert free.get("/v1/cameras/door/latest").status_code == 404


def test_streams_count_as_requests_under_way(start_gateway, keys):
    file, key = keys
    gateway = start_gateway(keys_file=str(file), limits=TenantLimits(concurrent=1))

    with gateway.client(key["shop-1"]).stream("GET", "/v1/stream") as stream:
        lines = stream.iter_lines()  # httpx closes the stream when nobody holds these any more
        assert next(lines).startswith(":")
        refused = gateway.client(key["shop-1"]).get("/v1/cameras/door/latest")
        assert (refused.status_code, refused.json()["reason"]) == (429, "concurrent-limit")

    until(lambda: gateway.client(key["shop-1"]).get("/v1/cameras/door/latest").status_code == 404)


def test_the_days_frames_are_counted_over_a_restart(start_gateway, keys, picture):
    file, key = keys
    limits = TenantLimits(daily_frames=3)
    first = start_gateway(keys_file=str(file), limits=limits)
    posted = [first.client(key["shop-1"]).post("/v1/frames", content=picture, headers=JPEG) for _ in range(2)]
    assert [answer.status_code for answer in posted] == [202, 202]
    assert first.stop() == 0

    second = start_gateway(keys_file=str(file), limits=limits)
    until(lambda: second.client().get("/readyz").status_code == 200)
    posted = [
        second.client(key["shop-1"]).post("/v1/frames", content=picture, headers=JPEG) for _ in range(2)
    ]

    assert [answer.status_code for answer in posted] == [202, 429]
    assert posted[-1].json()["reason"] == "daily-limit"
    assert int(posted[-1].headers["retry-after"]) <= 86_400 - time.time() % 86_400 + 1


def test_without_keys_only_this_machine_may_call_and_only_by_its_own_name(start_gateway):
    gateway = start_gateway()

    assert "only this machine may call" in gateway.log.read_text()
    assert gateway.client().get("/v1/cameras/door/latest").status_code == 404
    rebound = gateway.client().get("/v1/cameras/door/latest", headers={"host": "evil.example:80"})
    assert rebound.status_code == 401
    forwarded = gateway.client().get("/v1/cameras/door/latest", headers={"x-forwarded-for": "8.8.8.8"})
    assert forwarded.status_code == 404
