from hypothesis import given
from hypothesis import strategies as st

from workers.claim import Claim

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
        assert claim.next_offset is None or all(claim.next_offset <= left for left in unfinished)


@given(offsets, st.randoms(use_true_random=False))
def test_the_watermark_passes_everything_once_everything_is_finished(taken, random):
    claim = claim_of(taken)

    for offset in random.sample(taken, len(taken)):
        claim.finished(offset)

    assert claim.next_offset == taken[-1] + 1
    assert claim.in_flight == 0
    assert claim.settled


@given(offsets, st.data())
def test_records_handed_back_are_read_again_by_the_next_owner(taken, data):
    kept = data.draw(st.integers(0, len(taken)))
    claim = claim_of(taken)

    for offset in taken[kept:]:
        claim.handed_back(offset)
    for offset in taken[:kept]:
        claim.finished(offset)

    assert claim.settled
    assert claim.next_offset == (taken[kept - 1] + 1 if kept else None)
