"""Which letters are meant, which can go back, and what goes back."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from frames.clients import MAX_MESSAGE_BYTES
from frames.event import Frame, Message, encode_frame
from frames.letter import BROKEN, MARK, ORIGIN, Filter, Letter, is_mark, mark, original, read_letter
from frames.outcome import Dead, DeadReason, RecordId
from frames.redrive import plan
from frames.topics import TopicSettings

TOPICS = TopicSettings()
DEAD = Dead(
    RecordId("frames", 3, 12),
    encode_frame(Frame("f", "door", "/cameras/door", 10.0, "image/jpeg", b"\xff\xd8\xff")),
    DeadReason.CORRUPT_IMAGE,
    "decode",
    "the decoder gives up",
    1,
    20.0,
    20.0,
    "w",
)


def record(message: Message, offset: int = 17) -> SimpleNamespace:
    """As kafka-python delivers it."""
    return SimpleNamespace(
        topic=TOPICS.dead,
        partition=3,
        offset=offset,
        timestamp=20_000,
        key=message.key,
        value=message.value,
        headers=list(message.headers),
    )


def letter(dead: Dead = DEAD, offset: int = 17) -> Letter:
    return read_letter(record(dead.message(), offset))


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        pytest.param(Filter(), True, id="any"),
        pytest.param(Filter(reason="corrupt-image"), True, id="its reason"),
        pytest.param(Filter(reason=BROKEN), False, id="another reason"),
        pytest.param(Filter(camera="door"), True, id="its camera"),
        pytest.param(Filter(camera="roof"), False, id="another camera"),
        pytest.param(Filter(since=20.0, until=20.1), True, id="from since on"),
        pytest.param(Filter(since=20.1), False, id="too early"),
        pytest.param(Filter(until=20.0), False, id="up to until, excluded"),
        pytest.param(Filter(reason="corrupt-image", camera="roof"), False, id="not all hold"),
    ],
)
def test_a_letter_is_meant_when_all_that_was_asked_for_holds(wanted, meant):
    assert wanted(letter()) is meant


def test_the_camera_is_the_key_else_what_the_event_says():
    keyless = replace(DEAD, original=replace(DEAD.original, key=None))
    nobody = replace(DEAD, original=Message(None, b"text", []))

    assert letter().camera == "door"
    assert letter(keyless).camera == "/cameras/door"
    assert letter(nobody).camera is None


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param([("dlq-reason", b"corrupt-image")], id="not all"),
        pytest.param([*DEAD.message().headers, ("dlq-partition", b"-1")], id="a wrong one"),
        pytest.param([*DEAD.message().headers, ("dlq-offset", b"9" * 9999)], id="an endless one"),
        pytest.param([*DEAD.message().headers, ("dlq-at", b"1e400")], id="no instant"),
        pytest.param([*DEAD.message().headers, ("dlq-reason", b"\xff\x00")], id="not text"),
    ],
)
def test_a_record_without_sound_headers_is_told_of_as_broken(headers):
    broken = read_letter(record(Message(b"door", b"image", headers)))

    assert (broken.reason, broken.dead, broken.state) == (BROKEN, None, "incomplete")
    assert broken.problem


def test_what_goes_back_is_what_came_and_where_from():
    back = original(letter())

    assert (back.key, back.value) == (DEAD.original.key, DEAD.original.value)
    assert back.headers == [*DEAD.original.headers, (ORIGIN, b"frames.dlq/3/17")]


def test_a_letter_without_its_content_or_too_large_cannot_go_back():
    detail = "25000000 bytes unpacked, left out of this letter: not an event"
    left_out = letter(replace(DEAD, original=Message(b"door", b"", []), detail=detail))
    large = letter(replace(DEAD, original=Message(b"door", bytes(MAX_MESSAGE_BYTES - 100), [])))

    assert left_out.obstacle == "its content was left out of the letter"
    assert large.obstacle == "it is too large for `frames` with one more header"
    with pytest.raises(ValueError, match="cannot be put back"):
        original(left_out)


def test_an_empty_frame_is_complete():
    assert letter(replace(DEAD, original=replace(DEAD.original, value=b""))).obstacle is None


def test_a_frame_cannot_pass_for_a_mark():
    forger = replace(DEAD, original=Message(b"door", b"", [(MARK, b"frames.dlq/3/1")]))

    assert is_mark(TOPICS, record(mark(letter())))
    assert not is_mark(TOPICS, record(forger.message()))
    assert not is_mark(TOPICS.model_copy(update={"dead": "other"}), record(mark(letter())))


def test_a_plan_puts_each_letter_back_that_was_not_and_can_be():
    broken = read_letter(record(Message(b"door", b"", []), 3))

    done = plan([letter(offset=1), replace(letter(offset=2), redriven=True), broken])

    assert set(done.put_back) == {RecordId("frames.dlq", 3, 1)}
    assert (done.already, done.obstacles) == (1, {"it is no letter": 1})
