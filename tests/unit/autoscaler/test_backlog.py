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
