"""What `detectscale dlq` understands, and what it lets a terminal see."""

import pytest

from detectscale.dead_letters import SHOWN_CHARACTERS, escaped, filter_of, line
from detectscale.instants import read_instant
from frames.errors import ConfigError
from frames.event import Message
from frames.letter import Letter
from frames.outcome import Dead, DeadReason, RecordId

EVIL = "\x1b[2J\x07\r\n\u202edoor\x9b"


def test_a_letter_is_one_line_without_control_characters():
    record = RecordId("frames", 3, 12)
    dead = Dead(
        record, Message(EVIL.encode(), b"", []), DeadReason.NOT_AN_EVENT, EVIL, EVIL, 1, 0.0, 0.0, EVIL
    )

    shown = line(Letter(RecordId("frames.dlq", 3, 17), 0.0, dead.original, 0, dead, EVIL))

    assert shown.startswith("frames.dlq/3/17")
    assert shown.isprintable()


def test_what_is_too_long_for_a_terminal_is_cut():
    assert escaped("x" * 10_000) == "x" * SHOWN_CHARACTERS + "… (10000 characters)"


@pytest.mark.parametrize("text", ["soon", "2 h", "-2h", "2026-13-01", "1e9d", "9" * 400 + "d", ""])
def test_what_is_no_instant_is_answered_with_how_to_write_one(text):
    with pytest.raises(ConfigError, match=r"--since: an instant such as .* or a duration such as"):
        read_instant("--since", text, 0.0)


def test_a_reason_that_does_not_exist_is_answered_with_those_that_do():
    with pytest.raises(ConfigError, match=r"there is no 'rotten'; it is one of not-an-event, .*broken"):
        filter_of("rotten", None, None, None)
