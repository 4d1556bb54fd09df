"""The chaos soak in its short form; `soak.py` runs for as long as you like."""

import time

import pytest

from tests.integration.faults.soak import soak


@pytest.mark.timeout(300)
def test_ninety_seconds_of_chaos_lose_nothing_and_repeat_next_to_nothing(tmp_path):
    seed = int(time.time())

    report = soak(90, seed, tmp_path)

    print(report)
    assert report.passed
