"""What a frame event looks like in Kafka, and that no hostile message gets past its reader."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames.event import LAST_INSTANT, Frame, InvalidEventError, Message, decode_frame, encode_frame

NOW = 1_800_000_000.0

text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
instants = st.integers(0, int(LAST_INSTANT - 1) * 1_000_000).map(lambda microseconds: microseconds / 1e6)
frames = st.builds(
    Frame,
    id=text,
    camera=text,
    source=text,
    captured_at=instants,
    content_type=text,
    image=st.binary(max_size=200),
    sequence=st.none() | text,
    expires_at=st.none() | instants,
    dataref=st.none() | text,
    traceparent=st.none() | text,
)

BINARY = {
    "ce_specversion": b"1.0",
    "ce_id": b"7",
    "ce_source": b"/cameras/door",
    "ce_type": b"detectscale.frame.v1",
    "ce_time": b"2026-11-24T05:40:00.5Z",
    "content-type": b"image/jpeg",
}
STRUCTURED = {
    "specversion": "1.0",
    "id": "7",
    "source": "/cameras/door",
    "type": "detectscale.frame.v1",
    "time": "2026-11-24T05:40:00.5Z",
    "datacontenttype": "image/jpeg",
    "data_base64": base64.b64encode(b"image").decode(),
}


def binary(changes: Mapping[str, bytes | None]) -> Message:
    headers = {name: value for name, value in (BINARY | changes).items() if value is not None}
    return Message(b"door", b"image", list(headers.items()))


def structured(changes: Mapping[str, Any]) -> Message:
    body = {name: value for name, value in (STRUCTURED | changes).items() if value is not None}
    return Message(b"door", json.dumps(body).encode(), [("content-type", b"application/cloudevents+json")])


@given(frames)
def test_a_frame_comes_back_as_it_was_written(frame):
    assert decode_frame(encode_frame(frame), NOW) == frame


def test_binary_mode_puts_attributes_in_headers_and_the_image_in_the_value():
    message = encode_frame(Frame("7", "door", "/cameras/door", 0.5, "image/jpeg", b"image", sequence="9"))

    assert (message.key, message.value) == (b"door", b"image")
    assert dict(message.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"7",
        "ce_source": b"/cameras/door",
        "ce_type": b"detectscale.frame.v1",
        "ce_time": b"1970-01-01T00:00:00.500000Z",
        "ce_sequence": b"9",
        "content-type": b"image/jpeg",
    }


@pytest.mark.parametrize("message", [binary({}), structured({})], ids=["binary", "structured"])
def test_both_modes_are_read(message):
    frame = decode_frame(message, NOW)

    assert frame == Frame("7", "door", "/cameras/door", 1795498800.5, "image/jpeg", b"image")


def test_a_frame_without_time_was_captured_when_it_was_appended():
    assert decode_frame(binary({"ce_time": None}), NOW).captured_at == NOW


def test_a_frame_without_key_belongs_to_the_camera_that_its_source_names():
    message = Message(None, b"image", list(BINARY.items()))

    assert decode_frame(message, NOW).camera == "/cameras/door"


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(Message(None, b"", []), id="empty"),
        pytest.param(Message(b"door", b"image", []), id="no headers"),
        pytest.param(binary({"ce_id": None}), id="no id, which the SDK would make up"),
        pytest.param(binary({"ce_id": b""}), id="empty id"),
        pytest.param(binary({"ce_id": b"x" * 1025}), id="id too long to travel on in outcomes"),
        pytest.param(binary({"ce_id": b"\xff"}), id="not UTF-8"),
        pytest.param(binary({"ce_type": b"com.example"}), id="another type"),
        pytest.param(binary({"ce_specversion": b"2.0"}), id="another version"),
        pytest.param(binary({"ce_time": b"yesterday"}), id="time is no instant"),
        pytest.param(binary({"ce_time": b"2026-11-24T05:40:00"}), id="time without a zone"),
        pytest.param(binary({"ce_time": b"0001-01-01T00:00:00+23:59"}), id="time before year 1"),
        pytest.param(binary({"ce_time": b"9999-12-31T23:59:59-23:59"}), id="time after year 9999"),
        pytest.param(binary({"ce_expirytime": b"soon"}), id="expirytime is no instant"),
        pytest.param(binary({"ce_Bad-Name": b"1"}), id="attribute name"),
        pytest.param(Message(b"\xff", b"image", list(BINARY.items())), id="key is not UTF-8"),
        pytest.param(structured({"id": 7}), id="JSON number as id"),
        pytest.param(structured({"id": "\ud800"}), id="half a surrogate pair"),
        pytest.param(structured({"sequence": {"a": []}}), id="JSON object as sequence"),
        pytest.param(structured({"expirytime": 5}), id="JSON number as expirytime"),
        pytest.param(structured({"time": 5}), id="JSON number as time"),
        pytest.param(structured({"data_base64": "abc"}), id="not base64"),
        pytest.param(structured({"data_base64": 5}), id="base64 is a number"),
        pytest.param(structured({"specversion": "0.3"}), id="structured, another version"),
        pytest.param(
            Message(None, b"[" * 100_000, [("content-type", b"application/cloudevents+json")]),
            id="deeply nested JSON",
        ),
        pytest.param(
            Message(None, b"[]", [("content-type", b"application/cloudevents+json")]), id="JSON but no object"
        ),
    ],
)
def test_what_is_no_frame_event_is_refused(message):
    with pytest.raises(InvalidEventError):
        decode_frame(message, NOW)


@given(
    st.dictionaries(st.sampled_from([*BINARY, "ce_sequence", "ce_expirytime"]), st.binary(max_size=30)),
    st.none() | st.binary(max_size=8),
    st.floats(),
)
def test_hostile_headers_raise_nothing_else(changes, key, appended_at):
    message = Message(key, b"image", list((BINARY | changes).items()))

    read_or_refuse(message, appended_at)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from([*STRUCTURED, "data", "sequence", "expirytime"]), json_values),
    st.floats(),
)
def test_hostile_json_raises_nothing_else(changes, appended_at):
    read_or_refuse(structured(changes), appended_at)


@given(st.binary(max_size=100))
def test_hostile_bytes_raise_nothing_else(value):
    read_or_refuse(Message(None, value, [("content-type", b"application/cloudevents+json")]), NOW)


def read_or_refuse(message: Message, appended_at: float) -> None:
    """Whatever is not refused can be written again, so that a worker can send its outcome."""
    try:
        frame = decode_frame(message, appended_at)
    except InvalidEventError:
        return
    encode_frame(frame)
