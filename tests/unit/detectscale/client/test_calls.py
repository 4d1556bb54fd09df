"""What a client asks, in which order."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectscale.client.calls import TURN_S, Picture, detecting, finding_latest, publishing, waiting
from detectscale.client.client_errors import BadAnswerError, PendingError, RefusedError
from frames.gateway.http_event import posted
from frames.gateway.tenant import Tenant
from frames.store import StoreCamera
from tests.unit.detectscale.client.play import against, no_reply, played, reply
from tests.unit.detectscale.client.test_answers import DETECTED

PICTURE = Picture(b"\xff\xd8", "door", None, "key-1")
PENDING = json.dumps({"id": "f1", "status": "pending"})
RNG = random.Random(1)


def test_a_picture_that_is_posted_again_has_the_same_key():
    asked = []

    frame_id = played(publishing(PICTURE, 0.0, 30.0, RNG), [no_reply(1.0), reply(202, PENDING, 2.0)], asked)

    assert frame_id == "f1"
    assert [ask.headers["idempotency-key"] for ask in asked] == ["key-1"] * 2
    assert [ask.body for ask in asked] == [b"\xff\xd8"] * 2


def test_detect_goes_on_waiting_for_what_is_not_done_in_its_turn():
    asked = []
    answers = [reply(202, PENDING, 10.0), reply(200, PENDING, 20.0), reply(200, json.dumps(DETECTED), 23.0)]

    result = played(detecting(PICTURE, 0.0, 60.0, RNG), answers, asked)

    assert result.status == "detected"
    assert [(ask.method, ask.path) for ask in asked] == [
        ("POST", "/v1/detect"),
        ("GET", "/v1/frames/f1"),
        ("GET", "/v1/frames/f1"),
    ]
    assert {ask.params["wait"] for ask in asked} == {"10.000"}
    assert all(ask.after_s == 0 for ask in asked)


def test_waiting_ends_with_the_time_and_keeps_the_id():
    asked = []
    answers = [reply(200, PENDING, 10.0), reply(200, PENDING, 12.0)]

    with pytest.raises(PendingError, match="frame f1: no outcome yet") as error:
        played(waiting("f1", 0.0, 12.0, RNG), answers, asked)

    assert error.value.frame_id == "f1"
    assert [ask.params["wait"] for ask in asked] == ["10.000", "2.000"]


@given(st.floats(min_value=0, max_value=100), st.floats(min_value=0.01, max_value=15))
def test_waiting_asks_for_no_more_than_is_left(timeout_s, turn_s):
    log = []

    with pytest.raises(PendingError):
        against(
            waiting("f1", 0.0, timeout_s, RNG), lambda ask, at: reply(200, PENDING, at + turn_s), 0.0, log
        )

    assert all(float(ask.params["wait"]) <= min(TURN_S, max(0.0, timeout_s - at)) + 1e-3 for at, ask in log)
    assert log[-1][0] + turn_s >= timeout_s


def test_a_gateway_that_answers_pending_at_once_is_not_asked_in_a_tight_loop():
    log = []

    with pytest.raises(PendingError):
        against(waiting("f1", 0.0, 60.0, RNG), lambda ask, at: reply(200, PENDING, at), 0.0, log)

    assert len(log) <= 2 * 60 + 1


def test_a_camera_without_results_has_none_and_a_place_without_a_gateway_is_an_error():
    problem = json.dumps({"detail": "this camera has no results", "reason": "not-found"})

    assert played(finding_latest("door", 0.0, 30.0, RNG), [reply(404, problem)], []) is None
    with pytest.raises(RefusedError, match=r"Not Found \(http-404\)"):
        played(finding_latest("door", 0.0, 30.0, RNG), [reply(404, "<html>")], [])
    with pytest.raises(BadAnswerError, match="only detected can be"):
        played(finding_latest("door", 0.0, 30.0, RNG), [reply(200, PENDING)], [])


@given(st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()))
def test_no_camera_leads_to_another_path(camera):
    path = next(finding_latest(camera, 0.0, 30.0, RNG)).path

    assert path.isascii()
    assert path.count("/") == 4
    assert ".." not in path


@pytest.mark.parametrize("camera", ["door", "hall/left 2", "Tür %41", 'a"b;c,d'])
def test_the_gateway_reads_a_picture_with_and_without_its_instant_as_the_same_frame(camera):
    image = StoreCamera(1, 64, 48).jpeg(0.0)[0]
    tenant, now = Tenant("shop-1"), 1_764_000_100.0

    def read(captured_at):
        ask = Picture(image, camera, captured_at, "key-1").ask("/v1/frames")
        return posted(ask.headers, ask.body, tenant, ask.params.get("camera", "http"), now, None)

    plain, dated = read(None), read(1_764_000_000.25)

    assert plain.repeatable
    assert dated.repeatable
    assert plain.frame.id == dated.frame.id
    assert plain.frame.camera == dated.frame.camera == tenant.key(camera)
    assert plain.frame.source == dated.frame.source
    assert (plain.frame.captured_at, dated.frame.captured_at) == (now, 1_764_000_000.25)
