import random

from autoscaler.crashes import FIRST_S, FORGIVEN_S, LONGEST_S, Crashes


def test_waits_double_with_jitter_up_to_a_limit():
    crashes = Crashes(random.Random(1))

    waits = [crashes.add(now=0.0, lived_s=1.0) for _ in range(12)]

    limits = [min(FIRST_S * 2**i, LONGEST_S) for i in range(12)]
    assert all(limit / 2 <= wait <= limit for wait, limit in zip(waits, limits, strict=True))
    assert len(set(waits)) == 12


def test_a_crash_holds_one_replica_back_until_its_wait_is_over():
    crashes = Crashes(random.Random(1))
    first, second = crashes.add(now=10.0, lived_s=1.0), crashes.add(now=10.0, lived_s=1.0)

    assert crashes.holding_back(10.0) == 2
    assert crashes.holding_back(10.0 + first) == 1
    assert crashes.holding_back(10.0 + second) == 0


def test_a_long_life_starts_a_new_series():
    crashes = Crashes(random.Random(1))
    for _ in range(9):
        crashes.add(now=0.0, lived_s=1.0)

    assert crashes.add(now=0.0, lived_s=FORGIVEN_S) <= FIRST_S
