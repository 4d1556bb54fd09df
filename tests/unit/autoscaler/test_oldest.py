from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.arrivals import Bracket
from autoscaler.oldest import RESOLUTION_S, Stamp, oldest_append

NOW = 1_800_000_000.0


class TimeIndex:
    """Kafka's answer to `offsets_for_times` over partitions whose timestamps never decrease."""

    def __init__(self, *partitions: list[float]) -> None:
        self.partitions = partitions
        self.requests = 0

    def first_since(self, instants: dict[int, float]) -> dict[int, Stamp | None]:
        self.requests += 1
        return {p: self._first(self.partitions[p], at) for p, at in instants.items()}

    def _first(self, stamps: list[float], at: float) -> Stamp | None:
        offset = bisect_left(stamps, at)
        return Stamp(offset, stamps[offset]) if offset < len(stamps) else None


@given(ages=st.lists(st.floats(0.0, 86_400.0), min_size=1, max_size=300), data=st.data())
def test_after_a_restart_the_oldest_is_found_from_nothing(ages, data):
    stamps = sorted(NOW - age for age in ages)
    offset = data.draw(st.integers(0, len(stamps) - 1))

    found = oldest_append({0: (offset, Bracket(0.0, NOW))}, TimeIndex(stamps).first_since)

    assert found == pytest.approx(stamps[offset], abs=RESOLUTION_S)


def test_the_oldest_of_all_partitions_counts():
    index = TimeIndex([NOW - 100, NOW - 9], [NOW - 50, NOW - 30])
    waiting = {0: (1, Bracket(0.0, NOW)), 1: (1, Bracket(0.0, NOW))}

    assert oldest_append(waiting, index.first_since) == pytest.approx(NOW - 30, abs=RESOLUTION_S)


@pytest.mark.parametrize(
    ("bracket", "most"),
    [
        pytest.param(Bracket(NOW - 10.05, NOW - 10), 0, id="known well enough"),
        pytest.param(Bracket(NOW - 10.25, NOW - 9.75), 3, id="between two ticks"),
        pytest.param(Bracket(0.0, NOW), 20, id="after a restart"),
    ],
)
def test_few_requests_are_enough(bracket, most):
    index = TimeIndex([NOW - 3600 + i for i in range(3600)])

    oldest_append({0: (3590, bracket)}, index.first_since)

    assert index.requests <= most


def test_a_producer_with_a_wrong_clock_cannot_leave_the_bracket():
    index = TimeIndex([NOW + 7200.0] * 3)

    found = oldest_append({0: (1, Bracket(NOW - 2, NOW - 1))}, index.first_since)

    assert NOW - 2 <= found <= NOW - 1
