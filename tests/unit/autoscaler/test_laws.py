"""What holds for every observation, every memory and every setting."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from autoscaler import journal
from autoscaler.decision import Memory
from autoscaler.journal import Entry
from autoscaler.observation import ColdStart, Observation, OffsetAnomaly, ServiceTime, Start
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from frames.status import PHASES

seconds = st.floats(0.0, 1e6)
maybe_seconds = st.none() | seconds
counts = st.integers(0, 50)

observations = st.builds(
    Observation,
    at=st.floats(1e9, 2e9),
    lag=st.lists(st.integers(0, 10**6), min_size=1, max_size=32).map(tuple),
    arrival_rate=st.none() | st.floats(0.0, 1e5),
    oldest_age=maybe_seconds,
    ready=counts,
    starting=st.lists(st.builds(Start, seconds, st.none() | seconds), max_size=9).map(tuple),
    draining=counts,
    in_flight=counts,
    idle_for=maybe_seconds,
    service_time=st.none()
    | st.builds(ServiceTime, fixed_s=st.floats(0, 10), per_record_s=st.floats(1e-5, 10)),
    cold_start=st.none()
    | st.builds(
        ColdStart,
        mean_s=seconds,
        p90_s=seconds,
        phases_s=st.dictionaries(st.sampled_from(PHASES), seconds),
        count=st.integers(1, 200),
    ),
    anomalies=st.lists(st.sampled_from(OffsetAnomaly), unique=True).map(tuple),
    backlog_ages=st.none() | st.lists(st.tuples(seconds, st.integers(1, 10**5)), max_size=9).map(tuple),
    rebalance_s=maybe_seconds,
    unschedulable=counts,
)


@st.composite
def settings(draw: st.DrawFn) -> PolicySettings:
    most = draw(st.integers(1, 40))
    return PolicySettings(
        min_replicas=draw(st.integers(0, most)),
        max_replicas=most,
        slo_s=draw(st.floats(0.1, 600)),
        keep_alive_s=draw(st.floats(0, 600)),
        slo_share=draw(st.floats(0.1, 1)),
        late_price=draw(st.floats(0.1, 1000)),
        max_batch=draw(st.integers(1, 64)),
    )


@st.composite
def memories(draw: st.DrawFn, at: float, params: PolicySettings) -> Memory:
    """One that earlier decisions may have left behind before *at*."""
    known = st.integers(params.min_replicas, params.max_replicas)
    ago = st.none() | st.floats(0.0, 1e4).map(lambda ago: at - ago)
    return Memory(
        replicas=draw(st.none() | known),
        quiet_since=draw(ago),
        gaps=tuple(draw(st.lists(seconds, max_size=20))),
        ready=draw(counts),
        ready_since=draw(ago),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Observation, Memory, PolicySettings]:
    observation, params = draw(observations), draw(settings())
    return observation, draw(memories(observation.at, params)), params


@given(cases())
def test_replicas_stay_within_the_bounds(case):
    observation, memory, params = case

    decision, _ = decide(observation, memory, params)

    assert params.min_replicas <= decision.replicas <= params.max_replicas


@given(cases())
def test_nobody_is_scaled_to_zero_with_work_in_flight(case):
    observation, memory, params = case

    decision, _ = decide(observation, memory, params)

    assert decision.replicas > 0 or not observation.in_flight


@given(cases())
def test_the_last_one_stays_while_anything_waits(case):
    observation, memory, params = case
    assumed = observation.replicas if memory.replicas is None else memory.replicas

    decision, _ = decide(observation, memory, params)

    assert decision.replicas > 0 or assumed == 0 or not observation.waiting


@given(cases(), st.sampled_from(["arrival_rate", "oldest_age", "service_time"]))
def test_an_unknown_never_lowers(case, unknown):
    observation, memory, params = case
    observation = replace(observation, **{unknown: None}, lag=(1, *observation.lag[1:]))
    assumed = observation.replicas if memory.replicas is None else memory.replicas

    decision, _ = decide(observation, memory, params)

    assert decision.replicas >= min(
        assumed, params.max_replicas, max(observation.partitions, params.min_replicas)
    )


@given(cases())
def test_nothing_waiting_never_raises(case):
    observation, memory, params = case
    observation = replace(observation, lag=(0,) * observation.partitions, in_flight=0)
    assumed = observation.replicas if memory.replicas is None else memory.replicas

    decision, _ = decide(observation, memory, params)

    assert decision.replicas <= max(assumed, params.min_replicas)


@given(cases())
def test_the_same_input_gives_the_same_decision(case):
    assert decide(*case) == decide(*case)


@given(st.lists(observations, min_size=1, max_size=6), settings())
def test_a_journal_replays_bit_for_bit_after_its_round_trip_through_json(seen, params):
    memory, written, decisions = Memory(), [], []
    for observation in sorted(seen, key=lambda observation: observation.at):
        decision, after = decide(observation, memory, params)
        written.append(journal.write(Entry(observation, memory, decision)))
        decisions.append(decision)
        memory = after

    entries = [journal.read(text) for text in written]

    assert list(journal.replay(entries, params)) == [entry.decision for entry in entries] == decisions
