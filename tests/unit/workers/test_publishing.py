from dataclasses import dataclass, field
from typing import Any

import pytest

from frames.outcome import ExpiredReason, expired
from frames.topics import TopicSettings
from tests.unit.workers.polled import frame, polled_frame
from workers.publishing import AT_ONCE, Publishing


class Acknowledged:
    """The future of a record that the broker has."""

    def add_callback(self, callback):
        callback(None)

    def add_errback(self, errback):
        pass


@dataclass
class Broker:
    """Takes everything at once."""

    topics: list[str] = field(default_factory=list)

    def send(self, topic: str, **message: Any) -> Acknowledged:
        self.topics.append(topic)
        return Acknowledged()


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def zombies():
    return []


@pytest.fixture
def publishing(broker, zombies):
    return Publishing(broker, TopicSettings(), on_zombie=lambda: zombies.append(1))


def late(polled):
    return expired(polled.record, frame(), ExpiredReason.TOO_OLD, 1.0, "w", 100.0)


def settled(publishing):
    return [polled for polled, _ in publishing.settled(timeout_s=0.0)]


def test_an_outcome_is_sent_at_once_where_nothing_is_gathered(publishing, broker):
    polled = polled_frame(offset=0)

    publishing.publish(polled, late(polled))

    assert broker.topics == ["frames.expired"]
    assert settled(publishing) == [polled]


def test_gathered_outcomes_are_sent_by_flush_in_their_order(publishing, broker):
    publishing.gathers = True
    records = [polled_frame(offset=offset) for offset in range(3)]
    for polled in records:
        publishing.publish(polled, late(polled))
    before = list(broker.topics)

    flushed = publishing.flush()

    assert (before, flushed, len(broker.topics)) == ([], 3, 3)
    assert settled(publishing) == records


def test_a_flush_sends_no_more_than_a_crash_may_repeat(publishing, broker):
    publishing.gathers = True
    for offset in range(AT_ONCE + 1):
        polled = polled_frame(offset=offset)
        publishing.publish(polled, late(polled))

    assert [publishing.flush() for _ in range(3)] == [AT_ONCE, 1, 0]
    assert len(broker.topics) == AT_ONCE + 1


def test_an_outcome_does_not_overtake_those_that_were_gathered_before_it(publishing, broker):
    publishing.gathers = True
    records = [polled_frame(offset=offset) for offset in range(AT_ONCE + 2)]
    for polled in records[:-1]:
        publishing.publish(polled, late(polled))
    publishing.gathers = False
    publishing.flush()

    publishing.publish(records[-1], late(records[-1]))
    publishing.flush()

    assert settled(publishing) == records


def test_what_was_gathered_of_a_partition_that_is_lost_by_now_is_thrown_away(publishing, broker, zombies):
    publishing.gathers = True
    polled = polled_frame(offset=0)
    publishing.publish(polled, late(polled))
    polled.claim.lost = True

    publishing.flush()

    assert (broker.topics, zombies) == ([], [1])
    assert list(publishing.settled(timeout_s=0.0)) == [(polled, None)]
