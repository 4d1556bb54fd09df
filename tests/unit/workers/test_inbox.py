import threading
import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from frames.event import Frame, Message, encode_frame
from frames.outcome import ExpiredReason
from tests.unit.workers.polled import frame, polled, polled_frame
from tests.waiting import until
from workers.claim import Claim
from workers.freshness import Freshness, FreshnessRule
from workers.inbox import Inbox

ALL_COUNT = Freshness((), None)
NEWEST = Freshness([FreshnessRule(newest=True)], None)


def inbox_of(max_bytes=1_000_000, freshness=ALL_COUNT, clock=time.time):
    return Inbox(max_bytes, freshness, clock)


def taken(inbox, most=9):
    return [polled.record.offset for polled in inbox.take(most, lambda oldest: 0.0).frames]


def test_records_of_a_camera_come_out_in_the_order_in_which_they_went_in():
    inbox = inbox_of()
    for offset in range(5):
        inbox.put(polled_frame(offset=offset))

    assert [taken(inbox, 3), taken(inbox, 3)] == [[0, 1, 2], [3, 4]]


def test_cameras_are_served_in_turn_so_that_a_flood_waits_for_itself():
    inbox = inbox_of()
    for offset in range(50):
        inbox.put(polled_frame(offset=offset, camera="flood"))
    for offset, camera in enumerate(("door", "till"), start=50):
        inbox.put(polled_frame(offset=offset, camera=camera))

    assert taken(inbox, 5) == [0, 50, 51, 1, 2]


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(1, 5))
def test_every_record_comes_out_once_and_no_camera_gets_two_turns_in_a_row_while_another_waits(cameras, most):
    inbox = inbox_of()
    for offset, camera in enumerate(cameras):
        inbox.put(polled_frame(offset=offset, camera=camera))
    inbox.close()

    out = []
    while batch := taken(inbox, most):
        out += batch

    assert sorted(out) == list(range(len(cameras)))
    turns = [cameras[offset] for offset in out]
    for at, (one, next_one) in enumerate(pairwise(turns)):
        assert one != next_one or set(turns[at:]) == {one}


def test_a_claim_is_crowded_by_bytes_and_not_by_records():
    inbox, claim = inbox_of(max_bytes=130_000), Claim()
    inbox.put(polled_frame(image=b"x" * 60_000, claim=claim))
    before = inbox.crowded(claim)

    inbox.put(polled_frame(image=b"x" * 60_000, claim=claim))

    assert (before, inbox.crowded(claim)) == (False, True)


def test_one_claim_alone_fills_half_and_leaves_the_rest_to_others():
    inbox, flood, other = inbox_of(max_bytes=100_000), Claim(), Claim()

    while not inbox.crowded(flood):
        inbox.put(polled_frame(image=b"x" * 1_000, claim=flood))

    assert 50_000 <= inbox.bytes < 55_000
    assert not inbox.crowded(other)


def test_records_without_content_and_headers_count():
    empty, headed, claim = inbox_of(200_000), inbox_of(200_000), Claim()

    for offset in range(100):
        empty.put(polled(Message(None, b"", []), offset, claim))
    headed.put(polled(Message(None, b"", [("ce_id", b"x" * 100_000)]), claim=claim))

    assert empty.crowded(claim)
    assert headed.crowded(claim)


def test_room_is_made_by_an_outcome_and_not_by_taking():
    inbox, claim = inbox_of(max_bytes=100), Claim()
    inbox.put(polled_frame(image=b"x" * 200, claim=claim))

    [record] = inbox.take(1, lambda oldest: 0.0).frames
    while_detecting = inbox.crowded(claim)
    inbox.release(record)

    assert (while_detecting, inbox.crowded(claim)) == (True, False)


def test_only_the_records_of_a_withdrawn_claim_are_handed_back_and_make_room():
    inbox, mine, other = inbox_of(), Claim(), Claim()
    for offset, claim in enumerate((mine, other, mine)):
        inbox.put(polled_frame(offset=offset, claim=claim))
    one = inbox.bytes // 3

    removed = inbox.withdraw([mine])

    assert [record.record.offset for record in removed] == [0, 2]
    assert inbox.bytes == one
    assert taken(inbox) == [1]


def test_a_closed_inbox_gives_what_it_holds_and_then_nothing():
    inbox = inbox_of()
    inbox.put(polled_frame())
    inbox.close()

    assert [len(taken(inbox)), len(taken(inbox))] == [1, 0]


def test_a_batch_that_is_not_full_is_closed_when_its_oldest_frame_can_wait_no_longer():
    inbox, asked = inbox_of(), []
    inbox.put(polled_frame(offset=0))

    def patience_s(oldest):
        asked.append(oldest.record.offset)
        inbox.put(polled_frame(offset=len(asked)))
        return 0.01 if len(asked) < 3 else 0.0

    batch = inbox.take(9, patience_s)

    assert [polled.record.offset for polled in batch.frames] == [0, 1, 2]
    assert asked == [0, 0, 0]


