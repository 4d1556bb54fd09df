import logging
from dataclasses import dataclass, field

import pytest

from autoscaler.controller import Controller
from autoscaler.decision import Decision, Memory, Reason
from autoscaler.demand import demand
from autoscaler.errors import ActuationError, ObservationError
from autoscaler.observation import Observation
from autoscaler.policy_settings import PolicySettings
from frames.errors import ConfigError


def sense(now: float) -> Observation:
    return Observation(now, (0,), 0.0, None, 0, (), 0, 0, None, None, None)


def blind(now: float) -> Observation:
    raise ObservationError("kafka: frozen")


@dataclass
class Script:
    """Senses what it is told to, decides one replica more each time, and keeps what was carried out."""

    senses: list
    acted: list[Decision] = field(default_factory=list)
    act_fails: Exception | None = None

    def controller(self) -> Controller:
        return Controller(lambda now: self.senses.pop(0)(now), self.decide, self.act)

    def decide(self, observation: Observation, memory: Memory) -> tuple[Decision, Memory]:
        replicas = (memory.replicas or 0) + 1
        asked = demand(observation, PolicySettings())
        return Decision(observation.at, replicas, replicas, Reason.WITHIN_RANGE, asked), Memory(replicas)

    def act(self, decision: Decision) -> None:
        if self.act_fails is not None:
            raise self.act_fails
        self.acted.append(decision)


def test_each_step_decides_from_what_the_last_one_remembered():
    script = Script([sense, sense])
    controller = script.controller()

    controller.step(1.0)
    controller.step(2.0)

    assert [(d.at, d.replicas) for d in script.acted] == [(1.0, 1), (2.0, 2)]


def test_without_an_observation_the_last_decision_holds_and_is_carried_out_again():
    script = Script([sense, blind, blind, sense])
    controller = script.controller()

    counts = [(controller.step(at), controller.failures)[1] for at in (1.0, 2.0, 3.0, 4.0)]

    assert counts == [0, 1, 2, 0]
    assert [(d.at, d.replicas, d.reason) for d in script.acted] == [
        (1.0, 1, Reason.WITHIN_RANGE),
        (2.0, 1, Reason.HELD),
        (3.0, 1, Reason.HELD),
        (4.0, 2, Reason.WITHIN_RANGE),
    ]


def test_before_the_first_observation_nothing_is_carried_out():
    script = Script([blind])

    assert script.controller().step(1.0) is None
    assert script.acted == []


def test_an_outage_is_logged_when_it_begins_and_when_it_ends(caplog):
    controller = Script([blind, blind, sense, sense]).controller()

    with caplog.at_level(logging.WARNING):
        for at in (1.0, 2.0, 3.0, 4.0):
            controller.step(at)

    assert [record.message for record in caplog.records] == [
        "the last decision holds: kafka: frozen",
        "sees and acts again, after 2 failed steps",
    ]


def test_a_fleet_that_refuses_is_asked_again():
    script = Script([sense, sense], act_fails=ActuationError("no more processes"))
    controller = script.controller()

    controller.step(1.0)
    assert controller.failures == 1
    script.act_fails = None
    controller.step(2.0)

    assert controller.failures == 0
    assert [d.replicas for d in script.acted] == [2]


def test_a_wrong_configuration_ends_the_loop():
    controller = Script([sense], act_fails=ConfigError("worker 1: no model")).controller()

    with pytest.raises(ConfigError, match="no model"):
        controller.step(1.0)
