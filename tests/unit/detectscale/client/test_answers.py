"""What a gateway says, and what it cannot have said."""

import dataclasses
import json

import pytest

from detectscale.client.answers import Dead, Detected, Expired, Pending, cameras_of, problem_of, state_of
from detectscale.client.client_errors import BadAnswerError
from frames.gateway import frame_state
from frames.gateway.problem import Problem

DETECTED = frame_state.DetectedFrame.model_config["json_schema_extra"]["example"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Detected, frame_state.DetectedFrame),
        (Expired, frame_state.ExpiredFrame),
        (Dead, frame_state.DeadFrame),
        (Pending, frame_state.Pending),
    ],
)
def test_client_and_gateway_know_the_same_fields(ours, theirs):
    assert {field.name for field in dataclasses.fields(ours)} == set(theirs.model_fields)


def test_the_example_of_the_documentation_is_a_result_with_boxes():
    result = state_of(json.dumps(DETECTED), "http://gateway")

    assert isinstance(result, Detected)
    assert (result.detections[0].label, result.detections[0].box) == ("person", (12.5, 40.0, 88.0, 310.5))


def test_what_a_newer_gateway_adds_is_ignored():
    told = DETECTED | {"mood": "fine", "detections": [DETECTED["detections"][0] | {"track": 7}]}

    assert state_of(json.dumps(told), "") == state_of(json.dumps(DETECTED), "")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="nothing"),
        pytest.param("<html>hello</html>", id="a page"),
        pytest.param("[]", id="no object"),
        pytest.param("[" * 1_000_000, id="deep"),
        pytest.param('{"id": "f1", "status": "lost"}', id="no such status"),
        pytest.param('{"id": 7, "status": "pending"}', id="an id that is a number"),
        pytest.param(json.dumps(DETECTED | {"captured_at": float("nan")}), id="no number"),
        pytest.param(json.dumps(DETECTED | {"at": float("inf")}), id="a number without end"),
        pytest.param(json.dumps(DETECTED | {"detections": [{"box": [1]}]}), id="half a box"),
    ],
)
def test_what_is_no_answer_is_one_line_that_names_the_address(body):
    with pytest.raises(BadAnswerError, match=r"^http://shop: not what a gateway answers: ") as error:
        state_of(body, "http://shop")

    assert len(str(error.value).splitlines()) == 1
    assert len(str(error.value)) < 400


def test_the_cameras_are_a_list_of_names():
    example = json.dumps({"cameras": [{"id": "door", "objects": {"person": 2}}, {"id": "hall"}]})

    assert cameras_of(example.encode(), "http://shop") == ["door", "hall"]
    with pytest.raises(BadAnswerError, match="http://shop: not what a gateway answers: cameras"):
        cameras_of(b'{"cameras": ["door"]}', "http://shop")


def test_a_problem_of_the_gateway_is_read():
    problem = Problem(title="", status=429, detail="too often", reason="rate-limit")

    assert problem_of(problem.model_dump_json().encode()).reason == "rate-limit"
