"""What is dropped, what never is, and whose turn it is, with real workers."""

import time
from collections import defaultdict

import pytest

from frames.outcome import Detected, Expired, ExpiredReason
from frames.publisher import Publisher, PublisherSettings
from frames.results import stored
from frames.sources import captured
from workers.freshness import FreshnessRule

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def publisher(kafka, topics):
    publisher = Publisher(kafka, topics, PublisherSettings())
    yield publisher
    publisher.close(timeout_s=10)


def test_where_the_newest_wins_no_older_frame_of_a_camera_follows_a_newer_one(
    kafka, topics, publisher, start_worker, balanced, store_images
):
    frames = 300
    for n in range(frames):
        camera = f"car-{n % 3}"
        publisher.offer(captured(camera, store_images[n % len(store_images)], time.time(), n))
    start_worker(freshness=(FreshnessRule(newest=True),))
    for n in range(frames, 2 * frames):
        publisher.offer(captured(f"car-{n % 3}", store_images[n % len(store_images)], time.time(), n))
        time.sleep(0.005)
    publisher.close(timeout_s=30)

    ledger = balanced()

    outcomes = list(stored(kafka, topics))
    detected = [outcome for outcome in outcomes if isinstance(outcome, Detected)]
    captured_at = defaultdict(list)
    for outcome in detected:
        captured_at[outcome.camera].append(outcome.captured_at)
    assert ledger.duplicates == 0
    assert len(captured_at) == 3
    assert all(instants == sorted(instants) for instants in captured_at.values())
    dropped = {outcome.reason for outcome in outcomes if isinstance(outcome, Expired)}
    assert dropped == {ExpiredReason.SUPERSEDED}
    assert 3 <= len(detected) < frames


def test_of_a_backlog_that_is_ten_minutes_old_medical_frames_are_all_detected_and_shop_frames_expire(
    publisher, start_worker, balanced, store_images
):
    ten_minutes_ago = time.time() - 600
    for n in range(40):
        camera = "ct" if n % 2 else "till"
        publisher.offer(captured(camera, store_images[n % len(store_images)], ten_minutes_ago, n))
    publisher.close(timeout_s=30)

    start_worker(freshness=(FreshnessRule(source="/cameras/ct"), FreshnessRule(max_age_s=10)))
    ledger = balanced()

    assert (ledger.detected, ledger.expired) == (20, 20)
