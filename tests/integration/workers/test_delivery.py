"""Nothing is lost and nothing is done twice, whatever happens to workers."""

import signal
import time

import pytest

from frames.ledger import read_ledger
from frames.publisher import Publisher, PublisherSettings
from frames.sources import captured
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)


def test_every_frame_ends_exactly_once(publish, start_worker, balanced, store_images):
    publish(store_images * 4)
    worker = start_worker()

    ledger = balanced()
    worker.signal(signal.SIGTERM)

    assert worker.wait() == 0
    assert (ledger.detected, ledger.duplicates) == (len(store_images) * 4, 0)


def some_outcomes(kafka, topics, least):
    return until(lambda: len(read_ledger(kafka, topics).ends) >= least)


def test_a_worker_told_to_leave_hands_over_without_a_duplicate(
    kafka, topics, publish, start_worker, balanced, store_images
):
    publish(store_images * 12)
    leaving = start_worker()
    some_outcomes(kafka, topics, 8)

    leaving.signal(signal.SIGTERM)
    status = leaving.wait()
    left = len(read_ledger(kafka, topics).lost)
    start_worker()
    ledger = balanced()

    assert status == 0
    assert left > 0, "the worker had finished everything before it was told to leave"
    assert ledger.duplicates == 0


def test_a_worker_that_joins_under_load_takes_over_partitions_without_a_duplicate(
    kafka, topics, publish, start_worker, balanced, store_images
):
    publish(store_images * 20)
    start_worker()
    some_outcomes(kafka, topics, 8)

    joining = start_worker()
    ledger = balanced()
    joining.signal(signal.SIGTERM)
    joining.wait()

    assert ledger.duplicates == 0
    assert "drained and gone" in joining.log.read_text()


def test_hand_overs_in_the_middle_of_a_flood_lose_and_repeat_nothing(
    kafka, topics, start_worker, balanced, store_images
):
    """Cameras take turns, so records finish far ahead of others of their partition that still wait."""
    publisher = Publisher(kafka, topics, PublisherSettings())
    for n in range(400):
        camera = "flood" if n % 10 else f"camera-{n % 70}"
        publisher.offer(captured(camera, store_images[n % len(store_images)], time.time(), n))
    publisher.close(timeout_s=30)

    for handed_over_at in (20, 120, 220):
        worker = start_worker()
        some_outcomes(kafka, topics, handed_over_at)
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
    start_worker()
    ledger = balanced()

    assert (ledger.detected, ledger.duplicates) == (400, 0)


def test_a_killed_worker_loses_nothing(kafka, topics, publish, start_worker, balanced, store_images):
    publish(store_images * 12)
    killed = start_worker()
    some_outcomes(kafka, topics, 8)

    killed.signal(signal.SIGKILL)
    killed.wait()
    left = len(read_ledger(kafka, topics).lost)
    start_worker()
    ledger = balanced()

    assert left > 0, "the worker had finished everything before it was killed"
    assert ledger.duplicates <= 64, "more was done twice than can have been in flight"
