"""
A cure for kafka-python 3.0.12: one record whose header has a name that is not UTF-8 stops a consumer
for good (`poll` raises CorruptRecordError once, and spins without returning from then on), so that any
producer could stop the whole fleet. Brokers check no names.

With `tolerate` such a name reads as question marks. The record is no frame event then, and ends as a
dead letter like any other.
"""

from typing import Any


def tolerate() -> None:
    """Let every consumer of this process read records whatever the names of their headers; idempotent."""
    from kafka.record import memory_records
    from kafka.record.default_records import DefaultRecordBatch
    from kafka.record.util import decode_varint

    if memory_records.DefaultRecordBatch is not DefaultRecordBatch:
        return

    class TolerantBatch(DefaultRecordBatch):  # type: ignore[misc]  # kafka-python publishes no types
        __slots__ = ()

        def _read_msg(self) -> Any:
            try:
                return super()._read_msg()
            except UnicodeDecodeError:
                batch: Any = self
                batch._buffer = with_readable_names(batch._buffer, batch._pos, decode_varint)
                return super()._read_msg()

    memory_records.DefaultRecordBatch = TolerantBatch


def with_readable_names(buffer: bytes, at: int, decode_varint: Any) -> bytearray:
    """
    *buffer* with the unreadable header names of the record at *at* overwritten, length by length.

    Source: the record format v2 of Kafka (length, attributes, timestamp, offset, key, value, headers).
    """
    readable = bytearray(buffer)
    for _ in range(4):  # length, attributes, timestamp, offset
        _, at = decode_varint(readable, at)
    for _ in range(2):  # key, value
        size, at = decode_varint(readable, at)
        at += max(0, size)
    headers, at = decode_varint(readable, at)
    for _ in range(headers):
        size, at = decode_varint(readable, at)
        name = readable[at : at + size]
        readable[at : at + size] = name if _is_utf8(name) else b"?" * size
        at += size
        size, at = decode_varint(readable, at)
        at += max(0, size)
    return readable


def _is_utf8(name: bytearray) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
