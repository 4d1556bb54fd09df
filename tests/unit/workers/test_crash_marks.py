import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.crash_marks import ATTEMPTS, Mark, Suspicion, suspicion

ranges = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=3).map(tuple)
marks = st.builds(Mark, st.integers(0, 99), st.integers(0, 5), st.integers(0, 99), ranges)


@given(marks)
def test_a_mark_reads_as_it_was_written(mark):
    text = mark.text()

    assert Mark.read(text) == (mark if mark.attempts else Mark(mark.taken, done=mark.done))


def test_the_longest_mark_fits_beside_an_offset():
    most = 10**19 - 1

    assert len(Mark(most, 9, most, done=((most, most),) * 10_000).text()) < 4096


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"taken":"9"}',
        '{"taken":1,"other":2}',
        "null",
        "7",
        '{"taken":1,"done":5}',
        '{"taken":1,"done":[["a",2]]}',
    ],
)
def test_what_somebody_else_wrote_there_is_no_mark(text):
    assert Mark.read(text) is None


@pytest.mark.parametrize(
    ("committed", "mark", "expected"),
    [
        pytest.param(5, None, Suspicion(), id="nobody wrote a mark"),
        pytest.param(5, Mark(5), Suspicion(), id="left in order"),
        pytest.param(5, Mark(4), Suspicion(), id="the topic was created anew"),
        pytest.param(5, Mark(9), Suspicion(1, 9), id="first crash"),
        pytest.param(5, Mark(8, 1, 9), Suspicion(2, 9), id="second crash in the same records"),
        pytest.param(9, Mark(12, 1, 9), Suspicion(1, 12), id="a crash further on is another one"),
        pytest.param(6, Mark(6, 2, 9), Suspicion(2, 9), id="left in order while under suspicion"),
        pytest.param(6, Mark(7, 2, 9), Suspicion(3, 9, condemned=6), id="one record alone, a third time"),
        pytest.param(6, Mark(8, 2, 9), Suspicion(3, 9), id="which of the two is not known"),
    ],
)
def test_what_the_next_owner_holds_against_the_records(committed, mark, expected):
    assert suspicion(committed, mark) == expected


@given(st.integers(0, 20), st.integers(0, 20))
def test_the_one_record_that_kills_dies_after_three_crashes_and_no_other(before, behind):
    """Each crash leaves what the worker had written by then; the next owner goes on from there."""
    culprit, committed, mark, crashes = before, 0, None, 0
    end = before + 1 + behind
    while True:
        known = suspicion(committed, mark)
        if known.condemned is not None:
            break
        if known.alone:
            for offset in range(committed, culprit + 1):
                committed, mark = offset, known.mark(offset, offset + 1)
        else:
            mark = known.mark(committed, end)
        crashes += 1

    assert known.condemned == culprit
    assert crashes == ATTEMPTS
