import json
from dataclasses import replace
from pathlib import Path

import pytest

from autoscaler import journal
from autoscaler.decision import Memory
from autoscaler.journal import Entry
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from autoscaler.simulation.agenda import Agenda
from autoscaler.simulation.plant import Plant
from autoscaler.simulation.virtual_sensor import VirtualSensor
from detectscale.places import Places
from detectscale.replay import changed, decided_by, read_lines, replay_journal, replica_seconds
from detectscale.runtime import local_policy
from detectscale.settings import Settings
from frames.errors import ConfigError
from tests.unit.autoscaler.simulation.worlds import workload

SETTINGS = Settings()
PARAMS = local_policy(SETTINGS)
STEP_S = 2.0


def entries(count: int = 20, at: float = 1e9, params: PolicySettings = PARAMS) -> list[Entry]:
    """One run of the policy before a backlog that nobody works on, from *at* on."""
    plant = Plant(workload([0.0] * 30), Agenda(), seed=0)
    sensor, memory, made = VirtualSensor(plant, params.rate_window_s), Memory(), []
    for step in range(count):
        plant.agenda.run(step * STEP_S)
        observation = replace(sensor.observe(plant.agenda.now), at=at + plant.agenda.now)
        decision, after = decide(observation, memory, params)
        made.append(Entry(observation, memory, decision, params))
        memory = after
    return made


@pytest.fixture
def places(tmp_path):
    return Places.of(tmp_path)


@pytest.fixture
def written(tmp_path):
    """`written(entries)` is the name of a file with them."""

    def write(journaled: list[Entry]) -> str:
        path = tmp_path / "journal.jsonl"
        path.write_bytes(b"".join(journal.write(entry) + b"\n" for entry in journaled))
        return str(path)

    return write


def test_a_journal_replays_with_the_parameters_that_wrote_it(written, places, capsys):
    same = replay_journal(written(entries()), SETTINGS, places, [])

    assert same
    assert "20 decisions, 20 of them the same again bit for bit" in capsys.readouterr().out


def test_a_journal_of_another_machine_replays_by_its_own_parameters(written, places, capsys):
    larger = PARAMS.model_copy(update={"max_replicas": 16, "slo_s": 0.1 + 0.2})
    recorded = entries(params=larger)

    same = replay_journal(written(recorded), SETTINGS, places, [])

    assert same
    assert recorded[-1].decision.replicas > PARAMS.max_replicas
    assert "do not say" not in capsys.readouterr().out


def test_entries_without_parameters_are_decided_by_those_in_force(written, places, capsys):
    recorded = [replace(entry, params=None) for entry in entries(5)] + entries(2, at=2e9)

    same = replay_journal(written(recorded), SETTINGS, places, [])

    assert same
    assert "5 do not say by which parameters: those in force now stood in" in capsys.readouterr().out


def test_an_entry_that_was_written_before_parameters_were_is_read(tmp_path):
    fields = json.loads(journal.write(entries(1)[0]))
    del fields["params"]

    assert journal.read(json.dumps(fields).encode()) == replace(entries(1)[0], params=None)


def test_a_what_if_changes_one_parameter_and_keeps_the_others_of_each_decision(written, places, capsys):
    larger = PARAMS.model_copy(update={"max_replicas": 16})

    replay_journal(written(entries(params=larger)), SETTINGS, places, ["tick_s=0.5"])

    assert "0 of 20 decisions have another count of replicas" in capsys.readouterr().out


def test_a_decision_that_differs_in_any_figure_is_told(written, places, capsys):
    recorded = entries()
    recorded[3] = replace(recorded[3], decision=replace(recorded[3].decision, recommended=99))

    same = replay_journal(written(recorded), SETTINGS, places, [])

    assert not same
    assert "20 decisions, 19 of them the same" in capsys.readouterr().out


def test_other_parameters_are_told_with_their_cost_and_where_they_differ(written, places, capsys):
    same = replay_journal(written(entries()), SETTINGS, places, ["policy.max_replicas=1"])

    printed = capsys.readouterr().out
    assert same
    assert "With policy.max_replicas=1" in printed
    assert "38.0 as would have been" in printed


def test_a_what_if_goes_on_from_its_own_decisions_and_forgets_them_with_each_run():
    params = [changed(PARAMS, ["policy.min_replicas=1", "policy.max_replicas=1"])] * 3
    two_runs = entries(3, at=1e9) + entries(3, at=2e9)

    first, second = (list(decided_by(run, params)) for run in (two_runs[:3], two_runs[3:]))

    assert list(decided_by(two_runs, params * 2)) == first + second


def test_what_lies_between_two_runs_costs_nothing():
    one, other = entries(5, at=1e9), entries(5, at=2e9)
    both = one + other
    costs = [replica_seconds(run, [entry.decision for entry in run]) for run in (one, other, both)]

    assert costs[0] > 0
    assert costs[2] == costs[0] + costs[1]


def test_the_first_differences_are_shown_and_the_others_counted(written, places, capsys):
    replay_journal(written(entries(30)), SETTINGS, places, ["min_replicas=7", "max_replicas=7"])

    printed = capsys.readouterr().out
    assert "30 of 30 decisions have another count of replicas" in printed
    assert printed.count(" -> ") == 10
    assert "and 20 more" in printed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param("policy.max_replicas=0", "policy.max_replicas: .*greater than 0", id="out of range"),
        pytest.param("policy.slo_s=soon", "policy.slo_s: .*number", id="no number"),
        pytest.param("policy.min_replicas=99", "policy: min_replicas is 99, above", id="out of order"),
        pytest.param("policy.colour=red", "policy.colour=red: must be policy.KEY=VALUE", id="no such key"),
        pytest.param("policy.slo_s", "policy.slo_s: must be policy.KEY=VALUE", id="no value"),
    ],
)
def test_a_change_that_is_not_possible_is_one_line(change, message):
    with pytest.raises(ConfigError, match=f"^what-if: {message}") as caught:
        changed(PARAMS, [change])

    assert "\n" not in str(caught.value)


def test_a_line_that_is_no_decision_is_named(written):
    path = written(entries(2))
    with open(path, "ab") as lines:
        lines.write(b"{}\n")

    with pytest.raises(ConfigError, match=r"journal\.jsonl:3: is not a decision"):
        read_lines(Path(path))


def test_an_empty_journal_is_an_error(written, places):
    with pytest.raises(ConfigError, match=r"journal\.jsonl: holds no decisions"):
        replay_journal(written([]), SETTINGS, places, [])


def test_what_is_neither_a_file_nor_on_a_broker_is_named(places):
    with pytest.raises(ConfigError, match=r"^missing\.jsonl: is no file, and as a topic: kafka"):
        replay_journal("missing.jsonl", SETTINGS, places, [])


def test_a_file_is_about_one_target(written, places):
    with pytest.raises(ConfigError, match=r"journal\.jsonl: a file is about one target; leave --target out"):
        replay_journal(written(entries(1)), SETTINGS, places, [], "door")
