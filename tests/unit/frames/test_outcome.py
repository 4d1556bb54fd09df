"""The three outcomes of a frame record: written, read back, and refused when hostile."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames.event import LAST_INSTANT, InvalidEventError, Message
from frames.outcome import READERS, Dead, DeadReason, Detected, Detection, Expired, RecordId

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
finite = st.floats(allow_nan=False, allow_infinity=False)
instants = st.integers(0, int(LAST_INSTANT - 1) * 1_000_000).map(lambda microseconds: microseconds / 1e6)
records = st.builds(RecordId, names, st.integers(0, 9999), st.integers(0, 2**63 - 1))
boxes = st.tuples(finite, finite, finite, finite)
detections = st.builds(Detection, names, st.integers(0, 999), finite, boxes)
detected = st.builds(
    Detected,
    record=records,
    frame_id=names,
    camera=names,
    source=names,
    captured_at=instants,
    width=st.integers(1, 8192),
    height=st.integers(1, 8192),
    model_name=names,
    model_digest=names,
    detections=st.lists(detections, max_size=3).map(tuple),
    timings_s=st.dictionaries(names, finite, max_size=3),
    worker=names,
    at=instants,
)
expired = st.builds(Expired, records, names, names, names, instants, finite, finite, names, instants)
headers = st.lists(st.tuples(names.filter(lambda name: not name.startswith("dlq-")), st.binary(max_size=9)))
messages = st.builds(Message, st.none() | st.binary(max_size=9), st.binary(max_size=50), headers)
dead = st.builds(
    Dead,
    records,
    messages,
    st.sampled_from(DeadReason),
    names,
    names,
    st.integers(0, 9),
    instants,
    instants,
    names,
)

RECORD = RecordId("frames", 3, 14)
DETECTED = Detected(
    RECORD,
    frame_id="7",
    camera="door",
    source="/cameras/door",
    captured_at=1.5,
    width=640,
    height=480,
    model_name="nano",
    model_digest="0123456789abcdef" * 4,
    detections=(Detection("person", 0, 0.9, (1.0, 2.0, 3.0, 4.0)),),
    timings_s={"detect": 0.1},
    worker="w",
    at=2.5,
)
EXPIRED = Expired(RECORD, "7", "door", "/cameras/door", 1.5, 31.0, 30.0, "w", 32.5)
DEAD = Dead(
    RECORD,
    Message(b"door", b"GIF89a", [("ce_id", b"7")]),
    DeadReason.UNSUPPORTED_IMAGE,
    "header",
    "it is a GIF",
    1,
    1.5,
    2.5,
    "w",
)
OUTCOMES = [DETECTED, EXPIRED, DEAD]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.kind)
def test_an_outcome_carries_the_record_it_ends(outcome):
    assert type(outcome).read(outcome.message()).record == RECORD


@given(detected | expired | dead)
def test_an_outcome_comes_back_as_it_was_written(outcome):
    assert type(outcome).read(outcome.message()) == outcome


def test_a_repeated_detection_has_the_same_id():
    assert dict(DETECTED.message().headers)["ce_id"] == b"7:0123456789abcdef"


def test_a_dead_letter_keeps_key_value_and_headers_untouched():
    message = DEAD.message()

    assert (message.key, message.value) == (b"door", b"GIF89a")
    assert message.headers[0] == ("ce_id", b"7")


def test_a_second_death_replaces_the_first():
    again = Dead(RECORD, DEAD.message(), DeadReason.CORRUPT_IMAGE, "decode", "cut", 2, 3.0, 4.0, "v")

    assert Dead.read(again.message()).original == DEAD.original


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.kind)
def test_a_reader_refuses_the_other_kinds(reader, outcome):
    if reader is not type(outcome):
        with pytest.raises(InvalidEventError):
            reader.read(outcome.message())


def with_body(**changes: object) -> Message:
    message = DETECTED.message()
    body = {key: value for key, value in (json.loads(message.value) | changes).items() if value is not None}
    return Message(message.key, json.dumps(body).encode(), message.headers)


def with_header(outcome: Expired | Detected | Dead, name: str, value: bytes) -> Message:
    message = outcome.message()
    return Message(message.key, message.value, list((dict(message.headers) | {name: value}).items()))


@pytest.mark.parametrize(
    ("reader", "message"),
    [
        pytest.param(Detected, with_body(frame_id=None), id="no frame id"),
        pytest.param(Detected, with_body(width="wide"), id="width is text"),
        pytest.param(Detected, with_body(detections=[{"label": "person"}]), id="half a detection"),
        pytest.param(Detected, with_body(captured_at=float("nan")), id="captured never"),
        pytest.param(Detected, with_body(captured_at=1e18), id="captured after year 9999"),
        pytest.param(Detected, with_body(timings_s=[]), id="timings are a list"),
        pytest.param(Detected, Message(b"door", b"[]", DETECTED.message().headers), id="JSON but no object"),
        pytest.param(Detected, Message(b"door", b"[" * 99_999, DETECTED.message().headers), id="deep JSON"),
        pytest.param(Detected, with_header(DETECTED, "ce_frameoffset", b"-1"), id="negative offset"),
        pytest.param(Detected, with_header(DETECTED, "ce_frameoffset", b"last"), id="offset is text"),
        pytest.param(Expired, with_header(EXPIRED, "ce_ages", b"nan"), id="age is not a number"),
        pytest.param(Expired, with_header(EXPIRED, "ce_capturedat", b"then"), id="captured then"),
        pytest.param(Expired, with_header(EXPIRED, "ce_framepartition", b""), id="no partition"),
        pytest.param(Expired, Message(None, b"", EXPIRED.message().headers), id="no camera"),
        pytest.param(Dead, with_header(DEAD, "dlq-reason", b"bad luck"), id="unknown reason"),
        pytest.param(Dead, with_header(DEAD, "dlq-attempts", b"\xff"), id="attempts are not text"),
        pytest.param(Dead, Message(None, b"", [("dlq-topic", b"frames")]), id="few headers"),
    ],
)
def test_what_is_no_outcome_is_refused(reader, message):
    with pytest.raises(InvalidEventError):
        reader.read(message)


@given(
    st.sampled_from(OUTCOMES),
    st.dictionaries(st.integers(0, 14), st.binary(max_size=12), max_size=3),
    st.none() | st.binary(max_size=60),
)
def test_hostile_headers_and_values_raise_nothing_else(outcome, changes, value):
    message = outcome.message()
    headers = [(name, changes.get(place, old)) for place, (name, old) in enumerate(message.headers)]
    hostile = Message(message.key, message.value if value is None else value, headers)

    for reader in READERS:
        try:
            reader.read(hostile)
        except InvalidEventError:
            continue


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(json.loads(DETECTED.message().value))), json_values))
def test_hostile_json_raises_nothing_else(changes):
    try:
        Detected.read(with_body(**changes))
    except InvalidEventError:
        return
