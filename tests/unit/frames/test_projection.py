"""How results are ranked, packed and named in Redis: pure functions, no Redis."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames.event import Frame, Message, encode_frame
from frames.outcome import Dead, DeadReason, Detected, Expired, RecordId
from frames.projection import RedisSettings, describe, frame_id, packed, place, ranked, unranked
from frames.projector import newest_results

RECORD = RecordId("frames", 3, 14)
DETECTED = Detected(
    RECORD,
    frame_id="7",
    camera="door",
    source="/cameras/door",
    captured_at=100.0,
    width=640,
    height=480,
    model_name="nano",
    model_digest="0123",
    detections=(),
    timings_s={},
    worker="w",
    at=1e9,
)
EXPIRED = Expired(RECORD, "7", "door", "/cameras/door", 100.0, 31.0, 30.0, "w", 131.0)
FRAME = Frame("7", "door", "/cameras/door", 100.0, "image/jpeg", b"GIF89a")
DEAD = Dead(
    RECORD, encode_frame(FRAME), DeadReason.UNSUPPORTED_IMAGE, "header", "a GIF", 1, 101.0, 101.0, "w"
)

results = st.builds(
    lambda captured_at, offset: replace(
        DETECTED, captured_at=captured_at, record=replace(RECORD, offset=offset)
    ),
    st.integers(0, 10**15).map(lambda microseconds: microseconds / 1e6),
    st.integers(0, 2**63 - 1),
)


@given(results, results)
def test_ranks_sort_by_capture_and_then_by_offset(one, other):
    by_value = ranked(one, b"z") > ranked(other, b"a")
    by_number = (one.captured_at, one.record.offset) >= (other.captured_at, other.record.offset)

    assert by_value is by_number


@given(results, st.binary())
def test_the_value_behind_a_rank_is_untouched(result, value):
    assert unranked(ranked(result, value)) == value


def test_a_clock_that_is_ahead_counts_only_up_to_the_detection():
    ahead = replace(DETECTED, captured_at=5000.0, at=1000.0)
    later = replace(DETECTED, captured_at=1001.0, at=1002.0)

    assert ranked(later, b"") > ranked(ahead, b"")


@given(st.lists(results, min_size=1))
def test_one_result_of_each_camera_is_the_newest(outcomes):
    newest = newest_results([EXPIRED, *outcomes, DEAD])

    assert ranked(newest["door"], b"") == max(ranked(outcome, b"") for outcome in outcomes)


@pytest.mark.parametrize("outcome", [DETECTED, EXPIRED, DEAD], ids=lambda outcome: outcome.kind)
def test_every_outcome_is_described_in_json_without_its_image(outcome):
    description = json.loads(packed(describe(outcome), 10_000))

    assert description["kind"] == outcome.kind.value
    assert description["record"] == {"topic": "frames", "partition": 3, "offset": 14}
    assert "original" not in description
    assert frame_id(outcome) == "7"


def test_a_dead_letter_that_is_no_frame_event_has_no_frame_id():
    assert frame_id(replace(DEAD, original=Message(None, b"", []))) is None


def test_a_place_is_shown_without_its_password():
    assert place(RedisSettings(url="redis://user:hunter2@host:6379/0")) == "host:6379"


def test_a_password_is_not_shown_with_the_settings():
    assert "hunter2" not in repr(RedisSettings.model_validate({"password": "hunter2"}))
