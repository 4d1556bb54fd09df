from hypothesis import given
from hypothesis import strategies as st

from workers.claim import Claim
from workers.crash_marks import Mark, Suspicion, suspicion

offsets = st.lists(st.integers(0, 10_000), min_size=1, max_size=40, unique=True).map(sorted)


def claim_of(taken: list[int]) -> Claim:
    claim = Claim()
    for offset in taken:
        claim.taken(offset)
    return claim


@given(offsets, st.randoms(use_true_random=False))
def test_the_watermark_never_passes_an_unfinished_record(taken, random):
    claim = claim_of(taken)
    unfinished = set(taken)

    for offset in random.sample(taken, len(taken)):
        claim.finished(offset)
        unfinished.discard(offset)
        assert all(claim.committable <= left for left in unfinished)


@given(offsets, st.randoms(use_true_random=False))
def test_the_watermark_passes_everything_once_everything_is_finished(taken, random):
    claim = claim_of(taken)

    for offset in random.sample(taken, len(taken)):
        claim.finished(offset)

    assert claim.committable == claim.taken_to == taken[-1] + 1
    assert claim.in_flight == 0
    assert claim.settled


@given(offsets, st.data())
def test_whatever_is_finished_and_handed_back_the_next_owner_gets_each_unfinished_record_once(taken, data):
    """It reads from the committed offset on, and passes over what the mark says is done."""
    finished = set(data.draw(st.lists(st.sampled_from(taken), unique=True)))
    claim = claim_of(taken)

    for offset in data.draw(st.permutations(taken)):
        if offset in finished:
            claim.finished(offset)
        else:
            claim.handed_back(offset)

    mark = Mark(claim.taken_to, done=tuple(claim.done()))
    read_again = {offset for offset in taken if offset >= claim.committable and not mark.has_done(offset)}
    assert claim.settled
    assert read_again == set(taken) - finished
    assert suspicion(claim.committable, mark) == Suspicion()


def test_what_is_abandoned_is_read_again_and_accuses_nobody():
    claim = claim_of([5, 6, 7])
    claim.finished(6)

    claim.abandoned()

    assert (claim.committable, claim.taken_to, claim.settled) == (5, 5, True)
    assert list(claim.done()) == [(6, 7)]


def test_offsets_that_are_no_records_are_passed_only_while_nothing_waits():
    claim = claim_of([5])
    claim.passed_to(9)
    before = claim.committable
    claim.finished(5)
    claim.passed_to(9)

    assert (before, claim.committable) == (5, 9)
