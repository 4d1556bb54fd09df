import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler import learned
from autoscaler.observation import ServiceTime
from frames.status import PHASES, BatchSums, WorkerState, WorkerStatus


def status(
    worker: str = "w",
    born_at: float = 0.0,
    model: str = "m",
    batches: BatchSums | None = None,
    **phases_s: float,
) -> WorkerStatus:
    return WorkerStatus(
        worker, born_at + 5, WorkerState.READY, born_at, phases_s, 0, None, (), batches or BatchSums(), model
    )


def sums(*batches: tuple[int, float]) -> BatchSums:
    total = BatchSums()
    for frames, seconds in batches:
        total = total.plus(frames, seconds)
    return total


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        pytest.param(sums(), None, id="nothing was done"),
        pytest.param(sums((1, 0.75), (4, 1.5)), ServiceTime(0.5, 0.25), id="a line"),
        pytest.param(sums((2, 0.5), (2, 0.5)), ServiceTime(0.0, 0.25), id="one batch size only"),
        pytest.param(sums((1, 0.5), (2, 2.0)), ServiceTime(0.0, 0.9), id="a negative intercept"),
        pytest.param(sums((1, 2.0), (2, 1.0)), ServiceTime(0.0, 0.8), id="a negative slope"),
        pytest.param(sums((4, 0.0)), None, id="no time passed"),
    ],
)
def test_the_service_time_is_fitted_or_falls_back(batches, expected):
    assert learned.fit(batches) == expected


@given(
    fixed_s=st.floats(0.001, 1.0),
    per_record_s=st.floats(0.001, 1.0),
    sizes=st.lists(st.integers(1, 64), min_size=2, max_size=50).filter(lambda sizes: len(set(sizes)) > 1),
)
def test_an_exact_line_is_recovered(fixed_s, per_record_s, sizes):
    fitted = learned.fit(sums(*((size, fixed_s + per_record_s * size) for size in sizes)))

    assert fitted is not None
    assert fitted.throughput(8) == pytest.approx(ServiceTime(fixed_s, per_record_s).throughput(8), rel=1e-3)


def test_workers_add_up():
    fitted = learned.service_time([status(batches=sums((1, 0.75))), status(batches=sums((4, 1.5)))])

    assert fitted == ServiceTime(0.5, 0.25)


def test_only_the_youngest_workers_model_counts():
    statuses = [status("a", 1, "old"), status("b", 3, "new"), status("c", 2, "new")]

    assert [s.worker for s in learned.relevant(statuses)] == ["b", "c"]


def test_no_more_workers_than_the_last_200_count():
    assert len(learned.relevant([status(born_at=i) for i in range(300)])) == learned.REMEMBERED


def test_a_cold_start_is_the_sum_of_its_phases_and_unfinished_ones_do_not_count():
    starts = [status(**dict.fromkeys(PHASES, second)) for second in (1.0, 2.0, 3.0)]

    known = learned.cold_start([*starts, status(interpreter=50.0)])

    assert known is not None
    assert (known.mean_s, known.p90_s) == (2.0 * len(PHASES), 3.0 * len(PHASES))
    assert known.phases_s == dict.fromkeys(PHASES, 2.0)
    assert known.phases_p90_s == dict.fromkeys(PHASES, 3.0)
    assert known.count == 3


def test_what_came_before_the_process_is_part_of_a_cold_start():
    starts = [status(worker, **dict.fromkeys(PHASES, 1.0)) for worker in ("a", "b", "gone")]
    pods = {"a": {"schedule": 1.0, "image": 3.0}, "b": {"schedule": 3.0, "image": 5.0}}

    known = learned.cold_start(starts, pods)

    assert known is not None
    assert list(known.phases_s) == ["schedule", "image", *PHASES]
    assert (known.phases_s["schedule"], known.phases_s["image"]) == (2.0, 4.0)
    assert (known.mean_s, known.count) == (6.0 + len(PHASES), 3)


def test_what_nobody_saw_is_as_it_was_for_who_observed_before():
    starts = [status(**dict.fromkeys(PHASES, 1.0))]

    known = learned.cold_start(starts, {}, usual={"image": 7.0})

    assert known is not None
    assert known.mean_s == 7.0 + len(PHASES)


def test_the_90th_percentile_of_ten_starts_is_the_ninth():
    known = learned.cold_start([status(**dict.fromkeys(PHASES, float(second))) for second in range(1, 11)])

    assert known is not None
    assert known.p90_s == 9.0 * len(PHASES)


def test_a_status_from_before_a_phase_was_told_apart_does_not_count():
    older = {phase: 1.0 for phase in PHASES if phase != "fetch"}

    assert learned.cold_start([status(**older)]) is None


def test_without_a_finished_cold_start_none_is_known():
    assert learned.cold_start([status(interpreter=0.1)]) is None
