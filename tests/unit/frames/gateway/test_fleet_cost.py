"""What the fleet cost, and its rivals."""

import asyncio

from frames.gateway.fleet_cost import EVERY_S, MOST_FRAMES, PAUSE_S, FleetCost, RivalCost, arrivals
from frames.gateway.fleet_history import FleetHistory
from tests.unit.frames.gateway.decisions import decided


def moments(*decisions):
    history = FleetHistory()
    return [history.add(each) for each in decisions]


WORK = moments(
    decided(100.0, 0, waiting=0, committed=700),
    decided(110.0, 2, waiting=50, ready=0, starting=2, committed=700),
    decided(120.0, 4, waiting=0, ready=2, committed=950),
    decided(130.0, 0, waiting=0, ready=0, committed=950),
)
"""50 come in the first ten seconds and 200 in the next; two workers for twenty seconds; the peak is 4."""


KEDA = RivalCost(90.0, 200, 0.254)


class Simulator:
    """Says that KEDA costs 90 s, and notes what it was asked."""

    def __init__(self, answer=KEDA):
        self.asked = []
        self._answer = answer

    def __call__(self, target, instants, horizon_s):
        self.asked.append((target, instants, horizon_s))
        return self._answer


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def ask(cost, found=WORK, minutes=15, target="frames"):
    return asyncio.run(cost.of(target, minutes, found))


def test_cost_is_told_per_thousand_frames_beside_what_others_would_cost():
    simulator = Simulator()

    told = ask(FleetCost(simulator, Clock()))

    assert (told["since"], told["frames"], told["gpu_seconds"]) == (100.0, 250, 40.0)
    assert told["gpu_seconds_per_1000"] == 160.0
    assert told["always_on_per_1000"] == 480.0  # 4 for 30 s
    assert told["keda_per_1000"] == 450.0  # of the 200 that it would have finished
    assert "simulated" in told["keda_note"]
    assert told["keda_note"].endswith("25% of the frames in time")
    [(target, instants, horizon_s)] = simulator.asked
    assert (target, len(instants), horizon_s) == ("frames", 250, 30.0)


def test_arrivals_are_rebuilt_from_what_waits_and_what_was_served():
    instants = arrivals(WORK)

    assert len(instants) == 250
    assert instants == sorted(instants)
    assert sum(instant <= 10.0 for instant in instants) == 50
    assert sum(10.0 < instant <= 20.0 for instant in instants) == 200


def test_an_unknown_is_no_zero():
    assert ask(FleetCost(Simulator(), Clock()), WORK[:1]) is None
    unknown = ask(FleetCost(Simulator(None), Clock()))
    assert unknown["keda_per_1000"] is None
    assert unknown["keda_note"].startswith("not simulated")
    none = ask(FleetCost(Simulator(RivalCost(0.0, 0, 0.0)), Clock()))
    assert none["keda_per_1000"] is None
    assert none["keda_note"].endswith("would not have finished a frame yet")
    idle = ask(FleetCost(Simulator(), Clock()), moments(decided(0.0, 1), decided(9.0, 1)))
    assert (idle["frames"], idle["gpu_seconds"], idle["gpu_seconds_per_1000"]) == (0, 9.0, None)


def test_it_is_simulated_no_more_often_than_said_however_often_it_is_asked():
    simulator, clock = Simulator(), Clock()
    cost = FleetCost(simulator, clock)

    for _ in range(10):
        assert ask(cost)["keda_per_1000"] == 450.0
    assert len(simulator.asked) == 1
    clock.now = EVERY_S + 1
    ask(cost)
    assert len(simulator.asked) == 2
    assert ask(cost, minutes=5)["keda_note"] == "not simulated yet"  # another question, but too soon
    clock.now += PAUSE_S
    assert ask(cost, minutes=5)["keda_per_1000"] == 450.0


def test_more_frames_than_can_be_simulated_soon_are_not():
    simulator = Simulator()

    told = ask(FleetCost(simulator, Clock()), moments(decided(0.0), decided(1.0, waiting=MOST_FRAMES + 1)))

    assert not simulator.asked
    assert told["keda_per_1000"] is None
    assert "more than" in told["keda_note"]
