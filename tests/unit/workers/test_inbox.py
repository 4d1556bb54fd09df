from frames.event import Message
from tests.unit.workers.polled import polled, polled_frame
from workers.claim import Claim
from workers.inbox import Inbox


def test_records_come_out_in_the_order_in_which_they_went_in():
    inbox = Inbox(max_bytes=100)
    for offset in range(5):
        inbox.put(polled_frame(offset=offset))

    batches = [inbox.take(3), inbox.take(3)]

    assert [[record.record.offset for record in batch] for batch in batches] == [[0, 1, 2], [3, 4]]


def test_it_is_full_by_bytes_and_not_by_records():
    inbox = Inbox(max_bytes=100_000)
    inbox.put(polled_frame(image=b"x" * 60_000))
    half_full = inbox.full

    inbox.put(polled_frame(image=b"x" * 60_000))

    assert (half_full, inbox.full) == (False, True)


def test_records_without_content_fill_it_too():
    inbox = Inbox(max_bytes=100_000)

    for offset in range(100):
        inbox.put(polled(Message(None, b"", []), offset))

    assert inbox.full


def test_headers_count():
    inbox = Inbox(max_bytes=100_000)

    inbox.put(polled(Message(None, b"", [("ce_id", b"x" * 100_000)])))

    assert inbox.full


def test_room_is_made_by_an_outcome_and_not_by_taking():
    inbox = Inbox(max_bytes=100)
    inbox.put(polled_frame(image=b"x" * 200))

    [taken] = inbox.take(1)
    full_while_detecting = inbox.full
    inbox.release(taken)

    assert (full_while_detecting, inbox.full) == (True, False)


def test_room_is_made_by_withdrawing():
    inbox, claim = Inbox(max_bytes=100), Claim()
    inbox.put(polled_frame(image=b"x" * 200, claim=claim))

    inbox.withdraw([claim])

    assert not inbox.full


def test_only_the_records_of_a_withdrawn_claim_are_handed_back():
    inbox, mine, other = Inbox(max_bytes=100), Claim(), Claim()
    for offset, claim in enumerate((mine, other, mine)):
        inbox.put(polled_frame(offset=offset, claim=claim))

    removed = inbox.withdraw([mine])

    assert [record.record.offset for record in removed] == [0, 2]
    assert [record.record.offset for record in inbox.take(9)] == [1]


def test_a_closed_inbox_gives_what_it_holds_and_then_nothing():
    inbox = Inbox(max_bytes=100)
    inbox.put(polled_frame())
    inbox.close()

    assert [len(inbox.take(9)), len(inbox.take(9))] == [1, 0]
