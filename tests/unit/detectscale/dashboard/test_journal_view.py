"""The journal as the gateway shows it, and what its rival would have cost."""

from dataclasses import dataclass, replace

import pytest

from autoscaler.decision import Memory
from autoscaler.journal import Entry, write
from autoscaler.policy import decide
from detectscale.dashboard.journal_view import JournalView
from detectscale.dashboard.keda_cost import keda_cost
from tests.unit.autoscaler.sights import BUSY, PARAMS, SETTLED


@dataclass(frozen=True)
class Record:
    key: bytes | None
    value: bytes | None


def entry(**different):
    decision, _ = decide(BUSY, SETTLED, PARAMS)
    return replace(Entry(BUSY, SETTLED, decision, PARAMS), **different)


def test_an_entry_is_shown_with_all_that_was_seen():
    told = JournalView().read(Record(b"worker", write(entry())))

    assert (told.target, told.replicas, told.waiting, told.ready) == ("worker", 2, 48, 2)
    assert told.slo_s == PARAMS.slo_s
    assert told.cold_start.count == 50
    assert told.words.startswith("2 workers: 48 frames wait")


def test_an_entry_that_does_not_say_its_parameters_has_no_goal():
    assert JournalView().read(Record(b"worker", write(entry(params=None)))).slo_s is None


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(Record(b"worker", b"{}"), id="another version's"),
        pytest.param(Record(b"worker", b"\xff"), id="no JSON"),
        pytest.param(Record(b"worker", None), id="deleted"),
        pytest.param(Record(None, write(entry())), id="about nobody"),
        pytest.param(Record(b"w" * 300, write(entry())), id="about nobody with such a name"),
    ],
)
def test_what_is_no_decision_is_not_shown(record):
    view = JournalView()

    assert view.read(record) is None
    assert view.keda_cost("worker", [1.0], 10.0) is None


def test_keda_s_cost_is_that_of_the_simulator_up_to_the_horizon():
    arrivals = [10.0 + n / 3 for n in range(600)]  # 3.3/s arrive for 200 s

    short, long = (keda_cost(entry(), arrivals, horizon) for horizon in (200.0, 2000.0))

    assert 0 < short.replica_s <= 24 * 190
    assert long.replica_s > short.replica_s  # it keeps workers for five minutes after the last frame
    assert 0 < short.attainment == long.attainment <= 1


def test_the_least_that_always_stay_cost_before_the_first_frame_too():
    params = PARAMS.model_copy(update={"min_replicas": 2})

    told = keda_cost(entry(params=params), [100.0], 100.0)

    assert told.replica_s == pytest.approx(200.0)


@pytest.mark.parametrize(
    ("unknown", "arrivals"),
    [
        pytest.param(entry(params=None), [1.0], id="parameters"),
        pytest.param(entry(observation=replace(BUSY, service_time=None)), [1.0], id="speed"),
        pytest.param(entry(observation=replace(BUSY, cold_start=None)), [1.0], id="starts"),
        pytest.param(entry(memory=Memory()), [], id="frames"),
    ],
)
def test_what_is_not_known_is_not_simulated(unknown, arrivals):
    assert keda_cost(unknown, arrivals, 100.0) is None
