"""The oracle: records minus outcomes, on the real broker."""

import pytest
from kafka import TopicPartition

from frames.clients import admin
from frames.errors import UnavailableError
from frames.event import Message
from frames.ledger import mark, read_ledger
from frames.outcome import Kind, RecordId
from tests.integration.frames.outcomes import dead, detected, expired


def append_frames(kafka, topics, write, count: int) -> int:
    """Append frames of one camera; returns the partition in which they all stand."""
    write([(topics.frames, Message(b"door", b"image", []))] * count)
    [partition] = [partition for partition, end in mark(kafka, topics).frames.items() if end]
    return partition


def test_an_empty_topic_is_balanced(kafka, topics):
    ledger = read_ledger(kafka, topics)

    assert (ledger.records, ledger.lost, ledger.balanced) == (0, (), True)


def test_every_record_is_detected_expired_dead_or_lost(kafka, topics, write):
    at = append_frames(kafka, topics, write, 5)
    write([detected(topics, n, partition=at) for n in (0, 1)])
    write([expired(topics, 2, partition=at), dead(topics, 3, partition=at)])

    ledger = read_ledger(kafka, topics)

    assert (ledger.records, ledger.detected, ledger.expired, ledger.dead_lettered) == (5, 2, 1, 1)
    assert ledger.lost == (RecordId(topics.frames, at, 4),)
    assert not ledger.balanced
    assert ledger.ends[RecordId(topics.frames, at, 2)] is Kind.EXPIRED


def test_second_outcomes_are_counted_and_handed_on_once(kafka, topics, write):
    at = append_frames(kafka, topics, write, 1)
    outcome = detected(topics, 0, partition=at)
    write([outcome, outcome, expired(topics, 0, partition=at)])
    handed_on = []

    ledger = read_ledger(kafka, topics, on_outcome=lambda outcome, _: handed_on.append(outcome))

    assert (ledger.records, ledger.duplicates, ledger.balanced) == (1, 2, True)
    assert len(handed_on) == 1


def test_a_run_counts_only_its_own(kafka, topics, write):
    at = append_frames(kafka, topics, write, 3)
    write([detected(topics, n, partition=at) for n in range(3)])
    since = mark(kafka, topics)

    append_frames(kafka, topics, write, 2)
    write([detected(topics, n, partition=at) for n in (3, 4)])
    ledger = read_ledger(kafka, topics, since)

    assert (ledger.records, ledger.detected, ledger.duplicates, ledger.balanced) == (2, 2, 0, True)


def test_what_retention_takes_without_an_outcome_is_lost(kafka, topics, write):
    since = mark(kafka, topics)
    at = append_frames(kafka, topics, write, 3)
    client = admin(kafka)
    client.delete_records({TopicPartition(topics.frames, at): 2})
    client.close()

    assert read_ledger(kafka, topics).records == 1
    assert len(read_ledger(kafka, topics, since).lost) == 3


def test_what_is_no_outcome_or_of_no_record_is_not_mistaken_for_one(kafka, topics, write):
    at = append_frames(kafka, topics, write, 1)
    write([(topics.detections, Message(b"door", b"{", [])), detected(topics, 77, partition=at)])

    ledger = read_ledger(kafka, topics)

    assert (ledger.unreadable, ledger.detected, len(ledger.lost)) == (1, 0, 1)


def test_a_missing_topic_is_told(kafka, topics):
    nowhere = topics.model_copy(update={"frames": "nowhere"})

    with pytest.raises(UnavailableError, match="nowhere does not exist"):
        read_ledger(kafka, nowhere)
