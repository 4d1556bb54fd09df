"""Asking until there is an answer."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectscale.client.client_errors import BadAnswerError, GatewayUnavailableError, RefusedError
from detectscale.client.exchange import Ask, asking, error_of, pause_s
from tests.unit.detectscale.client.play import against, no_reply, played, reply

ASK = Ask("GET", "/v1/frames/f1")
seeds = st.integers().map(random.Random)
instants = st.floats(min_value=0, max_value=1e9)


@given(
    retry_after_s=st.floats(min_value=0, max_value=100),
    failures=st.integers(min_value=0, max_value=1000),
    left_s=st.floats(min_value=0.001, max_value=1000),
    rng=seeds,
)
def test_the_next_attempt_is_neither_before_the_gateway_wants_it_nor_after_the_end(
    retry_after_s, failures, left_s, rng
):
    busy = GatewayUnavailableError("busy", "busy", retry_after_s)

    if retry_after_s >= left_s:
        with pytest.raises(GatewayUnavailableError):
            pause_s(busy, failures, 0.0, left_s, rng)
    else:
        assert retry_after_s <= pause_s(busy, failures, 0.0, left_s, rng) <= left_s


@given(now=instants, try_s=st.floats(min_value=0, max_value=600), answer_s=st.floats(0, 20), rng=seeds)
def test_a_gateway_that_is_away_is_given_up_at_the_end_and_not_before(now, try_s, answer_s, rng):
    call = asking(lambda at: ASK, now, now + try_s, rng)
    log = []

    with pytest.raises(GatewayUnavailableError):
        against(call, lambda ask, at: no_reply(at + answer_s), now, log)

    last = log[-1][0]
    assert last <= now + try_s + 1e-3
    assert last + answer_s >= now + try_s - 1e-3


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_passes_is_asked_again(status):
    asked = []

    answers = [reply(status, at=1.0), no_reply(2.0), reply(200, "done", at=3.0)]
    done = played(asking(lambda at: ASK, 0.0, 60.0, random.Random(1)), answers, asked)

    assert done.body == b"done"
    assert [ask.path for ask in asked] == [ASK.path] * 3
    assert asked[0].after_s == 0 < asked[1].after_s < asked[2].after_s


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, RefusedError) for status in (400, 401, 403, 404, 408, 413, 415, 422, 499)),
        *((status, BadAnswerError) for status in (100, 204, 301, 307, 500, 501, 700)),
    ],
)
def test_what_cannot_succeed_is_asked_once(status, error):
    asked = []

    with pytest.raises(error):
        played(asking(lambda at: ASK, 0.0, 60.0, random.Random(1)), [reply(status)], asked)

    assert len(asked) == 1


def test_a_limit_that_ends_after_our_time_is_told_at_once_with_when_to_come_again():
    problem = json.dumps({"detail": "100 frames of today (UTC) are used up", "reason": "daily-limit"})
    asked = []

    with pytest.raises(
        GatewayUnavailableError, match=r"are used up \(daily-limit\); come again in 3600 s"
    ) as e:
        played(
            asking(lambda at: ASK, 0.0, 60.0, random.Random(1)),
            [reply(429, problem, retry_after="3600")],
            asked,
        )

    assert (e.value.reason, e.value.retry_after_s) == ("daily-limit", 3600)
    assert len(asked) == 1


def test_a_refusal_carries_the_reason_and_the_way_out():
    problem = {"type": "about:blank", "title": "", "status": 401, "detail": "no", "reason": "unknown-key"}

    error = error_of(reply(401, json.dumps(problem)))

    assert isinstance(error, RefusedError)
    assert (error.status, error.reason, error.exit_status) == (401, "unknown-key", 2)
    assert "DETECTSCALE_KEY" in str(error)


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"[]", b'{"detail": 1}', b"[" * 100_000, b"\xff"])
def test_a_refusal_that_is_no_problem_detail_says_its_status(body):
    error = error_of(reply(413, body))

    assert (type(error), error.reason) == (RefusedError, "http-413")
    assert len(str(error)) < 200


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2", 2.0),
        (" 7 ", 7.0),
        *((text, 0.0) for text in (None, "", "-1", "1e9", "9" * 400, "²", "Tue, 24 Nov 2026 08:00:00 GMT")),
    ],
)
def test_retry_after_is_seconds_or_nothing(text, seconds):
    assert error_of(reply(503, retry_after=text)).retry_after_s == seconds
