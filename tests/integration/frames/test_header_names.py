"""No record, however its headers are named, stops a consumer."""

import pytest

from frames.clients import producer, reader
from frames.event import InvalidEventError, Message, decode_frame
from frames.records import partitions_of, read_until


class Hostile(str):
    """A header name that becomes bytes of no encoding; other clients write such bytes as they like."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe"


@pytest.mark.timeout(30)  # without the cure, `poll` never returns
def test_a_header_name_that_is_no_text_is_read_and_so_are_its_neighbours(kafka, topics):
    client = producer(kafka, linger_ms=200)  # all three in one batch
    hostile = [("ce_id", b"7"), (Hostile("ab"), b"\xff\xfe"), ("é", b"")]
    for value, headers in ((b"before", []), (b"hostile", hostile), (b"after", [])):
        client.send(topics.frames, value, b"door", headers)
    client.close(timeout=10)
    consumer = reader(kafka)
    consumer.assign(partitions_of(consumer, [topics.frames]))
    ends = consumer.end_offsets(consumer.assignment())
    consumer.seek_to_beginning()

    records = list(read_until(consumer, ends))

    consumer.close()
    assert [record.value for record in records] == [b"before", b"hostile", b"after"]
    assert records[1].headers == [("ce_id", b"7"), ("??", b"\xff\xfe"), ("é", b"")]
    with pytest.raises(InvalidEventError):
        decode_frame(Message.of(records[1]), 0.0)
