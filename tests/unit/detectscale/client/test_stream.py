"""Events of a stream, and when to come back to it."""

import json
import math
import random

import pytest
from httpx_sse import ServerSentEvent

from detectscale.client.client_errors import BadAnswerError, GatewayUnavailableError, RefusedError
from detectscale.client.stream import Lost, Returns, ended, told
from tests.unit.detectscale.client.test_answers import DETECTED

URL = "http://gateway/v1/stream"


def test_an_event_is_an_outcome_or_a_number_of_lost_ones_or_nothing_we_know():
    assert told(ServerSentEvent("detected", json.dumps(DETECTED)), URL).id == DETECTED["id"]
    assert told(ServerSentEvent("lost", '{"count": 7}'), URL) == Lost(7)
    assert told(ServerSentEvent("weather", "rain"), URL) is None


@pytest.mark.parametrize("event", ["detected", "dead", "lost"])
@pytest.mark.parametrize("data", ["", "{", "[]", '{"count": "many"}', '{"id": "f1", "status": "x"}'])
def test_an_event_that_makes_no_sense_is_an_error(event, data):
    with pytest.raises(BadAnswerError, match="http://gateway/v1/stream: not what a gateway answers"):
        told(ServerSentEvent(event, data), URL)


def test_a_stream_that_never_stood_is_given_up_in_time():
    returns = Returns(100.0, 30.0, random.Random(1))
    at = 100.0
    while at < 130.0:
        at += returns.pause_s(ended(URL), at)

    assert at == 130.0
    with pytest.raises(GatewayUnavailableError):
        returns.pause_s(ended(URL), at)


def test_a_stream_that_stood_is_come_back_to_for_ever_with_pauses_that_grow_up_to_a_bound():
    returns = Returns(0.0, 30.0, random.Random(1))
    assert not returns.opened(1.0)
    at = 2.0

    pauses = []
    for _ in range(1000):
        pauses.append(returns.pause_s(ended(URL), at))
        at += pauses[-1]

    assert pauses[0] <= 0.25
    assert 7.5 <= max(pauses) <= 15
    assert math.isfinite(at)
    assert returns.opened(at)  # so much may have been missed


def test_a_stream_that_ends_as_soon_as_it_begins_is_opened_ever_more_rarely():
    returns = Returns(0.0, 30.0, random.Random(1))
    at = 0.0

    pauses = []
    for _ in range(10):
        returns.opened(at)
        pauses.append(returns.pause_s(ended(URL), at + 0.01))
        at += pauses[-1]
    returns.opened(at)

    assert pauses[-1] > 7
    assert returns.pause_s(ended(URL), at + 3600) < 1  # it had begun well


def test_a_key_that_is_taken_away_ends_it():
    returns = Returns(0.0, 30.0, random.Random(1))
    returns.opened(0.0)

    with pytest.raises(RefusedError):
        returns.pause_s(RefusedError("no valid key", 401, "unknown-key"), 1.0)
