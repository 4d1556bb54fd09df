from tests.unit.workers.polled import polled_frame
from workers.claim import Claim
from workers.inbox import Inbox


def test_records_come_out_in_the_order_in_which_they_went_in():
    inbox = Inbox(max_bytes=100)
    for offset in range(5):
        inbox.put(polled_frame(offset=offset))

    batches = [inbox.take(3), inbox.take(3)]

    assert [[polled.record.offset for polled in batch] for batch in batches] == [[0, 1, 2], [3, 4]]


def test_it_is_full_by_bytes_and_not_by_records():
    inbox = Inbox(max_bytes=100)
    inbox.put(polled_frame(image=b"x" * 60))
    half_full = inbox.full

    inbox.put(polled_frame(image=b"x" * 60))

    assert (half_full, inbox.full) == (False, True)


def test_taking_makes_room():
    inbox = Inbox(max_bytes=100)
    inbox.put(polled_frame(image=b"x" * 200))

    inbox.take(1)

    assert not inbox.full


def test_only_the_records_of_a_withdrawn_claim_are_handed_back():
    inbox, mine, other = Inbox(max_bytes=100), Claim(), Claim()
    for offset, claim in enumerate((mine, other, mine)):
        inbox.put(polled_frame(offset=offset, claim=claim))

    removed = inbox.withdraw([mine])

    assert [polled.record.offset for polled in removed] == [0, 2]
    assert [polled.record.offset for polled in inbox.take(9)] == [1]


def test_a_closed_inbox_gives_what_it_holds_and_then_nothing():
    inbox = Inbox(max_bytes=100)
    inbox.put(polled_frame())
    inbox.close()

    assert [len(inbox.take(9)), len(inbox.take(9))] == [1, 0]
