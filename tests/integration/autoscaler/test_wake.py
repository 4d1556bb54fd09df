import threading
import time

from autoscaler.wake import ParkedFetch
from frames.clients import reader

ENDS = dict.fromkeys(range(4), 0)


def test_the_first_record_wakes(kafka, topics, send):
    parked = ParkedFetch(kafka, topics.frames)
    deadline, started_at = time.monotonic() + 20, time.time() - 0.001  # Kafka's stamps are whole milliseconds
    appending = threading.Timer(0.3, send, (topics.frames, b"x" * 100_000), {"partition": 3})
    appending.start()

    woken = parked.wait(ENDS, until=lambda: time.monotonic() > deadline)

    appending.join()
    parked.close()
    assert woken.keys() == {3}
    assert woken[3].offset == 0
    assert started_at <= woken[3].at <= time.time()


def test_a_record_appended_before_it_parked_wakes_too(kafka, topics, send):
    parked = ParkedFetch(kafka, topics.frames)
    deadline = time.monotonic() + 20
    send(topics.frames, b"x")

    woken = parked.wait(ENDS, until=lambda: time.monotonic() > deadline)

    parked.close()
    assert woken


def test_what_was_seen_already_does_not_wake_again(kafka, topics, send):
    parked = ParkedFetch(kafka, topics.frames)
    send(topics.frames, b"x")
    deadline = time.monotonic() + 20
    assert parked.wait(ENDS, until=lambda: time.monotonic() > deadline)
    glances = iter([False, False, True])

    woken = parked.wait(ENDS | {0: 1}, until=lambda: next(glances))

    parked.close()
    assert not woken


def test_waiting_reads_nothing_away_from_the_workers(kafka, topics, group, send):
    from kafka import TopicPartition

    parked = ParkedFetch(kafka, topics.frames)
    send(topics.frames, b"x")
    deadline = time.monotonic() + 20
    parked.wait(ENDS, until=lambda: time.monotonic() > deadline)
    parked.close()
    worker = reader(kafka, group_id=group)

    committed = worker.committed(TopicPartition(topics.frames, 0), timeout_ms=20_000)

    worker.close()
    assert committed is None
