"""
One dead letter: a frame that could not be processed, and everything needed to send it again.

Its identity is its own place in `frames.dlq`. Putting it back into `frames` (see `redrive.py`) leaves a
mark: a record without content whose header `dlq-redriven` names the letter. The mark stands in the
letter's own partition, behind it, so that whatever deletes the oldest records never deletes a mark and
keeps its letter.

Whoever may write to Kafka may write there: a record that is no letter is told of as such.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from frames.clients import MAX_MESSAGE_BYTES
from frames.event import InvalidEventError, Message, decode_frame
from frames.outcome import Dead, DeadReason, RecordId
from frames.topics import TopicSettings

if TYPE_CHECKING:
    from kafka.consumer.fetcher import ConsumerRecord

MARK = "dlq-redriven"
"""Header of a mark: the place of the letter that was put back."""
ORIGIN = "dlq-redriven-from"
"""Header of a frame that was put back: the place of its letter."""
BROKEN = "broken"
"""The reason shown for a record that is no letter."""
REASONS = (*DeadReason, BROKEN)

_ROOM_BYTES = 1024
"""What the header `dlq-redriven-from` and the record's frame may add."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One record of the dead-letter topic that is no mark."""

    place: RecordId
    at: float
    """Instant it was appended, seconds since the epoch."""
    message: Message
    """The record as it stands there; a listed letter comes without its value."""
    size: int
    """Bytes of that value, which is the original one."""
    dead: Dead | None
    """None: the record is no letter."""
    camera: str | None
    """The record's key, else what the event says; None: nobody can tell."""
    problem: str = ""
    """Why it is none."""
    redriven: bool = False
    """It was put back into `frames`."""

    @property
    def reason(self) -> str:
        return self.dead.reason.value if self.dead else BROKEN

    @property
    def obstacle(self) -> str | None:
        """Why the original cannot be put back; None: it can."""
        if self.dead is None:
            return "it is no letter"
        if not self.size and "left out of this letter" in self.dead.detail:  # `workers.publishing` does that
            return "its content was left out of the letter"
        original = self.dead.original
        headers = sum(len(name) + len(value) for name, value in original.headers)
        if self.size + len(original.key or b"") + headers + _ROOM_BYTES > MAX_MESSAGE_BYTES:
            return "it is too large for `frames` with one more header"
        return None

    @property
    def state(self) -> str:
        """`dead`, `redriven` or `incomplete`: dead for good."""
        if self.redriven:
            return "redriven"
        return "incomplete" if self.obstacle else "dead"


Wanted = Callable[[Letter], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are meant; None means any."""

    reason: str | None = None
    """One of REASONS."""
    camera: str | None = None
    since: float | None = None
    """First instant, seconds since the epoch."""
    until: float | None = None
    """The instant before which a letter was appended."""

    def __call__(self, letter: Letter) -> bool:
        return (
            self.reason in (None, letter.reason)
            and self.camera in (None, letter.camera)
            and (self.since is None or self.since <= letter.at)
            and (self.until is None or letter.at < self.until)
        )


def read_letter(record: "ConsumerRecord") -> Letter:
    """The letter in *record*, or what is wrong with it."""
    place = RecordId(record.topic, record.partition, record.offset)
    message = Message.of(record)
    at = record.timestamp / 1000
    try:
        dead = Dead.read(message)
    except InvalidEventError as error:
        return Letter(place, at, message, len(message.value), None, None, str(error))
    return Letter(place, at, message, len(message.value), dead, _camera(dead, at))


def _camera(dead: Dead, at: float) -> str | None:
    if dead.original.key is not None:
        return dead.original.key.decode(errors="replace")
    try:
        return decode_frame(dead.original, at).camera
    except InvalidEventError:
        return None


def is_mark(topics: TopicSettings, record: "ConsumerRecord") -> bool:
    """Whether *record* says that a letter was put back; no frame can fake that (see `Dead`)."""
    return record.topic == topics.dead and any(name == MARK for name, _ in record.headers)


def mark(letter: Letter) -> Message:
    """What says that *letter* was put back."""
    return Message(None, b"", [(MARK, str(letter.place).encode())])


def original(letter: Letter) -> Message:
    """
    The frame record that died, with the header that says where it comes from.

    Raises:
        ValueError: The letter has an obstacle.
    """
    if letter.dead is None or letter.obstacle:
        raise ValueError(f"{letter.place} cannot be put back: {letter.obstacle}")
    message = letter.dead.original
    return Message(message.key, message.value, [*message.headers, (ORIGIN, str(letter.place).encode())])


def read_place(text: str) -> RecordId | None:
    """
    The inverse of `str(place)`.

    >>> read_place("frames.dlq/3/17")
    RecordId(topic='frames.dlq', partition=3, offset=17)
    >>> read_place("frames.dlq/3") is None
    True
    """
    topic, _, numbers = text.partition("/")
    partition, _, offset = numbers.partition("/")
    if not topic or not all(n.isascii() and n.isdecimal() and len(n) < 20 for n in (partition, offset)):
        return None
    return RecordId(topic, int(partition), int(offset))


def marked(record: "ConsumerRecord") -> RecordId | None:
    """The letter that a mark names; None: it names none, which is no mark of ours."""
    [value] = [value for name, value in record.headers if name == MARK][:1]
    return read_place((value or b"").decode(errors="replace"))
