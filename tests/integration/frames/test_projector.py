"""The projector on the real broker and the real Redis: killed, flushed, doubled and cut off."""

import random

import pytest

from frames.event import Message
from frames.projection import RedisSettings, connect
from frames.projector import Projector
from frames.results import Results
from tests.integration.frames.outcomes import STARTED, dead, detected, expired
from tests.integration.frames.waiting import eventually, running


@pytest.fixture
def results(redis: RedisSettings) -> Results:
    return Results(redis)


@pytest.fixture
def projector(kafka, topics, redis) -> Projector:
    return Projector(kafka, topics, redis, random.Random(7))


def test_outcomes_can_be_asked_for_by_frame_and_results_by_camera(topics, write, projector, results):
    write([detected(topics, 0), expired(topics, 1), dead(topics, 2), detected(topics, 3, camera="till")])

    with running(projector):
        eventually(lambda: projector.projected == 4)

    assert [results.by_frame(f"door-{n}")["kind"] for n in range(3)] == ["detected", "expired", "dead"]
    assert results.by_frame("door-2")["reason"] == "unsupported-image"
    assert "original" not in results.by_frame("door-2")
    assert results.latest("door")["frame_id"] == "door-0"
    assert results.cameras() == ["till", "door"]
    assert (results.by_frame("nobody"), results.latest("nobody")) == (None, None)


def test_what_is_no_outcome_is_skipped_and_counted(topics, write, projector, results):
    hostile = Message(b"door", b"{", [("ce_type", b"?")])
    write([(topic, hostile) for topic in topics.outcomes])
    write([dead(topics, 0, original=hostile), detected(topics, 1)])

    with running(projector):
        eventually(lambda: projector.projected == 2)

    assert projector.skipped == 3
    assert results.latest("door")["frame_id"] == "door-1"


def test_the_newest_result_never_goes_backwards(topics, write, projector, results):
    with running(projector):
        for n, offset in enumerate([5, 3, 7, 6]):
            write([detected(topics, offset)])
            eventually(lambda seen=n + 1: projector.projected == seen)

    assert results.latest("door")["frame_id"] == "door-7"


def test_frames_captured_at_the_same_instant_are_ordered_by_offset(topics, write, projector, results):
    write([detected(topics, offset, captured_at=STARTED, at=STARTED) for offset in (9, 10, 8)])

    with running(projector):
        eventually(lambda: projector.projected == 3)

    assert results.latest("door")["frame_id"] == "door-10"


def test_a_camera_whose_clock_was_ahead_does_not_hide_later_results(topics, write, projector, results):
    write([detected(topics, 0, captured_at=STARTED + 3600.0), detected(topics, 1)])

    with running(projector):
        eventually(lambda: projector.projected == 2)

    assert results.latest("door")["frame_id"] == "door-1"


def test_a_new_projector_goes_on_where_the_last_one_stopped(kafka, topics, redis, write, projector, results):
    write([detected(topics, n) for n in range(3)])
    with running(projector):
        eventually(lambda: projector.projected == 3)
    write([detected(topics, 3)])

    second = Projector(kafka, topics, redis, random.Random(8))
    with running(second):
        eventually(lambda: results.by_frame("door-3") is not None)

    assert second.projected == 1


def test_a_flushed_redis_is_filled_again(topics, redis, write, projector, results):
    write([detected(topics, n) for n in range(3)])

    with running(projector):
        eventually(lambda: projector.projected == 3)
        client = connect(redis)
        client.delete(*client.keys(f"{redis.key_prefix}*"))
        eventually(lambda: results.by_frame("door-0") is not None)
        eventually(lambda: results.latest("door") is not None)


def test_rebuilding_beside_a_running_projector_loses_nothing(topics, write, projector, results):
    write([detected(topics, n) for n in range(3)])

    with running(projector):
        eventually(lambda: projector.projected == 3)
        projector.rebuild()
        eventually(lambda: projector.projected == 6)

    assert results.latest("door")["frame_id"] == "door-2"
    assert all(results.by_frame(f"door-{n}") for n in range(3))


def test_two_projectors_write_every_outcome(kafka, topics, redis, write, projector, results):
    second = Projector(kafka, topics, redis, random.Random(8))

    with running(projector), running(second):
        for n in range(0, 40, 4):
            write([detected(topics, offset) for offset in range(n, n + 4)])
        eventually(lambda: all(results.by_frame(f"door-{n}") for n in range(40)))

    assert results.latest("door")["frame_id"] == "door-39"


def test_values_are_capped(topics, redis, kafka, write):
    small = redis.model_copy(update={"max_value_bytes": 2_000})
    projector, results = Projector(kafka, topics, small, random.Random(7)), Results(small)
    many = detected(topics, 0).detections * 500

    write([detected(topics, 0, detections=many)])
    with running(projector):
        eventually(lambda: projector.projected == 1)

    result = results.latest("door")
    assert (result["detections"], result["detections_left_out"]) == ([], 500)


def test_cameras_are_capped(topics, redis, kafka, write):
    few = redis.model_copy(update={"max_cameras": 3})
    projector, results = Projector(kafka, topics, few, random.Random(7)), Results(few)

    write([detected(topics, n, camera=f"c{n}") for n in range(9)])
    with running(projector):
        eventually(lambda: projector.projected == 9)

    assert results.cameras() == ["c8", "c7", "c6"]


def test_outcomes_leave_redis_after_their_time(topics, redis, write, projector, results):
    write([detected(topics, 0, captured_at=1000.0, at=1000.0)])

    with running(projector):
        eventually(lambda: projector.projected == 1)

    assert results.by_frame("door-0") is None
    assert results.latest("door") is None


def test_redis_away_is_told_once_and_waited_for(topics, redis, write, projector, results, caplog):
    client = connect(redis)
    write([detected(topics, 0)])

    with caplog.at_level("INFO"), running(projector):
        eventually(lambda: projector.projected == 1)
        client.client_pause(4_000)  # longer than redis.timeout_s; the server answers nobody
        write([detected(topics, 1)])
        eventually(lambda: projector.projected == 2)

    assert results.by_frame("door-1") is not None
    assert [r.levelname for r in caplog.records if r.name == "frames.projector"] == ["WARNING", "INFO"]
    assert "Redis at" in caplog.text
