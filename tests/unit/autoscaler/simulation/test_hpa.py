import pytest

from autoscaler.simulation.hpa import (
    DOWN,
    UP,
    Behavior,
    Hpa,
    PolicyType,
    ScalingPolicy,
    ScalingRules,
    SelectPolicy,
)

PODS, PERCENT = PolicyType.PODS, PolicyType.PERCENT


def follow(hpa: Hpa, metrics: list[float], current: int) -> list[int]:
    """The counts it asks for when it is obeyed, every 15 s."""
    asked = []
    for tick, metric in enumerate(metrics):
        current = hpa.sync(metric, current, 7.3 + 15.0 * tick)
        asked.append(current)
    return asked


def hpa(behavior: Behavior | None = None, most: int = 100) -> Hpa:
    return Hpa(10, 1, most, behavior)


def rules(
    *policies: ScalingPolicy, window_s: float = 0.0, select=SelectPolicy.MAX, tolerance=0.1
) -> ScalingRules:
    return ScalingRules(policies, window_s, select, tolerance)


@pytest.mark.parametrize(
    ("metric", "current", "asked"),
    [
        pytest.param(41, 2, 4, id="four at least"),
        pytest.param(410, 10, 20, id="then twice as many"),
        pytest.param(109, 10, 10, id="within tolerance"),
        pytest.param(111, 10, 12, id="beyond it"),
        pytest.param(50, 10, 5, id="down at once, when nothing more was recommended before"),
        pytest.param(0, 10, 1, id="not below the minimum"),
        pytest.param(999, 0, 0, id="switched off at zero"),
    ],
)
def test_without_behavior(metric, current, asked):
    assert hpa().sync(metric, current, now=0.0) == asked


def test_without_behavior_it_goes_down_to_the_highest_recommendation_of_300_seconds():
    metrics = [100.0, 50.0] + [10.0] * 21

    asked = follow(hpa(), metrics, current=10)

    assert asked[:20] == [10] * 20
    assert asked[20:] == [5, 1, 1]


def test_the_default_behavior_adds_four_or_doubles_every_15_seconds():
    assert follow(hpa(Behavior()), [500.0] * 5, current=1) == [5, 10, 20, 40, 50]


def test_it_stays_below_the_maximum():
    assert follow(hpa(Behavior(), most=24), [500.0] * 4, current=1) == [5, 10, 20, 24]


@pytest.mark.parametrize(
    ("down", "asked"),
    [
        pytest.param(rules(*DOWN.policies), [1, 1, 1], id="all at once"),
        pytest.param(rules(*DOWN.policies, window_s=30.0), [10, 1, 1], id="after its window"),
        pytest.param(rules(ScalingPolicy(PODS, 2)), [8, 6, 4], id="two pods a period"),
        pytest.param(rules(ScalingPolicy(PODS, 2, 30.0)), [8, 8, 6], id="in a period of two syncs"),
        pytest.param(rules(ScalingPolicy(PERCENT, 25)), [7, 5, 3], id="a quarter, rounded up"),
        pytest.param(
            rules(ScalingPolicy(PODS, 1), ScalingPolicy(PERCENT, 50)),
            [5, 2, 1],
            id="the policy that changes most",
        ),
        pytest.param(
            rules(ScalingPolicy(PODS, 1), ScalingPolicy(PERCENT, 50), select=SelectPolicy.MIN),
            [9, 8, 7],
            id="the policy that changes least",
        ),
        pytest.param(rules(*DOWN.policies, select=SelectPolicy.DISABLED), [10, 10, 10], id="never"),
    ],
)
def test_down_by_the_rules(down, asked):
    behavior = Behavior(UP, down)
    own = hpa(behavior)
    own.sync(100.0, 10, now=-7.7)

    assert follow(own, [10.0] * 3, current=10) == asked


@pytest.mark.parametrize(
    ("metric", "asked"),
    [pytest.param(120, 12, id="up by its own tolerance"), pytest.param(80, 10, id="down by the other")],
)
def test_each_direction_has_its_own_tolerance(metric, asked):
    behavior = Behavior(rules(*UP.policies, tolerance=0.15), rules(*DOWN.policies, tolerance=0.25))

    assert hpa(behavior).sync(metric, 10, now=0.0) == asked


def test_going_up_waits_for_the_lowest_recommendation_of_its_window():
    behavior = Behavior(rules(*UP.policies, window_s=30.0), DOWN)

    assert follow(hpa(behavior), [20.0, 100.0, 100.0], current=2) == [2, 2, 6]
