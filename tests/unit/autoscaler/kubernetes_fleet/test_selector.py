import pytest

from autoscaler.kubernetes_fleet.selector import selects

LABELS = {"app": "worker", "version": "2"}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({}, True),
        ({"matchLabels": {"app": "worker"}}, True),
        ({"matchLabels": {"app": "worker", "tier": "gpu"}}, False),
        ({"matchExpressions": [{"key": "version", "operator": "In", "values": ["1", "2"]}]}, True),
        ({"matchExpressions": [{"key": "version", "operator": "NotIn", "values": ["2"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["gpu"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
        (
            {"matchLabels": {"app": "worker"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]},
            False,
        ),
    ],
)
def test_it_means_what_kubernetes_means(selector, selected):
    assert selects(selector, LABELS) is selected
