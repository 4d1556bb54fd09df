"""The pages of a real worker: what they say agrees with what Kafka holds."""

import http.client
import re
import signal
from collections import Counter
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from frames.results import stored
from tests.waiting import until
from workers.freshness import FreshnessRule

pytestmark = pytest.mark.timeout(240)


class Pages:
    """Those of one worker, at the port that its log names."""

    def __init__(self, worker):
        said = until(lambda: re.search(r"health and metrics at http://(\S+):(\d+)", worker.log.read_text()))
        self._place = said[1], int(said[2])

    def ask(self, page):
        """Status and body; 0 when nobody listens any more."""
        with closing(http.client.HTTPConnection(*self._place, timeout=5)) as connection:
            try:
                connection.request("GET", page)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except (OSError, http.client.HTTPException):
                return 0, ""

    def frames(self):
        """Frames by outcome and reason, without those of which there are none."""
        families = text_string_to_metric_families(self.ask("/metrics")[1])
        [counted] = [family for family in families if family.name == "detectscale_frames"]
        return Counter(
            {(s.labels["outcome"], s.labels["reason"]): int(s.value) for s in counted.samples if s.value}
        )


def test_metrics_count_each_frame_by_its_outcome_exactly_as_kafka_holds_them(
    kafka, topics, publish, start_worker, balanced, store_images
):
    cut_off, text, empty = store_images[0][:500], b"this is not a picture", b""
    publish([*store_images, cut_off, store_images[1], text, empty, text, *store_images])  # camera-0, -1, …
    forgotten = FreshnessRule(source="/cameras/camera-1", max_age_s=1e-6)
    pages = Pages(start_worker(http_port=0, freshness=(forgotten,)))

    ledger = balanced()
    until(lambda: pages.frames().total() >= ledger.records, 10)

    in_kafka = Counter(
        (outcome.kind.value, getattr(outcome, "reason", "")) for outcome in stored(kafka, topics)
    )
    assert pages.frames() == in_kafka
    assert in_kafka == {
        ("detected", ""): 28,
        ("expired", "too-old"): 5,
        ("dead", "corrupt-image"): 1,
        ("dead", "unsupported-image"): 2,
        ("dead", "empty-image"): 1,
    }


def test_a_worker_is_ready_once_it_is_in_the_group_and_no_longer_when_it_is_told_to_leave(
    publish, start_worker, store_images
):
    worker = start_worker(failpoint="after-detect:slow=3:17", http_port=0)
    pages = Pages(worker)
    until(lambda: pages.ask("/readyz")[0] == 200)
    assert pages.ask("/healthz") == (200, "ok\n")
    publish(store_images * 2)
    until(lambda: pages.frames().total() >= 16)  # the one after these takes 3 s

    worker.signal(signal.SIGTERM)
    said = set()
    while worker.process.poll() is None:
        said.add((pages.ask("/readyz")[0], pages.ask("/healthz")[0]))

    assert worker.wait() == 0
    assert (503, 200) in said
    assert pages.ask("/readyz")[0] == 0
