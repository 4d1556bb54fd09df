"""From a request to a frame event."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames.event import Frame
from frames.gateway.http_event import STRUCTURED, Mode, mode_of, posted
from frames.gateway.problem import ProblemError
from frames.gateway.tenant import Tenant
from frames.store import StoreCamera

TENANT = Tenant("shop-1")
NOW = 1764000000.0
JPEG = {"content-type": "image/jpeg"}
EVENT = {
    "specversion": "1.0",
    "type": "detectscale.frame.v1",
    "source": "/cameras/door",
    "id": "17",
    "time": "2025-11-24T16:00:00.5Z",
}


@pytest.fixture(scope="module")
def picture():
    return StoreCamera(9005).jpeg(3.0)[0]


def read(headers, body, tenant=TENANT, expiry_s=None):
    return posted(headers, body, tenant, "door", NOW, expiry_s)


def binary(**changed):
    return JPEG | {f"ce-{name}": value for name, value in (EVENT | changed).items() if value is not None}


def test_an_image_becomes_a_frame_in_its_tenants_name(picture):
    found = read(JPEG, picture, expiry_s=5.0)

    assert found.frame == Frame(
        id=found.frame.id,
        camera="shop-1/door",
        source="/tenants/shop-1/cameras/door",
        captured_at=NOW,
        content_type="image/jpeg",
        image=picture,
        expires_at=NOW + 5,
    )
    assert TENANT.owns(found.frame.id)
    assert not found.repeatable


def test_both_modes_of_a_cloudevent_are_the_same_frame(picture):
    structured = json.dumps(EVENT | {"data_base64": base64.b64encode(picture).decode()}).encode()

    in_binary = read(binary(), picture)
    in_json = read({"content-type": f"{STRUCTURED}; charset=utf-8"}, structured)

    assert in_binary == in_json
    assert in_binary.repeatable
    assert in_binary.frame.captured_at == 1764000000.5
    assert in_binary.frame.camera == "shop-1//cameras/door"


def test_the_camera_of_an_event_is_its_partitionkey_first(picture):
    frame = read(binary(partitionkey="back%20door", expirytime="2025-11-24T16:00:05Z"), picture).frame

    assert (frame.camera, frame.expires_at) == ("shop-1/back door", 1764000005.0)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"type": "something.else"}, id="type"),
        pytest.param({"id": None}, id="no id"),
        pytest.param({"source": None}, id="no source"),
        pytest.param({"time": "yesterday"}, id="time"),
        pytest.param({"dataref": "s3://ours/frames/1"}, id="a claim check of ours"),
        pytest.param({"partitionkey": "a%0Ab"}, id="a line break in the camera"),
        pytest.param({"source": "x" * 201}, id="a long camera"),
    ],
)
def test_what_is_no_frame_event_is_refused(picture, changed):
    with pytest.raises(ProblemError) as refused:
        read(binary(**changed), picture)

    assert refused.value.status == 422


@pytest.mark.parametrize(
    ("headers", "mode"),
    [
        ({"content-type": "image/png"}, Mode.IMAGE),
        ({"content-type": "Image/JPEG; q=1"}, Mode.IMAGE),
        ({"content-type": "image/png", "ce-specversion": "1.0"}, Mode.BINARY),
        ({"content-type": STRUCTURED}, Mode.STRUCTURED),
        ({"content-type": "image/gif"}, None),
        ({"content-type": "application/cloudevents-batch+json"}, None),
        ({"content-type": "multipart/form-data"}, None),
        ({}, None),
        ({"content-type": "image/png", "content-encoding": "gzip"}, None),
    ],
)
def test_the_headers_tell_how_a_body_is_read_or_that_it_is_not(headers, mode):
    if mode is not None:
        assert mode_of(headers) is mode
        return
    with pytest.raises(ProblemError) as refused:
        mode_of(headers)
    assert refused.value.status == 415


def test_the_bytes_say_what_an_image_is_and_not_the_sender(picture):
    assert read({"content-type": "image/png"}, picture).frame.content_type == "image/jpeg"


@given(st.binary(max_size=2000), st.sampled_from(["image/jpeg", STRUCTURED]), st.booleans())
def test_any_bytes_are_refused_and_nothing_else_happens(body, content_type, event):
    headers = {"content-type": content_type} | ({f"ce-{k}": v for k, v in EVENT.items()} if event else {})

    with pytest.raises(ProblemError):
        read(headers, body)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5), st.data())
def test_any_json_is_refused_and_nothing_else_happens(value, data):
    event = EVENT | {data.draw(st.sampled_from([*EVENT, "data_base64", "datacontenttype"])): value}

    with pytest.raises(ProblemError):
        read({"content-type": STRUCTURED}, json.dumps(event).encode())
