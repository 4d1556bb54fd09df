"""What a worker says of itself comes back as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames.event import InvalidEventError, Message
from frames.status import BatchSums, WorkerState, WorkerStatus

STATUS = WorkerStatus(
    worker="w",
    at=2.0,
    state=WorkerState.READY,
    born_at=1.0,
    phases_s={"import": 0.1},
    in_flight=0,
    idle_since=None,
    partitions=(0, 3),
    batches=BatchSums().plus(4, 0.2),
    model="digest",
)


def test_a_status_comes_back_as_it_was_written():
    assert WorkerStatus.read(STATUS.message()) == STATUS


def test_the_key_is_the_worker_so_that_compaction_keeps_its_last_word():
    assert STATUS.message().key == b"w"


@pytest.mark.parametrize(
    "value",
    [b"", b"[]", b"{}", b"[" * 99_999, STATUS.message().value.replace(b'"ready"', b'"bored"')],
    ids=["empty", "list", "no fields", "deep", "unknown state"],
)
def test_what_is_no_status_is_refused(value):
    with pytest.raises(InvalidEventError):
        WorkerStatus.read(Message(b"w", value, []))


@given(st.binary())
def test_hostile_bytes_raise_nothing_else(value):
    with pytest.raises(InvalidEventError):
        WorkerStatus.read(Message(b"w", value, []))
