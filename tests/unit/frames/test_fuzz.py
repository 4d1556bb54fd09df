"""The short form of `python -m tests.fuzz`, and what hypothesis makes of the same promise."""

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from frames.event import InvalidEventError, Message, decode_frame
from frames.outcome import Dead, DeadReason, RecordId
from tests.fuzz.mutations import IMAGES, broken
from tests.fuzz.trial import NOW, tried


def test_thousands_of_broken_records_end_as_outcomes_of_every_kind_and_nothing_else():
    ends = Counter()
    for number in range(3_000):
        ends.update(tried(random.Random(f"11/{number}"), decoded_share=0.2))

    assert ends.total() == 6_000
    assert {"an event", "a good header", "decoded", "not-an-event", "corrupt-image"} <= ends.keys()
    assert min(ends[end] for end in ("an event", "not-an-event", "corrupt-image")) > 500


@settings(deadline=None)
@given(st.integers(0))
def test_so_do_records_that_no_run_before_has_seen(number):
    tried(random.Random(f"hypothesis/{number}"), decoded_share=1.0)


def test_an_input_is_made_again_from_its_number():
    first, again = (broken(random.Random("7/1"), IMAGES[0]) for _ in range(2))

    assert first == again != IMAGES[0]


headers = st.lists(
    st.tuples(st.text(st.characters(codec="utf-8"), max_size=12), st.binary(max_size=20)), max_size=5
)


@given(st.none() | st.binary(max_size=9), st.binary(max_size=40), headers, st.text(max_size=2000))
def test_a_record_that_is_no_event_comes_out_of_its_dead_letter_as_it_was(key, value, headers, detail):
    message = Message(key, value, [header for header in headers if not header[0].startswith("dlq-")])
    try:
        decode_frame(message, NOW)
    except InvalidEventError as error:
        detail += str(error)

    dead = Dead(
        RecordId("frames", 0, 7), message, DeadReason.NOT_AN_EVENT, "event", detail, 1, NOW, NOW, "worker"
    )

    assert Dead.read(dead.message()).original == message
