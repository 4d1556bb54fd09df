from itertools import product

import pytest

from autoscaler.backlog import PartitionOffsets, anomalies
from autoscaler.observation import OffsetAnomaly


@pytest.mark.parametrize(
    ("offsets", "lag", "anomaly"),
    [
        pytest.param(PartitionOffsets(0, 10, 4), 6, None, id="some waits"),
        pytest.param(PartitionOffsets(0, 10, 10), 0, None, id="all is served"),
        pytest.param(PartitionOffsets(0, 0, None), 0, None, id="empty and never committed"),
        pytest.param(PartitionOffsets(3, 10, None), 7, OffsetAnomaly.NO_COMMIT, id="never committed"),
        pytest.param(PartitionOffsets(0, 5, 90), 5, OffsetAnomaly.COMMIT_BEYOND_END, id="topic created anew"),
        pytest.param(
            PartitionOffsets(7, 10, 2), 3, OffsetAnomaly.COMMIT_BEFORE_START, id="retention overtook"
        ),
    ],
)
def test_the_lag_allows_for_odd_commits_and_names_them(offsets, lag, anomaly):
    assert offsets.lag == lag
    assert offsets.anomaly == anomaly


def test_each_anomaly_is_named_once():
    partitions = [PartitionOffsets(0, 5, None), PartitionOffsets(0, 5, 9), PartitionOffsets(0, 5, None)]

    assert anomalies(partitions) == (OffsetAnomaly.COMMIT_BEYOND_END, OffsetAnomaly.NO_COMMIT)


def test_a_start_read_earlier_will_do_unless_the_lag_follows_from_it():
    few = range(5)
    cases = [
        (PartitionOffsets(believed, end, committed), PartitionOffsets(start, end, committed))
        for believed, end, committed in product(few, few, (None, *few))
        for start in range(end + 1)
    ]

    left = [(seen, true) for seen, true in cases if not seen.starts_the_lag and seen != true]

    assert left
    for seen, true in left:
        noticed_later = true.anomaly is OffsetAnomaly.COMMIT_BEFORE_START
        assert noticed_later or (seen.lag, seen.next, seen.anomaly) == (true.lag, true.next, true.anomaly)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(PartitionOffsets(3, 10, 5), False, id="a commit within the log"),
        pytest.param(PartitionOffsets(3, 10, 10), False, id="all is served"),
        pytest.param(PartitionOffsets(0, 0, None), False, id="a log that never held a record"),
        pytest.param(PartitionOffsets(3, 3, None), True, id="a log that is empty again"),
        pytest.param(PartitionOffsets(0, 9, None), True, id="never committed"),
        pytest.param(PartitionOffsets(3, 10, 11), True, id="a commit beyond the end"),
        pytest.param(PartitionOffsets(3, 10, 2), True, id="a commit before the start"),
        pytest.param(PartitionOffsets(8, 5, 5), True, id="the topic was created anew, and is shorter"),
        pytest.param(PartitionOffsets(8, 0, None), True, id="the topic was created anew, and is empty"),
    ],
)
def test_a_start_is_read_again_where_a_commit_is_missing_or_odd(seen, expected):
    assert seen.starts_the_lag == expected
