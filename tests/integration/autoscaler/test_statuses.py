from autoscaler.statuses import Statuses
from frames.status import BatchSums, WorkerState, WorkerStatus
from frames.topics import TopicSettings


def status(worker: str, in_flight: int) -> WorkerStatus:
    return WorkerStatus(worker, 5.0, WorkerState.READY, 1.0, {}, in_flight, None, (), BatchSums(), "m")


def report(send, topics: TopicSettings, worker: str, in_flight: int) -> None:
    send(topics.status, status(worker, in_flight).message().value, key=worker.encode())


def test_the_last_word_of_each_worker_counts(kafka, topics, send):
    statuses = Statuses(kafka, topics.status)
    report(send, topics, "a", 1)
    report(send, topics, "b", 2)
    first = dict(statuses.read())
    report(send, topics, "a", 3)

    second = dict(statuses.read())

    statuses.close()
    assert first == {"a": status("a", 1), "b": status("b", 2)}
    assert second == {"a": status("a", 3), "b": status("b", 2)}


def test_a_tombstone_forgets_a_worker_and_nonsense_is_passed_over(kafka, topics, send):
    statuses = Statuses(kafka, topics.status)
    report(send, topics, "a", 1)
    report(send, topics, "b", 1)
    send(topics.status, b"?", key=b"b")
    send(topics.status, None, key=b"a")

    known = dict(statuses.read())

    statuses.close()
    assert known == {"b": status("b", 1)}


def test_reading_goes_on_where_it_was_after_a_new_connection(kafka, topics, send):
    statuses = Statuses(kafka, topics.status)
    report(send, topics, "a", 1)
    statuses.read()
    statuses.close()
    report(send, topics, "b", 2)

    known = dict(statuses.read())

    statuses.close()
    assert known == {"a": status("a", 1), "b": status("b", 2)}
