import json

import numpy as np
import pytest

from benchmarks.policies.made import COLD_START, bursts, made_scenarios, poisson, retail
from benchmarks.policies.scenario_folder import read_scenarios
from frames.errors import ConfigError

DOOR = {
    "arrivals": "door.csv",
    "events": 2,
    "slo_s": 60,
    "overhead_s": 0.5,
    "per_frame_s": 0.25,
    "max_batch": 8,
    "cv": 0.1,
    "partitions": 12,
}


@pytest.fixture
def folder(tmp_path):
    """`folder(scenarios)` has two arrivals in `door.csv`."""

    def write(scenarios: object):
        (tmp_path / "scenarios.json").write_text(json.dumps(scenarios))
        (tmp_path / "door.csv").write_text("at\n10\n12.5\n")
        (tmp_path / "cold_start.csv").write_text("quantile,seconds\n0.5,30\n1,90\n")
        return tmp_path

    return write


def test_a_folder_is_read_in_its_order_with_one_cold_start_law(folder):
    scenarios = read_scenarios(folder({"door": DOOR, "again": DOOR | {"slo_s": 300}}))

    assert list(scenarios) == ["door", "again"]
    assert scenarios["again"].slo_s == 300
    assert scenarios["door"].arrivals.tolist() == [0.0, 2.5]
    assert scenarios["door"].service.per_record_s == 0.25
    assert scenarios["door"].cold_start.seconds == (2.0, 30.0, 90.0)
    assert scenarios["door"].min_replicas == 0
    assert scenarios["door"].max_replicas == 12


@pytest.mark.parametrize(
    ("scenarios", "message"),
    [
        pytest.param({}, "scenarios.json: has no scenario", id="none"),
        pytest.param({"door": DOOR | {"colour": 1}}, "scenarios.json: door.colour: ", id="unknown key"),
        pytest.param({"door": DOOR | {"slo_s": "soon"}}, "scenarios.json: door.slo_s: ", id="no number"),
        pytest.param({"door": DOOR | {"events": 3}}, "door.csv: must have 3 arrivals, has 2", id="cut short"),
        pytest.param({"door": DOOR | {"arrivals": "no.csv"}}, "no.csv: cannot be read", id="no trace"),
    ],
)
def test_a_scenario_that_cannot_be_used_is_named_in_one_line(folder, scenarios, message):
    with pytest.raises(ConfigError, match=message) as caught:
        read_scenarios(folder(scenarios))

    assert "\n" not in str(caught.value)


def test_a_folder_without_scenarios_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"scenarios\.json: cannot be read"):
        read_scenarios(tmp_path)


def test_a_seed_determines_what_is_made():
    first, second, other = (made_scenarios(lambda line: None, seed) for seed in (1, 1, 2))

    assert list(first) == list(second)
    for name in first:
        assert (first[name].arrivals == second[name].arrivals).all()
        assert len(first[name].arrivals) != len(other[name].arrivals)


def test_what_is_made_begins_at_zero_and_ascends():
    for scenario in made_scenarios(lambda line: None).values():
        assert scenario.arrivals[0] == 0
        assert (np.diff(scenario.arrivals) >= 0).all()


def test_a_poisson_process_follows_its_rate():
    instants = poisson(lambda at: np.where(at < 1000, 1.0, 9.0), 2000.0, np.random.default_rng(0))

    assert np.mean(instants < 1000) == pytest.approx(0.1, abs=0.01)
    assert len(instants) == pytest.approx(10_000, rel=0.05)


def test_retail_has_as_many_arrivals_as_people_were_counted():
    arrivals = retail([500.0, 3000.0, 2000.0, 500.0], np.random.default_rng(0))

    assert len(arrivals) == pytest.approx(6000, rel=0.1)
    assert np.mean((arrivals > 3600) & (arrivals < 3 * 3600)) > 0.7


def test_bursts_are_quiet_most_of_the_time():
    arrivals = bursts(np.random.default_rng(0))

    busy_minutes = np.unique(arrivals // 60, return_counts=True)[1] > 30
    assert 5 < busy_minutes.sum() < 60


def test_the_cold_starts_take_as_long_as_is_said():
    assert COLD_START.mean_s == pytest.approx(33.0)