def test_of_a_camera_of_which_the_newest_counts_only_that_waits():
    inbox = inbox_of(freshness=NEWEST)
    for offset in range(4):
        inbox.put(polled_frame(offset=offset, captured_at=100.0 + offset))

    batch = inbox.take(9, lambda oldest: 0.0)

    assert [polled.record.offset for polled in batch.frames] == [3]
    assert [polled.record.offset for polled, _ in batch.expired] == [0, 1, 2]


def test_an_older_frame_that_comes_later_is_superseded_at_once():
    inbox = inbox_of(freshness=NEWEST)
    inbox.put(polled_frame(offset=0, captured_at=105.0))
    inbox.put(polled_frame(offset=1, captured_at=104.0))

    batch = inbox.take(9, lambda oldest: 0.0)

    assert [polled.record.offset for polled in batch.frames] == [0]
    assert [polled.record.offset for polled, _ in batch.expired] == [1]


def test_a_newer_frame_waits_until_the_one_under_way_has_its_outcome():
    inbox = inbox_of(freshness=NEWEST)
    inbox.put(polled_frame(offset=0, captured_at=100.0))
    [under_way] = inbox.take(9, lambda oldest: 0.0).frames
    inbox.put(polled_frame(offset=1, captured_at=101.0))
    inbox.put(polled_frame(offset=2, camera="till", captured_at=101.0))

    meanwhile = taken(inbox)
    inbox.release(under_way)

    assert meanwhile == [2]
    assert taken(inbox) == [1]


def test_of_one_camera_name_only_frames_of_the_source_that_the_rule_fits_supersede_each_other():
    rules = Freshness([FreshnessRule(source="/cameras/newest", newest=True)], None)
    inbox = inbox_of(freshness=rules)
    for offset, source in enumerate(("/hospital", "/cameras/newest", "/cameras/newest")):
        event = Frame("id", "same", source, 100.0 + offset, "image/jpeg", b"x")
        inbox.put(polled(encode_frame(event), offset))

    batch = inbox.take(9, lambda oldest: 0.0)

    assert [polled.record.offset for polled in batch.frames] == [0, 2]
    assert [polled.record.offset for polled, _ in batch.expired] == [1]


def test_what_is_too_old_when_its_turn_comes_is_dropped_and_takes_no_turn():
    inbox = inbox_of(freshness=Freshness((), 5.0), clock=lambda: 110.0)
    for offset, captured_at in enumerate((103.0, 104.0, 106.0, 107.0)):
        inbox.put(polled_frame(offset=offset, captured_at=captured_at))
    inbox.put(polled_frame(offset=4, camera="till", captured_at=105.0))

    batch = inbox.take(2, lambda oldest: 0.0)

    assert [polled.record.offset for polled in batch.frames] == [2, 4]
    assert [(polled.record.offset, reason) for polled, reason in batch.expired] == [
        (0, ExpiredReason.TOO_OLD),
        (1, ExpiredReason.TOO_OLD),
    ]
    assert taken(inbox) == [3]


def test_a_frame_without_a_limit_is_never_too_old():
    inbox = inbox_of(clock=lambda: 1e9)
    inbox.put(polled_frame(offset=7))

    assert taken(inbox) == [7]


def test_where_all_that_waits_is_too_old_nothing_is_waited_for():
    inbox = inbox_of(freshness=Freshness((), 5.0), clock=lambda: 200.0)
    inbox.put(polled_frame())

    batch = inbox.take(9, lambda oldest: 60.0)

    assert (batch.frames, len(batch.expired)) == ([], 1)


def test_one_frame_from_the_future_does_not_silence_its_camera():
    inbox = inbox_of(freshness=NEWEST)
    for offset, captured_at in enumerate((4e9, 101.0)):
        inbox.put(polled(encode_frame(frame(captured_at=captured_at)), offset, appended_at=100.0 + offset))

    assert taken(inbox) == [1]


def test_bytes_of_a_record_that_never_waited_count_until_it_is_released():
    inbox = inbox_of()
    dead = polled_frame()

    inbox.keep(dead)
    kept = inbox.bytes
    inbox.release(dead)

    assert (kept, inbox.bytes) == (dead.size, 0)


def test_records_that_are_no_frames_have_turns_too():
    inbox = inbox_of()
    for offset in range(2):
        inbox.put(polled(Message(None, b"", []), offset))

    assert taken(inbox) == [0, 1]


def test_who_rests_goes_on_once_a_tenth_of_what_waited_has_been_taken():
    inbox = inbox_of()
    for offset in range(40):
        inbox.put(polled_frame(offset=offset))
    resting = threading.Thread(target=inbox.rest, args=(60.0,))
    resting.start()
    until(lambda: inbox._rests_until == 36)

    taken(inbox, 3)
    resting.join(timeout=0.05)
    too_early = resting.is_alive()
    taken(inbox, 1)
    resting.join(timeout=10.0)

    assert (too_early, resting.is_alive()) == (True, False)


def test_nobody_rests_where_little_waits():
    inbox = inbox_of()
    for offset in range(9):
        inbox.put(polled_frame(offset=offset))

    inbox.rest(60.0)

    assert not inbox.plenty


def test_what_was_withdrawn_does_not_wait_any_more():
    inbox, claim = inbox_of(), Claim()
    for offset in range(10):
        inbox.put(polled_frame(offset=offset, claim=claim))

    inbox.withdraw([claim])

    assert not inbox.plenty
