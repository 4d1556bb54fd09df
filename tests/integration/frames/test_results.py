"""Results straight from Kafka, and what a reader is told when Redis is away."""

import threading
from itertools import islice

import pytest

from frames.errors import ConfigError, UnavailableError
from frames.event import Message
from frames.projection import RedisSettings
from frames.results import Results, follow, stored
from tests.integration.frames.outcomes import dead, detected, expired


def test_all_stored_outcomes_are_read_and_what_is_none_left_out(kafka, topics, write, caplog):
    outcomes = [detected(topics, 0), expired(topics, 1), dead(topics, 2)]
    write([*outcomes, (topics.detections, Message(b"door", b"{", []))])

    assert {outcome.record: outcome for outcome in stored(kafka, topics)} == {o.record: o for o in outcomes}
    assert "no CloudEvents headers" in caplog.text


def test_nothing_stored_is_nothing_read(kafka, topics):
    assert list(stored(kafka, topics)) == []


def test_following_from_the_beginning_goes_on_with_what_comes(kafka, topics, write):
    write([detected(topics, 0)])
    outcomes = follow(kafka, topics, from_beginning=True, stop=threading.Event())

    first = next(outcomes)
    write([detected(topics, 1)])
    second = next(outcomes)

    assert (first, second) == (detected(topics, 0), detected(topics, 1))


def test_following_from_now_leaves_out_the_past(kafka, topics, write):
    write([detected(topics, n) for n in range(5)])
    arrived = threading.Event()
    seen = []

    def listen() -> None:
        for outcome in follow(kafka, topics, from_beginning=False, stop=threading.Event()):
            seen.append(outcome)
            arrived.set()
            return

    thread = threading.Thread(target=listen)
    thread.start()
    for n in range(5, 500):
        write([detected(topics, n)])
        if arrived.wait(0.05):
            break
    thread.join(10)

    assert seen[0].record.offset >= 5


def test_following_ends_when_told(kafka, topics):
    stop = threading.Event()
    stop.set()

    assert list(islice(follow(kafka, topics, from_beginning=True, stop=stop), 1)) == []


def test_a_missing_topic_is_told(kafka, topics):
    nowhere = topics.model_copy(update={"detections": "nowhere"})

    with pytest.raises(UnavailableError, match="nowhere does not exist"):
        list(stored(kafka, nowhere))


def test_redis_away_is_told_without_the_password():
    results = Results(RedisSettings(url="redis://user:hunter2@127.0.0.1:1/0", timeout_s=0.2))

    with pytest.raises(UnavailableError, match=r"Redis at 127\.0\.0\.1:1 does not work") as told:
        results.latest("door")

    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("url", [None, "http://user:hunter2@host"], ids=["none", "http"])
def test_an_address_that_cannot_be_used_is_told(url):
    with pytest.raises(ConfigError, match=r"redis\.url") as told:
        Results(RedisSettings(url=url))

    assert "hunter2" not in str(told.value)
